"""What the inbox shows, made from what the domain reads. Plain functions and dataclasses; nothing here touches data."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from omni_app.conversations.reading import ConversationView, MessageView
from omni_app.customers.profiles import CustomerView
from omni_app.infra import money
from omni_app.orchestrator.receipts import ReceiptView
from omni_app.ui.components import avatar_tone, initials
from omni_app.ui.words import cost, count, on_day, when

_KINDS = {"customer": "customer", "assistant": "ai", "staff": "staff"}
_SOURCES = {"faq": "FAQ", "passage": "Passage", "model": "Model", "none": "No source", "human": "Person"}
_STEPS = {"decide": "Decide", "embed": "Embed", "store message": "Store"}


@dataclass
class Row:
    """One conversation of the list. `holder` is who has it: ai, me, member, nobody; `sort` orders the folder."""

    id: str = ""
    name: str = ""
    letters: str = ""
    tone: str = ""
    channel: str = "chat"
    is_unread: bool = False
    at: str = ""
    waits_since: str = ""
    who: str = ""
    text: str = ""
    status: str = "open"
    holder: str = "ai"
    holder_name: str = ""
    holder_letters: str = ""
    holder_tone: str = ""
    reason: str = ""


@dataclass
class Line:
    """One message of the thread. `kind`: customer, ai, staff, system; `day` is set on the first message of a day."""

    id: str
    seq: int
    kind: str
    text: str
    time: str
    at: str
    day: str = ""
    author: str = ""
    made: str = ""
    receipt_id: str = ""
    is_read: bool = False


@dataclass
class Point:
    """One way to reach a customer."""

    channel: str
    value: str
    is_proven: bool


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


@dataclass
class Step:
    """One step of a turn: where its bar starts and how wide it is, in percent."""

    name: str
    time: str
    start: str
    width: str


@dataclass
class Source:
    number: str
    title: str
    quote: str
    match: str


@dataclass
class Receipt:
    """How one answer was made."""

    source: str = ""
    confidence: str = ""
    model: str = ""
    tokens: str = ""
    time: str = ""
    cost: str = ""
    knowledge: str = ""
    at: str = ""
    note: str = ""
    prompt: str = ""
    sources: list[Source] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


def name_of(name: str, customer_id: UUID) -> str:
    """The name, or for strangers a short one that stays the same: "Visitor 4f2a"."""
    return name.strip() or f"Visitor {customer_id.hex[-4:]}"


def row_of(view: ConversationView, member_id: UUID) -> Row:
    name = name_of(view.customer_name, view.customer_id)
    holder_name = (view.assignee_name or "") if view.speaker == "human" else ""
    return Row(
        id=str(view.id),
        name=name,
        letters=initials(name),
        tone=avatar_tone(str(view.customer_id)),
        channel=view.channel,
        is_unread=view.unread > 0,
        at=view.last_message_at.isoformat(),
        waits_since=view.waiting_since.isoformat() if view.waiting_since and view.status == "waiting" else "",
        who=_who(view, member_id),
        text=" ".join(view.last_text.split()),
        status=view.status,
        holder=_holder(view, member_id),
        holder_name=holder_name,
        holder_letters=initials(holder_name) if holder_name else "",
        holder_tone=avatar_tone(holder_name),
        reason=(view.handover_reason or "") if view.status == "waiting" else "",
    )


def _holder(view: ConversationView, member_id: UUID) -> str:
    if view.speaker == "ai":
        return "ai"
    if view.assignee_id is None:
        return "nobody"
    return "me" if view.assignee_id == member_id else "member"


def _who(view: ConversationView, member_id: UUID) -> str:
    if view.last_role == "assistant":
        return "AI:"
    if view.last_role != "staff":
        return ""
    return "You:" if view.last_author_id == member_id else f"{_first_name(view.last_author_name)}:"


def _first_name(name: str | None) -> str:
    return (name or "").split(" ")[0] or "Team"


def belongs(view: ConversationView, folder: str, member_id: UUID) -> bool:
    """Whether a conversation is in a folder, as `conversations.reading` sorts them."""
    if folder == "closed" or view.status == "closed":
        return folder == "closed" and view.status == "closed"
    match folder:
        case "waiting":
            return view.status == "waiting"
        case "mine":
            return view.assignee_id == member_id
        case "unassigned":
            return view.speaker == "human" and view.assignee_id is None
        case "ai":
            return view.speaker == "ai"
    return True


def in_order(rows: list[Row], folder: str) -> list[Row]:
    """The longest wait first where people wait, else the newest message first."""
    if folder == "waiting":
        return sorted(rows, key=lambda row: datetime.fromisoformat(row.waits_since or row.at))
    return sorted(rows, key=lambda row: datetime.fromisoformat(row.at), reverse=True)


def lines_of(messages: list[MessageView], zone: ZoneInfo, now: datetime) -> list[Line]:
    """Messages as shown, each without its day; `mark_days` adds the days."""
    return [_line(message, zone, now) for message in messages]


def _line(message: MessageView, zone: ZoneInfo, now: datetime) -> Line:
    kind = _KINDS.get(message.role, "system")
    return Line(
        id=str(message.id),
        seq=message.seq,
        kind=kind,
        text=message.text,
        time=f"{message.created_at.astimezone(zone):%H:%M}",
        at=_day(message.created_at, zone, now),
        author=(message.author_name or "Team") if kind == "staff" else "",
        made=_made(message) if kind == "ai" else "",
        receipt_id=str(message.receipt_id or ""),
        is_read=message.status == "read" and kind in ("ai", "staff"),
    )


def mark_days(lines: list[Line]) -> list[Line]:
    """Name the day on the first message of each."""
    day = ""
    for line in lines:
        line.day, day = (line.at if line.at != day else ""), line.at
    return lines


def _day(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    days = (now.astimezone(zone).date() - at.astimezone(zone).date()).days
    return {0: "Today", 1: "Yesterday"}.get(days) or on_day(at, zone, now)


def _made(message: MessageView) -> str:
    """The receipt line under an answer: "AI · 2 sources · $0.0082"."""
    parts = ["AI"]
    if message.tier:
        parts.append("cache")
    if message.sources:
        parts.append(count(len(message.sources), "source"))
    elif message.offers_person:
        parts.append("not sure")
    return " · ".join([*parts, money.show(message.cost_nusd, 4)])


def profile_of(view: CustomerView, zone: ZoneInfo, now: datetime) -> Profile:
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
                # A visitor's id in the chat is made by us and means nothing to people.
                value="Website visitor" if point.kind == "external" and point.channel == "chat" else point.value,
                is_proven=point.proof == "proven",
            )
            for point in view.points
        ],
        conversations=f"{view.conversations:,}",
        messages=f"{view.messages:,}",
        cost=cost(view.cost_nusd),
        is_blocked=view.is_blocked,
        block_reason=view.block_reason or "",
    )


def receipt_of(view: ReceiptView, zone: ZoneInfo) -> Receipt:
    tokens = f"{view.input_tokens:,} in, {view.output_tokens:,} out" if view.input_tokens or view.output_tokens else "none"
    tier = {"l1": "cache", "l2": "cache", "l3": "stored cache"}.get(view.tier or "", "")
    source = _SOURCES.get(view.source, view.source)
    return Receipt(
        source=f"{source}, {tier}" if tier else source,
        confidence=f"{view.confidence:.0%}" if view.confidence is not None else "—",
        model=view.model or "none",
        tokens=tokens,
        time=_duration(view.total_ms),
        cost=money.show(view.cost_nusd, 6),
        knowledge=f"version {view.knowledge_version}",
        at=f"{view.created_at.astimezone(zone):%H:%M:%S}",
        note=view.note,
        prompt=view.prompt,
        sources=[_source(number, source) for number, source in enumerate(view.sources, 1)],
        steps=_steps(view),
    )


def _source(number: int, source: dict[str, Any]) -> Source:
    match = source.get("match")
    return Source(
        number=str(number),
        title=str(source.get("title") or source.get("kind") or ""),
        quote=str(source.get("quote") or ""),
        match=f"match {float(match):.2f}" if match is not None else "",
    )


def _duration(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.2f} s" if milliseconds >= 1000 else f"{milliseconds:.1f} ms"


def _steps(view: ReceiptView) -> list[Step]:
    total = sum(float(step["ms"]) for step in view.steps) or 1.0
    steps, passed = [], 0.0
    for step in view.steps:
        took = float(step["ms"])
        name = str(step["name"])
        steps.append(
            Step(
                name=_STEPS.get(name, name.capitalize()),
                time=_duration(took),
                start=f"{100 * passed / total:.1f}%",
                width=f"{100 * took / total:.1f}%",
            )
        )
        passed += took
    return steps
