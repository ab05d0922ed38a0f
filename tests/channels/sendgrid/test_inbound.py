"""Mail as inbound parse posts it: both modes, charsets, whose word counts, and what is no mail."""

import json
from typing import Any

import pytest

from omni_app.channels.adapters.sendgrid import ADAPTER
from omni_app.channels.adapters.sendgrid.adapter import INBOUND
from omni_app.channels.adapters.sendgrid.inbound import is_proven, parse_mail, split_mail
from omni_app.channels.contract import Ignored, InboundMessage, RawEvent, WebhookRequest
from omni_app.infra.clock import now
from omni_app.infra.errors import Invalid
from tests.channels.sendgrid.payloads import FORM, HEADERS, RAW_MAIL, SUPPORT, envelope, fields, form, raw_fields

OWN = "https://omni.test/webhooks/sendgrid/inbound/aVeryLongTokenThatNobodyGuesses"
SHARED = "https://omni.test/webhooks/sendgrid/email"


def cut(body: bytes, url: str = OWN, content_type: str = FORM) -> list[RawEvent]:
    headers = {"content-type": content_type}
    request = WebhookRequest(hook=INBOUND.path, method="POST", url=url, headers=headers, body=body, received_at=now())
    return split_mail(request, INBOUND)


def read(body: bytes) -> Any:
    (event,) = cut(body)
    (told,) = parse_mail(event.body)
    return told


def read_message(body: bytes) -> InboundMessage:
    told = read(body)
    assert isinstance(told, InboundMessage)
    return told


def test_a_mail_in_fields_is_read() -> None:
    message = read_message(form(fields()))
    assert (message.text, message.id, message.automatic) == ("What does a check-up cost?", "first@example.org", "")
    assert message.sender.name == "Ann Müller"
    (who,) = message.sender.identifiers
    assert (who.kind, who.value, who.is_proven) == ("email", "ann@example.org", True)
    assert message.mail is not None
    assert (message.mail.subject, message.mail.to) == ("Check-up", (SUPPORT,))


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("iso-8859-1", "Was kostet eine Prüfung?"),
        ("shift_jis", "検査はいくらですか。"),
        ("windows-1251", "Сколько стоит осмотр?"),
    ],
)
def test_each_field_is_read_in_its_own_charset(charset: str, text: str) -> None:
    charsets = json.dumps({"subject": "UTF-8", "text": charset})
    message = read_message(form(fields(text=text.encode(charset), subject="Grüße", charsets=charsets)))
    assert message.text == text
    assert message.mail is not None
    assert message.mail.subject == "Grüße"


def test_a_wrong_charset_loses_nothing() -> None:
    text = "Ich hätte gern für übermorgen früh einen Termin. Schöne Grüße aus Köln"
    message = read_message(form(fields(text=text.encode("latin-1"), charsets='{"text": "no-such-charset"}')))
    assert message.text == text
    assert "no-such-charset" in str(message.details["problems"])


def test_the_raw_mode_is_read_by_the_mail_reader() -> None:
    message = read_message(form(raw_fields()))
    assert message.text == "Was kostet eine Prüfung?"
    assert message.mail is not None
    assert message.mail.subject == "Grüße"
    assert message.mail.references == ("oldest@example.org", "earlier@example.org")
    assert (message.mail.cc, message.answers_id) == (("tom@example.org",), "earlier@example.org")


def test_files_keep_their_bytes_names_and_place() -> None:
    picture = bytes(range(256))
    info = {
        "attachment1": {"filename": "röntgen.png", "name": "x", "type": "image/png", "content-id": "<logo@x>"},
        "attachment2": {"filename": "", "type": "application/pdf"},
    }
    body = form(
        fields(**{"attachment-info": json.dumps(info), "attachments": "2", "html": '<p>Hi <img src="cid:logo@x"></p>'}),
        [("attachment1", "r.png", "image/png", picture), ("attachment2", "", "application/pdf", b"%PDF-1.4\r\n--x")],
    )
    message = read_message(body)
    first, second = message.media
    assert (first.kind, first.name, first.data, first.content_id, first.is_inline) == (
        "image",
        "röntgen.png",
        picture,
        "logo@x",
        True,
    )
    assert (second.kind, second.data) == ("document", b"%PDF-1.4\r\n--x")
    assert 'src="cid:logo@x"' in message.html


def test_a_mail_with_nothing_but_a_subject_says_its_subject() -> None:
    assert read_message(form(fields(text="", subject="Please call me"))).text == "Please call me"


def test_a_long_mail_goes_on_in_its_folded_part() -> None:
    long = "\n".join(f"Line {number} of a long story." for number in range(1000))
    message = read_message(form(fields(text=long)))
    assert len(message.text) <= 8_000
    assert "Line 999" in message.folded
    assert "".join((message.text + message.folded).split()) == "".join(long.split())


