"""Whatever comes as a mail is read as far as it can be, and what cannot is named; nothing raises, nothing is slow."""

import base64
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omni_app.channels.mail.reading import LONGEST_TEXT, MOST_FILES, Mail, clean_name, read_mail, unflow

HEAD = b"From: Ann Lee <ann@example.com>\nTo: help@shop.example\nSubject: Hello\n"


def a_mail(body: bytes = b"Hello", kind: str = "text/plain; charset=utf-8", head: bytes = b"") -> Mail:
    return read_mail(HEAD + head + b"Content-Type: " + kind.encode() + b"\n\n" + body)


def parts(*bodies: bytes, kind: str = "mixed") -> Mail:
    """A multipart mail; each body starts with its own head."""
    inner = b"".join(b"--b\n" + body + b"\n" for body in bodies)
    return a_mail(inner + b"--b--\n", f"multipart/{kind}; boundary=b")


def test_head_text_and_files_of_an_ordinary_mail() -> None:
    message = EmailMessage()
    message["From"] = "Änne Lee <ann@example.com>"
    message["To"] = "Help <help+tag@shop.example>, other@shop.example"
    message["Cc"] = "carl@example.com"
    message["Subject"] = "Größe 漢字"
    message["Date"] = "Mon, 04 May 2026 09:12:00 +0200"
    message["Message-ID"] = "<one@example.com>"
    message["In-Reply-To"] = "<zero@shop.example>"
    message["References"] = "<first@shop.example> <zero@shop.example>"
    message.set_content("Is it still there?\n\n-- \nAnn\n")
    message.add_alternative('<p>Is it <b>still</b> there?</p><img src="cid:logo">', subtype="html")
    message.get_payload()[1].add_related(b"picture", "image", "png", cid="<logo>", filename="logo.png", disposition="inline")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="Rechnung März.pdf")
    mail = read_mail(message.as_bytes(policy=SMTP))
    assert (mail.from_name, mail.head.from_address, mail.head.subject) == ("Änne Lee", "ann@example.com", "Größe 漢字")
    assert (mail.head.to, mail.head.cc) == (("help+tag@shop.example", "other@shop.example"), ("carl@example.com",))
    assert (mail.head.message_id, mail.head.in_reply_to) == ("one@example.com", "zero@shop.example")
    assert mail.head.references == ("first@shop.example", "zero@shop.example")
    assert mail.date == datetime(2026, 5, 4, 7, 12, tzinfo=UTC)
    assert (mail.text, mail.folded.split()) == ("Is it still there?", ["--", "Ann"])
    assert "<b>still</b>" in mail.html
    assert [(one.name, one.kind, one.data, one.content_id, one.is_inline) for one in mail.media] == [
        ("logo.png", "image", b"picture", "logo", True),
        ("Rechnung März.pdf", "document", b"%PDF-1.7", "", False),
    ]
    assert (mail.automatic, mail.problems) == ("", ())


@pytest.mark.parametrize(
    ("label", "encoding"),
    [
        ("iso-8859-1", "cp1252"),
        ("windows-1252", "cp1252"),
        ("iso-8859-2", "iso-8859-2"),
        ("koi8-r", "koi8-r"),
        ("windows-1251", "cp1251"),
        ("gb2312", "gb18030"),
        ("big5", "big5"),
        ("shift_jis", "cp932"),
        ("iso-2022-jp", "iso-2022-jp"),
        ("ks_c_5601-1987", "cp949"),
        ("utf-16le", "utf-16-le"),
        ("utf-7", "utf-7"),
    ],
)
def test_texts_in_the_charset_they_say(label: str, encoding: str) -> None:
    letters = {"iso-8859-2": "Zażółć", "koi8-r": "Привет", "cp1251": "Привет", "gb18030": "你好", "big5": "你好"}
    text = letters.get(
        encoding, "こんにちは" if "jp" in encoding or encoding == "cp932" else "안녕" if encoding == "cp949" else "Größe"
    )
    mail = a_mail(text.encode(encoding), f"text/plain; charset={label}")
    assert (mail.text, mail.problems) == (text, ())


@pytest.mark.parametrize(
    ("said", "actual"),
    [
        ("us-ascii", "utf-8"),
        ("iso-8859-1", "utf-8"),
        ("", "utf-8"),
        ("utf-8", "cp1252"),
        ("x-unknown", "cp1252"),
        ("hex", "cp1252"),
    ],
)
def test_lying_and_missing_charsets_are_seen_through(said: str, actual: str) -> None:
    text = "Die Größe ist zu groß, können Sie sie ändern? Schöne Grüße aus München, bitte bis übermorgen."
    mail = a_mail(text.encode(actual), f"text/plain; charset={said}" if said else "text/plain")
    assert mail.text == text
    assert bool(mail.problems) == (actual != "utf-8" or said == "iso-8859-1")


