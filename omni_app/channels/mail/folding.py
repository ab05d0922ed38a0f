"""What a mail says now, and what stands below it: the quoted mail, the signature, the lawyers' notice.

Two passes. Our own rules know headers broken over lines, Outlook's blocks and separators, signatures and notices in forty
languages, and whatever the mail's HTML marked as quoted. Where they see no quote, a library that knows the quoting of thirteen
languages looks too: it is much slower, and leaves much standing. Nothing is taken out or changed: `text + folded` is the input.
Answers between quoted lines stay visible with what they answer, and so does what somebody forwards.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from mailparser_reply import EmailReplyParser

from omni_app.channels.mail.fold_words import (
    CLOSINGS,
    DISCLAIMERS,
    FORWARDED,
    FROM,
    ORIGINAL,
    SENT,
    SENT_FROM,
    SUBJECT,
    TO,
    WROTE,
)

LONGEST_SIGNATURE = 12
LONGEST_CARD_LINE = 120
LONGEST_NOTICE = 40
MOST_LINES = 3000
_LONGEST_HEADER = 4
# A mark stands on a short line; the expressions for marks are not made for long ones.
_LONGEST_MARK = 120
# The library's expressions need cubic time for long lines and for runs of blank ones: it is given neither.
_LIBRARY_READS = 4_000
_LIBRARY_LINE = 160
_LIBRARY_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "da", "sv", "pl", "cs", "ja", "ko", "zh")

_QUOTED = re.compile(r"\s*[>＞|]")
_DIRECTIONS = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\u061c]")
_HEADER_END = re.compile(r"[:：]\s*(?:\*+\s*)?$")
_ADDRESS = re.compile(r"[<\[(]?[^\s<>@]{1,80}@[^\s<>@]{1,80}")
_DATED = re.compile(r"\d{1,4}\D{1,12}\d{1,4}|\d{1,2}[:.]\d{2}|[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f]")
_DASHES = "-_=—–"
_RULE = re.compile(r"^[_\-—–*=]{5,}$")
_COLON = re.compile("[:：]")
_SIGNATURE = re.compile(r"^(--|—|__)\s*$")
_CJK_CLOSING = re.compile(r"[,，、.。!！…\s]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """`text` is shown, `folded` on request; one behind the other they are what came in."""

    text: str
    folded: str


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    raw: str
    plain: str

    @property
    def is_blank(self) -> bool:
        return not self.plain

    @property
    def is_quoted(self) -> bool:
        return bool(_QUOTED.match(self.raw)) and not self.raw.lstrip().startswith("|-")


def fold(
    text: str,
    languages: Sequence[str] = (),
    *,
    quotes: Sequence[tuple[int, int]] = (),
    signatures: Sequence[int] = (),
    is_forward: bool = False,
) -> Folded:
    """Split a mail's text. `languages` (BCP 47) come first in the library's pass; `quotes` and `signatures` are what the HTML
    marked (`html.Marked`). Whoever forwards a mail (`is_forward`) wants it read: it is not folded. When nothing of the sender's
    own would be left, nothing is folded."""
    lines = _lines(text)
    if len(lines) > MOST_LINES:
        # Somebody's log or a bomb: what is quoted is looked for in its beginning only.
        at = lines[MOST_LINES].start
        inside = [(start, min(end, at)) for start, end in quotes if start < at]
        head = fold(
            text[:at], languages, quotes=inside, signatures=[one for one in signatures if one < at], is_forward=is_forward
        )
        return Folded(text=head.text, folded=head.folded + text[at:]) if head.folded else Folded(text=text, folded="")
    quoted = _quoted_lines(lines, quotes, is_forward=is_forward)
    end = _quote_start(lines, quoted, is_forward=is_forward)
    found = bool(quoted) or end < len(lines)
    if not found and not is_forward and not any(_is_forwarding(line) for line in lines):
        end = _library_cut(lines, languages)
    cut = _strip(lines, quoted, end, signatures)
    if not any(not line.is_blank and number not in quoted for number, line in enumerate(lines[:cut])):
        return Folded(text=text, folded="")
    # The blank lines between the two stay with the words.
    cut = _next_line(lines, cut)
    at = lines[cut].start if cut < len(lines) else len(text)
    return Folded(text=text[:at], folded=text[at:])


def _lines(text: str) -> list[_Line]:
    lines, start = [], 0
    for raw in text.splitlines(keepends=True)[: MOST_LINES + 1]:
        plain = _DIRECTIONS.sub("", unicodedata.normalize("NFC", raw)).strip().lower()
        lines.append(_Line(start, raw, plain))
        start += len(raw)
    return lines


def _quoted_lines(lines: list[_Line], quotes: Sequence[tuple[int, int]], *, is_forward: bool) -> set[int]:
    """Numbers of lines that quote: with a mark before them, or inside what the HTML says is a quote."""
    quoted = {number for number, line in enumerate(lines) if line.is_quoted}
    starts = [line.start for line in lines]
    # Of an HTML with a hundred thousand quotes only those that hold lines count: the others cost a look-up each.
    for start, end in () if is_forward else quotes:
        first, behind = bisect_left(starts, start), bisect_left(starts, end)
        begun = lines[first - 1] if first else None
        if begun is not None and start < begun.start + len(begun.raw) - 1:
            first -= 1
        inside = [number for number in range(first, behind) if not lines[number].is_blank]
        if inside and not _is_forwarding(lines[inside[0]]):
            quoted |= set(inside)
    headers: set[int] = set()
    for number in range(len(lines)):
        if number in quoted or number in headers or lines[number].is_blank:
            continue
        length = _header_length(lines, number)
        if length and _next_line(lines, number + length) in quoted:
            headers |= set(range(number, number + length))
    return quoted | headers


def _quote_start(lines: list[_Line], quoted: set[int], *, is_forward: bool) -> int:
    """The line from which on everything is a mail that is answered, without marks before its lines."""
    for number, line in enumerate(lines):
        if line.is_blank or number in quoted:
            continue
        if _is_forwarding(line):
            # What is handed on is read as it stands; nothing below it is a quote of this conversation.
            return len(lines)
        if is_forward:
            continue
        if _is_original(lines, number) or _block_length(lines, number):
            return number
        length = _header_length(lines, number)
        follows = _next_line(lines, number + length)
        if length and follows < len(lines) and follows not in quoted:
            return number
    return len(lines)


def _strip(lines: list[_Line], quoted: set[int], end: int, signatures: Sequence[int]) -> int:
    """Take quotes, signatures and notices off the end, as often as there are any."""
    starts = [line.start for line in lines]
    # A mail may mark a hundred thousand places; they stand on at most `MOST_LINES` lines.
    length = lines[-1].start + len(lines[-1].raw) if lines else 0
    marked = sorted({_next_line(lines, bisect_right(starts, at) - 1) for at in signatures if 0 <= at < length})
    while True:
        before = end
        while end and (lines[end - 1].is_blank or (end - 1) in quoted or _RULE.match(lines[end - 1].plain)):
            end -= 1
        for find in (_signature, _notice, _sent_from, _closing):
            end = find(lines, quoted, end)
        place = bisect_left(marked, end - 3 * LONGEST_SIGNATURE)
        if place < len(marked) and marked[place] < end:
            end = marked[place]
        if end == before:
            return end


def _next_line(lines: list[_Line], number: int) -> int:
    while number < len(lines) and lines[number].is_blank:
        number += 1
    return number


def _is_forwarding(line: _Line) -> bool:
    words = _between_dashes(line.plain)
    return words.startswith(FORWARDED) if words else line.plain.strip(" :*>") in FORWARDED


def _between_dashes(plain: str) -> str:
    """The words of "----- Original Message -----"; "" for any other line."""
    line = plain[:_LONGEST_MARK].lstrip("\t >*").rstrip("\t *")
    words = line.strip(_DASHES)
    before = len(line) - len(line.lstrip(_DASHES))
    is_between = before >= 2 and len(line) - before - len(words) >= 2
    return words.strip(" \t:") if is_between else ""


def _is_original(lines: list[_Line], number: int) -> bool:
    """-----Original Message-----, or dashes around anything that stands above Outlook's block."""
    words = _between_dashes(lines[number].plain)
    if words in ORIGINAL:
        return True
    return bool(words or _RULE.match(lines[number].plain)) and bool(_block_length(lines, _next_line(lines, number + 1)))


