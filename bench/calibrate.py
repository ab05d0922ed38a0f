"""Fit the shared verifier anew: `python -m bench.calibrate FILE… [--home OMNI_HOME] [--businesses 30]`.

Each FILE is a CSV of labelled questions (`text,intent`, or `question,answer_id`) that are **not** used to report quality. Small
businesses are drawn from them: some of the labels, one to forty phrasings each. They are fitted as in production and asked
held-out questions with an answer (about two thirds), questions of labels they were not taught, and questions of the other
files. One logistic regression learns from what was right; its coefficients are printed for `omni_app/knowledge/verifier.py`.
"""

import argparse
import csv
import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from omni_app.knowledge.matching import Taught, fit_matcher
from omni_app.knowledge.smalltalk import SMALL_TALK
from omni_app.knowledge.verifier import FEATURES
from omni_app.llm.providers.local.minilm import MiniLM, ensure_built
from omni_app.settings import load_settings

QUESTIONS = 240


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    answer: UUID
    vector: NDArray[np.float32]


def read_questions(path: Path, model: MiniLM) -> list[Question]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = [(row[0], row[1]) for row in list(csv.reader(file))[1:]]
    vectors = model.embed([text for text, _ in rows])
    return [Question(text, uuid5(NAMESPACE_OID, label), vector) for (text, label), vector in zip(rows, vectors, strict=True)]


def ask_one_business(
    source: Sequence[Question], others: Sequence[Question], small_talk: NDArray[np.float32], seed: int
) -> tuple[list[NDArray[np.float32]], list[NDArray[np.bool_]]]:
    """Features and truth of all candidates of all questions asked to one simulated business."""
    chance = random.Random(seed)
    by_answer: defaultdict[UUID, list[Question]] = defaultdict(list)
    for question in source:
        by_answer[question.answer].append(question)
    answers = sorted(by_answer)
    size = len(answers) if chance.random() < 0.3 else round(math.exp(chance.uniform(0, math.log(len(answers)))))
    known = set(chance.sample(answers, size))
    phrasings = chance.choice([1, 2, 3, 4, 5, 5, 6, 8, 15, 40])

    taught: list[Question] = []
    answerable: list[Question] = []
    foreign: list[Question] = []
    for answer in answers:
        questions = chance.sample(by_answer[answer], len(by_answer[answer]))
        if answer in known:
            cut = min(phrasings, max(1, len(questions) // 2))
            taught += questions[:cut]
            answerable += questions[cut:]
        else:
            foreign += questions
    asked = chance.sample(answerable, min(QUESTIONS, len(answerable)))
    asked += chance.sample(foreign, min(max(20, len(asked) // 3), len(foreign)))
    asked += chance.sample(list(others), min(max(10, len(asked) // 8), len(others)))

    matcher = fit_matcher([Taught(faq_id=one.answer, text=one.text, vector=one.vector) for one in taught], small_talk)
    features, right = [], []
    for question in asked:
        chosen, rows = matcher.candidates(question.text, question.vector)
        features.append(rows)
        right.append(np.array([matcher.faq_ids[index] == question.answer for index in chosen]))
    return features, right


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--home", type=Path, default=load_settings().home)
    parser.add_argument("--businesses", type=int, default=30, help="simulated businesses a file")
    chosen = parser.parse_args()

    model = MiniLM(ensure_built(chosen.home))
    small_talk = model.embed(SMALL_TALK)
    sources = [read_questions(path, model) for path in chosen.files]
    features: list[NDArray[np.float32]] = []
    right: list[NDArray[np.bool_]] = []
    for number, source in enumerate(sources):
        others = [question for other in sources if other is not source for question in other]
        for seed in range(chosen.businesses):
            more_features, more_right = ask_one_business(source, others, small_talk, seed=1000 * number + seed)
            features += more_features
            right += more_right

    rows, truth = np.vstack(features).astype(np.float64), np.concatenate(right)
    scaler = StandardScaler().fit(rows)
    rule = LogisticRegression(C=1.0, max_iter=2000).fit(scaler.transform(rows), truth)
    coefficients = rule.coef_[0] / scaler.scale_
    intercept = float(rule.intercept_[0] - (coefficients * scaler.mean_).sum())
    print(f"# {len(features)} questions, {len(rows)} candidates, {truth.mean():.3f} of them right")
    print(f"COEFFICIENTS = np.array({[round(float(one), 4) for one in coefficients]}, np.float32)  # {', '.join(FEATURES)}")
    print(f"INTERCEPT = {intercept:.4f}")
    print("# weight of each feature per standard deviation:", dict(zip(FEATURES, rule.coef_[0].round(2).tolist(), strict=True)))


if __name__ == "__main__":
    main()
