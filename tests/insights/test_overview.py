"""The figures of the first page, on real PostgreSQL."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import event

from omni_app.budgets.budget import load_budget
from omni_app.budgets.models import LedgerEntry
from omni_app.infra.database import app_engine, open_db, system_db
from omni_app.infra.errors import Forbidden, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope, system_scope
from omni_app.insights.overview import PeriodReport, Standing, load_report, load_standing
from omni_app.insights.periods import period_of
from omni_app.insights.questions import list_open_questions
from tests.conversations.desk import make_member
from tests.insights.history import CACHE, FAQ, GREETING, MODEL, STAFF, UNSURE, Line, again, talk, utc
from tests.making import make_business, rows

pytestmark = pytest.mark.usefixtures("database")

AT = utc("2026-03-12T17:32")
"""14:32 on a Thursday in Halifax."""


async def business(timezone: str = "America/Halifax") -> Scope:
    return (await make_business("Harbour Dental", faqs=(), timezone=timezone)).scope


async def report(scope: Scope, name: str = "today", at: datetime = AT, timezone: str = "America/Halifax") -> PeriodReport:
    async with open_db(scope) as db:
        return await load_report(db, period_of(name, timezone, at))


async def standing(scope: Scope) -> Standing:
    async with open_db(scope) as db:
        return await load_standing(db)


def kinds(found: PeriodReport) -> dict[str, int]:
    counts: dict[str, int] = {}
    for entry in found.answers:
        counts[entry.kind] = counts.get(entry.kind, 0) + entry.answers
    return counts


async def pay(scope: Scope, at: datetime, cost_nusd: int) -> None:
    entry = LedgerEntry(
        business_id=scope.business_id, service="chat", provider="p", model="m", cost_nusd=cost_nusd, created_at=at, note=""
    )
    async with system_db("test") as db:
        db.add(entry)


async def test_an_empty_business_has_zeros_and_nothing_to_compare() -> None:
    scope = await business()
    found, now = await report(scope), await standing(scope)
    assert (found.now.conversations, found.now.solved_percent, found.now.first_reply, found.now.spent_nusd) == (0, None, None, 0)
    assert (found.answers, found.channels, found.automatic) == ((), (), 0)
    assert (now.faqs, now.has_conversations, now.waiting, now.waiting_count) == (0, False, (), 0)


async def test_a_conversation_counts_on_the_day_its_customer_wrote_where_the_business_is() -> None:
    scope = await business()
    await talk(scope, utc("2026-03-12T02:59"), FAQ)  # 23:59 on Wednesday
    await talk(scope, utc("2026-03-12T03:00"), FAQ)  # midnight
    await talk(scope, AT, FAQ)  # not before the end
    assert (await report(scope)).now.conversations == 1
    assert (await report(scope, "week")).now.conversations == 2


async def test_today_is_compared_with_the_same_weekday_up_to_this_hour() -> None:
    scope = await business()
    await talk(scope, utc("2026-03-05T18:31"), FAQ)  # last Thursday, 14:31
    await talk(scope, utc("2026-03-05T18:33"), FAQ)  # last Thursday, 14:33
    await talk(scope, utc("2026-03-11T15:00"), FAQ)  # yesterday
    found = await report(scope)
    assert (found.now.conversations, found.before.conversations) == (0, 1)


async def test_solved_is_what_the_assistant_answered_without_a_person() -> None:
    scope = await business()
    morning = utc("2026-03-12T12:00")
    await talk(scope, morning, FAQ)
    await talk(scope, morning, CACHE)
    await talk(scope, morning, UNSURE)  # left open
    await talk(scope, morning)  # never answered
    await talk(scope, morning, FAQ, STAFF)
    await talk(scope, morning, UNSURE, handed_over_at=morning, status="waiting")
    await talk(scope, morning, FAQ, speaker="human")
    found = (await report(scope)).now
    assert (found.conversations, found.solved, found.with_person, found.left_open) == (7, 2, 3, 2)
    assert found.solved_percent == 29


async def test_an_answer_after_an_unsure_one_solves_it() -> None:
    scope = await business()
    thread = await talk(scope, utc("2026-03-12T12:00"), UNSURE)
    await again(scope, thread, 3, utc("2026-03-12T12:05"), "And parking?", FAQ)
    assert (await report(scope)).now.solved == 1


async def test_a_person_of_last_week_does_not_count_for_today() -> None:
    scope = await business()
    thread = await talk(scope, utc("2026-03-05T12:00"), STAFF)
    await again(scope, thread, 3, utc("2026-03-12T12:00"), "Hello again", FAQ)
    found = await report(scope)
    assert (found.now.with_person, found.before.with_person, found.now.solved) == (0, 1, 1)


async def test_first_reply_is_the_median_over_conversations_whoever_replied() -> None:
    scope = await business()
    for seconds in (1, 2, 30):
        await talk(scope, utc("2026-03-12T12:00"), replace(FAQ, after=timedelta(seconds=seconds)))
    await talk(scope, utc("2026-03-12T12:00"))
    assert (await report(scope)).now.first_reply == pytest.approx(2.0)


async def test_answers_are_counted_by_source_and_local_hour() -> None:
    scope = await business()
    for line in (CACHE, CACHE, FAQ, MODEL, UNSURE, GREETING, STAFF):
        await talk(scope, utc("2026-03-12T12:10"), line)
    await talk(scope, utc("2026-03-12T13:10"), replace(CACHE, source="model"))
    found = await report(scope)
    assert kinds(found) == {"cache": 3, "faq": 1, "model": 1, "unsure": 1, "courtesy": 1, "person": 1}
    assert {(entry.at.hour, entry.answers) for entry in found.answers if entry.kind == "cache"} == {(9, 2), (10, 1)}
    assert (found.automatic, found.free) == (7, 6)
    assert next(entry for entry in found.answers if entry.kind == "model").cost_nusd == 4_000_000


async def test_longer_periods_count_by_local_day() -> None:
    scope = await business()
    await talk(scope, utc("2026-03-12T02:30"), FAQ)
    (entry,) = (await report(scope, "month")).answers
    assert f"{entry.at:%Y-%m-%d %H:%M}" == "2026-03-11 00:00"


async def test_spend_is_what_the_ledger_says_for_these_days() -> None:
    scope = await business()
    await pay(scope, utc("2026-03-12T12:00"), 7_000_000)
    await pay(scope, utc("2026-03-12T02:00"), 1)
    await pay(scope, utc("2026-03-05T12:00"), 3_000_000)
    found = await report(scope)
    assert (found.now.spent_nusd, found.before.spent_nusd) == (7_000_000, 3_000_000)


async def test_channels_count_conversations_not_messages() -> None:
    scope = await business()
    thread = await talk(scope, utc("2026-03-12T12:00"), FAQ, channel="sms")
    await again(scope, thread, 3, utc("2026-03-12T12:05"), "And?", FAQ)
    await talk(scope, utc("2026-03-12T12:00"), FAQ)
    await talk(scope, utc("2026-03-12T12:00"), FAQ)
    assert (await report(scope)).channels == (("chat", 2), ("sms", 1))


async def wait(scope: Scope, minutes: int, **values: object) -> UUID:
    since = AT - timedelta(minutes=minutes)
    return await talk(scope, since, UNSURE, status="waiting", speaker="human", waiting_since=since, **values)


async def test_who_waits_longest_comes_first() -> None:
    scope = await business()
    member = await make_member(scope, "Maya Chen")
    short, long = await wait(scope, 5, name=""), await wait(scope, 90, text="Tooth pain", channel="voice")
    mine = await wait(scope, 20, assignee_id=member.actor.id)
    await talk(scope, AT, FAQ)
    async with open_db(member) as db:
        found = await load_standing(db, waiting_shown=2)
    assert [entry.id for entry in found.waiting] == [long, mine]
    assert (found.waiting_count, found.has_chat) == (3, True)
    assert (found.waiting[0].text, found.waiting[0].channel, found.waiting[0].assignee) == ("Tooth pain", "voice", None)
    assert (found.waiting[1].assignee, found.waiting[1].is_mine) == ("Maya Chen", True)
    assert short not in {entry.id for entry in found.waiting}


async def test_another_business_sees_nothing_of_it() -> None:
    mine, theirs = await business(), await business()
    await talk(mine, utc("2026-03-12T12:00"), MODEL)
    await pay(mine, utc("2026-03-12T12:00"), 5)
    await wait(mine, 5)
    found, now = await report(theirs), await standing(theirs)
    assert (found.now.conversations, found.now.spent_nusd, found.answers, found.channels) == (0, 0, (), ())
    assert (now.waiting_count, now.has_conversations) == (0, False)


async def test_looking_needs_permission_and_a_business() -> None:
    scope = await business()
    stranger = replace(scope, permissions=frozenset())
    with pytest.raises(Forbidden):
        await report(stranger)
    with pytest.raises(Forbidden):
        await standing(stranger)
    with pytest.raises(NotFound):
        await standing(system_scope(new_id()))


async def test_the_page_takes_four_statements() -> None:
    scope = await business()
    await talk(scope, AT - timedelta(hours=1), Line())
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(app_engine().sync_engine, "before_cursor_execute", note)
    try:
        async with open_db(scope) as db:
            found = await load_standing(db)
            period = period_of("today", found.timezone, AT)
            await load_report(db, period)
            await list_open_questions(db, period.start)
            await load_budget(db)
    finally:
        event.remove(app_engine().sync_engine, "before_cursor_execute", note)
    assert len([statement for statement in statements if "set_config" not in statement]) == 4


async def test_days_of_messages_are_found_by_index(superuser: Callable[[], psycopg.Connection]) -> None:
    scope = await business()
    await rows(
        """insert into messages (id, business_id, conversation_id, customer_id, seq, role, text, status, sources, offers_person,
             cost_nusd, created_at)
           select gen_random_uuid(), :business_id, c.id, c.customer_id, n, 'customer', 'x', 'sent', '[]', false, 0,
             cast(:at as timestamptz) - n * interval '1 hour'
           from conversations c, generate_series(10, 20000) n where c.id = :id returning 1""",
        business_id=scope.business_id,
        id=await talk(scope, AT, FAQ),
        at=AT,
    )
    superuser().execute("analyze messages")
    async with open_db(scope) as db:
        plan = await db.execute(
            "explain select count(*) from messages where created_at >= :since and created_at < :until",
            {"since": AT - timedelta(days=1), "until": AT},
        )
        assert any("ix_messages_day" in line for (line,) in plan)
