"""Streams of customer questions drawn from labelled texts, and what a semantic cache makes of them.

A label is an answer: two texts with one label may be answered alike, all others may not. A text without a label (out of scope) is
a question of its own whose answer serves nobody else.
"""

import csv
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import numpy as np
from numpy.typing import NDArray

from omni_app.cache.judging import Rule
from omni_app.cache.nearest import Candidate, Entry, build_index
from omni_app.infra.text import normalize
from omni_app.llm.providers.local.minilm import MiniLM

Vector = NDArray[np.float32]
NO_ANSWER = ("", "NO_NODES_DETECTED")


@dataclass(frozen=True, slots=True)
class Asked:
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Pool:
    """The texts of each label, and those of no label; every text once."""

    by_label: dict[str, list[str]]
    foreign: list[Asked]

    @property
    def size(self) -> int:
        return sum(map(len, self.by_label.values())) + len(self.foreign)


@dataclass(slots=True)
class Outcome:
    """What became of a stream. `nearest`: every look-up that was no exact repeat, with whether the candidate was right."""

    messages: int = 0
    exact: int = 0
    hits: int = 0
    wrong: int = 0
    nearest: list[tuple[Candidate, bool]] = field(default_factory=list)

    @property
    def hit_share(self) -> float:
        return (self.exact + self.hits) / self.messages

    @property
    def wrong_share(self) -> float:
        return self.wrong / self.messages


class Vectors:
    """Sentence vectors by text, each computed once; the time each took is kept."""

    def __init__(self, model: MiniLM) -> None:
        self._model = model
        self._known: dict[str, Vector] = {}

    def __getitem__(self, text: str) -> Vector:
        if (known := self._known.get(text)) is None:
            known = self._known[text] = self._model.embed([text])[0]
        return known


def read_pool(paths: Sequence[Path], no_answer: Sequence[str] = NO_ANSWER) -> Pool:
    """CSV with a header, the text in the first column and its label in the second."""
    labels: dict[str, str] = {}
    for path in paths:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for row in list(csv.reader(file))[1:]:
                if row and normalize(row[0]) and row[0] not in labels:
                    labels[row[0]] = row[1].strip() if len(row) > 1 else ""
    by_label: defaultdict[str, list[str]] = defaultdict(list)
    foreign = []
    for text, label in labels.items():
        if label in no_answer:
            foreign.append(alone(text))
        else:
            by_label[label].append(text)
    return Pool(dict(by_label), foreign)


def alone(text: str) -> Asked:
    """A text that nothing else may share its answer with."""
    return Asked(text, f"only {normalize(text)}")


def hold_out(by_label: dict[str, list[str]], phrasings: int, chance: random.Random) -> tuple[list[Asked], dict[str, list[str]]]:
    """So many phrasings of each label (at most half of them) to preload, and the rest."""
    preloaded, rest = [], {}
    for label in sorted(by_label):
        texts = chance.sample(by_label[label], len(by_label[label]))
        cut = min(phrasings, len(texts) // 2)
        preloaded += [Asked(text, label) for text in texts[:cut]]
        rest[label] = texts[cut:]
    return preloaded, rest


def draw_stream(
    by_label: dict[str, list[str]],
    foreign: Sequence[Asked],
    *,
    messages: int,
    chance: random.Random,
    zipf: float = 1.0,
    foreign_share: float = 0.0,
    repeats: float = 0.0,
) -> list[Asked]:
    """`messages` questions, or as many as there are.

    The label is drawn with weight 1 / rank ** `zipf` (ranks by lot), then a text of it that was not asked yet: every message is
    worded anew, except that a share of `repeats` repeats an earlier message of the stream word for word. `foreign_share` of the
    messages come from `foreign`.
    """
    labels = sorted(by_label)
    chance.shuffle(labels)
    weights = {label: 1 / rank**zipf for rank, label in enumerate(labels, 1)}
    left = {label: chance.sample(by_label[label], len(by_label[label])) for label in labels}
    others = chance.sample(list(foreign), len(foreign))
    stream: list[Asked] = []
    while len(stream) < messages:
        if stream and chance.random() < repeats:
            stream.append(chance.choice(stream))
            continue
        if others and chance.random() < foreign_share:
            stream.append(others.pop())
            continue
        labels = [label for label in labels if left[label]]
        if not labels:
            break
        label = chance.choices(labels, [weights[one] for one in labels])[0]
        stream.append(Asked(left[label].pop(), label))
    return stream


def replay(preloaded: Sequence[Asked], stream: Sequence[Asked], vectors: Vectors, rule: Rule) -> Outcome:
    """Ask everything in order. A miss calls the model, which answers rightly, and is stored; a hit is no new evidence."""
    index = build_index((), MiniLM.name, rule)
    answers: dict[str, str] = {}

    def store(one: Asked) -> None:
        words = normalize(one.text)
        if words not in answers:
            answers[words] = one.label
            index.add(Entry(id=uuid5(NAMESPACE_OID, words), text=one.text, answer=one.label, vector=vectors[one.text]))

    for one in preloaded:
        store(one)
    index.settle()
    outcome = Outcome()
    for one in stream:
        outcome.messages += 1
        if (known := answers.get(normalize(one.text))) is not None:
            outcome.exact += 1
            outcome.wrong += known != one.label
            continue
        found = index.find(one.text, vectors[one.text])
        if found is not None:
            outcome.nearest.append((found, found.answer == one.label))
        if found is not None and found.is_accepted:
            outcome.hits += 1
            outcome.wrong += found.answer != one.label
        else:
            store(one)
    return outcome


def replay_by_cosine(preloaded: Sequence[Asked], stream: Sequence[Asked], vectors: Vectors, least: float) -> Outcome:
    """The same with nothing but the cosine to the nearest stored question, found by an exact scan."""
    stored = np.zeros((len(preloaded) + len(stream), MiniLM.dimensions), np.float32)
    labels: list[str] = []
    answers: dict[str, str] = {}

    def store(one: Asked) -> None:
        words = normalize(one.text)
        if words not in answers:
            answers[words] = one.label
            stored[len(labels)] = vectors[one.text]
            labels.append(one.label)

    for one in preloaded:
        store(one)
    outcome = Outcome()
    for one in stream:
        outcome.messages += 1
        if (known := answers.get(normalize(one.text))) is not None:
            outcome.exact += 1
            outcome.wrong += known != one.label
            continue
        cosines = stored[: len(labels)] @ vectors[one.text]
        best = int(cosines.argmax()) if len(labels) else -1
        if best >= 0 and cosines[best] >= least:
            outcome.hits += 1
            outcome.wrong += labels[best] != one.label
        else:
            store(one)
    return outcome


Replay = Callable[[Sequence[Asked], Sequence[Asked], Vectors], Outcome]
