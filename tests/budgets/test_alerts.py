from datetime import date, timedelta
from typing import Any

from omni_app.budgets import BudgetRules, BudgetSpent, list_alerts, load_budget, reserve, set_limit, set_rules, settle, top_up
from omni_app.budgets.alert_mail import AlertFacts, write_alert
from omni_app.budgets.alerts import note_missed
from omni_app.budgets.models import CREDIT
from omni_app.budgets.reaping import settle_abandoned
from omni_app.events import BudgetAlert
from omni_app.infra.background import finish_tasks
from omni_app.infra.clock import now
from omni_app.infra.crypto import decrypt_system
from omni_app.infra.database import open_db, system_db
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope
from omni_app.tenancy.models import Member, User
from tests.budgets.businesses import TICK, ticks
from tests.making import rows
from workers.budgets import mail_alert
from workers.sweeps import settle_abandoned_reservations


async def budget_of(scope: Scope, limit: int) -> None:
    async with open_db(scope) as db:
        await set_limit(db, limit * TICK)


async def spend(scope: Scope, calls: int) -> None:
    await settle(scope, await reserve(scope, ticks(calls)), {"call": calls})


async def told(scope: Scope) -> list[tuple[str, int]]:
    """The events that wait in the outbox, oldest first."""
    events = await rows(
        "select payload from outbox where name = 'budget.alert' and business_id = :id order by created_at", id=scope.business_id
    )
    return [(event["payload"]["kind"], event["payload"]["percent"]) for event in events]


async def add_member(scope: Scope, email: str, role: str) -> None:
    user_id = new_id()
    async with system_db("test member") as db:
        db.add(User(id=user_id, email=email, name=email))
        await db.flush()
        db.add(Member(business_id=scope.business_id, user_id=user_id, name=email, email=email, role=role))


async def hear(scope: Scope, times: int = 1) -> list[tuple[str, str, str]]:
    """Run the job of every waiting event `times`; (address, subject, text) of all mails."""
    events = await rows("select payload from outbox where name = 'budget.alert' and business_id = :id", id=scope.business_id)
    for _ in range(times):
        for event in events:
            await mail_alert(scope.business_id, BudgetAlert.model_validate(event["payload"]))
    mails = await rows("select to_email, subject, text from mails order by created_at, to_email")
    return [
        (mail["to_email"], decrypt_system(mail["subject"], "mails.subject"), decrypt_system(mail["text"], "mails.text"))
        for mail in mails
    ]


async def test_each_share_is_told_once_a_month(scope: Scope) -> None:
    await budget_of(scope, 100)
    await spend(scope, 74)
    assert await told(scope) == []
    for _ in range(3):
        await spend(scope, 1)
    assert await told(scope) == [("spent", 75)]
    await spend(scope, 13)
    await budget_of(scope, 1000)
    await budget_of(scope, 100)
    assert await told(scope) == [("spent", 75), ("spent", 90)]
    await spend(scope, 10)
    assert await told(scope) == [("spent", 75), ("spent", 90), ("spent", 100)]
    async with open_db(scope) as db:
        budget = await load_budget(db)
        assert [one.percent for one in await list_alerts(db, budget.period_start)] == [100, 90, 75]
    assert budget.is_paused


async def test_a_leap_over_two_shares_tells_the_higher_one(scope: Scope) -> None:
    await budget_of(scope, 100)
    await spend(scope, 95)
    assert await told(scope) == [("spent", 90)]
    async with open_db(scope) as db:
        assert sorted(one.percent for one in await list_alerts(db)) == [75, 90]


async def test_owners_and_admins_are_mailed_once_however_often_the_job_runs(scope: Scope) -> None:
    for email, role in (("maya@example.com", "owner"), ("elena@example.com", "admin"), ("sam@example.com", "agent")):
        await add_member(scope, email, role)
    await budget_of(scope, 100)
    await spend(scope, 80)
    mails = await hear(scope, times=3)
    assert sorted(address for address, _, _ in mails) == ["elena@example.com", "maya@example.com"]
    _, subject, text = mails[0]
    assert subject.startswith("Brook Street Dental: 75 % of the budget for ")
    assert "has spent $0.00 of its budget of $0.00" in text
    assert text.rstrip().endswith("/budget")


async def test_the_addresses_of_the_rules_take_their_place(scope: Scope) -> None:
    await add_member(scope, "maya@example.com", "owner")
    async with open_db(scope) as db:
        await set_limit(db, 100 * TICK)
        await set_rules(db, BudgetRules(alert_percents=(10,), alert_emails=("books@example.com",)))
    await spend(scope, 10)
    assert [address for address, _, _ in await hear(scope)] == ["books@example.com"]


