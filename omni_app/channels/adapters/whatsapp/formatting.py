"""Markdown as our answers use it, in WhatsApp's own signs: *bold* _italic_ ~strike~ and plain links.

https://faq.whatsapp.com/539178204879377. The result is never longer than the Markdown, so a text cut to the limit stays in it.
"""

import re

_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)")
_LINK = re.compile(r"\[([^\]\n]+)\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)")
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
_BOTH = re.compile(r"(?<![*\w])\*\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*\*(?![*\w])")
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*|(?<!\w)__(?=\S)(.+?)(?<=\S)__(?!\w)")
_ITALIC = re.compile(r"(?<![*\w])\*(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*(?![*\w])")
_STRIKE = re.compile(r"~~(?=\S)(.+?)(?<=\S)~~")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!~>|])")
_RULE = re.compile(r"^[ \t]*(?:-{3,}|\*{3,}|_{3,})[ \t]*$", re.MULTILINE)
# Noncharacters (Unicode 23.7), which no text holds: for a bold sign while italics are looked for, and for escaped signs.
_MARK = "\ufdd0"
_KEPT = {sign: chr(0xFDD1 + at) for at, sign in enumerate("\\`*_{}[]()#+-.!~>|")}
_GIVEN_BACK = str.maketrans({_MARK: "*", **{kept: sign for sign, kept in _KEPT.items()}})


def to_whatsapp(text: str) -> str:
    """`text` (Markdown) as WhatsApp shows it; code stays as it is."""
    parts: list[str] = []
    end = 0
    for match in _CODE.finditer(text):
        parts.extend((_plain(text[end : match.start()]), match.group()))
        end = match.end()
    return "".join((*parts, _plain(text[end:])))


def _plain(text: str) -> str:
    text = _ESCAPED.sub(lambda found: _KEPT[found.group(1)], text)
    text = _RULE.sub("———", text)
    text = _IMAGE.sub(_link, text)
    text = _LINK.sub(_link, text)
    text = _HEADING.sub(lambda found: f"{_MARK}{found.group(1).strip('*_ ') or found.group(1)}{_MARK}", text)
    text = _BOTH.sub(rf"{_MARK}_\1_{_MARK}", text)
    text = _BOLD.sub(lambda found: f"{_MARK}{found.group(1) or found.group(2)}{_MARK}", text)
    text = _ITALIC.sub(r"_\1_", text)
    text = _STRIKE.sub(r"~\1~", text)
    return text.translate(_GIVEN_BACK)


def _link(found: re.Match[str]) -> str:
    title, url = found.group(1).strip(), found.group(2)
    return url if not title or title == url or title == url.removeprefix("mailto:") else f"{title} ({url})"
