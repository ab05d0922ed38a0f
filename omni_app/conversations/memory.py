"""What a customer said and what conversations came to, as vectors: remembered across conversations and channels.

`recall` finds what is near a question, `embed_messages` makes the vectors, in the background and never inside a
transaction. Vectors of different models are never compared: rows of another model wait until they are made anew.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from omni_app.conversations.facts import HISTORY
from omni_app.conversations.said import said
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope
from omni_app.infra.text import words
from omni_app.llm.embedding import embed_one, embedder_name

# What a turn reads of its own conversation anyway: no memory of it is needed.
IN_VIEW = HISTORY
# Two memories this alike say the same thing twice.
SAME_AT = 0.93
BATCH = 64
# Well below the time limit of a job.
AT_A_TIME = timedelta(seconds=45)
# More are read than asked for, because some say nothing and some say the same.
SPARE = 4
# Of so many nearest ones some are in view, refusals or quotes.
LOOKED_AT = 80

_COURTESIES = frozenset(
    words(
        """
        hi hello hey hiya there good morning afternoon evening night day thanks thank you very so much many a lot great cool
        nice ok okay k fine perfect super please yes no yeah yep nope sure right bye goodbye see ya later welcome you're ty
        thx cheers sorry hola buenos buenas días tardes gracias muchas vale sí adiós bonjour salut merci beaucoup d'accord oui
        non au revoir hallo guten tag morgen danke schön bitte ja nein tschüss olá oi bom boa dia tarde obrigado obrigada sim
        não ciao buongiorno grazie mille prego va bene مرحبا شكرا نعم لا नमस्ते धन्यवाद हाँ
        """
    )
)

# The vector of the question is read once and not for each row, and only the nearest rows are joined with what they stand for.
# Greetings, refusals and quotes of memories (source none, memory) are no memories; vectors of another size meet no operator.
_RECALL = text(
    f"""
    with asked as materialized (select cast(:vector as vector) as vector), nearest as (
      select me.id, me.kind, me.text, me.embedding, me.conversation_id, me.message_id, me.created_at,
        case when me.embedding_model = :model then me.embedding <=> asked.vector end as distance
      from memories me cross join asked
      where me.customer_id = :customer_id and me.embedding_model = :model and me.kind = any(:kinds)
      order by distance limit :looked_at
    ), near as (
      select n.id, n.kind, n.embedding, n.conversation_id, n.message_id, c.channel,
        case when m.id is null then n.text else {said("m")} end as text,
        coalesce(m.role, '') as role, m.author_name as author, m.seq, coalesce(m.created_at, n.created_at) as at,
        1 - n.distance as score
      from nearest n join conversations c on c.id = n.conversation_id left join messages m on m.id = n.message_id
      where c.customer_id = :customer_id and coalesce(m.source, '') not in ('none', 'memory')
        and (m.role is null or m.role = any(:roles))
        and not coalesce(n.conversation_id = cast(:without as uuid) and m.seq > c.last_seq - :in_view, false)
      order by n.distance, n.id limit :most
    ), ranked as (select near.*, row_number() over (order by score desc, id) as place from near)
    select id, kind, text, role, author, seq, at, channel, conversation_id, message_id, score from ranked n
    where not exists (select 1 from ranked o where o.place < n.place and 1 - (o.embedding <=> n.embedding) > :same)
    order by place
    """  # noqa: S608 (constants)
)

_UNEMBEDDED = text(
    f"""select m.id, {said("m")} as text from messages m where m.embedded_at is null and m.role <> 'system'
        order by m.created_at, m.id limit :most"""  # noqa: S608 (constants)
)
# Two ranges instead of "is not": only so the index finds the few rows of other models.
_OUTDATED = text(
    f"""
    select me.id as memory_id, m.id, case when m.id is null then me.text else {said("m")} end as text
    from memories me left join messages m on m.id = me.message_id
    where me.embedding_model < :model or me.embedding_model > :model limit :most
    """  # noqa: S608 (constants)
)

# The locks wait for a merge or an erasure at work on these rows and see what it left: rows that are gone are skipped, rows that
# moved belong to whom they moved to. Conversations come first, as everywhere.
_REMEMBER = text(
    """
    with given as (
      select * from unnest(cast(:ids as uuid[]), cast(:memory_ids as uuid[]), cast(:vectors as text[]))
        as g(message_id, memory_id, vector)
    ), threads as materialized (
      select c.id from conversations c
      where c.id in (select m.conversation_id from messages m join given g on g.message_id = m.id) order by c.id for key share
    ), alive as (
      select m.id, m.business_id, m.customer_id, m.conversation_id, m.created_at, g.memory_id, g.vector
      from messages m join given g on g.message_id = m.id join threads t on t.id = m.conversation_id
      order by m.id for no key update of m
    ), kept as (
      insert into memories (id, business_id, customer_id, conversation_id, message_id, kind, text, embedding_model, embedding,
        created_at)
      select memory_id, business_id, customer_id, conversation_id, id, 'message', '', :model, cast(vector as vector), created_at
      from alive where vector <> ''
      on conflict (message_id) do update set embedding_model = excluded.embedding_model, embedding = excluded.embedding
    )
    update messages set embedded_at = :now from alive where messages.id = alive.id returning messages.id
    """
)
_RENEW_SUMMARY = text(
    """
    update memories set embedding_model = :model, embedding = cast(:vector as vector)
    where id = :id and kind = 'summary' and text = :text
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """One memory near a question. `kind` is message or summary; `score` is the cosine to the question.

    `role` and `author` say who wrote a message and `seq` is its number; a summary has none. `id` is the memory's own.
    """

    kind: str
    role: str
    text: str
    at: datetime
    channel: str
    conversation_id: UUID
    score: float
    id: UUID | None = None
    message_id: UUID | None = None
    seq: int | None = None
    author: str | None = None


