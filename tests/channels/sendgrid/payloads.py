"""Forms and events as SendGrid documents them, written by hand."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

BOUNDARY = "xYzZY"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
SUPPORT = "support@help.example.com"

HEADERS = """\
Received: by mx0047p1mdw1.sendgrid.net with SMTP id 6WCVv7KAWn Wed, 27 Jul 2016 20:53:06 +0000 (UTC)
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=mail
From: =?utf-8?q?Ann_M=C3=BCller?= <ann@example.org>
To: Support <support@help.example.com>
Subject: Check-up
Date: Wed, 27 Jul 2016 20:53:00 +0000
Message-ID: <first@example.org>
Content-Type: multipart/alternative; boundary="b1"
MIME-Version: 1.0"""

RAW_MAIL = b"""\
From: =?utf-8?q?Ann_M=C3=BCller?= <ann@example.org>
To: support@help.example.com
Cc: Tom Berg <tom@example.org>
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Date: Wed, 27 Jul 2016 20:53:00 +0000
Message-ID: <raw@example.org>
In-Reply-To: <earlier@example.org>
References: <oldest@example.org>
 <earlier@example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: 8bit

Was kostet eine Pr\xfcfung?
""".replace(b"\n", b"\r\n")


def form(fields: Mapping[str, str | bytes], files: Sequence[tuple[str, str, str, bytes]] = (), *, is_whole: bool = True) -> bytes:
    """A multipart body. `files` are (field, file name, media type, bytes)."""
    lines: list[bytes] = []
    for name, value in fields.items():
        data = value.encode() if isinstance(value, str) else value
        lines.append(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + data + b"\r\n")
    for name, file_name, media_type, data in files:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
        lines.append((head + f"Content-Type: {media_type}\r\n\r\n").encode() + data + b"\r\n")
    return b"".join(lines) + (f"--{BOUNDARY}--\r\n".encode() if is_whole else b"")


def envelope(*to: str, sender: str = "ann@example.org") -> str:
    return json.dumps({"to": list(to or (SUPPORT,)), "from": sender})


def fields(**changes: str | bytes) -> dict[str, str | bytes]:
    """A short mail in fields."""
    made: dict[str, str | bytes] = {
        "headers": HEADERS,
        "dkim": "{@example.org : pass}",
        "to": "Support <support@help.example.com>",
        "from": "Ann Müller <ann@example.org>",
        "text": "What does a check-up cost?",
        "sender_ip": "198.51.100.7",
        "envelope": envelope(),
        "attachments": "0",
        "subject": "Check-up",
        "spam_score": "0.1",
        "charsets": json.dumps({"to": "UTF-8", "subject": "UTF-8", "from": "UTF-8", "text": "UTF-8"}),
        "SPF": "pass",
        **changes,
    }
    return {name: value for name, value in made.items() if value != "-"}


def raw_fields(mail: bytes = RAW_MAIL, **changes: str | bytes) -> dict[str, str | bytes]:
    """The same mail as the raw mode posts it."""
    kept = {name: fields()[name] for name in ("dkim", "to", "from", "sender_ip", "envelope", "subject", "spam_score", "SPF")}
    return {**kept, "email": mail, "charsets": json.dumps({"to": "UTF-8", "subject": "UTF-8", "from": "UTF-8"}), **changes}


def event(name: str, **changes: Any) -> dict[str, Any]:
    """One event with custom_args merged flat."""
    return {
        "email": "ann@example.org",
        "timestamp": 1600112492,
        "smtp-id": "<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>",
        "event": name,
        "sg_event_id": f"{name}-ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",
        "sg_message_id": "LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",
        "delivery_id": "01890000-0000-7000-8000-000000000001",
        "omni_account": SUPPORT,
        **changes,
    }


def batch(*events: Any) -> bytes:
    return json.dumps(list(events), separators=(",", ":")).encode() + b"\r\n"
