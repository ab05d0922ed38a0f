"""Which words and pieces of words a text is made of: TF-IDF rows over words 1–2 and characters 2–5.

Sentence vectors blur exactly what shops care about (a name, a size, a place); these rows keep it.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omni_app.knowledge.text import words

# Longer messages repeat themselves; what lies behind changes neither the row nor the answer, only the time taken.
MAX_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Row:
    """One sparse row of unit length: ascending-free column numbers and their weights, float32."""

    columns: NDArray[np.intp]
    weights: NDArray[np.float32]


class Vocabulary:
    """The columns and idf weights learned from a set of texts. Reading is thread-safe: nothing changes after the constructor."""

    def __init__(self, texts: Sequence[str]) -> None:
        counted = [Counter(_pieces(text)) for text in texts]
        spread: Counter[str] = Counter()
        for pieces in counted:
            spread.update(pieces.keys())
        self._columns = {piece: column for column, piece in enumerate(spread)}
        self._idf = np.array([math.log((1 + len(texts)) / (1 + count)) + 1 for count in spread.values()], np.float32)
        self.rows = [self._weigh(pieces) for pieces in counted]

    def __len__(self) -> int:
        return len(self._columns)

    def row(self, text: str) -> Row:
        """The row of any text; pieces never seen are left out, so a text of strange words gives an empty row."""
        return self._weigh(Counter(_pieces(text)))

    def knows(self, word): return f"w:{word}" in self._columns
    def idf(self, word):
        c = self._columns.get(f"w:{word}")
        return float(self._idf[c]) if c is not None else float(self._idf.max())

    def _weigh(self, pieces: Counter[str]) -> Row:
        found = [(column, count) for piece, count in pieces.items() if (column := self._columns.get(piece)) is not None]
        columns = np.array([column for column, _ in found], np.intp)
        weights = np.array([1 + math.log(count) for _, count in found], np.float32) * self._idf[columns]
        length = float(np.linalg.norm(weights))
        return Row(columns, weights / np.float32(length) if length else weights)


def _pieces(text: str) -> Iterable[str]:
    spoken = words(text[:MAX_CHARACTERS])
    for position, word in enumerate(spoken):
        yield f"w:{word}"
        if position:
            yield f"w:{spoken[position - 1]} {word}"
    line = f" {' '.join(spoken)} "
    for size in range(2, 6):
        for start in range(len(line) - size + 1):
            yield line[start : start + size]
