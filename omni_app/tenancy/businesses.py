"""The profile of a business: read it, change it, find it by the public key of its widget."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text, update

from omni_app import audit
from omni_app.infra.clock import now
from omni_app.infra.database import Db, read_system
from omni_app.infra.errors import Conflict, FieldError, Invalid, NotFound
from omni_app.infra.scope import Permission
from omni_app.tenancy.checks import check_name, check_text, check_timezone
from omni_app.tenancy.models import Business
from omni_app.tenancy.opening_hours import check_hours
from omni_app.tenancy.widget_look import PRE_CHAT_FIELDS, complete_pre_chat

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_COLORS = ("primary", "on_primary", "accent")


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessView:
    """All of a business's row. The dictionaries and lists are shared by those who read it: change none of them."""

    id: UUID
    name: str
    widget_key: str
    industry: str
    timezone: str
    locale: str
    opening_hours: dict[str, list[list[str]]]
    contact: dict[str, str]
    price_list: list[dict[str, Any]]
    rules: str
    greeting: str
    suggestions: list[str]
    colors: dict[str, str]
    pre_chat: dict[str, Any]
    daily_messages: int
    plan: str
    knowledge_version: int
    persona_version: int
    created_at: datetime
    updated_at: datetime


_COLUMNS = ", ".join(field.name for field in fields(BusinessView))


def _view(row: RowMapping) -> BusinessView:
    return BusinessView(**row)


async def load_business(db: Db) -> BusinessView:
    """The business of this scope."""
    found = await db.execute(
        f"select {_COLUMNS} from businesses where id = :id",  # noqa: S608 (a constant)
        {"id": db.scope.business_id},
    )
    row = found.mappings().one_or_none()
    if row is None:
        raise NotFound("business")
    return _view(row)


