"""How long a customer may be written to freely: on some channels only for a while after their own last message.

WhatsApp counts 24 hours from the customer's last message on that number, whatever thread of ours it stands in; outside of it
only approved templates go out (https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-messages).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from omni_app.channels.contract import Capabilities
from omni_app.channels.registry import all_adapters
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Permission

# Our clock and the provider's may differ, and a message spends time on its way: the last two minutes are not used.
MARGIN = timedelta(minutes=2)

# An old message that comes late must not hide a newer one, so the newest of the last few counts. The provider's time is taken,
# since one that was repeated for hours is older than its row; a time of the future is not believed.
_LAST_INBOUND = text(
    """
    select c.id, c.channel, n.kind, n.name, (
      select max(least(coalesce(m.sent_at, m.created_at), m.created_at))
      from conversations o join messages m on m.conversation_id = o.id and m.role = 'customer' and m.seq > o.last_customer_seq - 8
      where o.business_id = c.business_id and o.customer_id = c.customer_id and o.channel = c.channel
        and o.connection_id = c.connection_id and o.last_customer_seq > 0) as last_inbound_at
    from conversations c left join channel_connections n on n.id = c.connection_id
    where c.id = :id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyWindow:
    """Whether free text may go out now. `closes_at` is None when there is no end to it, or when it never began.

    `templates_only`: the window is closed and the channel has templates. `why` says in words why `may_send` is false, "" else.
    """

    closes_at: datetime | None
    is_open: bool
    templates_only: bool
    may_send: bool
    why: str


def window_of(capabilities: Capabilities, last_inbound_at: datetime | None, at: datetime) -> ReplyWindow:
    """The window at `at` of a customer who last wrote at `last_inbound_at` (None: never)."""
    if capabilities.reply_window is None:
        is_open = last_inbound_at is not None or capabilities.may_start
        why = "" if is_open else "On this channel the customer has to write first."
        return ReplyWindow(closes_at=None, is_open=is_open, templates_only=False, may_send=is_open, why=why)
    closes_at = None if last_inbound_at is None else last_inbound_at + capabilities.reply_window - MARGIN
    is_open = closes_at is not None and at < closes_at
    return ReplyWindow(
        closes_at=closes_at,
        is_open=is_open,
        templates_only=not is_open and capabilities.has_templates,
        may_send=is_open,
        why="" if is_open else _why(capabilities, capabilities.reply_window, last_inbound_at),
    )


def _why(capabilities: Capabilities, length: timedelta, last_inbound_at: datetime | None) -> str:
    then = " A template may be sent." if capabilities.has_templates else " They have to write again first."
    if last_inbound_at is None:
        return f"The customer has not written yet.{then}"
    return f"The customer's last message is more than {length.total_seconds() / 3600:.0f} hours old.{then}"


async def load_window(db: Db, conversation_id: UUID) -> ReplyWindow:
    """The window of a conversation; a thread that belongs to no connection is always open.

    Raises `NotFound`, `Forbidden` without VIEW.
    """
    db.scope.require(Permission.VIEW)
    row = (await db.execute(_LAST_INBOUND, {"id": conversation_id})).one_or_none()
    if row is None:
        raise NotFound("conversation")
    adapter = all_adapters().get(row.kind or "")
    if adapter is None:
        return ReplyWindow(closes_at=None, is_open=True, templates_only=False, may_send=True, why="")
    return window_of(adapter.capabilities, row.last_inbound_at, now())
