"""How well the FAQs answer: `python -m bench.answers --taught FILE --asked FILE`, or `--banking77 FOLDER`.

Taught: CSV `question,answer_id`. Asked: CSV `text,answer_id`, an empty answer_id meaning that no answer is right. Prints the
shares of all questions that are answered right, answered wrong and refused at the shipped threshold, and the share answered right
while at most 2, 5 and 10 % are answered wrong, beside the same for the nearest phrasing with a cosine threshold.

`--banking77 FOLDER` (holding banking77_train.csv and banking77_test.csv, columns `text,intent`) teaches five phrasings an intent,
drawn from the train file by seed, and asks the whole test file; three seeds. `--at-least 1.4` exits with 1 when the mean ratio of
the two rules at 5 % is lower.

With nothing named it asks the demo clinic's own FAQs: one phrasing of each, drawn by seed, is held back and asked.
"""

import argparse
import csv
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

import numpy as np
from numpy.typing import NDArray

from bench.verdicts import LIMITS, Verdicts
from omni_app.knowledge.matching import ANSWER_AT, Taught, fit_matcher
from omni_app.knowledge.smalltalk import SMALL_TALK
from omni_app.llm.providers.local.minilm import MiniLM, ensure_built
from omni_app.settings import ROOT, load_settings

Vectors = NDArray[np.float32]
Pair = tuple[str, str]


def read_pairs(path: Path) -> list[Pair]:
    """Text and label of every row. The header decides nothing: the first column is the text, the second its label."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if row]
    return [(row[0], row[1].strip() if len(row) > 1 else "") for row in rows[1:]]


def draw(pairs: Sequence[Pair], phrasings: int, seed: int) -> list[Pair]:
    """So many phrasings of each label, drawn by `seed`."""
    by_label: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_label[pair[1]].append(pair)
    chance = random.Random(seed)
    return [pair for label in sorted(by_label) for pair in chance.sample(by_label[label], min(phrasings, len(by_label[label])))]


def hold_back(faqs: Sequence[Sequence[str]], seed: int) -> tuple[list[Pair], list[Pair]]:
    """One phrasing of each FAQ to ask, the others to teach."""
    chance = random.Random(seed)
    asked = [chance.randrange(len(phrasings)) for phrasings in faqs]
    taught = [
        (text, texts[0]) for texts, held in zip(faqs, asked, strict=True) for place, text in enumerate(texts) if place != held
    ]
    return taught, [(texts[held], texts[0]) for texts, held in zip(faqs, asked, strict=True)]


def read_demo() -> list[list[str]]:
    """The phrasings of each FAQ of the demo clinic, the question first."""
    faqs = json.loads((ROOT / "omni_app" / "demo" / "content" / "faqs.json").read_text(encoding="utf-8"))
    return [[faq["question"], *faq["phrasings"]] for faq in faqs]


def by_cosine(taught: Sequence[Pair], taught_vectors: Vectors, asked: Sequence[Pair], asked_vectors: Vectors) -> Verdicts:
    """The nearest phrasing's answer, as sure as its cosine."""
    cosines = asked_vectors @ taught_vectors.T
    nearest = cosines.argmax(axis=1)
    right = [taught[index][1] == label for index, (_, label) in zip(nearest, asked, strict=True)]
    return _verdicts(cosines.max(axis=1), right, asked)


def by_matcher(
    taught: Sequence[Pair], taught_vectors: Vectors, asked: Sequence[Pair], asked_vectors: Vectors, small_talk: Vectors
) -> tuple[Verdicts, float, float]:
    """Our rule; and the seconds it took to fit, and milliseconds a question (p50)."""
    began = time.perf_counter()
    matcher = fit_matcher(
        [
            Taught(faq_id=_id(label), text=text, vector=vector)
            for (text, label), vector in zip(taught, taught_vectors, strict=True)
        ],
        small_talk,
    )
    fitting = time.perf_counter() - began
    sure, right, took = [], [], []
    for (text, label), vector in zip(asked, asked_vectors, strict=True):
        began = time.perf_counter()
        match = matcher.match(text, vector)
        took.append(time.perf_counter() - began)
        sure.append(match.confidence if match else 0.0)
        right.append(match is not None and bool(label) and match.faq_id == _id(label))
    return _verdicts(np.array(sure), right, asked), fitting, float(np.median(took)) * 1000


