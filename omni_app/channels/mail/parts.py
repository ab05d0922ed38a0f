"""The parts of a mail (RFC 2046). Bodies are views into the one buffer it came in; nothing is decoded before it is asked for.

The standard library's parser holds every line of a mail as an object and looks at each once per level of nesting: 25 MB of short
lines take it half a minute and a gigabyte. Boundaries are found here by searching the bytes, so time and memory stay in
proportion to the mail's size, whatever it holds.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, pairwise

from omni_app.channels.mail.heads import Head, read_head, read_parameters

MOST_PARTS = 500
MOST_DEPTH = 12
LONGEST_HEAD = 256 * 1024
MOST_PIECES = 1000

_HEAD_END = re.compile(rb"\r?\n[ \t]*\r?\n|\r\r")
_NO_HEAD = re.compile(rb"[ \t]*(\r?\n|$)")
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
_UU_LINE = re.compile(rb"[^\r\n]+")
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} [^\r\n]*\r?\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Part:
    """One part. `parents` are the media types above it, outermost first; `parameters` those of its content type."""

    head: Head
    media_type: str
    parameters: dict[str, str]
    body: memoryview
    parents: tuple[str, ...] = ()

    def decoded(self) -> tuple[bytes, str]:
        """The body without its transfer encoding, and a problem in words. Broken encodings give what can be read."""
        encoding = self.head.raw("content-transfer-encoding").strip().lower().partition(";")[0].strip("\"' ")
        data = bytes(self.body)
        if encoding == "quoted-printable":
            return binascii.a2b_qp(data), ""
        if encoding == "base64":
            return _from_base64(data)
        if encoding in {"x-uuencode", "uuencode", "x-uue", "uue"}:
            return _from_uu(data)
        return data, ""


@dataclass(slots=True)
class Walk:
    """What was noticed on the way through a mail."""

    problems: list[str] = field(default_factory=list)
    parts: int = 0

    def note(self, problem: str) -> None:
        if problem and problem not in self.problems and len(self.problems) < 20:
            self.problems.append(problem)


def read_part(data: memoryview, parents: tuple[str, ...] = (), default: str = "text/plain") -> Part:
    """A part from its head and body."""
    start = bytes(data[: LONGEST_HEAD + 4])
    if (bare := _NO_HEAD.match(start)) and parents:
        head, body = Head(), data[bare.end() :]
    elif end := _HEAD_END.search(start):
        head, body = read_head(start[: end.start()]), data[end.end() :]
    elif len(start) > LONGEST_HEAD:
        # A head without end: what follows cannot be told apart from it any more.
        head, body = read_head(start, is_cut=True), data[LONGEST_HEAD:]
    else:
        head, body = read_head(start), data[len(data) :]
    media_type, parameters = read_parameters(head.raw("content-type"))
    if not re.fullmatch(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}", media_type):
        media_type = {"text": "text/plain", "html": "text/html"}.get(media_type, default)
    return Part(head, media_type, parameters, body, parents)


def walk(part: Part, seen: Walk) -> Iterator[Part]:
    """Every part that is no container, in order; containers too deep or too many are given as they are."""
    if not part.media_type.startswith("multipart/"):
        yield part
        return
    if len(part.parents) >= MOST_DEPTH:
        seen.note("The mail is nested too deeply; what lies below is kept as one file.")
        yield part
        return
    boundary = part.parameters.get("boundary", "").rstrip()
    pieces = list(_split(part.body, boundary, seen)) if boundary else []
    if not pieces:
        seen.note("The mail says it has parts, but they cannot be found.")
        yield Part(part.head, "text/plain", {}, part.body, part.parents)
        return
    default = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
    for piece in pieces:
        seen.parts += 1
        if seen.parts > MOST_PARTS:
            seen.note(f"The mail has more than {MOST_PARTS} parts; the rest was left out.")
            return
        yield from walk(read_part(piece, (*part.parents, part.media_type), default), seen)


def _split(body: memoryview, boundary: str, seen: Walk) -> Iterator[memoryview]:
    # White space behind a boundary is allowed and common; a missing end means that the mail was cut off.
    line = rb"--" + re.escape(boundary.encode("latin-1", "replace")) + rb"(--)?[ \t]*(?=\r?\n|\r|$)"
    # The line break comes first in the expression, as a literal: so it is searched for as fast as bytes can be, and 25 MB of the
    # boundary's own signs are passed over at once.
    line_break = rb"\n" if re.search(rb"\n", body) else rb"\r"
    first = re.match(line, body)
    starts, is_closed = [], False
    for found in chain((first,) if first else (), re.finditer(line_break + line, body)):
        begin, end = found.span()
        # The line breaks before and behind a boundary belong to it.
        begin -= begin > 0 and body[begin] == 0x0A and body[begin - 1] == 0x0D
        starts.append((begin, end + (2 if bytes(body[end : end + 2]) == b"\r\n" else min(1, len(body) - end))))
        if found[1]:
            is_closed = True
            break
        if len(starts) > MOST_PARTS + 1:
            is_closed = True
            break
    if starts and not is_closed:
        seen.note("The mail ends in the middle; something may be missing.")
        starts.append((len(body), len(body)))
    for (_, begin), (end, _) in pairwise(starts):
        yield body[begin : max(begin, end)]


def _from_base64(data: bytes) -> tuple[bytes, str]:
    end = data.find(b"=")
    if end < 0 or not data[end : end + 200].strip(b"=\r\n \t"):
        try:
            return binascii.a2b_base64(data), ""
        except binascii.Error:
            letters = data.translate(None, _NOT_BASE64)
            problem = "A file's encoding is broken; it may be incomplete." if len(letters) % 4 == 1 else ""
            return _letters_to_bytes(letters), problem
    # Several pieces, each with its own padding, one behind the other.
    pieces = [piece.translate(None, _NOT_BASE64) for piece in re.split(rb"=+", data, maxsplit=MOST_PIECES)]
    problem = "A file's encoding is broken; it may be incomplete." if len(pieces) > MOST_PIECES else ""
    return b"".join(map(_letters_to_bytes, pieces)), problem


def _letters_to_bytes(letters: bytes) -> bytes:
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def _from_uu(data: bytes) -> tuple[bytes, str]:
    begin = _UU_BEGIN.search(data)
    out, problem = bytearray(), ""
    # One line at a time: 25 MB of short ones in a list take ten times as much.
    for found in _UU_LINE.finditer(data, begin.end() if begin else 0):
        line = found[0]
        if line.strip() in {b"end", b"`", b"===="}:
            break
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error:
            problem = "A file's encoding is broken; it may be incomplete."
    return bytes(out), problem
