"""The heads of a mail and of its parts: decoded fields, parameters, addresses, ids. Nothing here raises, whatever is written.

RFC 5322 (mail), 2045/2183 (content fields), 2047 (encoded words), 2231 (parameters); broken forms of each are read as mail
programs read them.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_to_bytes

from omni_app.channels.mail.charsets import decode

MOST_FIELDS = 400
LONGEST_FIELD = 64 * 1024
MOST_ADDRESSES = 200
MOST_IDS = 200

_FIELD_END = re.compile(rb"\r?\n(?![ \t])|\r(?![\n \t])")
_FOLD = re.compile(rb"[\r\n]+[ \t]*")
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bq])\?([^?]{0,20000})\?=", re.IGNORECASE)
_ID = re.compile(r"<([^<>]{1,1000})>")
# Looked for only where a word begins: a word of many thousand letters is tried once, not at each of them.
_BARE_ID = re.compile(r"(?<![^\s<>,;()])[^\s<>,;()]{1,500}@[^\s<>,;()]{1,500}")
_ADDRESS = re.compile(r"(?<![^\s<>()\[\],;:\"])[^\s<>()\[\],;:\"]{1,250}@[^\s<>()\[\],;:\"]{1,250}")
_UNQUOTED = r'<[^<>,;"]*>|\([^()]*\)|[^,;"<(]+|[,;"<(]'
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|' + _UNQUOTED)
_PLAIN_TOKEN = re.compile(_UNQUOTED)
_PARAMETER = re.compile(r""";\s*([^\s=;"]{1,60})\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)""")
_SECTION = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")


@dataclass(frozen=True, slots=True)
class Head:
    """The fields of one head: lower-case name → raw values in their order, unfolded, as latin-1 text of the bytes."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    is_cut: bool = False

    def raw(self, name: str) -> str:
        """The first value, as written; 8-bit characters decoded."""
        return next(iter(self.raws(name)), "")

    def raws(self, name: str) -> list[str]:
        return [as_written(value) for value in self.fields.get(name, [])]

    def text(self, name: str) -> str:
        """The first value, readable."""
        return decode_words(self.raw(name)).strip()


def read_head(data: bytes, *, is_cut: bool = False) -> Head:
    """Split a head into fields. What is no field is skipped; a line that continues nothing too."""
    fields: dict[str, list[str]] = {}
    pieces = _FIELD_END.split(data, MOST_FIELDS)
    if len(pieces) > MOST_FIELDS:
        pieces, is_cut = pieces[:MOST_FIELDS], True
    for piece in pieces:
        name, colon, value = piece.partition(b":")
        key = name.strip().decode("latin-1").lower()
        if not colon or not key or len(key) > 100 or not key.isascii() or " " in key:
            continue
        if len(value) > LONGEST_FIELD:
            value, is_cut = value[:LONGEST_FIELD], True
        fields.setdefault(key, []).append(_FOLD.sub(b" ", value).strip().decode("latin-1"))
    return Head(fields, is_cut)


def as_written(value: str) -> str:
    """A raw value as text: fields may hold UTF-8 (RFC 6532) or, wrongly, any other 8-bit charset."""
    return value if value.isascii() else decode(value.encode("latin-1"))[0]


def decode_words(value: str) -> str:
    """Encoded words as text. Neighbours in one charset are put together first: many programs split a character between two."""
    found = list(_WORD.finditer(value))
    if not found:
        return value
    text, end, run, run_charset = "", 0, b"", ""
    for word in found:
        between = value[end : word.start()]
        charset = word[1].partition("*")[0].lower()
        if run and (between.strip() or charset != run_charset):
            text, run = text + decode(run, run_charset)[0], b""
        if between.strip() or not end:
            text += between
        run, run_charset, end = run + _word_bytes(word[2], word[3]), charset, word.end()
    return text + decode(run, run_charset)[0] + value[end:]


def _word_bytes(kind: str, body: str) -> bytes:
    if kind in "qQ":
        return binascii.a2b_qp(body.encode("utf-8"), header=True)
    letters = re.sub(r"[^A-Za-z0-9+/]", "", body)
    # One letter too many carries no byte.
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + "=" * (-len(letters) % 4))


def read_parameters(value: str) -> tuple[str, dict[str, str]]:
    """`text/plain; charset=utf-8` → ("text/plain", {"charset": "utf-8"}), RFC 2231 continuations and charsets resolved."""
    main, _, rest = value.partition(";")
    simple: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for found in _PARAMETER.finditer(";" + rest[:LONGEST_FIELD]):
        content = found[2].strip()
        if content.startswith('"'):
            content = re.sub(r"\\(.)", r"\1", content.strip('"'))
        section = _SECTION.fullmatch(found[1].lower())
        if section is None:
            continue
        if section[2] is None and section[3] is None:
            simple.setdefault(section[1], decode_words(content))
        else:
            pieces.setdefault(section[1], {}).setdefault(int(section[2] or 0), (content, bool(section[3])))
    for name, numbered in pieces.items():
        simple[name] = _join_sections(numbered)
    return main.strip().lower(), simple


def _join_sections(numbered: dict[int, tuple[str, bool]]) -> str:
    charset, data = "", b""
    for number, (content, is_encoded) in sorted(numbered.items()):
        if is_encoded and number == min(numbered) and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        data += unquote_to_bytes(content) if is_encoded else content.encode("utf-8")
    return decode(data, charset or "utf-8")[0]


def read_addresses(values: list[str]) -> list[tuple[str, str]]:
    """(name, bare address) of address fields, at most 200. What holds no address is left out.

    Not the standard library's: nested parentheses make it recurse until the interpreter gives up.
    """
    found: list[tuple[str, str]] = []
    for value in values:
        words: list[str] = []
        bare = ""
        for token in (*_tokens(value[:LONGEST_FIELD]), ","):
            if token not in {",", ";"}:
                if token.startswith("<") and (match := _ADDRESS.search(token)):
                    bare = match[0]
                else:
                    words.append(re.sub(r"\\(.)", r"\1", token[1:-1]) if token.startswith(('"', "(")) else token)
                continue
            name = decode_words(" ".join("".join(words).split()))
            if not bare and (match := _ADDRESS.search(name)):
                bare, name = match[0], name.replace(match[0], "")
            if bare:
                found.append((" ".join(name.strip(" ()'").split())[:200], bare.strip(".'")))
                if len(found) >= MOST_ADDRESSES:
                    return found
            words, bare = [], ""
    return found


def _tokens(value: str) -> Iterator[str]:
    """Words, quoted words, addresses in brackets, comments and the signs between them."""
    at, pattern = 0, _TOKEN
    while at < len(value) and (found := pattern.match(value, at)):
        if found[0] == '"':
            # No quote ends from here on: each that follows is an escaped one, and need not be looked through to the end again.
            pattern = _PLAIN_TOKEN
        yield found[0]
        at = found.end()


def read_ids(value: str) -> Iterator[str]:
    """Message ids of a field without angle brackets, each once; also those that lost their brackets or hold spaces."""
    seen = set()
    bracketed = _ID.findall(value)
    for one in (bracketed or _BARE_ID.findall(value))[:MOST_IDS]:
        plain = "".join(one.split())[:500]
        if plain and plain not in seen:
            seen.add(plain)
            yield plain


def read_date(value: str) -> datetime | None:
    """A date field in UTC, None when it cannot be read."""
    try:
        at = parsedate_to_datetime(value[:200])
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
