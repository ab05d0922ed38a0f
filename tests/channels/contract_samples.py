"""What an adapter brings so that the contract tests can run it: `tests/channels/<kind>/samples.py` offers `SAMPLES`.

The signing here is the test's own: it imitates the provider, and shares nothing with the adapter.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What travels with a body: the headers (signature included) and the query as the provider sends them."""

    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One recorded body and the hook it is sent to."""

    hook: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StubAnswer:
    """What a provider answers to a send."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """One adapter's cases. `settings` are valid texts by field; `sign(hook, body, at)` gives what the provider would send along.

    `message` holds one text message of a customer; `batch` (body, number of different events in it); `status` one delivery
    update, None where a provider sends none; `unknown` an event type nobody has heard of; `wrong` bodies of the wrong shape,
    correctly signed. `is_dated`: the signature covers the time, so an old request is refused.

    For adapters that send over HTTP: `settings_at(url)` points the settings at a stub; `accepted` is the provider's yes with the
    id it names, `revoked` its answer to a withdrawn token, `refused` its no to one message.
    """

    settings: Mapping[str, str]
    sign: Callable[[str, bytes, datetime], Sent] | None = None
    message: Sample | None = None
    batch: tuple[Sample, int] | None = None
    status: Sample | None = None
    unknown: Sample | None = None
    wrong: tuple[Sample, ...] = ()
    is_dated: bool = False
    settings_at: Callable[[str], Mapping[str, str]] | None = None
    accepted: tuple[StubAnswer, str] | None = None
    revoked: StubAnswer | None = None
    refused: StubAnswer | None = None


def samples_of(kind: str) -> Samples:
    """The samples in the folder of that kind."""
    samples: Samples = importlib.import_module(f"tests.channels.{kind}.samples").SAMPLES
    return samples


def kinds_with_samples() -> list[str]:
    return sorted(path.parent.name for path in HERE.glob("*/samples.py"))
