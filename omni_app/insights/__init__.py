"""What a business wants to know about its own day. Reads the tables of other rooms and writes nothing.

`periods` says when a day begins where the business is, `overview` reads the figures of a period and what waits for somebody,
`questions` lists what the assistant could not answer.
"""
