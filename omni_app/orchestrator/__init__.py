"""One path for every channel: identify → gate → exact cache → context → prompt → model → store → reply.

`turn` runs it, `brain` decides what to say, `prompt` words the call, `cache` is the first tier of the exact cache,
`phrases` holds what the assistant says on its own, `receipts` reads what an answer was made from.
"""
