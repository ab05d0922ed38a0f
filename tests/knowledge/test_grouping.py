"""Wordings that ask for the same stand in one group, and its clearest wording speaks for it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from omni_app.knowledge.grouping import clearest, group_wordings
from omni_app.llm.embedding import load_embedder

SAID = [
    "Do you offer teeth whitening?",
    "teeth whitening, do you offer that",
    "Is there a gym in the building?",
    "do you offer whitening for teeth",
    "is there a gym in your building",
    "Which planets have rings?",
]


def test_paraphrases_come_together_and_the_most_asked_group_comes_first() -> None:
    vectors = load_embedder().embed(SAID)
    assert group_wordings(vectors, [1, 1, 9, 1, 1, 1]) == [[2, 4], [0, 1, 3], [5]]


def test_the_clearest_wording_is_a_question_near_the_middle() -> None:
    said = ["whitening", SAID[1], SAID[0], SAID[3]]
    assert clearest(said, load_embedder().embed(said), [1, 1, 1, 1]) == 2


@settings(max_examples=30, deadline=None)
@given(
    arrays.arrays(np.float32, (7, 3), elements=st.floats(-1, 1, width=32)), st.lists(st.integers(1, 9), min_size=7, max_size=7)
)
def test_every_wording_stands_in_exactly_one_group(vectors: np.ndarray, weights: list[int]) -> None:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    groups = group_wordings(vectors / np.maximum(norms, 1e-6), weights)
    assert sorted(place for group in groups for place in group) == list(range(7))
    assert [sum(weights[place] for place in group) for group in groups] == sorted(
        (sum(weights[place] for place in group) for group in groups), reverse=True
    )