def _block_length(lines: list[_Line], number: int) -> int:
    """How many lines of From, Sent, To, Subject begin here; 0 when it is no such block."""
    kinds: set[str] = set()
    at = number
    while at < len(lines) and at < number + 14:
        kind, said = _label(lines[at])
        if not kind and (at == number or lines[at].is_blank):
            # Some programs put a blank line between the lines of the block.
            if at == number or at + 1 == len(lines) or not _label(lines[at + 1])[0]:
                break
        elif not kind and "subject" in kinds:
            break
        elif kind:
            if at == number and kind != "from" and not (kind == "sent" and _DATED.search(said)):
                break
            kinds.add(kind)
        at += 1
    return at - number if "from" in kinds and len(kinds) >= 3 else 0


def _label(line: _Line) -> tuple[str, str]:
    """What "*From:* Ann" labels (from, sent, to, subject; "" for anything else), and what stands behind the colon."""
    words, *rest = _COLON.split(line.plain[:_LONGEST_MARK], maxsplit=1)
    return (_KINDS.get(words.replace("*", " ").replace("_", " ").strip(), ""), rest[0]) if rest else ("", "")


def _kinds() -> dict[str, str]:
    kinds: dict[str, str] = {}
    for kind, words in (("to", TO), ("sent", SENT), ("subject", SUBJECT), ("from", FROM)):
        kinds |= dict.fromkeys(words, kind)
    return kinds


_KINDS = _kinds()


