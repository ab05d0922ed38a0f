"""A reply proposed to a member of staff; never sent by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from omni_app.budgets.paying import pay
from omni_app.conversations.facts import Facts, read_facts_of
from omni_app.conversations.memory import recall
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.errors import Invalid, Rejected, Unavailable
from omni_app.infra.log import get_logger
from omni_app.infra.scope import Permission, Scope
from omni_app.knowledge.cutting import sentences
from omni_app.knowledge.retrieval import find_passages
from omni_app.knowledge.taught import load_knowledge
from omni_app.llm.contract import LanguageModel, Prompt, PromptMessage
from omni_app.llm.embedding import embed_one
from omni_app.llm.health import note_failure, note_success
from omni_app.llm.registry import find_language_model
from omni_app.orchestrator.brain import NO_DOCUMENTS
from omni_app.orchestrator.local import Found, extract
from omni_app.orchestrator.paid import grounds_of, is_unsure, sources_of, worst_of
from omni_app.orchestrator.prompt import Grounds, build_prompt

log = get_logger(__name__)

STYLES = ("new", "shorter", "warmer")
# Staff read a draft before it goes out, so a likely answer is worth proposing long before the assistant would say it.
PROPOSE_AT = 0.35
MAX_DRAFT = 8000

_TASKS = {
    "new": "Write the reply that a member of the team sends to the customer's last message, as that member, without a signature.",
    "shorter": "Make the team's draft below much shorter. Keep every fact, price and time of it; add nothing.",
    "warmer": "Make the team's draft below warmer and friendlier. Keep every fact, price and time of it; add no facts.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftedReply:
    """The proposed text, the sources it was made from ([{kind, id, title, quote}]), and what it cost in nano-dollars."""

    text: str
    sources: tuple[dict[str, Any], ...] = ()
    cost_nusd: int = 0


async def draft_reply(scope: Scope, conversation_id: UUID, style: str, draft: str) -> DraftedReply:
    """Propose a reply to what the customer wrote last. `style`: new, shorter or warmer; the latter two change `draft`.

    A language model writes it when there is one and the budget holds; else it is the likeliest FAQ or passage.
    Raises `Unavailable` when nothing can be proposed, `Invalid` (field `style`), `Forbidden`, `NotFound`.
    """
    scope.require(Permission.REPLY)
    if style not in STYLES:
        raise Invalid("A draft is new, shorter or warmer.", "style")
    if len(draft) > MAX_DRAFT:
        raise Invalid(f"A reply has at most {MAX_DRAFT:,} characters.", "style")
    async with open_db(scope) as db:
        facts = await read_facts_of(db, conversation_id)
    question, earlier = _asked(facts)
    changes = draft.strip() if style != "new" else ""
    if not question and not changes:
        raise Unavailable("The AI's draft")
    found = await _look_up(scope, facts, question) if question else None
    model = find_language_model()
    if model is not None:
        made = await _ask(scope, model, facts, question, earlier, found, style, changes)
        if made is not None:
            return made
    if changes:
        return DraftedReply(text=_shorter(changes) if style == "shorter" else _warmer(changes, facts))
    chosen = extract(found, question, at_least=PROPOSE_AT) if found is not None else None
    if chosen is None:
        raise Unavailable("The AI's draft")
    text = chosen.text if style == "shorter" else _warmer(chosen.text, facts)
    return DraftedReply(text=text, sources=chosen.sources)


def _asked(facts: Facts) -> tuple[str, tuple[dict[str, Any], ...]]:
    """What the customer wrote since the last reply, or their last message; and the conversation before it."""
    history = [message for message in facts.history if message["role"] in ("customer", "assistant", "staff")]
    last_reply = max((message["seq"] for message in history if message["role"] == "staff"), default=0)
    wrote = [message for message in history if message["role"] == "customer" and message["text"]]
    asked = [message for message in wrote if message["seq"] > last_reply] or wrote[-1:]
    # After a hand-over the open question stands before "agent please": what says the most is asked last.
    first = asked[-2:][0]["seq"] if asked else 0
    text = "\n".join(message["text"] for message in asked[-2:])
    return text, tuple(message for message in history if message["seq"] < first)


async def _look_up(scope: Scope, facts: Facts, question: str) -> Found:
    knowledge = await load_knowledge(scope, facts.knowledge_version)
    found = Found(knowledge=knowledge, match=None)
    # Of two messages one is often a courtesy or "agent please": the one that fits better counts.
    for text in {question, *question.split("\n")}:
        if not text.strip():
            continue
        vector = await embed_one(text)
        passages = (
            await find_passages(scope, facts.documents_version, text, vector) if facts.documents_version > NO_DOCUMENTS else []
        )
        other = Found(knowledge=knowledge, match=knowledge.matcher.match(text, vector), passages=passages)
        if (other.best_confidence or 0.0) > (found.best_confidence or -1.0):
            found = other
    return found


async def _ask(
    scope: Scope,
    model: LanguageModel,
    facts: Facts,
    question: str,
    earlier: tuple[dict[str, Any], ...],
    found: Found | None,
    style: str,
    changes: str,
) -> DraftedReply | None:
    """The model's draft, paid and booked; None when there is no money or no answer."""
    prompt = await _prompt(scope, facts, question, earlier, found, style, changes)
    try:
        paid = await pay(
            scope,
            worst_of(model, prompt, "draft", facts),
            lambda: model.complete(prompt),
            lambda completion: completion.units,
            conversation_id=facts.conversation_id,
            note="draft for the team",
            failed_note="no draft",
        )
    except Rejected as error:
        log.info("no paid draft", model=model.name, reason=str(error))
        return None
    except Unavailable:
        note_failure(model.provider)
        return None
    note_success(model.provider)
    if is_unsure(paid.result.text):
        return None
    sources = sources_of(found, [], question) if found is not None and not changes else ()
    return DraftedReply(text=paid.result.text.strip()[:MAX_DRAFT], sources=sources, cost_nusd=paid.cost_nusd)


async def _prompt(
    scope: Scope,
    facts: Facts,
    question: str,
    earlier: Sequence[dict[str, Any]],
    found: Found | None,
    style: str,
    changes: str,
) -> Prompt:
    memories = []
    if question and facts.customer is not None and facts.memories:
        async with open_db(scope) as db:
            vector = await embed_one(question)
            memories = await recall(db, facts.customer.id, vector, without=facts.conversation_id)
    grounds = grounds_of(found, memories) if found is not None else Grounds()
    base = build_prompt(facts, tuple(earlier), question or "(no message yet)", grounds, now())
    system = f"{base.system}\n\n{_TASKS[style]}"
    if changes:
        # The draft is the team's own text, yet it is worked on and never obeyed.
        return replace(base, system=system, messages=(*base.messages, PromptMessage(role="user", text=f"Draft:\n{changes}")))
    return replace(base, system=system)


def _warmer(text: str, facts: Facts) -> str:
    name = facts.customer.name.split()[0] if facts.customer is not None and facts.customer.name.split() else ""
    if text.lower().startswith(("hi ", "hello", "dear ", "hey ")):
        return text
    return f"Hi {name},\n\n{text}" if name else f"Hello,\n\n{text}"


def _shorter(text: str) -> str:
    """The first two sentences, without a greeting line."""
    spans = sentences(text)
    kept = [text[start:end] for start, end in spans if not text[start:end].lower().startswith(("hi ", "hello", "dear "))]
    return " ".join((kept or [text])[:2])
