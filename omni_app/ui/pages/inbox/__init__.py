"""The inbox: who waits, the open conversation, the customer beside it.

`page` puts three panes together: `queue` (list and folders), `thread` with `composer`, `profile`; `receipt` shows how one answer
was made. Each pane has a state of its own beside it, so a new message redraws the thread alone. `lines` turns what the domain
reads into what is shown. `assets/inbox.js` does what the browser does alone: drafts, scrolling, running times, shortcuts.
"""
