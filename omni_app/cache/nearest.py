"""The nearest stored question, and how likely its answer is the right one.

Entries lie on shelves by their order numbers, dates, times and amounts, so that one with others is never looked at. A small
shelf is scanned exactly; a large one through the 64 directions in which its vectors differ most, and the best are looked at
again in full. 2.6–4.5 kB an entry at 384 dimensions (1.8 kB vector and projection, in arrays that double; the rest wording).
"""

import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from omni_app.cache.judging import Rule, Wording, compare_vectors, compare_wording, read_wording, shared_rule

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]

# Up to here the exact scan is as fast.
EXACT_UP_TO = 1_500
DIRECTIONS = 64
# Fitting the directions to so many entries finds the same ones as fitting them to all.
SAMPLE = 3_000
RESCORED = 64
# The entries that the features of the best are read from.
LOOKED_AT = 12
_STRIPES = 32
_FIRST_ROWS = 4
# An index that grows by single entries changes over here.
_GROWN = 2 * EXACT_UP_TO


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A stored question. `answer`: what identifies its answer (a hash); `vector`: unit vector, float32 [dimensions]."""

    id: UUID
    text: str
    answer: str
    vector: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The best stored question for a message, whether good enough or not (`is_accepted`).

    `features`: what `probability` was computed from, in the order of `judging.FEATURES`.
    """

    entry_id: UUID
    answer: str
    matched_text: str
    probability: float
    cosine: float
    features: tuple[float, ...]
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    id: UUID
    text: str
    answer: str
    wording: Wording


@dataclass(slots=True)
class _Answer:
    """What one answer's entries have in common: their number and the sum of their vectors."""

    count: int
    total: Floats


