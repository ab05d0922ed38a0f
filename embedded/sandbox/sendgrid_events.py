"""What SendGrid tells Omni: mail by inbound parse, in both of its modes, and the event webhook."""

import json
import secrets
import time
from email.utils import formataddr

from embedded.sandbox.accounts import JSON, Account, Message
from embedded.sandbox.mail import Letter, build_mail, read_letter
from embedded.sandbox.world import World

_BOUNDARY = "xYzZY"
_WORDS = {"sent": "processed", "read": "open", "failed": "bounce", "complained": "spamreport", "blocked": "bounce"}
# The server's own Message-ID is not known to whoever opens a mail.
_WITHOUT_SMTP_ID = ("open", "click", "unsubscribe", "spamreport")


def post_mail(world: World, account: Account, given: JSON) -> list[str]:
    """A customer's mail arrives. Raises `Misused`."""
    letter = read_letter(world, account, given)
    raw = build_mail(letter)
    mode = str(given.get("mode") or ("raw" if account.options.get("raw") else "fields"))
    parts = [("email", raw, "", "")] if mode == "raw" else _fields(letter, raw)
    parts += _common(letter, given)
    detail: JSON = {"subject": letter.subject, "from": letter.sender, "to": letter.to, "cc": letter.cc, "html": letter.html}
    detail["headers"] = {"message-id": letter.message_id, **{k.lower(): v for k, v in letter.headers.items()}}
    detail["files"] = [{"name": file.name, "media_type": file.media_type, "size": len(file.data)} for file, _ in letter.files]
    world.hear(
        account,
        letter.sender.lower(),
        letter.message_id,
        "mail",
        letter.text or letter.html,
        detail,
        name=letter.name,
        at=letter.at,
    )
    body = _multipart(parts)
    if given.get("malformed") in ("not_json", "wrong_shape"):
        body = b"this is no form"
    world.post(account, "inbound", body, given, f"multipart/form-data; boundary={_BOUNDARY}")
    return [letter.message_id]


def _common(letter: Letter, given: JSON) -> list[tuple[str, bytes, str, str]]:
    domain = letter.sender.partition("@")[2]
    dkim = str(given.get("dkim") or f"{{@{domain} : pass}}")
    charsets = {"to": "UTF-8", "from": "UTF-8", "subject": "UTF-8", "cc": "UTF-8", "filename": "UTF-8"}
    charsets |= {"text": letter.charset, "html": letter.charset} | dict(given.get("charsets") or {})
    values = {
        "dkim": dkim,
        "to": letter.to,
        "cc": letter.cc,
        "from": formataddr((letter.name, letter.sender)) if letter.name.isascii() else f"{letter.name} <{letter.sender}>",
        "subject": letter.subject,
        "sender_ip": str(given.get("sender_ip") or "203.0.113.9"),
        "envelope": json.dumps({"to": letter.envelope_to, "from": str(given.get("envelope_from", letter.sender))}),
        "charsets": json.dumps(charsets),
        "SPF": str(given.get("spf") or "pass"),
    }
    if given.get("spam_score") is not None:
        values |= {"spam_score": str(given["spam_score"]), "spam_report": "Spam detection software, score as given."}
    return [(name, value.encode(), "", "") for name, value in values.items() if value or name != "cc"]


def _fields(letter: Letter, raw: bytes) -> list[tuple[str, bytes, str, str]]:
    """headers, text and html each in its own charset, and one part for each file: (name, bytes, file name, type)."""
    head = raw.partition(b"\r\n\r\n")[0] + b"\r\n"
    parts = [("headers", head, "", "")]
    if letter.text:
        parts.append(("text", letter.text.encode(letter.charset, "replace"), "", ""))
    if letter.html:
        parts.append(("html", letter.html.encode(letter.charset, "replace"), "", ""))
    parts.append(("attachments", str(len(letter.files)).encode(), "", ""))
    about, content_ids = {}, {}
    for number, (file, content_id) in enumerate(letter.files, 1):
        about[f"attachment{number}"] = {"filename": file.name, "name": file.name, "type": file.media_type}
        if content_id:
            about[f"attachment{number}"]["content-id"] = content_id
            content_ids[content_id] = f"attachment{number}"
        parts.append((f"attachment{number}", file.data, file.name, file.media_type))
    if about:
        parts.append(("attachment-info", json.dumps(about).encode(), "", ""))
    if content_ids:
        parts.append(("content-ids", json.dumps(content_ids).encode(), "", ""))
    return parts


def _multipart(parts: list[tuple[str, bytes, str, str]]) -> bytes:
    lines = []
    for name, value, file_name, media_type in parts:
        head = f'Content-Disposition: form-data; name="{name}"'
        if media_type:
            head += f'; filename="{file_name}"\r\nContent-Type: {media_type}'
        lines.append(f"--{_BOUNDARY}\r\n{head}\r\n\r\n".encode() + value + b"\r\n")
    return b"".join(lines) + f"--{_BOUNDARY}--\r\n".encode()


def post_events(world: World, account: Account, message: Message, state: str, error: JSON) -> None:
    """One event per recipient, in one array."""
    recipients = message.detail.get("recipients") or [message.address]
    only = error.get("recipient")
    events = [_event(message, email, state, error) for email in recipients if only in (None, email)]
    body = "[" + ",\r\n".join(json.dumps(one, separators=(",", ":")) for one in events) + "]\r\n"
    world.post(account, "events", body.encode(), error)


def _event(message: Message, email: str, state: str, error: JSON) -> JSON:
    event = _WORDS.get(state, state)
    made: JSON = {
        "email": email,
        "timestamp": int(error.get("at") or time.time()),
        "event": event,
        "sg_event_id": secrets.token_urlsafe(18),
        "sg_message_id": f"{message.id}.recvd-6b8d5c7f9b-x2k4p-1-65F2A1B3-1A.0",
    }
    if event not in _WITHOUT_SMTP_ID:
        made["smtp-id"] = message.detail.get("headers", {}).get("message-id", "")
    if event == "bounce":
        kind = "blocked" if state == "blocked" or error.get("type") == "blocked" else "bounce"
        code = str(error.get("code") or "5.1.1")
        reason = str(error.get("text") or "550 5.1.1 The email account that you tried to reach does not exist.")
        made |= {
            "type": kind,
            "reason": reason,
            "status": code,
            "tls": 1,
            "ip": "192.0.2.7",
            "bounce_classification": "Invalid Address",
        }
    elif event == "dropped":
        made |= {"reason": str(error.get("text") or "Bounced Address"), "status": str(error.get("code") or "5.0.0")}
    elif event == "deferred":
        made |= {"response": str(error.get("text") or "451 4.3.0 Try again later"), "attempt": str(error.get("attempt") or 1)}
    elif event == "delivered":
        made |= {"response": "250 2.0.0 OK", "tls": 1, "ip": "192.0.2.7"}
    elif event in ("open", "click"):
        made |= {"useragent": "Mozilla/5.0", "ip": "192.0.2.8", "sg_content_type": "html", "sg_machine_open": False}
        if event == "click":
            made["url"] = str(error.get("url") or "https://example.org/")
    return {**made, **message.detail.get("custom_args", {}), **dict(error.get("payload") or {})}
