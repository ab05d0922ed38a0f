"""What may come in through the pages' socket, checked before Reflex sees it.

Anyone can open the socket and send anything: names of handlers that do not exist, lists where a text is expected, ten thousand
events a second. Whatever does not fit the handler it names is refused here with one line in the log that holds nothing of what
was sent; the browser is told to load the page again (a page older than this server is the honest case), and the connection
goes on. What a handler gets has the types it says, so it need not doubt them; whether the viewer may do it, and whether an id
is theirs, stays the handler's question.
"""

import inspect
import logging
import math
import traceback
import types
import typing
from collections.abc import Mapping
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import reflex as rx
from reflex.app import EventNamespace
from reflex.state import StateUpdate
from reflex_base.event import Event
from reflex_base.registry import RegisteredEventHandler, RegistrationContext
from reflex_base.utils.form import FORM_DATA_ENTRIES_KEY
from reflex_base.utils.types import get_type_hints

from omni_app.infra.live import RESYNC
from omni_app.infra.log import get_logger
from omni_app.ui.components.dialogs import told

log = get_logger(__name__)

# Of Reflex's own handlers those its browser part sends. The others are called by the server: `setvar` sets any field with a
# setter, `update_vars_internal` what a browser keeps, and none of our states keeps anything there.
_REFLEX = frozenset(
    {
        "reflex___state____state.hydrate",
        "reflex___state____state.hydrate_and_load",
        "reflex___state____state.reflex___state____on_load_internal_state.on_load_internal",
        "reflex___state____state.reflex___state____frontend_event_exception_state.handle_frontend_exception",
    }
)
# A pasted document is the longest text of a form (`knowledge.reading.bounds`); the socket takes a megabyte in all.
MOST_TEXT = 1_000_000
# One argument by itself: a search, a name, what stands in a message box.
MOST_ARGUMENT = 100_000
MOST_PARTS = 5_000
MOST_DEPTH = 6
# Larger whole numbers are no longer exact in a browser, so none of ours sends one.
MOST_NUMBER = 2**53
MOST_PATH = 4_000
# Typing in a filter sends one event a key at most. Beyond this in ten seconds, further events of a socket are dropped.
MOST_EVENTS = 300
EVENT_SECONDS = 10.0


class Refused(ValueError):
    """Why an event is not handed on, in words for the log that quote nothing of it."""


def _clean(text: str) -> str:
    """What PostgreSQL can keep: no NUL, and no half of an emoji, which a browser cuts off at the length of a field."""
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class _Reader:
    """Reads one value of any JSON type, within bounds for the whole event."""

    def __init__(self) -> None:
        self._left = MOST_PARTS

    def read(self, value: Any, depth: int = 0) -> Any:
        """A copy of `value` with clean texts. Raises `Refused`."""
        self._left -= 1
        if self._left < 0 or depth > MOST_DEPTH:
            raise Refused("too many parts")
        match value:
            case None | bool():
                return value
            case str():
                if len(value) > MOST_TEXT:
                    raise Refused("a text too long")
                return _clean(value)
            case int():
                return _number(value)
            case float():
                if not math.isfinite(value):
                    raise Refused("no number")
                return value
            case list():
                return [self.read(item, depth + 1) for item in value]
            case dict():
                return {self._key(key): self.read(item, depth + 1) for key, item in value.items()}
        # Bytes: socket.io can attach them, no handler takes them.
        raise Refused("not a value of JSON")

    def _key(self, key: Any) -> str:
        if not isinstance(key, str) or len(key) > 200:
            raise Refused("a field's name too long")
        return _clean(key)


def _number(value: int) -> int:
    if abs(value) > MOST_NUMBER:
        raise Refused("a number too large")
    return value


