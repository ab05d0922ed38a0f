"""Files of the product, kept in a folder under `OMNI_HOME` and named by what is in them.

The key is `<business>/<two hex>/<sha256>-<random>`: two owners never share a file, so removing one's file takes nobody else's.
"""

import asyncio
import hashlib
import os
import re
import secrets
from pathlib import Path
from uuid import UUID

from omni_app.infra.crypto import open_bytes, seal_bytes
from omni_app.infra.errors import NotFound
from omni_app.settings import load_settings

_KEY = re.compile(r"[0-9a-f-]{36}/[0-9a-f]{2}/[0-9a-f]{64}-[0-9a-f]{8}")


def _root() -> Path:
    return load_settings().home / "files"


def _path(storage_key: str) -> Path:
    if not _KEY.fullmatch(storage_key):
        raise NotFound("file")
    return _root() / storage_key


async def put_file(business_id: UUID, data: bytes) -> str:
    """Store `data` and give its key once it is on the disk."""
    digest = hashlib.sha256(data).hexdigest()
    storage_key = f"{business_id}/{digest[:2]}/{digest}-{secrets.token_hex(4)}"
    await asyncio.to_thread(_write, _path(storage_key), data)
    return storage_key


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


async def read_file(storage_key: str) -> bytes:
    """The bytes under a key. Raises `NotFound`."""
    try:
        return await asyncio.to_thread(_path(storage_key).read_bytes)
    except FileNotFoundError as error:
        raise NotFound("file") from error


async def put_sealed(business_id: UUID, data: bytes) -> str:
    """`put_file` for what may not lie readable on a disk: encrypted under the system key, bound to the business."""
    sealed = await asyncio.to_thread(seal_bytes, data, str(business_id))
    return await put_file(business_id, sealed)


async def read_sealed(storage_key: str) -> bytes:
    """What `put_sealed` stored. Raises `NotFound`; ValueError when the bytes were changed."""
    sealed = await read_file(storage_key)
    return await asyncio.to_thread(open_bytes, sealed, storage_key.partition("/")[0])


async def delete_file(storage_key: str) -> None:
    """Remove a file; nothing happens when it is gone already."""
    await asyncio.to_thread(_path(storage_key).unlink, missing_ok=True)
