"""One path for every channel: identify → gate → exact cache → context → prompt → model → store → reply.

`turn` runs it, `brain` decides what to say (`deciding` holds what passes between them): `handover` gives a conversation to
people, `personal` answers questions about oneself, `cache` is the first tier of the exact cache, `local` answers from FAQs and
documents, `paid` asks a model that `prompt` words the call for and `streaming` shows while it writes. `phrases` holds what the
assistant says on its own, `noting` the one thing it does while a person is awaited, `receipts` reads what an answer was made
from, `drafting` proposes replies to staff, `summarising` sums up closed conversations.
"""
