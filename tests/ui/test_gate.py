"""What comes in through the pages' socket is checked before any handler sees it."""

import json
import logging
from typing import Any

import pytest
from reflex_base.registry import RegistrationContext
from reflex_base.utils.form import FORM_DATA_ENTRIES_KEY
from socketio.packet import Packet

from omni_app.omni_app import app
from omni_app.ui.gate import MOST_ARGUMENT, MOST_EVENTS, Gate, Refused, check_event

STATE = "reflex___state____state"
TEAM = f"{STATE}.omni_app___ui___pages___team___state____team_state"
BUDGET = f"{STATE}.omni_app___ui___pages___budget___state____budget_state"
SHELL = f"{STATE}.omni_app___ui___account____shell_state"
PAGE = {"pathname": "/team", "asPath": "/team?x=1", "query": {"x": "1"}}


def checked(name: Any, payload: Any = None, router_data: Any = None) -> dict[str, Any]:
    data = {"name": name, "payload": payload, "router_data": PAGE if router_data is None else router_data}
    return check_event(data, RegistrationContext.get().event_handlers)


def nested(depth: int) -> dict[str, Any]:
    return {"a": nested(depth - 1)} if depth else {}


def test_what_a_page_sends_passes() -> None:
    assert checked(f"{TEAM}.set_role", {"member_id": "m1", "role": "agent"}) == {
        "name": f"{TEAM}.set_role",
        "payload": {"member_id": "m1", "role": "agent"},
        "router_data": PAGE,
    }
    assert checked(f"{TEAM}.load")["payload"] == {}
    assert checked(f"{TEAM}.keep")["payload"] == {}
    assert checked(f"{BUDGET}.go_moves", {"page": 2.0})["payload"] == {"page": 2}
    form = {FORM_DATA_ENTRIES_KEY: [["email", "ann@example.com"], ["role", "agent"]]}
    assert checked(f"{TEAM}.invite", {"form": form})["payload"] == {"form": form}
    assert checked(f"{STATE}.hydrate_and_load", {"vars": {}, "hashes": ["a", "b"]})["payload"] == {
        "vars": {},
        "hashes": ["a", "b"],
    }
    assert checked(f"{STATE}.hydrate_and_load", {"vars": {}, "hashes": None})


@pytest.mark.parametrize(
    "name",
    [
        None,
        5,
        ["x"],
        {},
        "",
        "load",
        "x" * 100_000,
        f"{TEAM}.no_such",
        f"{TEAM}.setvar",
        f"{TEAM}._admit",
        f"{STATE}.set_is_hydrated",
        f"{STATE}.setvar",
        f"{STATE}.reflex___state____update_vars_internal_state.update_vars_internal",
        f"{STATE}.omni_app___ui___account____shell_state.set_role",
    ],
)
def test_unknown_names_are_refused(name: Any) -> None:
    with pytest.raises(Refused, match="no such handler"):
        checked(name)


@pytest.mark.parametrize("data", [None, 5, "event", [], [{}], b"x", {}])
def test_what_is_no_event_is_refused(data: Any) -> None:
    with pytest.raises(Refused):
        check_event(data, RegistrationContext.get().event_handlers)


@pytest.mark.parametrize(
    ("handler", "payload"),
    [
        ("TEAM.set_role", {}),
        ("TEAM.set_role", {"member_id": "m1"}),
        ("TEAM.set_role", {"member_id": "m1", "role": "agent", "self": 1}),
        ("TEAM.set_role", {"member_id": ["m1"], "role": "agent"}),
        ("TEAM.set_role", {"member_id": {}, "role": "agent"}),
        ("TEAM.set_role", {"member_id": None, "role": "agent"}),
        ("TEAM.set_role", {"member_id": 5, "role": "agent"}),
        ("TEAM.set_role", {"member_id": b"m1", "role": "agent"}),
        ("TEAM.set_role", {"member_id": "x" * (MOST_ARGUMENT + 1), "role": "agent"}),
        ("TEAM.set_role", ["m1", "agent"]),
        ("TEAM.set_role", "m1"),
        ("TEAM.keep", {"is_open": "yes"}),
        ("TEAM.keep", {"is_open": 1}),
        ("TEAM.invite", {"form": []}),
        ("TEAM.invite", {"form": "email=x"}),
        ("TEAM.invite", {"form": {"email": float("nan")}}),
        ("TEAM.invite", {"form": {"email": float("inf")}}),
        ("TEAM.invite", {"form": nested(20)}),
        ("TEAM.invite", {"form": {str(number): number for number in range(10_000)}}),
        ("TEAM.invite", {"form": {"email": "x" * 10_000_000}}),
        ("TEAM.invite", {"form": {"x" * 1_000: ""}}),
        ("TEAM.invite", {"form": {FORM_DATA_ENTRIES_KEY: "no"}}),
        ("TEAM.invite", {"form": {FORM_DATA_ENTRIES_KEY: [["one"]]}}),
        ("TEAM.invite", {"form": {FORM_DATA_ENTRIES_KEY: [[{}, "x"]]}}),
        ("BUDGET.go_moves", {"page": "2"}),
        ("BUDGET.go_moves", {"page": True}),
        ("BUDGET.go_moves", {"page": 1.5}),
        ("BUDGET.go_moves", {"page": 10**400}),
        ("BUDGET.go_moves", {"page": float("nan")}),
        ("STATE.hydrate_and_load", {"vars": {f"{TEAM}.rows": []}}),
        ("STATE.hydrate_and_load", {"hashes": [5]}),
    ],
)
def test_arguments_of_another_kind_are_refused_and_not_quoted(handler: str, payload: Any) -> None:
    area, name = handler.split(".")
    with pytest.raises(Refused) as refusal:
        checked(f"{ {'TEAM': TEAM, 'BUDGET': BUDGET, 'STATE': STATE}[area] }.{name}", payload)
    assert len(str(refusal.value)) < 60