def _fit(value: Any, hint: Any) -> Any:
    """`value`, already read, for an argument of the type `hint`. Raises `Refused` when it is of another type."""
    origin = typing.get_origin(hint) or hint
    if origin in (types.UnionType, typing.Union):
        if value is None and types.NoneType in typing.get_args(hint):
            return None
        (hint,) = (kind for kind in typing.get_args(hint) if kind is not types.NoneType)
        return _fit(value, hint)
    if origin is str and isinstance(value, str) and len(value) <= MOST_ARGUMENT:
        return value
    if origin is bool and isinstance(value, bool):
        return value
    if origin is int and isinstance(value, int | float) and not isinstance(value, bool) and value == int(value):
        return _number(int(value))
    if origin is dict and isinstance(value, dict):
        return _form(value)
    if origin is list and isinstance(value, list):
        (kind,) = typing.get_args(hint)
        return [_fit(item, kind) for item in value]
    # Uploads come through their own route, never as an argument.
    raise Refused("an argument of another type")


def _form(value: dict[str, Any]) -> dict[str, Any]:
    """A submitted form comes as pairs in order; anything else as it is."""
    if FORM_DATA_ENTRIES_KEY not in value:
        return value
    pairs = value[FORM_DATA_ENTRIES_KEY]
    if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise Refused("no form")
    if not all(isinstance(name, str) for name, _ in pairs):
        raise Refused("no form")
    return {FORM_DATA_ENTRIES_KEY: pairs}


def _payload(registered: RegisteredEventHandler, given: Any, reader: _Reader) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Refused("no arguments")
    function = registered.handler.fn
    parameters = list(_parameters(function).values())
    if unknown := given.keys() - {parameter.name for parameter in parameters}:
        raise Refused(f"{len(unknown)} arguments too many")
    hints = get_type_hints(function)
    payload: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.name in given:
            payload[parameter.name] = _fit(reader.read(given[parameter.name]), hints.get(parameter.name, Any))
        elif parameter.default is parameter.empty:
            raise Refused("an argument is missing")
    if "note" in payload:
        # A page may ask to be read anew; what happened in the business is Omni's to say.
        payload["note"] = {"kind": RESYNC, "ids": {}}
    if payload.get("vars"):
        raise Refused("no state keeps values in the browser")
    return payload


def _parameters(function: Any) -> dict[str, Any]:
    names = dict(inspect.signature(function).parameters)
    names.pop("self", None)
    return names


def _path(value: Any) -> str:
    """A path of this site. Raises `Refused`; what starts with two slashes names another host."""
    if not isinstance(value, str) or len(value) > MOST_PATH or not value.startswith("/") or value.startswith("//"):
        raise Refused("no path")
    try:
        urlsplit(value)
    except ValueError:
        raise Refused("no path") from None
    return _clean(value)


def _router_data(given: Any, reader: _Reader) -> dict[str, Any]:
    """Which page an event comes from; everything else about the connection the server knows itself."""
    if not isinstance(given, dict):
        raise Refused("no page")
    page: dict[str, Any] = {name: _path(given[name]) for name in ("pathname", "asPath") if given.get(name) is not None}
    query = reader.read(given.get("query") or {})
    if not isinstance(query, dict) or not all(isinstance(value, str) and len(value) <= MOST_PATH for value in query.values()):
        raise Refused("no query")
    if query:
        page["query"] = query
    return page


def check_event(data: Any, handlers: Mapping[str, RegisteredEventHandler]) -> dict[str, Any]:
    """The event of `data` as Reflex reads it, every argument of the type its handler names. Raises `Refused`."""
    if not isinstance(data, dict):
        raise Refused("no event")
    name = data.get("name")
    registered = handlers.get(name) if isinstance(name, str) else None
    if registered is None or not (name in _REFLEX or _is_ours(registered)):
        raise Refused("no such handler")
    reader = _Reader()
    payload = _payload(registered, data.get("payload") or {}, reader)
    return {"name": name, "payload": payload, "router_data": _router_data(data.get("router_data") or {}, reader)}


def _is_ours(registered: RegisteredEventHandler) -> bool:
    # Reflex adds `setvar` to each of our states: a handler of Reflex's by another name.
    return registered.handler.fn.__module__.startswith("omni_app.")


