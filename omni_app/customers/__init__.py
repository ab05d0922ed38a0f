"""The people who talk to a business: found or created on first contact, known by contact points.

Change things: `identifying` creates, `claiming` notes what a stranger types, `proving` makes and checks codes, `editing` (details
and tags), `verifying`, `blocking`, `notes`. Only read: `listing`, `profiles`, `figures`, `trail`. `addresses` checks what a
caller gave.
"""
