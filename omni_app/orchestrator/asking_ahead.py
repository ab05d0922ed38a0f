"""The work of a warming run: ask the model one question after the other, in nobody's name, and store what it answers.

Each question is reserve → call → settle. The worst case is held against the run's own limit in the transaction that reserves, so
neither the budget nor the limit is passed, whatever crashes. A run goes on where it stopped: what is stored is not asked again.
"""

from dataclasses import dataclass, replace
from time import monotonic
from typing import Any
from uuid import UUID

from omni_app.budgets.reserving import BudgetSpent, Reservation, Worst, reserve_in
from omni_app.budgets.settling import release, settle, settle_in
from omni_app.cache.keys import question_key
from omni_app.cache.stored import store_answers
from omni_app.conversations.facts import Facts, Inbound, read_facts
from omni_app.customers.addresses import Address
from omni_app.infra.clock import now
from omni_app.infra.database import Db, open_db
from omni_app.infra.errors import NotFound, Rejected, Unavailable
from omni_app.infra.jobs import enqueue
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Scope
from omni_app.knowledge.retrieval import find_passages
from omni_app.knowledge.taught import load_knowledge
from omni_app.llm.contract import Completion, LanguageModel, Prompt
from omni_app.llm.embedding import embed_one
from omni_app.llm.health import note_failure, note_success
from omni_app.llm.registry import find_language_model
from omni_app.orchestrator.brain import NO_DOCUMENTS
from omni_app.orchestrator.deciding import Question
from omni_app.orchestrator.jobs import WarmCache
from omni_app.orchestrator.local import Found
from omni_app.orchestrator.paid import decision_of, grounds_of, longest_hold, with_shared
from omni_app.orchestrator.prompt import build_prompt
from omni_app.orchestrator.serving import question_hash
from omni_app.orchestrator.warming import DONE, STOPPED, finish, load_warming, plan_warming, tell
from omni_app.understanding.learned import Vector

log = get_logger(__name__)

# A job's claim lasts two minutes, one call up to half a minute; what is left after this goes to the next job.
SLICE_SECONDS = 30.0
FAILURES_IN_A_ROW = 3
_NOBODY = Address(kind="external", channel="chat", value="asked ahead")


