"""The ladder from a sign to a block, and the way back down."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from omni_app.customers.addresses import Address
from omni_app.customers.identifying import KnownCustomer, create_customer
from omni_app.infra.clock import now
from omni_app.infra.database import open_db, system_db
from omni_app.infra.errors import Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Actor, Permission, Scope
from omni_app.limits import abuse
from omni_app.limits.abuse import AbuseFilter, figures, lift, lift_customer, list_events, load_event, review
from omni_app.limits.abuse_rules import AbuseRules, load_abuse_rules, read_abuse_rules, set_abuse_rules
from omni_app.limits.ladder import Earlier, next_step, note_signs
from omni_app.limits.rules import load_limit_rules, set_limit_rules
from omni_app.limits.signs import Sign
from tests.making import Made, make_business, rows

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
RULES = AbuseRules()
GIBBERISH = Sign(kind="gibberish", score=1.0, evidence={"text": "$%^&*()#@", "share": 1.0})
RAPID = Sign(kind="rapid_fire", score=0.4, evidence={"messages": 7})
REPEATED = Sign(kind="repetition", score=0.33, evidence={"asked": 3})
STUBBORN = Sign(kind="repetition", score=1.0, evidence={"asked": 6})
ADDRESS = Sign(kind="bad_address", score=0.5, evidence={"mark": "hosting"})


def past(kind: str = "gibberish", action: str = "noted", minutes: float = 5, verdict: str = "", score: float = 1.0) -> Earlier:
    return Earlier(kind=kind, action=action, score=score, verdict=verdict, created_at=AT - timedelta(minutes=minutes))


def step(sign: Sign, *earlier: Earlier, **values: Any) -> tuple[str, timedelta | None]:
    found = next_step(sign, RULES, earlier, AT, **values)
    return found.action, found.until - AT if found.until else None


def test_noted_then_slowed_down_then_blocked() -> None:
    assert step(GIBBERISH) == ("noted", None)
    assert step(GIBBERISH, past()) == ("throttled", timedelta(minutes=10))
    assert step(RAPID, past(), past()) == ("throttled", timedelta(minutes=10))
    assert step(GIBBERISH, past(), past(), past()) == ("blocked", timedelta(hours=2))


def test_each_block_is_twice_as_long_up_to_thirty_days() -> None:
    three = [past(), past(), past()]
    day = past(action="blocked", minutes=3 * 24 * 60)
    assert step(GIBBERISH, *three, day) == ("blocked", timedelta(hours=4))
    assert step(GIBBERISH, *three, day, day, day) == ("blocked", timedelta(hours=16))
    assert step(GIBBERISH, *three, *[day] * 40) == ("blocked", timedelta(days=30))


def test_what_is_long_ago_or_was_judged_wrong_does_not_count() -> None:
    assert step(GIBBERISH, past(minutes=25 * 60)) == ("noted", None)
    assert step(GIBBERISH, past(verdict="wrong")) == ("noted", None)
    assert step(GIBBERISH, past(verdict="right")) == ("throttled", timedelta(minutes=10))


def test_an_address_leads_to_nothing_however_often() -> None:
    assert step(ADDRESS, *[past()] * 9) == ("noted", None)
    assert step(GIBBERISH, *[past(kind="bad_address")] * 9) == ("noted", None)


def test_a_repeated_question_is_noted_and_a_stubborn_one_slowed_down_never_blocked() -> None:
    assert step(REPEATED, *[past()] * 9) == ("noted", None)
    assert step(GIBBERISH, past(kind="repetition", score=0.33)) == ("noted", None)
    assert step(STUBBORN, *[past()] * 9) == ("throttled", timedelta(minutes=10))


def test_a_known_abuser_is_one_step_ahead() -> None:
    assert step(Sign(kind="known_abuser", score=1.0), *[past()] * 9) == ("noted", None)
    assert step(GIBBERISH, past(kind="known_abuser")) == ("throttled", timedelta(minutes=10))


def test_who_talks_with_a_person_is_never_blocked() -> None:
    assert step(GIBBERISH, *[past()] * 9, with_person=True) == ("throttled", timedelta(minutes=10))


def test_unusable_rules_have_their_defaults() -> None:
    assert read_abuse_rules({}) == RULES
    assert read_abuse_rules({"abuse": "off"}) == RULES
    assert read_abuse_rules({"abuse": {"rapid_messages": 0, "repeats": "4", "gibberish_share": 2, "surprise": 1}}) == RULES
    assert read_abuse_rules({"abuse": {"throttle_after": 9, "block_after": 3}}) == RULES
    assert read_abuse_rules({"abuse": {"is_on": False, "rapid_messages": 9}}) == replace(RULES, is_on=False, rapid_messages=9)


async def make_customer(made: Made, who: str = "visitor-1") -> tuple[KnownCustomer, UUID]:
    async with open_db(made.scope) as db:
        customer = await create_customer(db, Address(kind="external", channel="chat", value=who), "Sofia Marin")
        conversation_id = new_id()
        await db.execute(
            """insert into conversations (id, business_id, customer_id, channel, status, speaker, subject, last_seq,
               last_customer_seq, answered_seq, last_text, last_role, language, last_message_at, last_customer_at, fence,
               created_at)
               values (:id, :business, :customer, 'chat', 'open', 'ai', '', 0, 0, 0, '', '', 'en', :now, :now, 0, :now)""",
            {"id": conversation_id, "business": made.scope.business_id, "customer": customer.id, "now": now()},
        )
    return customer, conversation_id


async def note(made: Made, who: tuple[KnownCustomer, UUID], *signs: Sign, **values: Any) -> str:
    customer, conversation_id = who
    async with open_db(made.scope) as db:
        found = await note_signs(
            db, RULES, signs, customer_id=customer.id, data_key=customer.data_key, conversation_id=conversation_id, **values
        )
    return found.action


async def customer_row(customer_id: UUID) -> dict[str, Any]:
    found = await rows("select trust, restriction, restricted_until from customers where id = :id", id=customer_id)
    return found[0]


@pytest.mark.usefixtures("database")
async def test_signs_climb_to_a_block_with_evidence_nobody_can_read_in_the_table() -> None:
    made = await make_business()
    who = await make_customer(made)
    assert [await note(made, who, GIBBERISH) for _ in range(4)] == ["noted", "throttled", "throttled", "blocked"]
    row = await customer_row(who[0].id)
    assert row["restriction"] == "blocked"
    assert timedelta(hours=1, minutes=59) < row["restricted_until"] - now() <= timedelta(hours=2)
    assert row["trust"] == 0  # 30 − 5 − 15 − 15 − 30
    assert "$%^" not in str(await rows("select evidence from abuse_events"))
    async with open_db(made.scope) as db:
        events, total = await list_events(db)
        counted = await figures(db, now() - timedelta(days=1), now() + timedelta(minutes=1))
    assert total == 4
    assert events[0].evidence == {"text": "$%^&*()#@", "share": 1.0}
    assert (events[0].action, events[0].customer_name, events[0].channel) == ("blocked", "Sofia Marin", "chat")
    assert (counted.events, counted.customers, counted.restricted) == (4, 1, 1)
    assert counted.by_action == {"noted": 1, "throttled": 2, "blocked": 1}
    assert counted.subjects[0].events == 4
    assert sum(counted.by_day.values()) == 4
    assert [entry["action"] for entry in await rows("select action from audit_entries where action like 'customer.restr%'")] == [
        "customer.restricted"
    ] * 3


@pytest.mark.usefixtures("database")
async def test_one_burst_is_one_sign_and_one_address_too() -> None:
    made = await make_business()
    who = await make_customer(made)
    for _ in range(3):
        await note(made, who, RAPID, ADDRESS, address="8.8.8.8")
    kinds = [row["kind"] for row in await rows("select kind, action from abuse_events order by kind")]
    assert kinds == ["bad_address", "rapid_fire"]


@pytest.mark.usefixtures("database")
async def test_a_wrong_verdict_lifts_what_followed_and_gives_the_trust_back() -> None:
    made = await make_business()
    who = await make_customer(made)
    for _ in range(4):
        await note(made, who, GIBBERISH)
    for event in await rows("select id from abuse_events order by created_at desc"):
        async with open_db(made.scope) as db:
            judged = await review(db, event["id"], "wrong")
        assert judged.verdict == "wrong"
    assert await customer_row(who[0].id) == {"trust": 30, "restriction": "", "restricted_until": None}
    assert await note(made, who, GIBBERISH) == "noted"
    actions = [row["action"] for row in await rows("select action from audit_entries where subject_kind = 'customer'")]
    assert "customer.unrestricted" in actions


@pytest.mark.usefixtures("database")
async def test_one_wrong_event_of_two_leaves_what_the_other_holds() -> None:
    made = await make_business()
    who = await make_customer(made)
    for _ in range(4):
        await note(made, who, GIBBERISH)
    (block,) = await rows("select id from abuse_events where action = 'blocked'")
    async with open_db(made.scope) as db:
        assert (await review(db, block["id"], "wrong")).restriction == "throttled"
        assert (await review(db, block["id"], "right")).restriction == "throttled"  # nobody is restricted anew by a verdict


@pytest.mark.usefixtures("database")
async def test_lifting_lets_write_at_once_and_the_sign_goes_on_counting() -> None:
    made = await make_business()
    who = await make_customer(made)
    for _ in range(3):
        await note(made, who, GIBBERISH)
    (event, *_) = await rows("select id from abuse_events where action = 'throttled'")
    async with open_db(made.scope) as db:
        assert (await lift(db, event["id"])).restriction == ""
        assert (await lift(db, event["id"])).restriction == ""
        _, held = await list_events(db, AbuseFilter(state="restricted"))
    assert held == 0
    assert await note(made, who, GIBBERISH) == "blocked"
    async with open_db(made.scope) as db:
        await lift_customer(db, who[0].id)
    assert (await customer_row(who[0].id))["restriction"] == ""


@pytest.mark.usefixtures("database")
async def test_two_verdicts_at_once_end_in_one_of_them() -> None:
    made = await make_business()
    who = await make_customer(made)
    for _ in range(2):
        await note(made, who, GIBBERISH)
    (event,) = await rows("select id from abuse_events where action = 'throttled'")

    async def judge(verdict: str) -> None:
        async with open_db(made.scope) as db:
            await review(db, event["id"], verdict)

    await asyncio.gather(*(judge(verdict) for verdict in ("wrong", "right", "wrong", "right")))
    (row,) = await rows("select verdict from abuse_events where id = :id", id=event["id"])
    assert row["verdict"] in ("right", "wrong")
    assert (await customer_row(who[0].id))["restriction"] == ""


@pytest.mark.usefixtures("database")
async def test_events_are_filtered_and_bad_filters_named() -> None:
    made = await make_business()
    one, other = await make_customer(made), await make_customer(made, "visitor-2")
    for _ in range(2):
        await note(made, one, GIBBERISH)
    await note(made, other, RAPID)
    async with open_db(made.scope) as db:
        for wanted, count in (
            (AbuseFilter(kind="gibberish"), 2),
            (AbuseFilter(action="throttled"), 1),
            (AbuseFilter(state="restricted"), 1),
            (AbuseFilter(state="open"), 3),
            (AbuseFilter(state="wrong"), 0),
            (AbuseFilter(customer_id=other[0].id), 1),
            (AbuseFilter(since=now() + timedelta(hours=1)), 0),
        ):
            assert (await list_events(db, wanted))[1] == count, wanted
        assert await list_events(db, page=9) == ([], 3)
        for field, wanted in (
            ("kind", AbuseFilter(kind="magic")),
            ("action", AbuseFilter(action="hugged")),
            ("state", AbuseFilter(state="?")),
            ("since", AbuseFilter(since=datetime(2026, 1, 1))),  # noqa: DTZ001
        ):
            with pytest.raises(Invalid) as refused:
                await list_events(db, wanted)
            assert refused.value.fields[0].field == field


@pytest.mark.usefixtures("database")
async def test_roles_and_businesses_are_kept_apart() -> None:
    mine, theirs = await make_business(), await make_business("Other")
    who = await make_customer(theirs)
    await note(theirs, who, GIBBERISH)
    (event,) = await rows("select id from abuse_events")
    async with open_db(mine.scope) as db:
        assert await list_events(db) == ([], 0)
        for call in (load_event(db, event["id"]), review(db, event["id"], "wrong"), lift(db, event["id"])):
            with pytest.raises(NotFound):
                await call
        with pytest.raises(NotFound):
            await lift_customer(db, who[0].id)
    viewer = Scope(
        business_id=theirs.scope.business_id, actor=Actor(kind="member", name="Vi"), permissions=frozenset({Permission.VIEW})
    )
    async with open_db(viewer) as db:
        assert (await list_events(db))[1] == 1
        for call in (
            review(db, event["id"], "wrong"),
            lift(db, event["id"]),
            lift_customer(db, who[0].id),
            set_abuse_rules(db, repeats=4),
        ):
            with pytest.raises(Forbidden):
                await call
    async with open_db(theirs.scope) as db:
        with pytest.raises(Invalid):
            await abuse.review(db, event["id"], "maybe")


@pytest.mark.usefixtures("database")
async def test_rules_are_kept_beside_the_limits_and_audited() -> None:
    made = await make_business()
    async with open_db(made.scope) as db:
        await set_limit_rules(db, daily_calls=7)
        await set_abuse_rules(db, repeats=4, gibberish_share=0.8, is_on=False)
        await set_abuse_rules(db, repeats=4)
        await set_limit_rules(db, daily_calls=8)
        rules = await load_abuse_rules(db)
        assert (await load_limit_rules(db)).daily_calls == 8
    assert (rules.repeats, rules.gibberish_share, rules.is_on) == (4, 0.8, False)
    (entry,) = await rows("select before, after from audit_entries where action = 'abuse_rules.updated'")
    assert entry["before"] == {"repeats": 3, "gibberish_share": 0.7, "is_on": True}
    assert entry["after"] == {"repeats": 4, "gibberish_share": 0.8, "is_on": False}


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rapid_messages": 1}, "rapid_messages"),
        ({"rapid_messages": True}, "rapid_messages"),
        ({"repeats": "3"}, "repeats"),
        ({"gibberish_share": 0.2}, "gibberish_share"),
        ({"gibberish_share": float("nan")}, "gibberish_share"),
        ({"throttle_after": 4, "block_after": 4}, "block_after"),
        ({"is_on": 1}, "is_on"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_wrong_rules_are_named_and_nothing_is_stored(changes: dict[str, Any], field: str) -> None:
    made = await make_business()
    async with open_db(made.scope) as db:
        with pytest.raises(Invalid) as refused:
            await set_abuse_rules(db, **{"block_hours": 3, **changes})
    assert [one.field for one in refused.value.fields] == [field]
    async with open_db(made.scope) as db:
        assert await load_abuse_rules(db) == RULES


@pytest.mark.usefixtures("database")
async def test_evidence_goes_with_the_customers_key() -> None:
    made = await make_business()
    who = await make_customer(made)
    await note(made, who, GIBBERISH)
    async with system_db("test") as db:
        await db.execute("delete from customers where id = :id", {"id": who[0].id})
    assert await rows("select 1 from abuse_events") == []
