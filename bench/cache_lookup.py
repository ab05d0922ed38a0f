"""How fast the semantic cache finds a stored question, beside GPTCache in the same run: `python -m bench.cache_lookup`.

Both hold the same 10,000 entries and use the same sentence embedder, in this process. Ours looks for the exact wording first,
then embeds and asks the index with its verifier; GPTCache (SQLite + FAISS, as its documentation sets it up) embeds and searches.
They take turns of 25 questions, so that both meet the same machine. `--data FILE…` (CSV, text in the first column) takes
the texts from there and embeds them (a minute); otherwise texts and vectors are made up: the time does not depend on them.

GPTCache comes with `make bench-extras`. Without it only our own figures are printed. `--at-least` exits with 1 when GPTCache is
missing or a promised ratio (new wording 2.3, verbatim 100, look-up alone 20) is not kept.
"""

import argparse
import atexit
import csv
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from bench.answers import read_demo
from omni_app.cache.judging import read_wording
from omni_app.cache.mismatch import is_hard_mismatch
from omni_app.cache.nearest import Entry, Index, build_index
from omni_app.infra.text import normalize
from omni_app.llm.providers.local.minilm import MiniLM, ensure_built
from omni_app.settings import ROOT, load_settings

Vectors = NDArray[np.float32]
Ask = Callable[[int], object]

EXTRAS = ROOT / ".bench-extras"
ENTRIES = 10_000
ASKED = 300
TURN = 25
NEW_WORDING, VERBATIM, LOOK_UP = 2.3, 100.0, 20.0


def read_texts(paths: Sequence[Path]) -> list[str]:
    texts: dict[str, None] = {}
    for path in paths:
        with path.open(newline="", encoding="utf-8-sig") as file:
            texts.update((row[0], None) for row in list(csv.reader(file))[1:] if row and normalize(row[0]))
    return list({normalize(text): text for text in texts}.values())


def make_up(count: int, chance: random.Random) -> list[str]:
    """Distinct texts in the words of the demo clinic's questions."""
    words = sorted({word for phrasings in read_demo() for text in phrasings for word in text.lower().rstrip("?").split()})
    words = [word for word in words if word.isalpha()]
    texts: dict[str, None] = {}
    while len(texts) < count:
        texts[" ".join(chance.choices(words, k=chance.randint(6, 14)))] = None
    return list(texts)