def _check_daily(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10_000:
        raise Invalid("Write a whole number from 1 to 10,000.", field="daily_messages")
    return value


def _check_suggestions(value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or len(value) > 5:
        raise Invalid("Write up to 5 questions.", field="suggestions")
    return [check_text(item, "suggestions", "A question", shortest=1, longest=80) for item in value]


def _check_colors(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise Invalid("Colours are primary, on_primary and accent.", field="colors")
    for name, color in value.items():
        if name not in _COLORS:
            raise Invalid("Colours are primary, on_primary and accent.", field="colors")
        if not isinstance(color, str) or not _COLOR.fullmatch(color):
            raise Invalid("Write a colour like #0f4c5c.", field=f"colors.{name}")
    return {name: color.lower() for name, color in value.items()}


def _check_contact(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or len(value) > 20 or not all(isinstance(name, str) for name in value):
        raise Invalid("Contact details are up to 20 named texts.", field="contact")
    return {
        check_name(name, "contact", "The name"): check_text(item, f"contact.{name}", "A contact detail", longest=300)
        for name, item in value.items()
    }


def _check_prices(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list | tuple) or len(value) > 500:
        raise Invalid("A price list has up to 500 lines.", field="price_list")
    return [_check_price(line, f"price_list.{place}") for place, line in enumerate(value)]


def _check_price(line: Any, field: str) -> dict[str, Any]:
    if not isinstance(line, Mapping) or set(line) != {"name", "price_minor", "currency"}:
        raise Invalid("A line has a name, a price_minor and a currency.", field=field)
    price, currency = line["price_minor"], line["currency"]
    if isinstance(price, bool) or not isinstance(price, int) or not 0 <= price <= 10**12:
        raise Invalid("A price is a whole number of cents.", field=f"{field}.price_minor")
    if not isinstance(currency, str) or not re.fullmatch(r"[A-Z]{3}", currency):
        raise Invalid("A currency has three letters, like EUR.", field=f"{field}.currency")
    return {"name": check_name(line["name"], f"{field}.name", "The name"), "price_minor": price, "currency": currency}


def _check_locale(value: Any) -> str:
    if not isinstance(value, str) or not _LOCALE.fullmatch(value):
        raise Invalid("Write a language like en or en-CA.", field="locale")
    return value


def _check_pre_chat(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not set(value) <= {"enabled", "required", "fields"}:
        raise Invalid("The form before the chat has enabled, required and fields.", field="pre_chat")
    for name in ("enabled", "required"):
        if not isinstance(value.get(name, False), bool):
            raise Invalid("Use true or false.", field=f"pre_chat.{name}")
    fields = value.get("fields", [])
    if not isinstance(fields, list | tuple) or not all(name in PRE_CHAT_FIELDS for name in fields):
        raise Invalid("Fields are name, email and phone.", field="pre_chat.fields")
    if value.get("enabled") and not fields:
        raise Invalid("Choose at least one field to ask for.", field="pre_chat.fields")
    return complete_pre_chat({**value, "fields": fields})


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": lambda value: check_name(value, "name", "The business name"),
    "industry": lambda value: check_text(value, "industry", "The industry", longest=120),
    "timezone": check_timezone,
    "locale": _check_locale,
    "opening_hours": check_hours,
    "contact": _check_contact,
    "price_list": _check_prices,
    "rules": lambda value: check_text(value, "rules", "The rules", longest=4000),
    "greeting": lambda value: check_text(value, "greeting", "The greeting", longest=300),
    "suggestions": _check_suggestions,
    "colors": _check_colors,
    "pre_chat": _check_pre_chat,
    "daily_messages": _check_daily,
}

# What the brain may say depends on these; answers kept from before must not be used again.
_SPOKEN = frozenset({"name", "industry", "timezone", "locale", "opening_hours", "contact", "price_list", "rules"})


async def update_business(db: Db, *, unless_changed_since: datetime | None = None, **changes: Any) -> BusinessView:
    """Change some of name, industry, timezone, locale, opening_hours, contact, price_list, rules, greeting, suggestions,
    colors, pre_chat, daily_messages; what is not named stays. Raise `Invalid` naming every wrong field, and `Conflict` when
    `unless_changed_since` is not the stored `updated_at` any more; nothing is stored then.
    """
    db.scope.require(Permission.CONFIGURE)
    clean = _check_all(changes)
    found = await db.execute(
        f"select {_COLUMNS} from businesses where id = :id for update",  # noqa: S608 (a constant)
        {"id": db.scope.business_id},
    )
    row = found.mappings().one_or_none()
    if row is None:
        raise NotFound("business")
    before = _view(row)
    if unless_changed_since is not None and unless_changed_since != before.updated_at:
        raise Conflict("Somebody else changed the profile. Read it again before you change it.")
    new = {name: value for name, value in clean.items() if getattr(before, name) != value}
    if not new:
        return before
    values = {**new, "updated_at": now()}
    if _SPOKEN & new.keys():
        values["knowledge_version"] = before.knowledge_version + 1
        values["persona_version"] = before.persona_version + 1
    await db.execute(update(Business).where(Business.__table__.c.id == before.id).values(**values))  # type: ignore[attr-defined]
    old = {name: getattr(before, name) for name in new}
    await audit.record(db, "business.updated", "business", before.id, before=old, after=new)
    db.after_commit(lambda: _forget(before.widget_key))
    return BusinessView(**{**asdict(before), **values})


def _check_all(changes: Mapping[str, Any]) -> dict[str, Any]:
    clean: dict[str, Any] = {}
    wrong: list[FieldError] = []
    for name, value in changes.items():
        try:
            if name not in _CHECKS:
                raise Invalid("There is no such setting.", field=name)
            clean[name] = _CHECKS[name](value)
        except Invalid as error:
            wrong.extend(error.fields)
    if wrong:
        raise Invalid(wrong[0].message if len(wrong) == 1 else "Some settings cannot be accepted.", fields=wrong)
    return clean


_KEPT_SECONDS = 30.0
_MOST_KEPT = 2000
_kept: dict[str, tuple[float, BusinessView]] = {}
_FIND = text(f"select {_COLUMNS} from businesses where widget_key = :key")  # noqa: S608 (a constant)


async def find_business_by_widget_key(key: str) -> BusinessView | None:
    """The business whose widget has this public key. A change made in another process shows within 30 seconds."""
    if not isinstance(key, str) or not key.startswith("wk_") or len(key) > 100 or not key.isascii() or "\0" in key:
        return None
    kept = _kept.get(key)
    if kept is not None and time.monotonic() < kept[0]:
        return kept[1]
    async with read_system("whose widget") as connection:
        row = (await connection.execute(_FIND, {"key": key})).mappings().one_or_none()
    if row is None:
        _forget(key)
        return None
    if len(_kept) >= _MOST_KEPT:
        _kept.clear()
    business = _view(row)
    _kept[key] = (time.monotonic() + _KEPT_SECONDS, business)
    return business


def _forget(key: str) -> None:
    _kept.pop(key, None)
