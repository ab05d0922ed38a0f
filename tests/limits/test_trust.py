"""What trust is made of, and when it is reckoned anew."""

from datetime import UTC, datetime, timedelta

import pytest

from omni_app.customers.blocking import block_customer, unblock_customer
from omni_app.customers.jobs import RefreshTrust
from omni_app.customers.verifying import unverify_customer, verify_customer
from omni_app.infra.clock import now
from omni_app.infra.database import open_db, system_db
from omni_app.infra.errors import NotFound
from omni_app.infra.ids import new_id
from omni_app.limits.trust import Standing, Strike, load_trust, refresh_batch, refresh_trust, trust_score
from omni_app.orchestrator.turn import process
from tests.making import inbound, make_business, rows
from workers.trust import reckon_trust, refresh_all_trust

AT = datetime(2026, 5, 1, tzinfo=UTC)


def score(**values: object) -> int:
    return trust_score(Standing(**{"since": AT, **values}), AT).score  # type: ignore[arg-type]


def strike(kind: str, action: str = "noted", days: int = 0, points: float = 0.0) -> Strike:
    return Strike(kind=kind, action=action, at=AT - timedelta(days=days), score=points)


def test_somebody_new_begins_with_thirty() -> None:
    assert score() == 30


def test_everything_good_makes_a_hundred() -> None:
    assert score(is_verified=True, has_proof=True, since=AT - timedelta(days=400), messages=100, endings=20) == 100


def test_each_good_thing_has_its_weight() -> None:
    assert score(is_verified=True) == 60
    assert score(has_proof=True) == 40
    assert score(since=AT - timedelta(days=45)) == 35
    assert score(messages=12) == 33
    assert score(endings=2) == 34


def test_signs_cost_and_fade_within_ninety_days() -> None:
    assert score(strikes=[strike("gibberish")]) == 25
    assert score(strikes=[strike("rapid_fire", "throttled")]) == 15
    assert score(strikes=[strike("rapid_fire", "blocked")]) == 0
    assert score(strikes=[strike("rapid_fire", "blocked", days=45)]) == 15
    assert score(strikes=[strike("rapid_fire", "blocked", days=90)]) == 30


def test_an_address_counts_once_and_a_repeated_question_nothing() -> None:
    assert score(strikes=[strike("bad_address", points=0.5)] * 3) == 20
    assert score(strikes=[strike("bad_address", points=1.0)]) == 10
    assert score(strikes=[strike("known_abuser")] * 2) == 15
    assert score(strikes=[strike("repetition")] * 5) == 30


def test_it_stays_between_nothing_and_a_hundred_and_says_why() -> None:
    standing = Standing(since=AT, strikes=[strike("gibberish", "blocked")] * 4)
    trust = trust_score(standing, AT)
    assert trust.score == 0
    assert [(one.points, one.words) for one in trust.reasons] == [
        (30, "Everybody begins with this"),
        (-120, "Was blocked for a time"),
    ]
    assert score(is_blocked=True, is_verified=True) == 0


def test_a_clock_set_back_makes_nobody_worse() -> None:
    assert score(since=AT + timedelta(days=3), strikes=[strike("gibberish", days=-3)]) == 25


@pytest.mark.usefixtures("database")
async def test_vouching_and_blocking_ask_for_it_anew() -> None:
    made = await make_business()
    await process(made.scope, inbound("price of a checkup"))
    (customer,) = await rows("select id, trust from customers")
    assert customer["trust"] == 30
    for change, trust in (
        (lambda db: verify_customer(db, customer["id"], "Called us"), 60),
        (lambda db: block_customer(db, customer["id"], "spam"), 0),
        (lambda db: unblock_customer(db, customer["id"]), 60),
        (lambda db: unverify_customer(db, customer["id"], "Wrong one"), 30),
    ):
        async with open_db(made.scope) as db:
            await change(db)
        assert await rows("select 1 from outbox where name = 'RefreshTrust'")
        await reckon_trust(made.scope.business_id, RefreshTrust(customer_id=customer["id"]))
        assert (await rows("select trust from customers"))[0]["trust"] == trust
        async with open_db(made.scope) as db:
            assert (await load_trust(db, customer["id"])).score == trust


@pytest.mark.usefixtures("database")
async def test_history_is_counted_by_the_sweep_and_ended_restrictions_go() -> None:
    made = await make_business()
    await process(made.scope, inbound("price of a checkup"))
    async with system_db("test") as db:
        await db.execute("update customers set created_at = :then", {"then": now() - timedelta(days=90)})
        await db.execute("update conversations set status = 'closed'")
        await db.execute("update customers set restriction = 'blocked', restricted_until = :then", {"then": now()})
    await refresh_all_trust()
    assert await rows("select trust, restriction from customers") == [{"trust": 42, "restriction": ""}]
    async with system_db("test") as db:
        assert await refresh_batch(db, None, now()) == (None, 0)


@pytest.mark.usefixtures("database")
async def test_another_business_has_no_say() -> None:
    mine, theirs = await make_business(), await make_business("Other")
    await process(theirs.scope, inbound("price of a checkup"))
    (customer,) = await rows("select id from customers")
    async with open_db(mine.scope) as db:
        for one in (customer["id"], new_id()):
            with pytest.raises(NotFound):
                await load_trust(db, one)
            with pytest.raises(NotFound):
                await refresh_trust(db, one)
    await reckon_trust(mine.scope.business_id, RefreshTrust(customer_id=customer["id"]))
