"""What each kind of event of Meta means to us."""

import json
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omni_app.channels.adapters.whatsapp.parsing import parse_event
from omni_app.channels.adapters.whatsapp.splitting import split_webhook
from omni_app.channels.contract import (
    AccountNotice,
    AddressChange,
    ConsentChange,
    Correction,
    DeliveryUpdate,
    Echo,
    Identifier,
    Ignored,
    InboundEvent,
    InboundMessage,
    Reaction,
)
from omni_app.infra.errors import Invalid
from tests.channels.whatsapp.payloads import (
    CARD,
    CONTACT,
    CUSTOMER,
    FILE,
    ORDER,
    SHA_HEX,
    USER_ID,
    WABA,
    body,
    change,
    message,
    said,
    status,
    webhook,
)

PHONE = Identifier(kind="phone", value="+16505551234")
PERSON = Identifier(kind="external", value=USER_ID)
DELIVERY = UUID("0197f3a0-0000-7000-8000-000000000001")


def heard(sent: bytes) -> list[InboundEvent]:
    """Everything one request says."""
    return [event for raw in split_webhook(sent) for event in parse_event(raw.body)]


def only(sent: bytes) -> Any:
    (event,) = heard(sent)
    return event


def test_a_text_is_a_message_of_its_sender() -> None:
    event = only(said(message("text", {"body": "Grüße / 你好"}, context={"from": "1", "id": "wamid.OUT1"})))
    assert isinstance(event, InboundMessage)
    assert (event.id, event.text, event.kind, event.answers_id) == ("wamid.IN1", "Grüße / 你好", "text", "wamid.OUT1")
    assert event.sender.identifiers == (PHONE,)
    assert event.sender.name == "Sheena Nelson"
    assert event.sent_at is not None
    assert event.sent_at.isoformat() == "2025-06-08T20:59:43+00:00"


def test_numbers_that_come_as_text_or_text_that_comes_as_numbers_are_read() -> None:
    sent = message("text", {"body": 42}, timestamp=1749416383)
    sent["from"] = 16505551234
    event = only(said(sent, contacts=[]))
    assert (event.text, event.sender.identifiers) == ("42", (PHONE,))
    assert event.sent_at is not None


def test_a_person_without_a_number_is_known_by_their_business_scoped_id() -> None:
    sent = message("text", {"body": "Hi"}, from_user_id=USER_ID)
    del sent["from"]
    event = only(said(sent, contacts=[{"profile": {"name": "Ana", "username": "ana"}, "user_id": USER_ID}]))
    assert event.sender.identifiers == (PERSON,)
    both = only(said(message("text", {"body": "Hi"}), contacts=[{**CONTACT, "user_id": USER_ID}]))
    assert both.sender.identifiers == (PHONE, PERSON)


@pytest.mark.parametrize(
    ("kind", "content", "media_kind", "is_voice", "text"),
    [
        ("image", {**FILE, "caption": "the tooth"}, "image", False, "the tooth"),
        ("video", {**FILE, "mime_type": "video/mp4"}, "video", False, ""),
        ("audio", {**FILE, "mime_type": "audio/ogg; codecs=opus", "voice": True}, "audio", True, ""),
        ("audio", {**FILE, "mime_type": "audio/mpeg", "voice": False}, "audio", False, ""),
        ("voice", {**FILE, "mime_type": "audio/ogg"}, "audio", True, ""),
        ("document", {**FILE, "filename": "x-ray.pdf", "mime_type": "application/pdf"}, "document", False, ""),
        ("sticker", {**FILE, "mime_type": "image/webp", "animated": False}, "sticker", False, ""),
    ],
)
def test_a_file_comes_as_a_reference_with_its_hash(kind: str, content: Any, media_kind: str, is_voice: bool, text: str) -> None:
    event = only(said(message(kind, content)))
    assert (event.kind, event.text) == ("media", text)
    (file,) = event.media
    assert (file.kind, file.ref, file.sha256, file.is_voice) == (media_kind, "65463453", SHA_HEX, is_voice)
    assert file.name == content.get("filename", "")


def test_a_place_says_where_it_is() -> None:
    event = only(said(message("location", {"latitude": "52.52", "longitude": 13.405, "name": "Office", "address": "Main St"})))
    assert event.kind == "location"
    assert event.text == "Location: Office, Main St, 52.520000, 13.405000"
    assert event.details["latitude"] == 52.52


def test_contact_cards_are_readable() -> None:
    event = only(said(message("contacts", [CARD])))
    assert event.text == "Contact: Mónica Green, Lucky Shrub, +49 30 1234, monica@example.com"
    assert event.details["contacts"][0]["phones"] == ["+49 30 1234"]


