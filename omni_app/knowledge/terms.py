"""The words by which passages are found: stems, what carries no meaning, and a BM25 index over them.

BM25 is Okapi's with k1 = 1.2 and b = 0.75 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond").
"""

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from omni_app.infra.text import words

Floats = NDArray[np.float32]

K1 = 1.2
B = 0.75


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_EMPTY = _set(
    """
    a an the i you he she it we they me him her us them my your his its our their mine yours this that these those there here
    is am are was were be been being do does did doing done have has had having can could will would shall should may might
    must what when where who whom whose why how which if or and but so as of to in on at by for with about from into than
    then too very just also only not no yes please any some all much many more most another other such own same tell know
    want need like get give let say ask hi hello hey thanks thank it's i'm what's that's don't doesn't can't i'd i'll
    el la los las un una unos unas de del al y o que en es por para con se su sus mi tu lo le me cómo como cuánto cuanto
    cuándo dónde donde qué hay son está puedo tienen tiene
    le les des du une et ou dans pour avec est sont je tu il elle nous vous mon ma mes votre vos ce cette qui que quoi
    comment combien quand où au aux en y a ai avez puis peut
    der die das den dem des ein eine einen einem einer und oder in im ist sind ich du er sie wir ihr mein meine ihre für
    mit von zu zum zur auf an bei wie was wann wo wer warum wieviel viel kann können muss gibt es auch nicht
    o os as um uma e em no na nos nas do da dos das é são eu você meu minha quanto quando onde como
    il lo gli i uno di del della è sono io mio mia quanto quando dove come che per
    """
)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A word without its commonest endings: "whitening", "whitened" and "whitens" meet. Light on purpose, for any language."""
    for ending in ("'s", "s'", "'"):
        if word.endswith(ending):
            word = word[: -len(ending)]
            break
    if len(word) > 4 and word.isascii() and word.isalpha():
        if word.endswith("ies"):
            word = word[:-3] + "y"
        elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
            word = word[:-1]
        for ending in ("ing", "ed"):
            if word.endswith(ending) and len(word) - len(ending) >= 3:
                word = word[: -len(ending)]
                if word[-1] == word[-2] and word[-1] not in "lse":
                    word = word[:-1]
                break
        if len(word) > 3 and word.endswith("e"):
            word = word[:-1]
    return word


def stems(text: str) -> list[str]:
    """The stems of all words of a text, in order."""
    return [stem(word) for word in words(text)]


def content_stems(text: str) -> list[str]:
    """The stems of the words that carry meaning; of all words when none does."""
    spoken = words(text)
    return [stem(word) for word in spoken if word not in _EMPTY] or [stem(word) for word in spoken]


class Terms:
    """A BM25 index over passages. Nothing changes after the constructor, so threads may share it."""

    def __init__(self, texts: Sequence[str]) -> None:
        columns: dict[str, int] = {}
        found_columns: list[int] = []
        found_counts: list[int] = []
        ends = np.empty(len(texts), np.int64)
        lengths = np.empty(len(texts), np.float32)
        for row, text in enumerate(texts):
            spoken = stems(text)
            lengths[row] = len(spoken)
            for term, count in Counter(spoken).items():
                found_columns.append(columns.setdefault(term, len(columns)))
                found_counts.append(count)
            ends[row] = len(found_columns)
        rows = np.repeat(np.arange(len(texts), dtype=np.int32), np.diff(ends, prepend=0))
        by_column = np.array(found_columns, np.int64)
        counts = np.array(found_counts, np.float32)
        self._columns = columns
        self._size = len(texts)
        spread = np.bincount(by_column, minlength=len(columns)) if len(columns) else np.zeros(0, np.int64)
        self._idf = np.log(1 + (len(texts) - spread + 0.5) / (spread + 0.5)).astype(np.float32)
        self._unknown_idf = math.log(1 + (len(texts) + 0.5) / 0.5)
        average = float(lengths.mean()) if len(texts) else 1.0
        norms = K1 * (1 - B + B * lengths / max(average, 1.0))
        weights = self._idf[by_column] * counts * (K1 + 1) / (counts + norms[rows])
        order = np.argsort(by_column, kind="stable")
        self._rows = rows[order]
        self._weights: Floats = weights[order].astype(np.float32)
        self._begins = np.concatenate([[0], np.cumsum(spread)]).astype(np.int64)

    def scores(self, terms: Sequence[str]) -> Floats:
        """How well the words of a question fit each passage, float32 [passages], 0 (not at all) to about 1 (all of them)."""
        total = np.zeros(self._size, np.float32)
        most = 0.0
        for term in dict.fromkeys(terms):
            column = self._columns.get(term)
            most += self.weight(term) * (K1 + 1)
            if column is not None:
                place = slice(self._begins[column], self._begins[column + 1])
                total[self._rows[place]] += self._weights[place]
        return total / np.float32(most) if most else total

    def weight(self, term: str) -> float:
        """How telling a word is (inverse document frequency); a word no passage holds is the most telling."""
        column = self._columns.get(term)
        return self._unknown_idf if column is None else float(self._idf[column])

    def knows(self, term: str) -> bool:
        return term in self._columns

    @property
    def bytes(self) -> int:
        """About how much memory this takes."""
        return int(self._rows.nbytes + self._weights.nbytes + self._begins.nbytes) + 120 * len(self._columns)
