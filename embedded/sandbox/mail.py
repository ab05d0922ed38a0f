"""Mail as customers write it and as they read it: building MIME from what the control API was told, and taking MIME apart."""

import base64
import binascii
import re
import time
from dataclasses import dataclass, field
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import formataddr, formatdate, make_msgid, parseaddr
from html import escape

from embedded.sandbox.accounts import JSON, Account, Message
from embedded.sandbox.files import File, given_file
from embedded.sandbox.world import Misused, World


@dataclass(slots=True, kw_only=True)
class Letter:
    """A mail of a customer. `charset` is that of its texts; `envelope_to` the address the provider received it for."""

    message_id: str
    sender: str
    name: str
    to: str
    envelope_to: list[str]
    cc: str
    subject: str
    text: str
    html: str
    charset: str
    headers: dict[str, str] = field(default_factory=dict)
    files: list[tuple[File, str]] = field(default_factory=list)
    at: float
    raw: bytes = b""


def read_letter(world: World, account: Account, given: JSON) -> Letter:
    """What the control API was told about a mail. `raw` (base64) is sent as it is. Raises `Misused`.

    `reply_to`, the id of a mail Omni sent, makes it an answer: subject, In-Reply-To, References and the address to answer to.
    """
    if given.get("raw"):
        return _raw_letter(account, given)
    name, sender = parseaddr(str(given.get("from", "")))
    if "@" not in sender:
        raise Misused("from must be a mail address")
    headers = {str(key): str(value) for key, value in dict(given.get("headers") or {}).items()}
    subject, to, text = str(given.get("subject", "")), str(given.get("to") or ""), str(given.get("text", ""))
    answered = world.store.message(account.id, str(given["reply_to"])) if given.get("reply_to") else None
    if answered is not None:
        head = answered.detail.get("headers", {})
        mail_id = head.get("message-id", "")
        headers = {"In-Reply-To": mail_id, "References": f"{head.get('references', '')} {mail_id}".strip(), **headers}
        was = str(answered.detail.get("subject", ""))
        subject = subject or (was if was.lower().startswith("re:") else f"Re: {was}")
        to = to or str(answered.detail.get("reply_to") or answered.detail.get("from") or "")
        if given.get("quote", True):
            text += _quoted(answered)
    for key, header in (("in_reply_to", "In-Reply-To"), ("references", "References")):
        if given.get(key):
            headers[header] = str(given[key])
    to = to or str(account.credentials.get("address", ""))
    envelope = given.get("envelope_to") or [parseaddr(to)[1]]
    return Letter(
        message_id=str(given.get("message_id") or make_msgid(domain=sender.partition("@")[2])),
        sender=sender,
        name=str(given.get("name") or name),
        to=to,
        envelope_to=[str(one) for one in (envelope if isinstance(envelope, list) else [envelope])],
        cc=str(given.get("cc") or ""),
        subject=subject,
        text=text,
        html=str(given.get("html") or ""),
        charset=str(given.get("charset") or "utf-8"),
        headers=headers,
        files=[
            (given_file(world, {"file": one}, "document"), str(one.get("content_id", ""))) for one in given.get("files") or []
        ],
        at=float(given.get("at") or time.time()),
    )


def _raw_letter(account: Account, given: JSON) -> Letter:
    try:
        raw = base64.b64decode(str(given["raw"]), validate=True)
    except binascii.Error as error:
        raise Misused("raw must be base64") from error
    seen = show_mail(raw)
    to = str(given.get("to") or seen["to"] or account.credentials.get("address", ""))
    envelope = given.get("envelope_to") or [parseaddr(to)[1]]
    return Letter(
        message_id=str(seen["headers"].get("message-id", "")),
        sender=parseaddr(str(given.get("from") or seen["from"]))[1],
        name=parseaddr(str(given.get("from") or seen["from"]))[0],
        to=to,
        envelope_to=[str(one) for one in (envelope if isinstance(envelope, list) else [envelope])],
        cc=str(seen["cc"]),
        subject=str(seen["subject"]),
        text=str(seen["text"]),
        html=str(seen["html"]),
        charset="utf-8",
        at=time.time(),
        raw=raw,
    )