def directions(count: int, dimensions: int) -> Vectors:
    """Unit vectors that lie in groups and thin out over the dimensions, as those of sentences do."""
    noise = np.random.default_rng(0)
    scale = np.linspace(1.0, 0.15, dimensions) ** 2
    groups = noise.standard_normal((count // 20 + 1, dimensions)) * scale
    vectors = groups[noise.integers(len(groups), size=count)] + 0.7 * noise.standard_normal((count, dimensions)) * scale
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def in_turn(asks: dict[str, Ask], count: int) -> dict[str, float]:
    """Milliseconds (p50) of each, in turns of 25 questions: long enough for the processor's caches to be its own."""
    took: dict[str, list[float]] = {name: [] for name in asks}
    for start in range(0, count, TURN):
        for name, ask in asks.items():
            for number in range(start, min(count, start + TURN)):
                began = time.perf_counter()
                ask(number)
                took[name].append(time.perf_counter() - began)
    return {name: 1000 * float(np.median(times)) for name, times in took.items()}


def agreement(index: Index, asked: Sequence[str], asked_vectors: Vectors, texts: Sequence[str], vectors: Vectors) -> float:
    """How often the index finds an entry as near as the nearest one of the exact scan whose figures allow it."""
    figures = [read_wording(text).figures for text in texts]
    agreed = []
    for text, vector in zip(asked, asked_vectors, strict=True):
        own, cosines = read_wording(text).figures, vectors @ vector
        allowed = (place for place in np.argsort(-cosines).tolist() if not is_hard_mismatch(own, figures[place]))
        best, found = next(allowed, None), index.find(text, vector)
        agreed.append(found is None if best is None else found is not None and found.cosine >= float(cosines[best]) - 1e-5)
    return float(np.mean(agreed))


class GptCache:
    """GPTCache over SQLite and FAISS in a folder; `embed` is handed the text of every question."""

    def __init__(self, folder: str, texts: Sequence[str], vectors: Vectors, embed: Callable[[str], Vectors]) -> None:
        import faiss
        from gptcache import Cache
        from gptcache.adapter.api import get
        from gptcache.manager import CacheBase, VectorBase, get_data_manager
        from gptcache.similarity_evaluation.distance import SearchDistanceEvaluation

        # One thread, as ours: on a busy machine two wait for each other.
        faiss.omp_set_num_threads(1)
        data: Any = get_data_manager(
            CacheBase("sqlite", sql_url=f"sqlite:///{folder}/answers.db"),
            VectorBase("faiss", dimension=vectors.shape[1], index_path=f"{folder}/faiss.index"),
            max_size=2 * len(texts),
        )
        self.embed = embed
        self._cache: Any = Cache()
        self._cache.init(
            pre_embedding_func=lambda asked, **_: asked["prompt"],
            embedding_func=lambda text, **_: self.embed(text),
            data_manager=data,
            similarity_evaluation=SearchDistanceEvaluation(),
        )
        self._get = get
        for start in range(0, len(texts), 500):
            part = list(texts[start : start + 500])
            data.import_data(part, [f"answer to {text}" for text in part], list(vectors[start : start + 500]), [None] * len(part))

    def find(self, text: str) -> object:
        return self._get(text, cache_obj=self._cache)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--home", type=Path, default=load_settings().home, help="where the model file lies or is built")
    parser.add_argument("--at-least", action="store_true")
    chosen = parser.parse_args()
    threadpool_limits(limits=1, user_api="blas")
    model = MiniLM(ensure_built(chosen.home))
    chance = random.Random(0)
    texts = read_texts(chosen.data) if chosen.data else make_up(chosen.entries + ASKED, chance)
    chance.shuffle(texts)
    asked, texts = texts[:ASKED], texts[ASKED : ASKED + chosen.entries]
    vectors = model.embed(texts) if chosen.data else directions(len(texts), model.dimensions)
    asked_vectors = model.embed(asked)

    began = time.perf_counter()
    index = build_index(
        (
            Entry(id=uuid5(NAMESPACE_OID, text), text=text, answer=f"answer {place // 5}", vector=vector)
            for place, (text, vector) in enumerate(zip(texts, vectors, strict=True))
        ),
        MiniLM.name,
    )
    took = time.perf_counter() - began
    exact = {normalize(text): text for text in texts}
    source = " + ".join(path.name for path in chosen.data) if chosen.data else "made up (name others with --data)"
    print(f"  {len(texts):,} entries, texts {source}; index built in {took:.2f} s")
    if chosen.data:
        same = agreement(index, asked, asked_vectors, texts, vectors)
        print(f"  the exact scan's best entry found: {same:.1%} of {len(asked)}")

    def ours(text: str) -> object:
        return exact.get(normalize(text)) or index.find(text, model.embed([text])[0])

    sys.path.append(str(EXTRAS))
    try:
        import gptcache  # noqa: F401
    except ImportError:
        gptcache_missing = True
        print("  GPTCache is not installed: `make bench-extras` brings it, and the comparison. Ours alone (p50):")
    else:
        gptcache_missing = False

    # GPTCache writes its index once more when the process ends: the folder goes after that.
    folder = tempfile.mkdtemp(prefix="omni-bench-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    theirs = None if gptcache_missing else GptCache(folder, texts, vectors, lambda text: model.embed([text])[0])
    known = dict(zip(asked, asked_vectors, strict=True))
    kept = True
    for name, least, mine, embed, questions in (
        ("new wording", NEW_WORDING, lambda n: ours(asked[n]), lambda text: model.embed([text])[0], asked),
        ("verbatim", VERBATIM, lambda n: ours(texts[n]), lambda text: model.embed([text])[0], texts),
        ("look-up alone", LOOK_UP, lambda n: index.find(asked[n], asked_vectors[n]), known.__getitem__, asked),
    ):
        asks: dict[str, Ask] = {"ours": mine}
        if theirs is not None:
            theirs.embed = embed
            asks["GPTCache"] = lambda n, theirs=theirs, questions=questions: theirs.find(questions[n])
        in_turn(asks, TURN)
        times = in_turn(asks, ASKED)
        line = f"  {name:<14} ours {times['ours']:.3f} ms"
        if theirs is not None:
            ratio = times["GPTCache"] / times["ours"]
            kept = kept and ratio >= least
            line += f", GPTCache {times['GPTCache']:.2f} ms: {ratio:.1f} × (promised {least:g})"
        print(line, flush=True)
    floor = in_turn({"scan": lambda n: vectors @ asked_vectors[n]}, ASKED)["scan"]
    print(f"  the bare exact scan, float32, without any verdict: {floor:.3f} ms")
    kept = kept and not gptcache_missing
    return 1 if chosen.at_least and not kept else 0


if __name__ == "__main__":
    sys.exit(main())
