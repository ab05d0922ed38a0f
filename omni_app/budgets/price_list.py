"""The price list of a business: list prices, and the prices of its own contract, which win while they are valid.

Nothing is overwritten: a new price is a new version that begins at a moment, and the version before it ends there. What was used
before keeps the price it was booked with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.budgets.listed import UNITS
from omni_app.budgets.price_checks import check_end, check_key, check_price, check_start, not_past, read_price
from omni_app.budgets.prices import ANY_MODEL, forget_prices, operator_prices
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission
from omni_app.settings import load_settings
from omni_app.tenancy.checks import check_text

__all__ = ["PriceView", "end_price", "history", "list_prices", "read_price", "set_price"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceView:
    """One version of one price, nano-dollars a unit. `is_own`: of this business's contract; `list_nusd`: the list price of today,
    None when there is none; `valid_until` None: until further notice; `is_planned`: not valid yet."""

    id: UUID
    provider: str
    model: str
    unit: str
    nusd_per_unit: int
    valid_from: datetime
    valid_until: datetime | None
    is_own: bool
    list_nusd: int | None
    note: str = ""
    created_by: str = ""
    is_planned: bool = False


# Every version of the list and of the business, newest first; a list price ends where the next one of its kind begins.
_VERSIONS = """
    select id, provider, model, unit, nusd_per_unit, valid_from, valid_until, true as is_own, note, created_by
    from business_prices where business_id = :business_id
    union all
    select id, provider, model, unit, nusd_per_unit, valid_from,
      lead(valid_from) over (partition by provider, model, unit order by valid_from, id), false, '', '' from prices
