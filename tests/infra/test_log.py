"""Logs hide secrets and addresses."""

import pytest

from omni_app.infra.log import mask, mask_value


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("mail to sofia.marin@example.com failed", "sofia.marin"),
        ("call +1 (902) 555-0148 now", "555-0148"),
        ("key ebk_abcdefghijk is wrong", "abcdefghijk"),
        ("Bearer sk-verysecretvalue", "verysecretvalue"),
        ("postgresql://omni:hunter2@db/omni", "hunter2"),
    ],
)
def test_personal_and_secret_parts_are_masked(text: str, hidden: str) -> None:
    assert hidden not in mask(text)


@pytest.mark.parametrize(
    "text", ["took 12345 ms", "id 01a1fc1c-4da5-7ad7-ab6d-fd738eefd758", "2026-11-21T03:17:54.701949Z", "page 3 of 7"]
)
def test_figures_ids_and_times_stay_readable(text: str) -> None:
    assert mask(text) == text


def test_values_are_masked_by_the_name_they_carry() -> None:
    assert mask_value("password", "x") == "***"
    assert mask_value("", {"api_key": "x", "nested": [{"email": "ann@example.com"}], "count": 3}) == {
        "api_key": "***",
        "nested": [{"email": "a***@example.com"}],
        "count": 3,
    }
