"""What customers ask, in their own words and grouped by meaning: the ground of FAQ suggestions and of warming the cache.

Only wordings that mean the same for everybody and name nobody are looked at (`may_be_shown`); the rest is neither shown nor asked
of a model again.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from omni_app.conversations.said import said
from omni_app.infra.database import open_db
from omni_app.infra.scope import Scope
from omni_app.infra.text import normalize, words
from omni_app.knowledge.grouping import clearest, group_wordings
from omni_app.knowledge.text import is_self_contained
from omni_app.llm.embedding import embed, embedder_name

MOST_WORDINGS = 2_000
LONGEST = 300
EXAMPLES = 5

# The database groups wordings that differ in case, spaces and closing marks; `normalize` does the rest on those that are left.
_PLAIN = r"rtrim(lower(regexp_replace(btrim({}), '\s+', ' ', 'g')), ' .,;:!?…·')"

# A customer's own vector of a wording stands among the memories; the newest message that has one lends it. An answer out of the
# cache was shareable when it was stored, so it may become a draft.
_ASKED = text(
    f"""
    with a as (
      select q.id, {said("q")} as text, q.customer_id, a.source, a.offers_person, a.tier, a.cost_nusd, a.text as answer,
        a.created_at, {_PLAIN.format(said("q"))} as plain
      from messages a
      join messages q on q.conversation_id = a.conversation_id and q.seq = a.answers_seq and q.role = 'customer'
      where a.created_at >= :since and a.role = 'assistant' and length({said("q")}) between 3 and :longest
        and (a.source in ('faq', 'passage', 'model') or (a.source = 'none' and a.offers_person))
    ), w as (
      select plain, (array_agg(text order by created_at desc))[1] as text, count(*) as asked,
        array_agg(distinct customer_id) as customers, (array_agg(id order by created_at desc))[1] as message_id,
        count(*) filter (where source = 'none') as in_vain, count(*) filter (where source = 'model') as by_model,
        coalesce(sum(cost_nusd), 0) as cost_nusd,
        (array_agg(answer order by created_at desc) filter (where source = 'model' and tier is not null))[1] as shared_answer
      from a group by plain order by count(*) desc, max(created_at) desc limit :most
    )
    select w.*, (select string_agg(cu.name, ' ') from customers cu where cu.id = any(w.customers)) as names,
      cast(me.embedding as text) as vector
    from w left join memories me on me.message_id = w.message_id and me.embedding_model = :model
    order by w.asked desc, w.plain
    """  # noqa: S608 (constants of this module)
)

_INTRODUCES = re.compile(
    r"\b(?i:my name|name is|i am called|call me|i live|je m'appelle|mon nom|me llamo|mi nombre|ich heiße|mein name|mi chiamo"
    r"|meu nome)\b|\b(?:[Tt]his is|[Ii]'m|[Ii] am) [A-Z][a-z]+ [A-Z]",
)
_PLACE = re.compile(
    r"\b\d+\w?,? (?:\w+ ){1,3}(?:street|st|road|rd|avenue|ave|lane|drive|dr|boulevard|blvd|court|way)\b"
    r"|\b(?:rue|calle|via|rua|straße|strasse)\b.{0,40}\d|\w(?:straße|strasse|str\.) ?\d",
    re.IGNORECASE,
)
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One wording: how often it was `asked`, by whom, in vain, answered by a model (also through the cache), and at which cost.

    `shared_answer` is what the model said to it, if anybody may hear that; `vector` is of unit length, float32 [dimensions].
    """

    text: str
    asked: int
    customers: frozenset[UUID]
    in_vain: int
    by_model: int
    cost_nusd: int
    shared_answer: str
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Wordings that ask for the same, the commonest first, and the one of them that says it best."""

    question: str
    wordings: tuple[Wording, ...]

    @property
    def asked(self) -> int:
        return sum(wording.asked for wording in self.wordings)

    @property
    def in_vain(self) -> int:
        return sum(wording.in_vain for wording in self.wordings)

    @property
    def by_model(self) -> int:
        return sum(wording.by_model for wording in self.wordings)

    @property
    def cost_nusd(self) -> int:
        return sum(wording.cost_nusd for wording in self.wordings)

    @property
    def customers(self) -> int:
        """How many different people asked."""
        return len(frozenset[UUID]().union(*(wording.customers for wording in self.wordings)))

    @property
    def vector(self) -> NDArray[np.float32]:
        """The vector of `question`, float32 [dimensions]."""
        return next(wording.vector for wording in self.wordings if wording.text == self.question)

    @property
    def examples(self) -> tuple[str, ...]:
        """Up to five other wordings, the commonest first."""
        return tuple(wording.text for wording in self.wordings if wording.text != self.question)[:EXAMPLES]


def may_be_shown(said: str, names: str = "") -> bool:
    """Whether a customer's wording may be shown to staff as everybody's question, and be asked of a model in nobody's name.

    It must stand by itself and hold no address, link, long number, introduction, or word of `names`, the askers' own.
    """
    if len(said) > LONGEST or not is_self_contained(said):
        return False
    if sum(sign.isdigit() for sign in said) > 5 or _LINK.search(said) or _PLACE.search(said) or _INTRODUCES.search(said):
        return False
    own = {word for word in words(names) if len(word) > 2}
    return own.isdisjoint(words(said))


async def read_wordings(scope: Scope, since: datetime) -> list[Wording]:
    """What customers asked since `since` that may be shown, the commonest first.

    Vectors that are missing are made here, at about 5 ms each, with no transaction open.
    """
    values = {"since": since, "longest": LONGEST, "most": MOST_WORDINGS, "model": embedder_name()}
    async with open_db(scope) as db:
        found_rows = (await db.execute(_ASKED, values)).mappings().all()
    rows = [row for row in found_rows if may_be_shown(row["text"], row["names"] or "")]
    bare = [row["text"] for row in rows if row["vector"] is None]
    made = iter(await embed(bare)) if bare else iter(())
    merged: dict[str, Wording] = {}
    for row in rows:
        vector = next(made) if row["vector"] is None else np.array(row["vector"][1:-1].split(","), dtype=np.float32)
        found = Wording(
            text=" ".join(row["text"].split()),
            asked=row["asked"],
            customers=frozenset(row["customers"]),
            in_vain=row["in_vain"],
            by_model=row["by_model"],
            cost_nusd=int(row["cost_nusd"]),
            shared_answer=row["shared_answer"] or "",
            vector=vector,
        )
        key = normalize(found.text)
        merged[key] = _joined(merged[key], found) if key in merged else found
    return sorted(merged.values(), key=lambda wording: -wording.asked)


def _joined(first: Wording, second: Wording) -> Wording:
    return Wording(
        text=first.text,
        asked=first.asked + second.asked,
        customers=first.customers | second.customers,
        in_vain=first.in_vain + second.in_vain,
        by_model=first.by_model + second.by_model,
        cost_nusd=first.cost_nusd + second.cost_nusd,
        shared_answer=first.shared_answer or second.shared_answer,
        vector=first.vector,
    )


async def group_asked(wordings: Sequence[Wording]) -> list[Asked]:
    """The wordings by meaning, the most asked group first; computed beside the event loop."""
    return await asyncio.to_thread(_group, wordings) if wordings else []


def _group(wordings: Sequence[Wording]) -> list[Asked]:
    vectors = np.stack([wording.vector for wording in wordings])
    weights = [wording.asked for wording in wordings]
    found = []
    for group in group_wordings(vectors, weights):
        members = sorted((wordings[place] for place in group), key=lambda wording: -wording.asked)
        best = clearest(
            [wording.text for wording in members],
            np.stack([wording.vector for wording in members]),
            [wording.asked for wording in members],
        )
        found.append(Asked(question=members[best].text, wordings=tuple(members)))
    return found
