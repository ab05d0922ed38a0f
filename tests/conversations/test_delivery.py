"""What providers and staff say of messages that left."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omni_app.channels.contract import DeliveryUpdate, Pricing, ProviderError
from omni_app.channels.failures import Refused, Uncertain
from omni_app.conversations.delivery import apply_update, ask_about_unknown, list_unknown, mark_arrived, retry_delivery
from omni_app.conversations.progress import RANKS
from omni_app.conversations.reading import count_folders, list_messages
from omni_app.conversations.sending import send_reply
from omni_app.infra.database import open_db, system_db
from omni_app.infra.errors import Conflict, Forbidden, NotFound
from omni_app.infra.scope import Scope
from tests.conversations.wires import ADAPTER, Line, age, budget, connect, due_now, ledger, make_line
from tests.making import make_business, rows

pytestmark = pytest.mark.usefixtures("database")
PRICE = 5_000_000
REFUSED = ProviderError(code="131026", text="Message undeliverable", kind="recipient")


async def say(line: Line, text: str = "Hello from Maya.") -> UUID:
    async with open_db(line.desk.maya) as db:
        return await send_reply(db, line.conversation_id, text, str(uuid4()))


async def tell(line: Line, *updates: DeliveryUpdate, connection_id: UUID | None = None) -> list[bool]:
    found = []
    for update in updates:
        async with open_db(line.desk.system) as db:
            found.append(await apply_update(db, connection_id or line.connection_id, update))
    return found


async def retry(scope: Scope, message_id: UUID) -> None:
    async with open_db(scope) as db:
        await retry_delivery(db, message_id)


async def ask_staff() -> list[tuple[UUID, UUID, int]]:
    async with system_db("test") as db:
        return await ask_about_unknown(db)


async def test_statuses_move_a_message_on_and_never_back() -> None:
    line = await make_line()
    message_id = await say(line)
    await line.deliver()
    at = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    assert await tell(line, DeliveryUpdate(status="read", provider_id="wamid.1", at=at)) == [True]
    assert await tell(line, DeliveryUpdate(status="delivered", provider_id="wamid.1")) == [True]
    assert await tell(line, DeliveryUpdate(status="failed", provider_id="wamid.1", error=REFUSED)) == [True]
    part, message = await line.part(), await line.message(message_id)
    assert (part["status"], part["read_at"], part["delivered_at"], part["error"]) == ("read", at, at, "")
    assert (message["status"], message["problem"]) == ("read", "")


async def test_a_status_that_comes_before_our_own_note_is_kept() -> None:
    line = await make_line()
    message_id = await say(line)
    part_id = (await line.part())["id"]

    async def early() -> None:
        await tell(line, DeliveryUpdate(status="delivered", provider_id="wamid.1", delivery_id=part_id))

    line.provider.acts.append(early)
    await line.deliver()
    message = await line.message(message_id)
    assert (message["status"], message["external_id"]) == ("delivered", "wamid.1")


async def test_news_of_a_message_nobody_knows_is_not_taken() -> None:
    line = await make_line()
    await say(line)
    await line.deliver()
    strange = DeliveryUpdate(status="read", provider_id="wamid.other", delivery_id=uuid4())
    assert await tell(line, strange, DeliveryUpdate(status="read")) == [False, False]
    other = await connect(line.desk, "Second number")
    assert await tell(line, DeliveryUpdate(status="read", provider_id="wamid.1"), connection_id=other) == [False]
    stranger = (await make_business("Elsewhere", faqs=())).scope
    async with open_db(stranger) as db:
        assert not await apply_update(db, line.connection_id, DeliveryUpdate(status="read", provider_id="wamid.1"))
    assert await line.statuses() == ["sent"]


async def test_a_status_tells_what_became_of_an_unknown_message() -> None:
    line = await make_line(Uncertain("no answer"), Uncertain("no answer"))
    messages = [await say(line, "one"), await say(line, "two")]
    await line.deliver()
    first, second = [row["id"] for row in await line.parts()]
    await tell(
        line,
        DeliveryUpdate(status="sent", provider_id="wamid.late", delivery_id=first),
        DeliveryUpdate(status="failed", provider_id="wamid.no", delivery_id=second, error=REFUSED),
    )
    assert [(await line.message(one))["status"] for one in messages] == ["sent", "failed"]
    assert (await line.message(messages[0]))["external_id"] == "wamid.late"
    assert (await line.message(messages[1]))["problem"] == "Message undeliverable"
    assert line.provider.taken == []


async def test_the_provider_s_price_is_booked_once_and_nothing_for_a_free_one() -> None:
    line = await make_line()
    await say(line)
    await line.deliver()
    billed = Pricing(is_billable=True, category="service", model="CBP")
    for status in ("sent", "delivered"):
        await tell(line, DeliveryUpdate(status=status, provider_id="wamid.1", pricing=billed))  # type: ignore[arg-type]
    assert await ledger(line) == [(PRICE, "service CBP")]
    assert await budget(line) == (PRICE, 0)
    part = await line.part()
    assert (part["cost_nusd"], part["pricing"]["category"]) == (PRICE, "service")

    free = await make_line()
    await say(free)
    await free.deliver()
    await tell(free, DeliveryUpdate(status="sent", provider_id="wamid.1", pricing=Pricing(is_billable=False, category="service")))
    assert await ledger(free) == [(0, "service")]
    assert await budget(free) == (0, 0)


async def test_what_failed_costs_nothing_and_what_turned_up_is_booked() -> None:
    can = replace(ADAPTER.capabilities, bills_window=False)
    line = await make_line(Uncertain("no answer"), Uncertain("no answer"), can=can)
    await say(line, "one")
    await say(line, "two")
    await line.deliver()
    assert await budget(line) == (0, 2 * PRICE)
    first, second = [row["id"] for row in await line.parts()]
    await tell(line, DeliveryUpdate(status="failed", delivery_id=first, error=REFUSED))
    assert await budget(line) == (0, PRICE)
    for _ in range(2):
        await tell(line, DeliveryUpdate(status="delivered", delivery_id=second))
    assert await budget(line) == (PRICE, 0)
    assert await ledger(line) == [(PRICE, "")]


async def test_after_ten_minutes_staff_are_asked_and_decide() -> None:
    line = await make_line(Uncertain("no answer"), Uncertain("no answer"))
    lost, found = await say(line, "one"), await say(line, "two")
    await line.deliver()
    assert await ask_staff() == []
    with pytest.raises(Conflict, match="not known yet"):
        await retry(line.desk.maya, lost)
    await age(line, timedelta(minutes=11), "available_at")
    assert {seq for _, _, seq in await ask_staff()} == {2, 3}
    assert await ask_staff() == []
    async with open_db(line.desk.vera) as db:
        assert [one.message_id for one in await list_unknown(db)] == [lost, found]
        assert (await count_folders(db))["waiting"] == 1
        view = (await list_messages(db, line.conversation_id, after=1))[0]
    assert view.delivery is not None
    assert (view.status, view.delivery.is_asked, view.delivery.can_retry) == ("unknown", True, True)

    async with open_db(line.desk.maya) as db:
        await mark_arrived(db, found)
        await mark_arrived(db, found)
        await retry_delivery(db, lost)
        await retry_delivery(db, lost)
    await line.deliver()
    assert line.provider.texts == ["one"]
    assert [(await line.message(one))["status"] for one in (lost, found)] == ["sent", "sent"]
    async with open_db(line.desk.vera) as db:
        assert await list_unknown(db) == []
        assert (await count_folders(db))["waiting"] == 0
    actions = await rows("select action from audit_entries where action like 'message.%' order by created_at, id")
    assert [row["action"] for row in actions] == ["message.marked_arrived", "message.sent_again"]


async def test_a_failed_message_is_sent_again_on_request() -> None:
    line = await make_line(Refused("Bad parameter", code="100"))
    message_id = await say(line)
    await line.deliver()
    with pytest.raises(Conflict, match="has not been sent"):
        async with open_db(line.desk.maya) as db:
            await mark_arrived(db, message_id)
    await asyncio.gather(retry(line.desk.maya, message_id), retry(line.desk.tom, message_id))
    assert (await line.message(message_id))["problem"] == ""
    await line.deliver()
    assert line.provider.texts == ["Hello from Maya."]
    assert await line.statuses() == ["sent"]
    with pytest.raises(Conflict, match="was sent"):
        await retry(line.desk.maya, message_id)


async def test_a_late_refusal_of_the_first_try_does_not_spoil_the_second() -> None:
    line = await make_line(Uncertain("no answer"))
    message_id = await say(line)
    await line.deliver()
    await age(line, timedelta(minutes=11), "available_at")
    await ask_staff()
    await retry(line.desk.maya, message_id)
    await line.deliver()
    part = await line.part()
    await tell(line, DeliveryUpdate(status="failed", provider_id="wamid.first", delivery_id=part["id"], error=REFUSED))
    assert (await line.message(message_id))["status"] == "sent"


async def test_what_still_cannot_go_out_is_not_tried_again() -> None:
    line = await make_line(Refused("no"))
    message_id = await say(line)
    await line.deliver()
    await rows("update channel_connections set is_on = false returning id")
    with pytest.raises(Conflict, match="switched off"):
        await retry(line.desk.maya, message_id)
    assert await line.statuses() == ["failed"]


async def test_only_those_who_may_and_only_their_own() -> None:
    line = await make_line(Refused("no"))
    message_id = await say(line)
    await line.deliver()
    with pytest.raises(Forbidden):
        await retry(line.desk.vera, message_id)
    with pytest.raises(Forbidden):
        async with open_db(line.desk.vera) as db:
            await mark_arrived(db, message_id)
    stranger = (await make_business("Elsewhere", faqs=())).scope
    with pytest.raises(NotFound):
        await retry(stranger, message_id)
    with pytest.raises(NotFound):
        await retry(line.desk.maya, uuid4())
    with pytest.raises(Forbidden):
        async with open_db(line.desk.vera) as db:
            await apply_update(db, line.connection_id, DeliveryUpdate(status="read", provider_id="x"))


async def test_statuses_of_two_parts_at_once_are_both_reckoned() -> None:
    line = await make_line()
    message_id = await say(line, "\n\n".join("word " * 700 for _ in range(2)))
    await line.deliver()
    news = [DeliveryUpdate(status="delivered", provider_id=f"wamid.{number}") for number in (1, 2)]
    await asyncio.gather(*[tell(line, one) for one in news])
    assert (await line.message(message_id))["status"] == "delivered"


NEWS = st.lists(st.sampled_from(("sent", "delivered", "read", "failed")), min_size=1, max_size=5)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(NEWS, min_size=2, max_size=2))
async def test_any_sequence_of_news_leaves_the_furthest_state(
    line_of_parts: tuple[Line, UUID], news: Sequence[list[str]]
) -> None:
    line, message_id = line_of_parts
    await rows("update deliveries set status = 'sent' where message_id = :id returning id", id=message_id)
    for number, statuses in enumerate(news, 1):
        for status in statuses:
            await tell(line, DeliveryUpdate(status=status, provider_id=f"wamid.{number}"))  # type: ignore[arg-type]
    found = await line.statuses()
    assert found == [max(("sent", *statuses), key=RANKS.__getitem__) for statuses in news]
    expected = "failed" if "failed" in found else min(found, key=RANKS.__getitem__)
    assert (await line.message(message_id))["status"] == expected


@pytest.fixture
async def line_of_parts(database: None) -> tuple[Line, UUID]:
    """A message that was sent in two parts."""
    line = await make_line()
    message_id = await say(line, "\n\n".join("word " * 700 for _ in range(2)))
    await line.deliver()
    assert len(line.provider.taken) == 2
    await due_now(line)
    return line, message_id
