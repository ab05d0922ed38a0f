"""How fast mails are read: small text, HTML with a chain of quotes, a 5 MB attachment; against the standard library's bare parse.

The floor is what any reader has to do with the same bytes: `email.message_from_bytes`, walk, decode every leaf. It chooses no
text, folds nothing, reads no head and believes every charset.
"""

import base64
import email
import os
import statistics
from collections.abc import Callable
from time import perf_counter

from omni_app.channels.mail.reading import read_mail

ROUNDS = 5
SECONDS = 0.6

HEAD = (
    "Return-Path: <ann@example.com>\r\nReceived: from mx.example by in.example; Mon, 4 May 2026 09:12:00 +0200\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=x; b={}\r\nFrom: =?utf-8?q?Anne_L=C3=BC?= <ann@example.com>\r\n"
    "To: Harbour Dental <hello@harbour.example>\r\nSubject: Re: =?utf-8?b?SWhyIFRlcm1pbiBhbSBEaWVuc3RhZw==?=\r\n"
    "Date: Mon, 4 May 2026 09:12:00 +0200\r\nMessage-ID: <one@example.com>\r\nIn-Reply-To: <zero@harbour.example>\r\n"
    "References: <first@harbour.example> <zero@harbour.example>\r\nMIME-Version: 1.0\r\n"
).format("A" * 300)


def small() -> bytes:
    """A reply of a few lines with a quoted mail below it, plain text."""
    quoted = "".join(f"> Line {number} of what we wrote before, as mail programs quote it.\r\n" for number in range(12))
    text = (
        "Yes, Tuesday at ten suits me. Could you send the form again?\r\n\r\nKind regards\r\nAnne\r\n\r\n"
        f"On Mon, May 4, 2026 at 9:00 AM Harbour Dental <hello@harbour.example> wrote:\r\n\r\n{quoted}"
    )
    return (HEAD + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + text).encode()


def chain() -> bytes:
    """Text and HTML of a conversation of ten mails, each quoting the one before."""
    quotes = "<div>So far.</div>"
    for number in range(10):
        words = "".join(
            f"<p>Paragraph {line} of mail {number}, with <a href='https://shop.example/{line}'>a link</a>.</p>"
            for line in range(6)
        )
        quotes = (
            f"<div dir='ltr'>{words}</div><div class='gmail_quote'><div class='gmail_attr'>On Mon, 4 May 2026, Ann wrote:</div>"
            f"<blockquote class='gmail_quote' style='margin:0 0 0 .8ex'>{quotes}</blockquote></div>"
        )
    html = f"<html><body><p>Yes, <b>Tuesday</b> suits me.</p>{quotes}</body></html>"
    plain = "Yes, Tuesday suits me.\r\n\r\nOn Mon, 4 May 2026, Ann <ann@example.com> wrote:\r\n" + "> a line of it\r\n" * 70
    return (
        HEAD
        + "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        + f"{plain}\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--b--\r\n"
    ).encode()


def large() -> bytes:
    """A short text with a file of 5 MB."""
    data = base64.encodebytes(os.urandom(5 * 1024 * 1024)).replace(b"\n", b"\r\n")
    return (
        (HEAD + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHere it is.\r\n--b\r\n").encode()
        + b"Content-Type: application/pdf; name=scan.pdf\r\nContent-Disposition: attachment; filename=scan.pdf\r\n"
        + b"Content-Transfer-Encoding: base64\r\n\r\n"
        + data
        + b"--b--\r\n"
    )


def floor(raw: bytes) -> None:
    for part in email.message_from_bytes(raw).walk():
        if not part.is_multipart():
            part.get_payload(decode=True)


def rate(work: Callable[[bytes], object], raw: bytes) -> float:
    """Mails a second over one round."""
    started, done = perf_counter(), 0
    while (spent := perf_counter() - started) < SECONDS or not done:
        work(raw)
        done += 1
    return done / spent


def main() -> None:
    print(f"{'mail':<34}{'size':>10}{'mails/s':>12}{'bare parse/s':>14}{'ratio':>8}")
    for name, raw in (("small text, quoted reply", small()), ("HTML, ten quoted mails", chain()), ("5 MB attachment", large())):
        read_mail(raw)
        # In turns, so that both meet the same machine.
        pairs = [(rate(read_mail, raw), rate(floor, raw)) for _ in range(ROUNDS)]
        ours, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"{name:<34}{len(raw) / 1024:>7,.0f} KB{ours:>12,.1f}{bare:>14,.1f}{ours / bare:>8.2f}")


if __name__ == "__main__":
    main()
