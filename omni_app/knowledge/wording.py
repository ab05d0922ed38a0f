"""How alike the wording of texts is: TF-IDF rows over words 1–2 and characters 2–5.

Sentence vectors blur exactly what a shop cares about (a name, a size, a place); wording keeps it.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from omni_app.infra.text import words

Floats = NDArray[np.float32]
# Longer messages repeat themselves; what lies behind changes neither the row nor the answer, only the time taken.
MAX_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Row:
    """One sparse row of unit length (or an empty one): its columns, in no order, and their weights."""

    columns: NDArray[np.intp]
    weights: Floats


class Vocabulary:
    """The pieces of a set of texts and how telling each is. Nothing changes after the constructor, so threads may share it."""

    def __init__(self, texts: Sequence[str]) -> None:
        counted = [Counter(_pieces(text)) for text in texts]
        spread: Counter[str] = Counter()
        for pieces in counted:
            spread.update(pieces.keys())
        self._columns = {piece: column for column, piece in enumerate(spread)}
        self._idf = np.array([math.log((1 + len(texts)) / (1 + count)) + 1 for count in spread.values()], np.float32)

        rows = [self._weigh(pieces) for pieces in counted]
        ends = np.cumsum([0, *(len(row.columns) for row in rows)])
        columns = np.concatenate([row.columns for row in rows])
        weights = np.concatenate([row.weights for row in rows])
        self._texts = sparse.csr_matrix((weights, columns, ends), shape=(len(texts), len(spread)))
        # By column: for each piece the texts it stands in.
        by_piece = self._texts.tocsc()
        self._begins, self._rows, self._weights = by_piece.indptr, by_piece.indices, by_piece.data

    def similarities(self, text: str) -> Floats:
        """Cosine of the wording of `text` to each text of the set, float32 [texts]. Pieces never seen count for nothing."""
        row = self._weigh(Counter(_pieces(text)))
        begins = self._begins[row.columns]
        lengths = self._begins[row.columns + 1] - begins
        # All postings of all pieces in one go: place within its own list + begin of the list.
        lists = np.repeat(begins - np.cumsum(lengths) + lengths, lengths)
        postings = lists + np.arange(len(lists))
        parts = self._weights[postings] * np.repeat(row.weights, lengths)
        summed: Floats = np.bincount(self._rows[postings], weights=parts, minlength=self._texts.shape[0]).astype(np.float32)
        return summed

    def similarities_of_rows(self) -> Floats:
        """Cosine of the wording of every text of the set to every other, float32 [texts, texts]."""
        result: Floats = (self._texts @ self._texts.T).toarray().astype(np.float32)
        return result

    def _weigh(self, pieces: Counter[str]) -> Row:
        found = [(column, count) for piece, count in pieces.items() if (column := self._columns.get(piece)) is not None]
        columns = np.array([column for column, _ in found], np.intp)
        weights = np.array([1 + math.log(count) for _, count in found], np.float32) * self._idf[columns]
        length = float(np.linalg.norm(weights))
        return Row(columns, weights / np.float32(length) if length else weights)


def _pieces(text: str) -> Iterator[str]:
    spoken = words(text[:MAX_CHARACTERS])
    for position, word in enumerate(spoken):
        # The leading control character keeps words apart from runs of characters that look the same.
        yield f"\x00{word}"
        if position:
            yield f"\x00{spoken[position - 1]} {word}"
    line = f" {' '.join(spoken)} "
    for size in range(2, 6):
        for start in range(len(line) - size + 1):
            yield line[start : start + size]
