"""What the inbox writes about channels: deliveries, files, what a message carries, templates, accounts in trouble."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_app.channels.contract import TemplateInfo
from omni_app.conversations.reading import DeliveryView
from omni_app.infra.ids import new_id
from omni_app.ui.pages.inbox.file_shapes import file_of
from omni_app.ui.pages.inbox.lines import Line, keep_links, lines_of, row_of, trouble_of
from omni_app.ui.pages.inbox.message_shapes import Reaction, before_of, cards_of, chosen_of, mark_of, note_of, reactions_of
from omni_app.ui.pages.inbox.profile_shapes import address_words
from omni_app.ui.pages.inbox.taking import refusal_of
from omni_app.ui.pages.inbox.template_shapes import in_use_first, matches, template_of, typed_into, use_of
from tests.ui.test_inbox_lines import HALIFAX, ME, NOW, conversation, message

ACCOUNT = {
    "id": new_id(),
    "name": "Front desk",
    "kind": "whatsapp",
    "is_on": True,
    "is_sandbox": True,
    "health": "ok",
    "detail": "",
}


def line(**values: Any) -> Line:
    (made,) = lines_of([message(**values)], HALIFAX, NOW)
    return made


def test_a_row_names_the_account_and_marks_a_sandbox() -> None:
    point = new_id()
    row = row_of(conversation(channel="whatsapp", connection=ACCOUNT, contact_point_id=point, subject="Hello"), ME)
    assert (row.connection, row.is_sandbox, row.trouble, row.contact_point_id) == ("Front desk", True, "", str(point))
    assert (row.subject, row.connection_kind) == ("", "whatsapp")
    assert row_of(conversation(channel="email", subject="Re:  Invoice\n7"), ME).subject == "Re: Invoice 7"


@pytest.mark.parametrize(
    ("change", "words", "detail"),
    [
        ({"is_on": False}, "WhatsApp is switched off: messages wait.", ""),
        ({"health": "revoked", "detail": "Session expired"}, "WhatsApp is disconnected: messages wait.", "Session expired"),
        ({"health": "failing", "detail": "503"}, "WhatsApp does not take messages right now. They are sent when it does.", "503"),
        ({"health": "untested"}, "", ""),
    ],
)
def test_trouble_of_an_account_is_said_in_words(change: dict[str, Any], words: str, detail: str) -> None:
    assert trouble_of("WhatsApp", {**ACCOUNT, **change}) == (words, detail)


def test_a_failed_message_carries_the_provider_s_words() -> None:
    sent = DeliveryView(error="(#131026) Message undeliverable", error_kind="recipient", can_retry=True)
    failed = line(role="staff", status="failed", delivery=sent)
    assert (failed.problem, failed.can_retry, failed.is_asked) == ("(#131026) Message undeliverable", True, False)
    unknown = line(role="staff", status="unknown", delivery=DeliveryView(is_asked=True, can_retry=True))
    assert (unknown.status, unknown.is_asked) == ("unknown", True)
    assert (line(role="staff").can_retry, line(role="customer", status="delivered").status) == (False, "")


def test_files_say_what_they_are_and_why_they_are_absent() -> None:
    voice = file_of({"id": "1", "name": "voice note.ogg", "media_type": "audio/ogg", "size": 900, "transcript": "On Tuesday?"})
    assert (voice.kind, voice.status, voice.transcript, voice.size) == ("audio", "stored", "On Tuesday?", "900 B")
    pending = file_of({"id": "2", "media_type": "image/png", "status": "pending"})
    assert (pending.kind, pending.name, pending.problem) == ("image", "file", "It is being fetched. It shows here by itself.")
    refused = file_of({"id": "3", "name": "x.exe", "status": "refused", "problem": "Programs are not taken."})
    assert (refused.kind, refused.problem) == ("file", "Programs are not taken.")
    assert file_of({"media_type": "image/svg+xml"}).kind == "file"
    assert file_of({"media_type": "video/mp4"}).kind == "video"


def test_pictures_inside_a_mail_are_not_listed_again() -> None:
    files = ({"id": "1", "is_inline": True, "media_type": "image/png"}, {"id": "2", "media_type": "application/pdf"})
    assert [file.id for file in line(role="customer", attachments=files, has_html=True).files] == ["2"]
    assert [file.id for file in line(role="customer", attachments=files).files] == ["1", "2"]


def test_a_sound_that_plays_goes_on_when_its_message_is_read_again() -> None:
    entry = {"id": "1", "name": "a", "media_type": "audio/ogg", "size": 3}
    old, new = line(attachments=(entry,)), line(attachments=({**entry, "transcript": "Hello"},))
    old.files[0].url = "/files/first"
    keep_links(new, old)
    assert (new.files[0].url, new.files[0].transcript) == ("/files/first", "Hello")


def test_a_place_leads_to_a_map() -> None:
    place = {"latitude": 44.6488, "longitude": -63.5752, "name": "Harbour Dental", "address": "12 Water St"}
    (card,) = cards_of("location", place)
    assert (card.title, card.about) == ("Harbour Dental", "12 Water St · 44.648800, -63.575200")
    assert card.link.startswith("https://www.openstreetmap.org/?mlat=44.648800&mlon=-63.575200")
    shown = line(role="customer", kind="location", text="Location: Harbour Dental, 44.6, -63.5", details=place)
    assert (shown.text, len(shown.cards)) == ("", 1)


def test_people_orders_and_the_unknown_are_shown_honestly() -> None:
    person = {"name": "Dr Elena Ruiz", "company": "Ruiz", "phones": ["+1 902 555 0199"], "emails": ["ruiz@example.com"]}
    (card,) = cards_of("contacts", {"contacts": [person]})
    assert (card.title, card.about) == ("Dr Elena Ruiz", "Ruiz · +1 902 555 0199 · ruiz@example.com")
    items = [{"product_id": "BRUSH-2", "quantity": "2", "price": "12.5", "currency": "CAD"}]
    order = {"items": items, "note": "Blue ones"}
    (card,) = cards_of("order", order)
    assert (card.title, card.about, note_of(order)) == ("Order, 1 item · 25.00 CAD", "2 × BRUSH-2", "Blue ones")
    (card,) = cards_of("unsupported", {"type": "poll", "reason": "Message type unknown"})
    assert (card.title, card.about) == ("Omni cannot show this kind of message (poll)", "Message type unknown")


def test_a_picked_answer_and_a_template_are_told_from_typed_text() -> None:
    assert chosen_of("reply", {"description": "Mornings"}) == "Picked from what was offered: Mornings"
    assert chosen_of("reply", {"of": "form"}) == "Filled in a form"
    assert chosen_of("template", {"name": "reminder", "language": "en"}) == "Template · reminder · en"
    assert chosen_of("text", {}) == ""


def test_what_was_changed_or_deleted_can_still_be_read() -> None:
    edited = {"edited_at": "2026-03-12", "edits": [{"text": "Monday?"}, {"text": "Tuesday?"}]}
    assert (mark_of(edited), before_of(edited)) == ("Edited by the customer", "Tuesday?")
    deleted = {"deleted_at": "2026-03-12", "deleted_text": "Oops"}
    assert (mark_of(deleted), before_of(deleted)) == ("Deleted by the customer", "Oops")
    assert (mark_of({}), before_of({})) == ("", "")


def test_reactions_say_whose_they_are() -> None:
    assert reactions_of({"reactions": {"customer": "👍", str(ME): "❤️", "x": ""}}) == [
        Reaction(emoji="👍", who="The customer"),
        Reaction(emoji="❤️", who="Your team"),
    ]


def test_the_team_s_own_emoji_says_how_far_it_got() -> None:
    details = {"reactions": {"staff": "👍"}, "reaction": {"emoji": "👍", "status": "failed", "problem": "Too late."}}
    ours = line(role="customer", external_id="wamid.1", details=details)
    assert (ours.may_react, ours.reacted, ours.react_state, ours.react_problem) == (True, "👍", "failed", "Too late.")
    assert not line(role="customer", external_id=None).may_react
    assert not line(role="customer", external_id="wamid.1", details={"deleted_at": "2026-01-01"}).may_react
    assert not line(role="staff", external_id="wamid.1").may_react
    assert row_of(conversation(channel="whatsapp", connection=ACCOUNT), ME).has_reactions
    assert not row_of(conversation(channel="email", connection={**ACCOUNT, "kind": "smtp"}), ME).has_reactions


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["contacts", "items", "name", "phones", "latitude", "longitude", "quantity", "price", "reactions", "edits"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(["location", "contacts", "order", "unsupported", "reply", "text"]), JSON)
def test_whatever_a_provider_says_is_shown_without_breaking(kind: str, details: Any) -> None:
    found = details if isinstance(details, dict) else {}
    shown = line(role="customer", kind=kind, details=found)
    assert all(card.link == "" or card.link.startswith("https://") for card in shown.cards)


def test_addresses_are_written_as_people_write_them() -> None:
    assert address_words("phone", "", "+19025550148") == "+1 902-555-0148"
    assert address_words("phone", "", "nonsense") == "nonsense"
    assert address_words("external", "whatsapp", "US.1349") == "No number shared"
    assert address_words("email", "", "ann@example.com") == "ann@example.com"


def test_a_file_the_channel_would_refuse_is_refused_before_it_is_sent() -> None:
    assert refusal_of("", "chat", "scan.pdf", "application/pdf", 10) == ""
    assert refusal_of("sendgrid", "email", "scan.pdf", "application/pdf", 10) == ""
    assert "takes documents up to" in refusal_of("sendgrid", "email", "scan.pdf", "application/pdf", 10**9)
    assert refusal_of("no such kind", "email", "scan.pdf", "application/pdf", 10**9) == ""


TEMPLATE = TemplateInfo(
    name="order_ready",
    language="en",
    status="approved",
    category="utility",
    body="Hello {{1}}, your order {{2}} is ready, {{1}}.",
    header={"kind": "text", "text": "Order {{1}}"},
    buttons=({"type": "url", "text": "Track", "url": "https://shop.example/{{1}}"},),
)


def test_a_template_asks_for_each_variable_once() -> None:
    template = template_of(TEMPLATE)
    assert (template.title, template.why_not, template.buttons) == ("Order ready", "", ["Track"])
    assert [gap.field for gap in template.gaps] == ["header_text", "var.1", "var.2", "var.button:0"]
    use = use_of(template, {"header_text": "HD-7", "var.1": "Omar", "var.2": "7", "var.button:0": "7", "other": "x"})
    assert (use.header_text, use.variables) == ("HD-7", {"1": "Omar", "2": "7", "button:0": "7"})


def test_a_picture_at_the_top_is_a_link_or_a_file_of_the_conversation() -> None:
    info = TemplateInfo(name="menu", language="en", status="approved", body="Hi {{1}}", header={"kind": "image"})
    template = template_of(info)
    assert (template.why_not, template.header_kind, template.gaps[0].is_media) == ("", "image", True)
    by_link = typed_into(template, {"header_media": "https://a.example/a.jpg", "header_file": "", "var.1": "Ana"})
    assert use_of(template, by_link).header_media == "https://a.example/a.jpg"
    assert typed_into(template, {"header_media": "", "header_file": "7", "var.1": "Ana"})["header_media"] == "file:7"
    assert typed_into(template_of(TEMPLATE), {"header_file": "7"}).get("header_media") is None


def test_a_template_that_cannot_be_sent_says_why_and_stands_last() -> None:
    paused = template_of(TemplateInfo(name="a_offer", language="en", status="paused", body="Hi"))
    picture = template_of(TemplateInfo(name="b", language="en", status="approved", body="Hi", header={"kind": "location"}))
    fine = template_of(TEMPLATE)
    assert paused.why_not
    assert picture.why_not
    assert in_use_first([paused, fine, picture])[0] is fine
    assert matches(fine, "ORDER utility")
    assert not matches(fine, "order spring")
