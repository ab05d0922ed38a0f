"""What the pages of customers show, made from what the domain reads. Nothing here touches data."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from omni_app.conversations.reading import ConversationView
from omni_app.customers.figures import CustomerFigures
from omni_app.customers.listing import CustomerRow
from omni_app.customers.notes import NoteView
from omni_app.customers.profiles import CustomerView, MergedView, PointView
from omni_app.customers.recognising import UNPROVEN
from omni_app.customers.suggesting import SuggestionView
from omni_app.customers.trail import TrailEntry
from omni_app.limits.trust import Trust
from omni_app.ui.components import avatar_tone, channel_name, initials
from omni_app.ui.words import cost, count, held_back, on_day, when

PURPOSES = [("marketing", "Offers and news"), ("reminders", "Reminders of appointments"), ("surveys", "Surveys")]
"""Purposes every customer can be asked about; others come from the API."""

_PROVEN_BY = {
    "code": "by a code",
    "page": "by your website",
    "channel": "by the channel",
    "api": "by your server",
    "staff": "by staff",
}
_DONE = {
    "customer.created": "First contact",
    "customer.updated": "Details changed",
    "customer.tagged": "Tags added",
    "customer.untagged": "Tags removed",
    "customer.verified": "Verified",
    "customer.unverified": "Verification taken back",
    "customer.blocked": "Blocked",
    "customer.unblocked": "Unblocked",
    "customer.note_added": "Note added",
    "customer.note_deleted": "Note removed",
    "customer.restricted": "Held back for abuse",
    "customer.unrestricted": "Held back no more",
    "customer.exported": "Data exported",
    "customer.address_claimed": "Address typed, not proven",
    "customer.address_proven": "Address proven",
    "customer.address_changed": "Address changed",
    "customer.code_wrong": "Wrong code",
    "customer.merged": "Joined with another customer",
    "customer.merge_undone": "Join undone",
    "customer.suggestion_dismissed": "Found to be somebody else than suggested",
}
_STATUS = {"open": "Open", "waiting": "Waiting", "snoozed": "Snoozed", "closed": "Closed"}


@dataclass
class CustomerLine:
    """One row of the list."""

    id: str
    name: str
    letters: str
    tone: str
    channels: list[str]
    tags: list[str]
    more_tags: str
    seen: str
    messages: str
    cost: str
    is_verified: bool
    is_blocked: bool
    has_claims: bool


@dataclass
class Tag:
    name: str
    count: str


@dataclass
class Pair:
    """A label and a text; `key` names it in forms and handlers."""

    label: str
    text: str
    key: str = ""


@dataclass
class PointLine:
    id: str
    channel: str
    value: str
    is_proven: bool
    how: str
    may_prove: bool


@dataclass
class ConsentLine:
    purpose: str
    label: str
    given: bool
    about: str


@dataclass
class TalkLine:
    """One conversation of the history."""

    id: str
    channel: str
    subject: str
    about: str
    status: str
    at: str


@dataclass
class NoteLine:
    id: str
    author: str
    text: str
    at: str
    may_remove: bool


@dataclass
class TrailLine:
    """One thing that happened to a customer."""

    what: str
    who: str
    at: str


@dataclass
class MergeLine:
    id: str
    name: str
    about: str


@dataclass
class SuggestionLine:
    """Somebody who may be the same person; `about` says what they have here."""

    id: str
    customer_id: str
    name: str
    evidence: str
    about: str


@dataclass
class Who:
    """One customer."""

    id: str = ""
    name: str = ""
    letters: str = ""
    tone: str = ""
    since: str = ""
    is_verified: bool = False
    verified_on: str = ""
    is_blocked: bool = False
    block_reason: str = ""
    trust: str = ""
    held: str = ""
    """How abuse detection holds them back now: "Slowed down until 14:05"; empty when it does not."""


def name_of(name: str, customer_id: UUID) -> str:
    """The name, or for strangers a short one that stays the same: "Visitor 4f2a"."""
    return name.strip() or f"Visitor {customer_id.hex[-4:]}"


def line_of(row: CustomerRow, zone: ZoneInfo, now: datetime) -> CustomerLine:
    name = name_of(row.name, row.id)
    return CustomerLine(
        id=str(row.id),
        name=name,
        letters=initials(name),
        tone=avatar_tone(str(row.id)),
        channels=list(row.channels),
        tags=list(row.tags[:3]),
        more_tags=f"+{len(row.tags) - 3}" if len(row.tags) > 3 else "",
        seen=when(row.last_seen_at, zone, now),
        messages=f"{row.messages:,}",
        cost=cost(row.cost_nusd),
        is_verified=row.is_verified,
        is_blocked=row.is_blocked,
        has_claims=row.has_claims,
    )


def who_of(view: CustomerView, zone: ZoneInfo, now: datetime) -> Who:
    name = name_of(view.name, view.id)
    return Who(
        id=str(view.id),
        name=name,
        letters=initials(name),
        tone=avatar_tone(str(view.id)),
        since=on_day(view.created_at, zone, now),
        is_verified=view.verified_at is not None,
        verified_on=on_day(view.verified_at, zone, now),
        is_blocked=view.is_blocked,
        block_reason=view.block_reason or "",
        trust=str(view.trust),
        held=held_back(view.restriction, view.restricted_until, zone, now),
    )


def reasons_of(trust: Trust) -> list[Pair]:
    """What the score is made of: "+30", "Verified"."""
    return [Pair(f"{reason.points:+d}".replace("-", "−"), reason.words) for reason in trust.reasons]


def point_of(point: PointView) -> PointLine:
    is_proven = point.proof == "proven"
    if point.kind == "external" and point.channel == "chat":
        # A visitor's id in the chat is made by us and means nothing to people.
        value, how = "Website visitor", "This browser"
    else:
        value = point.value
        how = f"Proven {_PROVEN_BY.get(point.proven_by, '')}".strip() if is_proven else "Typed, not proven"
    return PointLine(
        id=str(point.id),
        channel={"email": "email", "phone": "voice"}.get(point.kind, point.channel),
        value=value,
        is_proven=is_proven,
        how=how,
        may_prove=not is_proven and point.kind != "external",
    )


def details_of(view: CustomerView, zone: ZoneInfo, now: datetime) -> list[Pair]:
    """Label and text of what is known; what is not known is left out."""
    birthday = f"{view.birthday.day} {view.birthday:%B %Y}" if view.birthday else ""
    known = [
        Pair("First seen", on_day(view.created_at, zone, now)),
        Pair("Last seen", when(view.last_seen_at, zone, now)),
        Pair("Language", view.language),
        Pair("Time zone", view.timezone.replace("_", " ")),
        Pair("Birthday", birthday),
    ]
    return [pair for pair in known if pair.text]


def attribute_text(value: Any) -> str:
    """An attribute as people read it."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def attributes_of(view: CustomerView) -> list[Pair]:
    return [Pair(name, attribute_text(value)) for name, value in view.attributes.items()]


