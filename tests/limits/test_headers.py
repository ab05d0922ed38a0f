from datetime import timedelta

import pytest

from omni_app.limits import Decision, rate_limit_headers

HOUR = timedelta(hours=1)


def decision(**values: object) -> Decision:
    given = {"allowed": True, "limit": 100, "remaining": 41, "reset_after": timedelta(), "name": "api", "window": HOUR}
    return Decision(**{**given, **values})  # type: ignore[arg-type]


def test_both_forms_tell_the_same() -> None:
    assert rate_limit_headers(decision()) == {
        "RateLimit-Limit": "100",
        "RateLimit-Remaining": "41",
        "RateLimit-Reset": "0",
        "RateLimit-Policy": '"api";q=100;w=3600',
        "RateLimit": '"api";r=41;t=0',
    }


@pytest.mark.parametrize(("wait", "told"), [(timedelta(milliseconds=1), "1"), (timedelta(seconds=9), "9"), (HOUR, "3600")])
def test_a_refusal_says_when_to_come_back_rounded_up(wait: timedelta, told: str) -> None:
    headers = rate_limit_headers(decision(allowed=False, remaining=0, reset_after=wait))
    assert headers["Retry-After"] == headers["RateLimit-Reset"] == told
    assert headers["RateLimit"] == f'"api";r=0;t={told}'


def test_nothing_is_said_of_what_nobody_counted() -> None:
    assert rate_limit_headers(decision(is_counted=False)) == {}
    closed = decision(is_counted=False, allowed=False, reset_after=timedelta(seconds=5))
    assert rate_limit_headers(closed) == {"Retry-After": "5"}


def test_a_limit_below_zero_is_told_as_zero() -> None:
    assert rate_limit_headers(decision(limit=-1, allowed=False, remaining=0))["RateLimit-Limit"] == "0"
