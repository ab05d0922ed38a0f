"""How often a document was quoted."""

import json
from datetime import timedelta

import pytest

from omni_app.infra.clock import now
from omni_app.infra.database import open_db, system_db
from omni_app.infra.errors import Forbidden
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope
from omni_app.insights.document_use import count_uses
from tests.insights.history import Line, talk
from tests.making import make_business

pytestmark = pytest.mark.usefixtures("database")


async def test_answers_of_the_last_thirty_days_that_quote_a_document_are_counted() -> None:
    scope, stranger = (await make_business(faqs=())).scope, (await make_business(faqs=())).scope
    document_id = new_id()
    quoting = Line(source="passage")
    recent = await talk(scope, now() - timedelta(days=2), quoting)
    old = await talk(scope, now() - timedelta(days=40), quoting)
    await talk(scope, now() - timedelta(days=1), Line())
    source = json.dumps([{"kind": "passage", "document_id": str(document_id)}])
    async with system_db("test: sources") as db:
        await db.execute(
            """update messages set sources = cast(:source as jsonb)
               where role = 'assistant' and conversation_id in (:recent, :old)""",
            {"source": source, "recent": recent, "old": old},
        )
    async with open_db(scope) as db:
        assert await count_uses(db, document_id) == 1
        assert await count_uses(db, new_id()) == 0
    async with open_db(stranger) as db:
        assert await count_uses(db, document_id) == 0
    async with open_db(Scope(business_id=scope.business_id, actor=scope.actor)) as db:
        with pytest.raises(Forbidden):
            await count_uses(db, document_id)
