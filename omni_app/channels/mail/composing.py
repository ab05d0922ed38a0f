"""Write a mail: its ids and subject, the texts of both kinds, the quoted mail below, and the whole of it for SMTP."""

import html as markup
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from omni_app.channels.contract import OutboundFile, OutboundMail
from omni_app.channels.mail.marking import to_html, to_plain
from omni_app.infra.clock import now

MOST_LINE = 998
"""Characters of one line of a mail without its end (RFC 5322, section 2.1.1)."""
MOST_QUOTED = 6_000
LOOP_HEADER = "X-Omni-Loop"
"""Names the address a mail was sent from: a mail that comes in at the same address is our own, sent back."""

_WIDTH = 78
_UNSAFE = frozenset(' \t\r\n\x00<>()[],;:\\"')
_DOMAIN = re.compile(r"[A-Za-z0-9_.-]+")
_MOST_ID = 500
# What mail programs put in front of a subject when they answer or forward, in the languages they do it in.
_REPLIES = "re|aw|antw|antwort|sv|vs|ref|rif|res|odp|ynt|atb|bls|vá|回复|回覆|答复|返信|답장|رد|תגובה|отв"
_FORWARDS = "fwd|fw|wg|tr|rv|enc|vl|doorst|转发|轉寄|転送|전달"
_ANSWER = re.compile(rf"^\s*(?:{_REPLIES})(?:\[\d+\]|\(\d+\))?\s*[:：]\s*", re.IGNORECASE)
_LEAD = re.compile(rf"^\s*(?:{_REPLIES}|{_FORWARDS})(?:\[\d+\]|\(\d+\))?\s*[:：]\s*", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]+")
_WROTE = {
    "en": "On {date}, {who} wrote:",
    "de": "Am {date} schrieb {who}:",
    "fr": "Le {date}, {who} a écrit :",
    "es": "El {date}, {who} escribió:",
    "it": "Il {date} {who} ha scritto:",
    "pt": "Em {date}, {who} escreveu:",
    "nl": "Op {date} schreef {who}:",
}


def clean_id(rfc_id: str) -> str:
    """A message id as it is stored and written: without angle brackets, white space and control characters; "" for none."""
    bare = "".join(_CONTROL.sub("", rfc_id).split()).strip("<>")
    return bare if bare and len(bare) <= _MOST_ID and bare.isascii() and "<" not in bare and ">" not in bare else ""


def bare_subject(subject: str) -> str:
    """The subject without any "Re:" and "Fwd:" before it, on one line."""
    bare = " ".join(_CONTROL.sub(" ", subject).split())
    while (shorter := _LEAD.sub("", bare)) != bare:
        bare = shorter
    return bare


def reply_subject(subject: str) -> str:
    """The subject of an answer: the same with one "Re: " before it; a "Fwd:" that belongs to it stays."""
    bare = " ".join(_CONTROL.sub(" ", subject).split())
    while (shorter := _ANSWER.sub("", bare)) != bare:
        bare = shorter
    return f"Re: {bare}" if bare else "Re:"


def write_ids(ids: Sequence[str]) -> str:
    """Message ids as one header value on one line: all of them while they fit a line, else the first and the newest."""
    written = [f"<{one}>" for one in map(clean_id, ids) if one]
    # "References: " stands before them.
    while len(" ".join(written)) > MOST_LINE - 12 and len(written) > 1:
        written.pop(1 if len(written) > 2 else 0)
    return " ".join(written)


def fold_ids(name: str, ids: Sequence[str]) -> bytes:
    """A whole header line of message ids, folded between them (RFC 5322, section 2.2.3); empty without ids.

    Python's `email` would write an id longer than a line as an encoded word, which Outlook and Exchange do not understand.
    """
    lines = [f"{name}:"]
    for one in map(clean_id, ids):
        if not one:
            continue
        if len(lines[-1]) > len(name) + 1 and len(lines[-1]) + len(one) + 3 > _WIDTH:
            lines.append("")
        lines[-1] += f" <{one}>"
    return b"" if lines == [f"{name}:"] else ("\r\n".join(lines) + "\r\n").encode("ascii")


def quote_below(text: str, who: str, at: datetime, language: str = "") -> str:
    """What stands below an answer: who wrote when, and their text behind "> "; a long one is cut."""
    if not text.strip():
        return ""
    shown = text.strip()
    if len(shown) > MOST_QUOTED:
        shown = shown[:MOST_QUOTED].rsplit(" ", 1)[0] + " …"
    pattern = _WROTE.get(language[:2].lower(), _WROTE["en"])
    lead = pattern.format(date=at.strftime("%Y-%m-%d %H:%M UTC"), who=" ".join(_CONTROL.sub(" ", who).split()))
    return "\n".join([lead, *(f"> {line}".rstrip() for line in shown.splitlines())])


