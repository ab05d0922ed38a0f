"""Amounts of money as people type them: "120", "1,200.50", "$5". Nothing in here reads anything else."""

import re

from omni_app.infra import money
from omni_app.infra.errors import Invalid

MOST_NUSD = 1_000_000 * money.NUSD

_AMOUNT = re.compile(r"(\d{1,3}(?:,\d{3})+|\d{1,15})?(\.\d*)?")
_COMMA_CENTS = re.compile(r"[\d.]*\d,\d{1,2}")


def read_amount(written: str, field: str, what: str, *, most_nusd: int = MOST_NUSD, above_zero: bool = False) -> int:
    """Nano-dollars of `written`. Raise `Invalid` for `field` that says in words what is wrong; `what` begins the sentence."""
    plain = written.strip().removeprefix("US").strip().replace("\u00a0", "").replace(" ", "")
    is_negative = plain.startswith(("-", "−", "$-", "$−"))
    plain = plain.lstrip("-−+").removeprefix("$").removesuffix("$").lstrip("-−+")
    if not plain:
        raise Invalid("Write an amount in dollars, like 120 or 1,200.50.", field=field)
    if _COMMA_CENTS.fullmatch(plain):
        raise Invalid(f"Write cents after a point: {plain.replace('.', '').replace(',', '.')}.", field=field)
    match = _AMOUNT.fullmatch(plain)
    if match is None or not (match[1] or (match[2] or "").strip(".")):
        raise Invalid("Write an amount in dollars, like 120 or 1,200.50.", field=field)
    if is_negative:
        raise Invalid(f"{what} cannot be negative.", field=field)
    if len((match[2] or "").rstrip("0")) > 3:
        raise Invalid("Write whole cents: at most two decimals.", field=field)
    amount = money.to_nusd((match[1] or "0").replace(",", "") + (match[2] or "").rstrip("."))
    if amount > most_nusd:
        raise Invalid(f"{what} can be {money.show(most_nusd, 0)} at most.", field=field)
    if above_zero and amount == 0:
        raise Invalid(f"{what} must be above zero.", field=field)
    return amount


def read_percents(written: str) -> tuple[int, ...]:
    """(75, 90) of "75, 90 %"; none of an empty text. Raise `Invalid` (field `alert_percents`)."""
    parts = [part for part in re.split(r"[\s,;%]+", written.strip()) if part]
    if not all(part.isascii() and part.isdigit() and 1 <= int(part[:4]) <= 99 for part in parts) or len(parts) > 10:
        raise Invalid("Write up to 10 whole percentages from 1 to 99, like 75, 90. 100% is always told.", field="alert_percents")
    return tuple(sorted({int(part) for part in parts}))


def read_emails(written: str) -> tuple[str, ...]:
    """The addresses of a text, parted by commas, semicolons or lines."""
    return tuple(part for part in re.split(r"[\s,;]+", written.strip()) if part)


def read_cap(written: str, field: str, what: str) -> int | None:
    """A cap in nano-dollars; None for an empty field. Raise `Invalid`."""
    return read_amount(written, field, what) if written.strip() else None
