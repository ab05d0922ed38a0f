"""Markdown and HTML: headings, paragraphs, lists and tables, without scripts, menus and what is hidden."""

import re
from collections.abc import Iterator

from lxml import etree, html
from markdown_it import MarkdownIt
from markdown_it.token import Token

from omni_app.knowledge.reading.blocks import Text, Unreadable, Writer
from omni_app.knowledge.reading.table import write_rows

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_DROPPED = frozenset(
    [
        "script",
        "style",
        "nav",
        "template",
        "noscript",
        "svg",
        "math",
        "canvas",
        "iframe",
        "object",
        "embed",
        "form",
        "button",
        "select",
        "input",
        "textarea",
        "dialog",
        "menu",
    ]
)
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "main",
        "li",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "blockquote",
        "pre",
        "address",
        "figure",
        "figcaption",
        "header",
        "footer",
        "aside",
        "details",
        "summary",
        "body",
        "table",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "caption",
        "center",
        "fieldset",
        "hgroup",
    ]
)
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]*[1-9])|opacity\s*:\s*0(?![.\d]*[1-9])"
)


def read_markdown(text: str) -> Text:
    """CommonMark with tables. HTML inside is read as text without its tags."""
    writer = Writer()
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    rows: list[list[str]] = []
    place = 0
    items: list[int] = []
    while place < len(tokens):
        token = tokens[place]
        if token.type == "heading_open":
            writer.head(int(token.tag[1]), _inline(tokens[place + 1]))
            place += 2
        elif token.type == "table_open":
            rows = []
        elif token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            rows[-1].append(_inline(tokens[place + 1]))
            place += 2
        elif token.type == "table_close":
            write_rows(writer, rows)
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            items.append(int(token.attrGet("start") or 1) if token.type == "ordered_list_open" else 0)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            items.pop()
        elif token.type == "list_item_open":
            place = _item(writer, tokens, place, items)
        elif token.type == "inline":
            writer.add(_inline(token))
        elif token.type in ("fence", "code_block"):
            writer.add(token.content)
        elif token.type == "html_block":
            writer.add(_tagless(token.content))
        place += 1
    return writer.finish()


def _item(writer: Writer, tokens: list[Token], place: int, items: list[int]) -> int:
    """Write an item's first line with its mark; what else is in the item follows as blocks."""
    mark = "- " if not items[-1] else f"{items[-1]}. "
    items[-1] += 1 if items[-1] else 0
    if place + 2 < len(tokens) and tokens[place + 1].type == "paragraph_open":
        writer.add(mark + _inline(tokens[place + 2]))
        return place + 3
    return place


def _inline(token: Token) -> str:
    parts: list[str] = []
    for child in token.children or ():
        if child.type == "image":
            parts.append(child.content)
        elif child.type == "softbreak":
            parts.append(" ")
        elif child.type == "hardbreak":
            parts.append("\n")
        elif child.type == "html_inline":
            parts.append("\n" if child.content.lower().startswith("<br") else "")
        else:
            parts.append(child.content)
    return "".join(parts)


def _tagless(markup: str) -> str:
    try:
        root = _parse(markup.encode(), "utf-8")
    except Unreadable:
        return ""
    return "\n".join(line for _, line in _pieces(root))


def read_html(text: str) -> Text:
    """What a visitor of the page reads, from its `main` or `article` when it has one."""
    root = _parse(text.encode("utf-8", "replace"), "utf-8")
    main = root.xpath("//main") or root.xpath("//*[@role='main']") or root.xpath("//article")
    parts = main if main and len("".join(part.text_content() for part in main)) > 200 else [root]
    writer = Writer()
    for part in parts:
        for tag, piece in _pieces(part):
            if tag in _HEADINGS:
                writer.head(_HEADINGS[tag], piece)
            elif tag == "table":
                continue
            else:
                writer.add(f"- {piece}" if tag == "li" else piece)
    return writer.finish() if not _tables(parts) else _with_tables(parts)


def _tables(parts: list[html.HtmlElement]) -> bool:
    return any(part.xpath(".//table[.//tr/*[2]]") for part in parts)


def _with_tables(parts: list[html.HtmlElement]) -> Text:
    writer = Writer()
    for part in parts:
        for tag, piece in _pieces(part, tables=True):
            if tag in _HEADINGS:
                writer.head(_HEADINGS[tag], piece)
            elif tag == "table":
                write_rows(writer, [row.split("\x1f") for row in piece.split("\x1e")])
            else:
                writer.add(f"- {piece}" if tag == "li" else piece)
    return writer.finish()


def _parse(markup: bytes, charset: str) -> html.HtmlElement:
    parser = html.HTMLParser(encoding=charset, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(markup, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable("There is no text in this file.") from error
    for element in list(root.iter(etree.Element)):
        if element.getparent() is not None and _is_dropped(element):
            element.drop_tree()
    return root


def _is_dropped(element: html.HtmlElement) -> bool:
    return (
        element.tag in _DROPPED
        or element.tag in ("head", "title")
        or "hidden" in element.attrib
        or element.get("aria-hidden") == "true"
        or bool(_HIDDEN.search(element.get("style", "").lower()))
    )


def _pieces(root: html.HtmlElement, tables: bool = False) -> Iterator[tuple[str, str]]:
    """(tag, text) of each run of text between two block borders, in reading order.

    Walked without recursion: a page may nest thousands of elements.
    """
    written: list[str] = []
    tag = "p"
    skipped: html.HtmlElement | None = None

    def flush() -> str:
        text = re.sub(r"[ \t\n\r\f]+", " ", "".join(written)).replace("\x00", "\n").strip()
        written.clear()
        return text

    for event, element in etree.iterwalk(root, events=("start", "end")):
        name = element.tag
        if skipped is not None:
            if event == "end" and element is skipped:
                skipped = None
                written.append(element.tail or "")
            continue
        if event == "start":
            if tables and name == "table" and element.xpath(".//tr/*[2]"):
                if piece := flush():
                    yield tag, piece
                yield (
                    "table",
                    "\x1e".join("\x1f".join(_cell(cell) for cell in row.xpath("./td|./th")) for row in element.iter("tr")),
                )
                skipped = element
                continue
            if name in _HEADINGS or name in _BLOCKS:
                if piece := flush():
                    yield tag, piece
                tag = name
            elif name == "br":
                written.append("\x00")
            elif name in ("td", "th"):
                written.append(" ")
            written.append(element.text or "")
        else:
            if name in _HEADINGS or name in _BLOCKS:
                if piece := flush():
                    yield tag, piece
                tag = "p"
            if element is not root:
                written.append(element.tail or "")
    if piece := flush():
        yield tag, piece


def _cell(cell: html.HtmlElement) -> str:
    return " ".join(cell.text_content().split())
