"""Staff put an emoji on a customer's message, change it or take it back.

It goes out as any message does (`planning`, `delivering`): one row of `deliveries` on the customer's own message for each change,
the emoji as its text. The customer sees one emoji of the business, so the newest counts; one that has not left yet is dropped.
"""

import json
import unicodedata
from uuid import UUID

from sqlalchemy import insert, text

from omni_app.channels.registry import all_adapters
from omni_app.conversations.barring import find_bar, load_facts
from omni_app.conversations.changing import staff_of
from omni_app.conversations.jobs import DeliverConversation
from omni_app.conversations.models import Delivery
from omni_app.conversations.planning import delivery_row
from omni_app.conversations.reactions import CUSTOMER
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, Invalid
from omni_app.infra.jobs import enqueue

STAFF = "staff"
OFFERED = ("👍", "❤️", "😂", "😮", "😢", "🙏")
_LONGEST = 20

# The message's row is locked before its parts, as everywhere.
_LOCK = text("select details from messages where id = :id for update")
_DROP = text("delete from deliveries where message_id = :id and status = 'queued' and attempts = 0")
_NEXT = text("select coalesce(max(part) + 1, 0) from deliveries where message_id = :id")
_KEEP = text("update messages set details = cast(:details as jsonb) where id = :id")


async def react(db: Db, message_id: UUID, emoji: str) -> None:
    """Put `emoji` on a customer's message as the calling member, or take the team's off with ""; done twice it is done once.

    The AI goes on answering: an emoji takes no conversation over. Raises `Invalid` (field `emoji`), `Forbidden`, `NotFound`, and
    `Conflict` with the reason when the channel knows no such thing or nothing may be sent now.
    """
    actor = staff_of(db, members_only=True)
    emoji = check_emoji(emoji)
    facts = await load_facts(db, message_id)
    adapter = all_adapters().get(facts.kind or "")
    if adapter is None or not adapter.capabilities.has_reactions or not facts.external_id:
        raise Conflict("There are no reactions on this channel.")
    if facts.role != CUSTOMER:
        raise Conflict("Only what the customer wrote takes a reaction.")
    details = dict((await db.execute(_LOCK, {"id": message_id})).scalar_one())
    if "deleted_at" in details:
        raise Conflict("The customer deleted this message.")
    known = details.get("reaction") or {}
    if known.get("emoji", "") == emoji and known.get("status") != "failed":
        return
    if bar := find_bar(facts):
        is_late = bar.kind == "window_closed"
        raise Conflict("The customer's last message is too old for a reaction." if is_late else bar.text)
    await db.execute(_DROP, {"id": message_id})
    part = int((await db.execute(_NEXT, {"id": message_id})).scalar_one())
    await db.execute(insert(Delivery.__table__).values(delivery_row(db, facts, part, emoji, now())))  # type: ignore[attr-defined]
    reactions = {**(details.get("reactions") or {}), STAFF: emoji}
    details["reactions"] = {who: one for who, one in reactions.items() if one}
    details["reaction"] = {"emoji": emoji, "part": part, "by": actor.name, "status": "queued", "problem": ""}
    await db.execute(_KEEP, {"id": message_id, "details": json.dumps(details)})
    await enqueue(db, DeliverConversation(conversation_id=facts.conversation_id))
    live.publish(db, "message.changed", conversation_id=facts.conversation_id, seq=facts.seq)


def check_emoji(value: str) -> str:
    """One emoji, or "". Raises `Invalid` (field `emoji`).

    An emoji may be several characters: signs joined, with a tone of skin, two letters of a flag
    (https://www.unicode.org/reports/tr51/).
    """
    emoji = value.strip()
    bases, is_joined = 0, False
    for sign in emoji:
        category = unicodedata.category(sign)
        if category == "So":
            bases += 0 if is_joined else 1
        elif category not in ("Sk", "Mn", "Me", "Cf"):
            bases = 99
        is_joined = sign == "\u200d"
    is_flag = len(emoji) == 2 and all("\U0001f1e6" <= sign <= "\U0001f1ff" for sign in emoji)
    if len(emoji) > _LONGEST or (emoji and bases != 1 and not is_flag):
        raise Invalid("A reaction is one emoji.", "emoji")
    return emoji
