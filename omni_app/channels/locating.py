"""Whose webhook this is: the account behind an address's token, or behind the id an event names.

Accounts are kept for some seconds in the process; a signature that does not fit is tried again with what the database holds now,
so that new secrets work at once.
"""

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True, slots=True)
class _Kept:
    account: Account | None
    until: float


_by_token: OrderedDict[str, _Kept] = OrderedDict()
_by_key: OrderedDict[tuple[str, str], _Kept] = OrderedDict()


def forget_located() -> None:
    """Read every account anew from now on."""
    _by_token.clear()
    _by_key.clear()


async def find_by_token(kind: str, token: str, *, fresh: bool = False) -> Account | None:
    """The account whose webhook address ends in `token`; None when there is none of this kind. `fresh` reads it anew."""
    if not 20 <= len(token) <= 100 or not token.isascii():
        return None
    index = fingerprint(token)
    kept = _by_token.get(index)
    if kept is None or kept.until < time.monotonic() or fresh:
        async with read_system("whose webhook") as connection:
            row = (await connection.execute(_BY_TOKEN, {"token_index": index})).one_or_none()
        kept = _keep(_by_token, index, None if row is None else account_of(row))
    return kept.account if kept.account is not None and kept.account.kind == kind else None


async def find_by_keys(kind: str, keys: Sequence[str]) -> dict[str, Account]:
    """account key -> the account that proved it; keys nobody proved are missing."""
    at = time.monotonic()
    wanted = list(dict.fromkeys(keys))
    missing = [key for key in wanted if (kept := _by_key.get((kind, key))) is None or kept.until < at]
    if missing:
        async with read_system("whose events") as connection:
            rows = (await connection.execute(_BY_KEYS, {"kind": kind, "keys": missing})).all()
        found = {row.account_key: account_of(row) for row in rows}
        for key in missing:
            _keep(_by_key, (kind, key), found.get(key))
    return {key: account for key in wanted if (account := _by_key[(kind, key)].account) is not None}


def _keep(kept: "OrderedDict[Any, _Kept]", key: Any, account: Account | None) -> _Kept:
    entry = _Kept(account, time.monotonic() + KEPT_SECONDS)
    kept[key] = entry
    kept.move_to_end(key)
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)
    return entry
