"""Questions a customer asks about themselves: what is known, what was said before, forget me."""

from omni_app.conversations.answering import Answer
from omni_app.conversations.receiving import Facts
from omni_app.infra.scope import Scope


async def answer_personal(scope: Scope, facts: Facts, text: str) -> Answer | None:
    """The answer from this customer's own history, or None when the question is not about it. Never shareable."""
    return None