def test_eight_bit_heads_and_broken_encoded_words_are_read() -> None:
    words = "=?utf-8?b?w7w=?= =?utf-8?b?w?= =?what?q?x?= =?utf-8?q?=C3?= =?utf-8?q?=BC?="
    raw = f"From: Zoë <zoe@example.com>\nSubject: Grüße {words}\n\nHi"
    mail = read_mail(raw.encode("latin-1", "replace"))
    assert mail.from_name == "Zoë"
    assert mail.head.subject.startswith("Grüße ü")
    assert mail.head.subject.endswith("ü")


def test_names_of_files_in_every_spelling() -> None:
    names = [
        "filename*=utf-8''R%C3%A9sum%C3%A9.pdf",
        "filename*0*=utf-8''R%C3%A9; filename*1*=sum%C3%A9; filename*2=.pdf",
        'filename="=?utf-8?q?R=C3=A9sum=C3=A9=2Epdf?="',
        'filename="Résumé.pdf"',
        'filename="..\\\\..\\\\C:/x/Résumé.pdf"',
    ]
    for name in names:
        mail = parts(f"Content-Type: application/pdf\nContent-Disposition: attachment; {name}\n\nx".encode())
        assert [one.name for one in mail.media] == ["Résumé.pdf"], name


@pytest.mark.parametrize(
    ("given_name", "media_type", "kept"),
    [
        ("", "application/pdf", "file-1.pdf"),
        ("///", "image/png", "file-1.png"),
        ("..", "application/ms-tnef", "winmail.dat"),
        ("a\u202egnp.exe", "application/x", "a_gnp.exe"),
        ("con\x00tract\r\n.pdf", "application/pdf", "contract_.pdf"),
        ("x" * 300 + ".pdf", "application/pdf", "x" * 116 + ".pdf"),
    ],
)
def test_odd_names_are_made_harmless(given_name: str, media_type: str, kept: str) -> None:
    assert clean_name(given_name, media_type, 1) == kept


def test_files_without_a_name_are_kept() -> None:
    mail = parts(
        b"Content-Type: text/plain\n\nSee below",
        b'Content-Type: application/octet-stream; name=""\nContent-Disposition: attachment; filename=""\n\nbytes',
        b"Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR",
    )
    assert [(one.name, one.data) for one in mail.media] == [("file.bin", b"bytes"), ("invitation.ics", b"BEGIN:VCALENDAR")]


def test_text_is_made_from_html_when_there_is_no_other() -> None:
    html = b"<p>Where is my <a href='https://shop.example/o/1'>order</a>?</p><div class=gmail_quote>On Monday:<br>Soon.</div>"
    alone = a_mail(html, "text/html")
    assert (alone.text, alone.folded) == ("Where is my order <https://shop.example/o/1>?", "On Monday:\nSoon.")
    empty = parts(b"Content-Type: text/plain\n\n \n", b"Content-Type: text/html\n\n" + html, kind="alternative")
    assert empty.text == alone.text
    stub = parts(
        b"Content-Type: text/plain\n\nNo HTML?", b"Content-Type: text/html\n\n" + html + b"<p>More</p>" * 20, kind="alternative"
    )
    assert stub.text.startswith("Where is my")


def test_what_the_html_marks_as_quoted_is_found_in_the_plain_text() -> None:
    plain = b"Content-Type: text/plain\n\nYes please.\n\nSeid Montag 9 Uhr hallo at harbour sagt\nWould Tuesday suit you?\n"
    html = (
        b"Content-Type: text/html\n\n<div>Yes please.</div><div class='gmail_quote'>Seid Montag 9 Uhr hallo at harbour sagt<br>"
        b"Would Tuesday suit you?</div>"
    )
    assert parts(plain, html, kind="alternative").text == "Yes please."


