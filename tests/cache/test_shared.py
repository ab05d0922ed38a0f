"""The tier in Redis: answers and packed vectors."""

from datetime import timedelta
from uuid import UUID, uuid4

import numpy as np
import pytest

from omni_app.cache import shared
from omni_app.cache.rows import Rejected, Row, Rows, find_packed, keep_packed, pack, unpack
from omni_app.infra.clock import now
from omni_app.infra.redis import redis_client
from tests.cache.entries import answer, direction

pytestmark = pytest.mark.usefixtures("database")

HOUR = timedelta(hours=1)


def some_rows(**values: object) -> Rows:
    entries = [
        Row(
            id=UUID(int=number),
            question=f"Question {number}?",
            vector=direction(1, number),
            answer=answer(),
            is_taught=number == 2,
        )
        for number in (1, 2)
    ]
    rejected = [
        Rejected(id=UUID(int=8), question_hash="h", question="Wrong?", answer_hash="a", vector=direction(0, 0, 1)),
        Rejected(id=UUID(int=9), question_hash="i", question="Also wrong?", answer_hash="a", vector=None),
    ]
    known = {
        "cache_version": 3,
        "persona_version": 4,
        "model": "m",
        "entries": entries,
        "rejected": rejected,
        "coefficients": (1.0, -2.5),
        "newest_at": now(),
    }
    return Rows(**{**known, **values})  # type: ignore[arg-type]


async def test_an_answer_comes_back_as_it_was_with_its_version() -> None:
    business = uuid4()
    stored = answer("Sí, también los sábados. 🦷", persona_version=4)
    await shared.keep(business, "question", 3, stored, HOUR)
    found = await shared.find(business, "question")
    assert found is not None
    assert found.answer == stored
    assert found.fits(3, 4)
    assert not found.fits(4, 4)
    assert not found.fits(2, 4)
    assert not found.fits(3, 5)
    assert await shared.find(uuid4(), "question") is None


async def test_an_answer_stays_no_longer_than_its_kind_and_its_row() -> None:
    business = uuid4()
    await shared.keep(business, "short", 3, answer(expires_at=now() + timedelta(minutes=2)), HOUR)
    await shared.keep(business, "long", 3, answer(), HOUR)
    await shared.keep(business, "over", 3, answer(expires_at=now() - HOUR), HOUR)
    times = [await redis_client().ttl(shared.answer_name(business, name)) for name in ("short", "long", "over")]
    assert 100 < times[0] <= 120
    assert 3500 < times[1] <= 3600
    assert times[2] == -2


async def test_what_is_forgotten_is_gone_with_the_packed_vectors() -> None:
    business = uuid4()
    await shared.keep(business, "one", 3, answer(), HOUR)
    await shared.keep(business, "two", 3, answer(), HOUR)
    await keep_packed(business, some_rows())
    await shared.forget(business, ["one"])
    assert await shared.find(business, "one") is None
    assert await shared.find(business, "two") is not None
    assert await find_packed(business, "m", 3, 4) is None


def test_packed_rows_come_back_as_they_were() -> None:
    rows = some_rows()
    back = unpack(pack(rows))
    assert (back.cache_version, back.persona_version, back.model, back.coefficients) == (3, 4, "m", (1.0, -2.5))
    assert back.newest_at == rows.newest_at
    for one, other in zip(rows.entries, back.entries, strict=True):
        assert (one.id, one.question, one.answer, one.is_taught) == (other.id, other.question, other.answer, other.is_taught)
        assert float(np.abs(one.vector - other.vector).max()) < 0.001
    assert [(one.id, one.vector is None) for one in back.rejected] == [(UUID(int=8), False), (UUID(int=9), True)]


def test_nothing_packs_as_well() -> None:
    back = unpack(pack(some_rows(entries=(), rejected=(), coefficients=())))
    assert (list(back.entries), list(back.rejected), back.coefficients) == ([], [], ())


@pytest.mark.parametrize("wanted", [("m", 2, 4), ("m", 4, 4), ("m", 3, 5), ("other", 3, 4)])
async def test_rows_of_another_version_or_model_are_not_taken(wanted: tuple[str, int, int]) -> None:
    business = uuid4()
    await keep_packed(business, some_rows())
    assert await find_packed(business, "m", 3, 4) is not None
    assert await find_packed(business, *wanted) is None
