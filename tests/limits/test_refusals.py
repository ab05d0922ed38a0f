import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from omni_app.customers.addresses import Address
from omni_app.customers.identifying import create_customer
from omni_app.infra.background import finish_tasks
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, TooMany
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope
from omni_app.limits import LimitRules, refusals, take_message
from omni_app.limits.refusals import RefusalFigures, RefusalRow, flush_refusals, list_refusals, note_refusal, refusal_figures
from tests.making import make_business, rows
from workers.sweeps import forget_old_rows

HOUR = timedelta(hours=1)


async def listed(scope: Scope, page: int = 1, limit: int = 25) -> tuple[list[RefusalRow], int]:
    async with open_db(scope) as db:
        return await list_refusals(db, now() - HOUR, page, limit)


async def figures(scope: Scope) -> RefusalFigures:
    async with open_db(scope) as db:
        return await refusal_figures(db, now() - HOUR)


async def make_customer(scope: Scope) -> UUID:
    async with open_db(scope) as db:
        return (await create_customer(db, Address(kind="external", channel="chat", value="visitor-1"), "Ann", "en", "proven")).id


async def test_a_refused_message_is_on_the_page_with_the_customers_name(database: object) -> None:
    made = await make_business(faqs=())
    customer_id, rules = await make_customer(made.scope), LimitRules(daily_messages=1)
    await take_message(made.scope.business_id, customer_id, rules, trust=30, is_verified=False, address=None)
    for _ in range(3):
        with pytest.raises(TooMany):
            await take_message(made.scope.business_id, customer_id, rules, trust=30, is_verified=False, address=None)
    await finish_tasks(30)
    ((row,), total) = await listed(made.scope)
    assert (row.limit_name, row.subject_kind, row.customer_name, row.most, row.window_seconds) == (
        "messages",
        "customer",
        "Ann",
        1,
        86_400,
    )
    assert (row.count, total, row.subject, row.customer_id) == (3, 1, str(customer_id), customer_id)


async def test_a_flood_is_one_row_that_grows(database: object) -> None:
    made = await make_business(faqs=())
    for _ in range(3):
        for number in range(500):
            note_refusal(made.scope.business_id, "visitors", "address", f"203.0.113.{number % 200}", 60, HOUR)
        await flush_refusals()
    await finish_tasks(30)
    ((row,), _) = await listed(made.scope)
    assert (row.subject, row.count, row.customer_id) == ("203.0.113.0/24", 1_500, None)


async def test_two_processes_that_write_at_once_lose_nothing(database: object) -> None:
    made = await make_business(faqs=())
    for number in range(40):
        note_refusal(made.scope.business_id, "api", "api_key", f"key-{number % 7}", 9, HOUR)
        if number % 10 == 9:
            await asyncio.gather(flush_refusals(), flush_refusals())
    await finish_tasks(30)
    assert (await figures(made.scope)).refused == 40


async def test_the_list_can_be_narrowed_to_one_limit(database: object) -> None:
    made = await make_business(faqs=())
    for number in range(5):
        note_refusal(made.scope.business_id, "api", "api_key", f"key-{number}", 9, HOUR)
    note_refusal(made.scope.business_id, "upload", "address", "203.0.113.7", 9, HOUR)
    await flush_refusals()
    await finish_tasks(30)
    async with open_db(made.scope) as db:
        found, total = await list_refusals(db, now() - HOUR, 1, 2, "api")
        assert ({row.limit_name for row in found}, len(found), total) == ({"api"}, 2, 5)
        assert (await list_refusals(db, now() - HOUR, 1, 2, "nothing")) == ([], 0)


async def test_figures_are_of_one_business_by_limit(database: object) -> None:
    made, other = await make_business(faqs=()), await make_business(faqs=())
    for subject in ("one", "one", "two"):
        note_refusal(made.scope.business_id, "api", "api_key", subject, 9, HOUR)
    note_refusal(made.scope.business_id, "month", "business", str(made.scope.business_id), 5_000, HOUR)
    note_refusal(None, "sign-in", "address", "203.0.113.7", 20, HOUR)
    await finish_tasks(30)
    found = await figures(made.scope)
    assert (found.refused, found.subjects) == (4, 3)
    assert [(one.limit_name, one.refused, one.subjects) for one in found.by_limit] == [("api", 3, 2), ("month", 1, 1)]
    assert await figures(other.scope) == RefusalFigures(refused=0, subjects=0, by_limit=())
    assert await listed(other.scope) == ([], 0)
    assert [row.limit_name for row in (await listed(made.scope, page=2, limit=2))[0]] != []


async def test_who_may_not_look_sees_nothing(database: object) -> None:
    made = await make_business(faqs=())
    nobody = Scope(business_id=made.scope.business_id, actor=made.scope.actor)
    with pytest.raises(Forbidden):
        await listed(nobody)
    with pytest.raises(Forbidden):
        await figures(nobody)


async def test_refusals_of_who_is_gone_are_not_kept(database: object) -> None:
    made = await make_business(faqs=())
    note_refusal(made.scope.business_id, "messages", "customer", "gone", 50, HOUR, customer_id=new_id())
    note_refusal(made.scope.business_id, "api", "api_key", "here", 9, HOUR)
    note_refusal(new_id(), "api", "api_key", "of no business", 9, HOUR)
    await finish_tasks(30)
    assert [row["subject"] for row in await rows("select subject from limit_refusals")] == ["here"]


async def test_an_erased_customer_takes_their_refusals_with_them(database: object) -> None:
    made = await make_business(faqs=())
    customer_id = await make_customer(made.scope)
    note_refusal(made.scope.business_id, "messages", "customer", str(customer_id), 50, HOUR, customer_id=customer_id)
    await finish_tasks(30)
    await rows("delete from customers where id = :id returning id", id=customer_id)
    assert await rows("select 1 from limit_refusals") == []


async def test_too_many_to_keep_drop_the_oldest(database: object) -> None:
    made = await make_business(faqs=())
    for number in range(refusals.MOST_WAITING + 10):
        note_refusal(made.scope.business_id, "visitors", "source", f"source-{number}", 60, HOUR)
    await finish_tasks(30)
    kept = {row["subject"] for row in await rows("select subject from limit_refusals")}
    assert len(kept) == refusals.MOST_WAITING
    assert "source-0" not in kept


async def test_a_full_month_is_a_refusal_of_the_business(database: object) -> None:
    made = await make_business(faqs=())
    rules = LimitRules(monthly_messages=0)
    taken = await take_message(made.scope.business_id, new_id(), rules, trust=30, is_verified=False, address=None)
    await finish_tasks(30)
    ((row,), _) = await listed(made.scope)
    assert (taken.is_over_quota, row.limit_name, row.subject_kind, row.subject) == (
        True,
        "month",
        "business",
        str(made.scope.business_id),
    )


async def test_refusals_are_forgotten_after_three_months(database: object) -> None:
    made = await make_business(faqs=())
    for name in ("old", "new"):
        note_refusal(made.scope.business_id, name, "source", "one", 9, HOUR)
    await finish_tasks(30)
    await rows("update limit_refusals set last_at = now() - interval '91 days' where limit_name = 'old' returning id")
    await forget_old_rows()
    assert [row["limit_name"] for row in await rows("select limit_name from limit_refusals")] == ["new"]
