"""HTML of mails: as text for reading and answering, and made harmless for showing.

`to_text` is for machines and lists: links stand behind their words, quoted passages get "> ", what is hidden is left out.
`sanitise` keeps what a mail may look like and nothing that runs, asks or loads; the viewer still shows it in a sandboxed frame.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import nh3
from lxml import etree

LONGEST_HTML = 2_000_000
LONGEST_LINK = 300
_DEEPEST = 250

_SKIPPED = frozenset(("head", "style", "script", "template", "title", "noscript", "svg", "math", "object", "iframe", "select"))
_PARAGRAPHS = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "blockquote", "pre", "table", "hr"))
_BLOCKS = _PARAGRAPHS | frozenset(
    ("div", "tr", "li", "dt", "dd", "section", "article", "header", "footer", "address", "center", "form", "fieldset", "aside")
)
# Elements that end by themselves do not nest.
_UNNESTED = frozenset(
    ("p", "li", "td", "th", "tr", "dt", "dd", "option", "br", "img", "hr", "meta", "link", "input", "col", "wbr", "base", "area")
)
# What a paragraph that ends opens anew in the next one (https://html.spec.whatwg.org/#the-list-of-active-formatting-elements),
# and what keeps an end tag from closing what was opened outside.
_FORMATTING = frozenset(("a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"))
_SCOPES = frozenset(("table", "td", "th", "caption", "applet", "marquee", "object", "template"))
_MOST_REOPENED = 400_000
_ANY_TAG = re.compile(r"<[^<>]*>")
_TAG_NAME = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})")
_SPACE = re.compile(r"[ \t\r\n\f\xa0]+")
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|font-size\s*:\s*0(?![.\d]*[1-9])", re.IGNORECASE
)
# Outlook draws a line above what it quotes, in these two colours since 2007.
_OUTLOOK_LINE = re.compile(r"border-top\s*:\s*solid\s+#(?:e1e1e1|b5c4df)", re.IGNORECASE)

# Containers of what is quoted, by mail program: Gmail, Yahoo, Thunderbird, Proton, Zoho, GMX, Outlook on phones.
_QUOTE_CLASSES = re.compile(
    r"(^|[\s_])(gmail_quote|gmail_quote_container|yahoo_quoted|protonmail_quote|zmail_extra|moz-cite-prefix"
    r"|ms-outlook-mobile-reference-message|tutanota_quote)($|\s)"
)
_QUOTE_IDS = frozenset(("mail-editor-reference-message-container", "olk_src_body_section", "isforwardcontent"))
# From here on everything is quoted: Outlook on the web and its predecessors.
_TAIL_IDS = re.compile(r"(x_)*(divrplyfwdmsg|appendonsend|stopspelling|replysplit)")
_SIGNATURE_CLASSES = re.compile(r"(^|\s)(gmail_signature|moz-signature|protonmail_signature_block)($|\s)")
_SIGNATURE_IDS = re.compile(r"(x_)*(signature|ms-outlook-mobile-signature|applemailsignature)")

_TAG_NAMES = """
    a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn div dl
    dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li mark ol p pre q s samp section small span
    strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr
"""
_TAGS = set(_TAG_NAMES.split())
_ANY = {"align", "dir", "lang", "style", "title", "valign", "width", "height"}
_ATTRIBUTES = {
    "*": _ANY,
    "a": {"href"},
    "img": {"src", "alt"},
    "font": {"color", "face", "size"},
    "table": {"border", "cellpadding", "cellspacing", "bgcolor"},
    "td": {"colspan", "rowspan", "bgcolor", "nowrap"},
    "th": {"colspan", "rowspan", "bgcolor", "nowrap", "scope"},
    "tr": {"bgcolor"},
    "ol": {"start", "type"},
    "blockquote": {"type"},
}
# Nothing that takes an address or leaves its place.
_STYLE_NAMES = """
    color background-color direction font font-family font-size font-style font-weight letter-spacing line-height
    list-style-type margin margin-bottom margin-left margin-right margin-top max-width padding padding-bottom padding-left
    padding-right padding-top text-align text-decoration text-indent text-transform vertical-align white-space width
    word-break border border-bottom border-collapse border-color border-left border-radius border-right border-spacing
    border-style border-top border-width
