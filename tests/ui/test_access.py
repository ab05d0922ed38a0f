"""The small promises of `ui.access`: cookies, paths, forms, and how errors become words."""

from datetime import timedelta
from uuid import uuid4

import pytest

from omni_app.infra.errors import Forbidden, NotFound, TooMany, Unavailable
from omni_app.ui.access import count_words, form_text, parse_id, read_cookie, same_site_path, sign_in_path, words_of


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", ""),
        ("omni_session=abc", "abc"),
        ("a=1; omni_session=abc=; b=2", "abc="),
        ("xomni_session=no", ""),
        ("omni_session", ""),
    ],
)
def test_cookie_is_read(header: str, expected: str) -> None:
    assert read_cookie(header) == expected


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "evil", "/\tx"]
)
def test_other_sites_are_not_followed(target: str) -> None:
    assert same_site_path(target) == "/"


def test_own_paths_are_followed() -> None:
    assert same_site_path("/inbox?id=1") == "/inbox?id=1"


@pytest.mark.parametrize(
    ("here", "expected"),
    [
        ("/", "/sign-in"),
        ("/sign-in/", "/sign-in"),
        ("/keys/", "/sign-in?next=/keys/"),
        ("/a?b=1&c=2", "/sign-in?next=/a%3Fb%3D1%26c%3D2"),
    ],
)
def test_sign_in_leads_back(here: str, expected: str) -> None:
    assert sign_in_path(here) == expected


def test_form_text_takes_texts_only() -> None:
    form = {"name": "  Maya ", "number": 3, "list": ["x"]}
    assert form_text(form, "name") == "Maya"
    assert form_text(form, "number") == form_text(form, "list") == form_text(form, "none") == form_text("junk", "name") == ""


def test_ids_from_the_browser() -> None:
    given = uuid4()
    assert parse_id(str(given), "key") == given
    for junk in ("", "1", None, {"a": 1}, "x" * 100_000):
        with pytest.raises(NotFound, match="There is no such key"):
            parse_id(junk, "key")


@pytest.mark.parametrize(
    ("error", "title", "detail"),
    [
        (Forbidden(), "Your role cannot do this. Ask an owner.", ""),
        (Forbidden("Only an owner can do this to an owner."), "Only an owner can do this to an owner.", ""),
        (TooMany("Too many tries.", timedelta(seconds=30)), "Too many tries.", "Try again in 30 s."),
        (TooMany("Too many tries.", timedelta(minutes=15)), "Too many tries.", "Try again in 15 min."),
        (Unavailable("The mail server"), "The mail server is unavailable.", "Nothing is lost. Try again in a moment."),
    ],
)
def test_errors_become_words(error: Exception, title: str, detail: str) -> None:
    assert words_of(error) == (title, detail)


def test_the_unexpected_tells_nothing_of_the_inside() -> None:
    title, detail = words_of(RuntimeError("password=hunter2"))
    assert "hunter2" not in title + detail
    assert detail.startswith("Request ")


def test_counts_in_words() -> None:
    assert [count_words(number) for number in (1, 2, 3, 4)] == [
        "One thing needs",
        "Two things need",
        "Three things need",
        "4 things need",
    ]