def report(name: str, cosine: Verdicts, ours: Verdicts) -> float:
    """Print one comparison; the ratio of right answers at ≤ 5 % wrong."""
    right, wrong, refused = ours.shares_at(ANSWER_AT)
    out_of_scope = ours.refused_without_answer(ANSWER_AT)
    print(f"{name}: {len(ours.confidence)} questions, {int((~ours.has_answer).sum())} of them without an answer")
    print(f"  at the shipped threshold {ANSWER_AT}: right {right:.1%}  wrong {wrong:.1%}  refused {refused:.1%}", end="")
    print(f"  (of those without an answer {out_of_scope:.1%} refused)" if out_of_scope is not None else "")
    for rule, verdicts in (("cosine threshold", cosine), ("ours", ours)):
        within = "  ".join(f"≤ {limit:.0%} wrong: {verdicts.right_within(limit):.1%}" for limit in LIMITS)
        print(f"  {rule:17} right at {within}   forced: {verdicts.is_right.mean():.1%}")
    base = cosine.right_within(0.05)
    ratio = ours.right_within(0.05) / base if base else float("inf")
    print(f"  right at ≤ 5 % wrong, ours / cosine threshold: {ratio:.2f}")
    return ratio


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--taught", type=Path)
    parser.add_argument("--asked", type=Path)
    parser.add_argument("--banking77", type=Path, metavar="FOLDER")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--at-least", type=float, metavar="RATIO")
    parser.add_argument("--home", type=Path, default=load_settings().home, help="where the model file lies or is built")
    chosen = parser.parse_args()
    if bool(chosen.taught) != bool(chosen.asked):
        parser.error("--taught and --asked go together")

    rounds: list[tuple[str, list[Pair], list[Pair]]]
    if chosen.taught:
        asked = read_pairs(chosen.asked)
        rounds = [(f"{chosen.taught.name} asked {chosen.asked.name}", read_pairs(chosen.taught), asked)]
    elif chosen.banking77:
        train, asked = (read_pairs(chosen.banking77 / f"banking77_{part}.csv") for part in ("train", "test"))
        rounds = [(f"Banking77, five phrasings an intent, seed {seed}", draw(train, 5, seed), asked) for seed in chosen.seeds]
    else:
        demo = read_demo()
        rounds = [(f"demo clinic, one phrasing held back, seed {seed}", *hold_back(demo, seed)) for seed in chosen.seeds]

    model = MiniLM(ensure_built(chosen.home))
    small_talk = model.embed(SMALL_TALK)
    vector_of: dict[str, Vectors] = {}
    ratios = []
    for name, taught, asked in rounds:
        fresh = [text for text in dict.fromkeys(text for text, _ in [*taught, *asked]) if text not in vector_of]
        vector_of.update(zip(fresh, model.embed(fresh), strict=True))
        taught_vectors, asked_vectors = (np.array([vector_of[text] for text, _ in pairs]) for pairs in (taught, asked))
        ours, fitting, each = by_matcher(taught, taught_vectors, asked, asked_vectors, small_talk)
        ratios.append(report(name, by_cosine(taught, taught_vectors, asked, asked_vectors), ours))
        print(
            f"  {len(taught)} phrasings fitted in {fitting:.2f} s; {each:.2f} ms a question beside its embedding (p50)",
            flush=True,
        )
    if len(ratios) > 1:
        print(f"mean ratio over {len(ratios)} draws: {np.mean(ratios):.2f}")
    return 1 if chosen.at_least is not None and float(np.mean(ratios)) < chosen.at_least else 0


def _verdicts(sure: NDArray[np.floating], right: Sequence[bool], asked: Sequence[Pair]) -> Verdicts:
    return Verdicts(
        confidence=sure.astype(np.float64),
        is_right=np.array(right, bool),
        has_answer=np.array([bool(label) for _, label in asked], bool),
    )


def _id(label: str) -> UUID:
    return uuid5(NAMESPACE_OID, label)


if __name__ == "__main__":
    sys.exit(main())
