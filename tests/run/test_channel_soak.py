"""A short soak of a channel: the worker and the web process are killed while a provider fails in every way it can."""

import asyncio
from pathlib import Path

from tests.run.channel_soak import ChannelSoak, omni_with_simulator


def test_every_answer_is_accepted_once_whatever_fails_or_dies(tmp_path: Path) -> None:
    with omni_with_simulator(tmp_path) as (omni, simulator):
        soak = ChannelSoak(omni, simulator, seed=7)
        report = asyncio.run(soak.run(120, 12, [soak.kill("worker"), soak.kill("web")]))
    print(report)
    assert report.problems == []
    assert report.said == 120
    assert report.answers > 20
