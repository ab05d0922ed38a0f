"""What in a message looks like abuse: pure functions over the words and the figures of one message.

Each gives a `Sign` or nothing. A sign is a suspicion with its evidence, never a verdict: what follows from it is decided by the
ladder in `abuse`. Every script is read alike: letters and combining marks of Unicode count as letters, so Hindi, Arabic, Thai or
Chinese are text; figures, prices, dates, links and emoji are neither letters nor noise and are left out of the count.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from omni_app.infra.text import normalize

RAPID_FIRE, GIBBERISH, REPETITION, KNOWN_ABUSER, BAD_ADDRESS = KINDS = (
    "rapid_fire",
    "gibberish",
    "repetition",
    "known_abuser",
    "bad_address",
)

# Shorter noise is a face, a gasp or a slip of the hand: "???", ":-)", "...".
SHORTEST_NOISE = 8
# Two wordings this alike are one question with a typo mended.
ALIKE = 0.9
# What is compared of a question; longer ones differ in their beginnings or not at all.
COMPARED = 400
# A question has some substance; "ok" three times is a conversation. A Han, kana or Hangul sign says as much as three letters.
SHORTEST_QUESTION = 8

_LINK = re.compile(r"https?://\S+|www\.\S+|[\w.+-]+@[\w-]+\.[\w.-]+")
# Prices, times, phone and order numbers, sums; a longer run of figures is none of these.
_FIGURES = re.compile(r"[#№]?[+(\[]?\d(?:[\d\s.,:;/()\-–−+*x×=%°]{0,38}\d)?[)\]%°]?")
_FACES = re.compile(r"[:;=8xX][-o'^]?[()\[\]dDpP/\\|3*oO]|<3")
# The lines of a table or under a signature.
_LINES = re.compile(r"[-|+=_*~#]{3,}")
_REPEATED = re.compile(r"([^\w\s])\1{2,}")
_HELD = re.compile(r"(.)\1{2,}")
_NUMBER = re.compile(r"\d+")

# A walk along one row of a keyboard (US, German and French ones), in either direction.
_ROWS = ("qwertyuiop", "qwertzuiopü", "azertyuiop", "asdfghjklöä", "qsdfghjklm", "zxcvbnm", "yxcvbnm", "wxcvbn")
_WALK = 5
_WALKS = frozenset(line[at : at + _WALK] for row in _ROWS for line in (row, row[::-1]) for at in range(len(line) - _WALK + 1))
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{6,}")
_LATIN_WORD = re.compile(r"[a-zà-öø-ÿ]+")
_SHORTEST_MASH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One suspicion. `score` says how far beyond the threshold, 0–1; `evidence` holds plain values for people to look at."""

    kind: str
    score: float
    evidence: dict[str, Any] = field(default_factory=dict)


def rapid_fire(messages: int, most: int, seconds: int) -> Sign | None:
    """`messages` within the last `seconds`, this one counted, are more than `most`."""
    if messages <= most:
        return None
    return Sign(
        kind=RAPID_FIRE,
        score=min(1.0, round(messages / most - 1, 3)),
        evidence={"messages": messages, "seconds": seconds, "most": most},
    )


def gibberish(text: str, most: float) -> Sign | None:
    """More than the share `most` (0–1) of a message is neither letter nor figure, or it is fingers run along the keyboard."""
    # Nearly every message ends here: most of its signs are plainly letters, or too few are not.
    letters = sum(map(str.isalpha, text))
    others = len(text) - letters - sum(map(str.isspace, text))
    if others >= SHORTEST_NOISE and ("://" in text or others > most * (letters + others)):
        share = noise_share(text)
        if share > most:
            score = min(1.0, round((share - most) / (1 - most), 3)) if most < 1 else 1.0
            return Sign(kind=GIBBERISH, score=score, evidence={"text": text[:300], "share": round(share, 3), "most": most})
    if is_mash(text):
        return Sign(kind=GIBBERISH, score=0.5, evidence={"text": text[:300], "keyboard": True})
    return None


