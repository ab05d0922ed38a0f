import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_app.cache.judging import (
    COEFFICIENTS,
    FEATURES,
    FIXED_COSINE,
    SPREADS,
    THRESHOLD,
    Rule,
    compare_vectors,
    compare_wording,
    probability,
    read_wording,
    shared_rule,
)
from omni_app.llm.embedding import embedder_name

NEARER_IS_SURER = ("cosine", "margin", "mean_of_three", "agreement", "centroid", "broad_vote", "sharp_vote", "overlap")
DIFFERS = ("numbers_differ", "negation_differs", "question_word_differs", "length_difference")


def weigh_alike(_: str) -> float:
    return 1.0


def features(one: str, other: str) -> dict[str, float]:
    told = compare_wording(read_wording(one), read_wording(other), weigh_alike)
    return dict(zip(FEATURES[-len(told) :], told, strict=True))


def vector_features(cosines: list[float], is_same: list[bool]) -> tuple[float, ...]:
    return compare_vectors(cosines, is_same, entries=sum(is_same), centroid=cosines[0], tightness=1.0)


def test_the_local_embedder_has_a_learned_rule() -> None:
    rule = shared_rule(embedder_name())

    assert rule.fixed_cosine is None
    assert rule.threshold == THRESHOLD
    assert len(rule.coefficients) == len(FEATURES) + 1
    assert len(SPREADS) == len(FEATURES)


def test_an_unknown_embedder_gets_the_fixed_cosine() -> None:
    rule = shared_rule("some-other-model")

    assert rule.accepts(0.0, FIXED_COSINE)
    assert not rule.accepts(1.0, FIXED_COSINE - 0.01)


def test_a_fixed_cosine_can_be_chosen_for_any_embedder() -> None:
    rule = Rule(coefficients=COEFFICIENTS[embedder_name()], fixed_cosine=0.8)

    assert rule.accepts(0.0, 0.8)
    assert not rule.accepts(1.0, 0.79)


@pytest.mark.parametrize("name", sorted(COEFFICIENTS))
def test_being_nearer_never_speaks_against_an_answer(name: str) -> None:
    weights = dict(zip(FEATURES, COEFFICIENTS[name], strict=False))

    assert all(weights[feature] >= 0 for feature in NEARER_IS_SURER)
    assert all(weights[feature] <= 0 for feature in DIFFERS)


@given(st.lists(st.floats(-1e6, 1e6), min_size=len(FEATURES), max_size=len(FEATURES)))
def test_a_probability_lies_between_nothing_and_certain(values: list[float]) -> None:
    assert 0 <= probability(values, COEFFICIENTS[embedder_name()]) <= 1


@given(st.floats(0.5, 0.99), st.floats(0.001, 0.3))
def test_a_nearer_question_is_surer(cosine: float, more: float) -> None:
    rule = shared_rule(embedder_name())
    wording = (0.5, 0.0, 0.0, 0.0, 0.0)
    far, near = (
        rule.probability((*vector_features([one, 0.4], [True, False]), *wording)) for one in (cosine, min(1.0, cosine + more))
    )

    assert near >= far


@given(st.floats(0.5, 1.0), st.floats(0.3, 1.0))
def test_a_rival_as_near_makes_an_answer_less_sure(cosine: float, share: float) -> None:
    rule = shared_rule(embedder_name())
    wording = (0.5, 0.0, 0.0, 0.0, 0.0)
    alone = rule.probability((*vector_features([cosine], [True]), *wording))
    with_rival = rule.probability((*vector_features([cosine, cosine * share], [True, False]), *wording))

    assert with_rival <= alone


def test_what_differs_in_wording_is_told() -> None:
    told = features("How much does it cost to park?", "Where can I park?")
    assert told["question_word_differs"] == 1
    assert told["negation_differs"] == 0
    assert 0 < told["overlap"] < 1

    told = features("I can pay by card", "I can't pay by card")
    assert told["negation_differs"] == 1

    told = features("free from 3 items on", "free from items on")
    assert told["numbers_differ"] == 1


@given(st.text(max_size=60), st.text(max_size=60))
def test_wordings_compare_the_same_both_ways(one: str, other: str) -> None:
    there, back = features(one, other), features(other, one)

    assert there == pytest.approx(back)
    assert 0 <= there["overlap"] <= 1
    assert math.isfinite(there["length_difference"])


def test_scripts_without_spaces_are_compared_by_character() -> None:
    assert 0 < features("你们几点开门", "几点开门")["overlap"] < 1
