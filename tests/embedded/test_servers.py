"""The embedded PostgreSQL and Redis give the product what it needs and not more."""

import os
import socket
from pathlib import Path

import psycopg
import pytest
import redis

from embedded.home import Account, database_account
from embedded.postgres import APP, OWNER, SYSTEM
from embedded.supervisor import CannotStart, _check_port, _health, _last_lines
from omni_app.settings import Settings
from tests.harness.services import Services


@pytest.mark.parametrize("role", [OWNER, APP, SYSTEM])
def test_no_role_has_powers_over_the_server(services: Services, role: str) -> None:
    with services.superuser() as connection:
        row = connection.execute(
            "select rolsuper, rolbypassrls, rolcreatedb, rolcreaterole from pg_roles where rolname = %s", (role,)
        ).fetchone()
    assert row == (False, False, False, False)


@pytest.mark.parametrize("role", [APP, SYSTEM])
def test_only_the_owner_makes_tables(services: Services, role: str) -> None:
    with services.cluster.connect(services.database, role) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("create table public.intruder (id int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("create temporary table intruder (id int)")


def test_the_vector_extension_is_there(services: Services) -> None:
    with services.superuser() as connection:
        assert connection.execute("select '[1,2]'::vector <-> '[1,3]'::vector").fetchone() == (1.0,)


def test_making_roles_and_database_again_changes_nothing(services: Services) -> None:
    services.cluster.ensure_roles()
    services.cluster.ensure_database(services.database)


def test_as_root_postgres_gets_a_user_of_its_own() -> None:
    account = database_account()
    if os.geteuid() == 0:
        assert isinstance(account, Account)
        assert account.uid != 0
    else:
        assert account is None


def test_redis_refuses_writes_when_full_instead_of_forgetting(services: Services) -> None:
    with redis.Redis.from_url(services.redis_url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("port") == {"port": "0"}


def test_a_taken_port_says_what_to_set() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match="set PORT to a free one"):
            _check_port(Settings(port=port))


def test_no_server_has_status_zero(services: Services) -> None:
    assert _health(Settings(port=1)) == 0


def test_last_lines_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    assert _last_lines(log) == f"  (no {log})"
    log.write_text("\n".join(map(str, range(30))))
    assert _last_lines(log).splitlines() == [f"  {n}" for n in range(10, 30)]
