"""Files keep their bytes, belong to one owner, and cannot be reached by a made-up key: in a folder and in a bucket alike."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from omni_app.infra.errors import NotFound, Unavailable
from omni_app.infra.storage import Folder, Store, delete_file, open_store, put_file, put_sealed, read_file, read_sealed
from omni_app.settings import Settings
from tests.stubs.s3_stub import KEY_ID, REGION, SECRET, S3Stub


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Stub]:
    stub = S3Stub()
    yield stub
    stub.close()


def bucket(stub: S3Stub, **settings: object) -> Store:
    usual = {
        "storage_url": "s3://omni-files/eu/prod",
        "aws_access_key_id": KEY_ID,
        "aws_secret_access_key": SECRET,
        "aws_region": REGION,
        "aws_endpoint_url": stub.url,
    }
    return open_store(Settings(**{**usual, **settings}))  # type: ignore[arg-type]


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path, s3: S3Stub) -> Store:
    return Folder(tmp_path) if request.param == "folder" else bucket(s3)


async def test_a_file_comes_back_as_it_was(store: Store) -> None:
    key = await put_file(uuid4(), b"\x00bytes\xff", store=store)
    assert await read_file(key, store=store) == b"\x00bytes\xff"
    await delete_file(key, store=store)
    with pytest.raises(NotFound):
        await read_file(key, store=store)
    await delete_file(key, store=store)


async def test_two_owners_of_the_same_bytes_have_a_file_each(store: Store) -> None:
    business_id = uuid4()
    first, second = await put_file(business_id, b"same", store=store), await put_file(business_id, b"same", store=store)
    await delete_file(first, store=store)
    assert await read_file(second, store=store) == b"same"


@pytest.mark.parametrize(
    "key", ["", "../master.key", "/etc/passwd", "a/b/c", "019a0000-0000-7000-8000-000000000000/ab/../../../master.key"]
)
async def test_a_made_up_key_finds_nothing(key: str, store: Store) -> None:
    for call in (read_file, delete_file):
        with pytest.raises(NotFound):
            await call(key, store=store)


async def test_a_sealed_file_is_unreadable_where_it_lies_and_bound_to_its_business(store: Store) -> None:
    key = await put_sealed(uuid4(), b"what a provider sent", store=store)
    assert b"provider" not in await read_file(key, store=store)
    assert await read_sealed(key, store=store) == b"what a provider sent"
    sealed = await read_file(key, store=store)
    moved = await put_file(uuid4(), sealed, store=store)
    changed = await put_file(uuid4(), sealed[:-1] + bytes([sealed[-1] ^ 1]), store=store)
    for wrong in (moved, changed, await put_file(uuid4(), b"", store=store)):
        with pytest.raises(ValueError, match="file"):
            await read_sealed(wrong, store=store)


async def test_a_file_of_25_megabytes_passes(store: Store) -> None:
    data = bytes(25 * 1024 * 1024)
    key = await put_file(uuid4(), data, store=store)
    assert len(await read_file(key, store=store)) == len(data)


async def test_without_a_url_files_lie_in_the_home_folder() -> None:
    key = await put_file(uuid4(), b"here")
    assert await read_file(key) == b"here"
    assert isinstance(open_store(Settings()), Folder)


async def test_objects_stand_under_the_prefix_and_each_request_is_signed(s3: S3Stub) -> None:
    key = await put_file(uuid4(), b"signed", store=bucket(s3))
    assert s3.objects[f"/omni-files/eu/prod/{key}"] == b"signed"
    with pytest.raises(Unavailable):
        await read_file(key, store=bucket(s3, aws_secret_access_key="wrong"))


async def test_a_storage_that_is_busy_is_asked_again_and_one_that_is_away_says_so(s3: S3Stub) -> None:
    s3.failing = 1
    key = await put_file(uuid4(), b"again", store=bucket(s3))
    assert await read_file(key, store=bucket(s3)) == b"again"
    gone = S3Stub()
    gone.close()
    with pytest.raises(Unavailable) as away:
        await put_file(uuid4(), b"x", store=bucket(gone))
    assert "omni-files" not in str(away.value)


@pytest.mark.parametrize("url", ["http://bucket/x", "s3://", "bucket", "s3://key:secret@bucket", "file:///etc"])
def test_a_storage_url_that_cannot_be_meant_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="s3://bucket/prefix"):
        open_store(Settings(storage_url=url))  # type: ignore[arg-type]