def test_a_forwarded_mail_is_a_file_and_can_be_read() -> None:
    inner = b"From: Bob <bob@example.com>\nSubject: The offer\nContent-Type: text/plain\n\nOnly today."
    mail = parts(b"Content-Type: text/plain\n\nIs this real?", b"Content-Type: message/rfc822\n\n" + inner)
    assert mail.text == "Is this real?"
    assert "From: Bob <bob@example.com>" in mail.folded
    assert "Only today." in mail.folded
    assert [(one.name, one.media_type) for one in mail.media] == [("The offer.eml", "message/rfc822")]
    bare = parts(b"Content-Type: message/rfc822\n\n" + inner)
    assert "Only today." in bare.text
    kept = a_mail(b"See this.\n\nFrom: Bob\nSent: 4 May 2026\nTo: Ann\nSubject: Offer\n\nOnly today.", head=b"Subject: x\n")
    assert kept.text == "See this."
    handed = read_mail(
        b"Subject: WG: Offer\n\nSee this.\n\nVon: Bob\nGesendet: 4. Mai 2026\nAn: Ann\nBetreff: Offer\n\nOnly today."
    )
    assert "Only today." in handed.text


@pytest.mark.parametrize(
    ("kind", "name", "word"),
    [
        ("application/ms-tnef", "winmail.dat", "winmail.dat"),
        ("application/pkcs7-mime", "smime.p7m", "S/MIME"),
        ("application/pgp-encrypted", "version.txt", "PGP"),
    ],
)
def test_what_cannot_be_opened_here_is_kept_and_named(kind: str, name: str, word: str) -> None:
    mail = parts(f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\n\n".encode() + base64.b64encode(b"sealed"))
    assert [(one.name, one.data) for one in mail.media] == [(name, b"sealed")]
    assert any(word in problem for problem in mail.problems)


def test_a_mail_cut_off_in_the_middle_gives_what_is_there() -> None:
    whole = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello there\n--b\nContent-Type: image/png\n"
    whole += b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(b"p" * 300)
    for length in range(0, len(whole), 7):
        mail = read_mail(whole[:length])
        assert "there" not in mail.text or mail.text == "Hello there"
    last = read_mail(whole)
    assert (last.text, last.media[0].data, len(last.problems)) == ("Hello there", b"p" * 300, 1)
    assert "ends in the middle" in last.problems[0]


def test_a_mail_that_names_no_parts_is_shown_as_it_is() -> None:
    mail = a_mail(b"--x\n\nHello", "multipart/mixed")
    assert "Hello" in mail.text
    assert mail.problems


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"Auto-Submitted: auto-replied\n", "automatically"),
        (b"Auto-Submitted: auto-generated; owner=x\n", "automatically"),
        (b"Precedence: bulk\n", "many"),
        (b"Precedence: list\n", "many"),
        (b"List-Id: <news.shop.example>\n", "list"),
        (b"X-Autoreply: yes\n", "reply"),
        (b"X-Auto-Response-Suppress: All\n", "automatic"),
        (b"Return-Path: <>\n", "return path"),
        (b"Auto-Submitted: auto-replied\nSubject: Automatic reply: Hello\n", "automatic"),
    ],
)
def test_mail_of_machines_is_known(head: bytes, word: str) -> None:
    assert word in a_mail(head=head).automatic


@pytest.mark.parametrize(
    "head",
    [
        b"Auto-Submitted: no\n",
        b"Precedence: first-class\n",
        b"X-Auto-Response-Suppress: DR, RN, NRN\n",
        b"Return-Path: <ann@example.com>\n",
    ],
)
def test_mail_of_people_is_not_taken_for_a_machines(head: bytes) -> None:
    assert a_mail(head=head).automatic == ""


@pytest.mark.parametrize(
    "subject",
    ["Automatic reply: Hello", "Abwesenheitsnotiz: Urlaub", "Réponse automatique", "自动回复: 你好", "Автоответ: отпуск"],
)
def test_out_of_office_is_known_by_its_subject(subject: str) -> None:
    assert "office" in read_mail(f"From: ann@example.com\nSubject: {subject}\n\nI am away.".encode()).automatic


@pytest.mark.parametrize("sender", ["MAILER-DAEMON@mx.example", "no-reply@shop.example", "bounces+1@mx.example"])
def test_addresses_nobody_reads_are_known(sender: str) -> None:
    assert read_mail(f"From: {sender}\n\nHello".encode()).automatic


def test_a_report_of_a_mail_server_is_known() -> None:
    assert (
        "delivery"
        in a_mail(b"--b\n\nIt came back.\n--b--", "multipart/report; report-type=delivery-status; boundary=b").automatic
    )


