"""The figures of reports, from rows at chosen moments of local days."""

from datetime import date, timedelta

import pytest

from omni_app.budgets.models import Budget
from omni_app.infra.database import open_db, system_db
from omni_app.infra.errors import Forbidden
from omni_app.infra.scope import Permission, Scope
from omni_app.insights.report_figures import ReportFigures, gather, initials
from omni_app.insights.report_periods import Span, span_from
from tests.insights.history import CACHE, FAQ, MODEL, Line, talk, utc
from tests.insights.spending import CENT, book, make_person, save
from tests.making import make_business, rows

pytestmark = pytest.mark.usefixtures("database")

AT_ONCE = Line(after=timedelta(0))


async def read(scope: Scope, span: Span) -> ReportFigures:
    async with open_db(scope) as db:
        return await gather(db, span)


async def set_month(scope: Scope, start: date, limit_nusd: int, spent_nusd: int) -> None:
    row = Budget(business_id=scope.business_id, period_start=start, limit_nusd=limit_nusd, spent_nusd=spent_nusd)
    async with system_db("test month") as db:
        db.add(row)


async def test_a_day_begins_and_ends_at_the_midnight_of_the_place() -> None:
    scope = (await make_business(faqs=(), timezone="America/Halifax")).scope
    # Halifax is four hours behind UTC in winter.
    for at, cents in (
        ("2026-11-19T03:59:59", 1),
        ("2026-11-19T04:00:00", 10),
        ("2026-11-20T03:59:59", 20),
        ("2026-11-20T04:00:00", 100),
        ("2026-11-21T03:59:59", 200),
        ("2026-11-21T04:00:00", 1000),
    ):
        await book(scope, utc(at), cents * CENT)
    figures = await read(scope, span_from("daily", date(2026, 11, 20)))
    assert (figures.cost_nusd, figures.before_nusd, figures.calls) == (300 * CENT, 30 * CENT, 2)
    assert [(row.label, row.cost_nusd, row.before_nusd) for row in figures.services] == [("Answers", 300 * CENT, 30 * CENT)]


@pytest.mark.parametrize(
    ("day", "inside", "outside"),
    [
        # In Berlin 29 March has 23 hours, 25 October 25.
        (date(2026, 3, 29), ("2026-03-28T23:00:00", "2026-03-29T21:59:59"), ("2026-03-28T22:59:59", "2026-03-29T22:00:00")),
        (date(2026, 10, 25), ("2026-10-24T22:00:00", "2026-10-25T22:59:59"), ("2026-10-24T21:59:59", "2026-10-25T23:00:00")),
    ],
)
async def test_days_of_23_and_25_hours_hold_what_happened_in_them(
    day: date, inside: tuple[str, ...], outside: tuple[str, ...]
) -> None:
    scope = (await make_business(faqs=(), timezone="Europe/Berlin")).scope
    for at in inside:
        await book(scope, utc(at), 7 * CENT)
        await talk(scope, utc(at), AT_ONCE)
    for at in outside:
        await book(scope, utc(at), 1000 * CENT)
        await talk(scope, utc(at), AT_ONCE)
    figures = await read(scope, span_from("daily", day))
    assert (figures.cost_nusd, figures.answers) == (14 * CENT, {"faq": 2})


