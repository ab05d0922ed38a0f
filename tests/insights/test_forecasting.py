"""The forecast against months whose end is known."""

import random
from datetime import date, timedelta

import pytest

from omni_app.insights.forecasting import forecast

DOLLAR = 1_000_000_000
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


def days(first: date, last: date, cost: float = 1.0, weekend: float = 1.0, growth: float = 0.0) -> dict[date, int]:
    """A cost for each day from `first` to `last` excluded."""
    found = {}
    for number in range((last - first).days):
        day = first + timedelta(days=number)
        found[day] = round(DOLLAR * (cost + growth * number) * (weekend if day.weekday() >= 5 else 1.0))
    return found


@pytest.mark.parametrize("known", [0, 1, 2])
def test_too_few_days_are_no_ground_for_a_forecast(known: int) -> None:
    today = MARCH + timedelta(days=known + 1)
    found = forecast(days(MARCH, today), begun=MARCH, today=today, month_end=APRIL)
    assert not found.is_known
    assert found.low_nusd == found.likely_nusd == found.high_nusd == found.spent_nusd == (known + 1) * DOLLAR
    assert found.days == ()


def test_a_week_is_called_rough_and_its_interval_is_wide() -> None:
    today = date(2026, 3, 9)
    noisy = {day: cost * (1 + day.day % 3) for day, cost in days(MARCH, today).items()}
    found = forecast(noisy, begun=MARCH, today=today, month_end=APRIL)
    assert found.is_known
    assert found.is_rough
    assert found.high_nusd - found.low_nusd > 5 * DOLLAR


def test_the_pattern_of_the_week_is_kept() -> None:
    today = date(2026, 3, 13)
    found = forecast(days(date(2026, 1, 10), today, 2.0, weekend=0.25), begun=date(2026, 1, 9), today=today, month_end=APRIL)
    by_day = {entry.day: entry.likely_nusd for entry in found.days}
    assert by_day[date(2026, 3, 15)] < 0.5 * by_day[date(2026, 3, 16)]
    truth = sum(days(MARCH, APRIL, 2.0, weekend=0.25).values())
    assert abs(found.likely_nusd - truth) < 0.06 * truth


def test_growth_goes_on_but_no_further_than_twice() -> None:
    today = date(2026, 3, 10)
    growing = days(date(2026, 1, 20), today, 1.0, growth=0.05)
    found = forecast(growing, begun=date(2026, 1, 19), today=today, month_end=APRIL)
    assert found.days[-1].likely_nusd > found.days[1].likely_nusd
    jumped = days(date(2026, 3, 1), today, 0.1, growth=5.0)
    wild = forecast(jumped, begun=date(2026, 2, 28), today=today, month_end=APRIL)
    assert wild.days[-1].likely_nusd <= 2.01 * wild.days[1].likely_nusd


def test_what_is_spent_already_is_never_forecast_away() -> None:
    today = date(2026, 3, 31)
    found = forecast(
        {**days(MARCH, today, 3.0), today: 50 * DOLLAR}, begun=MARCH, today=today, month_end=APRIL, share_of_today=1.0
    )
    assert found.low_nusd >= found.spent_nusd == 140 * DOLLAR
    assert found.likely_nusd == 140 * DOLLAR


def test_the_day_on_which_an_amount_is_reached() -> None:
    today = date(2026, 3, 12)
    found = forecast(days(date(2026, 1, 10), today), begun=date(2026, 1, 9), today=today, month_end=APRIL)
    assert found.reaches_on(20 * DOLLAR) in {date(2026, 3, 20), date(2026, 3, 21)}
    assert found.reaches_on(5 * DOLLAR) is None
    assert found.reaches_on(1000 * DOLLAR) is None


def test_four_months_in_five_end_within_the_interval() -> None:
    source = random.Random(20261121)
    inside = 0
    for _ in range(200):
        truth = {
            day: round(cost * source.lognormvariate(0, 0.3))
            for day, cost in days(date(2026, 1, 10), APRIL, 1.0, weekend=0.5).items()
        }
        today = date(2026, 3, 12)
        seen = {day: cost for day, cost in truth.items() if day < today}
        found = forecast(seen, begun=date(2026, 1, 9), today=today, month_end=APRIL)
        end = sum(cost for day, cost in truth.items() if day >= MARCH)
        inside += found.low_nusd <= end <= found.high_nusd
    assert 140 <= inside <= 190