def says_something(said: str) -> bool:
    """Whether a message holds more than a courtesy: "ok thanks" and "👍" say nothing that is worth remembering."""
    spoken = words(said)
    return any(word not in _COURTESIES for word in spoken) and sum(len(word) for word in spoken) >= 2


def write_vector(vector: NDArray[np.float32]) -> str:
    """A vector as pgvector reads it: `[0.1,-0.2,…]`."""
    return "[" + ",".join(f"{value:.7g}" for value in vector.tolist()) + "]"


async def recall(
    db: Db,
    customer_id: UUID,
    vector: NDArray[np.float32],
    *,
    without: UUID | None,
    limit: int = 3,
    kinds: Collection[str] = ("message", "summary"),
    roles: Collection[str] = ("customer", "assistant", "staff"),
) -> list[Remembered]:
    """The memories of one customer nearest to `vector` (unit length, of the current model), best first.

    Of conversation `without` the newest messages are left out, because the turn has them in view anyway. One statement: an exact
    scan over this customer's memories of the current model. Courtesies and all but the nearest of near-twins are dropped.
    """
    found = await db.execute(
        _RECALL,
        {
            "customer_id": customer_id,
            "model": embedder_name(),
            "vector": write_vector(vector),
            "without": without,
            "in_view": IN_VIEW,
            "kinds": list(kinds),
            "roles": list(roles),
            "same": SAME_AT,
            "most": limit * SPARE + 4,
            "looked_at": LOOKED_AT,
        },
    )
    remembered = [Remembered(**row._mapping) for row in found]
    # Vectors of one sentence with and without a full stop differ a little; the words do not.
    said: set[str] = set()
    kept: list[Remembered] = []
    for memory in remembered:
        wording = " ".join(words(memory.text))
        if wording not in said and says_something(memory.text):
            said.add(wording)
            kept.append(memory)
    return kept[:limit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unembedded:
    """A message that has no vector of the current model yet."""

    id: UUID
    text: str


async def list_unembedded(db: Db, limit: int = BATCH) -> list[Unembedded]:
    """Messages of the business that have no vector yet, oldest first."""
    return [Unembedded(id=row.id, text=row.text) for row in await db.execute(_UNEMBEDDED, {"most": limit})]


async def remember(db: Db, messages: Sequence[Unembedded], vectors: Sequence[NDArray[np.float32] | None]) -> int:
    """Keep one vector for each message, in one statement; None marks a message without words. Doing it twice does it once.

    Messages deleted meanwhile are skipped. Gives how many were kept or marked.
    """
    given = list(zip(messages, vectors, strict=True))
    done = await db.execute(
        _REMEMBER,
        {
            "ids": [message.id for message, _ in given],
            "memory_ids": [new_id() for _ in given],
            "vectors": ["" if vector is None else write_vector(vector) for _, vector in given],
            "model": embedder_name(),
            "now": now(),
        },
    )
    return len(done.all())


async def embed_texts(messages: Sequence[Unembedded]) -> list[NDArray[np.float32] | None]:
    """The vectors of messages, None for one without any letter or digit. No transaction may be open meanwhile."""
    # One by one: answers repeat word for word, and a text embedded lately costs nothing.
    return [await embed_one(message.text) if re.search(r"\w", message.text) else None for message in messages]


async def embed_messages(scope: Scope, within: timedelta = AT_A_TIME) -> int:
    """Make the missing vectors of a business, then those another model made; gives how many were made.

    Ends after about `within`: what is left is for the next job. Two at once write the same.
    """
    done, until = 0, monotonic() + within.total_seconds()
    while monotonic() < until:
        async with open_db(scope) as db:
            messages = await list_unembedded(db)
        vectors = await embed_texts(messages)
        if messages:
            async with open_db(scope) as db:
                done += await remember(db, messages, vectors)
        if len(messages) == BATCH:
            continue
        renewed = await _renew(scope)
        done += renewed
        if not renewed:
            break
    return done


async def _renew(scope: Scope) -> int:
    """Embed one batch of memories anew that another model made."""
    async with open_db(scope) as db:
        outdated = (await db.execute(_OUTDATED, {"model": embedder_name(), "most": BATCH})).all()
    messages = [Unembedded(id=row.id, text=row.text) for row in outdated if row.id is not None]
    vectors = await embed_texts(messages)
    summaries = [(row, write_vector(await embed_one(row.text))) for row in outdated if row.id is None]
    if outdated:
        async with open_db(scope) as db:
            await remember(db, messages, vectors)
            for row, vector in summaries:
                values = {"id": row.memory_id, "text": row.text, "model": embedder_name(), "vector": vector}
                await db.execute(_RENEW_SUMMARY, values)
    return len(outdated)
