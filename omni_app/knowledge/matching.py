"""Which of the taught answers a message asks for, and how sure that is.

A small classifier is fitted per business: multinomial logistic regression over sentence vectors and 0.6 × TF-IDF rows of all
taught phrasings, with small talk as one more class. A verifier shared by all businesses (`verifier.py`) then weighs its five
best answers; its probability is the confidence. Measured in `docs/decisions/local-brain.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from omni_app.infra.text import normalize
from omni_app.knowledge import verifier
from omni_app.knowledge.smalltalk import SMALL_TALK
from omni_app.knowledge.wording import Vocabulary
from omni_app.llm.embedding import load_embedder

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]

# Answer at this confidence or above. Chosen on held-out questions so that wrong answers stay under 5 % of all messages, also
# where half of them have no answer; see the decision record.
ANSWER_AT = 0.7

CANDIDATES = 5
WORDING_WEIGHT = 0.6
INVERSE_PENALTY = 50.0
# A message worded exactly as taught is as sure as anything can be.
VERBATIM_CONFIDENCE = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """One way to ask for one FAQ. `vector` is the unit vector of `text`, float32 [dimensions]."""

    faq_id: UUID
    text: str
    vector: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The best answer. `confidence` is the probability (0–1) that it is the right one; having no right answer counts as wrong.

    `runner_up`: up to four further answers with theirs, best first.
    """

    faq_id: UUID
    confidence: float
    runner_up: tuple[tuple[UUID, float], ...] = ()


class Matcher:
    """What one business taught, fitted. Never changes once made, so threads may share it; see `fit_matcher`."""

    def __init__(self, taught: Sequence[Taught], small_talk: Floats) -> None:
        self._faq_ids = sorted({one.faq_id for one in taught}, key=str)
        place = {faq_id: index for index, faq_id in enumerate(self._faq_ids)}
        ordered = sorted(taught, key=lambda one: place[one.faq_id])
        self._verbatim = _verbatim(ordered, place)
        if not ordered:
            return

        # Rows lie class by class, small talk last, so that a maximum over a class is a maximum over a slice.
        labels = np.array([place[one.faq_id] for one in ordered] + [len(place)] * len(small_talk))
        self._vectors = np.vstack([np.array([one.vector for one in ordered], np.float32), small_talk])
        self._starts = np.searchsorted(labels, np.arange(len(place) + 1))
        self._counts = np.diff(np.append(self._starts, len(labels)))
        # How closely the phrasings of a class point the same way: 1 when they are all alike.
        self._tightness = np.linalg.norm(np.add.reduceat(self._vectors, self._starts), axis=1) / self._counts
        self._vocabulary = Vocabulary([one.text for one in ordered] + list(SMALL_TALK[: len(small_talk)]))
        self._fit(labels)

    def match(self, text: str, vector: Floats) -> Match | None:
        """The answer `text` most likely asks for, however unlikely; None when nothing was taught. About half a millisecond."""
        if not self._faq_ids:
            return None
        chosen, features = self.candidates(text, vector)
        confidences = verifier.confidence(features)
        sure = self._verbatim.get(normalize(text))
        if sure is not None:
            chosen, confidences = _put_first(sure, chosen, confidences)
        best = sorted(zip(chosen.tolist(), confidences.tolist(), strict=True), key=lambda pair: -pair[1])
        first, *others = [(self._faq_ids[index], confidence) for index, confidence in best]
        return Match(faq_id=first[0], confidence=first[1], runner_up=tuple(others[: CANDIDATES - 1]))

    def candidates(self, text: str, vector: Floats) -> tuple[Indices, Floats]:
        """The classifier's best classes as places in `faq_ids`, and the features of each, float32 [candidates, features]."""
        cosines = self._vectors @ vector
        kernel = cosines + np.float32(WORDING_WEIGHT**2) * self._vocabulary.similarities(text)
        scores = kernel @ self._weights + self._bias
        nearest = np.maximum.reduceat(cosines, self._starts)
        likely = np.exp(scores - scores.max())
        likely /= likely.sum()

        # Small talk takes its share of the probability but is nobody's rival, except where there is a single answer.
        rivals = len(self._faq_ids) if len(self._faq_ids) > 1 else 2
        chosen = np.argsort(-scores[: len(self._faq_ids)])[:CANDIDATES]
        rows = [
            verifier.features(
                likelihood=float(likely[index]),
                score_margin=float(scores[index]) - _best_other(scores[:rivals], index),
                nearest=float(nearest[index]),
                nearest_margin=float(nearest[index]) - _best_other(nearest[:rivals], index),
                mean_of_three=float(np.sort(cosines[self._starts[index] :][: self._counts[index]])[-3:].mean()),
                phrasings=int(self._counts[index]),
                tightness=float(self._tightness[index]),
            )
            for index in chosen
        ]
        return chosen, np.array(rows, np.float32)

    @property
    def faq_ids(self) -> Sequence[UUID]:
        """The FAQs in the order of the classifier's classes."""
        return self._faq_ids

    def _fit(self, labels: Indices) -> None:
        _use_one_thread()
        kernel = (self._vectors @ self._vectors.T + WORDING_WEIGHT**2 * self._vocabulary.similarities_of_rows()).astype(
            np.float64
        )
        # The penalised optimum lies in the span of the taught rows, so a factor of their kernel (some hundred columns) stands in
        # for the 16,000 columns of vectors and TF-IDF: the same classifier in a fraction of the time. The tiny ridge lets
        # phrasings that occur twice through.
        factor = np.linalg.cholesky(kernel + 1e-5 * np.eye(len(kernel)))
        model = _classifier()(C=INVERSE_PENALTY, max_iter=200, tol=1e-3).fit(factor, labels)
        # With two classes scikit-learn keeps one row of weights; as two rows it reads like every other case.
        rows = model.coef_ if len(model.coef_) > 1 else np.vstack([-model.coef_ / 2, model.coef_ / 2])
        bias = model.intercept_ if len(model.intercept_) > 1 else np.append(-model.intercept_ / 2, model.intercept_ / 2)
        self._weights: Floats = np.linalg.solve(factor.T, rows.T).astype(np.float32)
        self._bias: Floats = bias.astype(np.float32)


