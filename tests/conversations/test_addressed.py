"""From an address at a provider to the conversation in the inbox."""

import pytest

from omni_app.conversations.addressed import find_conversation
from omni_app.conversations.facts import Inbound
from omni_app.customers.addresses import Address
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden
from omni_app.infra.scope import Scope
from omni_app.orchestrator.turn import receive
from tests.channels.meta import connect
from tests.making import make_business

pytestmark = pytest.mark.usefixtures("database")


async def test_a_number_with_or_without_its_plus_leads_to_the_conversation() -> None:
    made, other = await make_business(faqs=()), await make_business(faqs=())
    connection_id, _ = await connect(made)
    address = Address(kind="phone", channel="", value="+19025550123")
    received, _ = await receive(
        made.scope, Inbound(channel="whatsapp", address=address, text="Hello", connection_id=connection_id)
    )
    async with open_db(made.scope) as db:
        for written in ("19025550123", "+19025550123"):
            assert await find_conversation(db, connection_id, written) == received.conversation_id
        for written in ("19025550124", "ann@example.com", "", "no number"):
            assert await find_conversation(db, connection_id, written) is None
    async with open_db(other.scope) as db:
        assert await find_conversation(db, connection_id, "19025550123") is None


async def test_who_may_not_look_finds_nothing() -> None:
    made = await make_business(faqs=())
    connection_id, _ = await connect(made)
    async with open_db(Scope(business_id=made.scope.business_id, actor=made.scope.actor, permissions=frozenset())) as db:
        with pytest.raises(Forbidden):
            await find_conversation(db, connection_id, "19025550123")
