"""Does the right passage come up, and how fast: `python -m bench.retrieval [--at-least] [--squad FILE]`.

The set in `bench/sets/passages.json` was written for this: three businesses (a dental clinic, a hotel, an outdoor shop) with nine
documents, 64 passages and 170 questions: 33 with an exact term (a code, a name), 56 in other words, 25 of both, and 56 nobody
answers. No coefficient was fitted to it. All nine documents are searched together; a hit is a passage among the first three that
holds the words named in the set. Compared: vectors alone (cosine), words alone (BM25), and what ships. `--at-least` exits with 1
unless that beats both.

Then, each business by itself: how many questions are quoted at the shipped threshold, right and wrong, and whether the quoted
sentences hold the answer. Then the time of a search at 1,000 and 10,000 passages beside one bare NumPy dot product over the same
vectors; indexing; reading and embedding. `--squad FILE` (SQuAD layout) measures recall over all its paragraphs together, too.
"""

import argparse
import json
import random
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from omni_app.infra.ids import new_id
from omni_app.knowledge import judging
from omni_app.knowledge.cutting import cut
from omni_app.knowledge.passages import words_of
from omni_app.knowledge.quoting import quote
from omni_app.knowledge.reading.choosing import read_file
from omni_app.knowledge.retrieval import PASSAGE_AT, Index, Kept
from omni_app.llm.providers.local.minilm import MiniLM, ensure_built
from omni_app.settings import ROOT, load_settings

Floats = NDArray[np.float32]
SET = ROOT / "bench" / "sets" / "passages.json"


@dataclass(frozen=True, slots=True)
class Question:
    """`answers`: texts of which the right passage holds one; none when nothing answers."""

    text: str
    answers: tuple[str, ...]
    kind: str
    vector: Floats


def build(documents: list[tuple[str, str, str]], model: MiniLM) -> Index:
    """An index over documents given as (title, text, file name)."""
    kept: list[Kept] = []
    for title, text, name in documents:
        _, read = read_file(text.encode(), name)
        document_id = new_id()
        kept += [
            Kept(
                passage_id=new_id(),
                document_id=document_id,
                title=title,
                heading=one.heading,
                text=read.text[one.start : one.end],
                start=one.start,
                end=one.end,
                page=None,
            )
            for one in cut(read)
        ]
    return Index(1, kept, model.embed([words_of(one.title, one.heading, one.text) for one in kept]))


def read_set(model: MiniLM) -> list[tuple[str, Index, list[Question]]]:
    found = []
    for business in json.loads(SET.read_text(encoding="utf-8")):
        index = build([(one["title"], one["text"], "x.md") for one in business["documents"]], model)
        texts = [question[0] for question in business["questions"]]
        vectors = model.embed(texts)
        questions = [
            Question(text, tuple(answer.split("|")) if answer else (), kind, vector)
            for (text, answer, kind), vector in zip(business["questions"], vectors, strict=True)
        ]
        found.append((business["business"], index, questions))
    return found


def join(sets: list[tuple[str, Index, list[Question]]]) -> tuple[str, Index, list[Question]]:
    """One index and one list of questions from all of them."""
    kept = [one for _, index, _ in sets for one in index.passages]
    vectors = np.vstack([index.vectors for _, index, _ in sets])
    return "together", Index(1, kept, vectors), [question for _, _, questions in sets for question in questions]


def read_squad(path: Path, model: MiniLM) -> tuple[str, Index, list[Question]]:
    entries = [entry for article in json.loads(path.read_text(encoding="utf-8"))["data"] for entry in article["paragraphs"]]
    index = build([("", entry["context"], "x.txt") for entry in entries], model)
    asked = [(one["question"], entry["context"][:60]) for entry in entries for one in entry["qas"]]
    vectors = model.embed([text for text, _ in asked])
    questions = [Question(text, (start,), "encyclopaedia", vector) for (text, start), vector in zip(asked, vectors, strict=True)]
    return path.stem, index, questions


def is_hit(index: Index, place: int, question: Question) -> bool:
    return any(answer in index.passages[place].text for answer in question.answers)


def ranked(index: Index, question: Question) -> dict[str, list[int]]:
    cosines = index.vectors @ question.vector
    words = index.terms.scores(judging.take_apart(question.text).terms)
    chosen, rows = index.candidates(question.text, question.vector)
    return {
        "vectors alone": np.argsort(-cosines, kind="stable")[:3].tolist(),
        "words alone": [place for place in np.argsort(-words, kind="stable")[:3].tolist() if words[place] > 0],
        "both": chosen[np.argsort(-judging.confidence(rows), kind="stable")][:3].tolist(),
    }


def recall(sets: list[tuple[str, Index, list[Question]]]) -> dict[str, float]:
    hits: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for _, index, questions in sets:
        for question in questions:
            if not question.answers:
                continue
            for rule, places in ranked(index, question).items():
                for kind in (question.kind, "all"):
                    hits[rule][kind].append(any(is_hit(index, place, question) for place in places))
                hits[rule]["first"].append(bool(places) and is_hit(index, places[0], question))
    for rule, kinds in hits.items():
        print(f"  {rule:14}" + "  ".join(f"{kind} {np.mean(values):.3f}" for kind, values in kinds.items()))
    return {rule: float(np.mean(kinds["all"])) for rule, kinds in hits.items()}


