"""The ground the other tests stand on holds."""

import asyncio
import socket
from collections.abc import Callable

import psycopg
import pytest
import redis

from omni_app.infra.database import system_db
from omni_app.settings import load_settings
from omni_app.tenancy.models import Business
from tests.harness.network import NetworkClosed, is_here
from tests.harness.services import Services


def test_a_connect_to_the_outside_fails() -> None:
    with socket.socket() as outside, pytest.raises(NetworkClosed, match=r"192\.0\.2\.1"):
        outside.connect(("192.0.2.1", 80))


async def test_an_async_connect_by_name_fails() -> None:
    with pytest.raises(NetworkClosed, match=r"example\.org"):
        await asyncio.open_connection("example.org", 443)


@pytest.mark.parametrize(("host", "here"), [("127.0.0.5", True), ("::1", True), ("localhost", True), ("8.8.8.8", False)])
def test_what_counts_as_this_machine(host: str, here: bool) -> None:
    assert is_here(host) is here


def test_the_settings_are_this_workers(services: Services) -> None:
    settings = load_settings()
    assert settings.home == services.home
    assert settings.database_url is not None
    assert services.database in settings.database_url.get_secret_value()


async def test_the_engines_reach_this_workers_database(database: None, services: Services) -> None:
    async with system_db("harness test") as db:
        assert (await db.execute("select current_database(), current_user")).one() == (services.database, "omni_system")


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_finds_everything_empty(
    database: None, superuser: Callable[[], psycopg.Connection], services: Services, turn: int
) -> None:
    assert superuser().execute("select count(*) from businesses").fetchone() == (0,)
    with redis.Redis.from_url(services.redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")
    async with system_db("harness test") as db:
        db.add(Business(name="Left behind", widget_key="left"))
    assert superuser().execute("select count(*) from businesses").fetchone() == (1,)


def test_settings_are_read_under_a_changed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNI_EGRESS_ALLOW", "127.0.0.1:1")
    load_settings.cache_clear()
    assert load_settings().egress_allow == "127.0.0.1:1"


def test_and_forgotten_after_it() -> None:
    assert load_settings().egress_allow != "127.0.0.1:1"
