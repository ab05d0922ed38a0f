"""What the inbox shows, made from what the domain reads. Plain functions and dataclasses; nothing here touches data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from omni_app.channels.registry import all_adapters
from omni_app.conversations.notes import NoteView, mention_pattern
from omni_app.conversations.reading import ConversationView, Filters, MessageView
from omni_app.conversations.searching import Found
from omni_app.infra import money
from omni_app.ui.components import avatar_tone, channel_name, initials
from omni_app.ui.pages.inbox.file_shapes import File, file_of
from omni_app.ui.pages.inbox.message_shapes import Card, Reaction, before_of, cards_of, chosen_of, mark_of, note_of, reactions_of
from omni_app.ui.words import count, on_day

_KINDS = {"customer": "customer", "assistant": "ai", "staff": "staff"}
_PRESSING = {"urgent": 0, "high": 1, "normal": 2, "low": 3}


@dataclass
class Mark:
    """A label: on a row, in the picker (`is_on`: the open conversation wears it), in the filter."""

    id: str = ""
    name: str = ""
    color: str = "gray"
    is_on: bool = False


@dataclass
class Piece:
    """A piece of a note; `is_mention` names a colleague."""

    text: str = ""
    is_mention: bool = False


@dataclass
class Row:
    """One conversation of the list. `holder` is who has it: ai, me, member, nobody.

    `connection` is the name of the account answers go out by; `trouble` says why they wait, with the provider's words beside it.
    """

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
    summary: str = ""
    priority: str = "normal"
    labels: list[Mark] = field(default_factory=list)
    has_draft: bool = False
    until: str = ""
    page_url: str = ""
    page_title: str = ""
    language: str = ""
    before: str = ""
    hit: str = ""
    after: str = ""
    subject: str = ""
    connection_id: str = ""
    connection: str = ""
    connection_kind: str = ""
    contact_point_id: str = ""
    is_sandbox: bool = False
    trouble: str = ""
    trouble_detail: str = ""
    has_reactions: bool = False


@dataclass
class Line:
    """One message or note of the thread. `kind`: customer, ai, staff, system, note; `day` is set on the first of a day.

    `seq` is a note's place: the number of the message before it. `status` is how far one of our messages got, `problem` the
    provider's words when it did not go; `is_asked`: nobody knows whether it arrived, and it is for a person to say. `form` is the
    kind of message (text, location, …), `folded` the quoted mail and signature below its text. `reacted` is the team's own emoji
    on it, with how far that got; `may_react`: the provider knows this message of the customer by a name.
    """

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
    status: str = ""
    files: list[File] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    is_mine: bool = False
    sort: str = ""
    form: str = "text"
    chosen: str = ""
    mark: str = ""
    before: str = ""
    cards: list[Card] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    reacted: str = ""
    react_state: str = ""
    react_problem: str = ""
    may_react: bool = False
    folded: str = ""
    is_mail: bool = False
    has_html: bool = False
    problem: str = ""
    can_retry: bool = False
    is_asked: bool = False


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
        summary=view.handover_summary if view.status == "waiting" else "",
        priority=view.priority,
        labels=[Mark(id=label["id"], name=label["name"], color=label["color"], is_on=True) for label in view.labels],
        has_draft=view.has_draft,
        until=view.snoozed_until.isoformat() if view.snoozed_until and view.status == "snoozed" else "",
        page_url=_web_address(str(view.page.get("url") or "")),
        page_title=str(view.page.get("title") or view.page.get("url") or "")[:200],
        language=view.language,
        subject=" ".join(view.subject.split()) if view.channel == "email" else "",
        contact_point_id=str(view.contact_point_id or ""),
        **_connection(view),
    )


def _connection(view: ConversationView) -> dict[str, Any]:
    """The account of a conversation, for its row; nothing for the widget and the API."""
    account = view.connection
    if account is None:
        return {}
    adapter = all_adapters().get(str(account["kind"]))
    trouble, detail = trouble_of(str(channel_name(view.channel)), account)
    return {
        "connection_id": str(account["id"]),
        "connection": str(account["name"]),
        "connection_kind": str(account["kind"]),
        "is_sandbox": bool(account["is_sandbox"]),
        "trouble": trouble,
        "trouble_detail": detail,
        "has_reactions": adapter is not None and adapter.capabilities.has_reactions,
    }


def trouble_of(channel: str, account: Mapping[str, Any]) -> tuple[str, str]:
    """Why messages wait, in a sentence, and the provider's own words; two empty texts while nothing is wrong."""
    if not account["is_on"]:
        return f"{channel} is switched off: messages wait.", ""
    if account["health"] == "revoked":
        return f"{channel} is disconnected: messages wait.", str(account["detail"])
    if account["health"] == "failing":
        return f"{channel} does not take messages right now. They are sent when it does.", str(account["detail"])
    return "", ""


def found_row(found: Found, member_id: UUID) -> Row:
    """A result of the search: where the words were found stands in place of the last message."""
    row = row_of(found.conversation, member_id)
    row.before, row.hit, row.after = found.before, found.hit, found.after
    if len(row.before) > 24:
        # The found words must stand in view on a narrow row.
        row.before = "…" + row.before[-20:]
    if found.matched in ("name", "label", "address", "id"):
        # The name and the labels stand on the row anyway, and an address is not shown in a list.
        row.before = row.hit = row.after = ""
    return row


