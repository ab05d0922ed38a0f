"""Every table, by the catalogue of the database: whose rows it holds, and that nobody else reaches them.

A new table is covered without an edit here. A table that belongs to no business must be named below, on purpose.
"""

from collections.abc import AsyncIterator, Callable
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Table as SqlTable
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DBAPIError, ProgrammingError

from omni_app.infra.database import app_engine, open_db, system_db
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope, system_scope
from omni_app.infra.tables import Table
from omni_app.settings import ROOT
from tests.architecture.rows import Rows, make_row
from tests.harness.cleaning import Cleaner

# Tables of no business. What omni_app may do there, and why.
SYSTEM: dict[str, set[str]] = {
    "users": set(),
    "sessions": set(),
    "reset_tokens": set(),
    "mails": set(),
    "prices": {"SELECT"},  # the same for everyone, and nothing of anyone
    "outbox": {"INSERT"},  # work leaves with its cause; only the workers read it
    "audit_entries": {"INSERT", "SELECT"},  # its own lines; nobody rewrites the trail
}
NOT_OURS = {"alembic_version"}
# Rows are made at sign-up and never by the app itself; changing its own row is allowed.
WITHOUT_INSERT = {"businesses"}
PRIVILEGES = {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"}

Superuser = Callable[[], psycopg.Connection]


def load_tables() -> dict[str, SqlTable]:
    """Every table of the metadata, in the order their foreign keys need."""
    for path in sorted((ROOT / "omni_app").rglob("models.py")):
        import_module(".".join(Path(path).relative_to(ROOT).with_suffix("").parts))
    import_module("omni_app.infra.jobs")
    return {table.name: table for table in Table.metadata.sorted_tables}


TABLES = load_tables()
TENANT = [name for name in TABLES if name not in SYSTEM]


def column_of_business(name: str) -> str:
    return "id" if name == "businesses" else "business_id"


def test_the_metadata_and_the_database_name_the_same_tables(superuser: Superuser) -> None:
    found = {name for (name,) in superuser().execute("select tablename from pg_tables where schemaname = 'public'")}
    assert found - NOT_OURS == set(TABLES)
    assert set(SYSTEM) <= found


def test_every_table_forces_row_level_security(superuser: Superuser) -> None:
    rows = superuser().execute(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
        " and not (relrowsecurity and relforcerowsecurity)"
    )
    assert {name for (name,) in rows} - NOT_OURS == set()


def test_nothing_else_in_the_schema_leads_around_it(superuser: Superuser) -> None:
    # Views and functions run with their owner's rights unless told otherwise.
    views = superuser().execute(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm', 'f')"
    )
    assert views.fetchall() == []
    functions = superuser().execute("select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef")
    assert functions.fetchall() == []


@pytest.mark.parametrize("name", TENANT)
def test_a_tenant_table_has_its_policy_on_the_column_of_the_business(superuser: Superuser, name: str) -> None:
    policies = (
        superuser()
        .execute(
            "select cmd, qual, with_check from pg_policies where tablename = %s and 'omni_app' = any(roles::text[])", (name,)
        )
        .fetchall()
    )
    assert len(policies) == 1
    command, using, check = policies[0]
    mine = f"({column_of_business(name)} = (NULLIF(current_setting('app.business_id'::text, true), ''::text))::uuid)"
    assert (command, using, check) == ("ALL", mine, mine)


@pytest.mark.parametrize("name", TABLES)
def test_the_app_has_the_privileges_named_here_and_no_more(superuser: Superuser, name: str) -> None:
    connection = superuser()
    held = {
        privilege
        for privilege in PRIVILEGES
        if connection.execute("select has_table_privilege('omni_app', %s, %s)", (name, privilege)).fetchone() == (True,)
    }
    if name in SYSTEM:
        assert held == SYSTEM[name]
    else:
        usual = {"SELECT", "INSERT", "UPDATE", "DELETE"}
        assert held == (usual - {"INSERT", "DELETE"} if name in WITHOUT_INSERT else usual)
    # A grant on single columns would go around the one on the table.
    columns = connection.execute(
        "select privilege_type from information_schema.column_privileges"
        " where table_schema = 'public' and table_name = %s and grantee in ('omni_app', 'PUBLIC')",
        (name,),
    )
    assert {privilege for (privilege,) in columns} <= held


def test_no_role_of_ours_can_bypass_the_policies(superuser: Superuser) -> None:
    roles = (
        superuser()
        .execute(
            "select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication from pg_roles"
            " where rolname in ('omni_app', 'omni_system', 'omni_owner') order by rolname"
        )
        .fetchall()
    )
    assert [role[0] for role in roles] == ["omni_app", "omni_owner", "omni_system"]
    assert not any(any(role[1:]) for role in roles)
    owned = superuser().execute("select relname from pg_class where relowner = 'omni_app'::regrole")
    assert owned.fetchall() == []
    memberships = superuser().execute("select roleid::regrole::text from pg_auth_members where member = 'omni_app'::regrole")
    assert memberships.fetchall() == []


class World:
    """Two businesses with one row in every table each, as omni_system wrote them."""

    def __init__(self, ours: Rows, theirs: Rows) -> None:
        self.ours, self.theirs = ours, theirs
        self.scope: Scope = system_scope(ours["businesses"]["id"])

    def key(self, name: str) -> Any:
        """A condition that names exactly their row of this table."""
        table = TABLES[name]
        return [column == self.theirs[name][column.name] for column in table.primary_key.columns]


@pytest.fixture(scope="module")
async def world(engines: None, cleaner: Cleaner) -> AsyncIterator[World]:
    """One world for all tests here: what they try is refused, and most look themselves that nothing changed."""
    sets: list[Rows] = []
    async with system_db("test rows") as db:
        for _ in range(2):
            business_id, rows = new_id(), Rows()
            for name, table in TABLES.items():
                row = make_row(table, business_id, rows)
                if name == "businesses":
                    row["id"] = business_id
                await db.execute(insert(table), row)
                rows[name] = row
            sets.append(rows)
    yield World(*sets)
    cleaner.empty()


async def count(name: str) -> int:
    async with system_db("test rows") as db:
        return len((await db.execute(select(*TABLES[name].primary_key.columns))).all())


async def tried(scope: Scope, statement: Any, values: Any = None) -> Any:
    """What one statement gives omni_app: rows, a count, or the error it raises."""
    try:
        async with open_db(scope) as db:
            result = await db.execute(statement, values)
            return result.all() if result.returns_rows else result.rowcount  # type: ignore[attr-defined]
    except DBAPIError as error:
        return error


@pytest.mark.parametrize("name", TENANT)
async def test_a_business_sees_its_own_rows_only(world: World, name: str) -> None:
    table = TABLES[name]
    column = table.columns[column_of_business(name)]
    assert await tried(world.scope, select(column)) == [(world.scope.business_id,)]
    assert await tried(world.scope, f"select {column.name} from {name}") == [(world.scope.business_id,)]
    assert await tried(world.scope, select(column).where(*world.key(name))) == []


@pytest.mark.parametrize("name", TENANT)
async def test_a_business_changes_and_deletes_its_own_rows_only(world: World, name: str) -> None:
    table = TABLES[name]
    column = next(iter(table.primary_key.columns))
    assert await tried(world.scope, update(table).where(*world.key(name)).values({column.name: column})) == 0
    deleted = await tried(world.scope, delete(table).where(*world.key(name)))
    assert isinstance(deleted, ProgrammingError) if name in WITHOUT_INSERT else deleted == 0
    assert await count(name) == 2


@pytest.mark.parametrize("name", TENANT)
async def test_a_business_cannot_write_rows_of_another(world: World, name: str) -> None:
    table, theirs = TABLES[name], world.theirs["businesses"]["id"]
    row = make_row(table, theirs, world.theirs)
    refused = await tried(world.scope, insert(table), row)
    assert isinstance(refused, ProgrammingError)
    # Nor give a row of its own away, or take theirs.
    column = column_of_business(name)
    if name != "businesses":
        moved = await tried(world.scope, update(table).values({column: theirs}))
        assert isinstance(moved, ProgrammingError)
        assert "row-level security" in str(moved)
        assert await tried(world.scope, update(table).where(*world.key(name)).values({column: world.scope.business_id})) == 0
    assert await count(name) == 2


@pytest.mark.parametrize("name", TENANT)
async def test_without_a_business_there_are_no_rows_and_no_error(world: World, name: str) -> None:
    table = TABLES[name]
    async with app_engine().connect() as connection:
        assert (await connection.execute(select(*table.primary_key.columns))).all() == []
        # A connection that worked for a business before reports '' instead of nothing.
        await connection.exec_driver_sql("select set_config('app.business_id', '', true)")
        assert (await connection.execute(select(*table.primary_key.columns))).all() == []


@pytest.mark.parametrize("name", SYSTEM)
async def test_system_tables_give_the_app_nothing_of_others(world: World, name: str) -> None:
    table = TABLES[name]
    seen = await tried(world.scope, select(*table.primary_key.columns))
    if "SELECT" not in SYSTEM[name]:
        assert isinstance(seen, ProgrammingError)
    elif "business_id" in table.columns:
        assert await tried(world.scope, select(table.columns["business_id"])) == [(world.scope.business_id,)]
    column = next(iter(table.primary_key.columns))
    assert isinstance(await tried(world.scope, update(table).values({column.name: column})), ProgrammingError)
    assert isinstance(await tried(world.scope, delete(table)), ProgrammingError)
    foreign: UUID = world.theirs["businesses"]["id"]
    assert isinstance(await tried(world.scope, insert(table), make_row(table, foreign, world.theirs)), ProgrammingError)
    assert await count(name) == 2


@pytest.mark.parametrize("name", [name for name, may in SYSTEM.items() if "INSERT" in may])
async def test_the_app_may_put_its_own_lines_into_the_inboxes_only(world: World, name: str) -> None:
    table = TABLES[name]
    ours = await tried(world.scope, insert(table), make_row(table, world.scope.business_id, world.ours))
    assert not isinstance(ours, Exception)
    nobodys = {**make_row(table, world.scope.business_id, world.ours), "business_id": None}
    assert isinstance(await tried(world.scope, insert(table), nobodys), ProgrammingError)
    assert await count(name) == 3
