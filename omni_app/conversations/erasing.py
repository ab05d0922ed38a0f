"""What the erasing transaction leaves of a customer, because one business cannot reach it: cleared here, any number of times."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.infra.crypto import decrypt_system, encrypt_system
from omni_app.infra.database import Db

_CONTEXT = "erasure.email"
PAGE = 500

_UNNAME = (
    # A cost booked while the erasure was under way; sums stay as they are.
    """update ledger_entries set customer_id = null, conversation_id = null, message_id = null
       where business_id = :business_id and (customer_id = any(:customers) or conversation_id = any(:conversations))""",
    "update reservations set customer_id = null where business_id = :business_id and customer_id = any(:customers)",
    "delete from budget_caps where business_id = :business_id and kind = 'customer' and subject_id = any(:customers)",
    # Who did what and when stays on the trail; what was written there of the customer does not.
    """update audit_entries set before = '{}', after = '{}'
       where business_id = :business_id and (subject_id = any(:customers) or subject_id = any(:conversations))
         and action not in ('customer.erased', 'customer.exported')""",
    """delete from outbox where business_id = :business_id and (payload->>'customer_id' = any(:customer_names)
       or payload->>'conversation_id' = any(:conversation_names))""",
)

# What others wrote to the same address is theirs: other businesses, and Omni to members of staff.
_MAIL_TO = text("delete from mails where business_id = :business_id and to_email = any(:emails)")
_MAIL_ABOUT = text(
    """
    select id, text from mails where id > :after and to_email in (select email from members where business_id = :business_id)
    order by id limit :most
    """
)


def seal(email: str) -> str:
    """An address as it may stand in a job's payload."""
    return encrypt_system(email, _CONTEXT)


async def finish_erasure(
    db: Db, business_id: UUID | None, customer_ids: Sequence[UUID], conversation_ids: Sequence[UUID], sealed: Sequence[str] = ()
) -> None:
    """Clear audit values, waiting jobs, mails and late costs of an erased customer (system transaction)."""
    values: dict[str, Any] = {
        "business_id": business_id,
        "customers": list(customer_ids),
        "conversations": list(conversation_ids),
        "customer_names": [str(one) for one in customer_ids],
        "conversation_names": [str(one) for one in conversation_ids],
    }
    for statement in _UNNAME:
        await db.execute(statement, {name: value for name, value in values.items() if f":{name}" in statement})
    emails = [decrypt_system(one, _CONTEXT) for one in sealed]
    if emails:
        await db.execute(_MAIL_TO, {"business_id": business_id, "emails": emails})
    if conversation_ids:
        await _drop_mail_about(db, business_id, values["conversation_names"])


async def _drop_mail_about(db: Db, business_id: UUID | None, conversations: list[str]) -> None:
    """Mail to staff is encrypted, so each one is read: those with a link to an erased conversation go."""
    after = UUID(int=0)
    while True:
        page = (await db.execute(_MAIL_ABOUT, {"business_id": business_id, "after": after, "most": PAGE})).all()
        named = [row.id for row in page if any(one in decrypt_system(row.text, "mails.text") for one in conversations)]
        if named:
            await db.execute("delete from mails where id = any(:ids)", {"ids": named})
        if len(page) < PAGE:
            return
        after = page[-1].id
