"""The money of a try nobody can tell of stays held when staff send again: spending is never understated."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from omni_app.budgets.reaping import settle_abandoned
from omni_app.channels.contract import DeliveryUpdate, Pricing, ProviderError
from omni_app.channels.failures import Refused, Uncertain
from omni_app.conversations.delivery import apply_update, ask_about_unknown, retry_delivery
from omni_app.conversations.sending import send_reply
from omni_app.infra.clock import now
from omni_app.infra.database import open_db, system_db
from tests.conversations.wires import ADAPTER, Act, Line, age, budget, ledger, make_line

pytestmark = pytest.mark.usefixtures("database")
PRICE = 5_000_000
EACH = replace(ADAPTER.capabilities, bills_window=False)
"""A channel on which every message costs one."""


async def sent_again(*acts: Act, each: bool = False) -> tuple[Line, UUID]:
    """A message whose first try nobody can tell of, sent again by staff; `acts` are what becomes of that."""
    line = await make_line(Uncertain("no answer"), *acts, can=EACH if each else None)
    async with open_db(line.desk.maya) as db:
        message_id = await send_reply(db, line.conversation_id, "Hello from Maya.", str(uuid4()))
    await line.deliver()
    assert await budget(line) == (0, PRICE)
    await age(line, timedelta(minutes=11), "available_at")
    async with system_db("test") as db:
        await ask_about_unknown(db)
    async with open_db(line.desk.maya) as db:
        await retry_delivery(db, message_id)
    assert await budget(line) == (0, PRICE)
    await line.deliver()
    return line, message_id


async def tell(line: Line, **values: object) -> None:
    """The provider's news, naming the message by our own id."""
    news = DeliveryUpdate(delivery_id=(await line.part())["id"], **values)  # type: ignore[arg-type]
    async with open_db(line.desk.system) as db:
        await apply_update(db, line.connection_id, news)


async def a_day_passes() -> None:
    async with system_db("test") as db:
        await settle_abandoned(db, at=now() + timedelta(hours=25))


async def test_two_tries_in_one_window_cost_one_unit_whichever_of_them_is_billed() -> None:
    line, _ = await sent_again()
    assert await budget(line) == (0, PRICE)
    await tell(line, status="delivered", provider_id="wamid.1", pricing=Pricing(is_billable=True))
    assert await budget(line) == (PRICE, 0)
    await tell(line, status="delivered", provider_id="wamid.first", pricing=Pricing(is_billable=True))
    assert await budget(line) == (PRICE, 0)


async def test_a_second_try_that_is_free_may_be_free_because_the_first_was_billed() -> None:
    line, _ = await sent_again()
    await tell(line, status="delivered", provider_id="wamid.1", pricing=Pricing(is_billable=False))
    assert await budget(line) == (0, PRICE)
    await tell(line, status="delivered", provider_id="wamid.first", pricing=Pricing(is_billable=True))
    assert await budget(line) == (PRICE, 0)
    assert [cost for cost, _ in await ledger(line)] == [PRICE]


async def test_a_second_try_that_fails_for_good_frees_nothing_of_the_first() -> None:
    for each in (False, True):
        line, _ = await sent_again(Refused("no"), each=each)
        assert await line.statuses() == ["failed"]
        assert await budget(line) == (0, PRICE)
        await a_day_passes()
        assert await budget(line) == (PRICE, 0)


async def test_where_each_message_costs_the_first_try_is_settled_by_its_own_status() -> None:
    no = ProviderError(code="131026", text="No.")
    for news, spent in (({"status": "delivered"}, 2 * PRICE), ({"status": "failed", "error": no}, PRICE)):
        line, message_id = await sent_again(each=True)
        assert await budget(line) == (PRICE, PRICE)
        await tell(line, provider_id="wamid.first", **news)
        assert await budget(line) == (spent, 0)
        assert (await line.message(message_id))["status"] in ("sent", "delivered")
        # Done twice it is done once.
        await tell(line, provider_id="wamid.first", **news)
        assert await budget(line) == (spent, 0)


async def test_where_each_message_costs_a_first_try_nobody_told_of_is_booked_after_a_day() -> None:
    line, _ = await sent_again(each=True)
    await tell(line, status="delivered", provider_id="wamid.1")
    assert await budget(line) == (PRICE, PRICE)
    await a_day_passes()
    assert await budget(line) == (2 * PRICE, 0)


async def test_a_status_of_the_first_try_before_the_second_left_is_paid_and_nothing_is_sent_again() -> None:
    line = await make_line(Uncertain("no answer"), can=EACH)
    async with open_db(line.desk.maya) as db:
        message_id = await send_reply(db, line.conversation_id, "Hello from Maya.", str(uuid4()))
    await line.deliver()
    await age(line, timedelta(minutes=11), "available_at")
    async with system_db("test") as db:
        await ask_about_unknown(db)
    async with open_db(line.desk.maya) as db:
        await retry_delivery(db, message_id)
    await tell(line, status="delivered", provider_id="wamid.first")
    await line.deliver()
    assert line.provider.taken == []
    assert await budget(line) == (PRICE, 0)
