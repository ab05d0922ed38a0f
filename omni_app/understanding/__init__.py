"""What a message means besides its question: whether the writer wants a person, is angry, asks about themselves.

All of it works without a provider key.
"""
