"""Which passages of a business's documents answer a question: vectors and words, fused."""

from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from omni_app.infra.scope import Scope

PASSAGE_AT = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPassage:
    """One passage. `start`..`end` are its characters in the document's text; `confidence` 0–1 that it answers."""

    passage_id: UUID
    document_id: UUID
    title: str
    heading: str
    text: str
    start: int
    end: int
    page: int | None
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The sentences of a passage that answer; `start`..`end` are characters in the document's text."""

    text: str
    start: int
    end: int


async def find_passages(scope: Scope, version: int, text: str, vector: NDArray[np.float32], limit: int = 3) -> list[FoundPassage]:
    """The best passages for `text` as of documents version `version` or newer, best first."""
    return []


def quote(found: FoundPassage, text: str) -> Quote:
    """The sentences of `found` that answer `text`, word for word."""
    return Quote(text=found.text, start=found.start, end=found.end)
