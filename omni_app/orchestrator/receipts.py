"""Read what an answer was made from."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.infra.crypto import decrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Permission

PROMPT = "receipts.prompt"

_LOAD = text(
    """
    select r.*, cu.data_key from receipts r join customers cu on cu.id = r.customer_id where r.id = :id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptView:
    """One receipt: `steps` [{name, ms}], `sources` [{kind, id, title, quote, match}], cost in nano-dollars, the exact prompt.

    `tier` is set for an answer from the cache: l1, l2, l3 (the same words: this process, Redis, PostgreSQL) or semantic.
    `matched_question` is the question it was found for, if worded otherwise; `saved_nusd` what asking a model would have cost.
    `wrong_at` and `wrong_by` are set when staff said that it is wrong here.
    """

    id: UUID
    conversation_id: UUID
    message_id: UUID | None
    source: str
    tier: str | None
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    cost_nusd: int
    confidence: float | None
    knowledge_version: int
    sources: tuple[dict[str, Any], ...]
    steps: tuple[dict[str, Any], ...]
    note: str
    prompt: str
    matched_question: str
    saved_nusd: int
    wrong_at: datetime | None
    wrong_by: str
    created_at: datetime

    @property
    def total_ms(self) -> float:
        return round(sum(float(step["ms"]) for step in self.steps), 1)


async def load_receipt(db: Db, receipt_id: UUID) -> ReceiptView:
    """Raises `NotFound` (also for another business's receipt), `Forbidden`."""
    db.scope.require(Permission.VIEW)
    row = (await db.execute(_LOAD, {"id": receipt_id})).one_or_none()
    if row is None:
        raise NotFound("receipt")
    return ReceiptView(
        id=row.id,
        conversation_id=row.conversation_id,
        message_id=row.message_id,
        source=row.source,
        tier=row.tier,
        provider=row.provider,
        model=row.model,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cost_nusd=row.cost_nusd,
        confidence=row.confidence,
        knowledge_version=row.knowledge_version,
        sources=tuple(row.sources),
        steps=tuple(row.steps),
        note=row.note,
        prompt=decrypt(unwrap_data_key(row.data_key), row.prompt, PROMPT) if row.prompt else "",
        matched_question=row.matched_question,
        saved_nusd=row.saved_nusd,
        wrong_at=row.wrong_at,
        wrong_by=row.wrong_by,
        created_at=row.created_at,
    )
