"""How sure it is that a passage answers a question: one small logistic regression for all businesses.

The coefficients come from `python -m bench.calibrate_passages`: questions about encyclopaedia articles, asked once with their
paragraph among those of other articles and once with it taken away, so that related paragraphs remain and none answers. See
`docs/documents.md` for the figures.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omni_app.knowledge.quoting import has_figure, wants_figure
from omni_app.knowledge.terms import Terms, content_stems

Floats = NDArray[np.float32]

FEATURES = (
    "cosine",
    "cosine_margin",
    "words_margin",
    "covered",
    "covered_by_sentence",
    "unknown",
    "figure_missing",
    "number_differs",
    "name_missing",
)
COEFFICIENTS = np.array([4.2091, 10.5863, 8.8643, 2.7082, 1.9259, 0.9984, -0.2764, -1.5029, -0.9281], np.float32)
INTERCEPT = -5.7438

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][\w'’-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question, taken apart once: its meaningful stems, numbers, and the stems of names in it."""

    text: str
    terms: tuple[str, ...]
    numbers: frozenset[str]
    names: frozenset[str]
    wants_figure: bool


def take_apart(text: str) -> Asked:
    return Asked(
        text=text,
        terms=tuple(dict.fromkeys(content_stems(text))),
        numbers=frozenset(_NUMBER.findall(text)),
        names=frozenset(term for name in _NAME.findall(text) for term in content_stems(name)),
        wants_figure=wants_figure(text),
    )


def features(
    asked: Asked,
    terms: Terms,
    *,
    passage: str,
    said: Collection[str],
    sentences: Sequence[Collection[str]],
    cosine: float,
    other_cosine: float,
    words: float,
    other_words: float,
) -> tuple[float, ...]:
    """One row in the order of `FEATURES`.

    `said`: the stems of the passage and its headings; `sentences`: of each of its sentences. `words`: BM25 by `Terms.scores`.
    `other_*`: the best of any other passage.
    """
    weights = {term: terms.weight(term) for term in asked.terms}
    total = sum(weights.values()) or 1.0
    best = max((sum(weights[term] for term in asked.terms if term in sentence) for sentence in sentences), default=0.0)
    return (
        cosine,
        max(-0.3, min(cosine - other_cosine, 0.3)),
        max(-0.3, min(words - other_words, 0.3)),
        sum(weight for term, weight in weights.items() if term in said) / total,
        best / total,
        sum(weight for term, weight in weights.items() if not terms.knows(term)) / total,
        1.0 if asked.wants_figure and not has_figure(passage) else 0.0,
        1.0 if asked.numbers and not asked.numbers & set(_NUMBER.findall(passage)) else 0.0,
        1.0 if asked.names and not asked.names <= set(said) else 0.0,
    )


def confidence(rows: Floats) -> Floats:
    """The probability that each passage answers, float32 [rows]."""
    result: Floats = 1 / (1 + np.exp(-(rows @ COEFFICIENTS + np.float32(INTERCEPT))))
    return result
