"""Small readers for Meta's JSON, where numbers may come as text and anything may be missing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from omni_app.channels.contract import Identifier, Sender
from omni_app.customers.addresses import normalize_phone
from omni_app.infra.errors import Invalid

MOST_TEXT = 8000
LONGEST_NAME = 120


def text_of(value: Any, most: int = MOST_TEXT) -> str:
    """A text or a number as clean text: no NUL, no lone surrogates."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).replace("\x00", "").encode("utf-8", "replace").decode()[:most].strip()


def part(value: Any, name: str) -> dict[str, Any]:
    """The object called `name`, {} when there is none."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def parts(value: Any, name: str) -> list[dict[str, Any]]:
    """The objects in the list called `name`."""
    found = value.get(name) if isinstance(value, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def time_of(value: Any) -> datetime | None:
    """Unix seconds, as text or number. None when it is no time between 2001 and 2100."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return datetime.fromtimestamp(seconds, UTC) if 1e9 < seconds < 4.1e9 else None


def number_of(value: Any) -> Identifier | None:
    """A WhatsApp number, digits without a plus sign. One that is no phone number is kept as it is."""
    digits = text_of(value, 200).lstrip("+")
    if not digits:
        return None
    if not (digits.isascii() and digits.isdigit()):
        return Identifier(kind="external", value=digits)
    try:
        return Identifier(kind="phone", value=normalize_phone(f"+{digits}", "from"))
    except Invalid:
        return Identifier(kind="external", value=digits)


def sender_of(contacts: list[dict[str, Any]], number: Any, user_id: Any) -> Sender | None:
    """Who wrote: the number first, since answers go there, then the business-scoped id. None when nothing names them.

    A person with a username may have no number here
    (https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids).
    """
    contact: Mapping[str, Any] = contacts[0] if contacts else {}
    phone = number_of(number or contact.get("wa_id"))
    scoped = text_of(user_id or contact.get("user_id"), 200)
    identifiers = [phone] if phone is not None else []
    if scoped and all(one.value != scoped for one in identifiers):
        identifiers.append(Identifier(kind="external", value=scoped))
    if not identifiers:
        return None
    profile = part(contact, "profile")
    name = " ".join(text_of(profile.get("name") or profile.get("username"), LONGEST_NAME).split())
    return Sender(identifiers=tuple(identifiers), name=name)
