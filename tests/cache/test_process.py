"""The tier of this process."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest

from omni_app.cache import process
from omni_app.infra.clock import now
from tests.cache.entries import answer


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    process.forget_all()
    yield
    process.forget_all()


def test_an_answer_is_found_under_the_version_it_was_kept_for() -> None:
    business = uuid4()
    process.keep(business, "question", 3, answer("Yes."))
    found = process.find(business, "question", 3, 1)
    assert found is not None
    assert found.text == "Yes."
    assert process.find(business, "other", 3, 1) is None
    assert process.find(uuid4(), "question", 3, 1) is None


def test_an_answer_of_an_older_or_newer_version_is_never_served() -> None:
    business = uuid4()
    for version in (2, 4):
        process.keep(business, "question", 3, answer())
        assert process.find(business, "question", version, 1) is None
        assert not process.holds(business, "question")


def test_an_answer_that_holds_the_persona_serves_that_persona_alone() -> None:
    business = uuid4()
    process.keep(business, "model", 3, answer(persona_version=1))
    process.keep(business, "taught", 3, answer(persona_version=None))
    assert process.find(business, "taught", 3, 2) is not None
    assert process.find(business, "model", 3, 2) is None


def test_an_answer_ends_with_its_row() -> None:
    business = uuid4()
    process.keep(business, "question", 3, answer(expires_at=now() - timedelta(seconds=1)))
    assert process.find(business, "question", 3, 1) is None


def test_the_oldest_go_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "KEPT", 2)
    business = uuid4()
    for question in ("one", "two", "three"):
        process.keep(business, question, 3, answer())
    assert [process.holds(business, question) for question in ("one", "two", "three")] == [False, True, True]
