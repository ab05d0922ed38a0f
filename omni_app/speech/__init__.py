"""Speech: what somebody said, written down.

`contract.py` says what a transcriber is, `registry.py` finds the configured one, `durations.py` how long a sound may be,
`providers/<kind>/` holds the adapters. Nothing here reads or writes the database.
"""
