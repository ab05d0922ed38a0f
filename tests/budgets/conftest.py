"""Price lists and a business for the tests of this folder."""

from collections.abc import AsyncIterator

import pytest_asyncio

from omni_app.budgets import seed_prices
from omni_app.budgets.models import Price
from omni_app.budgets.prices import forget_prices
from omni_app.infra.database import system_db
from omni_app.infra.scope import Scope
from tests.budgets.businesses import TICK, make_business


@pytest_asyncio.fixture
async def priced(database: object) -> AsyncIterator[None]:
    """The public list prices, a paid model `test tick` and a free one, `test gift`."""
    async with system_db("test prices") as db:
        await seed_prices(db)
        db.add(Price(provider="test", model="tick", unit="call", nusd_per_unit=TICK))
        db.add(Price(provider="test", model="gift", unit="call", nusd_per_unit=0))
    forget_prices()
    yield
    forget_prices()


@pytest_asyncio.fixture
async def scope(priced: None) -> Scope:
    return await make_business()
