"""Reading files: structure kept, traps and nonsense refused in words, never a risk for the process that asks."""

import io
import zipfile

import docx
import pytest

from omni_app.knowledge.reading import Text, Unreadable
from omni_app.knowledge.reading.apart import read_apart
from omni_app.knowledge.reading.bounds import MAX_CHARACTERS
from omni_app.knowledge.reading.choosing import read_file
from tests.knowledge.paper import VISIT, make_bomb, make_docx, make_pdf, make_scan


def read(data: bytes | str, name: str = "") -> tuple[str, Text]:
    return read_file(data.encode() if isinstance(data, str) else data, name)


def blocks(text: Text) -> list[tuple[str, str]]:
    """(innermost heading, text) of each block."""
    return [(block.path[-1] if block.path else "", text.text[block.start : block.end]) for block in text.blocks]


def test_markdown_keeps_headings_lists_and_tables() -> None:
    kind, text = read(VISIT, "visit.md")
    assert kind == "markdown"
    assert ("Parking", "The garage on Salter Street is free for patients for two hours. Bring the ticket to the desk.") in blocks(
        text
    )
    assert ("Whitening", "Treatment: Night guard\nPrice: $420") in blocks(text)
    assert text.blocks[-1].path == ("Your visit", "Parking")
    _, lists = read(
        "# A\n\n1. one\n2. two\n   - deep\n\n> said\n\n```\ncode here\n```\n\n[a link](http://x.example) and **bold**"
    )
    assert [line for _, line in blocks(lists)] == ["1. one", "2. two", "- deep", "said", "code here", "a link and bold"]


def test_plain_text_finds_headings_and_joins_wrapped_lines() -> None:
    wrapped = (
        "Opening hours\n\nWe are open from Monday to Friday, from eight in the mor-\n"
        "ning until six in the evening, and on the first\nSaturday of the month.\n\nParking\n\nBehind the house."
    )
    kind, text = read(wrapped, "x.txt")
    assert kind == "text"
    assert blocks(text)[0] == (
        "Opening hours",
        "We are open from Monday to Friday, from eight in the morning until six in the evening, and on the first Saturday of the "
        "month.",
    )
    assert blocks(text)[1] == ("Parking", "Behind the house.")


def test_html_drops_scripts_menus_and_what_is_hidden() -> None:
    page = """<!doctype html><html><head><title>T</title><style>p{}</style></head><body><nav>Home</nav><script>alert(1)</script>
      <h1>Prices</h1><p>First <b>bold</b> line.<br>Second line.</p><p style="display: none">secret one</p>
      <div hidden>secret two</div><span aria-hidden="true">secret three</span><!-- secret four --><template>secret five</template>
      <ul><li>one</li><li>two</li></ul>
      <table><tr><th>Item</th><th>Cost</th></tr><tr><td>Crown</td><td>$900</td></tr></table></body></html>"""
    kind, text = read(page, "page.pdf")
    assert kind == "html"
    assert blocks(text) == [
        ("Prices", "First bold line.\nSecond line."),
        ("Prices", "- one"),
        ("Prices", "- two"),
        ("Prices", "Item: Crown\nCost: $900"),
    ]
    assert "secret" not in text.text


def test_a_table_names_its_columns_in_every_row() -> None:
    kind, text = read("Name;Preis\nKrone;900 €\nFüllung, einflächig;150 €\n".encode("cp1252"), "preise.csv")
    assert kind == "csv"
    assert [line for _, line in blocks(text)] == ["Name: Krone\nPreis: 900 €", "Name: Füllung, einflächig\nPreis: 150 €"]
    assert {block.form for block in text.blocks} == {"row"}
    _, bare = read("1,2\n3,4\n", "x.csv")
    assert [line for _, line in blocks(bare)] == ["1\n2", "3\n4"]


def test_a_word_file_keeps_headings_lists_and_tables() -> None:
    kind, text = read(make_docx(), "x")
    assert kind == "docx"
    assert blocks(text) == [
        ("Whitening", "Whitening takes one hour."),
        ("Whitening", "- Bring a friend"),
        ("Whitening", "Treatment: Crown\nPrice: $900"),
        ("Whitening", "Treatment: Filling\nPrice: $150"),
    ]


