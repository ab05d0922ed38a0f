"""Every handler of every page, called over and over by somebody who wants it to break.

The handlers come from Reflex's own registry, so a new page is walked without being named here. Events go the way a socket's go:
through the gate, then through Reflex's event processor with a state of its own for each caller.
"""

import hashlib
import inspect
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from reflex.istate.manager.memory import StateManagerMemory
from reflex_base.event import Event
from reflex_base.event.processor.base_state_processor import BaseStateEventProcessor
from reflex_base.registry import RegisteredEventHandler, RegistrationContext
from structlog.testing import capture_logs

from omni_app.infra.background import finish_tasks
from omni_app.omni_app import app  # noqa: F401  it makes every page's states
from omni_app.tenancy.sessions import load_viewer
from omni_app.ui.access import GUARD
from omni_app.ui.gate import Refused, check_event
from tests.tenancy.people import CLIENT, found, sql

pytestmark = pytest.mark.usefixtures("database")

TEXTS = ("zzz", "", str(UUID(int=7)), "9" * 40, "%_\\'\";--\u202e🙂" * 300, "-1")
NUMBERS = (-1, 0, 2**53, 3, -(2**53), 1)
ODD: tuple[Any, ...] = (None, [], {"a": [1]}, 2**53, True, "\ud83d\0")
WRONG: tuple[Any, ...] = (["zzz"], {"a": {"b": [1]}}, float("nan"), None, "x" * 10_000_000, b"zzz", 10**30)
_NAME = re.compile(r"[\"']([a-z][a-z0-9_.]{1,40})[\"']")


def our_handlers() -> dict[str, RegisteredEventHandler]:
    return {
        name: registered
        for name, registered in sorted(RegistrationContext.get().event_handlers.items())
        if registered.handler.fn.__module__.startswith("omni_app.")
    }


def arguments_of(registered: RegisteredEventHandler) -> dict[str, Any]:
    hints = dict(registered.handler._type_hints or {})
    hints.pop("return", None)
    return hints


def names_in(registered: RegisteredEventHandler) -> list[str]:
    """What could be names of form fields: every short word in quotes in the page's folder."""
    folder = Path(inspect.getfile(registered.states[0])).parent
    return sorted({name for path in folder.glob("*.py") for name in _NAME.findall(path.read_text())})


_names: dict[str, list[str]] = {}


def fitting(registered: RegisteredEventHandler, turn: int) -> dict[str, Any]:
    """Arguments of the right types with values nobody means."""
    payload: dict[str, Any] = {}
    for place, (name, hint) in enumerate(arguments_of(registered).items()):
        if hint is str:
            payload[name] = TEXTS[(turn + place) % len(TEXTS)]
        elif hint is int:
            payload[name] = NUMBERS[(turn + place) % len(NUMBERS)]
        elif hint is bool:
            payload[name] = turn % 2 == 0
        elif str(hint).startswith("list"):
            payload[name] = [{}] * turn
        else:
            fields = _names.setdefault(registered.states[0].__module__, names_in(registered))
            value = TEXTS[turn // 2 % len(TEXTS)] if turn % 2 else ODD[turn // 2 % len(ODD)]
            payload[name] = dict.fromkeys(fields, value) if turn else {}
    return payload


class Caller:
    """Sends events as a socket does, and waits for each to end."""

    def __init__(self, processor: BaseStateEventProcessor, cookie: str) -> None:
        self._processor = processor
        self._headers = {"cookie": f"omni_session={cookie}", "user-agent": "Test browser"}
        self.refused = 0

    async def send(self, name: str, payload: Any) -> None:
        try:
            checked = check_event(
                {"name": name, "payload": payload, "router_data": {"pathname": "/", "asPath": "/?id=x"}},
                RegistrationContext.get().event_handlers,
            )
        except Refused:
            self.refused += 1
            return
        connection = {"headers": self._headers, "ip": "203.0.113.77", "sid": "s", "token": "tab"}
        event = Event(name=name, payload=checked["payload"], router_data=checked["router_data"] | connection)
        await (await self._processor.enqueue("tab", event))


@asynccontextmanager
async def calling(cookie: str) -> AsyncIterator[Caller]:
    failures: list[Exception] = []

    def fail(exception: Exception) -> None:
        failures.append(exception)

    processor = BaseStateEventProcessor(backend_exception_handler=fail).configure(state_manager=StateManagerMemory())
    async with processor:
        yield Caller(processor, cookie)
    assert failures == []


def fingerprints(connection: psycopg.Connection) -> dict[str, str]:
    """Of the content of each table."""
    tables = [name for (name,) in connection.execute("select tablename from pg_tables where schemaname = 'public'")]
    return {
        name: hashlib.sha256(
            str(connection.execute(f'select count(*), sum(hashtext(t::text)) from "{name}" t').fetchone()).encode()
        ).hexdigest()
        for name in tables
    }


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in after if before[name] != after[name]}


