"""How often the assistant answered from a document."""

import json
from datetime import timedelta
from uuid import UUID

from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.scope import Permission

SPAN = timedelta(days=30)


async def count_uses(db: Db, document_id: UUID) -> int:
    """Answers of the last thirty days that quote the document. Raises `Forbidden`."""
    db.scope.require(Permission.VIEW)
    row = await db.execute(
        """select count(*) from messages where role = 'assistant' and created_at > :since
             and sources @> cast(:source as jsonb)""",
        {"since": now() - SPAN, "source": json.dumps([{"kind": "passage", "document_id": str(document_id)}])},
    )
    return int(row.scalar_one())
