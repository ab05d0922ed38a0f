"""Bytes of a mail to text: what the mail says of its charset is believed only as far as it can be true."""

import codecs
import re

from charset_normalizer import from_bytes

# What is written, and what is meant (WHATWG Encoding Standard, https://encoding.spec.whatwg.org/#names-and-labels).
_MEANT = {
    "ascii": "utf-8",
    "us-ascii": "utf-8",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "euc-cn": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "cp-850": "cp850",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
}

# Python also has codecs that are no charsets (zip, rot13) and some that are slow on purpose-built input (punycode).
_CHARSETS = re.compile(
    r"(utf-(7|8|8-sig|16|16-le|16-be|32|32-le|32-be)|iso8859-\d+|cp\d+|koi8-[rut]|gb18030|gbk|big5(hkscs)?|euc_(jp|jis_2004|kr)"
    r"|shift_jis\w*|iso2022_(jp\w*|kr)|johab|hz|mac-\w+|tis-620|ptcp154|hp-roman8)"
)
_SINGLE_BYTE = re.compile(r"iso8859-\d+|cp(?!932|949|950|936|1361)\d+|koi8-[rut]|mac-\w+|tis-620|ptcp154|hp-roman8")
_SAMPLE = 16 * 1024
# Lone surrogates and NUL can be stored nowhere; other control characters say nothing.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufeff]")


def find_charset(label: str) -> str:
    """Python's name of a charset as mails write it, "" when there is none of that name."""
    plain = label.strip().strip("\"'").strip().lower()[:40]
    try:
        name = codecs.lookup(_MEANT.get(plain, plain) or "?").name
    except (LookupError, ValueError):
        return ""
    return name if _CHARSETS.fullmatch(name) else ""


def decode(data: bytes, label: str = "") -> tuple[str, str]:
    """`data` as text, and a problem in words ("" when the mail's own `label` was right or none was needed). Never raises."""
    if (
        data.isascii()
        and b"\x1b" not in data
        and not label.lower().startswith(("utf-7", "utf-16", "utf-32", "hz", "unicode-1-1"))
    ):
        return clean(data.decode("ascii")), ""
    name = find_charset(label)
    # Text of 8-bit charsets is hardly ever valid UTF-8 by chance, so this is what it is, whatever the mail says.
    if not name or _SINGLE_BYTE.fullmatch(name) or name == "utf-8":
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            lied = bool(name) and name != "utf-8"
            return clean(text), f"The mail says its text is {label.strip()[:40]}; it is UTF-8." if lied else ""
    if name and name != "utf-8":
        try:
            return clean(data.decode(name)), ""
        except (UnicodeError, ValueError):
            pass
    said = f"The mail says its text is {label.strip()[:40]}, which it is not" if label.strip() else "The mail names no charset"
    guessed = _guess(data)
    return clean(data.decode(guessed, "replace")), f"{said}; read as {guessed}."


def _guess(data: bytes) -> str:
    best = from_bytes(data[:_SAMPLE], enable_fallback=False).best()
    name = find_charset(best.encoding) if best is not None else ""
    return name or "cp1252"


def clean(text: str) -> str:
    """Text without characters that cannot be stored or shown, with one kind of line ending."""
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