@pytest.mark.parametrize(
    "router_data",
    [
        5,
        "x",
        [1],
        {"pathname": 5},
        {"pathname": "team"},
        {"asPath": "//["},
        {"asPath": "/" + "x" * 10_000},
        {"query": "x"},
        {"query": {"a": {"b": 1}}},
        {"query": {"a": 5}},
    ],
)
def test_pages_that_cannot_be_are_refused(router_data: Any) -> None:
    with pytest.raises(Refused):
        checked(f"{TEAM}.load", router_data=router_data)


def test_only_the_page_is_taken_from_the_browser() -> None:
    """Address and headers of the connection are what the server saw."""
    sent = {**PAGE, "ip": "203.0.113.9", "headers": {"cookie": "omni_session=stolen"}, "token": "another"}
    assert checked(f"{TEAM}.load", router_data=sent)["router_data"] == PAGE


def test_texts_can_be_kept() -> None:
    form = {"name": "Zo\ud83d", "text": "a\0b", "fine": "Zoë 🙂"}
    assert checked(f"{TEAM}.invite", {"form": form})["payload"]["form"] == {"name": "Zo\ufffd", "text": "ab", "fine": "Zoë 🙂"}


def test_a_browser_does_not_say_what_happened() -> None:
    payload = {"note": {"kind": "message.created", "ids": {"conversation_id": ["x"]}}}
    assert checked(f"{SHELL}.on_live", payload)["payload"] == {"note": {"kind": "resync", "ids": {}}}
    assert checked(f"{SHELL}.on_live", {"note": {}})["payload"] == {"note": {"kind": "resync", "ids": {}}}


def test_the_gate_stands_before_reflex() -> None:
    assert isinstance(app.event_namespace, Gate)
    assert app.sio is not None
    assert app.sio.namespace_handlers["/_event"] is app.event_namespace


def test_a_flood_of_one_socket_is_dropped_and_others_are_heard() -> None:
    gate = Gate("/_event", app)
    assert not any(gate._is_flood("one") for _ in range(MOST_EVENTS))
    assert gate._is_flood("one")
    assert not gate._is_flood("another")
    gate._counts["one"] = (gate._counts["one"][0] - 11, MOST_EVENTS)
    assert not gate._is_flood("one")


@pytest.mark.parametrize(
    "packet",
    [
        ("connect", {"asgi.scope": {"client": ["203.0.113.9", 1], "headers": []}, "QUERY_STRING": "token=stolen"}),
        ("connect",),
        ("connect", None, {}),
        ("event",),
        ("event", None),
        ("event", {}, {}, {}),
        ("ping", 1, 2),
        ("client_error",),
        ("client_error", 5, 5),
        ("on_connect", {}),
        ("link_token_to_sid", "x"),
        ("no such",),
        (5,),
        (None,),
        (["event"], {}),
        ({},),
    ],
)
async def test_a_browser_calls_three_methods_of_the_socket_and_no_other(packet: tuple[Any, ...]) -> None:
    """Above all not the one that says from which address and with which headers a connection was made."""
    gate = app.event_namespace
    assert gate is not None
    if packet[0] != "ping":
        assert await gate.trigger_event(packet[0], "nobody", *packet[1:]) is None
    assert "nobody" not in gate._static_router_data
    assert "nobody" not in gate.sid_to_token


def test_an_odd_packet_is_one_line_in_the_log() -> None:
    said: list[logging.LogRecord] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record)

    logger, listener = logging.getLogger("engineio.server"), Listener()
    logger.addHandler(listener)
    try:
        for broken in ("2[secret", "2", "9"):
            try:
                data = Packet(encoded_packet=broken).data
                json.loads("secret" if data is None else "{")
            except ValueError:
                logger.exception("Unknown receive error")
        try:
            raise RuntimeError("a fault of ours")
        except RuntimeError:
            logger.exception("Unknown receive error")
    finally:
        logger.removeHandler(listener)
    *odd, ours = said
    assert odd
    assert all(record.exc_info is None and "secret" not in record.getMessage() for record in odd)
    assert ours.exc_info is not None
