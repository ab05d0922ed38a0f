"""Ask the assistant without anybody hearing it: which FAQ would answer, how sure that is, and what would be said."""

from dataclasses import dataclass

from omni_app.conversations.receiving import check_text
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.scope import Permission, Scope
from omni_app.knowledge.matching import ANSWER_AT
from omni_app.knowledge.taught import TaughtFaq, load_knowledge
from omni_app.knowledge.text import asks_for_person
from omni_app.llm.embedding import embed_one
from omni_app.llm.registry import find_language_model
from omni_app.orchestrator import phrases
from omni_app.tenancy.businesses import load_business


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a customer who writes this as a first message would hear.

    `source`: faq, none (not sure, or a greeting), person (handed over), or model: a language model words the answer from the
    closest FAQs. That costs money, so it is not asked here, and `answer` is what would be said without it.
    `faq` is the closest FAQ, also when it is not close enough; `confidence` (0–1) says how sure it is to be the right one. From
    `needed` on it answers.
    """

    answer: str
    source: str
    confidence: float | None = None
    faq: TaughtFaq | None = None
    needed: float = ANSWER_AT


async def try_question(scope: Scope, text: str) -> Trial:
    """Answer `text` and write nothing. Raises `Forbidden`, and `Invalid` (field `text`) for an empty or too long text."""
    scope.require(Permission.VIEW)
    question = check_text(text)
    async with open_db(scope) as db:
        business = await load_business(db)
    if asks_for_person(question):
        answer = phrases.handing_over(business.name, business.opening_hours, business.timezone, now())
        return Trial(answer=answer, source="person")
    if (courtesy := phrases.courtesy(question, business.name, business.greeting)) is not None:
        return Trial(answer=courtesy, source="none")
    knowledge = await load_knowledge(scope, business.knowledge_version)
    match = knowledge.matcher.match(question, await embed_one(question))
    model = find_language_model()
    if match is None or (faq := knowledge.faqs.get(match.faq_id)) is None:
        return Trial(answer=phrases.not_sure(question, business.locale), source="model" if model else "none")
    confidence = float(match.confidence)
    is_sure = confidence >= ANSWER_AT
    return Trial(
        answer=faq.answer if is_sure else phrases.not_sure(question, business.locale),
        source="model" if model else "faq" if is_sure else "none",
        confidence=confidence,
        faq=faq,
    )
