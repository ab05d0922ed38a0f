"""A test message over a connection: sent once, paid for, and what the provider says of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest

from omni_app.channels.connections import switch_connection
from omni_app.channels.failures import Refused, Revoked
from omni_app.channels.lights import list_cut_off, load_lights
from omni_app.channels.testing import MOST, TEXT, WINDOW, read_receiver, send_test
from omni_app.channels.tried import Tried, load_tried
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unavailable
from omni_app.infra.scope import Permission
from omni_app.limits.window import take
from tests.channels.meta import connect
from tests.channels.whatsapp.line import CUSTOMER, WhatsAppLine, open_whatsapp
from tests.harness.simulator import Sandbox
from tests.making import make_business, rows


@pytest.fixture
async def line(database: object, sandbox: Sandbox) -> AsyncIterator[WhatsAppLine]:
    async with open_whatsapp(sandbox, answers=False) as opened:
        yield opened


async def booked(line: WhatsAppLine) -> list[int]:
    found = await rows("select cost_nusd from ledger_entries where business_id = :id", id=line.made.scope.business_id)
    return [row["cost_nusd"] for row in found]


async def test_it_is_sent_once_and_paid_for(line: WhatsAppLine) -> None:
    await line.number.inbound(**{"from": CUSTOMER, "name": "Sheena", "text": "Hello"})
    words = await send_test(line.made.scope, line.connection_id, "+1 650 555 1234")
    assert words == "WhatsApp took the message for +16505551234."
    (taken,) = await line.number.outbox()
    assert taken["text"] == TEXT
    assert await booked(line) == [5_000_000]
    assert await rows("select id from reservations where settled_at is null") == []
    (noted,) = await rows("select after from audit_entries where action = 'channel.test_sent'")
    assert noted["after"] == {"name": "Front desk", "is_sent": True}


async def test_what_the_provider_tells_of_it_later_is_its_result(line: WhatsAppLine) -> None:
    await line.number.inbound(**{"from": CUSTOMER, "name": "Sheena", "text": "Hello"})
    await line.hear()

    async def tried() -> Tried:
        async with open_db(line.made.scope) as db:
            return await load_tried(db, line.connection_id)

    assert await tried() == Tried()
    await send_test(line.made.scope, line.connection_id, f"+{CUSTOMER}")
    assert not (await tried()).is_told
    taken = (await line.number.outbox())[-1]
    delivered, opened = "It was delivered.", "It was delivered and opened."
    for state, words in (("delivered", delivered), ("sent", delivered), ("read", opened)):
        await line.number.status(taken["id"], state)
        await line.hear()
        assert (await tried()).words == words
    events = await rows("select distinct status from channel_events")
    assert events == [{"status": "handled"}]
    await line.number.fault("fail_later")
    await send_test(line.made.scope, line.connection_id, f"+{CUSTOMER}")
    await line.number.sandbox.settled()
    await line.hear()
    found = await tried()
    assert (found.is_lost, found.words, found.problem != "") == (True, "It was not delivered.", True)


async def test_what_the_provider_refuses_costs_nothing_and_is_said_in_its_words(line: WhatsAppLine) -> None:
    await line.number.inbound(**{"from": CUSTOMER, "name": "Sheena", "text": "Hello"})
    await line.number.fault("reject")
    with pytest.raises(Refused) as refused:
        await send_test(line.made.scope, line.connection_id, f"+{CUSTOMER}")
    assert len(str(refused.value)) > 10
    await line.number.fault("server_error", count=None)
    with pytest.raises(Unavailable):
        await send_test(line.made.scope, line.connection_id, f"+{CUSTOMER}")
    assert [cost for cost in await booked(line) if cost] == []
    assert await line.number.outbox() == []


async def test_a_withdrawn_token_turns_the_light_red(line: WhatsAppLine) -> None:
    await line.number.fault("revoked", count=None)
    with pytest.raises(Revoked):
        await send_test(line.made.scope, line.connection_id, f"+{CUSTOMER}")
    async with open_db(line.staff) as db:
        (cut_off,) = await list_cut_off(db)
    assert (cut_off.id, cut_off.channel, cut_off.name) == (line.connection_id, "whatsapp", "Front desk")
    async with open_db(line.made.scope) as db:
        await switch_connection(db, line.connection_id, False)
        assert await list_cut_off(db) == []
    with pytest.raises(Conflict):
        await send_test(line.made.scope, line.connection_id, f"+{CUSTOMER}")


@pytest.mark.usefixtures("database")
async def test_wrong_receivers_strangers_and_too_many_are_refused() -> None:
    made, other = await make_business(faqs=()), await make_business(faqs=())
    connection_id, _ = await connect(made)
    with pytest.raises(Invalid) as problem:
        await send_test(made.scope, connection_id, "call me")
    assert problem.value.fields[0].field == "to"
    for scope, connection, error in (
        (other.scope, connection_id, NotFound),
        (made.scope, uuid4(), NotFound),
        (replace(made.scope, permissions=frozenset({Permission.VIEW, Permission.REPLY})), connection_id, Forbidden),
    ):
        with pytest.raises(error):
            await send_test(scope, connection, "+19025550123")
    for _ in range(MOST):
        await take("channel-test", str(made.scope.business_id), MOST, WINDOW)
    with pytest.raises(TooMany):
        await send_test(made.scope, connection_id, "+19025550123")


@pytest.mark.parametrize(
    ("channel", "typed", "kind", "value"),
    [
        ("email", " Ann@Example.com ", "email", "ann@example.com"),
        ("whatsapp", "+1 (902) 555-0123", "phone", "+19025550123"),
        ("telegram", " 424242 ", "external", "424242"),
    ],
)
def test_a_receiver_is_read_as_its_channel_writes_it(channel: str, typed: str, kind: str, value: str) -> None:
    receiver = read_receiver(channel, typed)
    assert (receiver.kind, receiver.value) == (kind, value)


@pytest.mark.parametrize(("channel", "typed"), [("email", "ann"), ("sms", "5550123"), ("telegram", " "), ("telegram", "a\nb")])
def test_what_is_no_address_is_refused(channel: str, typed: str) -> None:
    with pytest.raises(Invalid):
        read_receiver(channel, typed)


@pytest.mark.usefixtures("database")
async def test_lights_tell_pauses_and_the_last_event_of_their_own_business_only() -> None:
    made, other = await make_business(faqs=()), await make_business(faqs=())
    connection_id, _ = await connect(made)
    await rows(
        """insert into channel_events (id, business_id, connection_id, hook, event_key, order_key, body, storage_key, size,
             status, detail, attempts, received_at)
           select gen_random_uuid(), business_id, id, 'meta/whatsapp', n::text, '', '', '', 0,
             case when n = 2 then 'failed' else 'handled' end, '', 1, now() - n * interval '1 hour'
           from channel_connections, generate_series(1, 3) n where id = :id returning id""",
        id=connection_id,
    )
    await rows(
        "update channel_connections set paused_until = now() + interval '1 minute' where id = :id returning id", id=connection_id
    )
    async with open_db(made.scope) as db:
        light = (await load_lights(db))[connection_id]
    assert light.failed == 1
    assert light.paused_until is not None
    assert light.last_event_at is not None
    await rows(
        "update channel_connections set paused_until = now() - interval '1 minute' where id = :id returning id", id=connection_id
    )
    async with open_db(made.scope) as db:
        assert (await load_lights(db))[connection_id].paused_until is None
    async with open_db(other.scope) as db:
        assert await load_lights(db) == {}
    viewer = replace(made.scope, permissions=frozenset({Permission.VIEW}))
    async with open_db(viewer) as db:
        with pytest.raises(Forbidden):
            await load_lights(db)
