"""Mails as we write them: whole ids, one "Re:", both texts, and a head no text can break out of."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omni_app.channels.contract import OutboundFile, OutboundMail
from omni_app.channels.mail.composing import (
    ascii_address,
    bare_subject,
    build_mail,
    clean_id,
    fold_ids,
    quote_below,
    reply_subject,
    tagged,
    untagged,
    write_html,
    write_ids,
    write_name,
    write_text,
)
from omni_app.channels.mail.marking import to_html, to_plain

LONG = tuple(f"{number}.{'x' * 90}@mail.example.org" for number in range(30))


def build(text: str = "Hello", **values: Any) -> EmailMessage:
    mail = OutboundMail(**{"message_id": "c.m.x@omni.example", "subject": "Re: Check-up", **values})
    files = (OutboundFile(name="Röntgen\r\nX.png", media_type="image/png", data=b"\x89PNG"),)
    raw = build_mail(
        mail, sender=("Büro", "desk@shop.example"), to=["ann@example.org"], reply_to="desk+t@shop.example", text=text, files=files
    )
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    return message_from_bytes(raw, policy=policy.default)


def test_long_ids_stay_whole_and_the_chain_too() -> None:
    folded = fold_ids("References", LONG).decode()
    assert folded.startswith("References: <0.")
    assert [one.strip("<>") for one in folded.removeprefix("References:").split()] == list(LONG)
    mail = build(references=LONG, in_reply_to=LONG[-1])
    assert [one.strip("<>") for one in str(mail["References"]).split()] == list(LONG)
    assert "=?" not in str(mail["In-Reply-To"])


def test_on_one_line_the_first_and_the_newest_ids_are_kept() -> None:
    assert write_ids(LONG[:2]) == f"<{LONG[0]}> <{LONG[1]}>"
    written = write_ids(LONG).split()
    assert len(" ".join(written)) <= 986
    assert (written[0], written[-1]) == (f"<{LONG[0]}>", f"<{LONG[-1]}>")


@pytest.mark.parametrize(
    ("subject", "bare", "reply"),
    [
        ("Check-up", "Check-up", "Re: Check-up"),
        ("RE: AW: Re[2]: Check-up", "Check-up", "Re: Check-up"),
        ("Fwd: Check-up", "Check-up", "Re: Fwd: Check-up"),
        ("回复：价格", "价格", "Re: 价格"),
        ("Re:Re:", "", "Re:"),
        ("Regards: hello", "Regards: hello", "Re: Regards: hello"),
        ("a\r\nBcc: evil@example.org", "a Bcc: evil@example.org", "Re: a Bcc: evil@example.org"),
    ],
)
def test_a_subject_keeps_its_words_and_one_re(subject: str, bare: str, reply: str) -> None:
    assert bare_subject(subject) == bare
    assert reply_subject(subject) == reply
    assert reply_subject(reply) == reply


def test_a_mail_has_both_texts_its_files_and_says_whose_it_is() -> None:
    mail = build(
        "It is **$189**.\n\n- one\n- two", quoted="On x, Ann wrote:\n> Hello", cc=("tom@example.org",), is_automatic=True
    )
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert plain.get_content().replace("\r\n", "\n") == "It is $189.\n\n- one\n- two\n\nOn x, Ann wrote:\n> Hello\n"
    assert "<strong>$189</strong>" in page.get_content()
    (file,) = mail.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("Röntgen X.png", b"\x89PNG")
    assert (mail["From"], mail["Reply-To"], mail["Cc"]) == (
        "Büro <desk@shop.example>",
        "Büro <desk+t@shop.example>",
        "tom@example.org",
    )
    assert (mail["Auto-Submitted"], mail["X-Omni-Loop"]) == ("auto-replied", "desk@shop.example")
    assert build()["Auto-Submitted"] is None
    assert build()["List-Unsubscribe"] is None


@settings(max_examples=25)
@given(st.text(max_size=60))
def test_no_subject_or_id_adds_a_header(text: str) -> None:
    mail = build(subject=text, in_reply_to=text, references=(text,))
    assert set(mail.keys()) <= {
        *("From", "To", "Reply-To", "Subject", "Date", "X-Omni-Loop", "MIME-Version", "Content-Type"),
        *("Message-ID", "In-Reply-To", "References"),
    }
    assert reply_subject(reply_subject(text)) == reply_subject(text)
    found = clean_id(text)
    assert clean_id(f"<{found}>") == found


@given(st.text(max_size=200))
def test_no_text_becomes_markup_of_its_own(text: str) -> None:
    to_plain(text)
    page = to_html(text).lower()
    assert "<script" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page


def test_markdown_reads_well_as_plain_text() -> None:
    text = (
        "Hello **Ann**,\nsee [our site](https://a.example/x) and <https://b.example>.\n\n1. first\n2. second\n   - deep\n\n> said"
    )
    assert to_plain(text) == (
        "Hello Ann,\nsee our site (https://a.example/x) and https://b.example.\n\n1. first\n2. second\n  - deep\n\n> said"
    )
    assert write_text("") == "\n"
    assert "<blockquote" in write_html("Hi", "On x, y wrote:\n> <b>bold</b>")
    assert "&lt;b&gt;bold" in write_html("Hi", "On x, y wrote:\n> <b>bold</b>")


def test_what_is_quoted_is_marked_cut_and_in_the_thread_language() -> None:
    at = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert quote_below("Eins\nZwei", "Ann", at, "de-DE") == "Am 2026-11-21 12:00 UTC schrieb Ann:\n> Eins\n> Zwei"
    assert quote_below("  ", "Ann", at) == ""
    assert len(quote_below("word " * 5000, "Ann", at)) < 6_100


def test_addresses_carry_a_tag_and_lose_it_again() -> None:
    assert tagged("desk@shop.example", "abc") == "desk+abc@shop.example"
    assert tagged(f"{'d' * 40}@shop.example", "a" * 36) == f"{'d' * 40}@shop.example"
    assert untagged("<Desk+ABC@Shop.example>") == ("desk@shop.example", "abc")
    assert untagged("no address") == ("no address", "")
    assert ascii_address("ann@bücher.example") == "ann@xn--bcher-kva.example"
    wrong_domains = ("a@x.example>", "a@x.example\r\nBcc: eve", "a@x example", "a@x,y", "a@", f"a@{'x' * 70}.example")
    for wrong in ("", "ann", "@x.example", "änn@x.example", "a b@x.example", "a>@x.example", *wrong_domains):
        with pytest.raises(ValueError, match=r".*"):
            ascii_address(wrong)


def test_the_sender_is_named_as_people_expect() -> None:
    mail = OutboundMail(message_id="x", subject="x", from_name="Maya Chen")
    assert write_name(mail, "Harbour Dental", is_from_person=True) == "Maya Chen (Harbour Dental)"
    assert write_name(mail, "Harbour Dental", is_from_person=False) == "Harbour Dental"
    assert write_name(mail, "", is_from_person=True) == "Maya Chen"
