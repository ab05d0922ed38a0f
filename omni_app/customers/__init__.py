"""The people who talk to a business: found or created on first contact, known by contact points.

Change things: `identifying` creates, `editing` (details and tags), `verifying`, `blocking`, `notes`. Only read: `listing`,
`profiles`, `figures`. `addresses` checks what a caller gave.
"""