def test_an_order_lists_what_is_wanted() -> None:
    event = only(said(message("order", ORDER)))
    assert event.kind == "order"
    assert event.text == "Order:\n2 × SKU-1 (30.5 EUR)\n1 × SKU-2 (12 EUR)\nPlease by Friday"


@pytest.mark.parametrize(
    ("sent", "text", "of"),
    [
        (message("button", {"payload": "yes", "text": "I will be there"}), "I will be there", "template"),
        (message("interactive", {"type": "button_reply", "button_reply": {"id": "a", "title": "Monday"}}), "Monday", "button"),
        (
            message("interactive", {"type": "list_reply", "list_reply": {"id": "a", "title": "Tue", "description": "10:00"}}),
            "Tue",
            "list",
        ),
        (
            message(
                "interactive",
                {"type": "nfm_reply", "nfm_reply": {"body": "Sent", "response_json": '{"flow_token":"x","day":"Monday"}'}},
            ),
            "Filled in a form.\nday: Monday",
            "form",
        ),
    ],
)
def test_a_choice_is_an_answer_in_words(sent: Any, text: str, of: str) -> None:
    event = only(said(sent))
    assert (event.kind, event.text, event.details["of"]) == ("reply", text, of)


def test_a_reaction_is_put_on_and_taken_off() -> None:
    put = only(said(message("reaction", {"message_id": "wamid.OUT1", "emoji": "👍"})))
    assert isinstance(put, Reaction)
    assert (put.target_id, put.emoji) == ("wamid.OUT1", "👍")
    assert only(said(message("reaction", {"message_id": "wamid.OUT1"}))).emoji == ""


def test_changed_and_deleted_messages_name_the_first_one() -> None:
    inner = {"type": "text", "text": {"body": "new words"}}
    changed = only(said(message("edit", {"original_message_id": "wamid.OLD", "message": inner})))
    assert isinstance(changed, Correction)
    assert (changed.target_id, changed.text) == ("wamid.OLD", "new words")
    deleted = only(said(message("revoke", {"original_message_id": "wamid.OLD"})))
    assert (deleted.target_id, deleted.text) == ("wamid.OLD", None)


def test_a_new_number_or_id_changes_the_address() -> None:
    moved = only(said(message("system", {"type": "user_changed_number", "wa_id": "16505559999", "body": "…"}), contacts=[]))
    assert moved == AddressChange(old=PHONE, new=Identifier(kind="phone", value="+16505559999"))
    system = {"type": "user_changed_user_id", "user_id": "MX.1", "previous_user_id": USER_ID, "body": "…"}
    other = only(said(message("system", system), contacts=[]))
    assert other == AddressChange(old=PERSON, new=Identifier(kind="external", value="MX.1"))
    assert isinstance(only(said(message("system", {"type": "customer_identity_changed", "body": "…"}))), Ignored)


@pytest.mark.parametrize(
    "sent",
    [
        message("unsupported", errors=[{"code": 131051, "title": "Message type unknown"}]),
        message("poll_creation", {"name": "?"}),
        message("text", {"text": "no body"}),
        message("location", {"latitude": 200, "longitude": "far"}),
        message("image", "no object"),
    ],
)
def test_what_cannot_be_shown_says_so(sent: Any) -> None:
    event = only(said(sent))
    assert event.kind == "unsupported"
    assert "cannot be shown here" in event.text


def test_a_status_tells_how_far_a_message_got() -> None:
    pricing = {"billable": True, "pricing_model": "CBP", "category": "service"}
    update = only(body(webhook(change(statuses=[status("delivered", biz_opaque_callback_data=str(DELIVERY), pricing=pricing)]))))
    assert isinstance(update, DeliveryUpdate)
    assert (update.status, update.provider_id, update.delivery_id) == ("delivered", "wamid.OUT1", DELIVERY)
    assert update.pricing is not None
    assert (update.pricing.is_billable, update.pricing.category) == (True, "service")
    assert only(body(webhook(change(statuses=[status("played")])))).status == "read"
    foreign = only(body(webhook(change(statuses=[status("sent", biz_opaque_callback_data="of another program")]))))
    assert foreign.delivery_id is None
    assert isinstance(only(body(webhook(change(statuses=[status("warning")])))), Ignored)


def test_a_failure_carries_metas_words_and_what_they_mean() -> None:
    error = {"code": 131047, "title": "Re-engagement message", "error_data": {"details": "More than 24 hours have passed."}}
    update = only(body(webhook(change(statuses=[status("failed", errors=[error])]))))
    assert update.error.code == "131047"
    assert update.error.kind == "window_closed"
    assert update.error.text == "Re-engagement message: More than 24 hours have passed"