class Gate(EventNamespace):
    """Reflex's end of the socket behind `check_event`."""

    def __init__(self, namespace: str, app: rx.App) -> None:
        super().__init__(namespace, app)
        self._counts: dict[str, tuple[float, int]] = {}
        """Socket -> when its ten seconds began, and its events since."""

    def _build_static_router_data(self, sid: str, environ: dict[str, Any]) -> dict[str, Any]:
        found = super()._build_static_router_data(sid, environ)
        # Reflex fills a field of this name itself and stumbles over a header that is called like it.
        for name in [name for name in found["headers"] if name.replace("-", "_").lower() == "raw_headers"]:
            del found["headers"][name]
        return found

    async def trigger_event(self, event: Any, *args: Any) -> Any:
        """Call the method for a packet. A browser names it, so only three names and the server's own two are there."""
        sid = args[0]
        match event:
            case "connect":
                # Sent as an event it would name the address and the headers of the connection.
                environ = self.server.get_environ(sid, self.namespace)
                if environ is None or len(args) < 2 or args[1] is not environ:
                    log.warning("event refused", reason="a connection is not made by an event")
                    return None
                return await super().trigger_event(event, *args)
            case "disconnect":
                return await super().trigger_event(event, sid)
            case "event" | "client_error":
                return await super().trigger_event(event, sid, args[1] if len(args) > 1 else None)
            case "ping":
                return await super().trigger_event(event, sid)
        log.warning("event refused", reason="no such event")
        return None

    async def on_event(self, sid: str, data: Any) -> None:
        """Hand `data` on, or refuse it: one line in the log, a hint on the page, and the connection goes on."""
        token = self.sid_to_token.get(sid)
        if token is None or self._is_flood(sid):
            return
        try:
            event = check_event(data, RegistrationContext.get().event_handlers)
        except Refused as error:
            log.warning("event refused", reason=str(error), handler=_known_name(data))
            await self.emit_update(StateUpdate(events=Event.from_event_type(_hint())), token)
            return
        await super().on_event(sid, event)

    def _is_flood(self, sid: str) -> bool:
        now = monotonic()
        began, seen = self._counts.get(sid, (now, 0))
        if now - began >= EVENT_SECONDS:
            began, seen = now, 0
        self._counts[sid] = (began, seen + 1)
        if seen == MOST_EVENTS:
            log.warning("events dropped: too many from one socket")
        return seen >= MOST_EVENTS

    def on_disconnect(self, sid: str) -> Any:
        """Forget the socket."""
        self._counts.pop(sid, None)
        return super().on_disconnect(sid)


def stand_before(app: rx.App) -> None:
    """Put the gate between the socket and Reflex. Raises RuntimeError when Reflex has no socket: it would stand beside it."""
    if app.sio is None or app.event_namespace is None:
        raise RuntimeError("Reflex has made no socket: it has changed how it sets up its state")
    logging.getLogger("engineio.server").addFilter(_say_shortly)
    app._event_namespace = Gate(app.event_namespace.namespace, app)
    app.sio.register_namespace(app._event_namespace)


def _say_shortly(record: logging.LogRecord) -> bool:
    """One line for what is no packet of socket.io: the traceback would be its reader's own, and quote what was sent."""
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        *_, last = traceback.walk_tb(error.__traceback__)
        if any(f"/{library}/" in last[0].f_code.co_filename for library in ("socketio", "engineio", "json")):
            record.msg, record.args, record.exc_info = "no packet of the pages' socket: %s", (type(error).__name__,), None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True


def _hint() -> Any:
    return told("Omni could not read that.", "Load this page again; it may be older than the server.")


def _known_name(data: Any) -> str:
    """The handler an event names, when there is one: other names are the sender's own words."""
    name = data.get("name") if isinstance(data, dict) else None
    return name.rpartition("____")[2] if isinstance(name, str) and name in RegistrationContext.get().event_handlers else "unknown"


def note_page_error(exception: Exception) -> None:
    """What a script of a page ran into, one short line: anyone may send one."""
    log.warning("a page reported an error", error=" ".join(str(exception).split())[:500])
