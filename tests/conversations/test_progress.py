"""News of a message in any order end in the same state."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_app.conversations.progress import LONGEST_WAIT, RANKS, PartState, further, status_of, wait_after

STATUSES = st.sampled_from(sorted(RANKS))


def after(news: tuple[str, ...], start: str = "queued") -> str:
    for one in news:
        start = further(start, one)
    return start


@given(st.lists(STATUSES, max_size=6), STATUSES)
def test_the_order_and_the_number_of_news_do_not_matter(news: list[str], start: str) -> None:
    expected = after(tuple(news), start)
    assert after(tuple(reversed(news)), start) == expected
    assert after((*news, *news), start) == expected


@given(STATUSES, STATUSES)
def test_nothing_goes_back(known: str, news: str) -> None:
    assert RANKS[further(known, news)] >= RANKS[known]


def test_a_refusal_counts_unless_the_customer_has_it() -> None:
    assert {after(news) for news in permutations(("sent", "failed"))} == {"failed"}
    assert {after(news) for news in permutations(("sent", "failed", "delivered"))} == {"delivered"}
    assert further("read", "failed") == "read"


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        (("sent",), "sent"),
        (("read", "delivered"), "delivered"),
        (("read", "queued"), "queued"),
        (("sent", "sending"), "queued"),
        (("read", "unknown"), "unknown"),
        (("queued", "failed", "unknown"), "failed"),
    ],
)
def test_a_message_is_as_far_as_its_last_part(parts: tuple[str, ...], status: str) -> None:
    assert status_of([PartState(status=one) for one in parts])[0] == status


def test_its_problem_is_that_of_the_part_it_hangs_on() -> None:
    parts = [PartState(status="sent"), PartState(status="failed"), PartState(status="failed", error="Too long")]
    assert status_of(parts) == ("failed", "Too long")
    assert status_of([PartState(status="queued", error="Paused")]) == ("queued", "Paused")


@given(st.integers(min_value=0, max_value=1_000), st.integers(min_value=0, max_value=7_200), st.floats(min_value=0, max_value=1))
def test_pauses_grow_to_a_bound_and_honour_what_was_asked(attempts: int, asked: int, spread: float) -> None:
    wait = wait_after(attempts, timedelta(seconds=asked), spread)
    assert timedelta(seconds=asked) <= wait <= max(LONGEST_WAIT, timedelta(seconds=asked)) * 1.31
    assert wait_after(attempts, None, 0) <= wait_after(attempts + 1, None, 0)
