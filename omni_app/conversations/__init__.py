"""Conversations: `receiving` stores what customers write, `answering` the lease and the record of an answer, `sending` what staff
write, `handling` take over, hand back, close, reopen; `reading` is for screens and the widget and changes nothing but read marks.
`memory` makes and finds vectors of what was said; `forgetting` erases a customer everywhere, `exporting` hands out their file.
`identity` is who a visitor says to be and what proves it, `joining` joins two customers and takes it back; `attachments` keeps
files, `sniffing` finds what they are. For staff: `assignment`, `snoozing`, `labels`, `notes`, `canned`, `drafts`, `searching`;
`changing` is the one way a conversation's state changes with a line both sides read.

Out over a channel: `planning` queues a message (`barring` says what cannot go), `delivering` sends what is due in order
(`parcels` takes the next, `outcomes` writes down what came of it, `postage` holds and books its cost), `delivery` hears what the
provider and staff say of it; `progress` and `parts` are its states, as rules and as rows.
"""
