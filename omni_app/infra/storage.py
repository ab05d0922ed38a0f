"""Files of the product, named by what is in them: in a folder under `OMNI_HOME`, or in a bucket when `STORAGE_URL` is set.

The key is `<business>/<two hex>/<sha256>-<random>`: two owners never share a file, so removing one's file takes nobody else's.
It is the same in the folder and in the bucket, so a folder can be copied into a bucket as it is.
"""

import asyncio
import hashlib
import os
import re
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Protocol
from uuid import UUID

from omni_app.infra.crypto import open_bytes, seal_bytes
from omni_app.infra.errors import NotFound
from omni_app.settings import Settings, load_settings

_KEY = re.compile(r"[0-9a-f-]{36}/[0-9a-f]{2}/[0-9a-f]{64}-[0-9a-f]{8}")


class Store(Protocol):
    """Where files lie. Keys are checked by the functions below."""

    async def put(self, storage_key: str, data: bytes) -> None:
        """Store `data` whole or not at all. Raises `Unavailable`."""

    async def read(self, storage_key: str) -> bytes:
        """Raises `NotFound`, `Unavailable`."""

    async def delete(self, storage_key: str) -> None:
        """Nothing happens when it is gone already. Raises `Unavailable`."""


class Folder:
    """Files below one folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, storage_key: str, data: bytes) -> None:
        await asyncio.to_thread(_write, self._root / storage_key, data)

    async def read(self, storage_key: str) -> bytes:
        try:
            return await asyncio.to_thread((self._root / storage_key).read_bytes)
        except FileNotFoundError as error:
            raise NotFound("file") from error

    async def delete(self, storage_key: str) -> None:
        await asyncio.to_thread((self._root / storage_key).unlink, missing_ok=True)

    async def list_older(self, shard: str, before: float) -> list[str]:
        """Keys of all businesses below the two hex digits `shard` whose files were last written before `before` (epoch seconds).

        What a killed process left of a half-written file is listed with its ending `.part`.
        """
        return await asyncio.to_thread(_list_older, self._root, shard, before)

    async def delete_stray(self, name: str) -> None:
        """Remove what `list_older` named; nothing happens when it is gone already."""
        await asyncio.to_thread((self._root / name).unlink, missing_ok=True)


def _list_older(root: Path, shard: str, before: float) -> list[str]:
    found = []
    for folder in sorted(root.glob(f"*/{shard}")):
        for entry in os.scandir(folder):
            key = f"{folder.parent.name}/{shard}/{entry.name}"
            # Only what this module wrote: whatever else somebody put there is theirs.
            if _KEY.fullmatch(key.removesuffix(".part")):
                with suppress(FileNotFoundError):
                    if entry.stat(follow_symlinks=False).st_mtime < before:
                        found.append(key)
    return found


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Whole or not at all: a reader never sees half a file, and a crash leaves only a stray with another name.
    stray = path.with_name(path.name + ".part")
    descriptor = os.open(stray, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    stray.rename(path)


@lru_cache(maxsize=4)
def open_store(settings: Settings) -> Store:
    """The store that settings name. Raises ValueError for a `STORAGE_URL` that cannot be read."""
    if settings.storage_url is None or not settings.storage_url.get_secret_value().strip():
        return Folder(settings.home / "files")
    # The library is loaded where a bucket is used only.
    from omni_app.infra.buckets import Bucket

    return Bucket(settings)


def _checked(storage_key: str) -> str:
    if not _KEY.fullmatch(storage_key):
        raise NotFound("file")
    return storage_key


def _store(store: Store | None) -> Store:
    return open_store(load_settings()) if store is None else store


async def put_file(business_id: UUID, data: bytes, *, store: Store | None = None) -> str:
    """Store `data` and give its key once it is kept for good. `store`: default that of the settings. Raises `Unavailable`."""
    digest = (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()
    storage_key = f"{business_id}/{digest[:2]}/{digest}-{secrets.token_hex(4)}"
    await _store(store).put(_checked(storage_key), data)
    return storage_key


async def read_file(storage_key: str, *, store: Store | None = None) -> bytes:
    """The bytes under a key. Raises `NotFound`, `Unavailable`."""
    return await _store(store).read(_checked(storage_key))


async def put_sealed(business_id: UUID, data: bytes, *, store: Store | None = None) -> str:
    """`put_file` for what may not lie readable on a disk: encrypted under the system key, bound to the business."""
    sealed = await asyncio.to_thread(seal_bytes, data, str(business_id))
    return await put_file(business_id, sealed, store=store)


async def read_sealed(storage_key: str, *, store: Store | None = None) -> bytes:
    """What `put_sealed` stored. Raises `NotFound`, `Unavailable`; ValueError when the bytes were changed."""
    sealed = await read_file(storage_key, store=store)
    return await asyncio.to_thread(open_bytes, sealed, storage_key.partition("/")[0])


async def delete_file(storage_key: str, *, store: Store | None = None) -> None:
    """Remove a file; nothing happens when it is gone already. Raises `NotFound` for what is no key, `Unavailable`."""
    await _store(store).delete(_checked(storage_key))
