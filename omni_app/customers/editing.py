"""Change what is known of a customer: name, language, time zone, birthday, attributes, consent, tags."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, FieldError, Invalid, NotFound
from omni_app.infra.scope import Permission
from omni_app.tenancy.checks import check_text, check_timezone

MAX_ATTRIBUTES, MAX_KEY, MAX_VALUE = 50, 200, 2000
MAX_TAGS, MAX_TAG = 30, 40
MAX_PURPOSES = 20
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_PURPOSE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
_LARGEST = 2**53

_LOCK = text(
    """select name, language, timezone, birthday, attributes, consent, tags, version, merged_into_id from customers
       where id = :id for no key update"""
)


def _check_language(value: Any) -> str:
    if not isinstance(value, str) or (value and not _LANGUAGE.fullmatch(value)):
        raise Invalid("Write a language like en or en-CA.", "language")
    return value


def _check_birthday(value: Any) -> date | None:
    if value is None or value == "":
        return None
    try:
        day = value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise Invalid("Write a day like 1990-04-23.", "birthday") from None
    if not date(1880, 1, 1) <= day <= now().date():
        raise Invalid("This is no day on which a living person was born.", "birthday")
    return day


def _check_scalar(name: str, value: Any) -> Any:
    field = f"attributes.{name}"
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return check_text(value, field, "The value", longest=MAX_VALUE)
    # Numbers beyond 2^53 change on their way through other programs; NaN and infinity are no JSON.
    if isinstance(value, int | float) and abs(value) <= _LARGEST:
        return value
    raise Invalid("A value is a text, a number, true, false or null.", field)


def _check_attributes(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise Invalid("Attributes are named values.", "attributes")
    if len(value) > MAX_ATTRIBUTES:
        raise Invalid(f"A customer has at most {MAX_ATTRIBUTES} attributes.", "attributes")
    clean = {}
    for name, item in value.items():
        key = " ".join(check_text(name, "attributes", "A name", shortest=1, longest=MAX_KEY).split())
        if key in clean:
            raise Invalid(f"The attribute “{key}” is there twice.", "attributes")
        clean[key] = _check_scalar(key, item)
    return clean


def _check_consent(value: Any) -> dict[str, bool]:
    if not isinstance(value, Mapping) or len(value) > MAX_PURPOSES:
        raise Invalid(f"Consent names up to {MAX_PURPOSES} purposes.", "consent")
    for purpose, given in value.items():
        if not isinstance(purpose, str) or not _PURPOSE.fullmatch(purpose):
            raise Invalid("A purpose is a short word like marketing, in small letters.", "consent")
        if not isinstance(given, bool):
            raise Invalid("Consent is true or false.", f"consent.{purpose}")
    return dict(value)


_CHECKS: dict[str, Callable[[Any], Any]] = {
    # Empty is fine: strangers have no name.
    "name": lambda value: " ".join(check_text(value, "name", "The name", longest=120).split()),
    "language": _check_language,
    "timezone": lambda value: value if value == "" else check_timezone(value),
    "birthday": _check_birthday,
    "attributes": _check_attributes,
    "consent": _check_consent,
}


async def change_customer(db: Db, customer_id: UUID, *, version: int | None = None, source: str = "staff", **changes: Any) -> int:
    """Change some of name, language, timezone, birthday (date, ISO text or None), attributes (all of them), consent
    ({purpose: bool}, only those named); what is not named stays. Give back the new version.

    `source` says where a consent came from. Raises `Invalid` naming every wrong field, `Conflict` when `version` is not the
    stored one any more or the customer was joined with another, `NotFound`, `Forbidden` without REPLY.
    """
    db.scope.require(Permission.REPLY)
    clean = _check_all(changes)
    row = await _lock(db, customer_id, version)
    if "consent" in clean:
        clean["consent"] = _consent(row.consent, clean["consent"], source)
    new = {name: value for name, value in clean.items() if getattr(row, name) != value}
    if not new:
        return int(row.version)
    await _store(db, customer_id, row.version, new)
    # The trail outlives the customer: it names what changed, never a person's data.
    after: dict[str, Any] = {"changed": sorted(new), "version": row.version + 1}
    if "consent" in new:
        after["consent"] = {purpose: entry["given"] for purpose, entry in new["consent"].items()}
    await audit.record(db, "customer.updated", "customer", customer_id, after=after)
    return int(row.version) + 1


async def add_tags(db: Db, customer_id: UUID, tags: Sequence[str]) -> list[str]:
    """Add tags; one that is there already changes nothing. Give back all tags.

    Raises `Invalid` (field `tags`), `Conflict`, `NotFound`, `Forbidden` without REPLY.
    """
    return await _retag(db, customer_id, tags, lambda old, given: [*old, *(tag for tag in given if tag not in old)], "tagged")


async def remove_tags(db: Db, customer_id: UUID, tags: Sequence[str]) -> list[str]:
    """Remove tags; one that is not there changes nothing. Give back what stays. Raises as `add_tags`."""
    return await _retag(db, customer_id, tags, lambda old, given: [tag for tag in old if tag not in given], "untagged")


def check_tag(value: object, field: str = "tags") -> str:
    """A tag in small letters with single spaces, 1 to 40 characters."""
    if not isinstance(value, str):
        raise Invalid("A tag is a text.", field)
    return " ".join(check_text(value, field, "A tag", shortest=1, longest=MAX_TAG).lower().split())


async def _retag(
    db: Db, customer_id: UUID, tags: Sequence[str], change: Callable[[list[str], list[str]], list[str]], verb: str
) -> list[str]:
    db.scope.require(Permission.REPLY)
    if isinstance(tags, str) or not 1 <= len(tags) <= MAX_TAGS:
        raise Invalid(f"Give 1 to {MAX_TAGS} tags.", "tags")
    given = list(dict.fromkeys(check_tag(tag) for tag in tags))
    row = await _lock(db, customer_id)
    old = list(row.tags)
    new = change(old, given)
    if new == old:
        return old
    if len(new) > MAX_TAGS:
        raise Invalid(f"A customer has at most {MAX_TAGS} tags; this would be {len(new)}.", "tags")
    await _store(db, customer_id, row.version, {"tags": new})
    await audit.record(db, f"customer.{verb}", "customer", customer_id, before={"tags": old}, after={"tags": new})
    return new


def _check_all(changes: Mapping[str, Any]) -> dict[str, Any]:
    clean: dict[str, Any] = {}
    wrong: list[FieldError] = []
    for name, value in changes.items():
        try:
            if name not in _CHECKS:
                raise Invalid("There is no such field.", name)
            clean[name] = _CHECKS[name](value)
        except Invalid as error:
            wrong.extend(error.fields)
    if wrong:
        raise Invalid(wrong[0].message if len(wrong) == 1 else "Some fields cannot be accepted.", fields=wrong)
    return clean


def _consent(old: Mapping[str, Any], given: Mapping[str, bool], source: str) -> dict[str, Any]:
    """What was agreed to keeps the moment it was first said; only an answer that differs is a new one."""
    said = {
        purpose: {"given": answer, "at": now().isoformat(), "source": source}
        for purpose, answer in given.items()
        if old.get(purpose, {}).get("given") is not answer
    }
    if len({*old, *said}) > MAX_PURPOSES:
        raise Invalid(f"Consent names up to {MAX_PURPOSES} purposes.", "consent")
    return {**old, **said}


async def _lock(db: Db, customer_id: UUID, version: int | None = None) -> Any:
    row = (await db.execute(_LOCK, {"id": customer_id})).one_or_none()
    if row is None:
        raise NotFound("customer")
    if row.merged_into_id is not None:
        raise Conflict("This customer was joined with another. Change that one.")
    if version is not None and version != row.version:
        raise Conflict("Somebody else changed this customer. Read it again before you change it.")
    return row


async def _store(db: Db, customer_id: UUID, version: int, new: Mapping[str, Any]) -> None:
    json_columns = {"attributes", "consent", "tags"}
    sets = ", ".join(f"{name} = cast(:{name} as jsonb)" if name in json_columns else f"{name} = :{name}" for name in new)
    values = {name: json.dumps(value) if name in json_columns else value for name, value in new.items()}
    await db.execute(
        text(f"update customers set {sets}, version = :version where id = :id"),  # noqa: S608 (names come from `_CHECKS`)
        {**values, "version": version + 1, "id": customer_id},
    )
    live.publish(db, "customer.changed", customer_id=customer_id)