"""

_LIST = text(
    f"""
    with version as ({_VERSIONS}), listed as (
      select distinct on (provider, model, unit) provider, model, unit, nusd_per_unit from prices where valid_from <= :now
      order by provider, model, unit, valid_from desc, id desc
    ), current as (
      select distinct on (provider, model, unit) id from version
      where valid_from <= :now and (valid_until is null or valid_until > :now)
      order by provider, model, unit, is_own desc, valid_from desc, id desc
    )
    select v.*, l.nusd_per_unit as list_nusd, v.valid_from > :now as is_planned
    from version v left join listed l using (provider, model, unit)
    where v.id in (select id from current)
      or (v.is_own and v.valid_from > :now and (v.valid_until is null or v.valid_until > v.valid_from))
    order by v.provider, v.model, v.unit, v.valid_from
    """  # noqa: S608 (constants)
)

_HISTORY = text(
    f"""
    select v.*, (select l.nusd_per_unit from prices l where l.provider = v.provider and l.model = v.model and l.unit = v.unit
      and l.valid_from <= :now order by l.valid_from desc, l.id desc limit 1) as list_nusd, v.valid_from > :now as is_planned
    from ({_VERSIONS}) v where v.provider = :provider and v.model = :model and v.unit = :unit
    order by v.valid_from desc, v.is_own desc
    """  # noqa: S608 (constants)
)


async def list_prices(db: Db) -> list[PriceView]:
    """What holds now, and the planned prices of this business after it; by provider, model, unit. Raise `Forbidden`."""
    db.scope.require(Permission.VIEW)
    found = await db.execute(_LIST, {"business_id": db.scope.business_id, "now": now()})
    return [PriceView(**row) for row in found.mappings()]


async def history(db: Db, provider: str, model: str, unit: str) -> list[PriceView]:
    """Every version of one price, of the list and of this business, newest first. Raise `Forbidden`."""
    db.scope.require(Permission.VIEW)
    key = {"provider": provider, "model": model, "unit": unit}
    found = await db.execute(_HISTORY, {"business_id": db.scope.business_id, "now": now(), **key})
    return [PriceView(**row) for row in found.mappings()]


async def set_price(
    db: Db,
    provider: str,
    model: str,
    unit: str,
    nusd_per_unit: int,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    note: str = "",
) -> PriceView:
    """Make a new version of this business's own price from `valid_from` (None: now) to `valid_until` (None: for good).

    The version that holds then ends there. Every process charges it within a minute. Needs ADMINISTER. Raise `Forbidden`, or
    `Invalid` naming the field: a name, an amount or a time that cannot be, a planned price in the way, or a time in which
    nobody would know the price any more.
    """
    db.scope.require(Permission.ADMINISTER)
    provider, model, unit = check_key(provider, model, unit)
    check_price(nusd_per_unit)
    note = check_text(note, "note", "The note", longest=300)
    versions = await _lock_versions(db, provider, model, unit)
    at = now()
    begins = check_start(valid_from, at)
    ends = check_end(valid_until, begins, at)
    begins = _after_cancelled(versions, begins)
    for version in versions:
        if version.valid_from >= begins and (ends is None or version.valid_from < ends) and not version.is_cancelled:
            raise Invalid(
                f"Another price is planned from {_day(version.valid_from)} on. End this one by then, or take that one back.",
                field="valid_until" if begins < version.valid_from else "valid_from",
            )
    holding = [v for v in versions if v.valid_from < begins and (v.valid_until is None or v.valid_until > begins)]
    new = _Version(id=new_id(), nusd_per_unit=nusd_per_unit, valid_from=begins, valid_until=ends)
    kept = [v for v in versions if v not in holding]
    closed = [_Version(id=v.id, nusd_per_unit=v.nusd_per_unit, valid_from=v.valid_from, valid_until=begins) for v in holding]
    await _check_gap(db, (provider, model, unit), versions, [*kept, *closed, new], at)
    for version in holding:
        await _close(db, version.id, begins)
    await db.execute(
        "insert into business_prices (id, business_id, provider, model, unit, nusd_per_unit, valid_from, valid_until, note, "
        "created_by, created_at) values (:id, :business_id, :provider, :model, :unit, :nusd, :begins, :ends, :note, :by, :at)",
        {
            "id": new.id,
            "business_id": db.scope.business_id,
            "provider": provider,
            "model": model,
            "unit": unit,
            "nusd": nusd_per_unit,
            "begins": begins,
            "ends": ends,
            "note": note,
            "by": db.scope.actor.name,
            "at": at,
        },
    )
    before = {"nusd_per_unit": holding[0].nusd_per_unit} if holding else {}
    await _note_change(db, new.id, (provider, model, unit), before, new, note)
    return await _load(db, new.id, provider, model, unit)


async def end_price(db: Db, price_id: UUID, valid_until: datetime | None) -> PriceView:
    """End an own price at `valid_until`; None: it holds until further notice. A planned price is taken back by ending it where
    it begins. Needs ADMINISTER. Raise `Forbidden`, `NotFound`, or `Invalid` (field valid_until) as `set_price` does.
    """
    db.scope.require(Permission.ADMINISTER)
    at = now()
    found = await db.execute(
        "select provider, model, unit from business_prices where business_id = :business_id and id = :id",
        {"business_id": db.scope.business_id, "id": price_id},
    )
    key = found.one_or_none()
    if key is None:
        raise NotFound("price")
    provider, model, unit = key.provider, key.model, key.unit
    versions = await _lock_versions(db, provider, model, unit)
    version = next(one for one in versions if one.id == price_id)
    if version.valid_until is not None and version.valid_until <= at:
        raise Invalid("This price has ended already.", field="valid_until")
    is_taken_back = valid_until is not None and version.valid_from > at and valid_until == version.valid_from
    ends = valid_until if is_taken_back else check_end(not_past(valid_until, at), version.valid_from, at)
    for other in versions:
        if other.valid_from > version.valid_from and (ends is None or other.valid_from < ends) and not other.is_cancelled:
            raise Invalid(f"The next price begins on {_day(other.valid_from)}.", field="valid_until")
    ended = _Version(id=version.id, nusd_per_unit=version.nusd_per_unit, valid_from=version.valid_from, valid_until=ends)
    await _check_gap(db, (provider, model, unit), versions, [ended if one.id == price_id else one for one in versions], at)
    await _close(db, price_id, ends)
    before = {"valid_until": version.valid_until.isoformat() if version.valid_until else None}
    await _note_change(db, price_id, (provider, model, unit), before, ended, "")
    return await _load(db, price_id, provider, model, unit)


# ---- Versions and gaps -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    id: UUID
    nusd_per_unit: int
    valid_from: datetime
    valid_until: datetime | None

    @property
    def is_cancelled(self) -> bool:
        return self.valid_until is not None and self.valid_until <= self.valid_from


async def _lock_versions(db: Db, provider: str, model: str, unit: str) -> list[_Version]:
    """The own versions of one price, oldest first; two changes of prices wait for each other."""
    await db.execute("select 1 from businesses where id = :id for no key update", {"id": db.scope.business_id})
    found = await db.execute(
        "select id, nusd_per_unit, valid_from, valid_until from business_prices where business_id = :business_id "
        "and provider = :provider and model = :model and unit = :unit order by valid_from",
        {"business_id": db.scope.business_id, "provider": provider, "model": model, "unit": unit},
    )
    return [_Version(**row) for row in found.mappings()]


async def _check_gap(db: Db, key: tuple[str, ...], before: Sequence[_Version], after: Sequence[_Version], at: datetime) -> None:
    """Raise `Invalid` when the change opens a time, from now on, in which neither the business nor the list knows the price."""
    provider, model, unit = key
    if unit in operator_prices(load_settings(), provider, model):
        return
    # A price for every model says nothing about one that the list knows, and stands in for one that it does not.
    found = await db.execute(
        "select min(valid_from) from prices where provider = :provider and model in (:model, :any) and unit = :unit",
        {"provider": provider, "model": model, "any": ANY_MODEL, "unit": unit},
    )
    listed_from: datetime | None = found.scalar_one_or_none()
    known = _first_gap(before, listed_from, at)
    gap = _first_gap(after, listed_from, at)
    if gap is not None and gap != known:
        starts, ends = gap
        until = f"from {_day(starts)} to {_day(ends)}" if ends else f"from {_day(starts)} on"
        raise Invalid(
            f"Nobody would know {until} what {UNITS[unit]} of {provider} {model} costs: the list has no price for it. "
            "Let the price hold until the next one begins.",
            field="valid_until",
        )


def _first_gap(
    versions: Sequence[_Version], listed_from: datetime | None, at: datetime
) -> tuple[datetime, datetime | None] | None:
    """The first time after a known price in which there is none: (start, end or None). Before the first price nothing ends."""
    spans = sorted(((v.valid_from, v.valid_until) for v in versions if not v.is_cancelled), key=lambda span: span[0])
    if listed_from is not None:
        spans = sorted([*spans, (listed_from, None)], key=lambda span: span[0])
    reach: datetime | None = None
    for starts, ends in spans:
        if reach is not None and starts > reach and starts > at:
            return reach, starts
        if ends is None:
            return None
        reach = ends if reach is None else max(reach, ends)
    return (reach, None) if reach is not None and reach > at else None


async def _close(db: Db, price_id: UUID, ends: datetime | None) -> None:
    await db.execute(
        "update business_prices set valid_until = :ends where business_id = :business_id and id = :id",
        {"ends": ends, "business_id": db.scope.business_id, "id": price_id},
    )


async def _note_change(
    db: Db, price_id: UUID, key: tuple[str, ...], before: dict[str, Any], version: _Version, note: str
) -> None:
    provider, model, unit = key
    after = {
        "provider": provider,
        "model": model,
        "unit": unit,
        "nusd_per_unit": version.nusd_per_unit,
        "valid_from": version.valid_from.isoformat(),
        "valid_until": version.valid_until.isoformat() if version.valid_until else None,
        "note": note,
    }
    await audit.record(db, "price.changed", "price", price_id, before=before, after=after)
    business_id = db.scope.business_id
    db.after_commit(lambda: forget_prices(business_id))
    live.publish(db, "budget.changed")


async def _load(db: Db, price_id: UUID, provider: str, model: str, unit: str) -> PriceView:
    return next(one for one in await history(db, provider, model, unit) if one.id == price_id)


def _after_cancelled(versions: Sequence[_Version], begins: datetime) -> datetime:
    """A version taken back keeps its beginning, so the next one for the same moment begins a microsecond later."""
    taken = {version.valid_from for version in versions if version.is_cancelled}
    while begins in taken:
        begins += timedelta(microseconds=1)
    return begins


def _day(moment: datetime) -> str:
    return f"{moment:%-d %B %Y}"
