"""The token with which a widget comes back as the same visitor."""

from uuid import UUID, uuid4

from omni_app.infra.crypto import sign, verify
from omni_app.infra.errors import SignedOut

SESSION = "widget"
SESSION_SECONDS = 180 * 24 * 3600


def new_session(business_id: UUID, visitor_id: str) -> str:
    return sign(SESSION, {"business": str(business_id), "visitor": visitor_id})


def read_session(business_id: UUID, token: object) -> str | None:
    """The visitor id of a token of this business; None when it is forged, foreign, too old or no token."""
    if not isinstance(token, str) or not token:
        return None
    try:
        payload = verify(SESSION, token, SESSION_SECONDS)
    except SignedOut:
        return None
    return payload.get("visitor") or None if payload.get("business") == str(business_id) else None


def new_visitor_id() -> str:
    return uuid4().hex
