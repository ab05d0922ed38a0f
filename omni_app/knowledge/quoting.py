"""Which sentences of a passage answer a question, word for word; never one that gives orders to the assistant."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from omni_app.knowledge.cutting import sentences
from omni_app.knowledge.orders import gives_orders, may_give_orders
from omni_app.knowledge.terms import content_stems, stems

MOST_SENTENCES = 3
# A passage this short is said whole: leaving out half of four lines helps nobody.
_WHOLE_WORDS = 28
_MOST_CHARACTERS = 700

_AMOUNT = re.compile(
    r"\b(?:how (?:much|many|long|often|old|far|soon|early|late|big)|what time|when|prices?|costs?|fees?|number|phone|percent"
    r"|cuánto|cuando|cuándo|precio|combien|prix|quand|wie ?viel|wann|preis|kosten|quanto|quando|preço|prezzo)\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(
    r"\d|[$€£¥₹]|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|half|free|monday|tuesday|wednesday|"
    r"thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august|september|october|november|december|"
    r"hours?|minutes?|days?|weeks?|months?|years?|never|once|twice|kostenlos|gratis|gratuit)\b",
    re.IGNORECASE,
)
_PRICE = re.compile(
    r"\b(?:prices?|costs?|fees?|how much (?:is|are|does|do|for|to|would|will)\b(?!.*\b(?:weigh|time|space|luggage)\b)|"
    r"precio|cuesta|prix|coûte|preis|kostet|kosten|preço|custa|prezzo|costa)\b",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"[$€£¥₹]|\b(?:free|no charge|charged?|fees?|prices?|costs?|percent|euros?|dollars?|pounds?|cents?|usd|eur|gbp|chf|gratis|"
    r"kostenlos|gratuit|interest|discount)\b|\bfor nothing\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPassage:
    """One passage. `start`..`end` are its characters in the document's text; `confidence` 0–1 that it answers."""

    passage_id: UUID
    document_id: UUID
    title: str
    heading: str
    text: str
    start: int
    end: int
    page: int | None
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The sentences of a passage that answer; `start`..`end` are characters in the document's text."""

    text: str
    start: int
    end: int


def wants_figure(question: str) -> bool:
    """Whether a question asks for an amount, a time or a number."""
    return bool(_AMOUNT.search(question))


def wants_price(question: str) -> bool:
    """Whether a question asks what something costs."""
    return bool(_PRICE.search(question))


def has_price(text: str) -> bool:
    """Whether a text says anything about money."""
    return bool(_MONEY.search(text))


def has_figure(text: str) -> bool:
    """Whether a text names an amount, a time or a number."""
    return bool(_FIGURE.search(text))


def quotable(passage: str) -> list[tuple[int, int]]:
    """Spans of the sentences that may be quoted, in order."""
    spans = sentences(passage)
    return [span for span in spans if not gives_orders(passage[slice(*span)])] if may_give_orders(passage) else spans


def quote(found: FoundPassage, text: str) -> Quote:
    """The one to three neighbouring sentences of `found` that answer `text`, word for word.

    Empty when the passage holds nothing but orders to the assistant.
    """
    spans = quotable(found.text)
    if not spans:
        return Quote(text="", start=found.start, end=found.start)
    first, last = _choose(found, text, spans)
    start, end = spans[first][0], spans[last][1]
    return Quote(text=found.text[start:end], start=found.start + start, end=found.start + end)


def _choose(found: FoundPassage, text: str, spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    neighbours = _runs(found.text, spans)
    if len(found.text.split()) <= _WHOLE_WORDS and len(neighbours[0]) == len(spans) <= MOST_SENTENCES:
        return 0, len(spans) - 1
    asked = set(content_stems(text))
    said = [set(stems(found.text[start:end])) for start, end in spans]
    spread = {term: sum(term in terms for terms in said) for term in asked}
    # What the heading says already tells no sentence from another.
    named = set(stems(f"{found.title} {found.heading}"))
    weights = {term: (0.3 if term in named else 1.0) / times for term, times in spread.items() if times}
    wants, pays = wants_figure(text), wants_price(text)
    scores = []
    for terms, span in zip(said, spans, strict=True):
        sentence = found.text[slice(*span)]
        score = sum(weight for term, weight in weights.items() if term in terms)
        if wants and has_figure(sentence):
            score += 0.6 if score else 0.2
        if pays and has_price(sentence):
            score += 0.8
        # A question in a document is a heading of its answer, not the answer.
        scores.append(score * (0.5 if sentence.rstrip().endswith("?") else 1.0))
    best = max(range(len(spans)), key=lambda place: scores[place]) if any(scores) else 0
    return _widen(found.text, spans, scores, neighbours, best)


def _widen(
    passage: str, spans: Sequence[tuple[int, int]], scores: Sequence[float], runs: Sequence[Sequence[int]], best: int
) -> tuple[int, int]:
    """Take the neighbours along that answer too, and the sentence after a short or a question-like one."""
    run = next(run for run in runs if best in run)
    first = last = best
    while last - first + 1 < MOST_SENTENCES:
        choices = [place for place in (first - 1, last + 1) if place in run and _fits(spans, first, last, place)]
        if not choices:
            break
        other = max(choices, key=lambda place: (scores[place], place))
        said = passage[spans[first][0] : spans[last][1]]
        # A question, an opening line or a few words are no answer without what follows them.
        needs_more = (len(said.split()) < 12 or said.rstrip().endswith(("?", ":"))) and last + 1 in choices
        answers_too = scores[other] >= 0.5 * scores[best] and (scores[best] > 0 or len(said.split()) <= 60)
        if not answers_too and not needs_more:
            break
        other = other if answers_too else last + 1
        first, last = min(first, other), max(last, other)
    return first, last


def _fits(spans: Sequence[tuple[int, int]], first: int, last: int, place: int) -> bool:
    return spans[max(last, place)][1] - spans[min(first, place)][0] <= _MOST_CHARACTERS


def _runs(passage: str, spans: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Sentences that stand side by side: where one was left out, the quote must not reach across."""
    runs: list[list[int]] = [[0]]
    for place in range(1, len(spans)):
        between = passage[spans[place - 1][1] : spans[place][0]]
        if any(sign.isalnum() for sign in between):
            runs.append([])
        runs[-1].append(place)
    return runs
