"""Customers with addresses, messages and marks, written straight into the rows, for tests of what staff see of them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from omni_app.customers.addresses import Address, normalize_email, normalize_phone
from omni_app.customers.identifying import create_customer
from omni_app.infra.clock import now
from omni_app.infra.crypto import encrypt, unwrap_data_key
from omni_app.infra.database import open_db
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope
from tests.making import rows


def address_of(given: str) -> Address:
    """An e-mail when it has an @, a number when it starts with +, else a visitor's id in the chat."""
    if "@" in given:
        return Address(kind="email", channel="", value=normalize_email(given, "email"))
    if given.startswith("+"):
        return Address(kind="phone", channel="", value=normalize_phone(given, "phone"))
    return Address(kind="external", channel="chat", value=given)


async def make_customer(scope: Scope, given: str, name: str = "", **columns: Any) -> UUID:
    """A customer with one proven address; `columns` are written as they are (json columns as JSON text)."""
    async with open_db(scope) as db:
        customer = await create_customer(db, address_of(given), name)
    for column, value in columns.items():
        await rows(f"update customers set {column} = :value where id = :id returning id", value=value, id=customer.id)
    return customer.id


async def claim(scope: Scope, customer_id: UUID, given: str) -> UUID:
    """An address they typed and nothing proves."""
    address, point_id = address_of(given), new_id()
    (row,) = await rows("select data_key from customers where id = :id", id=customer_id)
    await rows(
        """insert into contact_points (id, business_id, customer_id, kind, channel, value, value_index, proof, created_at)
           values (:id, :business_id, :customer_id, :kind, '', :value, :index, 'claimed', now()) returning id""",
        id=point_id,
        business_id=scope.business_id,
        customer_id=customer_id,
        kind=address.kind,
        value=encrypt(unwrap_data_key(row["data_key"]), address.value, "contact_points.value"),
        index=address.index,
    )
    return point_id


async def talk(scope: Scope, customer_id: UUID, *said: tuple[str, int], channel: str = "chat", **columns: Any) -> UUID:
    """A conversation of (role, seconds after its start); each answer of the AI cost 1,000 nano-dollars."""
    conversation_id, start = new_id(), now() - timedelta(hours=1)
    await rows(
        """insert into conversations (id, business_id, customer_id, channel, status, speaker, priority, subject, summary,
             summarised_seq, language, page, handover_summary, last_seq, last_customer_seq, answered_seq, last_text, last_role,
             last_message_at, last_customer_at, fence, created_at)
           values (:id, :business_id, :customer_id, :channel, 'open', 'ai', 'normal', '', '', 0, '', '{}', '', :last, :last,
             :last, '', '', :at, :at, 0, :at) returning id""",
        id=conversation_id,
        business_id=scope.business_id,
        customer_id=customer_id,
        channel=channel,
        last=len(said),
        at=start,
    )
    for seq, (role, seconds) in enumerate(said, 1):
        await rows(
            """insert into messages (id, business_id, conversation_id, customer_id, seq, role, text, status, source, sources,
                 attachments, offers_person, cost_nusd, created_at)
               values (:id, :business_id, :conversation_id, :customer_id, :seq, :role, :text, 'sent', :source, '[]', '[]', false,
                 :cost, :at) returning id""",
            id=new_id(),
            business_id=scope.business_id,
            conversation_id=conversation_id,
            customer_id=customer_id,
            seq=seq,
            role=role,
            text=f"{role} {seq}",
            source="faq" if role == "assistant" else None,
            cost=1000 if role == "assistant" else 0,
            at=start + timedelta(seconds=seconds),
        )
    for column, value in columns.items():
        await rows(f"update conversations set {column} = :value where id = :id returning id", value=value, id=conversation_id)
    return conversation_id
