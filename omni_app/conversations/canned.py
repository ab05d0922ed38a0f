"""Replies kept for reuse: written once, inserted with `/shortcut`, their variables filled in for the customer at hand."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from omni_app import audit
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, FieldError, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission

MAX_ANSWERS = 500
MAX_TITLE = 80
MAX_TEXT = 4000

VARIABLES = {
    "customer.name": "there",
    "customer.first_name": "there",
    "agent.name": "the team",
    "business.name": "us",
    "conversation.subject": "your question",
}
"""Variable -> what stands in its place when it is not known ("Hello there")."""

_SHORTCUT = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")

_COLUMNS = "id, shortcut, title, text, version, updated_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedView:
    """One canned answer; `version` goes back with a change, so that a change by somebody else is noticed."""

    id: UUID
    shortcut: str
    title: str
    text: str
    version: int
    updated_at: datetime


async def list_canned(db: Db) -> list[CannedView]:
    """Every canned answer of the business, by shortcut. Raises `Forbidden`."""
    db.scope.require(Permission.VIEW)
    rows = await db.execute(f"select {_COLUMNS} from canned_answers order by shortcut")  # noqa: S608 (a constant)
    return [CannedView(**row._mapping) for row in rows]


async def load_canned(db: Db, canned_id: UUID) -> CannedView:
    """One canned answer. Raises `Forbidden`, `NotFound`."""
    db.scope.require(Permission.VIEW)
    row = (await db.execute(f"select {_COLUMNS} from canned_answers where id = :id", {"id": canned_id})).one_or_none()  # noqa: S608
    if row is None:
        raise NotFound("canned answer")
    return CannedView(**row._mapping)


async def create_canned(db: Db, shortcut: str, title: str, text: str) -> CannedView:
    """Add one. Raises `Invalid` (fields `shortcut`, `title`, `text`), `Forbidden`."""
    db.scope.require(Permission.TEACH)
    shortcut, title, text = _check(shortcut, title, text)
    at = now()
    made = CannedView(id=new_id(), shortcut=shortcut, title=title, text=text, version=1, updated_at=at)
    if (await db.execute("select count(*) from canned_answers")).scalar_one() >= MAX_ANSWERS:
        raise Invalid(f"A business has at most {MAX_ANSWERS} canned answers. Delete one first.", "shortcut")
    added = await db.execute(
        """insert into canned_answers (id, business_id, shortcut, title, text, version, created_at, updated_at)
           values (:id, :business_id, :shortcut, :title, :text, 1, :now, :now)
           on conflict (business_id, shortcut) do nothing returning id""",
        {"id": made.id, "business_id": db.scope.business_id, "shortcut": shortcut, "title": title, "text": text, "now": at},
    )
    if added.one_or_none() is None:
        raise _taken(shortcut)
    await audit.record(db, "canned.created", "canned_answer", made.id, after={"shortcut": shortcut, "title": title})
    return made


async def update_canned(db: Db, canned_id: UUID, version: int, shortcut: str, title: str, text: str) -> CannedView:
    """Change one that stands at `version`.

    Raises `Conflict` when somebody changed it first, `Invalid`, `Forbidden`, `NotFound`.
    """
    db.scope.require(Permission.TEACH)
    shortcut, title, text = _check(shortcut, title, text)
    row = (
        await db.execute(f"select {_COLUMNS} from canned_answers where id = :id for update", {"id": canned_id})  # noqa: S608
    ).one_or_none()
    if row is None:
        raise NotFound("canned answer")
    if row.version != version:
        raise Conflict("Somebody changed this answer meanwhile. Compare with what it says now, then save again.")
    at = now()
    try:
        await db.execute(
            """update canned_answers set shortcut = :shortcut, title = :title, text = :text, version = version + 1,
                 updated_at = :now where id = :id""",
            {"id": canned_id, "shortcut": shortcut, "title": title, "text": text, "now": at},
        )
    except IntegrityError:
        raise _taken(shortcut) from None
    await audit.record(
        db,
        "canned.updated",
        "canned_answer",
        canned_id,
        before={"shortcut": row.shortcut, "title": row.title},
        after={"shortcut": shortcut, "title": title},
    )
    return CannedView(id=canned_id, shortcut=shortcut, title=title, text=text, version=version + 1, updated_at=at)


async def delete_canned(db: Db, canned_id: UUID) -> None:
    """Delete one; what was sent with it stays. Raises `Forbidden`, `NotFound`."""
    db.scope.require(Permission.TEACH)
    gone = await db.execute("delete from canned_answers where id = :id returning shortcut", {"id": canned_id})
    if (row := gone.one_or_none()) is None:
        raise NotFound("canned answer")
    await audit.record(db, "canned.deleted", "canned_answer", canned_id, before={"shortcut": row.shortcut})


async def list_rendered(db: Db, conversation_id: UUID) -> list[CannedView]:
    """Every canned answer with its variables filled in for one conversation and the calling member.

    Raises `Forbidden`, `NotFound`.
    """
    db.scope.require(Permission.VIEW)
    row = (
        await db.execute(
            """select cu.name as customer, c.subject, b.name as business
               from conversations c join customers cu on cu.id = c.customer_id join businesses b on b.id = c.business_id
               where c.id = :id""",
            {"id": conversation_id},
        )
    ).one_or_none()
    if row is None:
        raise NotFound("conversation")
    values = values_of(row.customer, db.scope.actor.name, row.business, row.subject)
    return [replace(canned, text=render(canned.text, values)) for canned in await list_canned(db)]


def values_of(customer: str, agent: str, business: str, subject: str) -> dict[str, str]:
    """What stands for each variable, from the names at hand (each may be empty)."""
    first = customer.strip().split(" ")[0]
    return {
        "customer.name": customer,
        "customer.first_name": first,
        "agent.name": agent,
        "business.name": business,
        "conversation.subject": subject,
    }


def render(text: str, values: Mapping[str, str]) -> str:
    """`text` with its variables filled in; one that is empty reads as `VARIABLES` says. What is filled in is not read again."""

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        return values.get(name, "").strip() or VARIABLES.get(name, match.group(0))

    return _VARIABLE.sub(fill, text)


def _check(shortcut: str, title: str, text: str) -> tuple[str, str, str]:
    problems: list[FieldError] = []
    shortcut = shortcut.strip().lstrip("/").lower()
    title, text = (_storable(value).strip() for value in (title, text))
    title = " ".join(title.split())
    if not _SHORTCUT.fullmatch(shortcut):
        message = "Use 1 to 32 letters a–z, digits, - and _, like deposit-rules."
        problems.append(FieldError(field="shortcut", message=message))
    if not 1 <= len(title) <= MAX_TITLE:
        problems.append(FieldError(field="title", message=f"Write a title of 1 to {MAX_TITLE} characters."))
    if not 1 <= len(text) <= MAX_TEXT:
        problems.append(FieldError(field="text", message=f"Write an answer of 1 to {MAX_TEXT:,} characters."))
    elif (unknown := next((name for name in _VARIABLE.findall(text) if name not in VARIABLES), None)) is not None:
        known = ", ".join(f"{{{{{name}}}}}" for name in VARIABLES)
        problems.append(FieldError(field="text", message=f"There is no variable {{{{{unknown}}}}}. There are {known}."))
    if problems:
        raise Invalid(problems[0].message, fields=problems)
    return shortcut, title, text


def _storable(value: Any) -> str:
    """Text PostgreSQL can keep: no NUL, no lone surrogates."""
    return str(value).replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _taken(shortcut: str) -> Invalid:
    return Invalid(f"/{shortcut} is in use already. Choose another.", "shortcut")
