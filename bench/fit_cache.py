"""Fit the shared rule of the semantic cache: `python -m bench.fit_cache FILE… [--home OMNI_HOME] [--businesses 40]`.

Each FILE is a CSV `text,label` that is **not** used to report quality (an empty label, or NO_NODES_DETECTED: out of scope). Small
businesses are drawn from them (some of the labels, half the time neighbouring ones; none to eight phrasings preloaded; up to a
third of the messages without an answer), their streams are replayed, and one logistic regression learns when the nearest stored
question had the right answer. The threshold is the lowest at which at most 1 % of all messages of further businesses drawn from
the first file are answered wrong, by a rule fitted to the other files only: name the file with the cleanest labels first.
Prints the lines for `omni_app/cache/judging.py`.
"""

import argparse
import math
import random
from collections.abc import Sequence
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from bench.streams import Asked, Outcome, Pool, Vectors, draw_stream, hold_out, read_pool, replay
from omni_app.cache.fitting import LEAST_PAIRS, Judged, fit_rule, replay_phrasings
from omni_app.cache.judging import FEATURES, Rule, shared_rule
from omni_app.cache.nearest import Candidate, Entry
from omni_app.llm.providers.local.minilm import MiniLM, ensure_built
from omni_app.settings import load_settings

MOST_WRONG = 0.01
# What brings two questions nearer may never speak against them, whatever else is known: the features overlap, and a free fit
# lets them cancel each other, which goes wrong where little is stored.
_SIGNS = {
    **dict.fromkeys(
        ("cosine", "margin", "mean_of_three", "agreement", "centroid", "broad_vote", "sharp_vote", "overlap"), (0, None)
    ),
    **dict.fromkeys(("numbers_differ", "negation_differs", "question_word_differs", "length_difference"), (None, 0)),
}
THRESHOLDS = np.round(np.arange(0.8, 0.97, 0.01), 2)


def draw_business(
    pool: Pool, strangers: Sequence[Asked], vectors: Vectors, chance: random.Random
) -> tuple[list[Asked], list[Asked]]:
    """What one business preloads, and what it is asked."""
    labels = sorted(pool.by_label)
    size = len(labels) if chance.random() < 0.3 else round(math.exp(chance.uniform(math.log(2), math.log(len(labels)))))
    known = chance.sample(labels, size)
    if chance.random() < 0.5:
        # A business has a subject: questions that lie near one of them are the harder case.
        means = {label: np.mean([vectors[text] for text in pool.by_label[label]], axis=0) for label in labels}
        known = sorted(labels, key=lambda label: -float(means[label] @ means[known[0]]))[:size]
    unknown = [Asked(text, label) for label in labels if label not in known for text in pool.by_label[label]]
    foreign = [*pool.foreign, *unknown, *chance.sample(list(strangers), min(100, len(strangers)))]
    by_label = {label: pool.by_label[label] for label in known}
    preloaded, rest = hold_out(by_label, chance.choice([0, 0, 1, 3, 5, 5, 8]), chance)
    stream = draw_stream(
        rest,
        foreign,
        messages=chance.choice([200, 600, 1500]),
        chance=chance,
        zipf=chance.uniform(0.5, 1.3),
        foreign_share=chance.choice([0, 0, 0.1, 0.2, 0.35]),
    )
    return preloaded, stream


