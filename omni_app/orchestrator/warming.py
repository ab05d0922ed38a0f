"""Warm the cache: which common questions are worth asking ahead, what that would cost, and the runs that do it.

A run is one row of `cache_warmings`, one at a time per business; `asking_ahead` does its work. Taught wordings need no warming:
they answer from the FAQ itself, at no cost.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.budgets.prices import UnknownPrice, cost_of, find_price
from omni_app.cache.keeping import stored_time
from omni_app.cache.keys import question_key
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db
from omni_app.infra.errors import Conflict, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import enqueue
from omni_app.infra.money import NUSD
from omni_app.infra.scope import Permission, Scope
from omni_app.infra.text import normalize
from omni_app.llm.registry import find_language_model
from omni_app.orchestrator.asked import group_asked, may_be_shown, read_wordings
from omni_app.orchestrator.jobs import WarmCache
from omni_app.orchestrator.prompt import MAX_OUTPUT_TOKENS

RUNNING, DONE, STOPPED = "running", "done", "stopped"
MAX_LIMIT_NUSD = 1_000 * NUSD
# A month says what is asked now; where it holds fewer common questions than wanted, a quarter is looked at.
SPANS = (timedelta(days=30), timedelta(days=90))
ENOUGH = 100
MOST = 300
# Before a business was ever answered by a model: instructions, five FAQs and passages, and the longest answer.
_USUAL_INPUT_TOKENS = 1_200

_KNOWN = text(
    """
    select (select coalesce(jsonb_agg(k.question_hash), '[]') from cached_answers k join businesses o on o.id = k.business_id
        where k.expires_at > :now and (k.persona_version is null or k.persona_version = o.persona_version)) as stored,
      (select coalesce(jsonb_agg(p.text), '[]') from phrasings p) as taught,
      (select b.suggestions from businesses b where b.id = :business_id) as chips,
      (select cast(round(avg(cost_nusd)) as bigint) from receipts
         where created_at >= :since and source = 'model' and tier is null and cost_nusd > 0) as average
    """
)
_COLUMNS = "id, status, wanted, done, stored, cost_nusd, limit_nusd, problem, created_by, created_at, finished_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmingPlan:
    """What a run would do now. `questions` would be asked of the model, the commonest first.

    Left out: `stored` ones, `rare` ones (asked less than once while an answer is kept: asking ahead would cost more than it
    saves). `taught` wordings answer free of charge already. `each_nusd` is what one answer costs: the business's average of 90
    days, or an upper estimate before there is one (`is_guess`); None without a model or a price, `problem` says why.
    """

    questions: tuple[str, ...]
    stored: int
    rare: int
    taught: int
    each_nusd: int | None
    is_guess: bool
    problem: str = ""

    @property
    def expected_nusd(self) -> int:
        return len(self.questions) * (self.each_nusd or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmingView:
    """One run. `done` of `wanted` questions were asked, `stored` of them answered so that everybody may hear it.

    `status`: running, done, stopped (`problem` says why, empty when somebody stopped it). `cost_nusd` counts calls under way at
    their worst, and never passes `limit_nusd`.
    """

    id: UUID
    status: str
    wanted: int
    done: int
    stored: int
    cost_nusd: int
    limit_nusd: int
    problem: str
    created_by: str
    created_at: datetime
    finished_at: datetime | None

    @property
    def is_running(self) -> bool:
        return self.status == RUNNING


async def plan_warming(scope: Scope) -> WarmingPlan:
    """What a run started now would ask, and what it would cost. Raises `Forbidden`."""
    scope.require(Permission.VIEW)
    model = find_language_model()
    async with open_db(scope) as db:
        values = {"now": now(), "business_id": scope.business_id, "since": now() - SPANS[-1]}
        known = (await db.execute(_KNOWN, values)).one()
        each, problem = known.average, ""
        if model is None:
            problem = "No language model is set up, so there is nothing to ask ahead: taught answers cost nothing anyway."
        elif each is None:
            try:
                price = await find_price(db, model.provider, model.name)
                usual = {"input_token": _USUAL_INPUT_TOKENS, "output_token": MAX_OUTPUT_TOKENS}
                each = cost_of(price, usual, model.provider, model.name)
            except UnknownPrice as error:
                problem = str(error)
    taught = {normalize(one) for one in known.taught}
    plan = WarmingPlan(
        questions=(),
        stored=0,
        rare=0,
        taught=len(taught),
        each_nusd=each if model else None,
        is_guess=known.average is None,
        problem=problem,
    )
    if problem:
        return plan
    stored = set(known.stored)
    questions, already, rare = await _worth_asking(scope, stored, taught)
    for chip in known.chips:
        asked = {normalize(one) for one in questions}
        if may_be_shown(chip) and normalize(chip) not in taught | asked and question_key(chip) not in stored:
            questions.append(chip)
    return WarmingPlan(
        questions=tuple(questions[:MOST]),
        stored=already,
        rare=rare,
        taught=plan.taught,
        each_nusd=plan.each_nusd,
        is_guess=plan.is_guess,
    )


async def _worth_asking(scope: Scope, stored: set[str], taught: set[str]) -> tuple[list[str], int, int]:
    """Questions worth asking ahead, and how many are left out because they are stored or rare."""
    questions: list[str] = []
    seen: set[str] = set()
    already = rare = 0
    for span in SPANS:
        rare = 0
        for group in await group_asked(await read_wordings(scope, now() - span)):
            wordings = {normalize(wording.text) for wording in group.wordings}
            if wordings & (taught | seen):
                continue
            if any(question_key(one) in stored for one in wordings):
                already += 1
            elif group.asked * (stored_time(group.question, is_model_made=True) / span) < 1:
                rare += 1
                continue
            else:
                questions.append(group.question)
            seen |= wordings
        if len(questions) + already >= ENOUGH:
            break
    return questions, already, rare


async def start_warming(scope: Scope, limit_nusd: int) -> WarmingView:
    """Begin a run that costs at most `limit_nusd`; a worker does it. Needs ADMINISTER.

    Raises `Invalid` (field `limit_nusd`), `Conflict` when a run is under way or the cache is off.
    """
    scope.require(Permission.ADMINISTER)
    if isinstance(limit_nusd, bool) or not 0 <= limit_nusd <= MAX_LIMIT_NUSD:
        raise Invalid("Write an amount from $0 to $1,000.", "limit_nusd")
    plan = await plan_warming(scope)
    warming_id = new_id()
    async with open_db(scope) as db:
        rules = (await db.execute("select cache_rules from businesses where id = :id", {"id": scope.business_id})).scalar_one()
        if rules.get("is_on") is False:
            raise Conflict("The cache is switched off. Switch it on first.")
        # Two who start at once wait for each other here, so that the second sees the run of the first.
        await db.execute(
            "select pg_advisory_xact_lock(hashtextextended(cast(:name as text), 0))", {"name": f"warming {scope.business_id}"}
        )
        running = await db.execute("select 1 from cache_warmings where status = 'running'")
        if running.first() is not None:
            raise Conflict("A warming run is under way. Wait for its end, or stop it.")
        await db.execute(
            """insert into cache_warmings (id, business_id, status, wanted, done, stored, cost_nusd, limit_nusd, problem,
                 created_by, created_at) values (:id, :business_id, 'running', :wanted, 0, 0, 0, :limit, '', :by, :now)""",
            {
                "id": warming_id,
                "business_id": scope.business_id,
                "wanted": len(plan.questions),
                "limit": limit_nusd,
                "by": scope.actor.name,
                "now": now(),
            },
        )
        await enqueue(db, WarmCache(warming_id=warming_id))
        figures = {"questions": len(plan.questions), "limit_nusd": limit_nusd}
        await audit.record(db, "cache.warming_started", "cache_warming", warming_id, after=figures)
        tell(db)
        return await load_warming(db, warming_id)


async def stop_warming(db: Db, warming_id: UUID) -> WarmingView:
    """End a run; the call under way is still paid and stored. Needs ADMINISTER; raises `NotFound`; twice is as good as once."""
    db.scope.require(Permission.ADMINISTER)
    if (await load_warming(db, warming_id)).is_running:
        await finish(db, warming_id, STOPPED, "")
        await audit.record(db, "cache.warming_stopped", "cache_warming", warming_id)
    return await load_warming(db, warming_id)


async def finish(db: Db, warming_id: UUID, status: str, problem: str) -> None:
    """Close a run that is still open, with the reason in the reader's words."""
    closed = await db.execute(
        """update cache_warmings set status = :status, problem = :problem, finished_at = :now
           where id = :id and status = 'running' returning id""",
        {"id": warming_id, "status": status, "problem": problem, "now": now()},
    )
    if closed.first() is not None:
        tell(db)


async def load_warming(db: Db, warming_id: UUID) -> WarmingView:
    """Raises `NotFound`, also for another business's run; `Forbidden`."""
    db.scope.require(Permission.VIEW)
    found = await db.execute(f"select {_COLUMNS} from cache_warmings where id = :id", {"id": warming_id})  # noqa: S608
    row = found.mappings().one_or_none()
    if row is None:
        raise NotFound("warming run")
    return WarmingView(**row)


async def find_last_warming(db: Db) -> WarmingView | None:
    """The newest run of this business. Raises `Forbidden`."""
    db.scope.require(Permission.VIEW)
    found = await db.execute(f"select {_COLUMNS} from cache_warmings order by created_at desc, id desc limit 1")  # noqa: S608
    row = found.mappings().one_or_none()
    return None if row is None else WarmingView(**row)


def tell(db: Db) -> None:
    live.publish(db, "warming.changed")
