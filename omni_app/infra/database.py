"""Transactions that know whose data they may touch.

`open_db(scope)` connects as `omni_app`: row-level security lets it see one business only. `system_db(purpose)` connects as
`omni_system`, which sees all: sign-in, key look-up, sweeps, the scheduler; rare, named, greppable. Domain code never commits:
leaving the block does, and what was registered with `Db.after_commit` runs after that.

On the path of an answer round trips count more than rows: `open_db_with`, `run_alone` and `Db.run_last` send what belongs
together at once.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Result, TextClause, text
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.sql import Executable

from omni_app.infra.log import get_logger
from omni_app.infra.scope import Scope
from omni_app.settings import load_settings

log = get_logger(__name__)

_SCOPE = b"select set_config('app.business_id', $1, true)"
_SET_SCOPE = text("select set_config('app.business_id', :business_id, true)")
Rows = list[Any]
Sending = tuple[TextClause, Mapping[str, Any]]


@dataclass(slots=True)
class Db:
    """One open transaction. `scope` raises unless the transaction belongs to one business."""

    session: AsyncSession
    _scope: Scope | None = None
    _callbacks: list[Callable[[], None]] = field(default_factory=list)
    _queued: "list[Sending]" = field(default_factory=list)

    @property
    def scope(self) -> Scope:
        if self._scope is None:
            raise RuntimeError("this transaction belongs to no business")
        return self._scope

    @property
    def scope_or_none(self) -> Scope | None:
        return self._scope

    async def execute(self, statement: Executable | str, parameters: Mapping[str, Any] | None = None) -> Result[Any]:
        """Run a statement; plain text is wrapped in `text()`, so values always travel as parameters."""
        executable = text(statement) if isinstance(statement, str) else statement
        await self.send_queued()
        return await self.session.execute(executable, parameters)

    def queue(self, statement: TextClause, values: Mapping[str, Any]) -> None:
        """Run a statement whose rows nobody needs with the next one, in the same round trip; at the latest when the block ends.
        What is wrong with it is raised there."""
        self._queued.append((statement, values))

    async def send_queued(self) -> None:
        """Run what is queued now."""
        if self._queued:
            await self._send([], commits=False)

    async def run_last(self, statement: TextClause, values: Mapping[str, Any]) -> Rows:
        """Run the transaction's last statement and commit with it, in one round trip instead of two; its rows. The block must run
        nothing after it."""
        return await self._send([(statement, values)], commits=True)

    async def _send(self, statements: "list[Sending]", *, commits: bool) -> Rows:
        queued, self._queued = self._queued, []
        return await _send_together(await self.session.connection(), [*queued, *statements], scope=None, commits=commits)

    def add(self, row: object) -> None:
        self.session.add(row)

    async def flush(self) -> None:
        await self.session.flush()

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Run `callback` once the rows are committed; forget it on rollback. It must not block."""
        self._callbacks.append(callback)

    def run_callbacks(self) -> None:
        for callback in self._callbacks:
            try:
                callback()
            except Exception:
                # The rows are committed: a hint that could not be given is repaired by the sweep.
                log.exception("after-commit callback failed")


@dataclass(frozen=True, slots=True)
class _Engines:
    app: AsyncEngine
    system: AsyncEngine
    app_sessions: async_sessionmaker[AsyncSession]
    system_sessions: async_sessionmaker[AsyncSession]


_engines: _Engines | None = None


def _create(url: str, size: int) -> AsyncEngine:
    return create_async_engine(
        url, pool_size=size, max_overflow=0, pool_timeout=20, connect_args={"connect_timeout": 10, "prepare_threshold": 3}
    )


def open_engines() -> None:
    """Open both pools for this process; called by each process's start, again only after `close_engines`."""
    global _engines
    if _engines is not None:
        return
    settings = load_settings()
    if settings.database_url is None or settings.omni_database_system_url is None:
        raise RuntimeError("DATABASE_URL and OMNI_DATABASE_SYSTEM_URL are not set; start with `make run`")
    app = _create(settings.database_url.get_secret_value(), settings.database_pool)
    system = _create(settings.omni_database_system_url.get_secret_value(), settings.system_pool)
    _engines = _Engines(
        app, system, async_sessionmaker(app, expire_on_commit=False), async_sessionmaker(system, expire_on_commit=False)
    )


async def close_engines() -> None:
    global _engines
    if _engines is not None:
        engines, _engines = _engines, None
        await engines.app.dispose()
        await engines.system.dispose()


