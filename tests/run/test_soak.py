"""A short soak: every part is killed or frozen once while people talk through the widget, the API and a channel that fails."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
import pytest

from tests.harness.waiting import wait_until
from tests.run.blows import Act, freeze, kill
from tests.run.channel_soak import ChannelSoak
from tests.run.channel_soak import Report as ChannelReport
from tests.run.omni import LOOK_SECONDS, START_SECONDS, Omni
from tests.run.provider import Simulator
from tests.run.soak import Report, Soak
from tests.stubs.openai_stub import OpenAIStub

PARTS = ("worker", "web", "postgres", "redis", "scheduler")
# Longer than Redis is waited for, and than /health waits for either store.
FROZEN_SECONDS = 6.0
MESSAGES_BEFORE_A_BLOW = 8


@dataclass
class Seen:
    """What the soak showed: `taught` are the FAQs acknowledged right before each death, `known` those there afterwards."""

    people: Report
    channel: ChannelReport
    taught: dict[str, str]
    known: set[str]
    before: dict[str, int]
    after: dict[str, int]


def teach(omni: Omni, name: str) -> str:
    """The id of an FAQ, acknowledged. Whatever died before is given the time to come back."""
    tries = iter(range(10_000))

    def attempt() -> str:
        try:
            return omni.teach(f"What survives {name}, said {next(tries)} times?")
        except (AssertionError, httpx.HTTPError):
            return ""

    return wait_until(attempt, START_SECONDS, LOOK_SECONDS)


async def soak(omni: Omni) -> Seen:
    people = Soak(omni, seed=7)
    channel = ChannelSoak(omni, Simulator.of(omni), seed=7, customers=12)
    taught: dict[str, str] = {}
    before = omni.pids()

    def death(name: str) -> Sequence[Act]:
        """Just after something was acknowledged; then talk goes on, which shows that the part is back."""

        async def teach_and_kill() -> str:
            taught[name] = await asyncio.to_thread(teach, omni, name)
            said = await kill(omni, name)()
            await omni.until_other(name, before[name])
            return said

        return channel.say(MESSAGES_BEFORE_A_BLOW), teach_and_kill, people.hear(2)

    def stillness(name: str) -> Sequence[Act]:
        return channel.say(MESSAGES_BEFORE_A_BLOW), freeze(omni, name, FROZEN_SECONDS), people.hear(2)

    acts = [
        people.hear(3),
        *death("worker"),
        *death("web"),
        *stillness("redis"),
        *stillness("postgres"),
        *death("postgres"),
        *death("redis"),
        *death("scheduler"),
    ]
    async with channel.opened(often=2.0):
        await people.run(acts, visitors=5, callers=2)
    return Seen(people.report, channel.report, taught, omni.known_faqs(), before, omni.pids())


@pytest.fixture(scope="module")
def seen(installation: Omni, model: OpenAIStub) -> Seen:
    installation.ensure_started()
    installation.wait_until_healthy()
    # In pieces and for more than a second, so that deaths fall into answers.
    model.behave(pieces=tuple(f"word {number} " for number in range(12)), piece_seconds=0.1)
    made = asyncio.run(soak(installation))
    print(made.people, made.channel, sep="\n")
    return made


def test_nothing_acknowledged_is_lost_or_answered_twice_whatever_dies(seen: Seen) -> None:
    assert seen.people.problems == []
    assert seen.people.acknowledged > 15
    assert seen.people.api_calls > 1
    assert seen.people.comebacks > 0


def test_every_answer_on_a_channel_is_accepted_once_whatever_fails_or_dies(seen: Seen) -> None:
    assert seen.channel.problems == []
    assert seen.channel.said == 7 * MESSAGES_BEFORE_A_BLOW
    assert seen.channel.answers > 20


@pytest.mark.parametrize("name", PARTS)
def test_a_killed_part_comes_back_and_what_was_taught_before_stays(seen: Seen, name: str) -> None:
    assert seen.after[name] != seen.before[name]
    assert seen.taught[name] in seen.known
