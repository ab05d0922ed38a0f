"""FAQs worth writing: list them, take one as an FAQ, put one aside. `orchestrator.suggesting` finds them."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission
from omni_app.infra.text import normalize
from omni_app.knowledge.faqs import FaqView, PreparedFaq, create_faq

OPEN, TAKEN, DISMISSED = "open", "taken", "dismissed"
_CHANGED = "suggestion.changed"

# What was taken or put aside stays so, however often it is found again; its figures stand still.
_UPSERT = text(
    """
    insert into faq_suggestions (id, business_id, group_key, kind, question, answer, examples, asked, saving_nusd, status,
      created_at, updated_at)
    values (:id, :business_id, :group_key, :kind, :question, :answer, cast(:examples as jsonb), :asked, :saving_nusd, 'open',
      :now, :now)
    on conflict (business_id, group_key) do update set kind = excluded.kind, question = excluded.question,
      answer = excluded.answer, examples = excluded.examples, asked = excluded.asked, saving_nusd = excluded.saving_nusd,
      updated_at = excluded.updated_at
    where faq_suggestions.status = 'open'
    """
)
_COLUMNS = "id, group_key, kind, question, answer, examples, asked, saving_nusd, status, faq_id, updated_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """One group of wordings as it was found; the fields are those of `SuggestionView`. `group_key` tells groups apart."""

    group_key: str
    kind: str
    question: str
    answer: str
    examples: tuple[str, ...]
    asked: int
    saving_nusd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionView:
    """An FAQ worth writing.

    `kind`: often_asked (a model answers it again and again; `answer` is its draft) or not_known (nobody could answer). `examples`
    are wordings of customers, `asked` how often in 30 days, `saving_nusd` what the model was paid for that. `status`: open, taken
    (as `faq_id`, while that FAQ exists), dismissed.
    """

    id: UUID
    group_key: str
    kind: str
    question: str
    answer: str
    examples: tuple[str, ...]
    asked: int
    saving_nusd: int
    status: str
    faq_id: UUID | None
    updated_at: datetime


async def store_suggestions(db: Db, found: Sequence[Suggested]) -> None:
    """Make the open suggestions those that were `found`; what is taken or dismissed stays. Needs TEACH."""
    db.scope.require(Permission.TEACH)
    at = now()
    for one in found:
        values = {
            "id": new_id(),
            "business_id": db.scope.business_id,
            "group_key": one.group_key,
            "kind": one.kind,
            "question": one.question,
            "answer": one.answer,
            "examples": json.dumps(one.examples),
            "asked": one.asked,
            "saving_nusd": one.saving_nusd,
            "now": at,
        }
        await db.execute(_UPSERT, values)
    await db.execute(
        "delete from faq_suggestions where status = 'open' and updated_at < :now and not group_key = any(:keys)",
        {"now": at, "keys": [one.group_key for one in found]},
    )
    live.publish(db, _CHANGED)


async def list_suggestions(db: Db, status: str | None = OPEN, page: int = 1, limit: int = 25) -> tuple[list[SuggestionView], int]:
    """One page of suggestions and how many there are: what would save most first, then what is asked most. Raises `Forbidden`.

    `status` None lists all of them.
    """
    db.scope.require(Permission.VIEW)
    where = "" if status is None else "where status = :status"
    rows = await db.execute(
        f"select {_COLUMNS}, count(*) over () as total from faq_suggestions {where} "  # noqa: S608 (constants of this module)
        "order by saving_nusd desc, asked desc, id limit :limit offset :offset",
        {"limit": limit, "offset": (page - 1) * limit, **({} if status is None else {"status": status})},
    )
    found = rows.mappings().all()
    if found or page == 1:
        return [_view({**row}) for row in found], found[0]["total"] if found else 0
    counted = await db.execute(
        f"select count(*) from faq_suggestions {where}",  # noqa: S608 (constants of this module)
        {} if status is None else {"status": status},
    )
    return [], int(counted.scalar_one())


async def load_suggestion(db: Db, suggestion_id: UUID) -> SuggestionView:
    """Raises `NotFound`, also for another business's suggestion; `Forbidden`."""
    db.scope.require(Permission.VIEW)
    rows = await db.execute(f"select {_COLUMNS} from faq_suggestions where id = :id", {"id": suggestion_id})  # noqa: S608
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFound("suggestion")
    return _view({**row})


async def take_suggestion(db: Db, suggestion_id: UUID, faq: PreparedFaq) -> FaqView:
    """Teach `faq`, which was written from this suggestion, and mark it taken.

    Needs TEACH. Raises `NotFound`, and `Conflict` when the suggestion is not open any more or the question is taught already.
    """
    db.scope.require(Permission.TEACH)
    await _close(db, suggestion_id, TAKEN)
    taught = await create_faq(db, faq)
    await db.execute("update faq_suggestions set faq_id = :faq_id where id = :id", {"id": suggestion_id, "faq_id": taught.id})
    return taught


async def dismiss_suggestion(db: Db, suggestion_id: UUID) -> None:
    """Put a suggestion aside for good, however often it is asked. Needs TEACH; raises `NotFound`, `Conflict` (not open)."""
    db.scope.require(Permission.TEACH)
    await _close(db, suggestion_id, DISMISSED)
    await audit.record(db, "faq_suggestion.dismissed", "faq_suggestion", suggestion_id)


async def restore_suggestion(db: Db, suggestion_id: UUID) -> None:
    """Bring back what was put aside. Needs TEACH; raises `NotFound`; nothing happens to one that is open or taken."""
    db.scope.require(Permission.TEACH)
    await load_suggestion(db, suggestion_id)
    await db.execute(
        "update faq_suggestions set status = 'open', updated_at = :now where id = :id and status = 'dismissed'",
        {"id": suggestion_id, "now": now()},
    )
    live.publish(db, _CHANGED)


async def _close(db: Db, suggestion_id: UUID, status: str) -> None:
    closed = await db.execute(
        "update faq_suggestions set status = :status, updated_at = :now where id = :id and status = 'open' returning id",
        {"id": suggestion_id, "status": status, "now": now()},
    )
    if closed.one_or_none() is None:
        found = await load_suggestion(db, suggestion_id)
        how = "taken" if found.status == TAKEN else "put aside"
        raise Conflict(f"Somebody has {how} this suggestion already.")
    live.publish(db, _CHANGED)


async def forget_examples(db: Db, said: Collection[str]) -> None:
    """Take what an erased customer said out of the suggestions: their examples go, and a question that was theirs with them."""
    known = {normalize(one) for one in said}
    rows = await db.execute(f"select {_COLUMNS} from faq_suggestions for update")  # noqa: S608
    for view in [_view({**row}) for row in rows.mappings()]:
        examples = [one for one in view.examples if normalize(one) not in known]
        if {normalize(view.question), view.group_key} & known:
            # The key is a wording as well, and the draft was written for it.
            await db.execute("delete from faq_suggestions where id = :id", {"id": view.id})
        elif len(examples) < len(view.examples):
            await db.execute(
                "update faq_suggestions set examples = cast(:examples as jsonb) where id = :id",
                {"id": view.id, "examples": json.dumps(examples)},
            )


def _view(row: dict[str, object]) -> SuggestionView:
    values = {name: value for name, value in row.items() if name != "total"}
    return SuggestionView(**{**values, "examples": tuple(values["examples"])})  # type: ignore[arg-type]
