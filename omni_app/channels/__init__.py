"""Channels: how a business's customers reach it, and how answers reach them.

`contract` says what an adapter is; each folder under `adapters/` is one. `connections` keeps a business's accounts at providers,
`receipts` notes down what providers send before anything else happens to it.
"""
