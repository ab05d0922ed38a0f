"""Words staff sort conversations by."""

from dataclasses import dataclass
from uuid import UUID

from omni_app import audit
from omni_app.conversations.changing import staff_of
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Permission
from omni_app.tenancy.checks import check_text

PALETTE = ("gray", "red", "orange", "amber", "green", "teal", "blue", "iris", "pink")
"""Colours a label may have, as the style sheet names them."""

MAX_LABELS = 100
MAX_NAME = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelView:
    """One label and how many conversations wear it."""

    id: UUID
    name: str
    color: str
    conversations: int = 0


async def list_labels(db: Db) -> list[LabelView]:
    """Every label of the business, by name. Raises `Forbidden`."""
    db.scope.require(Permission.VIEW)
    rows = await db.execute(
        """select l.id, l.name, l.color,
             (select count(*) from conversation_labels cl where cl.label_id = l.id) as conversations
           from labels l order by lower(l.name), l.id"""
    )
    return [LabelView(**row._mapping) for row in rows]


async def create_label(db: Db, name: str, color: str = "gray") -> LabelView:
    """Add a label. Raises `Invalid` (fields `name`, `color`), `Conflict` when there is one of that name, `Forbidden`."""
    staff_of(db)
    label = LabelView(id=new_id(), name=_check_name(name), color=_check_color(color))
    await _require_free(db, label.name, None)
    await db.execute(
        "insert into labels (id, business_id, name, color, created_at) values (:id, :business_id, :name, :color, :now)",
        {"id": label.id, "business_id": db.scope.business_id, "name": label.name, "color": label.color, "now": now()},
    )
    await audit.record(db, "label.created", "label", label.id, after={"name": label.name, "color": label.color})
    return label


async def update_label(db: Db, label_id: UUID, name: str, color: str) -> LabelView:
    """Rename or recolour a label, on every conversation that wears it.

    Needs CONFIGURE. Raises `Invalid` (fields `name`, `color`), `Conflict`, `Forbidden`, `NotFound`.
    """
    db.scope.require(Permission.CONFIGURE)
    name, color = _check_name(name), _check_color(color)
    before = await _load(db, label_id)
    await _require_free(db, name, label_id)
    await db.execute(
        "update labels set name = :name, color = :color where id = :id", {"id": label_id, "name": name, "color": color}
    )
    after = {"name": name, "color": color}
    await audit.record(db, "label.updated", "label", label_id, before={"name": before.name, "color": before.color}, after=after)
    return LabelView(id=label_id, name=name, color=color, conversations=before.conversations)


async def delete_label(db: Db, label_id: UUID) -> None:
    """Delete a label and take it off every conversation. Needs CONFIGURE. Raises `Forbidden`, `NotFound`."""
    db.scope.require(Permission.CONFIGURE)
    before = await _load(db, label_id)
    await db.execute("delete from labels where id = :id", {"id": label_id})
    await audit.record(db, "label.deleted", "label", label_id, before={"name": before.name, "color": before.color})


async def set_label(db: Db, conversation_id: UUID, label_id: UUID, on: bool) -> None:
    """Put a label on a conversation, or take it off; doing it twice does it once. Raises `Forbidden`, `NotFound`."""
    staff_of(db)
    row = (
        await db.execute(
            """select (select id from conversations where id = :conversation_id) as conversation,
                 (select id from labels where id = :label_id for share) as label""",
            {"conversation_id": conversation_id, "label_id": label_id},
        )
    ).one()
    if row.conversation is None:
        raise NotFound("conversation")
    if row.label is None:
        raise NotFound("label")
    if on:
        statement = """insert into conversation_labels (business_id, conversation_id, label_id, created_at)
            values (:business_id, :conversation_id, :label_id, :now) on conflict do nothing"""
        values = {"business_id": db.scope.business_id, "now": now()}
    else:
        statement = "delete from conversation_labels where conversation_id = :conversation_id and label_id = :label_id"
        values = {}
    await db.execute(statement, {**values, "conversation_id": conversation_id, "label_id": label_id})
    live.publish(db, "conversation.changed", conversation_id=conversation_id)


def _check_name(name: str) -> str:
    return " ".join(check_text(name, "name", "The name", shortest=1, longest=MAX_NAME).split())


def _check_color(color: str) -> str:
    if color not in PALETTE:
        raise Invalid(f"Choose one of {', '.join(PALETTE)}.", "color")
    return color


def _taken(name: str) -> Conflict:
    return Conflict(f"There is a label “{name}” already.")


async def _load(db: Db, label_id: UUID) -> LabelView:
    row = (
        await db.execute(
            """select l.id, l.name, l.color,
                 (select count(*) from conversation_labels cl where cl.label_id = l.id) as conversations
               from labels l where l.id = :id for update""",
            {"id": label_id},
        )
    ).one_or_none()
    if row is None:
        raise NotFound("label")
    return LabelView(**row._mapping)


async def _require_free(db: Db, name: str, label_id: UUID | None) -> None:
    # The index keeps equal names out; "Urgent" beside "urgent" would only confuse. One writer at a time, so two cannot pass.
    await db.execute("select pg_advisory_xact_lock(hashtextextended(:key, 0))", {"key": f"labels/{db.scope.business_id}"})
    row = (
        await db.execute(
            """select count(*) as total, count(*) filter (where lower(name) = lower(:name)
                 and id is distinct from cast(:id as uuid)) as twins from labels""",
            {"name": name, "id": label_id},
        )
    ).one()
    if row.twins:
        raise _taken(name)
    if label_id is None and row.total >= MAX_LABELS:
        raise Invalid(f"A business has at most {MAX_LABELS} labels. Delete one first.", "name")
