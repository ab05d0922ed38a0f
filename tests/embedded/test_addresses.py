"""Embedded servers by default, the operator's when named, and never half of both."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from embedded.addresses import Misconfigured, SandboxPorts, child_environment, choose_addresses, choose_sandbox
from embedded.postgres import Cluster
from embedded.redis import RedisServer
from omni_app.settings import Settings

CLUSTER = Cluster(data=Path("/home/pg"), sockets=Path("/a b/pg"), account=None)
REDIS = RedisServer(data=Path("/home/redis"), socket=Path("/a b/redis.sock"))
NAMES = ("DATABASE_URL", "OMNI_DATABASE_SYSTEM_URL", "OMNI_DATABASE_OWNER_URL", "REDIS_URL")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def settings(**given: str) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[call-arg,arg-type]


def test_by_default_everything_is_embedded() -> None:
    found = choose_addresses(settings(), CLUSTER, REDIS)
    assert (found.cluster, found.redis) == (CLUSTER, REDIS)
    assert found.app == "postgresql+psycopg://omni_app@/omni?host=/a%20b/pg"
    assert found.redis_url == "unix:///a%20b/redis.sock?db=0"


def test_a_managed_database_and_redis_replace_the_embedded_ones() -> None:
    found = choose_addresses(
        settings(database_url="app", omni_database_system_url="system", omni_database_owner_url="owner", redis_url="redis"),
        CLUSTER,
        REDIS,
    )
    assert (found.cluster, found.redis) == (None, None)
    assert (found.app, found.system, found.owner, found.redis_url) == ("app", "system", "owner", "redis")


@pytest.mark.parametrize(
    "given",
    [
        {"database_url": "app"},
        {"database_url": "app", "omni_database_system_url": "system"},
        {"database_url": "app", "omni_database_owner_url": "owner"},
        {"omni_database_system_url": "system"},
        {"omni_database_owner_url": "owner"},
    ],
)
def test_half_a_managed_database_is_refused_with_the_missing_names(given: dict[str, str]) -> None:
    with pytest.raises(Misconfigured, match=r"OMNI_DATABASE_SYSTEM_URL.*OMNI_DATABASE_OWNER_URL"):
        choose_addresses(settings(**given), CLUSTER, REDIS)


def test_only_the_migrations_get_the_owners_address() -> None:
    addresses = choose_addresses(settings(), CLUSTER, REDIS)
    assert child_environment(settings(), addresses)["OMNI_DATABASE_OWNER_URL"] == ""
    assert child_environment(settings(), addresses, as_owner=True)["OMNI_DATABASE_OWNER_URL"] == addresses.owner


def test_the_simulator_gets_the_ports_above_ours_or_others_when_one_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1] - 1
        found = choose_sandbox(settings(port=str(port)), "token")
    assert found is not None
    assert found.http != port + 1
    assert len({port, found.http, found.smtp, found.imap}) == 4


def test_the_simulator_can_be_switched_off() -> None:
    assert choose_sandbox(settings(OMNI_SANDBOX="off"), "token") is None


def test_children_learn_where_the_simulator_is_and_may_call_it() -> None:
    ports = SandboxPorts(http=1, smtp=2, imap=3, token="secret")
    addresses = replace(choose_addresses(settings(), CLUSTER, REDIS), sandbox=ports)
    found = child_environment(settings(OMNI_EGRESS_ALLOW="10.0.0.1:80"), addresses)
    assert found["OMNI_SANDBOX_URL"] == "http://127.0.0.1:1"
    assert found["OMNI_EGRESS_ALLOW"] == "10.0.0.1:80,127.0.0.1:1,127.0.0.1:2,127.0.0.1:3"
    assert (found["OMNI_SANDBOX_SMTP_PORT"], found["OMNI_SANDBOX_IMAP_PORT"], found["OMNI_SANDBOX_TOKEN"]) == ("2", "3", "secret")
