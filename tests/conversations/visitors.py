"""Visitors of the widget, people the business knows already, and the mail they get; for tests of who is who."""

import re
from typing import Any
from uuid import UUID, uuid4

from omni_app.conversations.facts import Inbound
from omni_app.conversations.identity import IdentityState, claim, send_code
from omni_app.conversations.receiving import Received
from omni_app.customers.addresses import Address
from omni_app.customers.identifying import CONTACT_POINT
from omni_app.infra.crypto import decrypt, decrypt_system, unwrap_data_key
from omni_app.infra.scope import Scope
from omni_app.orchestrator.turn import receive
from tests.making import rows

SOFIA = "sofia@example.com"


def browser(name: str = "visitor-1") -> Address:
    """The address of one browser's widget."""
    return Address(kind="external", channel="chat", value=name)


def mailbox(email: str = SOFIA) -> Address:
    return Address(kind="email", channel="", value=email)


async def write(scope: Scope, address: Address, text: str = "Hello?", name: str = "", **values: Any) -> Received:
    """Store one message of this address; nobody answers it."""
    message = Inbound(channel="chat", address=address, text=text, name=name, client_id=str(uuid4()), **values)
    received, _ = await receive(scope, message)
    return received


async def known(scope: Scope, email: str = SOFIA, text: str = "I order three whitening kits.", name: str = "Sofia Marin") -> UUID:
    """Somebody the business's own server vouched for, with a message in their history."""
    return (await write(scope, mailbox(email), text, name)).customer.id


async def mails(email: str = SOFIA) -> list[tuple[str, str]]:
    """(subject, text) of every mail to an address, newest first."""
    found = await rows("select subject, text from mails where to_email = :email order by created_at desc, id desc", email=email)
    return [(decrypt_system(mail["subject"], "mails.subject"), decrypt_system(mail["text"], "mails.text")) for mail in found]


async def newest_code(email: str = SOFIA) -> str:
    found = re.search(r"\b\d{6}\b", (await mails(email))[0][1])
    assert found is not None
    return found[0]


async def claim_and_get_code(scope: Scope, visitor: Address, email: str = SOFIA) -> tuple[IdentityState, str]:
    state = await claim(scope, visitor, email=email)
    await send_code(scope, visitor)
    return state, await newest_code(email)


async def points(customer_id: UUID) -> set[tuple[str, str, str, str]]:
    """(kind, channel, address in clear, proof) of a customer, read with their own key."""
    found = await rows(
        """select cp.kind, cp.channel, cp.value, cp.proof, cu.data_key from contact_points cp
           join customers cu on cu.id = cp.customer_id where cu.id = :id""",
        id=customer_id,
    )
    return {
        (p["kind"], p["channel"], decrypt(unwrap_data_key(p["data_key"]), p["value"], CONTACT_POINT), p["proof"]) for p in found
    }


async def owner_of(address: Address) -> UUID | None:
    """Whose proven address this is."""
    found = await rows(
        "select customer_id from contact_points where value_index = :index and kind = :kind and proof = 'proven'",
        index=address.index,
        kind=address.kind,
    )
    return found[0]["customer_id"] if found else None
