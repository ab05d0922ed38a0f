"""The one way an event handler gets data, and the one place where domain errors become words on the screen.

Anyone with a socket can call any public method of a State, with any arguments, without loading a page. So every handler carries
one of three marks, and `tests/ui/test_handlers_are_guarded.py` fails when one does not:

    @handler          somebody is signed in; errors become toasts or messages under fields. Messages of the action before are
                      forgotten, except by handlers of live notes (an argument called `note`)
    @loader           the same for `on_load`: errors become the page's error state (`problem`), success sets `loaded`
    @open_handler     nobody needs to be signed in (sign-in pages); it must not open `viewer_db`

The session is looked up in the database on every event, so a revoked session or a changed role works at once.
"""

import functools
import inspect
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote
from uuid import UUID

import reflex as rx
import structlog

from omni_app.infra.database import Db, is_database_away, open_db
from omni_app.infra.errors import Forbidden, Invalid, NotFound, OmniError, SignedOut, TooMany, Unavailable
from omni_app.infra.ids import new_id
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Client
from omni_app.tenancy.sessions import COOKIE, Viewer, find_viewer
from omni_app.ui.components.dialogs import told

log = get_logger(__name__)

GUARD = "_omni_guard"
"""Attribute that names a handler's mark."""

_viewer: ContextVar[Viewer | None] = ContextVar("viewer", default=None)
_request_id: ContextVar[str] = ContextVar("request_id", default="")

_AWAY = "Omni's database does not answer. Nothing is lost; try again in a moment."
_BROKEN = "Nothing is lost. This is on our side."


class ViewerState(rx.State, mixin=True):
    """What every signed-in page's state has. Use: `class KeysState(ViewerState, rx.State)`."""

    loaded: bool = False
    """The last `@loader` succeeded."""
    problem: str = ""
    """Why the last `@loader` failed, in words; empty when it did not."""
    problem_request: str = ""
    """Request id of that failure."""
    errors: dict[str, str] = {}
    """Field -> what is wrong with it."""
    form_error: str = ""
    """What is wrong with the form as a whole."""
    busy: str = ""
    """Which action runs now; set it before a `yield` to show a spinner. The mark clears it."""

    _seen_viewer: str = ""


def read_cookie(header: str, name: str = COOKIE) -> str:
    """The value of one cookie in a Cookie header; empty when it is not there."""
    for part in header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return ""


def client_of(state: rx.State) -> Client:
    """Where this event comes from."""
    headers, session = state.router.headers, state.router.session
    return Client(ip=session.client_ip or None, user_agent=headers.user_agent[:300] or None, request_id=_request_id.get() or None)


def session_token(state: rx.State) -> str:
    """The session cookie of the browser behind `state`; empty when it has none."""
    return read_cookie(state.router.headers.cookie)


async def current_viewer(state: rx.State) -> Viewer:
    """The signed-in person behind this event. Raise `SignedOut` when there is none."""
    if (known := _viewer.get()) is not None:
        return known
    viewer = await find_viewer(session_token(state), client_of(state))
    if viewer is None:
        raise SignedOut
    return viewer


@asynccontextmanager
async def viewer_db(state: rx.State) -> AsyncIterator[Db]:
    """A transaction in the signed-in person's business, with that person's permissions; commits when the block ends.

    Never `yield` to the browser inside the block: it would hold the transaction while the page draws.
    """
    viewer = await current_viewer(state)
    async with open_db(viewer.scope()) as db:
        yield db


def parse_id(value: object, what: str) -> UUID:
    """An id that came from the browser. Raise `NotFound(what)` when it is not one."""
    try:
        return UUID(str(value))
    except ValueError:
        raise NotFound(what) from None


def form_text(form: object, name: str) -> str:
    """One text of a submitted form, stripped; empty when a caller sent something else."""
    value = form.get(name) if isinstance(form, dict) else None
    return value.strip() if isinstance(value, str) else ""


def sign_in_path(here: str) -> str:
    """Where to send someone who is signed out, so that they come back to `here`."""
    here = "/" + here.lstrip("/")
    return "/sign-in" if here.strip("/") in {"", "sign-in"} else f"/sign-in?next={quote(here, safe='/')}"


def same_site_path(target: str) -> str:
    """`target` when it is a path on this site, else `/`: a sign-in link must not lead to another site."""
    if not target.startswith("/") or target.startswith(("//", "/\\")) or any(ord(sign) < 32 for sign in target):
        return "/"
    return target


def _here(state: rx.State) -> str:
    url = state.router.url
    return str(url.path) + (f"?{url.query}" if url.query else "")


def count_words(number: int) -> str:
    return {1: "One thing needs", 2: "Two things need", 3: "Three things need"}.get(number, f"{number} things need")


def _say_fields(state: Any, error: Invalid) -> list[Any]:
    state.errors = {item.field: item.message for item in error.fields}
    state.form_error = f"{count_words(len(error.fields))} a change."
    return [rx.call_script("window.omni && omni.focusError()")]