def test_a_mail_cut_off_on_its_way_is_shown_as_far_as_it_came() -> None:
    whole = form(fields(text="-", html="-") | {"text": "The beginning of " + "x" * 500}, is_whole=False)
    message = read_message(whole[:-300])
    assert message.text.startswith("The beginning of xxx")
    assert "cut off" in str(message.details["problems"])
    raw = form({**raw_fields(), "email": RAW_MAIL}, is_whole=False)
    assert read_message(raw[:-12]).sender.identifiers[0].value == "ann@example.org"


@pytest.mark.parametrize("body", [b"", b"text", form({"a": "b"}), b"\xff" * 100])
def test_what_is_no_mail_is_kept_and_says_so(body: bytes) -> None:
    (event,) = cut(body)
    with pytest.raises(Invalid):
        parse_mail(event.body)


@pytest.mark.parametrize("body", [b"", b"[]\n", b'{"type": 1}\nx', b"\xff\n"])
def test_a_stored_body_of_another_kind_is_readable_as_an_error(body: bytes) -> None:
    with pytest.raises(Invalid):
        ADAPTER.parse(body, INBOUND.path)


def test_the_same_mail_is_one_event_and_another_recipient_another() -> None:
    (first,) = cut(form(fields()))
    (again,) = cut(form(fields(spam_score="0.3", sender_ip="203.0.113.9")))
    (other,) = cut(form(fields(envelope=envelope("sales@help.example.com"))))
    assert first.key == again.key != other.key
    assert len(first.key) <= 200


def test_without_a_message_id_its_content_names_it() -> None:
    headers = HEADERS.replace("Message-ID: <first@example.org>\n", "")
    (one,) = cut(form(fields(headers=headers)))
    (same,) = cut(form(fields(headers=headers, sender_ip="203.0.113.9")))
    (other,) = cut(form(fields(headers=headers, text="Another question")))
    assert one.key == same.key != other.key


def test_mail_is_routed_by_the_envelope_not_by_the_header() -> None:
    body = form(fields(to="undisclosed@elsewhere.example", envelope=envelope("Support+k7f@Help.example.com", "b@shop.example")))
    (own,) = cut(body)
    assert own.account == SUPPORT
    one, two = cut(body, SHARED)
    assert (one.account, two.account) == (SUPPORT, "b@shop.example")
    assert one.key != two.key
    assert b"b@shop.example" not in one.body.partition(b"\n")[0]
    (told,) = parse_mail(one.body)
    assert isinstance(told, InboundMessage)
    assert told.mail is not None
    assert told.mail.tag == "k7f"


@pytest.mark.parametrize(
    ("spf", "dkim", "sent_from", "proven"),
    [
        ("pass", "none", "ann@example.org", True),
        ("pass", "none", "bounce+7@mail.example.org", True),
        ("pass", "none", "spam@evil.example", False),
        ("softfail", "{@example.org : pass}", "x@evil.example", True),
        ("fail", "{@evil.example : pass, @mail.example.org : pass}", "", True),
        ("pass", "{@evil.example : pass}", "spam@evil.example", False),
        ("none", "{@example.org : fail}", "ann@example.org", False),
        ("none", "{@notexample.org : pass}", "", False),
        ("none", "{@org : pass}", "", False),
        ("", "", "", False),
    ],
)
def test_the_sender_counts_as_proven_only_by_their_own_domain(spf: str, dkim: str, sent_from: str, proven: bool) -> None:
    assert is_proven(spf, dkim, sent_from, "ann@example.org") is proven


def test_mail_that_no_machine_may_answer_is_marked() -> None:
    assert read_message(form(fields(spam_score="7.2"))).automatic == "spam"
    assert read_message(form(fields(spam_score="many"))).automatic == ""
    assert read_message(form(fields(envelope=envelope(sender="")))).automatic == "no return address"
    assert read_message(form(fields(headers=HEADERS + "\nAuto-Submitted: auto-replied"))).automatic
    own = HEADERS.replace("<ann@example.org>", "<support@help.example.com>")
    assert read_message(form(fields(headers=own, **{"from": SUPPORT}))).automatic == "own address"


def test_our_own_mail_sent_back_is_ignored() -> None:
    assert isinstance(read(form(fields(headers=HEADERS + f"\nX-Omni-Loop: {SUPPORT}"))), Ignored)
    # The mail of another business that uses Omni too is a customer's.
    assert isinstance(read(form(fields(headers=HEADERS + "\nX-Omni-Loop: desk@other.example"))), InboundMessage)


def test_a_contact_form_speaks_for_who_filled_it_in_and_proves_nothing() -> None:
    headers = HEADERS.replace("<ann@example.org>", f"<{SUPPORT}>") + "\nReply-To: Ben <ben@example.net>"
    message = read_message(form(fields(headers=headers, dkim="{@help.example.com : pass}")))
    (who,) = message.sender.identifiers
    assert (who.value, who.is_proven, message.sender.name, message.automatic) == ("ben@example.net", False, "Ben", "")
