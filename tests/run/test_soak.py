"""A short soak: every part is killed or frozen once while people talk and a language model streams its answers."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.home import hand_over
from tests.harness.services import free_port, link_models
from tests.run.omni import Omni
from tests.run.soak import Soak, slow_model


@pytest.fixture
def omni(tmp_path: Path) -> Iterator[Omni]:
    """Its answers come in pieces from a language model, for more than a second each."""
    home = tmp_path / "home"
    hand_over(home, None)
    link_models(home)
    made = Omni(home=home, port=free_port(), settings={"API_CALLS_PER_HOUR": "1000000"})
    model = slow_model(made)
    model.behave(pieces=tuple(f"word {number} " for number in range(12)), piece_seconds=0.1)
    made.start()
    yield made
    made.end()
    model.close()


def test_nothing_acknowledged_is_lost_or_answered_twice_whatever_dies(omni: Omni) -> None:
    async def soak() -> str:
        run = Soak(omni, seed=7)
        blows = [
            (3, run.kill("worker")),
            (2, run.kill("web")),
            (5, run.freeze("redis", 10)),
            (3, run.freeze("postgres", 10)),
            (2, run.kill("postgres")),
            (3, run.kill("redis")),
            (1, run.kill("scheduler")),
        ]
        report = await run.run(blows, visitors=6, callers=2)
        print(report)
        assert report.acknowledged > 15, report
        assert report.api_calls > 1, report
        assert report.comebacks > 0, report
        return "\n".join(report.problems)

    assert asyncio.run(soak()) == ""
