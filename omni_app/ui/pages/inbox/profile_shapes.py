"""The customer beside the thread, as shown. Plain functions and dataclasses; nothing here touches data."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import phonenumbers

from omni_app.conversations.reading import PastConversation
from omni_app.customers.profiles import CustomerView
from omni_app.ui.components import avatar_tone, initials
from omni_app.ui.pages.inbox.lines import name_of
from omni_app.ui.words import cost, held_back, on_day, when


@dataclass
class Point:
    """One way to reach a customer."""

    channel: str
    value: str
    is_proven: bool
    id: str = ""


@dataclass
class Past:
    """Another conversation of the customer: what it came to, in a line or two."""

    id: str
    channel: str
    title: str
    summary: str
    when: str


@dataclass
class Profile:
    """The customer beside the thread."""

    id: str = ""
    name: str = ""
    letters: str = ""
    tone: str = ""
    since: str = ""
    seen: str = ""
    language: str = ""
    tags: list[str] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    conversations: str = "0"
    messages: str = "0"
    cost: str = "$0"
    is_blocked: bool = False
    block_reason: str = ""
    held: str = ""
    claim: str = ""
    past: list[Past] = field(default_factory=list)


def address_words(kind: str, channel: str, value: str) -> str:
    """An address as people write it: "+1 902 555 0148". Ids that a platform or we made mean nothing to people: a word instead."""
    if kind == "phone":
        try:
            number = phonenumbers.parse(value)
        except phonenumbers.NumberParseException:
            return value
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))
    if kind == "external":
        return {"chat": "Website visitor", "whatsapp": "No number shared"}.get(channel, value)
    return value


def profile_of(view: CustomerView, zone: ZoneInfo, now: datetime, past: Sequence[PastConversation] = ()) -> Profile:
    name = name_of(view.name, view.id)
    return Profile(
        id=str(view.id),
        name=name,
        letters=initials(name),
        tone=avatar_tone(str(view.id)),
        since=on_day(view.created_at, zone, now),
        seen=when(view.last_seen_at, zone, now),
        language=view.language,
        tags=list(view.tags),
        points=[
            Point(
                channel={"email": "email", "phone": "voice"}.get(point.kind, point.channel),
                value=address_words(point.kind, point.channel, point.value),
                is_proven=point.proof == "proven",
                id=str(point.id or ""),
            )
            for point in view.points
        ],
        conversations=f"{view.conversations:,}",
        messages=f"{view.messages:,}",
        cost=cost(view.cost_nusd),
        is_blocked=view.is_blocked,
        block_reason=view.block_reason or "",
        held=held_back(view.restriction, view.restricted_until, zone, now),
        claim=next((point.value for point in view.points if point.proof == "claimed" and point.kind in ("email", "phone")), ""),
        past=[
            Past(
                id=str(item.id),
                channel=item.channel,
                title=item.subject or " ".join(item.last_text.split())[:80] or "No messages",
                summary=item.summary,
                when=on_day(item.last_message_at, zone, now),
            )
            for item in past
        ],
    )
