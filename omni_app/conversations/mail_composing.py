"""What an answer needs to be a mail of its thread: ids, subject, who gets a copy, the quoted mail below."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import text

from omni_app.channels.contract import MailHead, OutboundMail
from omni_app.channels.mail.composing import quote_below, reply_subject, untagged
from omni_app.channels.mail.ids import issue_id, issue_tag
from omni_app.conversations.mail_envelopes import read_envelope, seal_envelope
from omni_app.customers.identifying import CONTACT_POINT
from omni_app.infra.clock import now
from omni_app.infra.crypto import decrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound
from omni_app.infra.ids import new_id
from omni_app.settings import load_settings

MOST_COPIES = 20
_MOST_MAILS = 60

_READ = text(
    """
    select m.seq, m.role, m.author_name, m.envelope, c.id as conversation_id, c.subject, c.language, c.created_at,
      cu.name as customer_name, cu.data_key, b.name as business_name, p.value as point_value, pk.data_key as point_key,
      array(select lower(n.account_key) from channel_connections n where n.channel = 'email') as accounts,
      (select coalesce(jsonb_agg(to_jsonb(h) order by h.seq), '[]') from (
         select e.seq, e.role, e.text, e.envelope, e.details, coalesce(e.sent_at, e.created_at) as at from messages e
         where e.conversation_id = c.id and e.seq < m.seq and (e.role = 'customer' or e.envelope <> '')
         order by e.seq desc limit :most) h) as mails,
      (select coalesce(jsonb_agg(jsonb_build_object('id', r.rfc_id, 'seq', w.seq, 'role', w.role)
           order by r.created_at, r.id), '[]')
         from mail_references r left join messages w on w.id = r.message_id
         where r.conversation_id = c.id and (w.id is null or w.seq < m.seq)) as ids
    from messages m join conversations c on c.id = m.conversation_id join customers cu on cu.id = c.customer_id
    join businesses b on b.id = c.business_id
    left join contact_points p on p.id = c.contact_point_id left join customers pk on pk.id = p.customer_id
    where m.id = :message_id
    """
)
_KEEP = text(
    """
    with kept as (update messages set envelope = :envelope where id = :message_id)
    insert into mail_references (id, business_id, conversation_id, message_id, rfc_id, created_at)
    values (:id, :business_id, :conversation_id, :message_id, :rfc_id, :now) on conflict (business_id, rfc_id) do nothing
    """
)


async def compose(db: Db, message_id: UUID, *, own: Collection[str] = ()) -> OutboundMail:
    """The mail a message of ours goes out as; its id is remembered, the same on every try. `own` are addresses of the business.

    An automatic answer goes to the customer and those in copy who wrote in the thread themselves; what staff write goes to
    everybody in copy: nobody gets a machine's mail because a stranger put them in copy. Raises `NotFound`.
    """
    row = (await db.execute(_READ, {"message_id": message_id, "most": _MOST_MAILS})).one_or_none()
    if row is None:
        raise NotFound("message")
    key = unwrap_data_key(row.data_key)
    to_address = "" if row.point_value is None else decrypt(unwrap_data_key(row.point_key), row.point_value, CONTACT_POINT)
    heads = [(mail, read_envelope(key, mail["envelope"])) for mail in row.mails]
    mine = read_envelope(key, row.envelope)
    rfc_id = issue_id(row.conversation_id, message_id, to_address, mail_domain())
    parent = _parent(row.ids)
    ours = {untagged(one)[0] for one in (*own, *row.accounts, to_address) if one}
    mail = OutboundMail(
        message_id=rfc_id,
        subject=mine.subject or subject_of(row, is_answer=bool(parent)),
        in_reply_to=parent,
        references=(*(one["id"] for one in row.ids if one["id"] not in {parent, rfc_id}), *([parent] if parent else ())),
        # What staff chose stands, also when they chose nobody.
        cc=mine.cc if row.envelope else copies_of(heads, ours, is_automatic=row.role == "assistant"),
        reply_tag=issue_tag(db.scope.business_id, row.conversation_id),
        from_name=(row.author_name or "") if row.role == "staff" else row.business_name,
        quoted=_quoted(row, heads),
        is_automatic=row.role == "assistant",
    )
    sent = MailHead(
        message_id=rfc_id,
        in_reply_to=parent,
        references=mail.references,
        subject=mail.subject,
        to=(to_address,) if to_address else (),
        cc=mail.cc,
    )
    await db.execute(
        _KEEP,
        {
            "message_id": message_id,
            "envelope": seal_envelope(row.data_key, sent),
            "id": new_id(),
            "business_id": db.scope.business_id,
            "conversation_id": row.conversation_id,
            "rfc_id": rfc_id,
            # Behind what it answers, also when that was stored a moment ago.
            "now": now() + timedelta(milliseconds=1),
        },
    )
    return mail


def mail_domain() -> str:
    """The domain of our message ids: set by the deployment, else that of its public address."""
    settings = load_settings()
    host = settings.mail_domain or urlsplit(settings.base_url).hostname or "localhost"
    return host.lower() if "." in host else "localhost.localdomain"


def _parent(ids: Sequence[dict[str, Any]]) -> str:
    """The mail that is answered: the customer's newest, else the newest of all."""
    for wanted in ("customer", None):
        stored = [one for one in ids if one["seq"] is not None and (wanted is None or one["role"] == wanted)]
        if stored:
            return str(max(stored, key=lambda one: one["seq"])["id"])
    return str(ids[-1]["id"]) if ids else ""


def subject_of(row: Any, *, is_answer: bool) -> str:
    """The subject of the next mail. `row` has the conversation's `subject` and the `business_name`."""
    subject = row.subject or f"Your message to {row.business_name}"
    return reply_subject(subject) if is_answer else subject


def copies_of(heads: Sequence[tuple[Any, MailHead]], ours: Collection[str], *, is_automatic: bool) -> tuple[str, ...]:
    """Who gets a copy of the next mail, from those before it: (row with `role` and `envelope`, its head), oldest first."""
    stored = [(mail["role"], head) for mail, head in heads if mail["envelope"]]
    said = [head for role, head in stored if role == "customer"]
    wrote = dict.fromkeys(head.from_address for head in said if head.from_address)
    if is_automatic:
        wanted = list(wrote)
    else:
        newest = said[-1] if said else stored[-1][1] if stored else MailHead()
        wanted = [*newest.to, *newest.cc, *wrote]
    return tuple(dict.fromkeys(one for one in wanted if "@" in one and untagged(one)[0] not in ours))[:MOST_COPIES]


def _quoted(row: Any, heads: Sequence[tuple[dict[str, Any], MailHead]]) -> str:
    """The customer's last message."""
    last = next((mail for mail, _ in reversed(heads) if mail["role"] == "customer"), None)
    if last is None:
        return ""
    who = (last["details"] or {}).get("guest") or row.customer_name or "you"
    return quote_below(last["text"], str(who), datetime.fromisoformat(last["at"]).astimezone(UTC), row.language)
