import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omni_app.cache.fitting import Judged, fit_rule, own_rule, replay_phrasings
from omni_app.cache.judging import COEFFICIENTS, FEATURES, FIXED_COSINE, SPREADS, THRESHOLD, probability
from omni_app.llm.embedding import embedder_name
from tests.cache.test_nearest import entry

SHARED = COEFFICIENTS[embedder_name()]
MIDDLE = (0.8, 0.1, 0.75, 0.8, 0.8, 1.2, 0.8, 0.0, 0.1, 0.4, 0.0, 0.0, 0.0, 0.3)


def draw(count: int, seed: int, truth: tuple[float, ...]) -> list[Judged]:
    """Look-ups of a business where `truth` is the rule."""
    chance = np.random.default_rng(seed)
    rows = np.array(MIDDLE) + chance.standard_normal((count, len(FEATURES))) * np.array(SPREADS)
    return [
        Judged(features=tuple(map(float, row)), is_right=bool(chance.random() < probability(row.tolist(), truth))) for row in rows
    ]


def loss(pairs: list[Judged], coefficients: tuple[float, ...]) -> float:
    sure = np.clip([probability(pair.features, coefficients) for pair in pairs], 1e-9, 1 - 1e-9)
    right = np.array([pair.is_right for pair in pairs])
    return float(-np.log(np.where(right, sure, 1 - sure)).mean())


def test_no_evidence_leaves_the_shared_rule() -> None:
    assert fit_rule([], SHARED) == SHARED


@pytest.mark.parametrize("seed", range(5))
def test_a_few_hundred_pairs_do_not_make_the_rule_worse(seed: int) -> None:
    own = fit_rule(draw(200, seed, SHARED), SHARED)
    later = draw(4000, 100 + seed, SHARED)

    assert loss(later, own) <= loss(later, SHARED) + 0.01


@pytest.mark.parametrize("seed", range(5))
def test_the_shrunk_rule_is_better_than_the_evidence_alone(seed: int) -> None:
    pairs, later = draw(150, seed, SHARED), draw(4000, 100 + seed, SHARED)

    assert loss(later, fit_rule(pairs, SHARED)) < loss(later, fit_rule(pairs, SHARED, strength=1e-3))


def test_a_business_where_the_shared_rule_is_too_sure_is_learned() -> None:
    truth = (*SHARED[:-1], SHARED[-1] - 2)
    pairs, later = draw(600, 1, truth), draw(4000, 2, truth)

    own = fit_rule(pairs, SHARED)

    assert loss(later, own) < loss(later, SHARED)
    assert np.mean([probability(pair.features, own) for pair in later]) < np.mean(
        [probability(pair.features, SHARED) for pair in later]
    )


def test_what_staff_called_wrong_makes_the_like_less_sure() -> None:
    wrong = Judged(features=MIDDLE, is_right=False, weight=3.0)

    assert probability(MIDDLE, fit_rule([wrong] * 5, SHARED)) < probability(MIDDLE, SHARED)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.booleans()), min_size=1, max_size=20))
def test_any_evidence_gives_a_finite_rule(drawn: list[tuple[int, bool]]) -> None:
    pairs = [Judged(features=draw(1, seed, SHARED)[0].features, is_right=right, weight=100.0) for seed, right in drawn]

    assert np.isfinite(fit_rule(pairs, SHARED)).all()


def test_phrasings_are_replayed_as_if_they_were_not_stored() -> None:
    taught = [entry(text, "returns") for text in ("refund card", "refund card open", "refund card size")]
    taught += [entry(text, "hours") for text in ("open", "open size", "open fee")]

    pairs = replay_phrasings([*taught, entry("fee fee fee", "one phrasing only")], embedder_name(), strangers=0.0)

    assert len(pairs) == len(taught)
    cosine = FEATURES.index("cosine")
    assert all(pair.features[cosine] < 0.999 for pair in pairs)
    assert sum(pair.is_right for pair in pairs) >= 4


def test_a_stranger_has_no_right_answer() -> None:
    taught = [entry(text, "returns") for text in ("refund card", "refund card open")]
    taught += [entry(text, "hours") for text in ("open", "open size")]

    pairs = replay_phrasings(taught, embedder_name(), strangers=1.0)

    assert len(pairs) == 2 * len(taught)
    assert sum(not pair.is_right for pair in pairs) >= len(taught)


def test_coefficients_of_another_time_are_not_used() -> None:
    assert own_rule((1.0, 2.0), embedder_name()).coefficients == SHARED
    assert own_rule(SHARED, embedder_name()).threshold == THRESHOLD
    assert own_rule(SHARED, "some-other-model").fixed_cosine == FIXED_COSINE
