"""Ids, money, Redis keys."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_app.infra.ids import new_id
from omni_app.infra.money import dollars, show, to_nusd


def test_ids_are_version_seven_and_sort_by_time() -> None:
    first = new_id()
    assert first.version == 7
    assert first.variant == "specified in RFC 4122"
    later = [new_id() for _ in range(100)]
    assert len(set(later)) == 100
    assert all(first.int >> 80 <= one.int >> 80 for one in later)


@given(st.integers(min_value=0, max_value=10**18))
def test_money_survives_showing_and_reading(nusd: int) -> None:
    assert to_nusd(dollars(nusd)) == nusd


@pytest.mark.parametrize("amount", ["0.0000000001", "nan", "inf", "ten", ""])
def test_what_is_no_amount_of_money_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        to_nusd(amount)


def test_money_is_shown_with_its_unit() -> None:
    assert show(1_234_500_000_000) == "$1,234.50"
    assert show(300, 7) == "$0.0000003"
    assert to_nusd(Decimal("0.15")) == 150_000_000
