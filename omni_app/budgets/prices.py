"""What one unit of a service costs a business now: its own contract price while that is valid, else the list price.

Prices change rarely, so each process keeps those of a business for a minute, and never beyond the moment the next one begins or
ends. Behind the list stands what the operator set for OPENAI_MODEL: it wins over both.
"""

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Rejected
from omni_app.settings import Settings, load_settings

KEPT_SECONDS = 60.0
_MOST_KEPT = 2_000

# Stands for every model of a provider that has no row of its own.
ANY_MODEL = "*"

PriceList = Mapping[tuple[str, str], Mapping[str, int]]
"""(provider, model) → unit → nano-dollars."""


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
    read_at: datetime
    changes_at: datetime | None

    def holds(self) -> bool:
        """A wall clock that was set back, or has passed the next change, makes the list worthless before its minute is over."""
        if time.monotonic() >= self.until:
            return False
        at = now()
        return self.read_at <= at and (self.changes_at is None or at < self.changes_at)


_kept: dict[UUID, _Kept] = {}

# Own prices come after those of the list, so that they take their place.
_LOAD = text(
    """
    with listed as (
      select distinct on (provider, model, unit) provider, model, unit, nusd_per_unit from prices
      where valid_from <= :now order by provider, model, unit, valid_from desc, id desc
    ), own as (
      select distinct on (provider, model, unit) provider, model, unit, nusd_per_unit from business_prices
      where business_id = :business_id and valid_from <= :now and (valid_until is null or valid_until > :now)
      order by provider, model, unit, valid_from desc
    ), change as (
      select min(at) as at from (
        select min(valid_from) as at from prices where valid_from > :now
        union all select min(valid_from) from business_prices where business_id = :business_id and valid_from > :now
        union all select min(valid_until) from business_prices where business_id = :business_id and valid_until > :now) times
    )
    select provider, model, unit, nusd_per_unit, change.at as changes_at
    from (select *, 0 as place from listed union all select *, 1 from own) p cross join change order by place
    """
)


def kept_prices(business_id: UUID) -> PriceList | None:
    """The prices of a business if this process read them within the last minute and none changed since."""
    kept = _kept.get(business_id)
    return kept.prices if kept is not None and kept.holds() else None


def forget_prices(business_id: UUID | None = None) -> None:
    """Read the prices (of one business, or of all) anew at the next need; called after a price was changed."""
    if business_id is None:
        _kept.clear()
    else:
        _kept.pop(business_id, None)


async def load_prices(db: Db) -> PriceList:
    """Every price that is valid for the business of `db` now, at most a minute old."""
    business_id = db.scope.business_id
    if (kept := kept_prices(business_id)) is not None:
        return kept
    at = now()
    rows = (await db.execute(_LOAD, {"now": at, "business_id": business_id})).all()
    prices: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row in rows:
        prices[row.provider, row.model][row.unit] = row.nusd_per_unit
    if len(_kept) >= _MOST_KEPT:
        _kept.clear()
    changes_at = rows[0].changes_at if rows else None
    _kept[business_id] = _Kept(dict(prices), time.monotonic() + KEPT_SECONDS, at, changes_at)
    return _kept[business_id].prices


async def find_price(db: Db, provider: str, model: str) -> Mapping[str, int]:
    """Nano-dollars for each unit of `model`. Raise `UnknownPrice` when there is none."""
    return price_in(await load_prices(db), load_settings(), provider, model)


def operator_prices(settings: Settings, provider: str, model: str) -> Mapping[str, int]:
    """What the operator set for OPENAI_MODEL: only they know what a server behind OPENAI_BASE_URL bills."""
    if provider != "openai" or model != settings.openai_model:
        return {}
    set_by = {"input_token": settings.openai_price_input_nusd, "output_token": settings.openai_price_output_nusd}
    return {unit: nusd for unit, nusd in set_by.items() if nusd is not None}


def price_in(prices: PriceList, settings: Settings, provider: str, model: str) -> Mapping[str, int]:
    """The price of `model` in a list already read; a row of the model itself wins over one for every model of its provider.

    Raise `UnknownPrice` when there is none.
    """
    price = {
        **prices.get((provider, ANY_MODEL), {}),
        **prices.get((provider, model), {}),
        **operator_prices(settings, provider, model),
    }
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
