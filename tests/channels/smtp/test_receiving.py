"""A mail as it was fetched from a mailbox: whose word counts, what is too large, what cannot be read."""

import json
from time import process_time
from typing import Any

import pytest

from omni_app.channels.accounts import read_settings
from omni_app.channels.adapters.smtp import ADAPTER
from omni_app.channels.adapters.smtp.adapter import parse_mail
from omni_app.channels.adapters.smtp.trust import is_proven
from omni_app.channels.contract import Ignored, InboundMessage
from omni_app.channels.mail.heads import read_head
from omni_app.infra.errors import Invalid
from tests.channels.smtp.samples import SETTINGS

MAIL = b"""\
From: Ann <ann@example.org>
To: support+k7f@example.com
Subject: Check-up
Message-ID: <one@example.org>

What does it cost?
""".replace(b"\n", b"\r\n")


def stored(mail: bytes = MAIL, **said: Any) -> bytes:
    about = {"to": "support+k7f@example.com", "own": ["support@example.com"], "proven": True, "skipped": 0, **said}
    return json.dumps(about).encode() + b"\n" + mail


def read(mail: bytes = MAIL, **said: Any) -> InboundMessage:
    (told,) = parse_mail(stored(mail, **said))
    assert isinstance(told, InboundMessage)
    return told


def test_a_mail_is_read_with_what_its_server_proved() -> None:
    message = read()
    assert (message.id, message.text, message.sender.name) == ("one@example.org", "What does it cost?", "Ann")
    assert message.sender.identifiers[0].is_proven
    assert not read(proven="yes").sender.identifiers[0].is_proven
    assert message.mail is not None
    assert message.mail.tag == "k7f"


def test_a_mail_that_is_too_large_is_shown_without_its_text_and_answered_by_nobody() -> None:
    message = read(MAIL.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", skipped=41 * 1024 * 1024)
    assert message.text.startswith("Check-up\n\n[This mail of 41 MB is too large")
    assert message.automatic


def test_our_own_mail_in_the_mailbox_is_ignored() -> None:
    (told,) = parse_mail(stored(b"X-Omni-Loop: support@example.com\r\n" + MAIL))
    assert isinstance(told, Ignored)
    assert read(MAIL.replace(b"ann@example.org", b"support@example.com")).automatic == "own address"


@pytest.mark.parametrize(
    "body", [b"", b"{}\nx", b"[]\nx", b'{"to": 1, "own": 2, "proven": 3}\nx', b'{"failed": "NO broken"}\n', b"\xff"]
)
def test_what_cannot_be_read_says_so(body: bytes) -> None:
    with pytest.raises(Invalid):
        ADAPTER.parse(body, "poll")


@pytest.mark.parametrize(
    ("results", "proven"),
    [
        ("mx.example.com; dmarc=pass (p=REJECT) header.from=example.org", True),
        ("mx.example.com; dkim=pass header.i=@example.org header.s=s1; spf=fail smtp.mailfrom=x@evil.example", True),
        ("mx.example.com 1; spf=pass (ok) smtp.mailfrom=bounce@mail.example.org", True),
        ("MX.example.com; dkim=pass header.d=evil.example", False),
        ("mx.example.com; dkim=fail header.d=example.org", False),
        ("mx.example.com; dmarc=fail header.from=example.org", False),
        ("mx.evil.example; dmarc=pass header.from=example.org", False),
        ("mx.example.com; dmarc=none (said; dmarc=pass header.from=example.org)", False),
        ("mx.example.com; dkim=pass (2048-bit (rsa); good) header.d=example.org; spf=none", True),
        ('mx.example.com; spf=pass (says "x") smtp.mailfrom=a@evil.example; dkim=pass header.d=example.org', False),
        # What the sender called themselves is repeated by the server.
        ('mx.example.com; spf=pass smtp.mailfrom="a; dkim=pass header.d=example.org; "@evil.example', False),
        ('mx.example.com; spf=pass smtp.mailfrom="a\\"; dkim=pass header.d=example.org; "@evil.example', False),
        ("mx.example.com; spf=pass (of a) b); dkim=pass header.d=example.org", False),
        ("mx.example.com; spf=pass (of a; dkim=pass header.d=example.org", False),
        ('mx.example.com; spf=none "; dkim=pass header.d=example.org', False),
        ("mx.example.com; none", False),
        ("", False),
    ],
)
def test_only_the_receiving_server_proves_a_sender(results: str, proven: bool) -> None:
    head = read_head(f"Authentication-Results: {results}\r\nFrom: Ann <ann@example.org>".encode())
    assert is_proven(head, "mx.example.com") is proven
    assert is_proven(head, "") is False


def test_comments_nested_without_end_prove_nothing_and_take_no_time() -> None:
    started = process_time()
    head = read_head(b"Authentication-Results: mx.example.com; " + b"(" * 30_000 + b")" * 30_000 + b"\r\nFrom: ann@example.org")
    assert not is_proven(head, "mx.example.com")
    assert process_time() - started < 20


def test_of_several_results_the_topmost_of_the_server_counts() -> None:
    lines = (
        "Authentication-Results: other.example; dmarc=pass header.from=example.org\r\n"
        "Authentication-Results: mx.example.com; dmarc=fail header.from=example.org\r\n"
        # Came with the mail.
        "Authentication-Results: mx.example.com; dmarc=pass header.from=example.org\r\n"
    )
    assert not is_proven(read_head(f"{lines}From: ann@example.org".encode()), "mx.example.com")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("address", "nobody"),
        ("smtp_host", "https://mail.example.com/"),
        ("imap_host", "a b"),
        ("smtp_port", "70000"),
        ("smtp_port", "many"),
        ("imap_security", "ssl"),
        ("folder", "IN\nBOX"),
        ("other_addresses", "a@x.example\nnobody"),
    ],
)
def test_wrong_settings_are_named(field: str, value: str) -> None:
    with pytest.raises(Invalid) as problem:
        read_settings(ADAPTER, {**SETTINGS, field: value})
    assert [one.field for one in problem.value.fields] == [field]


def test_one_account_is_one_mailbox_whatever_address_is_written() -> None:
    one = read_settings(ADAPTER, SETTINGS)
    other = read_settings(ADAPTER, {**SETTINGS, "address": "ceo@victim.example", "username": "support@example.com"})
    assert ADAPTER.account_key(one) == ADAPTER.account_key(other) == "support@example.com at imap.example.com"