class _Over(Exception):
    """The run is not running any more, or the next call might pass its limit (`problem`)."""

    def __init__(self, problem: str | None) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A question about to be asked, paid for at its worst."""

    question: str
    facts: Facts
    found: Found
    vector: Vector
    prompt: Prompt
    reservation: Reservation


async def warm(scope: Scope, warming_id: UUID, tried: tuple[str, ...] = (), *, seconds: float = SLICE_SECONDS) -> None:
    """Work on a run for about `seconds`; the rest goes to another job. Nothing happens when the run has ended."""
    try:
        async with open_db(scope) as db:
            if not (await load_warming(db, warming_id)).is_running:
                return
    except NotFound:
        return
    plan = await plan_warming(scope)
    model = find_language_model()
    if model is None or plan.problem:
        await _end(scope, warming_id, DONE if model is None else STOPPED, plan.problem)
        return
    skipped = set(tried)
    questions = [one for one in plan.questions if question_key(one) not in skipped]
    await _expect(scope, warming_id, len(questions))
    until, failures = monotonic() + seconds, 0
    for place, question in enumerate(questions):
        if place and monotonic() > until:
            async with open_db(scope) as db:
                await enqueue(db, WarmCache(warming_id=warming_id, tried=tuple(skipped)))
            return
        try:
            is_stored = await _ask(scope, warming_id, model, question)
            failures = 0
        except _Over as over:
            if over.problem is not None:
                await _end(scope, warming_id, STOPPED, over.problem)
            return
        except (Rejected, Unavailable) as error:
            is_stored, failures = False, failures + 1
            log.warning("question not answered ahead", error=str(error))
            if failures == FAILURES_IN_A_ROW:
                await _end(scope, warming_id, STOPPED, f"Three questions in a row were not answered: {error}")
                return
        if not is_stored:
            skipped.add(question_key(question))
    await _end(scope, warming_id, DONE, "")


async def _ask(scope: Scope, warming_id: UUID, model: LanguageModel, question: str) -> bool:
    """Ask one question; whether its answer is stored. Raises `_Over`, and `Rejected` or `Unavailable` when the call failed."""
    try:
        held = await _hold(scope, warming_id, model, question)
    except BudgetSpent as error:
        raise _Over(str(error)) from error
    except Rejected as error:
        raise _Over(f"The model cannot be paid: {error}") from error
    try:
        completion = await model.complete(held.prompt)
    except Rejected:
        await release(scope, held.reservation)
        await _count(scope, warming_id, -held.reservation.amount_nusd)
        raise
    except Unavailable as error:
        # After a time-out the provider may have worked and billed all the same, so the worst case is booked.
        note_failure(model.provider)
        await settle(scope, held.reservation, held.reservation.worst.units, note=f"no answer: {error}")
        await _count(scope, warming_id, 0)
        raise
    note_success(model.provider)
    return await _keep(scope, warming_id, held, completion)


async def _hold(scope: Scope, warming_id: UUID, model: LanguageModel, question: str) -> _Held:
    async with open_db(scope) as db:
        facts = await _facts(db)
    knowledge = await load_knowledge(scope, facts.knowledge_version)
    vector = await embed_one(question)
    passages = (
        await find_passages(scope, facts.documents_version, question, vector) if facts.documents_version > NO_DOCUMENTS else ()
    )
    found = Found(knowledge=knowledge, match=knowledge.matcher.match(question, vector), passages=passages)
    prompt = build_prompt(facts, (), question, grounds_of(found, []), now())
    worst = Worst(
        provider=model.provider,
        model=model.name,
        service="warming",
        units={"input_token": model.count_input_tokens(prompt), "output_token": prompt.max_output_tokens},
    )
    async with open_db(scope) as db:
        reservation = await reserve_in(db, worst, hold=longest_hold())
        await _hold_against_limit(db, warming_id, reservation.amount_nusd)
    return _Held(question=question, facts=facts, found=found, vector=vector, prompt=prompt, reservation=reservation)


async def _facts(db: Db) -> Facts:
    """The business as somebody meets it who was never here: no name, no history, nothing to remember."""
    return await read_facts(db, Inbound(channel="chat", address=_NOBODY, text=""), "")


async def _hold_against_limit(db: Db, warming_id: UUID, amount_nusd: int) -> None:
    # The exception takes the reservation of the same transaction back.
    held = await db.execute(
        """update cache_warmings set cost_nusd = cost_nusd + :amount
           where id = :id and status = 'running' and cost_nusd + :amount <= limit_nusd returning id""",
        {"id": warming_id, "amount": amount_nusd},
    )
    if held.first() is None:
        is_running = (await load_warming(db, warming_id)).is_running
        raise _Over("The limit of this run does not hold the next question." if is_running else None)


async def _keep(scope: Scope, warming_id: UUID, held: _Held, completion: Completion) -> bool:
    question = Question(text=held.question, hash=question_hash(held.question), earlier=())
    decision = decision_of(held.facts, question, held.found, [], held.prompt, completion, held.reservation)
    decision = await with_shared(held.facts, question, held.found, [], held.vector, None, decision)
    answer = decision.answer
    async with open_db(scope) as db:
        stored = await store_answers(db, [replace(answer.shared, kind="warmed")]) if answer.shared is not None else 0
        await _book(db, warming_id, answer.cost_nusd - held.reservation.amount_nusd, stored)
        await settle_in(db, held.reservation, decision.units or {})
    return stored > 0


async def _expect(scope: Scope, warming_id: UUID, left: int) -> None:
    async with open_db(scope) as db:
        await db.execute("update cache_warmings set wanted = done + :left where id = :id", {"id": warming_id, "left": left})
        tell(db)


async def _count(scope: Scope, warming_id: UUID, nusd: int) -> None:
    async with open_db(scope) as db:
        await _book(db, warming_id, nusd, 0)


async def _book(db: Db, warming_id: UUID, nusd: int, stored: int) -> None:
    """One more question is done; `nusd` corrects what was held for it."""
    values: dict[str, Any] = {"id": warming_id, "nusd": nusd, "stored": stored}
    await db.execute(
        "update cache_warmings set cost_nusd = cost_nusd + :nusd, done = done + 1, stored = stored + :stored where id = :id",
        values,
    )
    tell(db)


async def _end(scope: Scope, warming_id: UUID, status: str, problem: str) -> None:
    async with open_db(scope) as db:
        await finish(db, warming_id, status, problem)
