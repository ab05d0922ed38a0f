"""Conversations: `receiving` stores what customers write, `answering` the lease and the record of an answer, `sending` what staff
write, `handling` take over, hand back, close, reopen; `reading` is for screens and the widget and changes nothing but read marks.
"""
