"""The token with which a widget comes back as the same visitor."""

from uuid import UUID, uuid4

from omni_app.infra.crypto import sign, verify
from omni_app.infra.errors import SignedOut

SESSION = "widget"
SESSION_SECONDS = 180 * 24 * 3600
RENEWED_AFTER_SECONDS = 30 * 24 * 3600


def new_session(business_id: UUID, visitor_id: str) -> str:
    return sign(SESSION, {"business": str(business_id), "visitor": visitor_id})


def keep_session(business_id: UUID, visitor_id: str, token: object) -> str:
    """The token a widget came with when it is this visitor's, else a new one; one older than a month is renewed.

    A widget takes another token for another visitor: it forgets its messages, and so do its tabs.
    """
    if isinstance(token, str) and read_session(business_id, token, RENEWED_AFTER_SECONDS) == visitor_id:
        return token
    return new_session(business_id, visitor_id)


def read_session(business_id: UUID, token: object, max_age_seconds: int = SESSION_SECONDS) -> str | None:
    """The visitor id of a token of this business; None when it is forged, foreign, too old or no token."""
    if not isinstance(token, str) or not token:
        return None
    try:
        payload = verify(SESSION, token, max_age_seconds)
    except SignedOut:
        return None
    return payload.get("visitor") or None if payload.get("business") == str(business_id) else None


def new_visitor_id() -> str:
    return uuid4().hex
