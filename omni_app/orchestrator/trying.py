"""Ask the assistant without anybody hearing it: which FAQ or passage would answer, how sure that is, and what would be said."""

from dataclasses import dataclass

from omni_app.conversations.receiving import check_text
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.scope import Permission, Scope
from omni_app.knowledge.matching import ANSWER_AT
from omni_app.knowledge.retrieval import PASSAGE_AT, FoundPassage, find_passages
from omni_app.knowledge.taught import TaughtFaq, load_knowledge
from omni_app.llm.embedding import embed_one
from omni_app.llm.registry import find_language_model
from omni_app.orchestrator import phrases
from omni_app.orchestrator.local import Found, extract
from omni_app.tenancy.businesses import load_business
from omni_app.understanding import ANGRY_AT, anger, asks_for_person


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a customer who writes this as a first message would hear.

    `source`: faq, passage, none (not sure, or a greeting), person (handed over), or model: a language model words the answer from
    the closest FAQs and passages. That costs money, so it is not asked here, and `answer` is what would be said without it.
    `faq` is the closest FAQ, also when it is not close enough; `confidence` (0–1) says how sure it is to be the right one. From
    `needed` on it answers. `passages` are the closest passages with theirs, best first; they answer from `passage_needed` on.
    """

    answer: str
    source: str
    confidence: float | None = None
    faq: TaughtFaq | None = None
    needed: float = ANSWER_AT
    passages: tuple[FoundPassage, ...] = ()
    passage_needed: float = PASSAGE_AT


async def try_question(scope: Scope, text: str) -> Trial:
    """Answer `text` and write nothing. Raises `Forbidden`, and `Invalid` (field `text`) for an empty or too long text."""
    scope.require(Permission.VIEW)
    question = check_text(text)
    async with open_db(scope) as db:
        business = await load_business(db)
        # The version of the documents is nobody's to show, so the page's view of a business has none.
        found_version = await db.execute("select documents_version from businesses where id = :id", {"id": scope.business_id})
        documents_version = int(found_version.scalar_one())
    vector = await embed_one(question)
    language = phrases.spoken(question, (), "", business.locale)
    if asks_for_person(question, vector) or anger(question, vector) >= ANGRY_AT:
        answer = phrases.handing_over(business.name, business.opening_hours, business.timezone, now(), language=language)
        return Trial(answer=answer, source="person")
    if (courtesy := phrases.courtesy(question, business.name, business.greeting, language=language)) is not None:
        return Trial(answer=courtesy, source="none")
    knowledge = await load_knowledge(scope, business.knowledge_version)
    match = knowledge.matcher.match(question, vector)
    passages = tuple(await find_passages(scope, documents_version, question, vector))
    chosen = extract(Found(knowledge=knowledge, match=match, passages=passages), question)
    model = find_language_model()
    return Trial(
        answer=chosen.text if chosen else phrases.not_sure(question, business.locale, language),
        source="model" if model else chosen.source if chosen else "none",
        confidence=float(match.confidence) if match is not None else None,
        faq=knowledge.faqs.get(match.faq_id) if match is not None else None,
        passages=passages,
    )
