"""Text in any language as it is compared: its normal form and its words."""

import re
import unicodedata

# Invisible characters that change no word a reader sees: soft hyphen, zero-width marks, bidirectional controls, word joiners,
# variation selectors, byte-order mark. A copied or spoofed question must not differ from a typed one by them. The zero-width
# (non-)joiners U+200C and U+200D go too: texts compared here are all treated alike, so nothing is lost but a ligature.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'"})
_CLOSING = " \t.,;:!?…·。！？；：，、؟،؛।॥"
# Python's \w leaves out combining marks, which would break every Hindi, Thai or vocalised Arabic word apart.
_MARKS = "".join(mark for mark in map(chr, range(0x300, 0xFB20)) if unicodedata.category(mark).startswith("M"))
_WORD = re.compile(rf"(?:[^\W_][{_MARKS}]*)+(?:'(?:[^\W_][{_MARKS}]*)+)*")


def normalize(text: str) -> str:
    """The form under which two messages count as the same wording: NFKC, case folded, single spaces, no invisible characters,
    no closing punctuation. Idempotent. Text that is nothing but punctuation stays as it is ("?" and "!" differ)."""
    plain = _fold(_fold(text))
    return plain.rstrip(_CLOSING).lstrip("¿¡ ") or plain


def words(text: str) -> list[str]:
    """The words of a text in lower case; digits count, punctuation and emoji do not."""
    return _WORD.findall(_fold(text))


def _fold(text: str) -> str:
    # Case folding may leave decomposed or compatibility characters behind, hence the second normalisation (Unicode 3.13, D146).
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold())
    return " ".join(folded.translate(_APOSTROPHES).split())
