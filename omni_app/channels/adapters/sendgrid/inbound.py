"""Mail that SendGrid's inbound parse posts: as fields, or whole in its raw mode.

https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook

A stored event is one line of JSON of ours ({"type": content type, "to": envelope recipients}) and the form as it came.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from omni_app.channels.adapters.sendgrid.forms import Form, Part, read_form
from omni_app.channels.contract import Hook, InboundEvent, InboundMedia, MediaKind, RawEvent, WebhookRequest
from omni_app.channels.mail.arriving import Arrival, are_related, event_key, head_of, read_arrived, sender_of, to_event
from omni_app.channels.mail.charsets import decode
from omni_app.channels.mail.composing import clean_id, untagged
from omni_app.channels.mail.heads import read_ids
from omni_app.channels.mail.reading import read_mail
from omni_app.infra.errors import Invalid

SPAM_SCORE = 5.0
"""From here on SpamAssassin, which SendGrid asks, calls a mail spam."""
MOST_FILES = 100
_MEDIA: Mapping[str, MediaKind] = {"image": "image", "audio": "audio", "video": "video"}
_CONTENT = re.compile(rb"^(?:content-[a-z-]+|mime-version)\s*:.*(?:\r?\n[ \t].*)*\r?\n?", re.IGNORECASE | re.MULTILINE)
_DKIM = re.compile(r"@?([a-z0-9.-]+)\s*:\s*([a-z]+)", re.IGNORECASE)


def split_mail(request: WebhookRequest, hook: Hook) -> list[RawEvent]:
    """The mail as one event; on the address shared by all businesses one for each account it was sent to."""
    content_type = request.headers.get("content-type", "")
    form = read_form(request.body, content_type)
    if form is None:
        return [RawEvent(key=event_key("form", _digest(request.body)), body=_pack(content_type, (), request.body))]
    recipients = _envelope(form)[1]
    accounts = list(dict.fromkeys(untagged(one)[0] for one in recipients)) or [""]
    name = _name_of(form)
    if not _is_shared(request.url, hook):
        key = event_key(name, *sorted(accounts))
        return [RawEvent(key=key, body=_pack(content_type, recipients, request.body), account=accounts[0])]
    return [
        RawEvent(
            key=event_key(name, account),
            body=_pack(content_type, [one for one in recipients if untagged(one)[0] == account], request.body),
            account=account,
        )
        for account in accounts
    ]


def parse_mail(body: bytes) -> tuple[InboundEvent, ...]:
    """What a stored mail means. Raises `Invalid` when the form holds no mail."""
    head, _, content = body.partition(b"\n")
    try:
        said = json.loads(head)
        content_type, recipients = str(said["type"]), [str(one) for one in said["to"]]
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid("This is not a mail as SendGrid posts it.") from error
    form = read_form(content, content_type)
    if form is None:
        raise Invalid("SendGrid posted something that is not a form; a mail comes as multipart/form-data.")
    tagged = next((one for one in recipients if "+" in one), recipients[0] if recipients else "")
    sent_from, _ = _envelope(form)
    raw = form.raw("email")
    if not raw and not any(form.raw(name) for name in ("headers", "from", "text", "html")):
        raise Invalid("SendGrid posted a form without a mail in it.")
    arrival = Arrival(recipient=tagged, own=frozenset(recipients), automatic=_provider_reason(form, sent_from))
    header = raw or _headers(form)
    proven = is_proven(form.text("SPF"), form.text("dkim"), sent_from or "", sender_of(head_of(header))[1])
    arrival = replace(arrival, is_proven=proven)
    if raw:
        return read_arrived(raw, arrival)
    return (_from_fields(form, header, arrival),)


def is_proven(spf: str, dkim: str, envelope_from: str, from_address: str) -> bool:
    """Whether SPF or DKIM passed for the domain the reader sees in From (the alignment of RFC 7489, section 3.1, relaxed).

    `dkim` is written "{@example.org : pass}", with several domains between commas.
    """
    domain = from_address.rpartition("@")[2].lower()
    if not domain:
        return False
    if spf.strip().lower() == "pass" and are_related(envelope_from.strip("<> ").rpartition("@")[2].lower(), domain):
        return True
    return any(word.lower() == "pass" and are_related(one.lower(), domain) for one, word in _DKIM.findall(dkim))


def _from_fields(form: Form, header: bytes, arrival: Arrival) -> InboundEvent:
    """A mail in fields. It is put together again with each text in its own charset, so that both modes are read alike."""
    charsets = _object(form.text("charsets"))
    subject, problem = decode(form.raw("subject"), str(charsets.get("subject", "")))
    problems = [problem] if problem else []
    if not form.is_whole:
        problems.append("The end of the mail is missing: it was cut off on its way.")
    mail = read_mail(_put_together(form, header, charsets))
    head = replace(mail.head, subject=" ".join(subject.split()) or mail.head.subject)
    read = replace(mail, head=head, media=_media(form), problems=(*mail.problems, *problems))
    return to_event(read, head_of(header), arrival, fallback_id=_name_of(form))


def _put_together(form: Form, header: bytes, charsets: Mapping[str, Any]) -> bytes:
    parts = []
    texts = [(name, subtype, form.raw(name)) for name, subtype in (("text", "plain"), ("html", "html"))]
    boundary = _digest(b"\x1f".join(data for _, _, data in texts)).encode()
    for name, subtype, data in texts:
        if data:
            charset = re.sub(r"[^A-Za-z0-9_.:-]", "", str(charsets.get(name, "")))[:40] or "utf-8"
            kind = f"Content-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
            parts.append(b"--" + boundary + b"\r\n" + kind.encode() + data + b"\r\n")
    if not parts:
        return header
    kind = f"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary={boundary.decode()}\r\n\r\n"
    return header.strip(b"\r\n") + b"\r\n" + kind.encode() + b"".join(parts) + b"--" + boundary + b"--\r\n"


def _headers(form: Form) -> bytes:
    """The mail's header lines without those that speak of parts that are not there, and with those that only came as fields."""
    headers = _CONTENT.sub(b"", form.raw("headers").strip(b"\r\n"))
    lines = headers.lower()
    for name in (b"from", b"to", b"cc", b"subject"):
        value = b" ".join(form.raw(name.decode()).split())
        if value and not re.search(rb"^%s\s*:" % name, lines, re.MULTILINE):
            headers += b"\r\n" + name.title() + b": " + value
    return headers.strip(b"\r\n") + b"\r\n\r\n"