def test_a_pdf_knows_pages_and_headings_and_drops_what_repeats() -> None:
    pages = [[(f"Chapter {n}", f"Sentence one of chapter {n} says something. Sentence two follows it.")] for n in range(1, 6)]
    kind, text = read(make_pdf(pages, header="Harbour Dental"), "x.pdf")
    assert (kind, text.pages) == ("pdf", 5)
    assert "Harbour Dental" not in text.text
    assert [(block.path, block.page) for block in text.blocks] == [((f"Chapter {n}",), n) for n in range(1, 6)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (make_scan(), "pictures of pages, no text"),
        (make_pdf([[("A", "text")]], encrypted="secret"), "protected with a password"),
        (make_pdf([[("A", "text")]])[:400], "damaged"),
        (b"%PDF-1.7\nnothing", "damaged"),
        (make_bomb(), "would unpack to far more"),
        (b"", "empty"),
        (b"\x00" * 500, "empty"),
        (bytes(range(256)) * 50, "no document Omni can read"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)) * 4, "This is a picture."),
        (b"<html><body><nav>Home</nav></body></html>", "no text in this file"),
        (b"word " * (MAX_CHARACTERS // 4), "more than 2,000,000 characters"),
    ],
    ids=["scan", "encrypted", "cut off", "no pdf", "bomb", "empty", "zeros", "binary", "photo", "no text", "too long"],
)
def test_what_cannot_be_read_says_so_in_words(data: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        read(data)


def test_the_content_decides_not_the_name() -> None:
    assert read(make_pdf([[("A", "Some text.")]]), "notes.txt")[0] == "pdf"
    assert read("# Title\n\nText.", "notes.pdf")[0] == "markdown"
    assert read("Just words here.", "notes.docx")[0] == "text"


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_charsets_are_told_apart(charset: str) -> None:
    assert read("Grüße aus Köln, für 15 € – schön.".encode(charset))[1].text == "Grüße aus Köln, für 15 € – schön."


def test_control_characters_and_half_characters_are_left_out() -> None:
    assert read("a\x00b\x07c \ud83d".encode("utf-8", "surrogatepass").replace(b"\xed\xa0\xbd", b"?") + b"\x0bend " + b"x" * 500)[
        1
    ].text.startswith("abc ?end ")


async def test_reading_apart_gives_exact_spans() -> None:
    reading = await read_apart(VISIT.encode(), "visit.md")
    assert reading.kind == "markdown"
    assert [reading.text[one.start : one.end] for one in reading.passages if one.heading.endswith("Parking")] == [
        "The garage on Salter Street is free for patients for two hours. Bring the ticket to the desk."
    ]


async def test_a_file_with_billions_of_laughs_ends_only_the_process_that_reads_it() -> None:
    laughs = '<!DOCTYPE l [<!ENTITY a "' + "ha" * 500 + '">'
    laughs += "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 40}">' for n in range(8)) + "]>"
    file = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("MARK")
    document.save(file)
    bomb = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file.getvalue())) as old, zipfile.ZipFile(bomb, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "word/document.xml":
                head, body = data.split(b"?>", 1)
                data = head + b"?>" + laughs.encode() + body.replace(b"MARK", b"&i;")
            new.writestr(name, data)
    with pytest.raises(Unreadable):
        await read_apart(bomb.getvalue(), "x.docx")


async def test_deep_nesting_is_no_trap() -> None:
    deep = b"<html><body>" + b"<div>" * 50_000 + b"<p>hello there</p>"
    with pytest.raises(Unreadable):
        await read_apart(deep, "x.html")
    quotes = await read_apart((">" * 5_000 + " deep\n\nText that can be read.").encode(), "x.md")
    assert "Text that can be read." in quotes.text


async def test_two_hundred_pages_are_read_within_the_limits() -> None:
    pages = [[(f"Chapter {n}", "Brush twice a day for two minutes and floss once. " * 8)] for n in range(200)]
    reading = await read_apart(make_pdf(pages), "long.pdf")
    assert reading.pages == 200
    assert len(reading.passages) >= 200