def words_of(error: Exception) -> tuple[str, str]:
    """Title and detail of an error for people."""
    match error:
        case Forbidden() if str(error) == str(Forbidden()):
            return "Your role cannot do this. Ask an owner.", ""
        case TooMany():
            seconds = max(1, int(error.retry_after.total_seconds()))
            wait = f"{seconds} s" if seconds < 90 else f"{round(seconds / 60)} min"
            return str(error), f"Try again in {wait}."
        case Unavailable():
            return str(error), "Nothing is lost. Try again in a moment."
        case OmniError():
            return str(error), ""
        case _ if is_database_away(error):
            return _AWAY, ""
    request_id = _request_id.get()
    return "Something broke on our side. Nothing is lost.", f"Request {request_id}"


def _log_unexpected(error: Exception, name: str) -> None:
    if not isinstance(error, OmniError):
        log.error("event handler failed", handler=name, error="".join(traceback.format_exception(error)))


def _translate(state: Any, error: Exception, name: str) -> list[Any]:
    """What the browser is told about `error`."""
    if isinstance(error, SignedOut):
        here = _here(state)
        state.reset()
        return [rx.redirect(sign_in_path(here))]
    _log_unexpected(error, name)
    if isinstance(error, Invalid) and error.fields and "errors" in state.vars:
        return _say_fields(state, error)
    title, detail = words_of(error)
    return [told(title, detail)]


def _translate_load(state: Any, error: Exception, name: str) -> list[Any]:
    if isinstance(error, SignedOut):
        return _translate(state, error, name)
    _log_unexpected(error, name)
    title, detail = words_of(error)
    state.problem = _BROKEN if detail.startswith("Request ") else title
    state.problem_request = _request_id.get()
    return []


async def _admit(state: Any) -> None:
    """Find the viewer; when another person (or business) uses this tab now, forget what the one before saw."""
    viewer = await current_viewer(state)
    _viewer.set(viewer)
    key = f"{viewer.user_id}/{viewer.business_id}"
    if getattr(state, "_seen_viewer", key) not in ("", key):
        state.reset()
    if hasattr(state, "_seen_viewer"):
        state._seen_viewer = key


def _start() -> None:
    request_id = f"req_{new_id().hex[-16:]}"
    _request_id.set(request_id)
    # A handler called by another handler starts with a copy of its context, the viewer included.
    _viewer.set(None)
    structlog.contextvars.bind_contextvars(request_id=request_id)


def _forget_errors(state: Any) -> None:
    if "errors" in state.vars and (state.errors or state.form_error):
        state.errors, state.form_error = {}, ""


def _finish(state: Any) -> None:
    if "busy" in state.vars and state.busy:
        state.busy = ""


def _guard(function: Callable[..., Any], mark: str, signed_in: bool, translate: Callable[..., list[Any]]) -> Any:
    name = function.__qualname__
    is_load = mark == "loader"
    # What happens beside the person's own doing must not wipe the messages of a form they are filling in, nor may a search that
    # comes a moment after the form was sent.
    keeps_errors = is_load or bool({"note", "sought"} & inspect.signature(function).parameters.keys())

    def begin(state: Any) -> None:
        _start()
        if not keeps_errors:
            _forget_errors(state)

    def done(state: Any) -> None:
        _finish(state)
        if is_load and "loaded" in state.vars:
            state.loaded, state.problem, state.problem_request = True, "", ""

    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def stream(self: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            begin(self)
            try:
                if signed_in:
                    await _admit(self)
                async for item in function(self, *args, **kwargs):
                    yield item
            except Exception as error:
                _finish(self)
                for event in translate(self, error, name):
                    yield event
            else:
                done(self)

        guarded: Any = stream
    elif inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def once(self: Any, *args: Any, **kwargs: Any) -> Any:
            begin(self)
            try:
                if signed_in:
                    await _admit(self)
                result = await function(self, *args, **kwargs)
            except Exception as error:
                _finish(self)
                return translate(self, error, name)
            done(self)
            return result

        guarded = once
    else:
        raise TypeError(f"{name} must be async: a blocking handler stops every page of this process")
    setattr(guarded, GUARD, mark)
    return rx.event(guarded)


def handler(function: Callable[..., Any]) -> Any:
    """Mark an async method (or async generator) of a State that a signed-in person may call."""
    return _guard(function, "handler", True, _translate)


def loader(function: Callable[..., Any]) -> Any:
    """Mark the method that loads a page: like `handler`, but its errors are shown in place of the page's content."""
    return _guard(function, "loader", True, _translate_load)


def open_handler(function: Callable[..., Any]) -> Any:
    """Mark a method anyone may call. The guarding test keeps the list of these; it must not open `viewer_db`."""
    return _guard(function, "open", False, _translate)
