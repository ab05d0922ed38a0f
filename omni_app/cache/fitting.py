"""A business's own rule: the shared one, moved by its own evidence only as far as that evidence carries.

Evidence is what would have happened: each taught phrasing asked while it is not stored (its answer should be found), each again
while its whole answer is not stored (nothing should be), and what staff called wrong. A few hundred such pairs fitted alone grow
over-confident, so the shared weights are a prior: every weight pays for leaving its shared value.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omni_app.cache.judging import SPREADS, Rule, shared_rule
from omni_app.cache.nearest import Entry, build_index

# The square of (weight − shared weight) × (usual spread of the feature) costs so much log-likelihood. Chosen on held-out
# messages of businesses drawn from the fitting files (`python -m bench.fit_cache`).
PRIOR_STRENGTH = 200.0
# "Wrong here" is a person's word about a real message; a replayed phrasing is a stand-in for one.
WRONG_HERE_WEIGHT = 3.0
REPLAYED_WEIGHT = 0.1
# So many of the replayed phrasings are asked once more with their whole answer gone: customers also ask what nobody taught.
STRANGERS = 0.15
# Fewer pairs change nothing worth storing.
LEAST_PAIRS = 30
# More phrasings than this tell nothing new.
MOST_REPLAYED = 600
_STEPS = 25

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One look-up with its verdict. `features` in the order of `judging.FEATURES`; `weight`: how many pairs it counts for."""

    features: tuple[float, ...]
    is_right: bool
    weight: float = 1.0


def replay_phrasings(entries: Sequence[Entry], model_name: str, strangers: float = STRANGERS) -> list[Judged]:
    """What the nearest stored question would have been for each of `entries`, were it not stored; half a millisecond each.

    Only answers with two phrasings or more are asked for; a share of `strangers` of them is asked once more while their answer is
    not stored at all. Blocks, so call it in a thread.
    """
    index = build_index(entries, model_name)
    by_answer: dict[str, list[Entry]] = {}
    for entry in entries:
        by_answer.setdefault(entry.answer, []).append(entry)
    step = max(1, len(entries) // MOST_REPLAYED)
    pairs = []
    for place, entry in enumerate(entries[::step]):
        if len(by_answer[entry.answer]) < 2:
            continue
        hidden = [[entry]]
        if strangers and place % max(1, round(1 / strangers)) == 0:
            hidden.append(by_answer[entry.answer])
        for kept_back in hidden:
            for one in kept_back:
                index.remove(one.id)
            if (found := index.find(entry.text, entry.vector)) is not None:
                pairs.append(Judged(features=found.features, is_right=found.answer == entry.answer, weight=REPLAYED_WEIGHT))
            for one in kept_back:
                index.add(one)
    return pairs


def fit_rule(pairs: Iterable[Judged], shared: Sequence[float], strength: float = PRIOR_STRENGTH) -> tuple[float, ...]:
    """The coefficients most likely after `pairs`, given that those of `shared` were likely before. Same length, intercept last.

    No pairs give `shared` back. A few milliseconds.
    """
    seen = list(pairs)
    if not seen:
        return tuple(shared)
    before = np.array(shared, np.float64)
    rows = np.array([[*pair.features, 1.0] for pair in seen], np.float64)
    truth = np.array([pair.is_right for pair in seen], np.float64)
    weight = np.array([pair.weight for pair in seen], np.float64)
    prior = strength * np.array([*SPREADS, 1.0]) ** 2 + 1e-9
    weights: Floats = before.copy()
    for _ in range(_STEPS):
        sure = _logistic(rows @ weights)
        slope = rows.T @ (weight * (sure - truth)) + prior * (weights - before)
        bend = (rows * (weight * sure * (1 - sure))[:, None]).T @ rows + np.diag(prior)
        step = np.linalg.solve(bend, slope)
        weights, before_step = _descend(weights, step, rows, truth, weight, prior, before), weights
        if float(np.abs(weights - before_step).max()) < 1e-6:
            break
    return tuple(float(one) for one in weights)


def own_rule(coefficients: Sequence[float], model_name: str) -> Rule:
    """The rule of a business with these coefficients; the shared one when they belong to another set of features."""
    shared = shared_rule(model_name)
    if shared.fixed_cosine is not None or len(coefficients) != len(shared.coefficients):
        return shared
    return Rule(coefficients=tuple(coefficients), threshold=shared.threshold)


def _descend(weights: Floats, step: Floats, *rest: Any) -> Floats:
    """As much of the Newton step as makes the loss smaller."""
    here = _loss(weights, *rest)
    for _ in range(20):
        if _loss(weights - step, *rest) <= here:
            return weights - step
        step = step / 2
    return weights


def _loss(
    weights: Floats,
    rows: Floats,
    truth: Floats,
    weight: Floats,
    prior: Floats,
    before: Floats,
) -> float:
    odds = rows @ weights
    return float((weight * (np.logaddexp(0, odds) - truth * odds)).sum() + (prior * (weights - before) ** 2).sum() / 2)


def _logistic(odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
