"""Anyone with a socket can call any event handler, so each one must carry a mark of `ui.access`."""

from collections.abc import Iterator
from typing import Any

import pytest
import reflex as rx
from reflex.state import BaseState

# Importing the app imports every page, and with them every State class.
from omni_app.omni_app import app
from omni_app.ui import access
from omni_app.ui.account import ShellState

OPEN_TO_STRANGERS = {
    "SignInState.load",
    "SignInState.submit",
    "SignUpState.load",
    "SignUpState.set_zone",
    "SignUpState.submit",
    "ResetState.load",
    "ResetState.request",
    "ResetState.save",
}
"""Everything a person may call without being signed in. Each entry is a decision: think before adding one."""


def own_states(parent: type[BaseState] = rx.State) -> Iterator[type[BaseState]]:
    for state in parent.get_substates():
        if state.__module__.startswith("omni_app."):
            yield state
        yield from own_states(state)


def handlers() -> dict[str, Any]:
    return {f"{state.__name__}.{name}": handler.fn for state in own_states() for name, handler in state.event_handlers.items()}


def test_all_pages_are_there() -> None:
    assert len(app._unevaluated_pages) >= 10
    assert "ShellState.load" in handlers()


@pytest.mark.parametrize("name", sorted(handlers()))
def test_handler_is_marked(name: str) -> None:
    mark = getattr(handlers()[name], access.GUARD, None)
    if name.endswith(".setvar"):
        # Reflex adds it to every State; it only reaches explicit `set_…` handlers, which are marked themselves.
        return
    assert mark in {"handler", "loader", "open"}, f"{name} is reachable by anyone: mark it with @handler or @loader"
    assert (mark == "open") == (name in OPEN_TO_STRANGERS)


def test_no_handler_is_left_on_the_list() -> None:
    assert set(handlers()) >= OPEN_TO_STRANGERS


def test_blocking_handlers_are_refused() -> None:
    def load(self: ShellState) -> None: ...

    with pytest.raises(TypeError, match="must be async"):
        access.handler(load)
