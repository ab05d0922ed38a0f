"""What stands between a message and its answer, through the whole turn on real PostgreSQL and Redis."""

from datetime import timedelta
from typing import Any

import pytest

from omni_app.infra.background import finish_tasks
from omni_app.infra.clock import now
from omni_app.infra.database import open_db, system_db
from omni_app.infra.errors import Forbidden, TooMany
from omni_app.limits.abuse import lift_customer
from omni_app.limits.abuse_rules import set_abuse_rules
from omni_app.limits.refusals import flush_refusals
from omni_app.orchestrator.sayings import SAYINGS
from omni_app.orchestrator.turn import process, receive
from tests.making import Made, inbound, make_business, rows
from tests.orchestrator.wire import traced

pytestmark = pytest.mark.usefixtures("database")

NOISE = "$%^&*()#@!~{}"
# Addresses of the public internet that stand on no list.
HERE, ELSEWHERE = "8.8.8.8", "9.9.9.9"


async def events(*columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[one] for one in columns) for row in await rows("select * from abuse_events order by created_at, id")]


async def restrict(kind: str, lasts: timedelta = timedelta(hours=2)) -> None:
    async with system_db("test") as db:
        await db.execute(
            "update customers set restriction = :kind, restricted_until = :until", {"kind": kind, "until": now() + lasts}
        )


async def say(made: Made, *texts: str, **values: Any) -> None:
    for text in texts:
        await receive(made.scope, inbound(text, **values))


async def test_noise_climbs_from_noted_to_blocked_and_the_customer_is_told_when_to_come_back() -> None:
    made = await make_business()
    async with open_db(made.scope) as db:
        await set_abuse_rules(db, throttle_seconds=1, throttle_after=2, block_after=3)
    await say(made, NOISE, NOISE)
    assert await events("kind", "action") == [("gibberish", "noted"), ("gibberish", "throttled")]
    await say(made, NOISE)  # the first message of a slow time passes
    assert await events("action") == [("noted",), ("throttled",), ("blocked",)]
    with pytest.raises(TooMany, match=r"take no messages from here.*write again in 2 hours") as refused:
        await say(made, "Where can I park?")
    assert timedelta(hours=1) < refused.value.retry_after <= timedelta(hours=2)
    assert len(await rows("select 1 from messages where role = 'customer'")) == 3
    (row,) = await rows("select conversation_id from abuse_events where action = 'blocked'")
    assert row["conversation_id"] == (await rows("select id from conversations"))[0]["id"]


async def test_who_was_slowed_down_writes_one_message_at_a_time() -> None:
    made = await make_business()
    await say(made, "Where can I park?")
    await restrict("throttled")
    await say(made, "Do you treat children?")
    with pytest.raises(TooMany, match=r"one message every 20 seconds.*again in \d+ seconds") as refused:
        await say(made, "Hello?")
    assert refused.value.retry_after <= timedelta(seconds=20)
    await flush_refusals()
    (kept,) = await rows("select limit_name, subject_kind, most, count from limit_refusals")
    assert kept == {"limit_name": "throttled", "subject_kind": "customer", "most": 1, "count": 1}


async def test_a_restriction_ends_by_itself_and_by_hand() -> None:
    made = await make_business()
    await say(made, "Where can I park?")
    await restrict("blocked", timedelta(seconds=-1))
    await say(made, "Do you treat children?")
    await restrict("blocked")
    with pytest.raises(TooMany):
        await say(made, "Hello?")
    (customer,) = await rows("select id from customers")
    async with open_db(made.scope) as db:
        await lift_customer(db, customer["id"])
    await say(made, "Hello again?")


async def test_who_talks_with_a_person_is_slowed_down_at_most() -> None:
    made = await make_business()
    assert (await process(made.scope, inbound("I want to talk to a person"))).speaker == "human"
    await say(made, NOISE)
    async with open_db(made.scope) as db:
        await set_abuse_rules(db, throttle_seconds=1, throttle_after=1, block_after=2)
    await say(made, NOISE)
    assert (await events("action"))[-1] == ("throttled",)
    await restrict("blocked")
    with pytest.raises(TooMany, match="one message every") as refused:
        await say(made, "Are you still there?", "Are you there?")
    assert refused.value.retry_after <= timedelta(seconds=1)


async def test_six_messages_in_ten_seconds_are_one_sign_and_each_is_answered() -> None:
    made = await make_business()
    texts = ("Is there parking?", "price of a checkup", "do you see kids", "a fourth thing", "a fifth thing")
    await say(made, *texts)
    assert await events("kind") == []
    await say(made, "a sixth thing", "a seventh thing")
    assert await events("kind", "action") == [("rapid_fire", "noted")]


