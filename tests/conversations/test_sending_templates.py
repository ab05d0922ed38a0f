"""Templates as staff send them."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from omni_app.channels.contract import ConsentChange, Identifier, Sender, TemplateInfo, TemplateUse
from omni_app.channels.templates import keep_templates
from omni_app.conversations.consent import apply_consent
from omni_app.conversations.handling import close_conversation
from omni_app.conversations.templates import Started, send_template, start_with_template
from omni_app.customers.addresses import Address
from omni_app.customers.identifying import create_customer
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound
from omni_app.infra.scope import Scope
from tests.conversations.desk import make_desk, state, thread
from tests.conversations.wires import Line, make_line
from tests.making import rows

VISIT = TemplateInfo(name="visit", language="en", status="approved", category="utility", body="See you on {{1}}.")
OFFER = replace(VISIT, name="offer", category="marketing")
USE = TemplateUse(name="visit", language="en", variables={"1": "Monday"})
NO = ConsentChange(
    sender=Sender(identifiers=(Identifier(kind="phone", value="+16505551234"),)), purpose="marketing", is_given=False
)


async def make_templates() -> Line:
    line = await make_line()
    async with open_db(line.desk.system) as db:
        await keep_templates(db, line.connection_id, [VISIT, OFFER])
    return line


async def send(line: Line, use: TemplateUse = USE, scope: Scope | None = None, client_id: str | None = None) -> UUID:
    async with open_db(scope or line.desk.maya) as db:
        return await send_template(db, line.conversation_id, use, client_id)


async def test_a_template_takes_the_conversation_over_and_goes_out_filled_in(database: object) -> None:
    line = await make_templates()
    message_id = await send(line, client_id="once")
    assert await send(line, client_id="once") == message_id
    assert (await thread(line.conversation_id))[-1][1:] == ("staff", "See you on Monday.")
    assert (await state(line.conversation_id))["speaker"] == "human"
    await line.deliver()
    (taken,) = line.provider.taken
    assert taken.template == USE
    assert (await line.message(message_id))["kind"] == "template"


async def test_a_draft_survives_a_template(database: object) -> None:
    line = await make_templates()
    await rows(
        """insert into drafts (business_id, member_id, conversation_id, kind, text, updated_at)
           values (:business_id, :member_id, :id, 'reply', 'half a thou', now()) returning kind""",
        business_id=line.desk.maya.business_id,
        member_id=line.desk.maya.actor.id,
        id=line.conversation_id,
    )
    await send(line)
    assert len(await rows("select 1 as x from drafts")) == 1


async def test_only_staff_of_the_business_who_may_reply_send_templates(database: object) -> None:
    line = await make_templates()
    other = await make_desk("Other")
    with pytest.raises(NotFound):
        await send(line, scope=other.maya)
    for scope in (line.desk.vera, line.desk.system):
        with pytest.raises(Forbidden):
            await send(line, scope=scope)
    with pytest.raises(NotFound):
        await send(line, replace(USE, name="unknown"))


async def test_a_closed_conversation_and_one_of_the_widget_take_none(database: object) -> None:
    line = await make_templates()
    written = await line.desk.ask(who="visitor-2")
    with pytest.raises(Invalid):
        async with open_db(line.desk.maya) as db:
            await send_template(db, written.conversation_id, USE)
    async with open_db(line.desk.maya) as db:
        await close_conversation(db, line.conversation_id)
    with pytest.raises(Conflict):
        await send(line)


async def test_who_wants_no_marketing_gets_none_but_is_reminded(database: object) -> None:
    line = await make_templates()
    async with open_db(line.desk.system) as db:
        await apply_consent(db, line.customer_id, "whatsapp", NO)
    with pytest.raises(Conflict):
        await send(line, replace(USE, name="offer"))
    await send(line)


async def make_customer(line: Line, number: str = "+16505559999") -> UUID:
    async with open_db(line.desk.system) as db:
        return (await create_customer(db, Address(kind="phone", channel="", value=number))).id


async def start(line: Line, customer_id: UUID, scope: Scope | None = None) -> Started:
    async with open_db(scope or line.desk.maya) as db:
        return await start_with_template(db, customer_id, line.connection_id, USE)


async def test_two_who_write_first_at_once_begin_one_conversation(database: object) -> None:
    line = await make_templates()
    customer_id = await make_customer(line)
    one, other = await asyncio.gather(start(line, customer_id), start(line, customer_id, line.desk.tom))
    assert one.conversation_id == other.conversation_id
    assert len(await thread(one.conversation_id)) == 2
    row = await state(one.conversation_id)
    assert (row["channel"], row["connection_id"], row["speaker"]) == ("whatsapp", line.connection_id, "human")


async def test_a_closed_conversation_is_opened_again_to_write_first(database: object) -> None:
    line = await make_templates()
    customer_id = await make_customer(line)
    started = await start(line, customer_id)
    async with open_db(line.desk.maya) as db:
        await close_conversation(db, started.conversation_id)
    assert (await start(line, customer_id)).conversation_id == started.conversation_id
    assert (await state(started.conversation_id))["status"] == "open"


async def test_writing_first_needs_an_address_and_a_customer_of_ours(database: object) -> None:
    line = await make_templates()
    other = await make_desk("Other")
    async with open_db(line.desk.system) as db:
        mail_only = await create_customer(db, Address(kind="email", channel="", value="ann@example.com"))
    with pytest.raises(Invalid):
        await start(line, mail_only.id)
    for customer_id, scope in ((uuid4(), line.desk.maya), (mail_only.id, other.maya)):
        with pytest.raises(NotFound):
            await start(line, customer_id, scope)
