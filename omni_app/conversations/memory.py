"""What a customer said and what conversations came to, as vectors: remembered across conversations and channels."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from omni_app.infra.database import Db


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """One memory near a question. `kind` is message or summary; `score` is the cosine to the question."""

    kind: str
    role: str
    text: str
    at: datetime
    channel: str
    conversation_id: UUID
    score: float


async def recall(
    db: Db, customer_id: UUID, vector: NDArray[np.float32], *, without: UUID | None, limit: int = 3
) -> list[Remembered]:
    """The memories of one customer nearest to `vector`, best first, leaving out conversation `without`."""
    return []
