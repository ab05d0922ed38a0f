"""Remove files that no row names: a process killed between storing a file and writing its row leaves one."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from omni_app.infra.clock import now
from omni_app.infra.database import system_db
from omni_app.infra.log import get_logger
from omni_app.infra.storage import Folder, open_store
from omni_app.settings import load_settings

log = get_logger(__name__)

# A file is stored minutes before its row at most; a day leaves room for a clock that was set.
KEPT = timedelta(days=1)
MOST_REMOVED = 200
SHARDS = 256
# Each ten minutes the files of one shard: all of them are looked at within two days.
SHARD_SECONDS = 600

FILE_COLUMNS = {
    ("attachments", "storage_key"),
    ("attachments", "thumbnail_key"),
    ("messages", "html_key"),
    ("channel_events", "storage_key"),
    ("documents", "storage_key"),
}
"""Every column that names a file. A new one has to stand here, or its files are removed after a day; a test holds that."""

_NAMED = " union all ".join(
    f"select {column} from {table} where {column} = any(:keys) and business_id = any(:businesses)"  # noqa: S608
    for table, column in sorted(FILE_COLUMNS)
)
# Files of a business this database does not know may be those of another Omni in the same folder.
_KNOWN = text("select id from businesses where id = any(cast(:businesses as uuid[]))")


async def remove_stray_files(shard: str = "") -> None:
    """Look at the files of one shard (default: whose turn it is) that are older than a day, and remove those no row names.

    At most `MOST_REMOVED` a run; a second run finds them gone. A bucket is left alone: a copy of the database, of a trial system
    say, may point to it, and would take the files of the other for strays.
    """
    at, store = now(), open_store(load_settings())
    if not isinstance(store, Folder):
        return
    shard = shard or f"{int(at.timestamp() // SHARD_SECONDS) % SHARDS:02x}"
    names = await store.list_older(shard, (at - KEPT).timestamp())
    if not names:
        return
    businesses = sorted({name.partition("/")[0] for name in names})
    async with system_db("sweep: stray files") as db:
        known = {str(row.id) for row in await db.execute(_KNOWN, {"businesses": businesses})}
        named = set((await db.execute(text(_NAMED), {"keys": names, "businesses": [UUID(one) for one in known]})).scalars())
    strays = [name for name in names if name.partition("/")[0] in known and name not in named][:MOST_REMOVED]
    for name in strays:
        await store.delete_stray(name)
    if strays:
        log.warning("files nobody names removed", count=len(strays))
