"""Who talks to the business: the list, and one customer's page with what is known and done.

`showing` turns domain views into plain values; `listing` + `page` are the list; `profile_state` + `profile_page` one customer;
`editing` + `editor` the dialog in which details are changed, `join_state` + `joining` how two customers become one.
"""
