"""Checks of what people write about a price: names, amounts, moments. Each gives back the clean value or raises `Invalid`."""

import re
from datetime import datetime, timedelta
from decimal import Decimal

from omni_app.budgets.listed import UNITS
from omni_app.budgets.prices import ANY_MODEL, operator_prices
from omni_app.infra.errors import FieldError, Invalid
from omni_app.infra.money import NUSD
from omni_app.settings import load_settings

MOST_NUSD = 1_000 * NUSD
FURTHEST = timedelta(days=5 * 366)
# Between writing a moment into a form and sending it a little time passes.
LATE = timedelta(minutes=10)

_NAME = re.compile(r"[a-z0-9][a-z0-9._:/-]{0,79}")


def read_price(written: str, field: str = "price") -> int:
    """Nano-dollars of what a person wrote: `0.00015`, `$0.005`. Raise `Invalid` that says what is wrong with it."""
    plain = written.strip().removeprefix("$").replace(",", "").replace("_", "").strip()
    if not re.fullmatch(r"[+-]?\d{1,15}(\.\d*)?|[+-]?\.\d+", plain):
        raise Invalid("Write an amount in dollars, like 0.005.", field=field)
    value = Decimal(plain) * NUSD
    if value != value.to_integral_value():
        raise Invalid("A price has at most nine decimals.", field=field)
    return check_price(int(value), field)


def check_price(nusd: int, field: str = "price") -> int:
    """`nusd` itself. Raise `Invalid` unless it is from $0 to $1,000 a unit."""
    if isinstance(nusd, bool) or not isinstance(nusd, int):
        raise Invalid("A price is a whole number of nano-dollars: at most nine decimals of a dollar.", field=field)
    if nusd < 0:
        raise Invalid("A price cannot be negative.", field=field)
    if nusd > MOST_NUSD:
        raise Invalid("A price is at most $1,000 a unit.", field=field)
    return nusd


def check_key(provider: str, model: str, unit: str) -> tuple[str, str, str]:
    """What the price is for, in the spelling of the price list."""
    wrong: list[FieldError] = []
    if not isinstance(provider, str) or not _NAME.fullmatch(provider.strip().lower()):
        wrong.append(FieldError(field="provider", message="Write the provider's name, like openai or sms."))
    if not isinstance(model, str) or not (model.strip() == ANY_MODEL or _NAME.fullmatch(model.strip().lower())):
        wrong.append(FieldError(field="model", message="Write a model's name, or * for every model of this provider."))
    if unit not in UNITS:
        wrong.append(FieldError(field="unit", message=f"Choose one of {', '.join(UNITS)}."))
    if wrong:
        raise Invalid(wrong[0].message, fields=wrong)
    provider, model = provider.strip().lower(), model.strip()
    if unit in operator_prices(load_settings(), provider, model):
        raise Invalid("Whoever runs this server has set the price of this model; it wins over yours.", field="model")
    return provider, model, unit


def check_start(valid_from: datetime | None, at: datetime) -> datetime:
    """The moment a price begins: `at` when none is named, never earlier."""
    if valid_from is None:
        return at
    if valid_from.tzinfo is None:
        raise Invalid("Write the moment with its time zone.", field="valid_from")
    if valid_from < at - LATE:
        raise Invalid("A price cannot begin in the past: what was used is booked already.", field="valid_from")
    if valid_from > at + FURTHEST:
        raise Invalid("A price can be planned up to five years ahead.", field="valid_from")
    return max(valid_from, at)


def check_end(valid_until: datetime | None, begins: datetime, at: datetime) -> datetime | None:
    """The moment a price ends, after it began; None: never."""
    if valid_until is None:
        return None
    if valid_until.tzinfo is None:
        raise Invalid("Write the moment with its time zone.", field="valid_until")
    if valid_until <= begins:
        raise Invalid("A price must end after it begins.", field="valid_until")
    if valid_until > at + 2 * FURTHEST:
        raise Invalid("Leave the end empty when the price holds for good.", field="valid_until")
    return valid_until


def not_past(valid_until: datetime | None, at: datetime) -> datetime | None:
    """An end that is meant as now is now."""
    if valid_until is None or valid_until.tzinfo is None:
        return valid_until
    if valid_until < at - LATE:
        raise Invalid("A price cannot end in the past: what was used is booked already.", field="valid_until")
    return max(valid_until, at)