async def test_a_week_has_its_days_its_comparison_its_savings_and_its_answers() -> None:
    scope = (await make_business(faqs=())).scope
    await book(scope, utc("2026-11-08T12:00:00"), 5 * CENT)
    await book(scope, utc("2026-11-09T12:00:00"), 10 * CENT)
    await book(scope, utc("2026-11-15T23:59:59"), 20 * CENT, service="summary", channel=None)
    await book(scope, utc("2026-11-16T00:00:00"), 1000 * CENT)
    thread = await talk(scope, utc("2026-11-10T12:00:00"), MODEL, CACHE)
    (row,) = await rows("select customer_id from conversations where id = :id", id=thread)
    await save(scope, utc("2026-11-12T12:00:00"), 3 * CENT, thread, row["customer_id"])
    await save(scope, utc("2026-11-16T00:00:00"), 100 * CENT, thread, row["customer_id"])
    await talk(scope, utc("2026-11-16T00:00:01"), FAQ)
    figures = await read(scope, span_from("weekly", date(2026, 11, 9)))
    assert [day.cost_nusd // CENT for day in figures.days] == [10, 0, 0, 0, 0, 0, 20]
    assert [day.cost_nusd // CENT for day in figures.days_before] == [0, 0, 0, 0, 0, 0, 5]
    assert (figures.saved_nusd, figures.saved_answers) == (3 * CENT, 1)
    assert figures.answers == {"model": 1, "cache": 1}
    assert [(row.label, row.cost_nusd // CENT) for row in figures.channels] == [("Without a channel", 20), ("Website chat", 10)]
    assert figures.forecast is not None


async def test_a_month_has_its_budget_its_dearest_customers_by_initials_and_what_was_refused() -> None:
    made, other = await make_business(faqs=()), await make_business("Other", faqs=())
    scope = made.scope
    await set_month(scope, date(2026, 10, 1), 100 * CENT, 95 * CENT)
    await set_month(scope, date(2026, 11, 1), 500 * CENT, CENT)
    sofia, ann = await make_person(scope, "Sofia van Marin"), await make_person(scope, "ann@example.com")
    await book(scope, utc("2026-10-31T12:00:00"), 60 * CENT, customer_id=sofia, channel="whatsapp")
    await book(scope, utc("2026-10-01T00:00:00"), 35 * CENT, customer_id=ann)
    await book(scope, utc("2026-09-30T12:00:00"), 12 * CENT)
    await book(other.scope, utc("2026-10-15T12:00:00"), 999 * CENT)
    await rows(
        """insert into limit_refusals (id, business_id, limit_name, subject_kind, subject, most, window_seconds, count, hour_at,
             last_at)
           select gen_random_uuid(), :id, 'messages', 'customer', n::text, 50, 3600, 4, at, at
           from generate_series(1, 2) n, (values (timestamptz '2026-10-05 10:00Z'), ('2026-11-01 00:00Z')) h (at) returning id""",
        id=scope.business_id,
    )
    figures = await read(scope, span_from("monthly", date(2026, 10, 1)))
    assert (figures.cost_nusd // CENT, figures.before_nusd // CENT) == (95, 12)
    assert [(row.label, row.cost_nusd // CENT) for row in figures.customers] == [("S. M.", 60), ("A.", 35)]
    assert (figures.refused, figures.abuse) == (8, 0)
    assert (figures.budget.limit_nusd // CENT, figures.budget.spent_nusd // CENT) == (100, 95)
    assert figures.forecast is None
    assert len(figures.days) == 31


async def test_a_day_without_anything_is_empty_and_one_with_a_question_is_not() -> None:
    scope = (await make_business(faqs=())).scope
    await talk(scope, utc("2026-11-20T12:00:00"), FAQ)
    assert not (await read(scope, span_from("daily", date(2026, 11, 20)))).is_empty
    assert (await read(scope, span_from("daily", date(2026, 11, 19)))).is_empty


async def test_who_may_not_view_reads_nothing() -> None:
    scope = (await make_business(faqs=())).scope
    stranger = Scope(business_id=scope.business_id, actor=scope.actor, permissions=frozenset({Permission.REPLY}))
    with pytest.raises(Forbidden):
        await read(stranger, span_from("daily", date(2026, 11, 20)))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Sofia Marin", "S. M."),
        ("Ann", "A."),
        ("Visitor 1a2b", "Visitor 1a2b"),
        ("+1 902 555 0134", "A customer"),
        ("李 小龍", "李. 小."),
    ],
)
def test_customers_are_named_by_initials(name: str, shown: str) -> None:
    assert initials(name, "0000-1a2b") == shown