def _quoted(message: Message) -> str:
    when = time.strftime("%a, %d %b %Y at %H:%M", time.gmtime(message.at))
    lines = "\n".join(f"> {line}" for line in message.text.splitlines())
    return f"\n\nOn {when}, {message.detail.get('from', '')} wrote:\n{lines}\n"


def build_mail(letter: Letter) -> bytes:
    """The mail as MIME, with CRLF line ends."""
    if letter.raw:
        return letter.raw
    mail = EmailMessage(policy=SMTP.clone(max_line_length=990))
    mail["From"] = formataddr((letter.name, letter.sender)) if letter.name.isascii() else _named(letter.name, letter.sender)
    mail["To"] = letter.to
    if letter.cc:
        mail["Cc"] = letter.cc
    mail["Subject"] = letter.subject
    mail["Date"] = formatdate(letter.at)
    if letter.message_id and letter.message_id != "none":
        mail["Message-ID"] = letter.message_id
    for name, value in letter.headers.items():
        mail[name] = value
    if letter.text or not letter.html:
        mail.set_content(letter.text or "\n", charset=letter.charset)
        if letter.html:
            mail.add_alternative(letter.html, subtype="html", charset=letter.charset)
    else:
        mail.set_content(letter.html, subtype="html", charset=letter.charset)
    inline = [(file, content_id) for file, content_id in letter.files if content_id]
    holder = mail.get_body(("html",)) if inline else None
    for file, content_id in letter.files:
        main, _, sub = (file.media_type.partition(";")[0] or "application/octet-stream").partition("/")
        if content_id and isinstance(holder, EmailMessage):
            holder.add_related(
                file.data, main, sub or "octet-stream", cid=f"<{content_id}>", filename=file.name or None, disposition="inline"
            )
        else:
            mail.add_attachment(file.data, main, sub or "octet-stream", filename=file.name or None)
    return mail.as_bytes()


def _named(name: str, address: str) -> Address:
    return Address(display_name=name, addr_spec=address)


def show_mail(raw: bytes) -> JSON:
    """A mail as its reader sees it: from, to, cc, subject, text, html, headers (lower-case names), files without their bytes."""
    mail = message_from_bytes(raw, policy=default)
    headers: dict[str, str] = {}
    for name, value in mail.items():
        headers.setdefault(name.lower(), re.sub(r"\s+", " ", str(value)).strip())
    texts = {"text": "", "html": ""}
    files = []
    for part in mail.walk():
        kind = part.get_content_type()
        if part.is_multipart():
            continue
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        if part.get_content_disposition() == "attachment" or not kind.startswith("text/"):
            files.append(
                {
                    "name": part.get_filename() or "",
                    "media_type": kind,
                    "size": len(data),
                    "content_id": part.get("content-id", ""),
                }
            )
            continue
        slot = "html" if kind == "text/html" else "text"
        texts[slot] = texts[slot] or _decoded(data, part.get_content_charset())
    return {
        "from": headers.get("from", ""),
        "to": headers.get("to", ""),
        "cc": headers.get("cc", ""),
        "reply_to": headers.get("reply-to", ""),
        "subject": headers.get("subject", ""),
        **texts,
        "headers": headers,
        "files": files,
    }


def _decoded(data: bytes, charset: str | None) -> str:
    try:
        return data.decode(charset or "utf-8", "replace").replace("\r\n", "\n")
    except LookupError:
        return data.decode("latin-1")


def paragraph(text: str) -> str:
    """Plain text as simple HTML."""
    return "<p>" + escape(text).replace("\n", "<br>") + "</p>"
