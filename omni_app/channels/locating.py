"""Whose webhook this is: the account behind an address's token, or behind the id an event names.

Accounts are kept for some seconds in the process; a signature that does not fit is tried again with what the database holds now,
so that new secrets work at once. Many webhooks that come together cause one look-up, not one each.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from omni_app.channels.accounts import COLUMNS, Account, account_of
from omni_app.infra.crypto import fingerprint
from omni_app.infra.database import read_system

KEPT_SECONDS = 10.0
MOST_KEPT = 5_000

_BY_TOKEN = text(f"select {COLUMNS} from channel_connections where token_index = :token_index")  # noqa: S608
_BY_KEYS = text(
    f"""select {COLUMNS} from channel_connections
        where kind = :kind and account_key = any(:keys) and verified_at is not null"""  # noqa: S608
)

# ("token", fingerprint) or (kind, account key).
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Kept:
    account: Account | None
    until: float


_kept: OrderedDict[_Key, _Kept] = OrderedDict()
_asked: dict[tuple[asyncio.AbstractEventLoop, _Key], "asyncio.Task[None]"] = {}


def forget_located() -> None:
    """Read every account anew from now on."""
    _kept.clear()


async def find_by_token(kind: str, token: str, *, fresh: bool = False) -> Account | None:
    """The account whose webhook address ends in `token`; None when there is none of this kind. `fresh` reads it anew."""
    if not 20 <= len(token) <= 100 or not token.isascii():
        return None
    index = fingerprint(token)
    key = ("token", index)

    async def read() -> None:
        async with read_system("whose webhook") as connection:
            row = (await connection.execute(_BY_TOKEN, {"token_index": index})).one_or_none()
        _keep(key, None if row is None else account_of(row))

    if fresh or not _is_fresh(key):
        await _once(key, read)
    kept = _kept.get(key)
    account = kept.account if kept is not None else None
    return account if account is not None and account.kind == kind else None


async def find_by_keys(kind: str, keys: Sequence[str]) -> dict[str, Account]:
    """account key -> the account that proved it; keys nobody proved are missing."""
    wanted = list(dict.fromkeys(keys))
    missing = [key for key in wanted if not _is_fresh((kind, key))]

    async def read() -> None:
        async with read_system("whose events") as connection:
            rows = (await connection.execute(_BY_KEYS, {"kind": kind, "keys": missing})).all()
        found = {row.account_key: account_of(row) for row in rows}
        for key in missing:
            _keep((kind, key), found.get(key))

    if missing:
        await _once((kind, "\x00".join(sorted(missing))), read)
    return {key: kept.account for key in wanted if (kept := _kept.get((kind, key))) is not None and kept.account is not None}


def _is_fresh(key: _Key) -> bool:
    kept = _kept.get(key)
    return kept is not None and kept.until > time.monotonic()


async def _once(key: _Key, read: Callable[[], Awaitable[None]]) -> None:
    """Run `read`, or wait for the one that runs already for the same key."""
    place = (asyncio.get_running_loop(), key)
    task = _asked.get(place)
    if task is None:
        task = _asked[place] = asyncio.ensure_future(_run(place, read))
    # Who gives up waiting must not end the look-up of the others.
    await asyncio.shield(task)


async def _run(place: tuple[asyncio.AbstractEventLoop, _Key], read: Callable[[], Awaitable[None]]) -> None:
    try:
        await read()
    finally:
        _asked.pop(place, None)


def _keep(key: _Key, account: Account | None) -> None:
    _kept[key] = _Kept(account, time.monotonic() + KEPT_SECONDS)
    _kept.move_to_end(key)
    while len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)
