"""What a business taught its assistant: FAQs and documents.

FAQs: `faqs` changes and lists them, `taught` keeps the fitted matcher of each business, `matching` decides which one a message
asks for. Documents: `documents` changes and lists them, `reading` turns files into text, `cutting` text into passages, `passages`
and `studying` bring them into service, `retrieval` finds them, `judging` says how sure that is, `quoting` picks the sentences.
`text`, `wording` and `terms` read wording.
"""
