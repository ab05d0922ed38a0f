"""A mail as the two ways out want it: a MIME message for SMTP, a JSON body for SendGrid, and safe HTML for a page."""

import base64
import html as markup
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any
from uuid import UUID

from omni_app.infra.clock import now
from omni_app.infra.crypto import decrypt_system, encrypt_system

_CONTENT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CID = re.compile(r"cid:([A-Za-z0-9._-]{1,64})")
# A page shows a mail in a frame without rights; this forbids the frame to load anything from elsewhere as well.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
_HEAD = f'<meta http-equiv="Content-Security-Policy" content="{markup.escape(_POLICY)}">'


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail to hand over. `html` may be empty; `images` {content id: PNG} are shown in it as `cid:<content id>`."""

    id: UUID
    to_email: str
    subject: str
    text: str
    html: str = ""
    images: Mapping[str, bytes] = field(default_factory=dict)


def message_id(letter: Letter, sender: str) -> str:
    """The same for every try, so that a mail sent twice by a crash is one mail to its reader."""
    return f"<{letter.id}@{sender.rpartition('@')[2]}>"


def lock_images(images: Mapping[str, bytes]) -> str:
    """How a mail's images are stored: encrypted JSON; empty when there are none. Raise ValueError for a bad content id."""
    if not images:
        return ""
    if wrong := [name for name in images if not _CONTENT_ID.fullmatch(name)]:
        raise ValueError(f"not a content id: {wrong[0]!r}")
    return encrypt_system(json.dumps({name: base64.b64encode(data).decode() for name, data in images.items()}), "mails.images")


def unlock_images(stored: str) -> dict[str, bytes]:
    if not stored:
        return {}
    return {name: base64.b64decode(data) for name, data in json.loads(decrypt_system(stored, "mails.images")).items()}


def to_message(letter: Letter, mail_from: str) -> EmailMessage:
    """text/plain; with HTML multipart/alternative, the plain part first (RFC 2046 §5.1.4), the HTML with its images inside one
    multipart/related (RFC 2387) that names them by Content-ID (RFC 2392).
    """
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = mail_from, letter.to_email, letter.subject
    message["Message-ID"], message["Date"] = message_id(letter, parseaddr(mail_from)[1]), now()
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    if not letter.html:
        return message
    message.add_alternative(letter.html, subtype="html")
    page = message.get_payload(1)
    assert isinstance(page, EmailMessage)
    for name, data in letter.images.items():
        page.add_related(data, "image", "png", cid=f"<{name}>", filename=f"{name}.png", disposition="inline")
    return message


def to_sendgrid(letter: Letter, mail_from: str) -> dict[str, Any]:
    """The body of POST /v3/mail/send: `content` must name text/plain before text/html, an inline image carries its `content_id`
    without angle brackets (https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send).
    """
    name, sender = parseaddr(mail_from)
    body: dict[str, Any] = {
        "personalizations": [{"to": [{"email": letter.to_email}]}],
        "from": {"email": sender, "name": name} if name else {"email": sender},
        "subject": letter.subject,
        "content": [{"type": "text/plain", "value": letter.text}],
        "headers": {"Message-ID": message_id(letter, sender), "Auto-Submitted": "auto-generated"},
        "custom_args": {"mail_id": str(letter.id)},
        # Links that set passwords must not pass through a tracker.
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
        },
    }
    if letter.html:
        body["content"].append({"type": "text/html", "value": letter.html})
    if letter.html and letter.images:
        body["attachments"] = [
            {
                "content": base64.b64encode(data).decode(),
                "type": "image/png",
                "filename": f"{image}.png",
                "disposition": "inline",
                "content_id": image,
            }
            for image, data in letter.images.items()
        ]
    return body


def showable(html: str, images: Mapping[str, bytes]) -> str:
    """`html` for the `srcdoc` of a frame without rights: images as data URLs, a policy that lets nothing be loaded."""

    def inline(found: re.Match[str]) -> str:
        data = images.get(found[1])
        return found[0] if data is None else f"data:image/png;base64,{base64.b64encode(data).decode()}"

    body = _CID.sub(inline, html)
    head = re.search(r"<head[^>]*>", body, re.IGNORECASE)
    return body[: head.end()] + _HEAD + body[head.end() :] if head else _HEAD + body