async def test_a_delivery_repeated_ten_times_is_no_abuse() -> None:
    made = await make_business()
    for _ in range(10):
        await receive(made.scope, inbound("Is there parking?", client_id="one"))
    assert await events("kind") == []


async def test_the_same_question_again_is_met_with_the_offer_of_a_person_and_no_restriction() -> None:
    made = await make_business()
    texts = ("price of a checkup", "Price of a checkup?", "price of a  CHECKUP!")
    first, second, third = [await process(made.scope, inbound(text)) for text in texts]
    assert SAYINGS["en"].asked_before not in (first.reply_text or "") + (second.reply_text or "")
    assert third.reply_text == f"A check-up is $189.\n\n{SAYINGS['en'].asked_before}"
    assert (await rows("select offers_person from messages where role = 'assistant' order by seq"))[-1] == {"offers_person": True}
    assert await events("kind", "action") == [("repetition", "noted")]
    assert await rows("select trust, restriction from customers") == [{"trust": 30, "restriction": ""}]
    # The shared answer stays as it was taught.
    other = await process(made.scope, inbound("price of a checkup", who="visitor-2"))
    assert other.reply_text == "A check-up is $189."
    assert (await process(made.scope, inbound("yes please"))).handed_over


async def test_greetings_and_small_answers_are_no_repetition() -> None:
    made = await make_business()
    for _ in range(4):
        await say(made, "good morning")
    assert [kind for (kind,) in await events("kind") if kind == "repetition"] == []


async def test_an_address_of_a_list_is_a_mark_and_lowers_trust_but_everybody_is_answered() -> None:
    made = await make_business()
    outcome = await process(made.scope, inbound("price of a checkup", network_address="192.0.2.7"))
    assert outcome.reply_text == "A check-up is $189."
    assert await events("kind", "action") == [("bad_address", "noted")]
    assert await rows("select trust, restriction from customers") == [{"trust": 20, "restriction": ""}]
    await say(made, "Where can I park?", network_address="192.0.2.7")
    assert len(await events("kind")) == 1


async def test_somebody_new_at_an_address_that_was_blocked_is_known() -> None:
    made, other = await make_business(), await make_business("Other")
    async with open_db(made.scope) as db:
        await set_abuse_rules(db, throttle_seconds=1, throttle_after=1, block_after=2)
    await say(made, NOISE, NOISE, network_address=HERE)
    await say(made, "price of a checkup", who="visitor-2", network_address=HERE)
    await say(made, "price of a checkup", who="visitor-3", network_address=ELSEWHERE)
    await say(other, "price of a checkup", who="visitor-4", network_address=HERE)
    assert await events("kind", "action") == [("gibberish", "throttled"), ("gibberish", "blocked"), ("known_abuser", "noted")]
    assert HERE not in str(await rows("select address_index, evidence from abuse_events"))


async def test_behind_a_private_address_may_be_everybody() -> None:
    made = await make_business()
    async with open_db(made.scope) as db:
        await set_abuse_rules(db, throttle_after=1, block_after=2, throttle_seconds=1)
    await say(made, NOISE, NOISE, network_address="10.0.0.7")
    await say(made, "price of a checkup", who="visitor-2", network_address="10.0.0.7")
    assert [kind for (kind,) in await events("kind")] == ["gibberish", "gibberish"]


async def test_nothing_is_looked_for_when_it_is_switched_off() -> None:
    made = await make_business()
    async with open_db(made.scope) as db:
        await set_abuse_rules(db, is_on=False)
    await say(made, NOISE, NOISE, NOISE, NOISE, NOISE, network_address="192.0.2.7")
    assert await events("kind") == []


async def test_blocked_by_staff_stays_blocked_whatever_the_restriction_says() -> None:
    made = await make_business()
    await say(made, "Where can I park?")
    await restrict("throttled")
    async with system_db("test") as db:
        await db.execute("update customers set blocked_at = now()")
    with pytest.raises(Forbidden):
        await say(made, "Where can I park?")


async def test_a_refused_message_takes_nothing_from_the_days_number() -> None:
    made = await make_business(daily_messages=2)
    await say(made, "Where can I park?")
    await restrict("blocked")
    for _ in range(3):
        with pytest.raises(TooMany):
            await say(made, "Hello?")
    await restrict("")
    await say(made, "Where can I park?")


async def test_an_ordinary_message_costs_no_statement_more() -> None:
    made = await make_business()
    await say(made, "Is there parking?")
    await finish_tasks(30)  # the first message of a month asks once how full it is
    with traced() as wire:
        await say(made, "price of a checkup", network_address=HERE)
    assert wire.statements == 5  # begin, scope, facts, message, commit
