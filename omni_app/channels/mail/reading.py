"""A mail as bytes → what it says. Nothing here raises for what a mail holds: what cannot be read is named in `problems`.

Pure functions without network or database. A 25 MB mail takes about as long as decoding its base64; run them in a thread.
"""

import mimetypes
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime

from omni_app.channels.contract import InboundMedia, MailHead, MediaKind
from omni_app.channels.mail.automatic import why_automatic
from omni_app.channels.mail.charsets import clean, decode
from omni_app.channels.mail.folding import fold
from omni_app.channels.mail.heads import Head, decode_words, read_addresses, read_date, read_ids, read_parameters
from omni_app.channels.mail.html import Marked, to_marked
from omni_app.channels.mail.parts import Part, Walk, read_part, walk

MOST_FILES = 50
MOST_BYTES = 40 * 1024 * 1024
LONGEST_TEXT = 200_000
LONGEST_NAME = 120
LONGEST_SUBJECT = 500

_FORWARD = re.compile(
    r"\s*(fwd?|fw|wg|wtr|tr|rv|enc|inoltra|doorst|vl|vb|pd|továbbítás|пересл|ilt|προω|转发|轉寄|전달)\s*[:：]", re.IGNORECASE
)
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]')
_KINDS: dict[str, MediaKind] = {"image": "image", "audio": "audio", "video": "video"}
_ENCRYPTED = {
    "application/pgp-encrypted": "The mail is encrypted with PGP and cannot be read here.",
    "application/pkcs7-mime": "The mail is packed for S/MIME programs (signed or encrypted) and cannot be read here.",
    "application/x-pkcs7-mime": "The mail is packed for S/MIME programs (signed or encrypted) and cannot be read here.",
}
# Names for parts that mail programs leave without one.
_NAMES = {
    "application/ms-tnef": "winmail.dat",
    "application/pgp-signature": "signature.asc",
    "application/pgp-encrypted": "version.txt",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/octet-stream": "file.bin",
    "text/calendar": "invitation.ics",
    "text/vcard": "contact.vcf",
    "text/x-vcard": "contact.vcf",
    "message/rfc822": "message.eml",
    "message/delivery-status": "report.txt",
    "message/disposition-notification": "receipt.txt",
    "text/rfc822-headers": "headers.txt",
}
_EMPTY_HTML = re.compile(r"(?is)<(script|style|head).*?</\1>|<[^<>]*>|&nbsp;|\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail as read. `text` is what was written now, `folded` what stands below it. `html` is raw: show only what
    `html.sanitise` leaves of it.

    `automatic` says why no machine may answer, `problems` what could not be read, both in words. `reply_to` is an address answers
    were asked to go to, `delivered_to` are those under which mail servers delivered it.
    """

    head: MailHead
    from_name: str = ""
    date: datetime | None = None
    text: str = ""
    folded: str = ""
    html: str = ""
    media: tuple[InboundMedia, ...] = ()
    automatic: str = ""
    problems: tuple[str, ...] = ()
    reply_to: str = ""
    delivered_to: tuple[str, ...] = ()


@dataclass(slots=True)
class _Content:
    """What was found so far: readable texts in their order, HTML, files."""

    seen: Walk
    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    forwarded: list[str] = field(default_factory=list)
    media: list[InboundMedia] = field(default_factory=list)
    size: int = 0


def read_mail(raw: bytes) -> Mail:
    """Read a whole mail (RFC 5322). Never raises, whatever the bytes are."""
    data = memoryview(raw)
    start = re.match(rb"(?:\s*\n)*(?:From [^\n]*\n)?", raw)
    root = read_part(data[start.end() if start else 0 :])
    content = _Content(Walk())
    if root.head.is_cut:
        content.seen.note("The mail's head is too large; parts of it were left out.")
    for part in walk(root, content.seen):
        _take(part, content)
    text, folded, html = _texts(root.head, content)
    return Mail(
        head=to_mail_head(root.head),
        from_name=next((name for name, _ in read_addresses(root.head.raws("from"))), ""),
        date=read_date(root.head.raw("date")),
        text=text,
        folded=folded,
        html=html,
        media=tuple(content.media),
        automatic=why_automatic(root.head, root.media_type, root.parameters),
        problems=tuple(content.seen.problems),
        reply_to=next((address for _, address in read_addresses(root.head.raws("reply-to"))), ""),
        delivered_to=tuple(
            dict.fromkeys(
                address
                for name in ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
                for _, address in read_addresses(root.head.raws(name))
            )
        ),
    )


def to_mail_head(head: Head) -> MailHead:
    """The fields by which mails find their thread."""
    senders = read_addresses(head.raws("from")) or read_addresses(head.raws("sender"))
    return MailHead(
        message_id=next(read_ids(head.raw("message-id")), ""),
        in_reply_to=next(read_ids(head.raw("in-reply-to")), ""),
        references=tuple(read_ids(" ".join(head.raws("references")))),
        subject=" ".join(clean(decode_words(head.raw("subject"))).split())[:LONGEST_SUBJECT],
        from_address=senders[0][1] if senders else "",
        to=tuple(dict.fromkeys(address for _, address in read_addresses(head.raws("to")))),
        cc=tuple(dict.fromkeys(address for _, address in read_addresses(head.raws("cc")))),
    )


def _take(part: Part, content: _Content) -> None:
    """Put one part where it belongs: text, HTML or file."""
    disposition, about = _disposition(part)
    name = about.get("filename") or part.parameters.get("name") or ""
    is_file = disposition == "attachment" or bool(name)
    if part.media_type in _ENCRYPTED:
        content.seen.note(_ENCRYPTED[part.media_type])
    if part.media_type == "message/rfc822" or (part.media_type == "message/global"):
        _take_forwarded(part, name, content)
        return
    if not is_file and part.media_type in {"text/plain", "text/html", "text/enriched", "text/markdown", "text/x-amp-html"}:
        _take_text(part, content)
        return
    if part.media_type == "application/ms-tnef" or name.lower() == "winmail.dat":
        content.seen.note("Outlook packed what was attached into winmail.dat; open it with a program that can.")
    _take_file(part, name, content, is_inline=disposition != "attachment")


def _take_text(part: Part, content: _Content) -> None:
    if part.media_type == "text/x-amp-html":
        return
    data, problem = part.decoded()
    content.seen.note(problem)
    if part.media_type != "text/html" and len(data) > 4 * LONGEST_TEXT:
        # Cut where no character can be cut in two.
        data = data[: max(data.rfind(b"\n", 0, 4 * LONGEST_TEXT), data.rfind(b" ", 0, 4 * LONGEST_TEXT)) + 1 or 4 * LONGEST_TEXT]
    text, problem = decode(data, part.parameters.get("charset", ""))
    content.seen.note(problem)
    if len(text) > LONGEST_TEXT and part.media_type != "text/html":
        content.seen.note(f"The text is longer than {LONGEST_TEXT:,} characters; the rest was left out.")
        text = text[:LONGEST_TEXT]
    if part.media_type == "text/html":
        content.html.append(text)
    else:
        if part.parameters.get("format", "").lower() == "flowed":
            text = unflow(text, delsp=part.parameters.get("delsp", "").lower() == "yes")
        # Of several plain texts that say the same, the last is the best (RFC 2046 §5.1.4).
        if part.parents[-1:] == ("multipart/alternative",) and content.plain and part.media_type != "text/plain":
            return
        content.plain.append(text)


def _take_file(part: Part, name: str, content: _Content, *, is_inline: bool) -> None:
    if len(content.media) >= MOST_FILES:
        content.seen.note(f"The mail has more than {MOST_FILES} files; the rest was left out.")
        return
    data, problem = part.decoded()
    content.seen.note(problem)
    if not data:
        content.seen.note("A file of the mail was empty and left out.")
        return
    content.size += len(data)
    if content.size > MOST_BYTES:
        content.size -= len(data)
        content.seen.note(f"The files are larger than {MOST_BYTES // 1024 // 1024} MB together; some were left out.")
        return
    content_id = next(read_ids(part.head.raw("content-id")), "") or part.head.raw("content-id").strip("<> ")[:200]
    kind = _KINDS.get(part.media_type.partition("/")[0], "document")
    content.media.append(
        InboundMedia(
            kind=kind,
            name=clean_name(name, part.media_type, len(content.media) + 1),
            media_type=part.media_type,
            size=len(data),
            data=data,
            content_id=content_id,
            is_inline=kind == "image" and is_inline and bool(content_id),
        )
    )


def _take_forwarded(part: Part, name: str, content: _Content) -> None:
    """A mail inside the mail: kept whole as a file, and its text for reading."""
    body, problem = part.decoded()
    content.seen.note(problem)
    inner = read_part(memoryview(body), (*part.parents, "message/rfc822"))
    subject = inner.head.text("subject")
    _take_file(part, name or (f"{subject}.eml" if subject else ""), content, is_inline=False)
    if len(content.forwarded) >= 5:
        return
    found = _Content(Walk(problems=list(content.seen.problems), parts=content.seen.parts))
    for one in walk(inner, found.seen):
        disposition, about = _disposition(one)
        if one.media_type in {"text/plain", "text/html"} and disposition != "attachment" and not about.get("filename"):
            _take_text(one, found)
    content.seen.parts = found.seen.parts
    text = "\n".join(found.plain).strip() or to_marked("\n".join(found.html)).text
    sender = ", ".join(f"{name} <{address}>".strip() for name, address in read_addresses(inner.head.raws("from"))[:1])
    lines = [f"From: {sender}", f"Date: {inner.head.text('date')[:100]}", f"Subject: {subject[:LONGEST_SUBJECT]}"]
    content.forwarded.append("\n".join(line for line in lines if not line.endswith(": ")) + f"\n\n{text[:LONGEST_TEXT]}")


def _disposition(part: Part) -> tuple[str, dict[str, str]]:
    return read_parameters(part.head.raw("content-disposition"))


def _texts(head: Head, content: _Content) -> tuple[str, str, str]:
    """(text, folded, html) of what was found."""
    html = "\n".join(content.html)
    if not _EMPTY_HTML.sub("", html[:20_000]) and "<img" not in html[:20_000].lower():
        html = ""
    marked = _marked(html, content.seen)
    plain = "\n".join(text.strip("\n") for text in content.plain if text.strip())
    is_forward = bool(_FORWARD.match(decode_words(head.raw("subject"))))
    languages = [tag.split(";")[0].strip() for tag in head.raw("content-language").split(",")]
    if _is_worth_reading(plain, marked.text):
        folded = fold(plain, languages, quotes=_found_again(marked, plain), is_forward=is_forward)
    else:
        folded = fold(marked.text, languages, quotes=marked.quotes, signatures=marked.signatures, is_forward=is_forward)
    text, rest = folded.text.strip(), folded.folded.strip("\n")
    forwarded = "\n\n".join(content.forwarded)
    if forwarded and not text:
        text = forwarded
    elif forwarded:
        rest = f"{rest}\n\n{forwarded}" if rest else forwarded
    return text, rest, html


def _marked(html: str, seen: Walk) -> Marked:
    marked = to_marked(html) if html else Marked("")
    if len(marked.text) <= LONGEST_TEXT:
        return marked
    seen.note(f"The text is longer than {LONGEST_TEXT:,} characters; the rest was left out.")
    quotes = tuple((start, min(end, LONGEST_TEXT)) for start, end in marked.quotes if start < LONGEST_TEXT)
    return Marked(marked.text[:LONGEST_TEXT], quotes, tuple(at for at in marked.signatures if at < LONGEST_TEXT))


def _is_worth_reading(plain: str, other: str) -> bool:
    """Whether the plain text says what the HTML says: some programs send "Your client cannot show this mail" there."""
    if not plain.strip():
        return False
    return not other or len(plain) * 4 >= len(other) or len(plain) > 2000 or plain.split()[0] in other.split()[:40]


def _found_again(marked: Marked, plain: str) -> list[tuple[int, int]]:
    """Where what the HTML marks as quoted begins in the plain text: at a line that begins the quote there, once in the text."""
    found = []
    for start, end in marked.quotes:
        if end - start < 10 or marked.text[end:].strip():
            continue
        first = next((line.strip("> ").strip() for line in marked.text[start:end].split("\n") if line.strip("> ").strip()), "")
        words = first.split()[:8]
        if len(" ".join(words)) < 12:
            continue
        pattern = r"^[> ]*" + r"\s+".join(map(re.escape, words))
        places = [place.start() for place in re.finditer(pattern, plain, re.MULTILINE)]
        if len(places) == 1:
            found.append((places[0], len(plain)))
    return found


def unflow(text: str, *, delsp: bool = False) -> str:
    """Put the lines of format=flowed together again (RFC 3676): a line that ends with a space goes on in the next."""
    lines: list[list[str]] = []
    open_depth: int | None = None
    for line in text.split("\n"):
        marks = re.match(r">*", line)
        depth = marks.end() if marks else 0
        body = line[depth:].removeprefix(" ")
        is_soft = body.endswith(" ") and body != "-- "
        piece = body[:-1] if is_soft and delsp else body
        if open_depth == depth and body != "-- ":
            lines[-1].append(piece)
        else:
            lines.append([">" * depth + (" " if depth else ""), piece])
        open_depth = depth if is_soft else None
    return "\n".join("".join(pieces) for pieces in lines)


def clean_name(name: str, media_type: str, number: int) -> str:
    """A file name without path, control and direction characters, at most 120 long; made up when nothing is left."""
    plain = unicodedata.normalize("NFC", clean(name)).replace("\\", "/").rpartition("/")[2]
    plain = " ".join(_UNSAFE.sub("_", plain).split()).strip(". ")
    if not plain or not plain.strip("_. -"):
        made = _NAMES.get(media_type)
        return made or f"file-{number}{mimetypes.guess_extension(media_type) or ''}"
    if len(plain) > LONGEST_NAME:
        stem, dot, ending = plain.rpartition(".")
        plain = f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}" if dot and len(ending) <= 10 else plain[:LONGEST_NAME]
    return plain