async def test_a_limit_lowered_below_what_is_spent_is_told_and_says_why(scope: Scope) -> None:
    await add_member(scope, "maya@example.com", "owner")
    await budget_of(scope, 1000)
    await spend(scope, 60)
    await budget_of(scope, 50)
    assert await told(scope) == [("spent", 100), ("excess", 0)]
    subjects = [subject for _, subject, _ in await hear(scope)]
    assert "is spent" in subjects[0]
    assert "more than the budget" in subjects[1]


async def test_an_overcharge_is_told(scope: Scope) -> None:
    await budget_of(scope, 10)
    await settle(scope, await reserve(scope, ticks(5)), {"call": 12})
    assert sorted(await told(scope)) == [("excess", 0), ("spent", 100)]


async def test_what_the_reaper_books_is_told_once(scope: Scope) -> None:
    await budget_of(scope, 10)
    await reserve(scope, ticks(8), hold=timedelta(seconds=-1))
    for _ in range(2):
        await settle_abandoned_reservations()
    assert await told(scope) == [("spent", 75)]


async def test_the_sweep_finds_what_a_crash_left_untold(scope: Scope) -> None:
    await budget_of(scope, 10)
    await reserve(scope, ticks(8))
    async with system_db("test") as db:
        await settle_abandoned(db, at=now() + timedelta(minutes=6))
    assert await told(scope) == []
    assert [await note_missed(), await note_missed()] == [1, 0]
    assert await told(scope) == [("spent", 75)]


async def test_percents_set_later_are_found_by_the_sweep(scope: Scope) -> None:
    await budget_of(scope, 10)
    await spend(scope, 5)
    assert await note_missed() == 0
    async with open_db(scope) as db:
        await set_rules(db, BudgetRules(alert_percents=(40,)))
    assert await note_missed() == 1
    assert await told(scope) == [("spent", 40)]


async def refused(scope: Scope, calls: int) -> None:
    try:
        await reserve(scope, ticks(calls))
    except BudgetSpent:
        await finish_tasks(30)
        return
    raise AssertionError("it was granted")


async def test_a_rest_too_small_for_a_call_counts_as_spent(scope: Scope) -> None:
    await budget_of(scope, 100)
    await spend(scope, 97)
    for _ in range(2):
        await refused(scope, 5)
    assert (await told(scope))[-1] == ("spent", 100)
    assert len(await told(scope)) == 2
    async with open_db(scope) as db:
        assert (await load_budget(db)).is_paused
        await set_limit(db, 200 * TICK)
        assert not (await load_budget(db)).is_paused


async def test_a_call_that_is_too_large_for_a_fresh_budget_pauses_nothing(scope: Scope) -> None:
    await budget_of(scope, 100)
    await spend(scope, 20)
    await refused(scope, 90)
    assert await told(scope) == []
    async with open_db(scope) as db:
        assert not (await load_budget(db)).is_paused


async def test_money_held_by_others_for_seconds_pauses_nothing(scope: Scope) -> None:
    await budget_of(scope, 100)
    await reserve(scope, ticks(99))
    await refused(scope, 5)
    async with open_db(scope) as db:
        assert not (await load_budget(db)).is_paused
    assert await told(scope) == []


async def test_credit_is_told_like_a_month_and_again_after_a_top_up(scope: Scope) -> None:
    await add_member(scope, "maya@example.com", "owner")
    async with open_db(scope) as db:
        await set_limit(db, 0)
        await top_up(db, 100 * TICK)
    await spend(scope, 80)
    assert await told(scope) == [("spent", 75)]
    mails = await hear(scope)
    assert [subject for _, subject, _ in mails] == ["Brook Street Dental: 75 % of the prepaid credit is used"]
    async with open_db(scope) as db:
        await top_up(db, 100 * TICK)
    await spend(scope, 75)
    assert await told(scope) == [("spent", 75), ("spent", 75)]
    async with open_db(scope) as db:
        (alert,) = await list_alerts(db, CREDIT)
    assert alert.is_credit


async def test_the_mail_of_a_spent_month_says_that_credit_goes_on(scope: Scope) -> None:
    await add_member(scope, "maya@example.com", "owner")
    async with open_db(scope) as db:
        await set_limit(db, 10 * TICK)
        await top_up(db, 20_000_000_000)
    await spend(scope, 10)
    (mail,) = await hear(scope)
    assert "paid answers are paid from the prepaid credit, of which $20.00 is left" in mail[2]


def test_month_names_turn_at_the_new_year() -> None:
    facts: dict[str, Any] = {"reserved_nusd": 0, "credit_left_nusd": 0, "month_left_nusd": 0}
    december = AlertFacts(
        business_name="Brook", period_start=date(2026, 12, 1), kind="spent", percent=100, spent_nusd=50, limit_nusd=50, **facts
    )
    subject, text = write_alert(december, "https://omni.example/budget")
    assert subject == "Brook: the budget for December 2026 is spent"
    assert "pause until 1 January 2027" in text
