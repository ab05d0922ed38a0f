import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from omni_app.budgets import UnknownPrice, Worst, find_price, reserve
from omni_app.budgets.listed import LIST_PRICES
from omni_app.budgets.models import BusinessPrice
from omni_app.budgets.price_list import PriceView, end_price, history, list_prices, read_price, set_price
from omni_app.budgets.prices import forget_prices
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.errors import Forbidden, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission, Scope
from omni_app.settings import load_settings
from tests.budgets.businesses import make_business, ticks
from tests.making import rows

DAY = timedelta(days=1)
OWN = ("exotel", "gateway-1", "segment")
"""A price that the list does not know."""


async def put(scope: Scope, *values: Any, **more: Any) -> PriceView:
    async with open_db(scope) as db:
        return await set_price(db, *values, **more)


async def price(scope: Scope, provider: str, model: str) -> dict[str, int]:
    async with open_db(scope) as db:
        return dict(await find_price(db, provider, model))


async def refusal(scope: Scope, *values: Any, **more: Any) -> tuple[str, str]:
    """(field, message) of the refusal."""
    with pytest.raises(Invalid) as caught:
        await put(scope, *values, **more)
    (error,) = caught.value.fields
    return error.field, error.message


async def test_every_price_of_the_list_is_shown_and_charged(scope: Scope) -> None:
    async with open_db(scope) as db:
        shown = {(one.provider, one.model, one.unit): one for one in await list_prices(db)}
    for (provider, model), units in LIST_PRICES.items():
        for unit, nusd in units.items():
            assert (shown[provider, model, unit].nusd_per_unit, shown[provider, model, unit].is_own) == (nusd, False)
    assert await price(scope, "sms", "exotel") == {"segment": 5_000_000}
    assert await price(scope, "telegram", "bot") == {"message": 0}


async def test_an_own_price_wins_at_once_for_its_business_alone(scope: Scope) -> None:
    other = await make_business()
    assert await price(scope, "sms", "exotel") == {"segment": 5_000_000}
    made = await put(scope, "sms", "exotel", "segment", 4_000_000, note="Contract 12")
    assert (made.is_own, made.nusd_per_unit, made.note, made.created_by) == (True, 4_000_000, "Contract 12", "Omni")
    assert await price(scope, "sms", "exotel") == {"segment": 4_000_000}
    assert await price(scope, "sms", "twilio") == {"segment": 5_000_000}
    assert await price(other, "sms", "exotel") == {"segment": 5_000_000}
    (line,) = await rows("select after from audit_entries where action = 'price.changed'")
    assert (line["after"]["provider"], line["after"]["nusd_per_unit"]) == ("sms", 4_000_000)


async def test_a_new_version_ends_the_one_before_and_overwrites_nothing(scope: Scope) -> None:
    first = await put(scope, "sms", "*", "segment", 4_000_000)
    second = await put(scope, "sms", "*", "segment", 3_000_000)
    async with open_db(scope) as db:
        versions = await history(db, "sms", "*", "segment")
        shown = [one for one in await list_prices(db) if one.provider == "sms"]
    assert [(one.id, one.nusd_per_unit) for one in versions[:2]] == [(second.id, 3_000_000), (first.id, 4_000_000)]
    assert (versions[1].valid_until, versions[2].is_own) == (second.valid_from, False)
    assert [(one.nusd_per_unit, one.list_nusd) for one in shown] == [(3_000_000, 5_000_000)]


async def test_a_planned_price_is_shown_and_charged_when_its_time_comes(scope: Scope) -> None:
    await put(scope, "sms", "*", "segment", 4_000_000, valid_from=now() + DAY)
    assert await price(scope, "sms", "exotel") == {"segment": 5_000_000}
    async with open_db(scope) as db:
        shown = [(one.nusd_per_unit, one.is_planned) for one in await list_prices(db) if one.provider == "sms"]
    assert shown == [(5_000_000, False), (4_000_000, True)]


async def test_a_kept_list_is_never_used_beyond_the_next_change(scope: Scope) -> None:
    """The minute a list is kept ends early where a price begins or ends."""
    soon = now() + timedelta(milliseconds=300)
    await put(scope, "sms", "*", "segment", 4_000_000, valid_from=soon)
    assert await price(scope, "sms", "exotel") == {"segment": 5_000_000}
    while (charged := await price(scope, "sms", "exotel")) == {"segment": 5_000_000}:
        assert now() < soon + timedelta(seconds=60)
    assert charged == {"segment": 4_000_000}


async def test_an_own_price_that_ends_gives_way_to_the_list(scope: Scope) -> None:
    made = await put(scope, "sms", "*", "segment", 4_000_000)
    async with open_db(scope) as db:
        ended = await end_price(db, made.id, now())
    assert ended.valid_until is not None
    assert await price(scope, "sms", "exotel") == {"segment": 5_000_000}
    async with open_db(scope) as db:
        with pytest.raises(Invalid, match="ended already"):
            await end_price(db, made.id, now() + DAY)


async def test_a_gap_in_time_is_refused_when_it_would_be_made(scope: Scope) -> None:
    field, message = await refusal(scope, *OWN, 7, valid_until=datetime(2027, 5, 3, tzinfo=UTC))
    assert field == "valid_until"
    assert "from 3 May 2027 on what an SMS segment of exotel gateway-1 costs" in message
    made = await put(scope, *OWN, 7)
    await put(scope, *OWN, 8, valid_from=now() + 30 * DAY)
    async with open_db(scope) as db:
        with pytest.raises(Invalid, match="Nobody would know from"):
            await end_price(db, made.id, now() + 10 * DAY)


