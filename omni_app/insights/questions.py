"""Questions the assistant could not answer: what a business should teach next."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from omni_app.conversations.said import said
from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Permission
from omni_app.infra.text import normalize

SHOWN = 5
_WORDINGS = 300

# The database groups wordings that differ in case, spaces and closing marks; `normalize` does the rest on the few that are left.
_PLAIN = r"rtrim(lower(regexp_replace(btrim({}), '\s+', ' ', 'g')), ' .,;:!?…·')"

_OPEN = text(
    f"""
    select (array_agg(left({said("q")}, 500) order by q.created_at desc))[1] as text, count(*) as times,
      count(distinct q.conversation_id) filter (where c.handed_over_at >= a.created_at or c.speaker = 'human') as went_to_person,
      max(q.created_at) as last_at, (array_agg(q.id order by q.created_at desc))[1] as message_id
    from messages a
    join messages q on q.conversation_id = a.conversation_id and q.seq = a.answers_seq and q.role = 'customer'
    join conversations c on c.id = a.conversation_id
    where a.created_at >= :since and a.role = 'assistant' and a.source = 'none' and a.offers_person
      and not exists (select 1 from phrasings p where {_PLAIN.format("p.text")} = {_PLAIN.format(said("q"))})
    group by {_PLAIN.format(said("q"))}
    order by times desc, last_at desc limit :wordings
    """  # noqa: S608 (constants of this module)
)

_ASKED = text(f"select left({said('m')}, 500) from messages m where m.id = :id and m.role = 'customer'")  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """One wording nobody could answer. `message_id` is the latest message that asked it; `text` has at most 500 characters."""

    text: str
    times: int
    went_to_person: int
    last_at: datetime
    message_id: UUID


async def list_open_questions(db: Db, since: datetime, limit: int = SHOWN) -> tuple[list[OpenQuestion], int]:
    """What was asked in vain since `since` and is still not taught, most often asked first, and how many there are.

    Raises `Forbidden`.
    """
    db.scope.require(Permission.VIEW)
    rows = (await db.execute(_OPEN, {"since": since, "wordings": _WORDINGS})).mappings().all()
    merged: dict[str, OpenQuestion] = {}
    for row in rows:
        found = OpenQuestion(**row)
        key = normalize(found.text)
        if (twin := merged.get(key)) is not None:
            newer = found if found.last_at > twin.last_at else twin
            found = OpenQuestion(
                text=newer.text,
                times=found.times + twin.times,
                went_to_person=found.went_to_person + twin.went_to_person,
                last_at=newer.last_at,
                message_id=newer.message_id,
            )
        merged[key] = found
    ordered = sorted(merged.values(), key=lambda question: (question.times, question.last_at), reverse=True)
    return ordered[:limit], len(ordered)


async def load_question_text(db: Db, message_id: UUID) -> str:
    """What a customer asked in one message, at most 500 characters. Raises `NotFound`, also for another business's message."""
    db.scope.require(Permission.VIEW)
    found = await db.execute(_ASKED, {"id": message_id})
    value = found.scalar_one_or_none()
    if value is None:
        raise NotFound("question")
    return str(value)