async def walk(caller: Caller, handlers: dict[str, RegisteredEventHandler], *turns: int) -> None:
    """Call each handler once for each turn, with other values each time; those without arguments once."""
    for name, registered in handlers.items():
        for turn in turns if arguments_of(registered) else turns[:1]:
            await caller.send(name, fitting(registered, turn))
    await finish_tasks(30)


def troubles(logs: list[Any]) -> Iterator[str]:
    for entry in logs:
        if entry["log_level"] in {"error", "critical"}:
            yield f"{entry['event']}: {entry.get('handler')}: {str(entry.get('error'))[-700:]}"


def takes_a_form_only(hints: dict[str, Any]) -> bool:
    return len(hints) == 1 and "dict" in str(next(iter(hints.values())))


def test_arguments_of_other_types_never_reach_a_handler() -> None:
    reached = []
    for name, registered in our_handlers().items():
        hints = arguments_of(registered)
        tries = [{"self": 1}, {**dict.fromkeys(hints, "x"), "more": 1}]
        tries += [dict.fromkeys(hints, value) for value in WRONG] if hints else []
        for payload in tries:
            try:
                check_event({"name": name, "payload": payload}, RegistrationContext.get().event_handlers)
            except Refused:
                continue
            reached.append((name, payload))
    # An object is what a form is; what stands in it the page reads field by field.
    assert [found for found in reached if not takes_a_form_only(arguments_of(our_handlers()[found[0]]))] == []


async def test_a_stranger_changes_nothing(superuser: Callable[[], psycopg.Connection]) -> None:
    await found()
    connection = superuser()
    before = fingerprints(connection)
    with capture_logs() as logs:
        async with calling("x" * 43) as caller:
            await walk(caller, our_handlers(), 1)
    assert changed(before, fingerprints(connection)) == set()
    assert list(troubles(logs)) == []


async def test_who_may_only_look_changes_nothing(superuser: Callable[[], psycopg.Connection]) -> None:
    cookie = await found()
    viewer = await load_viewer(cookie, CLIENT)
    await sql("update members set role = 'viewer' where id = :id", id=viewer.member_id)
    connection = superuser()
    before = fingerprints(connection)
    with capture_logs() as logs:
        async with calling(cookie) as caller:
            await walk(caller, our_handlers(), 3)
    assert changed(before, fingerprints(connection)) == set()
    assert list(troubles(logs)) == []


async def test_an_owner_who_sends_nonsense_breaks_nothing_and_can_go_on() -> None:
    """Nothing runs into an error nobody meant, and what a state remembers of it keeps no page from loading."""
    cookie = await found()
    loaders = {name: one for name, one in our_handlers().items() if getattr(one.handler.fn, GUARD, None) == "loader"}
    with capture_logs() as logs:
        async with calling(cookie) as caller:
            await walk(caller, our_handlers(), 5)
            cookie_still_good = await load_viewer(cookie, CLIENT)
            await walk(caller, loaders, 0)
    assert cookie_still_good.role == "owner"
    assert list(troubles(logs)) == []
