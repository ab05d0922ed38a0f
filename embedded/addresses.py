"""Where the database and Redis are: the operator's servers when their variables are set, else the embedded ones.

And the environment the children get: each process only what it needs.
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from embedded.postgres import APP, OWNER, SYSTEM, Cluster
from embedded.redis import RedisServer
from omni_app.settings import Settings


class Misconfigured(Exception):
    """The operator's variables do not fit together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPorts:
    """Where the provider simulator listens, on 127.0.0.1 only, and the token of its control API."""

    http: int
    smtp: int
    imap: int
    token: str

    def environment(self, allowed: str = "") -> Mapping[str, str]:
        """What tells a process of the product where it is; it may be called beside the private addresses `allowed` already."""
        ports = (self.http, self.smtp, self.imap)
        return {
            "OMNI_SANDBOX_URL": f"http://127.0.0.1:{self.http}",
            "OMNI_SANDBOX_SMTP_PORT": str(self.smtp),
            "OMNI_SANDBOX_IMAP_PORT": str(self.imap),
            "OMNI_SANDBOX_TOKEN": self.token,
            "OMNI_EGRESS_ALLOW": ",".join([*filter(None, [allowed]), *[f"127.0.0.1:{port}" for port in ports]]),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """URLs of every server; `cluster` and `redis` are None where the operator's own is used."""

    app: str
    system: str
    owner: str
    redis_url: str
    cluster: Cluster | None
    redis: RedisServer | None
    sandbox: SandboxPorts | None = None


def choose_sandbox(settings: Settings, token: str) -> SandboxPorts | None:
    """The three ports above PORT, others where one is taken; None when the simulator is switched off."""
    if settings.sandbox.strip().lower() in {"off", "0", "false", "no"}:
        return None
    chosen: list[int] = []
    for wanted in (settings.port + 1, settings.port + 2, settings.port + 3):
        with socket.socket() as probe:
            # As the servers do: a port whose last connections are still fading away is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
            except (OSError, OverflowError):
                probe.bind(("127.0.0.1", 0))
            chosen.append(int(probe.getsockname()[1]))
    http, smtp, imap = chosen
    return SandboxPorts(http=http, smtp=smtp, imap=imap, token=token)


def choose_addresses(settings: Settings, cluster: Cluster, server: RedisServer) -> Addresses:
    """Raises `Misconfigured` when a managed database is named without the addresses of all three roles."""
    app, system, owner = map(_plain, (settings.database_url, settings.omni_database_system_url, settings.omni_database_owner_url))
    if app and not (system and owner):
        raise Misconfigured(
            "DATABASE_URL is set, so Omni starts no database of its own and also needs OMNI_DATABASE_SYSTEM_URL "
            "(role omni_system) and OMNI_DATABASE_OWNER_URL (role omni_owner): see docs/operations.md"
        )
    if not app and (system or owner):
        raise Misconfigured(
            "OMNI_DATABASE_SYSTEM_URL or OMNI_DATABASE_OWNER_URL is set without DATABASE_URL: set all three or none, "
            "see docs/operations.md"
        )
    redis_url = _plain(settings.redis_url)
    return Addresses(
        app=app or cluster.url(APP),
        system=system or cluster.url(SYSTEM),
        owner=owner or cluster.url(OWNER),
        redis_url=redis_url or server.url(),
        cluster=None if app else cluster,
        redis=None if redis_url else server,
    )


def _plain(value: SecretStr | None) -> str:
    return "" if value is None else value.get_secret_value()


def child_environment(settings: Settings, addresses: Addresses, *, as_owner: bool = False) -> Mapping[str, str]:
    """The environment of one child: ours plus the addresses. Only the migrations get the owner's."""
    return {
        **os.environ,
        "PORT": str(settings.port),
        "OMNI_HOME": str(settings.home),
        "OMNI_NAMESPACE": settings.namespace,
        "DATABASE_URL": addresses.app,
        "OMNI_DATABASE_SYSTEM_URL": addresses.system,
        # Empty, not absent: `.env` may name it, and the environment wins over `.env`.
        "OMNI_DATABASE_OWNER_URL": addresses.owner if as_owner else "",
        "REDIS_URL": addresses.redis_url,
        "REFLEX_REDIS_URL": addresses.redis_url,
        "PYTHONUNBUFFERED": "1",
        **(addresses.sandbox.environment(settings.egress_allow) if addresses.sandbox else {}),
    }