"""
_STYLES = set(_STYLE_NAMES.split())
_SCHEMES = {"http", "https", "mailto", "tel"}
# A style that calls anything but a colour, or hides what it calls.
_CALLS = re.compile(r"(?<!rgb)(?<!rgba)(?<!hsl)(?<!hsla)\(|\\|@", re.IGNORECASE)
BLOCKED = "data-blocked"


@dataclass(frozen=True, slots=True)
class Marked:
    """Text of an HTML mail with what its markup says: (start, end) of quoted passages, where signatures begin. Offsets into
    `text`."""

    text: str
    quotes: tuple[tuple[int, int], ...] = ()
    signatures: tuple[int, ...] = ()


def to_text(html: str) -> str:
    """The readable text of an HTML mail. Never raises; "" when there is none."""
    return to_marked(html).text


def to_marked(html: str) -> Marked:
    """`to_text` with the places where quotes and signatures stand."""
    source = html[:LONGEST_HTML].replace("\x00", "")
    source = re.sub(r"^\s*<\?xml[^>]*>", "", source)
    if not source.strip():
        return Marked("")
    # Bytes, so that a charset named in the page does not change what was decoded already.
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(source.encode("utf-8", "replace"), parser)
    except etree.LxmlError:
        root = None
    marked = Marked("") if root is None else _Writer().write(root)
    # Nested beyond what the parser follows: the words are there all the same.
    return marked if marked.text or _depth(source) < _DEEPEST else Marked(_SPACE.sub(" ", _ANY_TAG.sub(" ", source)).strip())


class _Writer:
    """Walks a tree once and writes lines. White space is as a browser would show it; a blockquote puts "> " before its lines."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.length = 0
        self.breaks = 0
        self.space = False
        self.depth = 0
        self.pre = 0
        self.lists: list[int | None] = []
        self.quotes: list[tuple[int, int]] = []
        self.signatures: list[int] = []
        self.tail_at: int | None = None

    def write(self, root: etree._Element) -> Marked:
        quoted: list[tuple[etree._Element, int]] = []
        links: list[tuple[etree._Element, int]] = []
        skipped: etree._Element | None = None
        walker = etree.iterwalk(root, events=("start", "end"))
        for event, element in walker:
            tag = element.tag if isinstance(element.tag, str) else ""
            if event == "start":
                if tag in _SKIPPED or _is_hidden(element):
                    walker.skip_subtree()
                    skipped = element
                    continue
                self._open(tag, element)
                if _is_quote(tag, element):
                    quoted.append((element, self.length))
                if tag == "a" and element.get("href"):
                    links.append((element, len(self.out)))
                if element.text:
                    self._put(element.text)
                continue
            if element is not skipped:
                if links and links[-1][0] is element:
                    self._link(str(element.get("href")), links.pop()[1])
                if quoted and quoted[-1][0] is element:
                    self.quotes.append((quoted.pop()[1], self.length))
                self._close(tag)
            if element.tail:
                self._put(element.tail)
        if self.tail_at is not None:
            self.quotes.append((self.tail_at, self.length))
        return Marked("".join(self.out), tuple(sorted(self.quotes)), tuple(self.signatures))

    def _open(self, tag: str, element: etree._Element) -> None:
        if tag in _BLOCKS:
            self._break(2 if tag in _PARAGRAPHS and not (tag in {"ul", "ol"} and self.lists) else 1)
        name = (element.get("id") or "").lower()
        if self.tail_at is None and (_TAIL_IDS.fullmatch(name) or _OUTLOOK_LINE.search(element.get("style") or "")):
            self.tail_at = self.length
        if _SIGNATURE_CLASSES.search(element.get("class") or "") or _SIGNATURE_IDS.fullmatch(name):
            self.signatures.append(self.length)
        if tag == "br":
            self.breaks, self.space = min(self.breaks + 1, 2) if self.out else 0, False
        elif tag == "blockquote":
            self.depth += 1
        elif tag == "pre":
            self.pre += 1
        elif tag in {"ul", "ol"}:
            self.lists.append(1 if tag == "ol" else None)
        elif tag == "li":
            self._item()
        elif tag in {"td", "th"}:
            self.space = True
        elif tag == "img" and (alt := _SPACE.sub(" ", element.get("alt") or "").strip()):
            self._put(f"[{alt[:200]}]")

    def _close(self, tag: str) -> None:
        if tag == "blockquote":
            self._break(2)
            self.depth -= 1
        elif tag in _BLOCKS:
            self._break(2 if tag in _PARAGRAPHS and not (tag in {"ul", "ol"} and len(self.lists) > 1) else 1)
        if tag == "pre":
            self.pre -= 1
        elif tag in {"ul", "ol"} and self.lists:
            self.lists.pop()

    def _item(self) -> None:
        number = self.lists[-1] if self.lists else None
        indent = "  " * max(0, len(self.lists) - 1)
        if number is None:
            self._emit(f"{indent}- ")
        else:
            self.lists[-1] = number + 1
            self._emit(f"{indent}{number}. ")

    def _link(self, href: str, start: int) -> None:
        """Put the address behind the words of a link unless they say it."""
        target = "".join(href.split())
        try:
            parts = urlsplit(target)
        except ValueError:
            return
        if parts.scheme.lower() not in _SCHEMES:
            return
        shown = "".join(self.out[start : start + 50])
        plain = target.partition(":")[2].removeprefix("//").rstrip("/").lower()
        if not plain or plain in "".join(shown.split()).lower():
            return
        if len(target) > LONGEST_LINK:
            target = f"{parts.scheme}://{parts.netloc}/…"
        self._put(f" <{target}>")

    def _break(self, lines: int) -> None:
        self.breaks, self.space = max(self.breaks, lines) if self.out else 0, False

    def _put(self, text: str) -> None:
        if self.pre:
            first, *rest = text.expandtabs(4).split("\n")
            if first:
                self._emit(first)
            for line in rest:
                self.breaks = min(self.breaks + 1, 2) if self.out else 0
                if line.strip():
                    self._emit(line)
            return
        plain = _SPACE.sub(" ", text)
        if plain == " ":
            self.space = True
            return
        if plain.startswith(" "):
            self.space = True
        self._emit(plain.strip())
        self.space = plain.endswith(" ")

    def _emit(self, text: str) -> None:
        if not text:
            return
        if self.breaks or not self.out:
            margin = "> " * min(self.depth, 20)
            # A blank line inside a quote belongs to it.
            blank = f"\n{margin.rstrip()}" if self.breaks > 1 else ""
            self._add((f"{blank}\n" if self.breaks else "") + margin + text)
        else:
            self._add(f" {text}" if self.space and not self.out[-1].endswith((" ", "\n")) else text)
        self.breaks, self.space = 0, False

    def _add(self, text: str) -> None:
        self.out.append(text)
        self.length += len(text)


