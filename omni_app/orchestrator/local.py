"""The brain that needs no key: the FAQ or the sentences of a document that answer, or an honest "not sure". Costs nothing."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from omni_app.cache.keeping import STORED_MAKESHIFT, stored_time
from omni_app.cache.keys import answer_key
from omni_app.cache.stored import NewEntry
from omni_app.conversations.answering import Answer
from omni_app.conversations.facts import Facts
from omni_app.knowledge.matching import ANSWER_AT, Match
from omni_app.knowledge.retrieval import PASSAGE_AT, FoundPassage, gives_orders, quote
from omni_app.knowledge.taught import Knowledge
from omni_app.orchestrator import phrases
from omni_app.orchestrator.deciding import Question
from omni_app.orchestrator.sayings import SAYINGS
from omni_app.orchestrator.serving import rules_of, versions_of
from omni_app.orchestrator.sharing import tells_who

LOCAL_MODEL = "faq-classifier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the business taught that comes near a question: the FAQs, and passages of its documents, best first."""

    knowledge: Knowledge
    match: Match | None
    passages: Sequence[FoundPassage] = ()

    @property
    def best_confidence(self) -> float | None:
        """How sure the best of all is, 0–1; None when nothing was taught."""
        known = [self.match.confidence] if self.match is not None else []
        known += [passage.confidence for passage in self.passages]
        return round(float(max(known)), 4) if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """Words of the business itself that answer. `source`: faq or passage."""

    text: str
    source: str
    confidence: float
    sources: tuple[dict[str, Any], ...]


def faq_source(knowledge: Knowledge, match: Match) -> dict[str, Any]:
    faq = knowledge.faqs[match.faq_id]
    return {
        "kind": "faq",
        "id": str(faq.id),
        "title": faq.question,
        "quote": faq.answer[:300],
        "match": round(float(match.confidence), 3),
    }


def title_of(passage: FoundPassage) -> str:
    """Where a passage stands, for a reader: "Your visit › Parking"."""
    return f"{passage.title} › {passage.heading}" if passage.heading else passage.title


def passage_source(passage: FoundPassage, question: str) -> dict[str, Any]:
    """`start`..`end` are the characters of the quote in the document's text."""
    quoted = quote(passage, question)
    return {
        "kind": "passage",
        "id": str(passage.passage_id),
        "title": title_of(passage),
        "quote": quoted.text,
        "match": round(float(passage.confidence), 3),
        "document_id": str(passage.document_id),
        "start": quoted.start,
        "end": quoted.end,
        "page": passage.page,
    }


def extract(found: Found, question: str, *, at_least: float | None = None, rejected: Collection[str] = ()) -> Extract | None:
    """The surer of the best FAQ and the best passage, if it is sure enough. `at_least` replaces both thresholds.

    `rejected` are the keys of answers staff called wrong for this question.
    """
    choices = []
    match = found.match
    if match is not None and match.faq_id in found.knowledge.faqs and match.confidence >= (at_least or ANSWER_AT):
        answer = found.knowledge.faqs[match.faq_id].answer
        sources = (faq_source(found.knowledge, match),)
        if not _is_rejected(answer, rejected):
            choices.append(Extract(text=answer, source="faq", confidence=float(match.confidence), sources=sources))
    for passage in found.passages:
        if passage.confidence < (at_least or PASSAGE_AT):
            continue
        source = passage_source(passage, question)
        if source["quote"] and not gives_orders(source["quote"]) and not _is_rejected(source["quote"], rejected):
            text, confidence = source["quote"], float(passage.confidence)
            choices.append(Extract(text=text, source="passage", confidence=confidence, sources=(source,)))
            break
    # Of equals the FAQ: somebody wrote it as an answer.
    return max(choices, key=lambda one: one.confidence, default=None)


def _is_rejected(text: str, rejected: Collection[str]) -> bool:
    return bool(rejected) and answer_key(text) in rejected


def depends_on(faq_ids: Iterable[object], documents: Iterable[object]) -> tuple[str, ...]:
    """What an answer was made from, as the cache names it."""
    known = [f"faq:{faq_id}" for faq_id in faq_ids] + [f"document:{document_id}" for document_id in documents]
    return tuple(dict.fromkeys(known))


def say_not_sure(facts: Facts, question: Question) -> Answer:
    """That nobody here knows, in the customer's language; it offers nothing."""
    text = SAYINGS[phrases.language_of(facts, question)].not_sure
    return Answer(text=text, source="none", knowledge_version=facts.knowledge_version)


def answer_locally(facts: Facts, question: Question, found: Found, *, is_makeshift: bool = False) -> Answer:
    """The local brain's whole answer; shareable, because it depends on the wording alone.

    `is_makeshift`: a model would have answered, if it could.
    """
    chosen = extract(found, question.text, rejected=facts.rejected)
    answer = Answer(
        text=chosen.text if chosen else phrases.not_sure(question.text, facts.locale, phrases.language_of(facts, question)),
        source=chosen.source if chosen else "none",
        confidence=round(chosen.confidence, 4) if chosen else found.best_confidence,
        sources=chosen.sources if chosen else (),
        offers_person=chosen is None,
        provider="local",
        model=LOCAL_MODEL,
        is_free_call=True,
        knowledge_version=facts.knowledge_version,
    )
    if chosen is None or not question.hash or not rules_of(facts).is_on or tells_who(question.text):
        return answer
    named = [source["id"] for source in chosen.sources if source["kind"] == "faq"]
    documents = [source["document_id"] for source in chosen.sources if source["kind"] == "passage"]
    entry = NewEntry(
        question=question.text,
        text=answer.text,
        source=answer.source,
        versions=versions_of(facts),
        lasts=STORED_MAKESHIFT if is_makeshift else stored_time(question.text, is_model_made=False),
        confidence=answer.confidence,
        sources=answer.sources,
        depends=depends_on(named, documents),
    )
    return replace(answer, shared=entry)