async def test_a_call_in_a_gap_is_refused_by_name(scope: Scope) -> None:
    async with open_db(scope) as db:
        db.add(
            BusinessPrice(
                business_id=scope.business_id,
                provider=OWN[0],
                model=OWN[1],
                unit=OWN[2],
                nusd_per_unit=7,
                valid_from=now() - 2 * DAY,
                valid_until=now() - DAY,
            )
        )
    forget_prices()
    with pytest.raises(UnknownPrice, match="exotel gateway-1"):
        await reserve(scope, Worst(provider=OWN[0], model=OWN[1], service="sms", units={"segment": 1}))


async def test_a_planned_price_in_the_way_is_named(scope: Scope) -> None:
    planned = await put(scope, "sms", "*", "segment", 4, valid_from=datetime(2027, 5, 3, tzinfo=UTC))
    field, message = await refusal(scope, "sms", "*", "segment", 5)
    assert (field, "3 May 2027" in message) == ("valid_until", True)
    assert (await refusal(scope, "sms", "*", "segment", 5, valid_from=planned.valid_from))[0] == "valid_from"
    await put(scope, "sms", "*", "segment", 5, valid_until=planned.valid_from)
    async with open_db(scope) as db:
        taken_back = await end_price(db, planned.id, planned.valid_from)
    assert taken_back.valid_until == planned.valid_from
    again = await put(scope, "sms", "*", "segment", 6, valid_from=planned.valid_from)
    assert again.valid_from - planned.valid_from == timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("values", "more", "field"),
    [
        (("", "x", "segment", 1), {}, "provider"),
        (("sms", "a b", "segment", 1), {}, "model"),
        (("sms", "*", "parsec", 1), {}, "unit"),
        (("sms", "*", "segment", -1), {}, "price"),
        (("sms", "*", "segment", 1_000_000_000_001), {}, "price"),
        (("sms", "*", "segment", 0.5), {}, "price"),
        (("sms", "*", "segment", 1), {"valid_from": datetime(2020, 1, 1, tzinfo=UTC)}, "valid_from"),
        (("sms", "*", "segment", 1), {"valid_from": datetime(2099, 1, 1, tzinfo=UTC)}, "valid_from"),
        (("sms", "*", "segment", 1), {"valid_until": datetime(2020, 1, 1, tzinfo=UTC)}, "valid_until"),
        (("sms", "*", "segment", 1), {"valid_until": datetime(2027, 1, 1)}, "valid_until"),  # noqa: DTZ001
        (("sms", "*", "segment", 1), {"note": "x" * 301}, "note"),
    ],
)
async def test_absurd_price_names_the_field(scope: Scope, values: tuple[Any, ...], more: dict[str, Any], field: str) -> None:
    assert (await refusal(scope, *values, **more))[0] == field


@pytest.mark.parametrize(
    ("written", "nusd"),
    [("0.005", 5_000_000), ("$ 1,000", 1_000_000_000_000), (".000000001", 1), ("0", 0), ("+2.", 2_000_000_000)],
)
def test_an_amount_is_read_as_written(written: str, nusd: int) -> None:
    assert read_price(written) == nusd


@pytest.mark.parametrize(
    ("written", "says"),
    [("0.0000000001", "nine decimals"), ("-1", "negative"), ("1000.01", "at most"), ("1e-3", "like 0.005"), ("", "like 0.005")],
)
def test_an_absurd_amount_says_why(written: str, says: str) -> None:
    with pytest.raises(Invalid, match=says) as caught:
        read_price(written, "price")
    assert [error.field for error in caught.value.fields] == ["price"]


async def test_the_operators_price_cannot_be_undercut(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_PRICE_INPUT_NUSD", "200")
    load_settings.cache_clear()
    try:
        assert (await refusal(scope, "openai", load_settings().openai_model, "input_token", 1))[0] == "model"
        assert (await price(scope, "openai", load_settings().openai_model))["input_token"] == 200
    finally:
        monkeypatch.undo()
        load_settings.cache_clear()


async def test_changing_needs_the_permission_and_the_own_business(scope: Scope) -> None:
    made, other = await put(scope, "sms", "*", "segment", 4), await make_business()
    async with open_db(other) as db:
        with pytest.raises(NotFound):
            await end_price(db, made.id, None)
        assert all(not one.is_own for one in await list_prices(db))
    async with open_db(replace(scope, permissions=frozenset({Permission.VIEW, Permission.CONFIGURE}))) as db:
        for act in (set_price(db, "sms", "*", "segment", 4), end_price(db, new_id(), None)):
            with pytest.raises(Forbidden):
                await act


async def test_two_who_change_a_price_at_once_leave_no_overlap(scope: Scope) -> None:
    await asyncio.gather(*(put(scope, "sms", "*", "segment", nusd) for nusd in range(1, 6)))
    spans = await rows("select valid_from, valid_until from business_prices order by valid_from")
    for one, following in pairwise(spans):
        assert one["valid_until"] == following["valid_from"]
    assert spans[-1]["valid_until"] is None


async def test_what_is_reserved_keeps_the_price_it_was_reserved_at(scope: Scope) -> None:
    held = await reserve(scope, ticks(2))
    await put(scope, "test", "tick", "call", 9)
    assert held.prices == {"call": 1_000}
    assert (await reserve(scope, ticks(2))).amount_nusd == 18
