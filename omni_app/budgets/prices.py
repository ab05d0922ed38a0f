"""What one unit of a service costs.

Price rows are the same for every business and change rarely, so each process keeps them for a minute.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Rejected
from omni_app.infra.ids import new_id
from omni_app.settings import Settings, load_settings

KEPT_SECONDS = 60.0

# Stands for every model of a provider that has no row of its own.
ANY_MODEL = "*"

PriceList = Mapping[tuple[str, str], Mapping[str, int]]
"""(provider, model) → unit → nano-dollars."""

# Public list prices in nano-dollars a unit: https://openai.com/api/pricing (0.15 $ a million tokens = 150 nano-dollars a token).
LIST_PRICES: PriceList = {
    ("openai", "gpt-4o-mini"): {"input_token": 150, "output_token": 600},
    ("openai", "gpt-4o"): {"input_token": 2_500, "output_token": 10_000},
    ("openai", "text-embedding-3-small"): {"input_token": 20},
    ("local", ANY_MODEL): {"answer": 0, "embedding": 0},
}


class UnknownPrice(Rejected):
    """Nobody said what this call costs, so it is not made."""

    code = "unknown_price"

    def __init__(self, provider: str, model: str, unit: str | None = None) -> None:
        of_unit = f" one {unit.replace('_', ' ')} of" if unit else ""
        super().__init__(f"The price list does not say what{of_unit} {provider} {model} costs, so Omni does not call it.")


@dataclass(frozen=True, slots=True)
class _Kept:
    prices: PriceList
    until: float


_kept: _Kept | None = None


def kept_prices() -> PriceList | None:
    """The price list if this process read it within the last minute."""
    return _kept.prices if _kept is not None and time.monotonic() < _kept.until else None


def forget_prices() -> None:
    """Read the price list anew at the next need; called after a price was changed."""
    global _kept
    _kept = None


async def load_prices(db: Db) -> PriceList:
    """Every price that is valid now, at most a minute old."""
    global _kept
    if (kept := kept_prices()) is not None:
        return kept
    rows = await db.execute(
        "select distinct on (provider, model, unit) provider, model, unit, nusd_per_unit from prices "
        "where valid_from <= :now order by provider, model, unit, valid_from desc, id desc",
        {"now": now()},
    )
    prices: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        prices.setdefault((row.provider, row.model), {})[row.unit] = row.nusd_per_unit
    _kept = _Kept(prices, time.monotonic() + KEPT_SECONDS)
    return prices


async def find_price(db: Db, provider: str, model: str) -> Mapping[str, int]:
    """Nano-dollars for each unit of `model`. Raise `UnknownPrice` when there is none."""
    return price_in(await load_prices(db), load_settings(), provider, model)


def price_in(prices: PriceList, settings: Settings, provider: str, model: str) -> Mapping[str, int]:
    """The price of `model` in a list already read. Raise `UnknownPrice` when there is none.

    What the operator set for OPENAI_MODEL wins: only they know what a server behind OPENAI_BASE_URL bills.
    """
    price = dict(prices.get((provider, model)) or prices.get((provider, ANY_MODEL)) or {})
    if provider == "openai" and model == settings.openai_model:
        if settings.openai_price_input_nusd is not None:
            price["input_token"] = settings.openai_price_input_nusd
        if settings.openai_price_output_nusd is not None:
            price["output_token"] = settings.openai_price_output_nusd
    if not price:
        raise UnknownPrice(provider, model)
    return price


def cost_of(price: Mapping[str, int], units: Mapping[str, int], provider: str, model: str) -> int:
    """Nano-dollars of `units`. Raise `UnknownPrice` for a unit without a price, ValueError for a negative count."""
    cost = 0
    for unit, count in units.items():
        if count < 0:
            raise ValueError(f"a negative number of {unit}")
        if unit not in price:
            raise UnknownPrice(provider, model, unit)
        cost += count * price[unit]
    return cost


async def seed_prices(db: Db) -> int:
    """Add the list prices that are missing (system transaction); rows that exist are left as they are. Return how many."""
    added = 0
    for (provider, model), units in LIST_PRICES.items():
        for unit, nusd in units.items():
            result = await db.execute(
                "insert into prices (id, provider, model, unit, nusd_per_unit, valid_from) "
                "select :id, cast(:provider as text), cast(:model as text), cast(:unit as text), cast(:nusd as bigint), :now "
                "where not exists (select from prices where provider = :provider and model = :model and unit = :unit) "
                "returning id",
                {"id": new_id(), "provider": provider, "model": model, "unit": unit, "nusd": nusd, "now": now()},
            )
            added += len(result.all())
    if added:
        db.after_commit(forget_prices)
    return added