def noise_share(text: str) -> float:
    """The share (0–1) of signs that are no letters among those that tell something; 0 when there is too little to tell.

    Spaces, links, figures, currency signs, emoji and invisible joiners are left out; a sign repeated counts at most twice, so a
    row of exclamation marks is temper, not noise. More than four marks on one letter are noise.
    """
    letters = noise = marks = 0
    for pattern in (_LINK, _FIGURES, _FACES, _LINES):
        text = pattern.sub(" ", text)
    for sign in _REPEATED.sub(r"\1\1", text):
        category = unicodedata.category(sign)
        if category[0] == "M":
            marks += 1
            letters, noise = (letters + 1, noise) if marks <= 4 else (letters, noise + 1)
            continue
        marks = 0
        if category[0] == "L":
            letters += 1
        # Currency signs and symbols such as emoji or ticks tell nothing, nor do line breaks and invisible joiners.
        elif category in ("Sm", "Co", "Cn", "Cs") or category[0] in "PN" or (category in ("Sk", "Cc") and sign not in "\n\r\t"):
            noise += sign.isascii() or category != "Sk"
    return noise / (letters + noise) if noise >= SHORTEST_NOISE else 0.0


def is_mash(text: str) -> bool:
    """Whether every word is a walk along the keyboard or a heap of consonants, and there is enough of it to be sure.

    One heap alone may be a code somebody was asked for: it takes two words, or a walk.
    """
    found = _LATIN_WORD.findall(_HELD.sub(r"\1", text.lower()))
    walks = 0
    for word in found:
        is_walk = any(word[at : at + _WALK] in _WALKS for at in range(len(word) - _WALK + 1))
        if not is_walk and _CONSONANTS.fullmatch(word) is None:
            return False
        walks += is_walk
    if sum(map(len, found)) < _SHORTEST_MASH or not (walks or len(found) > 1):
        return False
    # Codes have figures or capitals, and what has letters of another script says something.
    is_plain = not text.isupper() and not any(map(str.isdigit, text))
    return is_plain and sum(map(str.isalpha, text)) == sum(map(len, _LATIN_WORD.findall(text.lower())))


def repetition(text: str, earlier: Sequence[str], times: int) -> Sign | None:
    """The same question for the `times`th time or more; `earlier` are the customer's last messages."""
    # Nearly every message ends here: too few of the earlier ones are as long and of the same letters.
    length, letters = len(text), set(text[:COMPARED].casefold())
    near = [one for one in earlier if abs(len(one) - length) <= length * 0.2 + 6]
    near = [one for one in near if len(letters & set(one[:COMPARED].casefold())) >= 0.7 * len(letters)]
    if 1 + len(near) < times:
        return None
    asked = 1 + count_alike(text, near)
    if asked < times:
        return None
    return Sign(
        kind=REPETITION,
        score=min(1.0, round((asked - times + 1) / times, 3)),
        evidence={"text": text[:300], "asked": asked},
    )


def count_alike(text: str, earlier: Sequence[str]) -> int:
    """How many of `earlier` ask the same: equal when normalised, or nearly so with the same figures."""
    plain = normalize(text[:COMPARED])
    if _substance(plain) < SHORTEST_QUESTION:
        return 0
    return sum(_is_alike(plain, normalize(one[:COMPARED])) for one in earlier)


def _substance(plain: str) -> int:
    return sum(3 if "\u2e80" <= sign <= "\uffdc" else 1 for sign in plain if sign.isalpha())


def _is_alike(one: str, other: str) -> bool:
    if one == other:
        return True
    # "Where is order 118?" and "Where is order 119?" are two questions.
    if abs(len(one) - len(other)) > len(one) * 0.2 + 1 or _NUMBER.findall(one) != _NUMBER.findall(other):
        return False
    # Letters in common first: it is cheap and rules out nearly all.
    if len(set(one) & set(other)) < 0.8 * max(len(set(one)), len(set(other))):
        return False
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE
