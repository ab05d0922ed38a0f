"""The people who talk to a business: found or created on first contact, known by contact points.

`addresses` reads what a caller gave, `identifying` creates, `profiles` reads for the screen, `blocking` changes.
"""