def verdicts(sets: list[tuple[str, Index, list[Question]]], verbose: bool) -> None:
    """Right, wrong and refused at several thresholds; and whether the quote itself holds the answer."""
    asked: list[tuple[float, bool, bool, bool]] = []
    for name, index, questions in sets:
        for question in questions:
            best = index.find(question.text, question.vector, 1)
            sure = best[0].confidence if best else 0.0
            right = bool(best) and any(answer in best[0].text for answer in question.answers)
            said = quote(best[0], question.text).text if best else ""
            asked.append((sure, right, bool(question.answers), any(answer in said for answer in question.answers)))
            if verbose and sure >= PASSAGE_AT and (not right or not asked[-1][3]):
                print(f"    {name}: {question.text!r} {sure:.2f} {'quote' if right else 'WRONG'}: {said!r}")
    sure, right, has, quoted = (np.array(column) for column in zip(*asked, strict=True))
    for at in sorted({0.5, 0.6, 0.65, 0.75, 0.8, PASSAGE_AT}):
        shown = sure >= at
        print(
            f"  at {at}{' (shipped)' if at == PASSAGE_AT else ''}: of those with an answer "
            f"right {np.mean(shown[has] & right[has]):.1%}, wrong {np.mean(shown[has] & ~right[has]):.1%}; "
            f"of those without answered {np.mean(shown[~has]):.1%}; "
            f"quote holds the answer in {np.mean(quoted[shown & right]):.1%} of the right ones"
        )


def speed(model: MiniLM, questions: list[Question]) -> None:
    chance = random.Random(3)
    documents = [
        document["text"] for business in json.loads(SET.read_text(encoding="utf-8")) for document in business["documents"]
    ]
    vocabulary = " ".join(documents).split()
    noise = np.random.default_rng(3)
    for size in (1_000, 10_000):
        kept = [
            Kept(
                passage_id=new_id(), document_id=new_id(), title="Title", heading="", start=0, end=1, page=None,
                text=" ".join(chance.choices(vocabulary, k=110)) + ".",
            )
            for _ in range(size)
        ]  # fmt: skip
        vectors = noise.standard_normal((size, model.dimensions)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        began = time.perf_counter()
        index = Index(1, kept, vectors)
        took = time.perf_counter() - began
        floor, ours = [], []
        for _ in range(2):
            for question in questions:
                began = time.perf_counter()
                vectors @ question.vector
                floor.append(time.perf_counter() - began)
                began = time.perf_counter()
                index.find(question.text, question.vector, 3)
                ours.append(time.perf_counter() - began)
        p50, bare = 1000 * float(np.median(ours)), 1000 * float(np.median(floor))
        print(
            f"  {size:6,} passages: a search {p50:.2f} ms, the bare dot product {bare:.2f} ms (p50, ratio {p50 / bare:.1f}); "
            f"indexing {took:.2f} s, {index.bytes / 2**20:.0f} MB",
            flush=True,
        )


def throughput(model: MiniLM) -> None:
    text = json.loads(SET.read_text(encoding="utf-8"))[0]["documents"][1]["text"]
    many = "\n\n".join(text for _ in range(300))
    began = time.perf_counter()
    _, read = read_file(many.encode(), "x.md")
    cuts = cut(read)
    took = time.perf_counter() - began
    print(f"  reading and cutting: {len(many) / took / 1e6:.2f} million characters of Markdown a second, {len(cuts)} passages")
    words = [words_of("Aftercare", one.heading, read.text[one.start : one.end]) for one in cuts[:60]]
    began = time.perf_counter()
    model.embed(words)
    took = time.perf_counter() - began
    size = np.mean([len(one.split()) for one in words])
    print(f"  embedding: {len(words) / took:.0f} passages a second of {size:.0f} words, one thread")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, default=load_settings().home)
    parser.add_argument("--squad", type=Path)
    parser.add_argument("--at-least", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="print what is answered wrong")
    chosen = parser.parse_args()
    model = MiniLM(ensure_built(chosen.home))
    sets = read_set(model)
    together = join(sets)
    print(f"  {len(together[1].passages)} passages; recall among the first three, by kind of question; first: on the first place")
    found = recall([together])
    verdicts(sets, chosen.verbose)
    if chosen.squad:
        print(f"  {chosen.squad.stem}:")
        recall([read_squad(chosen.squad, model)])
    with threadpool_limits(limits=1, user_api="blas"):
        speed(model, [question for _, _, questions in sets for question in questions])
    throughput(model)
    return 1 if chosen.at_least and found["both"] <= max(found["vectors alone"], found["words alone"]) else 0


if __name__ == "__main__":
    sys.exit(main())
