"""What a business taught its assistant. `faqs` changes and lists it, `taught` keeps the fitted matcher of each business,
`matching` decides which FAQ a message asks for, `text` and `wording` read the wording of messages.
"""