def write_text(text: str, quoted: str = "") -> str:
    """The plain text of a mail."""
    return "\n\n".join(part for part in (to_plain(text), quoted) if part) + "\n"


def write_html(text: str, quoted: str = "") -> str:
    """The same as simple HTML, with the quoted mail in a blockquote."""
    body = to_html(text)
    if quoted:
        lead, *lines = quoted.split("\n")
        told = "<br>\n".join(markup.escape(line.removeprefix(">").removeprefix(" ")) for line in lines)
        body += (
            f'\n<p style="color:#666">{markup.escape(lead)}</p>\n<blockquote style="margin:0 0 0 .8ex;border-left:1px solid #ccc;'
            f'padding-left:1ex">{told}</blockquote>'
        )
    return f'<!doctype html>\n<html><head><meta charset="utf-8"></head><body dir="auto">\n{body}\n</body></html>\n'


def write_name(mail: OutboundMail, name: str, *, is_from_person: bool) -> str:
    """The sender's name: the connection's `name`; a person's own stands before it. Without either the mail's."""
    own = _line(mail.from_name)
    if not name:
        return own
    return f"{own} ({_line(name)})" if is_from_person and own else _line(name)


def tagged(address: str, tag: str) -> str:
    """`address` with the tag behind a plus sign; as it is when the local part would pass 64 characters (RFC 5321)."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{tag}@{domain}" if tag and len(local) + len(tag) < 64 else address


def untagged(address: str) -> tuple[str, str]:
    """An address in lower case without what stands behind its plus sign, and that tag."""
    local, _, domain = address.strip().strip("<>").lower().rpartition("@")
    plain, _, tag = local.partition("+")
    return (f"{plain}@{domain}" if plain and domain else address.strip().lower()), tag


def ascii_address(address: str) -> str:
    """The address with its domain as IDNA. Raises ValueError when it cannot be written in ASCII, or is none."""
    local, _, domain = address.strip().rpartition("@")
    written = domain.encode("idna").decode("ascii")
    # The codec leaves what is ASCII already as it is, line breaks and all.
    if not local or not local.isascii() or any(character in _UNSAFE for character in local) or not _DOMAIN.fullmatch(written):
        raise ValueError(f"mail cannot be sent to {address[:100]!r}")
    return f"{local}@{written}"


def writable(addresses: Sequence[str], without: str) -> list[str]:
    """Who gets a copy: each once, not `without`, and nobody whose address cannot be written."""
    found: dict[str, str] = {}
    for address in addresses:
        with suppress(ValueError):
            found.setdefault(ascii_address(address).lower(), ascii_address(address))
    return [written for address, written in found.items() if address != without.lower()]


def extra_headers(mail: OutboundMail, address: str) -> dict[str, str]:
    """What a machine has to know: an automatic answer says so (RFC 3834, section 5), and whose mail this is."""
    headers = {LOOP_HEADER: address}
    if mail.is_automatic:
        headers |= {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}
    return headers


def build_mail(
    mail: OutboundMail,
    *,
    sender: tuple[str, str],
    to: Sequence[str],
    reply_to: str,
    text: str,
    files: Sequence[OutboundFile] = (),
) -> bytes:
    """The whole mail for SMTP, lines ended by CRLF: text/plain and text/html side by side, files behind them.

    `sender` is (name, address). Raises ValueError for an address that cannot be written.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(*sender)
    message["To"] = [_address("", one) for one in to]
    if mail.cc:
        message["Cc"] = [_address("", one) for one in mail.cc]
    if reply_to and reply_to != sender[1]:
        message["Reply-To"] = _address(sender[0], reply_to)
    message["Subject"] = _line(mail.subject)
    message["Date"] = now()
    for name, value in extra_headers(mail, sender[1]).items():
        message[name] = value
    message.set_content(write_text(text, mail.quoted), cte="quoted-printable")
    message.add_alternative(write_html(text, mail.quoted), subtype="html", cte="quoted-printable")
    for file in files:
        kind, _, subtype = file.media_type.partition("/")
        if not subtype or kind in {"message", "multipart"}:
            kind, subtype = "application", "octet-stream"
        message.add_attachment(file.data, maintype=kind, subtype=subtype, filename=_line(file.name) or "file")
    ids = (
        fold_ids("Message-ID", (mail.message_id,)),
        fold_ids("In-Reply-To", (mail.in_reply_to,)),
        fold_ids("References", mail.references),
    )
    return b"".join(ids) + message.as_bytes()


def _line(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).split())


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(display_name=_line(name), username=local, domain=domain)
