from datetime import timedelta

import pytest

from omni_app.budgets import UnknownPrice, find_price, seed_prices
from omni_app.budgets.listed import LIST_PRICES
from omni_app.budgets.models import Price
from omni_app.budgets.prices import cost_of, forget_prices, load_prices, price_in
from omni_app.infra.clock import now
from omni_app.infra.database import open_db, system_db
from omni_app.infra.scope import Scope
from omni_app.settings import Settings


async def test_list_prices_are_seeded_once(database: object) -> None:
    async with system_db("test") as db:
        assert await seed_prices(db) == sum(len(units) for units in LIST_PRICES.values())
    async with system_db("test") as db:
        assert await seed_prices(db) == 0


async def test_list_price_is_found_by_a_business(scope: Scope) -> None:
    async with open_db(scope) as db:
        assert await find_price(db, "openai", "gpt-4o-mini") == {"input_token": 150, "output_token": 600}


async def test_any_model_of_the_local_provider_is_free(scope: Scope) -> None:
    async with open_db(scope) as db:
        assert await find_price(db, "local", "minilm-l6-v2-int8") == {"answer": 0, "embedding": 0}


async def test_unknown_model_is_refused_by_name(scope: Scope) -> None:
    async with open_db(scope) as db:
        with pytest.raises(UnknownPrice, match="openai gpt-99"):
            await find_price(db, "openai", "gpt-99")


async def test_latest_valid_row_wins(scope: Scope) -> None:
    async with system_db("test") as db:
        for nusd, starts in ((7, now() - timedelta(days=2)), (8, now() - timedelta(days=1)), (9, now() + timedelta(days=1))):
            db.add(Price(provider="test", model="versions", unit="call", nusd_per_unit=nusd, valid_from=starts))
    forget_prices()
    async with open_db(scope) as db:
        assert await find_price(db, "test", "versions") == {"call": 8}


async def test_list_is_kept_until_forgotten(scope: Scope) -> None:
    async with open_db(scope) as db:
        await load_prices(db)
    async with system_db("test") as db:
        db.add(Price(provider="test", model="late", unit="call", nusd_per_unit=1))
    async with open_db(scope) as db:
        assert ("test", "late") not in await load_prices(db)
        forget_prices()
        assert ("test", "late") in await load_prices(db)


def test_operator_price_wins_for_the_configured_model_only() -> None:
    settings = Settings(openai_model="mixtral", openai_price_input_nusd=3, openai_price_output_nusd=5)
    assert price_in(LIST_PRICES, settings, "openai", "mixtral") == {"input_token": 3, "output_token": 5}
    assert price_in(LIST_PRICES, settings, "openai", "gpt-4o")["input_token"] == 2_500


def test_half_an_operator_price_leaves_the_other_unit_unknown() -> None:
    price = price_in({}, Settings(openai_model="mixtral", openai_price_input_nusd=3), "openai", "mixtral")
    with pytest.raises(UnknownPrice, match="output token"):
        cost_of(price, {"input_token": 1, "output_token": 1}, "openai", "mixtral")


def test_cost_is_exact() -> None:
    price = LIST_PRICES["openai", "gpt-4o-mini"]
    assert cost_of(price, {"input_token": 1_234_567, "output_token": 89}, "openai", "gpt-4o-mini") == 1_234_567 * 150 + 89 * 600


def test_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        cost_of({"call": 1}, {"call": -1}, "test", "tick")
