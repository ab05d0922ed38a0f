"""Under which keys questions and answers are stored."""

import hashlib

from omni_app.infra.text import normalize

# Longer than any answer; what is cut off would not tell two answers apart.
MAX_KEYED = 8000


def question_key(text: str) -> str:
    """SHA-256 (hex) of the normal form: two messages with one key are the same wording."""
    return hashlib.sha256(normalize(text).encode()).hexdigest()


def answer_key(text: str) -> str:
    """SHA-256 (hex) of an answer's normal form: answers with one key say the same in the same words."""
    return hashlib.sha256(normalize(text[:MAX_KEYED]).encode()).hexdigest()