def consents_of(view: CustomerView, zone: ZoneInfo, now: datetime) -> list[ConsentLine]:
    """The usual purposes, then those that somebody else asked about."""
    labels = dict(PURPOSES) | {name: _purpose(name) for name in view.consent if name not in dict(PURPOSES)}
    lines = []
    for purpose, label in labels.items():
        said = view.consent.get(purpose)
        about = "Not asked yet"
        if said is not None:
            verb = "Agreed" if said["given"] else "Declined"
            about = f"{verb} {on_day(datetime.fromisoformat(said['at']), zone, now)}, {said.get('source', '')}".rstrip(", ")
        lines.append(ConsentLine(purpose=purpose, label=label, given=bool(said and said["given"]), about=about))
    return lines


def _purpose(name: str) -> str:
    """`channel.whatsapp` is the consent to be written to on WhatsApp without having asked."""
    channel = name.removeprefix("channel.")
    return f"Messages on {channel_name(channel)}" if channel != name else name.replace("_", " ").capitalize()


def talk_of(view: ConversationView, zone: ZoneInfo, now: datetime) -> TalkLine:
    about = " ".join((view.summary or view.last_text).split())
    return TalkLine(
        id=str(view.id),
        channel=view.channel,
        subject=" ".join(view.subject.split()) or "Conversation",
        about=about,
        status=_STATUS.get(view.status, view.status),
        at=when(view.last_message_at, zone, now),
    )


def note_of(note: NoteView, may_administer: bool, zone: ZoneInfo, now: datetime) -> NoteLine:
    return NoteLine(
        id=str(note.id),
        author=note.author_name,
        text=note.text,
        at=when(note.created_at, zone, now),
        may_remove=note.is_mine or may_administer,
    )


def trail_of(entry: TrailEntry, zone: ZoneInfo, now: datetime) -> TrailLine:
    """What happened, with the reason or the fields when there are some."""
    what = _DONE.get(entry.action, entry.action.partition(".")[2].replace("_", " ").capitalize())
    detail = str(entry.after.get("reason") or "")
    if entry.action == "customer.updated":
        detail = ", ".join(str(name) for name in entry.after.get("changed", ()))
    who = "" if entry.actor_name in ("", "Omni") else entry.actor_name
    return TrailLine(what=f"{what}: {detail}" if detail else what, who=who, at=when(entry.at, zone, now))


def merge_of(merged: MergedView, zone: ZoneInfo, now: datetime) -> MergeLine:
    name = name_of(merged.name, merged.customer_id)
    return MergeLine(id=str(merged.id), name=name, about=f"{on_day(merged.at, zone, now)}, {merged.evidence}")


def suggestion_of(found: SuggestionView, zone: ZoneInfo, now: datetime) -> SuggestionLine:
    about = f"{count(found.conversations, 'conversation')}, last seen {when(found.last_seen_at, zone, now)}."
    name = name_of(found.name, found.customer_id)
    return SuggestionLine(id=str(found.id), customer_id=str(found.customer_id), name=name, evidence=found.evidence, about=about)


def is_shown(point: PointView) -> bool:
    """Whether an address is one for people: the key of an unproven sender says nothing beside the address they claim."""
    return not (point.kind == "external" and point.value.startswith(UNPROVEN))


def wait_words(seconds: float | None) -> str:
    """A wait as people read it: "0.2 s", "40 s", "6 min", "2 h"; a dash when there was none."""
    if seconds is None:
        return "—"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"


def figures_of(figures: CustomerFigures) -> list[Pair]:
    """Five key figures: label, number, and what it compares with (`key`)."""
    answered = figures.from_assistant + figures.from_staff
    share = f"{100 * figures.from_assistant / answered:.0f}% by the AI" if answered else "no answer yet"
    return [
        Pair("Messages", f"{figures.from_customer:,}", share),
        Pair("Conversations", f"{figures.conversations:,}", f"{figures.open_conversations} open"),
        Pair("Handed over", f"{figures.hand_overs:,}", count(figures.not_known, "answer") + " not known"),
        Pair("Waits for staff", wait_words(figures.staff_wait), f"AI {wait_words(figures.ai_wait)}"),
        Pair("Cost to serve", cost(figures.cost_nusd), "so far"),
    ]