def _media(form: Form) -> tuple[InboundMedia, ...]:
    info = _object(form.text("attachment-info"))
    content_ids = {str(name): str(content_id) for content_id, name in _object(form.text("content-ids")).items()}
    found: list[InboundMedia] = []
    for name, part in form.parts.items():
        if not re.fullmatch(r"attachment\d{1,4}", name) or len(found) >= MOST_FILES:
            continue
        about = info.get(name)
        about = about if isinstance(about, dict) else {}
        content_id = str(about.get("content-id") or content_ids.get(name, "")).strip("<> ")
        found.append(_file(part, about, content_id))
    return tuple(found)


def _file(part: Part, about: Mapping[str, Any], content_id: str) -> InboundMedia:
    media_type = str(about.get("type") or part.media_type or "application/octet-stream").lower().split(";")[0].strip()
    given = str(about.get("filename") or about.get("name") or "") or decode(part.file_name or b"")[0]
    return InboundMedia(
        kind=_MEDIA.get(media_type.partition("/")[0], "document"),
        name=given[:200],
        media_type=media_type,
        size=len(part.data),
        data=part.data,
        content_id=content_id,
        is_inline=bool(content_id),
    )


def _provider_reason(form: Form, sent_from: str | None) -> str:
    """Why no machine may answer, by what SendGrid says: a mail without a sender to return to, or one that looks like spam."""
    if sent_from is not None and sent_from.strip("<> ") == "":
        return "no return address"
    try:
        score = float(form.text("spam_score") or 0)
    except ValueError:
        return ""
    return "spam" if score >= SPAM_SCORE else ""


def _envelope(form: Form) -> tuple[str | None, list[str]]:
    """(sender, None when the form does not say; recipients) of the SMTP envelope: the To of the header may name others."""
    envelope = _object(form.text("envelope"))
    to = envelope.get("to")
    to = to if isinstance(to, list) else [to]
    recipients = [one.strip().lower()[:320] for one in to if isinstance(one, str) and "@" in one][:50]
    sender = envelope.get("from")
    return (sender[:320] if isinstance(sender, str) else None), recipients


def _name_of(form: Form) -> str:
    """What names the mail on every repeat: its Message-ID, or a fingerprint when it has none."""
    header = head_of(form.raw("email") or form.raw("headers"))
    rfc_id = next((found for one in read_ids(header.raw("message-id")) if (found := clean_id(one))), "")
    if rfc_id:
        return rfc_id
    if raw := form.raw("email"):
        return _digest(raw)
    parts = [form.raw(name) for name in ("from", "to", "subject", "text", "html")]
    return _digest(b"\x1f".join([*parts, header.raw("date").encode("utf-8", "replace")]))


def _is_shared(url: str, hook: Hook) -> bool:
    return urlsplit(url).path.rstrip("/").endswith(tuple(f"/webhooks/{path}" for path in (hook.path, *hook.aliases)))


def _pack(content_type: str, recipients: Sequence[str], body: bytes) -> bytes:
    return json.dumps({"type": content_type[:500], "to": list(recipients)}).encode() + b"\n" + body


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