def test_soft_line_breaks_are_taken_out() -> None:
    assert unflow("a \nb\n> c \n> d\n-- \nAnn \nLee") == "a b\n> c d\n-- \nAnn Lee"
    assert unflow("日本 \n語", delsp=True) == "日本語"


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: text/plain\n\n" + b"a\n" * 4_000_000,
        b"X: a\n" * 1_000_000,
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(3000)),
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 10_000,
        b"Content-Type: application/pdf; name=a\nContent-Transfer-Encoding: base64\n\n" + b"A=\n" * 1_000_000,
        b"To: " + b"(" * 60_000 + b"\n\nHi",
        b"Content-Type: text/html\n\n" + b"<div><blockquote>" * 50_000,
        b"Content-Type: text/plain\n\nHi\n\n" + b"Am x schrieb " * 4_000,
        b"Content-Type: text/plain\n\n" + b"_" * 50_000,
        b'From: "' + b'\\"' * 30_000 + b"\n\nHi",
        (b"To: " + b"a" * 900 + b"\n") * 280 + b"\nHi",
        b"Content-Type: multipart/mixed; boundary=" + b"-" * 60 + b"\n\n" + b"-" * 10_000_000,
        b"Content-Type: text/plain; format=flowed\n\n" + b"a \n" * 66_000,
        b"Content-Type: text/html\n\n" + b"<div id=signature>a</div>" * 2_900 + b"<div id=signature></div>" * 20_000,
    ],
    ids=[
        *("lines", "fields", "nested", "parts", "padding", "parentheses", "html", "headers", "rules"),
        *("quotes", "words", "boundary", "flowed", "signatures"),
    ],
)
def test_bombs_take_neither_time_nor_room(raw: bytes) -> None:
    started = process_time()
    mail = read_mail(raw)
    # Generous for a loaded machine: without the caps each of these takes minutes.
    assert process_time() - started < 20
    assert len(mail.text) + len(mail.folded) <= LONGEST_TEXT + 100
    assert len(mail.media) <= MOST_FILES


def test_a_large_file_is_read_in_the_time_its_decoding_takes() -> None:
    data = bytes(range(256)) * 80_000
    mail = parts(
        b"Content-Type: video/mp4\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment\n\n"
        + base64.encodebytes(data)
    )
    assert mail.media[0].size == len(data)
    assert mail.media[0].data == data


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.booleans())
def test_no_bytes_make_it_raise(data: bytes, is_multipart: bool) -> None:
    kind = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" if is_multipart else b""
    for raw in (data, kind + data, HEAD + b"Content-Transfer-Encoding: base64\nContent-Type: text/plain; charset=" + data):
        mail = read_mail(raw)
        for text in (mail.text, mail.folded, mail.head.subject, mail.from_name, *mail.problems):
            text.encode()
            assert "\x00" not in text


_pieces = st.sampled_from(
    [
        *(b"From: ", b"To: a@b.c\n", b"Subject: =?utf-8?b?", b"?=", b"\n", b"\r\n\r\n", b"--b\n", b"--b--\n", b"<", b">", b'"'),
        *(b"Content-Type: multipart/alternative; boundary=b\n", b"Content-Type: text/html; charset=", b"utf-16\n", b"\xff\xfe"),
        *(b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: quoted-printable\n", b"=", b"AAAA", b"\x80"),
        *(b"Content-Disposition: attachment; filename*0*=x'y'%", b"Content-Type: message/rfc822\n", b"References: <a@b> c@d\n"),
        *(
            b"<blockquote>",
            b"</div>",
            b"> quoted\n",
            b"On 4 May 2026 x@y wrote:\n",
            b"begin 644 a\n",
            b"x-uuencode\n",
            b"Date: x\n",
        ),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_pieces, max_size=40))
def test_no_order_of_what_mails_hold_makes_it_raise(pieces: list[bytes]) -> None:
    read_mail(b"".join(pieces))


_texts = st.text(
    alphabet=st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029\ufeff"), min_size=1, max_size=60
)


@settings(max_examples=40, deadline=None)
@given(subject=_texts, text=_texts, name=_texts, data=st.binary(min_size=1, max_size=300))
def test_what_a_mail_program_writes_comes_out_as_it_went_in(subject: str, text: str, name: str, data: bytes) -> None:
    message = EmailMessage()
    message["From"] = "ann@example.com"
    message["Subject"] = " ".join(subject.split()) or "x"
    message.set_content(text)
    message.add_attachment(data, maintype="application", subtype="octet-stream", filename=f"n{' '.join(name.split())}.bin")
    mail = read_mail(message.as_bytes(policy=SMTP))
    assert "".join((mail.text + mail.folded).split()) == "".join(text.split())
    assert mail.head.subject == (" ".join(subject.split()) or "x")
    assert [one.data for one in mail.media] == [data]
