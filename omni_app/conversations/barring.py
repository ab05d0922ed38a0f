"""What keeps a message from going out on its channel now, in words staff read.

Asked before a message is queued and again before it leaves: between both a window closes, a channel is switched off.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.channels.contract import Capabilities, MediaKind
from omni_app.channels.registry import all_adapters
from omni_app.conversations.consent import says_no
from omni_app.conversations.windows import window_of
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound

# An old message that comes late must not hide a newer one, so the newest of the last few counts (see `windows`).
_FACTS = text(
    """
    select m.id as message_id, m.seq, m.role, m.text, m.kind as message_kind, m.details, m.external_id, m.answers_id,
      m.attachments, c.id as conversation_id, c.customer_id, c.channel, n.id as connection_id, n.kind, n.is_on,
      p.id as contact_point_id, p.kind as point_kind, p.value as point_value, p.undeliverable_at, p.undeliverable_reason,
      cu.data_key, w.consent, (
        select max(least(coalesce(i.sent_at, i.created_at), i.created_at)) from conversations o join messages i
          on i.conversation_id = o.id and i.role = 'customer' and i.seq > o.last_customer_seq - 8
        where o.customer_id = c.customer_id and o.connection_id = n.id and o.last_customer_seq > 0) as last_inbound_at
    from messages m join conversations c on c.id = m.conversation_id join customers w on w.id = c.customer_id
    left join channel_connections n on n.id = coalesce(cast(:connection_id as uuid), c.connection_id)
    left join contact_points p on p.id = c.contact_point_id
    left join customers cu on cu.id = p.customer_id
    where m.id = :message_id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Why not: `text` in words, `kind` as in `channels.failures.RefusalKind`, or off."""

    kind: str
    text: str


async def load_facts(db: Db, message_id: UUID, connection_id: UUID | None = None) -> Any:
    """One row with all that decides about a message, on its conversation's connection or the given one. Raises `NotFound`."""
    row = (await db.execute(_FACTS, {"message_id": message_id, "connection_id": connection_id})).one_or_none()
    if row is None:
        raise NotFound("message")
    return row


def find_bar(facts: Any, capabilities: Capabilities | None = None) -> Bar | None:
    """What is in the way of this message; None when it may go. `capabilities` are the adapter's unless they are given."""
    if facts.connection_id is None:
        return Bar(kind="off", text="The channel this conversation runs on was removed.")
    if capabilities is None:
        adapter = all_adapters().get(facts.kind)
        if adapter is None:
            return Bar(kind="off", text="This kind of channel is not installed.")
        capabilities = adapter.capabilities
    if not facts.is_on:
        return Bar(kind="off", text="This channel is switched off.")
    if facts.contact_point_id is None or facts.data_key is None:
        return Bar(kind="recipient", text="The customer has no address on this channel any more.")
    # Who wrote since may be reached again.
    if facts.undeliverable_at is not None and not (facts.last_inbound_at and facts.last_inbound_at > facts.undeliverable_at):
        return Bar(kind="recipient", text=f"This address takes no messages: {facts.undeliverable_reason or 'it came back'}.")
    window = window_of(capabilities, facts.last_inbound_at, now())
    is_template = bool(facts.details.get("template"))
    # Who asks not to be written to is answered all the same when they write.
    is_answer = window.is_open and facts.last_inbound_at is not None
    if not is_answer and says_no(facts.consent, facts.channel):
        return Bar(kind="opted_out", text="The customer asked not to be written to on this channel.")
    if not is_template and not window.may_send:
        return Bar(kind="window_closed", text=window.why)
    return None


def file_problem(capabilities: Capabilities, media_type: str, size: int) -> str:
    """Why a file cannot go out on a channel, in words; "" when it can."""
    kind = media_kind(media_type)
    if kind not in capabilities.media and "document" in capabilities.media:
        kind = "document"
    most = capabilities.media.get(kind)
    if most is None:
        return f"This channel takes no {'files' if kind == 'document' else f'{kind} files'}."
    if capabilities.media_types and media_type not in capabilities.media_types:
        return f"This channel takes no files of the type {media_type}."
    if size > most:
        return f"This channel takes such files up to {most // (1024 * 1024)} MB."
    return ""


def media_kind(media_type: str) -> MediaKind:
    """The kind of media a type belongs to."""
    group = media_type.partition("/")[0]
    kinds: dict[str, MediaKind] = {"image": "image", "audio": "audio", "video": "video"}
    return kinds.get(group, "document")
