"""Costs by what they were spent on, in the days of the business."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from omni_app.budgets import Worst, reserve, seed_prices
from omni_app.infra.database import open_db, system_db
from omni_app.infra.errors import Forbidden, Invalid
from omni_app.infra.scope import Scope
from omni_app.insights.costs import By, CostRow, cost_breakdown, daily_costs, forecast_month, list_held
from tests.insights.history import talk, utc
from tests.insights.spending import CENT, book, make_person, save
from tests.making import Made, make_business, rows

pytestmark = pytest.mark.usefixtures("database")

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
AT = utc("2026-03-12T17:00")


async def breakdown(made: Made, by: By, **values: object) -> list[CostRow]:
    async with open_db(made.scope) as db:
        return await cost_breakdown(db, MARCH, APRIL, by, **values)  # type: ignore[arg-type]


async def test_each_way_to_cut_adds_up_to_the_same() -> None:
    made, other = await make_business(faqs=(), timezone="America/Halifax"), await make_business("Other", faqs=())
    sofia = await make_person(made.scope, "Sofia Marin")
    thread = await talk(made.scope, AT, name="Ben Hall")
    await book(made.scope, AT, 5 * CENT, customer_id=sofia)
    await book(made.scope, AT, 3 * CENT, model="gpt-4o-mini", conversation_id=thread)
    await book(made.scope, AT, 2 * CENT, service="sms", provider="twilio", model="sms", channel="sms", units={"segment": 4})
    await book(made.scope, AT, CENT, service="summary", channel=None)
    await book(made.scope, utc("2026-02-20T12:00"), 7 * CENT, service="sms", provider="twilio", model="sms", channel="sms")
    await book(other.scope, AT, 100 * CENT)

    found = {by: await breakdown(made, by) for by in ("service", "channel", "model", "customer", "conversation", "day")}
    assert {sum(row.cost_nusd for row in lines) for lines in found.values()} == {11 * CENT}
    assert [(row.key, row.label, row.calls, row.cost_nusd) for row in found["service"]] == [
        ("answer", "Answers", 2, 8 * CENT),
        ("sms", "SMS", 1, 2 * CENT),
        ("summary", "Summaries", 1, CENT),
    ]
    assert found["service"][0].units == {"input_token": 200, "output_token": 20}
    assert [(row.key, row.label) for row in found["channel"]] == [
        ("chat", "Website chat"),
        ("sms", "SMS"),
        ("", "Without a channel"),
    ]
    assert [row.label for row in found["model"]] == ["gpt-4o", "gpt-4o-mini", "sms"]
    assert [(row.key, row.label) for row in found["customer"]] == [("", "No customer"), (str(sofia), "Sofia Marin")]
    assert {row.label for row in found["conversation"]} == {"Without a conversation", "Ben Hall · 12 March"}
    assert [row.key for row in found["day"]] == ["2026-03-12"]


async def test_the_period_before_stands_beside_it() -> None:
    made = await make_business(faqs=())
    await book(made.scope, AT, 2 * CENT)
    await book(made.scope, utc("2026-02-20T12:00"), 5 * CENT)
    await book(made.scope, utc("2026-02-20T12:00"), 3 * CENT, service="sms")
    compared = await breakdown(made, "service", before_start=date(2026, 2, 1))
    assert [(row.key, row.cost_nusd, row.before_nusd) for row in compared] == [
        ("answer", 2 * CENT, 5 * CENT),
        ("sms", 0, 3 * CENT),
    ]
    assert [row.key for row in await breakdown(made, "service", before_start=date(2026, 2, 1), most=1)] == ["answer"]


@pytest.mark.parametrize(("by", "field"), [("colour", "group_by"), ("day", "to")])
async def test_what_cannot_be_counted_is_named(by: str, field: str) -> None:
    made = await make_business(faqs=())
    async with open_db(made.scope) as db:
        for end in (MARCH, MARCH + timedelta(days=2000)):
            with pytest.raises(Invalid) as wrong:
                await cost_breakdown(db, MARCH, end, by)  # type: ignore[arg-type]
            assert wrong.value.fields[0].field == field


async def test_days_begin_at_the_business_s_midnight_also_when_clocks_change() -> None:
    made = await make_business(faqs=(), timezone="America/New_York")
    # 8 March 2026 has 23 hours in New York: midnight is 05:00 UTC before it and 04:00 after.
    for moment in ("2026-03-08T04:59", "2026-03-08T05:00", "2026-03-09T03:59", "2026-03-09T04:00"):
        await book(made.scope, utc(moment))
    async with open_db(made.scope) as db:
        days = await daily_costs(db, date(2026, 3, 7), date(2026, 3, 10))
        by_day = await cost_breakdown(db, date(2026, 3, 8), date(2026, 3, 9), "day")
    assert [(day.day.day, day.calls) for day in days] == [(7, 1), (8, 2), (9, 1)]
    assert [(row.key, row.calls) for row in by_day] == [("2026-03-08", 2)]


async def test_every_day_stands_there_with_what_was_spent_and_saved() -> None:
    made = await make_business(faqs=())
    thread = await talk(made.scope, AT)
    (row,) = await rows("select customer_id from conversations where id = :id", id=thread)
    await book(made.scope, AT, 4 * CENT)
    await book(made.scope, AT, CENT, service="sms")
    for _ in range(3):
        await save(made.scope, AT, 2 * CENT, thread, row["customer_id"])
    await save(made.scope, AT + timedelta(days=1), CENT, thread, row["customer_id"])
    async with open_db(made.scope) as db:
        days = await daily_costs(db, date(2026, 3, 11), date(2026, 3, 14))
    assert [(day.cost_nusd, day.calls, day.saved_nusd, day.saved_answers) for day in days] == [
        (0, 0, 0, 0),
        (5 * CENT, 2, 6 * CENT, 3),
        (0, 0, CENT, 1),
    ]
    assert days[1].services == {"answer": 4 * CENT, "sms": CENT}


async def test_a_month_is_forecast_from_the_days_before() -> None:
    made = await make_business(faqs=(), timezone="Europe/Berlin")
    async with open_db(made.scope) as db:
        nothing = await forecast_month(db, AT)
    assert (nothing.is_known, nothing.likely_nusd) == (False, 0)
    for number in range(30):
        await book(made.scope, datetime.combine(date(2026, 2, 10), AT.timetz()) + timedelta(days=number), 10 * CENT)
    async with open_db(made.scope) as db:
        steady = await forecast_month(db, utc("2026-03-11T23:00"))  # midnight in Berlin: the 12th begins
    assert (steady.known_days, steady.is_known, steady.is_rough) == (29, True, False)
    assert steady.spent_nusd == 110 * CENT
    # Eleven days of ten cents and twenty to come.
    assert abs(steady.likely_nusd - 310 * CENT) <= 2 * CENT
    assert steady.low_nusd <= steady.likely_nusd <= steady.high_nusd
    assert steady.days[0].day == date(2026, 3, 12)
    assert steady.days[-1].day == date(2026, 3, 31)


async def test_work_under_way_is_told_by_service() -> None:
    made = await make_business(faqs=())
    async with system_db("prices") as system:
        await seed_prices(system)
    worst = Worst(provider="openai", model="gpt-4o", service="answer", units={"output_token": 100})
    for _ in range(2):
        await reserve(made.scope, worst)
    async with open_db(made.scope) as db:
        held = await list_held(db)
    assert [(work.service, work.calls, work.amount_nusd) for work in held] == [("answer", 2, 2_000_000)]


async def test_who_may_not_look_sees_nothing() -> None:
    made = await make_business(faqs=())
    stranger: Scope = replace(made.scope, permissions=frozenset())
    async with open_db(stranger) as db:
        for call in (
            cost_breakdown(db, MARCH, APRIL, "service"),
            daily_costs(db, MARCH, APRIL),
            forecast_month(db),
            list_held(db),
        ):
            with pytest.raises(Forbidden):
                await call
