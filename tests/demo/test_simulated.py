"""A fresh start has every channel connected to the simulator, and keeps what people changed."""

from typing import Any

import pytest

from omni_app.channels.connections import list_connections, remove_connection
from omni_app.demo.simulated import connect_sandbox
from omni_app.infra.database import open_db, read_system
from omni_app.infra.scope import Scope, system_scope
from omni_app.tenancy.signing_up import sign_up
from tests.harness.simulator import Sandbox

OWNER = "maya@harbour-dental.example"


@pytest.fixture
async def scope(database: None) -> Scope:
    await sign_up("Harbour Dental", "Maya Chen", OWNER, "a long enough password", "Europe/London")
    async with read_system("test") as connection:
        return system_scope((await connection.exec_driver_sql("select id from businesses")).scalar_one())


async def connections(scope: Scope) -> list[Any]:
    async with open_db(scope) as db:
        return list(await list_connections(db))


async def test_each_channel_is_connected_once_and_works(sandbox: Sandbox, scope: Scope) -> None:
    assert await connect_sandbox(OWNER) == 3
    found = await connections(scope)
    assert {(one.kind, one.health, one.is_sandbox) for one in found} == {
        ("whatsapp", "ok", True),
        ("sendgrid", "ok", True),
        ("smtp", "ok", True),
    }
    accounts = (await sandbox.call("GET", "/accounts"))["accounts"]
    urls = {url for account in accounts for url in account["webhooks"].values()}
    assert urls == {hook.url for one in found for hook in one.webhooks}
    assert await connect_sandbox(OWNER) == 0


async def test_what_somebody_removed_stays_removed(sandbox: Sandbox, scope: Scope) -> None:
    await connect_sandbox(OWNER)
    mine = next(one for one in await connections(scope) if one.kind == "whatsapp")
    async with open_db(scope) as db:
        await remove_connection(db, mine.id)
    assert await connect_sandbox(OWNER) == 0
    assert {one.kind for one in await connections(scope)} == {"sendgrid", "smtp"}


async def test_a_simulator_that_forgot_everything_is_connected_anew(sandbox: Sandbox, scope: Scope) -> None:
    await connect_sandbox(OWNER)
    before = await connections(scope)
    await sandbox.reset()
    assert await connect_sandbox(OWNER) == 0
    after = await connections(scope)
    assert {one.id for one in after} == {one.id for one in before}
    assert {one.health for one in after} == {"ok"}
    assert {one.account_key for one in after} != {one.account_key for one in before}


async def test_without_a_demo_business_nothing_is_made(sandbox: Sandbox, database: None) -> None:
    assert await connect_sandbox(OWNER) == 0
    assert (await sandbox.call("GET", "/accounts"))["accounts"] == []
