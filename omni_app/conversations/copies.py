"""Whom the next mail of a conversation goes to, and a reply whose copies staff chose themselves."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from omni_app.channels.accounts import open_account
from omni_app.channels.contract import MailHead
from omni_app.channels.mail.composing import untagged
from omni_app.conversations.mail_composing import copies_of, subject_of
from omni_app.conversations.mail_envelopes import read_envelope, seal_envelope
from omni_app.conversations.sending import send_reply
from omni_app.conversations.starting import check_copies
from omni_app.customers.identifying import CONTACT_POINT
from omni_app.infra.crypto import decrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Permission

_MOST_MAILS = 60

_READ = text(
    """
    select c.subject, c.connection_id, cu.data_key, b.name as business_name, p.value as point_value, pk.data_key as point_key,
      array(select lower(n.account_key) from channel_connections n where n.channel = 'email') as accounts,
      (select coalesce(jsonb_agg(to_jsonb(h) order by h.seq), '[]') from (
         select e.seq, e.role, e.envelope from messages e where e.conversation_id = c.id and e.envelope <> ''
         order by e.seq desc limit :most) h) as mails
    from conversations c join customers cu on cu.id = c.customer_id join businesses b on b.id = c.business_id
    left join contact_points p on p.id = c.contact_point_id left join customers pk on pk.id = p.customer_id
    where c.id = :id
    """
)
_CHOOSE = text(
    """
    update messages m set envelope = :envelope where m.id = :message_id and m.envelope = '' returning m.id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NextMail:
    """The head of a reply before it is written; addresses are bare, `to` is empty when the customer's is not known."""

    to: str
    cc: tuple[str, ...]
    subject: str


async def load_next_mail(db: Db, conversation_id: UUID) -> NextMail:
    """Whom a reply of staff would go to. Raises `NotFound`, `Forbidden` without VIEW."""
    db.scope.require(Permission.VIEW)
    row = (await db.execute(_READ, {"id": conversation_id, "most": _MOST_MAILS})).one_or_none()
    if row is None:
        raise NotFound("conversation")
    to = "" if row.point_value is None else decrypt(unwrap_data_key(row.point_key), row.point_value, CONTACT_POINT)
    key = unwrap_data_key(row.data_key)
    heads = [(mail, read_envelope(key, mail["envelope"])) for mail in row.mails]
    ours = {untagged(one)[0] for one in (*row.accounts, *await _own_addresses(db, row.connection_id), to) if one}
    return NextMail(to=to, cc=copies_of(heads, ours, is_automatic=False), subject=subject_of(row, is_answer=bool(row.mails)))


async def _own_addresses(db: Db, connection_id: UUID | None) -> Collection[str]:
    """The business's addresses as the account's settings name them; `compose` leaves out the same."""
    if connection_id is None:
        return ()
    own: Collection[str] = getattr((await open_account(db, connection_id)).settings, "own", ())
    return own


async def send_mail_reply(
    db: Db, conversation_id: UUID, text_: str, cc: Sequence[str], client_id: str | None = None, attachments: Sequence[UUID] = ()
) -> UUID:
    """`sending.send_reply` with the copies staff chose; none when `cc` is empty. The same `client_id` sends once.

    Raises the same, and `Invalid` (field `cc`).
    """
    db.scope.require(Permission.REPLY)
    copies = check_copies(cc)
    message_id = await send_reply(db, conversation_id, text_, client_id, attachments)
    row = (await db.execute(_READ, {"id": conversation_id, "most": 1})).one()
    head = MailHead(subject=subject_of(row, is_answer=bool(row.mails)), cc=copies)
    await db.execute(_CHOOSE, {"message_id": message_id, "envelope": seal_envelope(row.data_key, head)})
    return message_id
