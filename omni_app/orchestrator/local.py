"""The brain that needs no key: the FAQ or the sentences of a document that answer, or an honest "not sure". Costs nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from omni_app.conversations.answering import Answer
from omni_app.conversations.receiving import Facts
from omni_app.knowledge.matching import ANSWER_AT, Match
from omni_app.knowledge.retrieval import PASSAGE_AT, FoundPassage, gives_orders, quote
from omni_app.knowledge.taught import Knowledge
from omni_app.orchestrator import phrases

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


def extract(found: Found, question: str, *, at_least: float | None = None) -> Extract | None:
    """The surer of the best FAQ and the best passage, if it is sure enough. `at_least` replaces both thresholds."""
    choices = []
    match = found.match
    if match is not None and match.faq_id in found.knowledge.faqs and match.confidence >= (at_least or ANSWER_AT):
        answer = found.knowledge.faqs[match.faq_id].answer
        sources = (faq_source(found.knowledge, match),)
        choices.append(Extract(text=answer, source="faq", confidence=float(match.confidence), sources=sources))
    for passage in found.passages:
        if passage.confidence < (at_least or PASSAGE_AT):
            continue
        source = passage_source(passage, question)
        if source["quote"] and not gives_orders(source["quote"]):
            text, confidence = source["quote"], float(passage.confidence)
            choices.append(Extract(text=text, source="passage", confidence=confidence, sources=(source,)))
            break
    # Of equals the FAQ: somebody wrote it as an answer.
    return max(choices, key=lambda one: one.confidence, default=None)


def answer_locally(facts: Facts, question: str, question_hash: str, found: Found) -> Answer:
    """The local brain's whole answer; shareable, because it depends on the wording alone."""
    chosen = extract(found, question)
    answer = Answer(
        text=chosen.text if chosen else phrases.not_sure(question, facts.locale),
        source=chosen.source if chosen else "none",
        confidence=round(chosen.confidence, 4) if chosen else found.best_confidence,
        sources=chosen.sources if chosen else (),
        offers_person=chosen is None,
        provider="local",
        model=LOCAL_MODEL,
        is_free_call=True,
        knowledge_version=facts.knowledge_version,
    )
    return replace(answer, shared_hash=question_hash) if chosen and question_hash else answer
