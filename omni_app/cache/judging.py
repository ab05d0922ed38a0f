"""Whether the answer stored for one question answers another: a logistic regression over fourteen features.

The shared coefficients of each embedding model come from `python -m bench.fit_cache`; a business's own evidence shifts them
(`fitting`). A model nobody fitted them for gets a fixed cosine. Measured in `docs/decisions/semantic-cache.md`.
"""

import math
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from omni_app.cache.mismatch import Figures, read_figures
from omni_app.infra.text import words

FEATURES = (
    "cosine",
    "margin",
    "mean_of_three",
    "agreement",
    "centroid",
    "log_entries",
    "tightness",
    "broad_vote",
    "sharp_vote",
    "overlap",
    "numbers_differ",
    "negation_differs",
    "question_word_differs",
    "length_difference",
)
# By embedding model: a weight for each feature, then the intercept.
COEFFICIENTS: dict[str, tuple[float, ...]] = {
    "minilm-l6-v2-int8": (
        *(0.0, 0.0, 0.0, 1.2899, 6.8517, -0.8102, -8.8483, 6.5457, 5.9099, 1.5645, 0.0, -0.4383, -0.1607, 0.0),
        3.1951,
    ),
}
# The usual spread (standard deviation) of each feature: on what scale a weight is large.
SPREADS = (0.187, 0.164, 0.166, 0.29, 0.182, 0.876, 0.129, 0.177, 0.089, 0.19, 0.191, 0.233, 0.476, 0.298)
# Serve at this probability or above.
THRESHOLD = 0.86
# What suits OpenAI's models, and any whose answers nobody has judged yet.
FIXED_COSINE = 0.92

_MOST_ENTRIES = 50
# Each entry votes for its answer with exp(sharpness × (cosine − 1)): broadly, all that is near counts; sharply, only the nearest.
_BROAD = 8.0
_SHARP = 100.0
# Something unrelated is always near enough to be a rival: with little stored, nothing may seem certain.
_UNRELATED = 0.45
_NEAR = 0.72


def _listed(words_in_a_row: str) -> frozenset[str]:
    return frozenset(words_in_a_row.split())


_NEGATIONS = _listed(
    """
    not no never none nothing without cannot cant dont doesnt didnt isnt wasnt wont havent hasnt couldnt unable nunca sin
    ningún nada pas jamais sans aucun nicht kein keine keinen nie ohne não sem nenhum non mai senza nessun नहीं मत بدون ليس
    لن لم
    """
)
_QUESTION_WORDS = {
    word: kind
    for kind, listed in enumerate(
        (
            "what qué que was che cosa o quê क्या ما ماذا",
            "how cómo comment wie come como कैसे कैसा كيف",
            "when cuándo quand wann quando कब متى",
            "where dónde où wo dove onde wohin कहाँ कहां أين",
            "why por pourquoi warum perché क्यों لماذا",
            "who whom quién qui wer chi quem कौन من",
            "which cuál quel quelle welche welcher quale qual कौनसा أي",
            "much many cuánto cuánta cuántos combien viel viele quanto quanti quanta कितना कितने कितनी كم",
            "long",
            "often",
        )
    )
    for word in listed.split()
}
_WITHOUT_SPACES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Wording:
    """What matters of a text beside its vector."""

    words: tuple[str, ...]
    length: int
    question_words: frozenset[int]
    is_negated: bool
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a stored answer is served: at `threshold` of the learned probability, or from a fixed cosine on.

    `coefficients` in the order of `FEATURES`, the intercept last.
    """

    coefficients: tuple[float, ...]
    threshold: float = THRESHOLD
    fixed_cosine: float | None = None

    def probability(self, features: Sequence[float]) -> float:
        """How likely (0–1) the answer is right."""
        return probability(features, self.coefficients)

    def accepts(self, probability: float, cosine: float) -> bool:
        """Whether an answer this likely, of a question this near, is served."""
        return cosine >= self.fixed_cosine if self.fixed_cosine is not None else probability >= self.threshold


def shared_rule(model_name: str) -> Rule:
    """The rule that ships for an embedding model; for one nobody fitted, a fixed cosine."""
    if (known := COEFFICIENTS.get(model_name)) is not None:
        return Rule(coefficients=known)
    return Rule(coefficients=next(iter(COEFFICIENTS.values())), fixed_cosine=FIXED_COSINE)


def probability(features: Sequence[float], coefficients: Sequence[float]) -> float:
    """The logistic function of the weighted features."""
    odds = coefficients[-1] + sum(weight * value for weight, value in zip(coefficients, features, strict=False))
    return 1 / (1 + math.exp(-odds)) if odds > -700 else 0.0


def read_wording(text: str) -> Wording:
    """What the features need of a text; some 25 µs."""
    spoken = words(text)
    if _WITHOUT_SPACES.search(text):
        spoken = [piece for word in spoken for piece in (word if _WITHOUT_SPACES.search(word) else (word,))]
    known = frozenset(spoken)
    return Wording(
        # A tuple of shared strings takes a tenth of the memory of a set of its own.
        words=tuple(map(sys.intern, known)),
        length=len(spoken),
        question_words=frozenset(_QUESTION_WORDS[word] for word in known if word in _QUESTION_WORDS),
        is_negated=not _NEGATIONS.isdisjoint(known) or any(word.endswith("n't") for word in known),
        figures=read_figures(text, spoken),
    )


def compare_vectors(
    cosines: Sequence[float], is_same: Sequence[bool], *, entries: int, centroid: float, tightness: float
) -> tuple[float, ...]:
    """The first nine features, from the nearest entries (best first) and whether each has the answer of the best.

    `entries`: how many entries have that answer; `centroid`: cosine to their mean; `tightness`: length of their mean (0–1).
    """
    same = [cosine for cosine, is_one in zip(cosines, is_same, strict=True) if is_one]
    others = [cosine for cosine, is_one in zip(cosines, is_same, strict=True) if not is_one]
    return (
        cosines[0],
        cosines[0] - max(_UNRELATED, others[0] if others else 0.0),
        sum(same[:3]) / len(same[:3]),
        sum(is_same[:5]) / len(is_same[:5]),
        centroid,
        math.log(min(entries, _MOST_ENTRIES)),
        tightness,
        _vote(same, others, _BROAD),
        # Only near entries vote sharply for an answer; below that, what tells is how near its rivals are.
        _vote([_NEAR, *same], others, _SHARP),
    )


def _vote(same: Sequence[float], others: Sequence[float], sharpness: float) -> float:
    """The log-odds of the votes, in cosines: divided by `sharpness`, so that all votes are on one scale."""
    for_it = sum(math.exp(sharpness * (cosine - 1)) for cosine in same)
    against = sum(math.exp(sharpness * (cosine - 1)) for cosine in (_UNRELATED, *others))
    return (math.log(for_it) - math.log(against)) / sharpness


def compare_wording(one: Wording, other: Wording, idf: Callable[[str], float]) -> tuple[float, float, float, float, float]:
    """The last five features: overlap (0–1, by weight of the words), then what differs."""
    these, those = set(one.words), set(other.words)
    shared = sum(map(idf, these & those))
    told = shared + sum(map(idf, these ^ those))
    return (
        shared / told if told else 1.0,
        float(one.figures.plain != other.figures.plain),
        float(one.is_negated != other.is_negated),
        float(one.question_words != other.question_words),
        abs(math.log((1 + one.length) / (1 + other.length))),
    )