def _header_length(lines: list[_Line], number: int) -> int:
    """How many lines make up "On 3 May 2026, Ann <ann@example.com> wrote:" here; 0 when it is none.

    It ends with a colon and says when or from which address, and that somebody wrote; or both address and date (many languages
    put no verb there).
    """
    joined = ""
    for length in range(1, _LONGEST_HEADER + 1):
        if number + length > len(lines) or lines[number + length - 1].is_blank:
            return 0
        joined = f"{joined} {lines[number + length - 1].plain}".strip()
        if len(joined) > 400:
            return 0
        if not _HEADER_END.search(joined):
            # Hebrew, Arabic and Thai programs leave the colon out, or put it where the line begins.
            if not (joined.endswith(_BARE_VERBS) and _DATED.search(joined) and _ADDRESS.search(joined)):
                continue
            return length
        says_so = any(_has_word(joined, verb) for verb in WROTE)
        has_address, has_date = bool(_ADDRESS.search(joined)), bool(_DATED.search(joined))
        if (says_so and (has_address or has_date)) or (has_address and has_date):
            return length
        return 0
    return 0


_BARE_VERBS = ("כתב", "כתבה", "כתב/ה", "كتب", "كتبت", "เขียน", "เขียนว่า", "写道", "寫道", "ने लिखा")


def _has_word(text: str, word: str) -> bool:
    at = text.find(word)
    while at >= 0:
        before, after = text[at - 1 : at] if at else " ", text[at + len(word) : at + len(word) + 1]
        if not word[0].isascii() or (not before.isalpha() and not after.isalpha()):
            return True
        at = text.find(word, at + 1)
    return False


def _signature(lines: list[_Line], quoted: set[int], end: int) -> int:
    """Everything below a line of two dashes (RFC 3676 §4.3), when it is no longer than signatures are."""
    for number in range(end - 1, max(-1, end - 3 * LONGEST_SIGNATURE), -1):
        if number not in quoted and _SIGNATURE.match(lines[number].plain):
            return number
    return end


def _notice(lines: list[_Line], quoted: set[int], end: int) -> int:
    for number in range(max(0, end - LONGEST_NOTICE), end):
        if number not in quoted and lines[number].plain.lstrip("*_ ").startswith(DISCLAIMERS):
            return number
    return end


def _sent_from(lines: list[_Line], quoted: set[int], end: int) -> int:
    """ "Sent from my iPhone", with at most two short lines behind it."""
    for number in range(end - 1, max(-1, end - 4), -1):
        plain = lines[number].plain
        if number not in quoted and len(plain) <= 100 and plain.lstrip("[(*_ ").startswith(SENT_FROM) and "?" not in plain:
            rest = [line for line in lines[number + 1 : end] if not line.is_blank]
            if all(len(line.plain) <= 60 for line in rest):
                return number
    return end


def _closing(lines: list[_Line], quoted: set[int], end: int) -> int:
    """ "Kind regards" alone on a line, with nothing but a card behind it: short lines that ask nothing."""
    for number in range(max(1, end - LONGEST_SIGNATURE), end):
        if number in quoted or _CJK_CLOSING.sub("", lines[number].plain[:_LONGEST_MARK]) not in _CLOSINGS:
            continue
        card = [line for line in lines[number + 1 : end] if not line.is_blank]
        if all(len(line.plain) <= LONGEST_CARD_LINE and not line.plain.rstrip().endswith(("?", "？", "؟")) for line in card):
            return number
    return end


_CLOSINGS = frozenset(CLOSINGS)


def _library_cut(lines: list[_Line], languages: Sequence[str]) -> int:
    """The line at which the library sees the first quoted mail begin; `len(lines)` when it sees none.

    Only what looks like a header there is believed: it takes some ordinary sentences for one.
    """
    sample = _sample(lines)
    if not sample.strip():
        return len(lines)
    wanted = [tag.partition("-")[0].lower() for tag in languages]
    known = [tag for tag in dict.fromkeys((*wanted, *_LIBRARY_LANGUAGES)) if tag in _LIBRARY_LANGUAGES]
    replies = EmailReplyParser(languages=known).read(sample).replies
    if len(replies) < 2:
        return len(lines)
    header = (replies[1].headers or "").strip().split("\n")
    first = " ".join(header[0].split()).lower()
    for number, line in enumerate(lines):
        if first and " ".join(line.plain[:_LIBRARY_LINE].split()) == first and len(header) + number <= len(lines):
            is_header = len(header) > 1 or bool(_HEADER_END.search(first)) or bool(_between_dashes(first))
            rest = lines[number + len(header) :]
            has_own = any(not one.is_blank and not one.is_quoted for one in rest)
            is_marked = any(one.is_quoted for one in rest)
            return number if is_header and not (is_marked and has_own) else len(lines)
    return len(lines)


def _sample(lines: list[_Line]) -> str:
    sample: list[str] = []
    length = 0
    for line in lines:
        short = " ".join(line.raw[:_LIBRARY_LINE].split())
        if not short and sample and not sample[-1]:
            continue
        length += len(short) + 1
        if length > _LIBRARY_READS:
            break
        sample.append(short)
    return "\n".join(sample)
