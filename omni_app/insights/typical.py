"""What a usual paid answer uses, so that prices can be shown as what an answer costs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.scope import Permission

DAYS = 30
FEWEST_ANSWERS = 20
ASSUMED_INPUT, ASSUMED_OUTPUT = 1_500, 200

_USED = text(
    """
    select count(*) as answers, coalesce(avg(cast(units ->> 'input_token' as bigint)), 0) as input_tokens,
      coalesce(avg(cast(units ->> 'output_token' as bigint)), 0) as output_tokens
    from ledger_entries
    where created_at >= :since and service = 'answer' and units ? 'input_token' and units ? 'output_token'
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypicalAnswer:
    """Tokens of a usual answer: measured on `answers` of the last 30 days, or assumed when there were fewer than twenty."""

    input_tokens: int
    output_tokens: int
    answers: int

    @property
    def is_measured(self) -> bool:
        return self.answers >= FEWEST_ANSWERS

    def cost_nusd(self, input_nusd: int, output_nusd: int) -> int:
        """What it costs at these prices of one token read and one written."""
        return self.input_tokens * input_nusd + self.output_tokens * output_nusd


async def load_typical_answer(db: Db, at: datetime | None = None) -> TypicalAnswer:
    """The usual answer of this business. Raise `Forbidden`."""
    db.scope.require(Permission.VIEW)
    row = (await db.execute(_USED, {"since": (at or now()) - timedelta(days=DAYS)})).one()
    if row.answers < FEWEST_ANSWERS:
        return TypicalAnswer(input_tokens=ASSUMED_INPUT, output_tokens=ASSUMED_OUTPUT, answers=row.answers)
    return TypicalAnswer(input_tokens=round(row.input_tokens), output_tokens=round(row.output_tokens), answers=row.answers)