def test_a_failure_may_also_be_a_no_to_marketing_or_the_end_of_the_account() -> None:
    stopped = heard(body(webhook(change(statuses=[status("failed", errors=[{"code": "131050", "title": "Stopped"}])]))))
    assert [type(one) for one in stopped] == [DeliveryUpdate, ConsentChange]
    locked = heard(body(webhook(change(statuses=[status("failed", errors=[{"code": 131031, "title": "Locked"}])]))))
    assert isinstance(locked[1], AccountNotice)
    assert locked[1].health == "revoked"


@pytest.mark.parametrize(("word", "is_given"), [("STOP", False), ("Stopp!", False), ("désabonner", False), ("Start.", True)])
def test_a_word_alone_is_a_wish_and_still_a_message(word: str, is_given: bool) -> None:
    first, wish = heard(said(message("text", {"body": word})))
    assert isinstance(first, InboundMessage)
    assert isinstance(wish, ConsentChange)
    assert (wish.purpose, wish.is_given) == ("channel", is_given)


def test_a_sentence_or_a_button_with_such_a_word_is_none() -> None:
    assert len(heard(said(message("text", {"body": "Please stop the bleeding"})))) == 1
    assert len(heard(said(message("button", {"payload": "c", "text": "Cancel"})))) == 1
    wish = heard(said(message("button", {"payload": "s", "text": "Stop promotions"})))[1]
    assert isinstance(wish, ConsentChange)
    assert wish.purpose == "marketing"


@pytest.mark.parametrize(("word", "is_given"), [("stop", False), ("resume", True)])
def test_preferences_set_in_whatsapp_are_consent(word: str, is_given: bool) -> None:
    wish = {"wa_id": CUSTOMER, "detail": "User requested it", "category": "marketing_messages", "value": word, "timestamp": 1}
    event = only(body(webhook(change("user_preferences", contacts=[{"wa_id": CUSTOMER}], user_preferences=[wish]))))
    assert isinstance(event, ConsentChange)
    assert (event.purpose, event.is_given, event.sender.identifiers) == ("marketing", is_given, (PHONE,))


def test_what_the_business_wrote_on_its_phone_is_an_echo() -> None:
    sent = {"from": "15550783881", "to": CUSTOMER, "id": "wamid.E", "timestamp": "1749416383", "type": "text"}
    event = only(body(webhook(change("smb_message_echoes", message_echoes=[{**sent, "text": {"body": "We call you"}}]))))
    assert isinstance(event, Echo)
    assert (event.id, event.text, event.recipient.identifiers) == ("wamid.E", "We call you", (PHONE,))


@pytest.mark.parametrize(
    ("field", "value", "health"),
    [
        ("account_update", {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}, "revoked"),
        ("account_update", {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": ["REINSTATE"]}}, "ok"),
        ("account_update", {"event": "PARTNER_APP_UNINSTALLED"}, "revoked"),
        ("account_update", {"event": "ACCOUNT_RESTRICTION", "restriction_info": [{"restriction_type": "X_Y"}]}, "failing"),
        ("phone_number_quality_update", {"event": "FLAGGED", "current_limit": "TIER_1K"}, None),
    ],
)
def test_news_of_the_account_set_the_light(field: str, value: Any, health: str | None) -> None:
    event = only(body({"entry": [{"id": WABA, "changes": [{"field": field, "value": value}]}]}))
    assert isinstance(event, AccountNotice)
    assert event.health == health
    assert event.text.endswith(".")


def test_news_of_a_template_carry_its_new_state() -> None:
    value = {
        "event": "PAUSED",
        "message_template_id": 12,
        "message_template_name": "spring_offer",
        "message_template_language": "pt-BR",
        "reason": "NONE",
    }
    event = only(body({"entry": [{"changes": [{"field": "message_template_status_update", "value": value}]}]}))
    assert event.template.name == "spring_offer"
    assert (event.template.language, event.template.status, event.template.external_id) == ("pt_BR", "paused", "12")


def test_news_of_an_unknown_kind_are_ignored_with_a_reason() -> None:
    event = only(body(webhook(change("something_new", a=1))))
    assert isinstance(event, Ignored)
    assert "something_new" in event.why


@pytest.mark.parametrize("sent", [b"nonsense", b'{"value": 3}', b"[]", b'{"value":{"messages":[{"id":"x","type":"text"}]}}'])
def test_what_has_another_shape_is_refused_in_words(sent: bytes) -> None:
    with pytest.raises(Invalid):
        parse_event(sent)


_ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "type", "from", "text", "body"]), inner),
    max_leaves=6,
)


@given(kind=st.sampled_from(["text", "image", "interactive", "order", "contacts", "system", "reaction", "edit", "x"]), odd=_ODD)
@settings(max_examples=60, deadline=None)
def test_any_content_is_read_or_refused(kind: str, odd: Any) -> None:
    for raw in split_webhook(json.dumps(webhook(change(messages=[{"id": "m", "from": "1", "type": kind, kind: odd}]))).encode()):
        with suppress(Invalid):
            assert parse_event(raw.body)
