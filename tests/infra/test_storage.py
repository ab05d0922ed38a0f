"""Files keep their bytes, belong to one owner, and cannot be reached by a made-up key."""

from uuid import uuid4

import pytest

from omni_app.infra.errors import NotFound
from omni_app.infra.storage import delete_file, put_file, read_file


async def test_a_file_comes_back_as_it_was() -> None:
    key = await put_file(uuid4(), b"\x00bytes\xff")
    assert await read_file(key) == b"\x00bytes\xff"
    await delete_file(key)
    with pytest.raises(NotFound):
        await read_file(key)
    await delete_file(key)


async def test_two_owners_of_the_same_bytes_have_a_file_each() -> None:
    business_id = uuid4()
    first, second = await put_file(business_id, b"same"), await put_file(business_id, b"same")
    await delete_file(first)
    assert await read_file(second) == b"same"


@pytest.mark.parametrize(
    "key", ["", "../master.key", "/etc/passwd", "a/b/c", "019a0000-0000-7000-8000-000000000000/ab/../../../master.key"]
)
async def test_a_made_up_key_finds_nothing(key: str) -> None:
    with pytest.raises(NotFound):
        await read_file(key)