def fit_matcher(taught: Sequence[Taught], small_talk: Floats | None = None) -> Matcher:
    """Fit what a business taught. Blocks for about a second (462 phrasings), so call it in a thread.

    `small_talk`: the vectors of `SMALL_TALK`, for callers with an embedder of their own; default the process's embedder.
    """
    return Matcher(taught, _small_talk() if small_talk is None else small_talk)


@lru_cache
def _small_talk() -> Floats:
    return load_embedder().embed(SMALL_TALK)


@lru_cache
def warm_up() -> None:
    """Import what fitting needs (a second or two), so that the first customer after a start does not wait for it."""
    _classifier()


def _classifier() -> Any:
    # Imported late: it is a third of a web process's start, and only fitting needs it.
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression


def _use_one_thread() -> None:
    # These matrices are small: a second BLAS thread costs more in waking up than it saves, above all beside a busy event loop.
    # Limits reach libraries that are loaded already, hence the import first.
    _classifier()
    threadpool_limits(limits=1, user_api="blas")


def _verbatim(taught: Sequence[Taught], place: dict[UUID, int]) -> dict[str, int]:
    """Wordings taught for exactly one FAQ, with its class."""
    owners: dict[str, set[int]] = {}
    for one in taught:
        owners.setdefault(normalize(one.text), set()).add(place[one.faq_id])
    return {wording: next(iter(classes)) for wording, classes in owners.items() if len(classes) == 1}


def _put_first(sure: int, chosen: Indices, confidences: Floats) -> tuple[Indices, Floats]:
    others = chosen != sure
    known = confidences[~others].max(initial=VERBATIM_CONFIDENCE)
    rest = np.minimum(confidences[others], 1 - VERBATIM_CONFIDENCE)
    return np.append(sure, chosen[others]), np.append(known, rest).astype(np.float32)


def _best_other(values: Floats, index: int) -> float:
    others = np.delete(values, index)
    return float(others.max())
