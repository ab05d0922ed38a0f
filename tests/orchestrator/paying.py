"""A paid model behind the OpenAI stub, with real prices."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from omni_app.budgets import seed_prices
from omni_app.budgets.budget import load_budget
from omni_app.budgets.prices import forget_prices
from omni_app.infra.database import open_db, system_db
from omni_app.settings import load_settings
from tests.making import Made, make_business
from tests.stubs.openai_stub import OpenAIStub, start_openai_stub


@contextmanager
def paid_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIStub]:
    """A model behind OPENAI_BASE_URL."""
    stub = start_openai_stub()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", stub.base_url)
    monkeypatch.setenv("MODEL_TIMEOUT_SECONDS", "30")
    load_settings.cache_clear()
    yield stub
    monkeypatch.undo()
    load_settings.cache_clear()
    stub.close()


async def priced_business(**columns: Any) -> Made:
    """A business, and the shipped price list. Only the same words are answered from the cache, unless `cache_rules` says more."""
    async with system_db("test prices") as db:
        await seed_prices(db)
    forget_prices()
    return await make_business(**{"cache_rules": {"mode": "exact"}, **columns})


async def spent(made: Made) -> tuple[int, int]:
    """(spent, reserved) of this month in nano-dollars."""
    async with open_db(made.scope) as db:
        budget = await load_budget(db)
    return budget.spent_nusd, budget.reserved_nusd
