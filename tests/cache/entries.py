"""Entries and answers as the cache's tests need them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np

from omni_app.cache.stored import NewEntry, StoredAnswer, Vector, load_versions, store_answers
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.scope import Scope
from omni_app.llm.embedding import embed_one, embedder_name
from tests.making import rows

COST = 147_000


def answer(text: str = "Yes.", **values: Any) -> StoredAnswer:
    return StoredAnswer(
        **{
            "id": UUID(int=7),
            "text": text,
            "source": "model",
            "confidence": 0.5,
            "sources": ({"kind": "faq", "id": "1", "title": "A question"},),
            "depends": ("faq:1",),
            "answer_hash": "a",
            "persona_version": 1,
            "cost_nusd": COST,
            "expires_at": now() + timedelta(days=1),
            **values,
        }
    )


def direction(*numbers: float, dimensions: int = 384) -> Vector:
    """A unit vector with these first numbers."""
    vector = np.zeros(dimensions, np.float32)
    vector[: len(numbers)] = numbers
    made: Vector = vector / np.linalg.norm(vector)
    return made


async def new_entry(scope: Scope, question: str, text: str = "Yes.", **values: Any) -> NewEntry:
    """A model's answer as of now, with the question's vector."""
    async with open_db(scope) as db:
        versions = await load_versions(db)
    return NewEntry(
        **{
            "question": question,
            "text": text,
            "source": "model",
            "versions": versions,
            "lasts": timedelta(days=7),
            "kind": "asked",
            "is_model_made": True,
            "cost_nusd": COST,
            "vector": await embed_one(question),
            "embedding_model": embedder_name(),
            **values,
        }
    )


async def store(scope: Scope, *questions: str, text: str = "Yes.", **values: Any) -> None:
    entries = [await new_entry(scope, question, text, **values) for question in questions]
    async with open_db(scope) as db:
        assert await store_answers(db, entries) == len(entries)


async def questions() -> set[str]:
    return {row["question"] for row in await rows("select question from cached_answers")}


async def cache_version(scope: Scope) -> int:
    (row,) = await rows("select cache_version from businesses where id = :id", id=scope.business_id)
    return int(row["cache_version"])
