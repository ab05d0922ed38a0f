"""What the inbox writes about conversations, messages, customers and receipts."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from omni_app.conversations.notes import NoteView
from omni_app.conversations.reading import ConversationView, Filters, MessageView, PastConversation
from omni_app.conversations.searching import Found
from omni_app.customers.profiles import CustomerView, PointView
from omni_app.infra.errors import Invalid
from omni_app.infra.ids import new_id
from omni_app.ui.pages.inbox.file_shapes import size_words
from omni_app.ui.pages.inbox.lines import (
    Row,
    belongs,
    fits,
    found_row,
    in_order,
    lines_of,
    mark_days,
    merge,
    name_of,
    note_lines,
    row_of,
)
from omni_app.ui.pages.inbox.profile_shapes import profile_of
from omni_app.ui.pages.inbox.sorting_state import snooze_end

NOW = datetime(2026, 3, 12, 14, 0, tzinfo=UTC)
HALIFAX = ZoneInfo("America/Halifax")
ME, TOM = new_id(), new_id()


def conversation(**values: Any) -> ConversationView:
    return ConversationView(
        **{
            "id": new_id(),
            "customer_id": UUID("01a1fc36-c731-7f4b-b4b9-380e28964f2a"),
            "customer_name": "Sofia Marin",
            "channel": "chat",
            "status": "open",
            "speaker": "ai",
            "subject": "",
            "assignee_id": None,
            "assignee_name": None,
            "last_text": "Hello\nthere",
            "last_role": "customer",
            "last_seq": 1,
            "last_message_at": NOW,
            "waiting_since": None,
            "handover_reason": None,
            "created_at": NOW,
            "last_author_id": None,
            "last_author_name": None,
            "unread": 0,
            **values,
        }
    )


def message(**values: Any) -> MessageView:
    return MessageView(
        **{
            "id": new_id(),
            "seq": 1,
            "role": "assistant",
            "text": "A check-up is $189.",
            "status": "sent",
            "client_id": None,
            "author_name": None,
            "source": "faq",
            "tier": None,
            "confidence": 0.9,
            "sources": ({"kind": "faq"},),
            "offers_person": False,
            "cost_nusd": 0,
            "receipt_id": new_id(),
            "created_at": NOW,
            **values,
        }
    )


def test_strangers_get_a_name_that_stays() -> None:
    customer_id = UUID("01a1fc36-c731-7f4b-b4b9-380e28964f2a")
    assert name_of("  ", customer_id) == "Visitor 4f2a"
    assert name_of("Sofia Marin", customer_id) == "Sofia Marin"


@pytest.mark.parametrize(
    ("values", "who", "holder"),
    [
        ({}, "", "ai"),
        ({"last_role": "assistant"}, "AI:", "ai"),
        (
            {"last_role": "staff", "last_author_id": ME, "speaker": "human", "assignee_id": ME, "assignee_name": "Maya"},
            "You:",
            "me",
        ),
        (
            {
                "last_role": "staff",
                "last_author_id": TOM,
                "last_author_name": "Tom Okafor",
                "speaker": "human",
                "assignee_id": TOM,
            },
            "Tom:",
            "member",
        ),
        ({"last_role": "staff", "speaker": "human"}, "Team:", "nobody"),
    ],
)
def test_a_row_says_who_spoke_and_who_has_it(values: dict[str, Any], who: str, holder: str) -> None:
    row = row_of(conversation(**values), ME)
    assert (row.who, row.holder, row.text) == (who, holder, "Hello there")


def test_only_who_waits_has_a_wait() -> None:
    since = NOW - timedelta(minutes=9)
    waiting = conversation(status="waiting", speaker="human", waiting_since=since, handover_reason="asked for a person", unread=2)
    row = row_of(waiting, ME)
    assert (row.waits_since, row.reason, row.is_unread) == (since.isoformat(), "asked for a person", True)
    row = row_of(conversation(waiting_since=since, handover_reason="asked for a person"), ME)
    assert (row.waits_since, row.reason) == ("", "")


@pytest.mark.parametrize(
    ("values", "folders"),
    [
        ({}, {"ai", "all"}),
        ({"speaker": "human", "status": "waiting"}, {"waiting", "unassigned", "all"}),
        ({"speaker": "human", "assignee_id": ME}, {"mine", "all"}),
        ({"speaker": "human", "assignee_id": TOM, "status": "waiting"}, {"waiting", "all"}),
        ({"speaker": "human", "assignee_id": ME, "status": "closed"}, {"closed"}),
        ({"speaker": "human", "assignee_id": ME, "status": "snoozed"}, {"snoozed", "all"}),
    ],
)
def test_folders_hold_what_the_domain_says(values: dict[str, Any], folders: set[str]) -> None:
    view = conversation(**values)
    every = ("waiting", "mine", "unassigned", "ai", "all", "snoozed", "closed")
    assert {folder for folder in every if belongs(view, folder, ME)} == folders


def test_the_longest_wait_comes_first_and_else_the_newest() -> None:
    early, late = "2026-03-12T09:00:00+00:00", "2026-03-12T10:00:00+00:00"
    rows = [Row(id="a", at=early, waits_since=late), Row(id="b", at=late, waits_since=early)]
    assert [row.id for row in in_order(rows, "waiting")] == ["b", "a"]
    assert [row.id for row in in_order(rows, "all")] == ["b", "a"]
    assert [row.id for row in in_order(rows[::-1], "waiting")] == ["b", "a"]


def test_days_are_named_once_in_the_business_s_time() -> None:
    # 02:00 UTC is still the evening before in Halifax.
    times = [NOW - timedelta(days=9), NOW - timedelta(hours=20), NOW - timedelta(hours=12), NOW, NOW]
    messages = [message(seq=number, created_at=at) for number, at in enumerate(times)]
    lines = mark_days(lines_of(messages, HALIFAX, NOW))
    assert [line.day for line in lines] == ["3 March", "Yesterday", "", "Today", ""]
    assert [line.time for line in lines[1:4]] == ["15:00", "23:00", "11:00"]


@pytest.mark.parametrize(
    ("values", "made"),
    [
        ({}, "AI · 1 source · $0.0000"),
        ({"tier": "l1"}, "AI · cache · 1 source · $0.0000"),
        ({"sources": ({}, {}), "cost_nusd": 8_175_400}, "AI · 2 sources · $0.0082"),
        ({"sources": (), "offers_person": True}, "AI · not sure · $0.0000"),
        ({"sources": ()}, "AI · $0.0000"),
        ({"role": "staff"}, ""),
    ],
)
def test_an_answer_carries_its_sources_and_its_price(values: dict[str, Any], made: str) -> None:
    (line,) = lines_of([message(**values)], HALIFAX, NOW)
    assert line.made == made


def test_staff_lines_name_their_author() -> None:
    staff, old, line = lines_of(
        [
            message(role="staff", author_name="Maya Chen", status="read"),
            message(role="staff", author_name=None),
            message(role="system", status="read"),
        ],
        HALIFAX,
        NOW,
    )
    assert (staff.kind, staff.author, staff.status) == ("staff", "Maya Chen", "read")
    assert old.author == "Team"
    assert (line.kind, line.author, line.status) == ("system", "", "")


def test_a_profile_shows_what_people_can_use() -> None:
    view = CustomerView(
        id=UUID("01a1fc36-c731-7f4b-b4b9-380e28964f2a"),
        name="",
        language="en",
        tags=("Invisalign",),
        is_blocked=True,
        block_reason="Advertising",
        created_at=NOW - timedelta(days=400),
        last_seen_at=NOW,
        points=(
            PointView(kind="external", channel="chat", value="b7c0", proof="proven"),
            PointView(kind="phone", channel="", value="+19025550148", proof="claimed"),
            PointView(kind="external", channel="telegram", value="omar", proof="proven"),
        ),
        conversations=1240,
        messages=3,
        cost_nusd=840_000_000,
    )
    profile = profile_of(view, HALIFAX, NOW)
    assert (profile.name, profile.since, profile.seen) == ("Visitor 4f2a", "5 February 2025", "11:00")
    assert (profile.conversations, profile.cost, profile.block_reason) == ("1,240", "$0.84", "Advertising")
    assert [(point.channel, point.value, point.is_proven) for point in profile.points] == [
        ("chat", "Website visitor", True),
        ("voice", "+1 902-555-0148", False),
        ("telegram", "omar", True),
    ]


def note(**values: Any) -> NoteView:
    return NoteView(
        **{
            "id": new_id(),
            "after_seq": 1,
            "author_id": TOM,
            "author_name": "Tom Okafor",
            "text": "@Maya look",
            "mentions": (ME,),
            "created_at": NOW,
            **values,
        }
    )


def test_notes_stand_behind_the_message_they_follow() -> None:
    messages = lines_of([message(seq=number, created_at=NOW) for number in (1, 2, 3)], HALIFAX, NOW)
    notes = note_lines(
        [note(after_seq=2, text="second"), note(after_seq=1, text="first"), note(after_seq=3, text="last")],
        ["Maya Chen"],
        ME,
        HALIFAX,
        NOW,
    )
    merged = merge(messages, notes)
    assert [(line.seq, line.kind) for line in merged] == [(1, "ai"), (1, "note"), (2, "ai"), (2, "note"), (3, "ai"), (3, "note")]
    # Only the newest page is on the screen: a note behind an older message waits for it.
    assert [line.seq for line in merge(messages[1:], notes)] == [2, 2, 3, 3]
    assert merge(merged, notes) == merged
    assert [line.kind for line in merge([], notes)] == ["note"] * 3


def test_a_note_shows_whom_it_names() -> None:
    (line,) = note_lines([note(text="Ask @maya chen, not @Ann")], ["Maya Chen", "Tom Okafor"], TOM, HALIFAX, NOW)
    assert [(piece.text, piece.is_mention) for piece in line.pieces] == [
        ("Ask ", False),
        ("@maya chen", True),
        (", not @Ann", False),
    ]
    assert line.is_mine
    (line,) = note_lines([note(text="mail me@maya", mentions=())], ["Maya Chen"], ME, HALIFAX, NOW)
    assert [piece.text for piece in line.pieces] == ["mail me@maya"]
    assert not line.is_mine


def test_filters_fit_as_the_domain_narrows() -> None:
    label = new_id()
    view = conversation(
        assignee_id=TOM, priority="high", labels=({"id": str(label), "name": "Billing", "color": "teal"},), unread=1
    )
    fitting = [
        Filters(),
        Filters(channel="chat"),
        Filters(label_id=label, priority="high"),
        Filters(assignee=TOM),
        Filters(unread=True),
    ]
    others = [
        Filters(channel="email"),
        Filters(label_id=new_id()),
        Filters(priority="low"),
        Filters(assignee="none"),
        Filters(assignee=ME),
    ]
    assert all(fits(view, filters) for filters in fitting)
    assert not any(fits(view, filters) for filters in others)
    assert fits(conversation(), Filters(assignee="none"))
    assert not fits(conversation(), Filters(unread=True))


def test_a_row_found_by_its_words_shows_them() -> None:
    view = conversation()
    found = Found(conversation=view, matched="message", before="…and what happens with the ", hit="deposit", after=" I paid?")
    row = found_row(found, ME)
    assert (row.before, row.hit) == ("…at happens with the ", "deposit")
    by_name = found_row(Found(conversation=view, matched="name", before="", hit="Sofia", after=" Marin"), ME)
    assert by_name.hit == ""


def test_a_page_is_linked_only_when_it_is_a_web_address() -> None:
    row = row_of(conversation(page={"url": "javascript:alert(1)", "title": "Prices"}), ME)
    assert (row.page_url, row.page_title) == ("", "Prices")
    row = row_of(conversation(page={"url": "https://clinic.test/prices", "title": ""}), ME)
    assert (row.page_url, row.page_title) == ("https://clinic.test/prices", "https://clinic.test/prices")


def test_files_of_a_message_are_named_with_their_size() -> None:
    files = (
        {"id": "1", "name": "scan.png", "media_type": "image/png", "size": 3_400_000},
        {"id": "2", "name": "drawing.svg", "media_type": "image/svg+xml", "size": 812},
    )
    (line,) = lines_of([message(attachments=files)], HALIFAX, NOW)
    assert [(file.name, file.size, file.kind) for file in line.files] == [
        ("scan.png", "3.4 MB", "image"),
        ("drawing.svg", "812 B", "file"),
    ]
    assert size_words(12_300) == "12 KB"


def test_earlier_conversations_say_what_they_came_to() -> None:
    view = CustomerView(
        id=new_id(),
        name="Sofia",
        language="",
        tags=(),
        is_blocked=False,
        block_reason=None,
        created_at=NOW,
        last_seen_at=NOW,
        points=(PointView(kind="email", channel="", value="sofia@example.com", proof="claimed"),),
        conversations=2,
        messages=3,
        cost_nusd=0,
    )
    past = PastConversation(
        id=new_id(), channel="email", status="closed", subject="", summary="Scan sent.", last_text="Bye\nnow", last_message_at=NOW
    )
    profile = profile_of(view, HALIFAX, NOW, [past])
    assert [(item.title, item.summary, item.when) for item in profile.past] == [("Bye now", "Scan sent.", "12 March")]
    assert profile.claim == "sofia@example.com"


def test_a_snooze_ends_in_the_business_s_morning() -> None:
    # Thursday 14:00 UTC is 11:00 in Halifax.
    assert snooze_end("hour", NOW, "America/Halifax") == NOW + timedelta(hours=1)
    assert snooze_end("tomorrow", NOW, "America/Halifax").isoformat() == "2026-03-13T09:00:00-03:00"
    assert snooze_end("monday", NOW, "America/Halifax").isoformat() == "2026-03-16T09:00:00-03:00"
    with pytest.raises(Invalid):
        snooze_end("never", NOW, "UTC")
