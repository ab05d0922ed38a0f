"""Files that no row names are removed after a day, and no other file is."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from omni_app.infra.errors import NotFound
from omni_app.infra.storage import delete_file, put_file, put_sealed, read_file
from omni_app.settings import load_settings
from tests.making import make_business, rows
from workers.stray_files import FILE_COLUMNS, MOST_REMOVED, remove_stray_files
from workers.sweeps import SWEEPS

pytestmark = pytest.mark.usefixtures("database")

DAY = 24 * 3600
FILE_WORDS = ("storage_key", "thumbnail_key", "html_key", "file_key", "picture_key", "recording_key")


def path_of(key: str) -> Path:
    return load_settings().home / "files" / key


def age(key: str, seconds: float) -> str:
    written = path_of(key).stat().st_mtime
    os.utime(path_of(key), (written - seconds, written - seconds))
    return key


async def sweep(*keys: str) -> set[str]:
    """Sweep the shards of `keys`; which of them are still there."""
    for shard in {key.split("/")[1] for key in keys}:
        await remove_stray_files(shard)
    return {key for key in keys if path_of(key).exists()}


async def test_what_a_killed_process_left_goes_after_a_day() -> None:
    business_id = (await make_business(faqs=())).scope.business_id
    old = age(await put_sealed(business_id, b"<p>a mail</p>"), DAY + 60)
    young = age(await put_sealed(business_id, b"<p>another</p>"), DAY - 60)
    fresh = await put_file(business_id, b"being written")
    half = path_of(f"{old}.part")
    half.write_bytes(b"hal")
    age(f"{old}.part", 2 * DAY)
    assert await sweep(old, young, fresh) == {young, fresh}
    assert not half.exists()
    assert await sweep(old, young, fresh) == {young, fresh}


@pytest.mark.parametrize(("table", "column"), sorted(FILE_COLUMNS))
async def test_a_file_that_a_row_names_stays(table: str, column: str, superuser: Callable[[], psycopg.Connection]) -> None:
    business_id = (await make_business(faqs=())).scope.business_id
    key = age(await put_file(business_id, f"{table}.{column}".encode()), 400 * DAY)
    name_file(superuser(), business_id, table, column, key)
    assert await sweep(key) == {key}
    await rows(f"update {table} set {column} = '' where {column} = :key returning 1", key=key)
    assert await sweep(key) == set()


def name_file(connection: psycopg.Connection, business_id: UUID, table: str, column: str, key: str) -> None:
    """One row of `table` that names `key`; everything else in it is empty, and refers to nothing."""
    values: dict[str, object] = {}
    for name, kind in connection.execute(
        "select column_name, data_type from information_schema.columns where table_name = %s and is_nullable = 'NO'", [table]
    ):
        values[name] = _EMPTY[kind]
    values |= {"business_id": business_id, column: key}
    connection.execute("set session_replication_role = replica")
    places = ", ".join(["%s"] * len(values))
    connection.execute(f"insert into {table} ({', '.join(values)}) values ({places})", list(values.values()))


_EMPTY: dict[str, object] = {
    "character varying": "",
    "text": "",
    "integer": 0,
    "bigint": 0,
    "boolean": False,
    "jsonb": "[]",
    "uuid": uuid4(),
    "timestamp with time zone": datetime(2026, 1, 5, tzinfo=UTC),
}


async def test_files_of_a_business_this_database_does_not_know_stay() -> None:
    key = age(await put_file(uuid4(), b"another Omni's"), 10 * DAY)
    assert await sweep(key) == {key}
    await delete_file(key)


async def test_what_is_no_file_of_ours_stays() -> None:
    business_id = (await make_business(faqs=())).scope.business_id
    key = await put_file(business_id, b"x")
    other = path_of(key).with_name("notes.txt")
    other.write_text("the operator's")
    os.utime(other, (0, 0))
    assert await sweep(key) == {key}
    assert other.exists()
    other.unlink()


async def test_one_run_removes_a_bounded_number_and_two_at_once_do_no_harm() -> None:
    business_id = (await make_business(faqs=())).scope.business_id
    keys = [age(await put_file(business_id, b"the same bytes"), 2 * DAY) for _ in range(MOST_REMOVED + 5)]
    shard = keys[0].split("/")[1]
    await asyncio.gather(remove_stray_files(shard), remove_stray_files(shard))
    left = [key for key in keys if path_of(key).exists()]
    assert 0 <= len(left) <= 5
    await remove_stray_files(shard)
    with pytest.raises(NotFound):
        await read_file(keys[-1])


async def test_every_column_that_names_a_file_is_known() -> None:
    """By what such columns are called."""
    columns = await rows("select table_name, column_name from information_schema.columns where table_schema = 'public'")
    named = {(row["table_name"], row["column_name"]) for row in columns if row["column_name"].endswith(FILE_WORDS)}
    assert named == FILE_COLUMNS


def test_the_scheduler_runs_it() -> None:
    assert remove_stray_files in {sweep.work for sweep in SWEEPS}
