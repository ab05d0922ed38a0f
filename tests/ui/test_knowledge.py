"""What the knowledge page makes of typed and pasted text."""

import pytest

from omni_app.ui.pages.knowledge.editing import Row, _field, lines_of
from omni_app.ui.pages.knowledge.listing import first_line, plain_text


def test_pasted_lines_become_phrasings_without_marks_and_empty_lines() -> None:
    assert lines_of("parking\r\n\n  • where to park \n- garage\n*\n2 hours parking") == [
        "parking",
        "where to park",
        "garage",
        "2 hours parking",
    ]
    assert lines_of("") == []


@pytest.mark.parametrize(
    ("answer", "line"), [("One.\nTwo.", "One."), ("\n\n  Late.  ", "Late."), ("", ""), ("x" * 200, "x" * 139 + "…")]
)
def test_the_list_shows_an_answer_s_first_line(answer: str, line: str) -> None:
    assert first_line(answer) == line


@pytest.mark.parametrize("value", [None, 3, ["x"], {"a": 1}])
def test_what_is_no_text_is_empty(value: object) -> None:
    assert plain_text(value, 10) == ""


def test_text_is_one_line_that_can_be_stored() -> None:
    assert plain_text(" a\x00b \n c\ud800 ", 100) == "ab c?"
    assert plain_text("x" * 300, 200) == "x" * 200


def test_an_error_of_the_domain_finds_the_row_it_means() -> None:
    rows = [Row(4, "p-4", ""), Row(9, "p-9", "")]
    assert [_field(name, rows) for name in ("question", "phrasings.1", "phrasings", "phrasings.7")] == [
        "question",
        "p-9",
        "phrasings",
        "phrasings.7",
    ]
