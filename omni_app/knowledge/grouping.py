"""Group wordings that ask for the same thing, by their vectors."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SAME_AT = 0.75
"""Cosine from which a wording joins a group, for the local embedder; `docs/cache.md` says how it was chosen."""

_QUESTION_MARKS = ("?", "？", "؟")


def group_wordings(vectors: NDArray[np.float32], weights: Sequence[int], same_at: float = SAME_AT) -> list[list[int]]:
    """Places of the wordings that belong together, the heaviest group first; every place stands in exactly one group.

    `vectors` are unit vectors, float32 [n, dimensions]; `weights` say how often each was asked. The commonest wordings begin
    groups; each further one joins the group whose weighted middle is nearest, or begins its own.
    """
    order = sorted(range(len(vectors)), key=lambda place: (-weights[place], place))
    middles = np.zeros_like(vectors)
    sums = np.zeros_like(vectors)
    groups: list[list[int]] = []
    for place in order:
        vector = vectors[place]
        nearest = -1
        if groups:
            alike = middles[: len(groups)] @ vector
            nearest = int(np.argmax(alike))
            nearest = nearest if alike[nearest] >= same_at else -1
        if nearest < 0:
            nearest = len(groups)
            groups.append([])
        groups[nearest].append(place)
        sums[nearest] += weights[place] * vector
        middles[nearest] = sums[nearest] / max(float(np.linalg.norm(sums[nearest])), 1e-9)
    groups.sort(key=lambda group: (-sum(weights[place] for place in group), group[0]))
    return groups


def clearest(texts: Sequence[str], vectors: NDArray[np.float32], weights: Sequence[int]) -> int:
    """The place of the wording that stands best for one group: near its middle, a question, neither curt nor long-winded."""
    middle = (np.asarray(weights, dtype=np.float32)[:, np.newaxis] * vectors).sum(axis=0)
    middle /= max(float(np.linalg.norm(middle)), 1e-9)
    scores = vectors @ middle
    for place, said in enumerate(texts):
        length = len(said.split())
        scores[place] += 0.05 * said.rstrip().endswith(_QUESTION_MARKS)
        scores[place] -= 0.02 * max(0, 4 - length) + 0.01 * max(0, length - 14)
    return int(np.argmax(scores))
