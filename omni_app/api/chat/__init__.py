"""The chat gateway's parts; the endpoints stand in `api/routes/chat.py`.

`hub` knows the open widgets and hears live notes; `sending` writes to one widget; `frames` does what a widget asks for;
`marks` stores delivered, read and page in batches; `limits` counts frames; `shapes` is what goes over the wire.
"""
