"""What the pages of customers make of what the domain reads, and of what is typed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from omni_app.customers.figures import CustomerFigures
from omni_app.customers.listing import CustomerRow
from omni_app.customers.notes import NoteView
from omni_app.customers.profiles import CustomerView, PointView
from omni_app.customers.trail import TrailEntry
from omni_app.infra.errors import FieldError, Invalid
from omni_app.ui.pages.customers.editing import EditState, Row, value_of
from omni_app.ui.pages.customers.showing import (
    attribute_text,
    consents_of,
    details_of,
    figures_of,
    line_of,
    note_of,
    point_of,
    trail_of,
    wait_words,
)

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
ZONE = ZoneInfo("UTC")
ID = UUID("0199a3c2-7b1e-7c55-9d0f-3a4b5c6d4f2a")


def customer(**values: Any) -> CustomerView:
    base: dict[str, Any] = {
        "id": ID,
        "name": "Ann",
        "language": "",
        "tags": (),
        "is_blocked": False,
        "block_reason": None,
        "created_at": NOW - timedelta(days=20),
        "last_seen_at": NOW - timedelta(hours=1),
        "points": (),
        "conversations": 0,
        "messages": 0,
        "cost_nusd": 0,
    }
    return CustomerView(**{**base, **values})


def test_a_row_names_strangers_and_cuts_tags() -> None:
    row = CustomerRow(
        id=ID,
        name="",
        language="",
        tags=("a", "b", "c", "d", "e"),
        channels=("chat", "email"),
        is_verified=True,
        is_blocked=False,
        has_proof=False,
        has_claims=True,
        conversations=1,
        messages=1240,
        cost_nusd=8_200_000,
        created_at=NOW,
        last_seen_at=NOW - timedelta(hours=1),
    )
    line = line_of(row, ZONE, NOW)
    assert (line.name, line.tags, line.more_tags, line.seen) == ("Visitor 4f2a", ["a", "b", "c"], "+2", "14:00")
    assert (line.messages, line.cost, line.has_claims) == ("1,240", "$0.0082", True)


@pytest.mark.parametrize(
    ("point", "value", "how", "may_prove"),
    [
        (PointView(kind="external", channel="chat", value="abc", proof="proven"), "Website visitor", "This browser", False),
        (
            PointView(kind="email", channel="", value="a@b.example", proof="proven", proven_by="code"),
            "a@b.example",
            "Proven by a code",
            False,
        ),
        (PointView(kind="email", channel="", value="a@b.example", proof="proven"), "a@b.example", "Proven", False),
        (PointView(kind="phone", channel="", value="+19025550148", proof="claimed"), "+19025550148", "Typed, not proven", True),
    ],
)
def test_an_address_says_how_it_was_proven(point: PointView, value: str, how: str, may_prove: bool) -> None:
    line = point_of(point)
    assert (line.value, line.how, line.may_prove) == (value, how, may_prove)


def test_details_leave_out_what_is_not_known() -> None:
    known = details_of(customer(birthday=date(1990, 4, 23), timezone="America/New_York"), ZONE, NOW)
    assert [(pair.label, pair.text) for pair in known] == [
        ("First seen", "12 February"),
        ("Last seen", "14:00"),
        ("Time zone", "America/New York"),
        ("Birthday", "23 April 1990"),
    ]


def test_consent_shows_the_usual_purposes_and_those_others_asked_about() -> None:
    said = {"given": True, "at": "2026-02-01T10:00:00+00:00", "source": "api"}
    lines = consents_of(customer(consent={"marketing": said, "photo_use": {**said, "given": False}}), ZONE, NOW)
    assert [(line.purpose, line.given, line.about) for line in lines] == [
        ("marketing", True, "Agreed 1 February, api"),
        ("reminders", False, "Not asked yet"),
        ("surveys", False, "Not asked yet"),
        ("photo_use", False, "Declined 1 February, api"),
    ]
    assert lines[-1].label == "Photo use"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "—"), (0.21, "0.2 s"), (40, "40 s"), (89.6, "90 s"), (340, "6 min"), (7200, "2 h")],
)
def test_waits_are_words(seconds: float | None, words: str) -> None:
    assert wait_words(seconds) == words


def test_figures_say_who_answered() -> None:
    figures = CustomerFigures(
        from_customer=4,
        from_assistant=3,
        from_staff=1,
        not_known=1,
        conversations=3,
        open_conversations=2,
        hand_overs=1,
        by_channel={},
        cost_nusd=0,
        ai_wait=1.25,
        staff_wait=None,
        first_seen_at=NOW,
        last_seen_at=NOW,
    )
    shown = [(pair.label, pair.text, pair.key) for pair in figures_of(figures)]
    assert shown[:3] == [
        ("Messages", "4", "75% by the AI"),
        ("Conversations", "3", "2 open"),
        ("Handed over", "1", "1 answer not known"),
    ]
    assert shown[3] == ("Waits for staff", "—", "AI 1.2 s")


def test_a_note_is_removed_by_its_author_or_an_admin() -> None:
    mine = NoteView(id=ID, author_name="Maya", text="x", is_mine=True, created_at=NOW)
    theirs = NoteView(id=ID, author_name="Tom", text="x", is_mine=False, created_at=NOW)
    shown = [note_of(note, admin, ZONE, NOW).may_remove for note, admin in ((mine, False), (theirs, False), (theirs, True))]
    assert shown == [True, False, True]


@pytest.mark.parametrize(
    ("action", "after", "actor", "what", "who"),
    [
        ("customer.blocked", {"reason": "Insults"}, "Maya", "Blocked: Insults", "Maya"),
        ("customer.updated", {"changed": ["birthday", "name"]}, "Maya", "Details changed: birthday, name", "Maya"),
        ("customer.created", {}, "Omni", "First contact", ""),
        ("customer.something_new", {}, "", "Something new", ""),
    ],
)
def test_what_happened_is_told_in_words(action: str, after: dict[str, Any], actor: str, what: str, who: str) -> None:
    line = trail_of(TrailEntry(action=action, actor_name=actor, after=after, at=NOW), ZONE, NOW)
    assert (line.what, line.who, line.at) == (what, who, "15:00")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1.5", 1.5),
        ("yes", True),
        ("false", False),
        ("Sun Life", "Sun Life"),
        ("007", "007"),
        ("+19025550148", "+19025550148"),
        ("1e5", "1e5"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("12345678901234567890", "12345678901234567890"),
        ("[1]", "[1]"),
        ("null", "null"),
        ("", ""),
        ("[" * 5000, "[" * 5000),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_a_typed_attribute_becomes_what_it_looks_like(text: str, value: Any) -> None:
    found = value_of(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("value", "text"), [(None, "—"), (True, "yes"), (False, "no"), (3, "3"), ("x", "x")])
def test_an_attribute_is_read_as_a_word(value: Any, text: str) -> None:
    assert attribute_text(value) == text


def _editing() -> EditState:
    state = EditState(_reflex_internal_init=True)  # type: ignore[call-arg]
    state.rows = [Row(1, "k-1", "v-1", "visits", "3"), Row(2, "k-2", "v-2", "note", "x"), Row(3, "k-3", "v-3", "", "")]
    state._kept = {"visits": "3", "note": "x"}
    return state


def test_rows_nobody_touched_keep_their_value_and_empty_rows_go() -> None:
    form = {"k-1": "visits", "v-1": "3", "k-2": "note", "v-2": "4", "k-3": "", "v-3": ""}
    assert _editing()._attributes(form) == {"visits": "3", "note": 4}


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"k-1": "", "v-1": "3"}, "k-1"),
        ({"k-1": "visits", "v-1": "3", "k-2": "visits", "v-2": "4"}, "k-2"),
    ],
)
def test_a_wrong_row_is_named(form: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        _editing()._attributes(form)
    assert caught.value.fields[0].field == field


def test_an_error_of_the_domain_finds_the_row_it_means() -> None:
    form = {"k-1": "visits", "v-1": "x" * 3000}
    placed = _editing()._placed(FieldError(field="attributes.visits", message="Too long."), form)
    assert placed.field == "v-1"
    assert _editing()._placed(FieldError(field="name", message="Too long."), form).field == "name"
