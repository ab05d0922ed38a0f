"""The people who talk to a business: found or created on first contact, known by contact points.

Change things: `recognising` finds who wrote by what a channel says of them, `identifying` creates, `readdressing` gives a new
address in place of an old one, `suggesting` notes who may be one person, `claiming` notes what a stranger types, `proving` makes
and checks codes, `editing` (details and tags), `verifying`, `blocking`, `notes`. Only read: `listing`, `profiles`, `figures`,
`trail`. `addresses` checks what a caller gave.
"""
