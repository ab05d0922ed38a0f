"""Everything kept about one customer, in clear, to hand out to them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.conversations.notes import NOTE
from omni_app.customers.identifying import CONTACT_POINT
from omni_app.customers.notes import CUSTOMER_NOTE
from omni_app.infra.clock import now
from omni_app.infra.crypto import decrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Permission
from omni_app.limits.ladder import EVIDENCE

FORMAT = "omni-customer/1"
PROMPT = "receipts.prompt"

_CUSTOMERS = text(
    """
    select id, name, language, timezone, birthday, tags, attributes, consent, verified_at, blocked_at, block_reason,
      trust, restriction, restricted_until, merged_into_id, created_at, last_seen_at, data_key
    from customers where id = (select coalesce(merged_into_id, id) from customers where id = :id)
      or merged_into_id = (select coalesce(merged_into_id, id) from customers where id = :id)
    order by merged_into_id nulls first, id
    """
)
_LISTS = {
    "contact_points": """
        select customer_id, kind, channel, value, proof, proven_by, created_at
        from contact_points where customer_id = any(:ids) order by created_at, id""",
    "conversations": """
        select id, channel, status, speaker, priority, subject, summary, language, page, handover_reason, handover_summary,
          created_at, last_message_at, closed_at
        from conversations where customer_id = any(:ids) order by created_at, id""",
    "messages": """
        select conversation_id, seq, role, author_name, text, status, source, sources, attachments, created_at
        from messages where customer_id = any(:ids) order by conversation_id, seq""",
    "labels": """
        select cl.conversation_id, l.name from conversation_labels cl join labels l on l.id = cl.label_id
          join conversations c on c.id = cl.conversation_id where c.customer_id = any(:ids) order by l.name""",
    "notes": """
        select n.conversation_id, c.customer_id, n.author_name, n.text, n.created_at
        from notes n join conversations c on c.id = n.conversation_id where c.customer_id = any(:ids)
        order by n.created_at, n.id""",
    "customer_notes": """
        select customer_id, author_name, text, created_at
        from customer_notes where customer_id = any(:ids) order by created_at, id""",
    "memories": """
        select me.kind, coalesce(m.text, me.text) as text, me.conversation_id, me.embedding_model, me.created_at
        from memories me left join messages m on m.id = me.message_id where me.customer_id = any(:ids)
        order by me.created_at, me.id""",
    "attachments": """
        select id, conversation_id, name, media_type, size, sha256, uploaded_by, status, transcript, created_at
        from attachments where customer_id = any(:ids)
          or conversation_id in (select id from conversations where customer_id = any(:ids)) order by created_at, id""",
    "receipts": """
        select id, customer_id, conversation_id, source, tier, provider, model, input_tokens, output_tokens, cost_nusd,
          confidence, sources, note, prompt, created_at
        from receipts where customer_id = any(:ids) order by created_at, id""",
    "merges": """
        select from_id, into_id, evidence, created_at, undone_at
        from merges where from_id = any(:ids) or into_id = any(:ids) order by created_at, id""",
    "abuse_events": """
        select customer_id, conversation_id, kind, action, score, evidence, until, verdict, created_at
        from abuse_events where customer_id = any(:ids) order by created_at, id""",
    "costs": """
        select service, count(*) as uses, cast(sum(cost_nusd) as bigint) as cost_nusd
        from ledger_entries where customer_id = any(:ids) group by service order by service""",
}


async def export_customer(db: Db, customer_id: UUID) -> dict[str, Any]:
    """Everything kept about a customer as JSON values: times ISO 8601 in UTC, ids as text, costs in nano-dollars.

    Needs ADMINISTER, and the trail notes it: it is the customer's whole file in clear. Keys: `format`, `exported_at`, `customer`,
    `merged_from`, `contact_points`, `conversations` (each with `messages`, `notes`, `labels`), `notes`, `memories`, `attachments`
    (what they are, not the files), `receipts`, `merges`, `abuse_events`, `costs`. Raises `Forbidden`, `NotFound`.
    """
    db.scope.require(Permission.ADMINISTER)
    family = [dict(row._mapping) for row in await db.execute(_CUSTOMERS, {"id": customer_id})]
    if not family:
        raise NotFound("customer")
    keys = {row["id"]: unwrap_data_key(row.pop("data_key")) for row in family}
    lists: dict[str, list[dict[str, Any]]] = {}
    for name, statement in _LISTS.items():
        lists[name] = [dict(row._mapping) for row in await db.execute(statement, {"ids": list(keys)})]
    _open(lists["contact_points"], "value", keys, CONTACT_POINT)
    _open(lists["notes"], "text", keys, NOTE)
    _open(lists["customer_notes"], "text", keys, CUSTOMER_NOTE)
    _open(lists["receipts"], "prompt", keys, PROMPT)
    _open(lists["abuse_events"], "evidence", keys, EVIDENCE)
    for conversation in lists["conversations"]:
        for name in ("messages", "notes"):
            conversation[name] = [one for one in lists[name] if one["conversation_id"] == conversation["id"]]
        conversation["labels"] = [one["name"] for one in lists["labels"] if one["conversation_id"] == conversation["id"]]
    counts = {name: len(lists[name]) for name in ("conversations", "messages", "memories", "attachments")}
    await audit.record(db, "customer.exported", "customer", family[0]["id"], after=counts)
    found: dict[str, Any] = _plain(
        {
            "format": FORMAT,
            "exported_at": now(),
            "customer": family[0],
            "merged_from": family[1:],
            "contact_points": lists["contact_points"],
            "conversations": lists["conversations"],
            "notes": lists["customer_notes"],
            "memories": lists["memories"],
            "attachments": lists["attachments"],
            "receipts": lists["receipts"],
            "merges": lists["merges"],
            "abuse_events": lists["abuse_events"],
            "costs": lists["costs"],
        }
    )
    return found


def _open(rows: list[dict[str, Any]], column: str, keys: Mapping[UUID, bytes], context: str) -> None:
    for row in rows:
        key = keys[row.pop("customer_id")]
        row[column] = decrypt(key, row[column], context) if row[column] else ""


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
