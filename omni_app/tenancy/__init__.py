"""Businesses and the people and programs that work for them.

Change things: `signing_up`, `signing_in`, `sessions`, `resetting`, `members`, `api_keys`, `businesses`. Only answer: `roles`,
`passwords`, `checks`, `opening_hours`.
"""