def _web_address(url: str) -> str:
    """The address of a page as a link may hold it: a visitor's browser says it, so it may say anything."""
    return url if url.startswith(("https://", "http://")) else ""


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
        case "all":
            return True
        case "snoozed":
            return view.status == "snoozed"
    if view.status == "snoozed":
        return False
    match folder:
        case "mine":
            return view.assignee_id == member_id
        case "unassigned":
            return view.speaker == "human" and view.assignee_id is None
        case "ai":
            return view.speaker == "ai"
    return True


def fits(view: ConversationView, filters: Filters) -> bool:
    """Whether a conversation passes the filters, as `conversations.reading` narrows a folder."""
    return (
        filters.channel in ("", view.channel)
        and filters.priority in ("", view.priority)
        and (filters.label_id is None or any(label["id"] == str(filters.label_id) for label in view.labels))
        and (filters.assignee is None or view.assignee_id == (None if filters.assignee == "none" else filters.assignee))
        and (not filters.unread or view.unread > 0)
    )


def in_order(rows: list[Row], folder: str) -> list[Row]:
    """Where people wait the most pressing and then the longest wait first, else the newest message first."""
    if folder == "waiting":
        return sorted(rows, key=lambda row: (_PRESSING.get(row.priority, 2), datetime.fromisoformat(row.waits_since or row.at)))
    return sorted(rows, key=lambda row: datetime.fromisoformat(row.at), reverse=True)


def lines_of(messages: list[MessageView], zone: ZoneInfo, now: datetime) -> list[Line]:
    """Messages as shown, each without its day; `mark_days` adds the days."""
    return [_line(message, zone, now) for message in messages]


def _line(message: MessageView, zone: ZoneInfo, now: datetime) -> Line:
    kind, sent, cards = _KINDS.get(message.role, "system"), message.delivery, cards_of(message.kind, message.details)
    return Line(
        id=str(message.id),
        seq=message.seq,
        kind=kind,
        text=message.text if not cards else note_of(message.details),
        time=f"{message.created_at.astimezone(zone):%H:%M}",
        at=_day(message.created_at, zone, now),
        author=(message.author_name or "Team") if kind == "staff" else "",
        made=_made(message) if kind == "ai" else "",
        receipt_id=str(message.receipt_id or ""),
        status=message.status if kind in ("ai", "staff") else "",
        # A picture inside a mail is shown where it stands in the original.
        files=[file_of(item) for item in message.attachments if not (message.has_html and item.get("is_inline"))],
        sort=f"{message.seq:010d}",
        form=message.kind,
        chosen=chosen_of(message.kind, message.details),
        mark=mark_of(message.details),
        before=before_of(message.details),
        cards=cards,
        reactions=reactions_of(message.details),
        **_reaction(message, kind),
        folded=message.folded,
        is_mail=message.has_envelope,
        has_html=message.has_html,
        problem=message.problem or (sent.error if sent else ""),
        can_retry=sent is not None and sent.can_retry,
        is_asked=sent is not None and sent.is_asked,
    )


def _reaction(message: MessageView, kind: str) -> dict[str, Any]:
    """The team's own emoji on a customer's message, and whether one may be put there at all."""
    ours = message.details.get("reaction")
    ours = ours if isinstance(ours, Mapping) else {}
    return {
        "reacted": str(ours.get("emoji") or ""),
        "react_state": str(ours.get("status") or ""),
        "react_problem": str(ours.get("problem") or ""),
        "may_react": kind == "customer" and bool(message.external_id) and "deleted_at" not in message.details,
    }


def note_lines(notes: Sequence[NoteView], members: Sequence[str], member_id: UUID, zone: ZoneInfo, now: datetime) -> list[Line]:
    """Notes as lines that sort behind the message they follow. `members` are the names that "@" may name."""
    pattern = mention_pattern(members)
    lines = []
    for note in notes:
        found = list(pattern.finditer(note.text)) if pattern and note.mentions else []
        pieces, at = [], 0
        for match in found:
            pieces += [Piece(text=note.text[at : match.start()]), Piece(text=match.group(0), is_mention=True)]
            at = match.end()
        pieces.append(Piece(text=note.text[at:]))
        lines.append(
            Line(
                id=str(note.id),
                seq=note.after_seq,
                kind="note",
                text=note.text,
                time=f"{note.created_at.astimezone(zone):%H:%M}",
                at=_day(note.created_at, zone, now),
                author=note.author_name,
                pieces=[piece for piece in pieces if piece.text],
                is_mine=note.author_id == member_id,
                sort=f"{note.after_seq:010d} {note.created_at.isoformat()}",
            )
        )
    return lines


def merge(lines: list[Line], notes: list[Line]) -> list[Line]:
    """Messages and the notes between them, in order, with the days named; `lines` may hold notes already."""
    messages = [line for line in lines if line.kind != "note"]
    # A note behind a message that is not shown would stand in the wrong place; above the first one there is none before it.
    first = messages[0].seq if messages else 0
    shown = [note for note in notes if note.seq >= first]
    return mark_days(sorted([*messages, *shown], key=lambda line: line.sort))


def keep_links(new: Line, old: Line) -> None:
    """What is drawn or plays already stays: a fresh link would load it anew, or stop the sound."""
    links = {file.id: file for file in old.files if file.url or file.thumb}
    for file in new.files:
        if known := links.get(file.id):
            file.url, file.thumb = known.url or file.url, known.thumb or file.thumb


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
