"""How documents are shown: sizes, names, parts of a long text, and the span a source points at."""

from datetime import UTC, datetime

import pytest

from omni_app.infra.ids import new_id
from omni_app.knowledge.cutting import read_and_cut
from omni_app.knowledge.documents import DocumentText, DocumentView, PassageSpan
from omni_app.ui.pages.knowledge.adding import shown_name
from omni_app.ui.pages.knowledge.document import _number
from omni_app.ui.pages.knowledge.showing import PART, line_of, part_of, pieces_of, size_words, split_text
from tests.knowledge.paper import VISIT

VIEW = DocumentView(
    id=new_id(),
    title="Your visit",
    kind="pdf",
    file_name="visit.pdf",
    size=1_234_567,
    status="embedding",
    problem="",
    pages=3,
    passages=8,
    passages_done=3,
    version=1,
    is_serving=False,
    created_by="Maya",
    created_at=datetime(2026, 3, 1, tzinfo=UTC),
    updated_at=datetime(2026, 3, 1, tzinfo=UTC),
    ready_at=None,
)


def document() -> DocumentText:
    read = read_and_cut(VISIT.encode(), "x.md")
    spans = [PassageSpan(id=new_id(), heading=one.heading, start=one.start, end=one.end, page=1) for one in read.passages]
    return DocumentText(view=VIEW, text=read.text, passages=tuple(spans))


def test_a_line_says_how_far_it_is() -> None:
    line = line_of(VIEW, UTC)
    assert (line.about, line.progress, line.percent) == ("PDF · 1.2 MB · 3 pages", "3 of 8 passages", "38")


@pytest.mark.parametrize(("size", "words"), [(1, "1 byte"), (812, "812 bytes"), (14_200, "14 kB"), (3_240_000, "3.2 MB")])
def test_sizes_are_words(size: int, words: str) -> None:
    assert size_words(size) == words


def test_a_name_of_five_hundred_characters_keeps_its_ending() -> None:
    shown = shown_name("n" * 500 + ".pdf")
    assert len(shown) <= 81
    assert shown.endswith("nnnn.pdf")
    assert shown_name(None) == shown_name("\x00") == "File without a name"
    assert shown_name("a\nb.pdf") == "a b.pdf"


def test_the_marked_span_is_shown_where_it_stands() -> None:
    shown = document()
    start = shown.text.index("Eat soft food")
    end = start + len("Eat soft food such as yoghurt")
    pieces = pieces_of(shown, (0, len(shown.text)), (start, end))
    assert [piece.marked for piece in pieces if piece.marked] == ["Eat soft food such as yoghurt"]
    assert "\n\n".join(piece.before + piece.marked + piece.after for piece in pieces) == shown.text
    assert [piece.before + piece.after for piece in pieces if piece.form == "h"] == [
        "Your visit",
        "After an extraction",
        "Whitening",
        "Parking",
    ]
    assert [piece.label for piece in pieces if piece.label] == ["Page 1"]
    assert not any(piece.marked for piece in pieces_of(shown, (0, len(shown.text)), (0, 0)))


def test_a_long_text_is_shown_in_parts() -> None:
    text = "\n\n".join(f"Paragraph {n}. " + "x" * 400 for n in range(500))
    parts = split_text(text)
    assert "\n\n".join(text[start:end] for start, end in parts) == text
    assert all(end - start <= PART + 500 for start, end in parts)
    assert part_of(parts, text.index("Paragraph 499.")) == len(parts) - 1
    assert part_of(parts, 0) == part_of(parts, -1) == 0
    assert split_text("") == [(0, 0)]


@pytest.mark.parametrize(("value", "number"), [("12", 12), ("-1", 0), ("٣", 0), (None, 0), ("9" * 30, 0), ("x", 0)])
def test_what_the_address_says_is_a_place_or_nothing(value: object, number: int) -> None:
    assert _number(value) == number