def _depth(source: str) -> int:
    """How deep elements nest at most, as tags are written. Parsers need quadratic time for what nests without end."""
    open_now: dict[str, int] = {}
    depth = deepest = 0
    for closes, name in _TAG_NAME.findall(source):
        tag = name.lower()
        if tag in _UNNESTED:
            continue
        if not closes:
            open_now[tag] = open_now.get(tag, 0) + 1
            depth += 1
            deepest = max(deepest, depth)
        elif open_now.get(tag):
            open_now[tag] -= 1
            depth -= 1
    return deepest


def _is_blown_up(source: str) -> bool:
    """Whether a browser's parser would make far more of this than is written: of two hundred unclosed `<b>`, each with another
    attribute, it opens all two hundred anew in every paragraph."""
    open_now, reopened = 0, 0
    scopes: list[tuple[str, dict[str, int]]] = [("", {})]
    for closes, name in _TAG_NAME.findall(source):
        tag = name.lower()
        reopened += open_now
        if reopened > _MOST_REOPENED:
            return True
        if tag in _FORMATTING:
            inside = scopes[-1][1]
            if not closes:
                inside[tag] = inside.get(tag, 0) + 1
                open_now += 1
            elif inside.get(tag):
                inside[tag] -= 1
                open_now -= 1
        elif tag in _SCOPES and not closes:
            scopes.append((tag, {}))
        elif tag in _SCOPES and (tag == "table" or scopes[-1][0] == tag):
            while len(scopes) > 1:
                ended, inside = scopes.pop()
                open_now -= sum(inside.values())
                if ended == tag:
                    break
    return False


def _is_hidden(element: etree._Element) -> bool:
    return element.get("hidden") is not None or bool(_HIDDEN.search(element.get("style") or ""))


def _is_quote(tag: str, element: etree._Element) -> bool:
    if tag == "blockquote":
        return True
    if (element.get("id") or "").lower().removeprefix("x_") in _QUOTE_IDS or element.get("name") == "quote":
        return True
    return bool(_QUOTE_CLASSES.search(element.get("class") or ""))


def sanitise(html: str, inline: Mapping[str, str]) -> str:
    """HTML that may be shown: no script, form, frame, style sheet or load. Images are those of `inline` {content id: our own
    URL}; every other `img` has `data-blocked` in place of its source. Links open elsewhere and tell nothing of us."""
    source = html[:LONGEST_HTML].replace("\x00", "")
    if _depth(source) > _DEEPEST or _is_blown_up(source):
        return f"<pre>{nh3.clean_text(to_text(source))}</pre>"
    token = f"https://{secrets.token_hex(12)}.invalid/"
    images = {content_id.strip("<> ").lower(): url for content_id, url in inline.items()}

    def keep(tag: str, name: str, value: str) -> str | None:
        if name == "src":
            scheme, _, rest = value.strip().partition(":")
            found = images.get(rest.strip("<> ").lower()) if scheme.lower() == "cid" else None
            return found or token
        if name == "href":
            return value if value.strip().partition(":")[0].lower() in _SCHEMES else None
        if name == "style" and _CALLS.search(value):
            return None
        return value

    clean = nh3.clean(
        source,
        tags=_TAGS,
        clean_content_tags={"script", "style", "title", "noscript", "template", "textarea", "xmp", "iframe", "object"},
        attributes=_ATTRIBUTES,
        attribute_filter=keep,
        strip_comments=True,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        filter_style_properties=_STYLES,
        url_schemes={*_SCHEMES, "cid"},
    )
    return clean.replace(f'src="{token}"', f'{BLOCKED}="remote"')
