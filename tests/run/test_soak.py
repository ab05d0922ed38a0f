"""Two short soaks: every part is killed or frozen once while people talk, and answers that stream lose their makers."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.home import hand_over
from tests.harness.services import free_port, link_models
from tests.run.omni import Omni
from tests.run.soak import Soak, slow_model


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Omni]:
    """Not started yet."""
    home = tmp_path / "home"
    hand_over(home, None)
    link_models(home)
    made = Omni(home=home, port=free_port())
    yield made
    made.end()


@pytest.fixture
def omni(installation: Omni) -> Omni:
    installation.start()
    return installation


@pytest.fixture
def paid_omni(installation: Omni) -> Iterator[Omni]:
    """Its answers come in pieces from a language model, for more than a second each."""
    model = slow_model(installation)
    model.behave(pieces=tuple(f"word {number} " for number in range(12)), piece_seconds=0.1)
    installation.start()
    yield installation
    model.close()


def test_nothing_acknowledged_is_lost_or_answered_twice_whatever_dies(omni: Omni) -> None:
    async def soak() -> str:
        run = Soak(omni, seed=7)
        blows = [
            (3, run.kill("worker")),
            (2, run.kill("web")),
            (6, run.freeze("redis", 10)),
            (3, run.freeze("postgres", 10)),
            (3, run.kill("postgres")),
            (4, run.kill("redis")),
            (1, run.kill("scheduler")),
        ]
        report = await run.run(blows, visitors=6, callers=2)
        print(report)
        assert report.acknowledged > 20, report
        assert report.api_calls > 5, report
        assert report.comebacks > 0, report
        return "\n".join(report.problems)

    assert asyncio.run(soak()) == ""


def test_answers_that_stream_are_given_once_whoever_dies_over_them(paid_omni: Omni) -> None:
    async def soak() -> str:
        run = Soak(paid_omni, seed=11)
        blows = [(3, run.kill("web")), (5, run.kill("worker")), (2, run.freeze("redis", 5)), (1, run.kill("postgres"))]
        # No API calls: the key of one whose process died is held for a minute.
        report = await run.run(blows, visitors=6, callers=0)
        print(report)
        assert report.acknowledged > 15, report
        assert report.comebacks > 0, report
        return "\n".join(report.problems)

    assert asyncio.run(soak()) == ""