class Index:
    """The stored questions of one business. Many threads may look up while one adds or removes."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._shelves: dict[frozenset[str], _Shelf] = {}
        self._places: dict[UUID, tuple[_Shelf, int]] = {}
        self._answers: dict[str, _Answer] = {}
        self._spread: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, entry_id: object) -> bool:
        return entry_id in self._places

    def add(self, entry: Entry) -> None:
        """Take in one entry, in place of one with the same id. Some 50 µs."""
        self.remove(entry.id)
        wording = read_wording(entry.text)
        shelf = self._shelves.get(wording.figures.exact)
        if shelf is None:
            shelf = self._shelves[wording.figures.exact] = _Shelf(len(entry.vector))
        kept = _Kept(entry.id, entry.text, sys.intern(entry.answer), wording)
        self._spread.update(wording.words)
        known = self._answers.get(kept.answer)
        if known is None:
            self._answers[kept.answer] = _Answer(1, np.array(entry.vector, np.float32))
        else:
            self._answers[kept.answer] = _Answer(known.count + 1, known.total + entry.vector)
        self._places[entry.id] = (shelf, shelf.add(kept, entry.vector))
        if len(shelf.kept) == _GROWN:
            shelf.fit_directions()

    def remove(self, entry_id: UUID) -> bool:
        """Forget an entry; whether there was one. Its place stays empty until the index is built anew."""
        place = self._places.pop(entry_id, None)
        if place is None:
            return False
        shelf, row = place
        kept, vector = shelf.remove(row)
        self._spread.subtract(kept.wording.words)
        known = self._answers.pop(kept.answer)
        if known.count > 1:
            self._answers[kept.answer] = _Answer(known.count - 1, known.total - vector)
        return True

    def settle(self) -> None:
        """Make look-ups in what was added fast; done by `build_index`."""
        for shelf in self._shelves.values():
            shelf.fit_directions()

    def find(self, text: str, vector: Floats) -> Candidate | None:
        """The stored question that `text` most likely repeats, however unlikely; `vector` is its unit vector.

        None when nothing is stored, or nothing whose order numbers, dates, times and amounts are the same.
        """
        asked = read_wording(text)
        shelf = self._shelves.get(asked.figures.exact)
        if shelf is None:
            return None
        found, cosines = shelf.nearest(vector, asked.figures.plain)
        if not found:
            return None
        best = found[0]
        features = self._features(asked, vector, found, cosines)
        probability = self.rule.probability(features)
        return Candidate(
            entry_id=best.id,
            answer=best.answer,
            matched_text=best.text,
            probability=probability,
            cosine=cosines[0],
            features=features,
            is_accepted=self.rule.accepts(probability, cosines[0]),
        )

    def _features(self, asked: Wording, vector: Floats, found: Sequence[_Kept], cosines: Sequence[float]) -> tuple[float, ...]:
        best = found[0]
        known = self._answers[best.answer]
        length = max(1e-6, math.sqrt(float(known.total @ known.total)))
        return (
            *compare_vectors(
                cosines,
                [kept.answer == best.answer for kept in found],
                entries=known.count,
                centroid=float(known.total @ vector) / length,
                tightness=length / known.count,
            ),
            *compare_wording(asked, best.wording, self._idf),
        )

    def _idf(self, word: str) -> float:
        return math.log((1 + len(self._places)) / (1 + self._spread[word])) + 1


class _Shelf:
    """Entries with the same order numbers, dates, times and amounts, in the order they came."""

    def __init__(self, dimensions: int) -> None:
        self.kept: list[_Kept | None] = []
        self._vectors: Floats = np.zeros((_FIRST_ROWS, dimensions), np.float32)
        self._directions: Floats | None = None
        self._projected: Floats = np.zeros((DIRECTIONS, 0), np.float32)
        self._has_numbers = False

    def add(self, kept: "_Kept", vector: Floats) -> int:
        row = len(self.kept)
        if row == len(self._vectors):
            self._vectors = np.concatenate([self._vectors, np.zeros_like(self._vectors)])
            if self._directions is not None:
                self._projected = np.concatenate([self._projected, np.zeros_like(self._projected)], axis=1)
        self._vectors[row] = vector
        if self._directions is not None:
            self._projected[:, row] = vector @ self._directions
        self._has_numbers = self._has_numbers or bool(kept.wording.figures.plain)
        # Last, since a search goes by its length.
        self.kept.append(kept)
        return row

    def remove(self, row: int) -> tuple["_Kept", Floats]:
        kept, vector = self.kept[row], self._vectors[row].copy()
        if kept is None:
            raise KeyError(row)
        self.kept[row] = None
        self._vectors[row] = 0
        if self._directions is not None:
            self._projected[:, row] = 0
        return kept, vector

    def fit_directions(self) -> None:
        """Make searches of a shelf that grew large fast; some 50 ms, when it is due."""
        count = len(self.kept)
        if self._directions is not None or count <= EXACT_UP_TO:
            return
        sample = self._vectors[: count : max(1, count // SAMPLE)]
        # Uncentred, since inner products are what must come out right; eigh sorts from small to large.
        _, vectors = np.linalg.eigh(sample.T @ sample)
        directions = np.ascontiguousarray(vectors[:, -DIRECTIONS:])
        # One row a direction: the scan then runs through memory in order.
        self._projected = np.ascontiguousarray((self._vectors @ directions).T)
        self._directions = directions

    def nearest(self, vector: Floats, numbers: frozenset[str]) -> tuple[list["_Kept"], list[float]]:
        """The nearest entries whose numbers do not contradict `numbers`, best first, with their cosines; at most `LOOKED_AT`."""
        count = len(self.kept)
        if self._directions is None:
            coarse = self._vectors[:count] @ vector
        else:
            coarse = (vector @ self._directions) @ self._projected[:, :count]
        rows = _highest(coarse, RESCORED)
        cosines = self._vectors[rows] @ vector
        found = []
        for place in np.argsort(-cosines).tolist():
            kept = self.kept[rows[place]]
            if kept is None or (numbers and kept.wording.figures.plain and kept.wording.figures.plain != numbers):
                continue
            found.append((kept, float(cosines[place])))
            if len(found) == LOOKED_AT:
                break
        # Equal ones in an order that does not depend on which came first.
        found.sort(key=lambda pair: (-round(pair[1], 6), pair[0].id))
        return [kept for kept, _ in found], [cosine for _, cosine in found]


def build_index(entries: Iterable[Entry], model_name: str, rule: Rule | None = None) -> Index:
    """An index over `entries` (of vectors of the model `model_name`), judged by `rule`, by default the shared one.

    About 80 µs an entry, so build large ones in a thread. Pickles.
    """
    # These products are small: a second BLAS thread costs more in waking up than it saves, above all beside a busy event loop.
    threadpool_limits(limits=1, user_api="blas")
    index = Index(rule or shared_rule(model_name))
    for entry in entries:
        index.add(entry)
    index.settle()
    return index


def _highest(scores: Floats, count: int) -> Indices:
    """Places of at least the `count` highest scores, and few others."""
    if len(scores) <= count:
        return np.arange(len(scores))
    groups = len(scores) // _STRIPES
    if groups < 2 * count:
        return np.argpartition(scores, -count)[-count:]
    # The 64th highest of all is no lower than the 64th highest maximum of a group: one pass over some hundred maxima in place
    # of a partition of all.
    maxima = scores[: groups * _STRIPES].reshape(_STRIPES, groups).max(axis=0)
    return np.flatnonzero(scores >= np.partition(maxima, -count)[-count])