def fit(outcomes: Sequence[Outcome]) -> tuple[float, ...]:
    rows = np.array([found.features for outcome in outcomes for found, _ in outcome.nearest], np.float64)
    truth = np.array([right for outcome in outcomes for _, right in outcome.nearest])
    middle, width = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    scaled = (rows - middle) / width

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = scaled @ weights[:-1] + weights[-1]
        off = 1 / (1 + np.exp(-odds)) - truth
        value = float(np.logaddexp(0, np.where(truth, -odds, odds)).sum() + weights[:-1] @ weights[:-1] / 2)
        return value, np.append(scaled.T @ off + weights[:-1], off.sum())

    bounds = [_SIGNS.get(name, (None, None)) for name in FEATURES] + [(None, None)]
    found = minimize(loss, np.zeros(len(FEATURES) + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    weights = found[:-1] / width
    return (*(round(float(weight), 4) for weight in weights), round(float(found[-1] - weights @ middle), 4))


def shares(outcomes: Sequence[Outcome], threshold: float) -> tuple[float, float]:
    """Hits and wrong answers from this threshold on, as shares of all messages."""
    messages = sum(outcome.messages for outcome in outcomes)
    served = [right for outcome in outcomes for found, right in outcome.nearest if found.probability >= threshold]
    return len(served) / messages, (len(served) - sum(served)) / messages


def refits(
    drawn: Sequence[Sequence[tuple[list[Asked], list[Asked]]]],
    tested: Sequence[Sequence[Outcome]],
    without: Sequence[tuple[float, ...]],
    first: int,
    vectors: Vectors,
) -> dict[str, list[float]]:
    """By evidence and strength of the prior: by how much each business's log-loss changes against the shared rule."""
    changes: dict[str, list[float]] = {}
    for businesses, outcomes, shared in zip(drawn, tested, without, strict=True):
        for (preloaded, _), outcome in zip(businesses[first:], outcomes, strict=True):
            entries = [
                Entry(id=uuid5(NAMESPACE_OID, one.text), text=one.text, answer=one.label, vector=vectors[one.text])
                for one in preloaded
            ]
            replayed = replay_phrasings(entries, MiniLM.name)
            half = min(300, len(outcome.nearest) // 2)
            judged = [Judged(features=found.features, is_right=right) for found, right in outcome.nearest[:half]]
            later = outcome.nearest[half:]
            if len(replayed) < LEAST_PAIRS or len(judged) < LEAST_PAIRS:
                continue
            before = log_loss(later, shared)
            for name, pairs in (("phrasings", replayed), ("judged", judged), ("both", [*replayed, *judged])):
                for strength in (0.1, 20.0, 50.0, 200.0):
                    after = log_loss(later, fit_rule(pairs, shared, strength))
                    changes.setdefault(f"{name}, strength {strength:g}", []).append(after - before)
    return changes


def log_loss(looked_up: Sequence[tuple[Candidate, bool]], coefficients: Sequence[float]) -> float:
    rows = np.array([found.features for found, _ in looked_up])
    truth = np.array([right for _, right in looked_up])
    odds = rows @ np.array(coefficients[:-1]) + coefficients[-1]
    return float(np.logaddexp(0, np.where(truth, -odds, odds)).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--home", type=Path, default=load_settings().home)
    parser.add_argument("--businesses", type=int, default=40, help="simulated businesses a file")
    chosen = parser.parse_args()
    threadpool_limits(limits=1, user_api="blas")
    vectors = Vectors(MiniLM(ensure_built(chosen.home)))
    pools = [read_pool([path]) for path in chosen.files]
    drawn: list[list[tuple[list[Asked], list[Asked]]]] = []
    for number, pool in enumerate(pools):
        strangers = [
            Asked(text, f"{other} {label}")
            for other, another in enumerate(pools)
            if other != number
            for label, texts in another.by_label.items()
            for text in texts[:20]
        ]
        drawn.append(
            [
                draw_business(pool, strangers, vectors, random.Random(1000 * number + seed))
                for seed in range(2 * chosen.businesses)
            ]
        )
    # What is stored depends on what was served, so the rule is fitted twice: to streams served by a first rule, then by itself.
    rule = shared_rule(MiniLM.name)
    for _ in range(2):
        seen = [[replay(*business, vectors, rule) for business in businesses[: chosen.businesses]] for businesses in drawn]
        rule = Rule(coefficients=fit([outcome for outcomes in seen for outcome in outcomes]), threshold=rule.threshold)
    without = [
        fit([outcome for other, outcomes in enumerate(seen) if other != number for outcome in outcomes])
        if len(seen) > 1
        else rule.coefficients
        for number in range(len(seen))
    ]
    rows = [found.features for outcomes in seen for outcome in outcomes for found, _ in outcome.nearest]
    spread = np.std(np.array(rows), axis=0)
    print(f"# {len(rows)} look-ups of {sum(map(len, seen))} simulated businesses")
    print(f'"{MiniLM.name}": {rule.coefficients},')
    print(f"SPREADS = {tuple(round(float(one), 3) for one in spread)}")
    weights = zip(FEATURES, rule.coefficients, spread, strict=False)
    print("# weight per standard deviation:", {name: round(float(weight * width), 2) for name, weight, width in weights})
    # Held-out businesses, served once by a rule that saw nothing of their file; other thresholds are read off what was near.
    tested = [
        [replay(*business, vectors, Rule(coefficients=coefficients)) for business in businesses[chosen.businesses :]]
        for businesses, coefficients in zip(drawn, without, strict=True)
    ]
    is_chosen = False
    for threshold in THRESHOLDS:
        results = [shares(outcomes, threshold) for outcomes in tested]
        told = ", ".join(
            f"{path.stem} {hits:.3f} / {wrong:.4f}" for path, (hits, wrong) in zip(chosen.files, results, strict=True)
        )
        print(f"# from {threshold:.2f}: hits / wrong: {told}", flush=True)
        if not is_chosen and results[0][1] <= MOST_WRONG:
            print(f"THRESHOLD = {threshold}")
            is_chosen = True
    print("# a business's own rule on the second half of its stream (held-out businesses): log-loss against the shared rule's")
    for told, losses in refits(drawn, tested, without, chosen.businesses, vectors).items():
        worse = float(np.mean(np.array(losses) > 0.01))
        print(f"#   {told:<24} {np.mean(losses):+.4f} of {len(losses)} businesses; worse by more than 0.01 in {worse:.0%}")


if __name__ == "__main__":
    main()