def _open() -> _Engines:
    if _engines is None:
        open_engines()
    assert _engines is not None
    return _engines


def app_engine() -> AsyncEngine:
    return _open().app


def system_engine() -> AsyncEngine:
    return _open().system


@asynccontextmanager
async def open_db(scope: Scope) -> AsyncIterator[Db]:
    """A transaction inside one business; commits when the block ends, rolls back when it raises."""
    async with _open().app_sessions() as session:
        async with session.begin():
            await session.execute(_SET_SCOPE, {"business_id": str(scope.business_id)})
            db = Db(session, scope)
            yield db
            await db.send_queued()
    db.run_callbacks()


@asynccontextmanager
async def open_db_with(
    scope: Scope, statement: TextClause, values: Mapping[str, Any], *, is_all: bool = False
) -> AsyncIterator[tuple[Db, Rows]]:
    """`open_db` that begins with one statement, in one round trip instead of three: the transaction, and the statement's rows,
    whose columns are attributes. With `is_all` it is committed with it, and the block must run nothing else in it."""
    async with _open().app_sessions() as session:
        async with session.begin():
            rows = await _send_together(await session.connection(), [(statement, values)], scope=scope, commits=is_all)
            db = Db(session, scope)
            yield db, rows
            await db.send_queued()
    db.run_callbacks()


async def run_alone(scope: Scope, statement: TextClause, values: Mapping[str, Any]) -> Rows:
    """Run one statement in a transaction of its own inside one business and commit it; its rows. One round trip, not four.

    Raises SQLAlchemy's errors, as a statement in `open_db` would; nothing is changed then.
    """
    async with _open().app.connect() as connection:
        return await _send_together(connection, [(statement, values)], scope=scope, commits=True)


async def _send_together(
    connection: AsyncConnection, statements: "Sequence[Sending]", *, scope: Scope | None, commits: bool
) -> Rows:
    """Perhaps the transaction's beginning and scope, statements, and perhaps the end, as one pipeline of the driver: each of
    SQLAlchemy's steps would cost a round trip and more work in this process than in PostgreSQL. The rows of the last one."""
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, psycopg.AsyncConnection)
    try:
        async with driver.pipeline():
            if scope is not None:
                await psycopg.AsyncRawCursor(driver).execute(_SCOPE, (str(scope.business_id),))
            for statement, values in statements:
                written, names = _as_driver_writes(statement)
                cursor = psycopg.AsyncRawCursor(driver, row_factory=namedtuple_row)
                await cursor.execute(written, [values[name] for name in names])
            if commits:
                await driver.commit()
        return await cursor.fetchall() if cursor.description is not None else []
    except psycopg.OperationalError as error:
        # The pool must not hand out what is broken, and SQLAlchemy has not seen it break.
        await connection.invalidate(error)
        raise OperationalError(str(statements[-1][0]), None, error) from error
    except psycopg.IntegrityError as error:
        raise IntegrityError(str(statements[-1][0]), None, error) from error
    except psycopg.Error as error:
        raise DBAPIError(str(statements[-1][0]), None, error) from error


@lru_cache(maxsize=100)
def _as_driver_writes(statement: TextClause) -> tuple[bytes, Sequence[str]]:
    """A statement with PostgreSQL's own numbered parameters, and their names in order. The driver sends it as it is; parameters
    by name it would look for in the text each time when the text is long."""
    compiled = statement.compile(dialect=PGDialect(paramstyle="numeric_dollar"))  # type: ignore[no-untyped-call]
    return str(compiled).encode(), tuple(compiled.positiontup or ())


@asynccontextmanager
async def system_db(purpose: str) -> AsyncIterator[Db]:
    """A transaction over all businesses, for `purpose` (a few words; they make each use greppable and logged on failure)."""
    async with _open().system_sessions() as session:
        try:
            async with session.begin():
                db = Db(session)
                yield db
                await db.send_queued()
        except DBAPIError:
            log.warning("system transaction failed", purpose=purpose)
            raise
    db.run_callbacks()


@asynccontextmanager
async def read_system(purpose: str) -> AsyncIterator[AsyncConnection]:
    """One read over all businesses without BEGIN and COMMIT, a third cheaper than a transaction: key and session look-ups."""
    engine = _open().system.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        yield connection


def is_database_away(error: BaseException) -> bool:
    """Whether `error` says that PostgreSQL cannot be reached now, so that the same call may succeed later."""
    return isinstance(error, OperationalError | PoolTimeout) or (isinstance(error, DBAPIError) and error.connection_invalidated)
