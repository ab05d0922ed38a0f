"""The Markdown our answers use, as a mail shows it: plain text for every reader, HTML for those that draw it."""

from collections.abc import Sequence
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

# A text somebody typed, not a document: no raw HTML, no code by indentation, no pictures loaded from elsewhere.
_OFF = ("html_block", "html_inline", "image", "code", "lheading", "reference", "hr")
_LISTS = {"bullet_list_open", "ordered_list_open"}


@lru_cache
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"breaks": True, "html": False}).disable(list(_OFF))


def to_html(text: str) -> str:
    """The text as simple HTML: paragraphs, lists, links, bold and italics. Everything else of it is escaped."""
    return str(_reader().render(text)).strip()


def to_plain(text: str) -> str:
    """The text without its marks: "**now**" is "now", a link stands behind its words in brackets."""
    lines: list[str] = []
    numbers: list[int | None] = []
    bullet, quotes = "", 0
    for token in _reader().parse(text):
        # The items of one list stand together; paragraphs and lists stand apart.
        if token.type in {"paragraph_open", "heading_open", "fence", *_LISTS} and not numbers and lines and lines[-1]:
            lines.append("")
        if token.type in _LISTS:
            numbers.append(int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else None)
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            numbers.pop()
        elif token.type == "list_item_open":
            number = numbers[-1]
            bullet = "- " if number is None else f"{number}. "
            numbers[-1] = None if number is None else number + 1
        elif token.type in {"blockquote_open", "blockquote_close"}:
            quotes += 1 if token.type == "blockquote_open" else -1
        elif token.type in {"inline", "fence"}:
            content = _inline(token.children or ()) if token.type == "inline" else token.content.rstrip("\n")
            lead = "> " * quotes + "  " * max(0, len(numbers) - 1)
            first, *more = content.split("\n")
            lines += [f"{lead}{bullet}{first}".rstrip(), *(f"{lead}{' ' * len(bullet)}{line}".rstrip() for line in more)]
            bullet = ""
    return "\n".join(lines).strip()


def _inline(tokens: Sequence[Token]) -> str:
    parts: list[str] = []
    links: list[tuple[str, int]] = []
    for token in tokens:
        if token.type in {"text", "code_inline"}:
            parts.append(token.content)
        elif token.type in {"softbreak", "hardbreak"}:
            parts.append("\n")
        elif token.type == "link_open":
            links.append((str(token.attrs.get("href", "")), len(parts)))
        elif token.type == "link_close" and links:
            address, start = links.pop()
            if address and address != "".join(parts[start:]):
                parts.append(f" ({address})")
    return "".join(parts)
