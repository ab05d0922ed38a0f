"""Statements sent together with their transaction: inside one business, all or nothing, and no broken connection stays."""

import asyncio
import random
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from omni_app.infra.database import is_database_away, open_db, open_db_with, run_alone
from omni_app.infra.scope import Scope
from tests.making import make_business, rows

pytestmark = pytest.mark.usefixtures("database")

BUSINESSES = text("select id, name from businesses where cast(:name as text) is null or name = :name")
RENAME = text("update businesses set name = :name where id = :id returning name")


async def make_scope() -> Scope:
    return (await make_business()).scope


async def test_a_statement_alone_sees_and_changes_its_own_business_only() -> None:
    ours, theirs = await make_scope(), await make_scope()
    assert [row.id for row in await run_alone(ours, BUSINESSES, {"name": None})] == [ours.business_id]
    assert [row.name for row in await run_alone(ours, RENAME, {"name": "Ours 100 %", "id": ours.business_id})] == ["Ours 100 %"]
    assert await run_alone(ours, RENAME, {"name": "Stolen", "id": theirs.business_id}) == []
    names = {row["name"] for row in await rows("select name from businesses")}
    assert "Ours 100 %" in names
    assert "Stolen" not in names


async def test_a_scope_does_not_outlast_its_statement() -> None:
    ours, theirs = await make_scope(), await make_scope()
    for scope in (ours, theirs) * 4:
        assert [row.id for row in await run_alone(scope, BUSINESSES, {"name": None})] == [scope.business_id]
        async with open_db_with(scope, BUSINESSES, {"name": None}) as (_, read):
            assert [row.id for row in read] == [scope.business_id]


async def test_what_begins_with_a_read_is_one_transaction() -> None:
    scope = await make_scope()
    values = {"name": "Half done", "id": scope.business_id}
    done: list[str] = []

    async def give_up() -> None:
        async with open_db_with(scope, RENAME, values) as (db, read):
            assert read[0].name == "Half done"
            assert (await db.execute("select name from businesses")).scalar_one() == "Half done"
            db.after_commit(lambda: done.append("rolled back"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await give_up()
    assert "Half done" not in {row["name"] for row in await rows("select name from businesses")}
    async with open_db_with(scope, RENAME, {**values, "name": "Done"}) as (db, _):
        db.after_commit(lambda: done.append("committed"))
    assert "Done" in {row["name"] for row in await rows("select name from businesses")}
    assert done == ["committed"]


async def test_a_statement_that_fails_changes_nothing_and_says_why() -> None:
    scope = await make_scope()
    with pytest.raises(IntegrityError):
        await run_alone(scope, text("update businesses set name = null where id = :id"), {"id": scope.business_id})
    with pytest.raises(DBAPIError) as wrong:
        await run_alone(scope, text("select 1 / cast(:zero as int)"), {"zero": 0})
    assert not is_database_away(wrong.value)
    with pytest.raises(IntegrityError):
        async with open_db_with(scope, text("update businesses set name = null where id = :id"), {"id": scope.business_id}):
            raise AssertionError("never reached")
    assert [row.id for row in await run_alone(scope, BUSINESSES, {"name": None})] == [scope.business_id]


async def test_a_lost_connection_is_told_as_such_and_not_used_again(superuser: Callable[[], psycopg.Connection]) -> None:
    scope = await make_scope()
    end = text("select pg_terminate_backend(pg_backend_pid()), cast(:unused as text)")
    for _ in range(3):
        with pytest.raises(OperationalError) as lost:
            await run_alone(scope, end, {"unused": ""})
        assert is_database_away(lost.value)
        with pytest.raises(OperationalError):
            async with open_db_with(scope, end, {"unused": ""}):
                raise AssertionError("never reached")
    for _ in range(10):
        assert len(await run_alone(scope, BUSINESSES, {"name": None})) == 1
    async with open_db(scope) as db:
        assert (await db.execute("select count(*) from businesses")).scalar_one() == 1


async def test_calls_given_up_half_way_leave_no_answer_of_theirs_to_others() -> None:
    scopes = [await make_scope() for _ in range(4)]
    slow = text("select id, pg_sleep(0.002) from businesses where cast(:number as int) >= 0")
    chance = random.Random(5)

    async def ask(scope: Scope, number: int) -> None:
        if number % 2:
            found = await run_alone(scope, slow, {"number": number})
        else:
            async with open_db_with(scope, slow, {"number": number}) as (db, found):
                again = await db.run_last(slow, {"number": number})
            assert [row.id for row in again] == [scope.business_id]
        assert [row.id for row in found] == [scope.business_id]

    calls = [asyncio.create_task(ask(scopes[number % 4], number)) for number in range(600)]
    while waiting := [call for call in calls if not call.done()]:
        await asyncio.sleep(chance.uniform(0, 0.004))
        chance.choice(waiting).cancel()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {asyncio.CancelledError, type(None)}
    for scope in scopes * 5:
        assert [row.id for row in await run_alone(scope, BUSINESSES, {"name": None})] == [scope.business_id]
