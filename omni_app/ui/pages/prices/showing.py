"""Prices in words, and from fields. Nothing in here reads anything else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from omni_app.budgets.listed import UNITS
from omni_app.budgets.price_list import PriceView, read_price
from omni_app.budgets.prices import ANY_MODEL
from omni_app.infra import money
from omni_app.infra.errors import Invalid
from omni_app.insights.typical import TypicalAnswer
from omni_app.ui.words import cost, count

PROVIDERS = {
    "openai": "OpenAI",
    "anthropic": "Anthropic",
    "local": "On this machine",
    "sms": "SMS",
    "email": "E-mail",
    "voice": "Phone calls",
    "whatsapp": "WhatsApp",
    "instagram": "Instagram",
    "telegram": "Telegram",
    "chat": "Website chat",
    "crm": "CRM",
    "understanding": "Understanding",
    "personalisation": "Personalisation",
}
MILLION = 1_000_000


@dataclass
class PriceLine:
    """One price that holds now, or is planned. `key` names provider, model and unit."""

    key: str
    id: str
    provider: str
    model: str
    unit: str
    price: str
    of: str
    listed: str
    valid: str
    is_own: bool
    is_planned: bool
    note: str


@dataclass
class VersionLine:
    id: str
    price: str
    valid: str
    origin: str
    note: str
    state: str
    """now, planned, over, taken back."""
    may_end: bool


@dataclass
class TypicalLine:
    model: str
    each: str
    thousand: str


def is_token(unit: str) -> bool:
    return unit.endswith("token")


def trimmed(nusd: int | Decimal) -> str:
    """Dollars with as many decimals as count, two at least: "$0.005", "$2.50"."""
    text = f"{Decimal(nusd) / money.NUSD:,.9f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    return f"${whole}.{decimals.ljust(2, '0')}"


def price_words(nusd: int, unit: str) -> tuple[str, str]:
    """The figure and what it is for: ("$2.50", "per million tokens read"), ("$0.005", "for an SMS segment")."""
    if nusd == 0:
        return "free", ""
    if is_token(unit):
        return trimmed(nusd * MILLION), f"per million {UNITS[unit].removeprefix('a ').replace('token', 'tokens')}"
    return trimmed(nusd), f"for {UNITS.get(unit, unit)}"


def field_value(nusd: int, unit: str) -> str:
    """The figure as it stands in a field, in the unit of `price_words`."""
    return trimmed(nusd * MILLION if is_token(unit) else nusd).removeprefix("$").replace(",", "")


def read_field(written: str, unit: str) -> int:
    """Nano-dollars a unit of what stands in the field; tokens are priced by the million. Raise `Invalid` (field `price`)."""
    if unit not in UNITS:
        raise Invalid("Choose what the price is for.", field="unit")
    return _read_million(written) if is_token(unit) else read_price(written, "price")


def _read_million(written: str) -> int:
    # A price for a million may be above what one unit may cost, so it is read as a thousandth first.
    plain = written.strip().removeprefix("$").replace(",", "").strip()
    try:
        value = Decimal(plain) * 1000
    except ArithmeticError:
        raise Invalid("Write an amount in dollars for a million tokens, like 2.50.", field="price") from None
    if not value.is_finite() or value != value.to_integral_value():
        raise Invalid("A price for a million tokens has at most three decimals.", field="price")
    if value < 0:
        raise Invalid("A price cannot be negative.", field="price")
    if value > 10**9:
        raise Invalid("A million tokens cost $1,000,000 at most.", field="price")
    return int(value)


def read_moment(written: str, field: str, zone: ZoneInfo, *, is_last_day: bool = False) -> datetime | None:
    """Midnight at the beginning of a day, or at its end for the last day; None for an empty field. Raise `Invalid`."""
    if not written:
        return None
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise Invalid("Choose a day.", field=field) from None
    if not 2000 <= day.year <= 2200:
        raise Invalid("Choose a day of this century.", field=field)
    return datetime.combine(day + timedelta(days=int(is_last_day)), time.min, zone)


def day_of(moment: datetime, zone: ZoneInfo, *, is_end: bool = False) -> str:
    """The day of a beginning, or the last day before an end: "31 December 2026"; with the hour when it is no midnight."""
    local = moment.astimezone(zone)
    if local.time() == time.min:
        local -= timedelta(days=int(is_end))
        return f"{local.day} {local:%B %Y}"
    return f"{local.day} {local:%B %Y, %H:%M}"


def valid_words(price: PriceView, zone: ZoneInfo) -> str:
    """When a version holds: "since 1 March 2026", "from 1 May 2026 to 31 December 2026"."""
    begins = day_of(price.valid_from, zone)
    if price.valid_until is None:
        return f"{'from' if price.is_planned else 'since'} {begins}" + (" on" if price.is_planned else "")
    return f"from {begins} to {day_of(price.valid_until, zone, is_end=True)}"


def model_words(provider: str, model: str) -> str:
    name = PROVIDERS.get(provider, provider)
    return name if model == ANY_MODEL else f"{name} {model}"


def price_line(price: PriceView, zone: ZoneInfo) -> PriceLine:
    shown, of = price_words(price.nusd_per_unit, price.unit)
    listed = (
        "" if price.list_nusd is None or price.list_nusd == price.nusd_per_unit else price_words(price.list_nusd, price.unit)[0]
    )
    return PriceLine(
        key=f"{price.provider}|{price.model}|{price.unit}",
        id=str(price.id),
        provider=price.provider,
        model=model_words(price.provider, price.model),
        unit=UNITS.get(price.unit, price.unit),
        price=shown,
        of=of or f"for {UNITS.get(price.unit, price.unit)}",
        listed=listed,
        valid=valid_words(price, zone),
        is_own=price.is_own,
        is_planned=price.is_planned,
        note=price.note,
    )


def version_lines(versions: Sequence[PriceView], zone: ZoneInfo, at: datetime) -> list[VersionLine]:
    """Every version of one price, newest first, and what it is now."""
    lines = []
    has_own_now = any(_holds(version, at) for version in versions if version.is_own)
    for version in versions:
        is_back = version.valid_until is not None and version.valid_until <= version.valid_from
        is_over = version.valid_until is not None and version.valid_until <= at
        holds = _holds(version, at) and (version.is_own or not has_own_now)
        shown, of = price_words(version.nusd_per_unit, version.unit)
        by = f", by {version.created_by}" if version.created_by else ""
        lines.append(
            VersionLine(
                id=str(version.id),
                price=f"{shown} {of}".strip(),
                valid="taken back before it began" if is_back else valid_words(version, zone),
                origin=f"own price{by}" if version.is_own else "list price",
                note=version.note,
                state="taken back"
                if is_back
                else "over"
                if is_over
                else "planned"
                if version.is_planned
                else "now"
                if holds
                else "",
                may_end=version.is_own and not is_over and not is_back,
            )
        )
    return lines


def _holds(version: PriceView, at: datetime) -> bool:
    return version.valid_from <= at and (version.valid_until is None or version.valid_until > at)


def typical_lines(prices: Sequence[PriceView], usual: TypicalAnswer) -> list[TypicalLine]:
    """What a usual answer costs with each language model that has a price now, the cheapest first."""
    current: dict[tuple[str, str], dict[str, int]] = {}
    for price in prices:
        if not price.is_planned and is_token(price.unit):
            current.setdefault((price.provider, price.model), {})[price.unit] = price.nusd_per_unit
    found = [
        (usual.cost_nusd(units["input_token"], units["output_token"]), model_words(*key))
        for key, units in current.items()
        if {"input_token", "output_token"} <= units.keys()
    ]
    return [TypicalLine(name, cost(amount), cost(1000 * amount)) for amount, name in sorted(found)]


def typical_words(usual: TypicalAnswer) -> str:
    size = f"{usual.input_tokens:,} tokens read and {usual.output_tokens:,} written"
    if usual.is_measured:
        return f"Your usual answer: {size}, measured on {count(usual.answers, 'paid answer')} of the last 30 days."
    return f"Assumed: {size}. With 20 paid answers Omni measures yours."
