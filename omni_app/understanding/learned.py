"""What sentence vectors tell: small linear rules over MiniLM, fitted by `bench/fit_understanding.py`."""

import json
import math
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from omni_app.llm.providers.local.minilm import MiniLM

WEIGHTS = Path(__file__).with_name("weights.json")

Vector = NDArray[np.float32]


@lru_cache
def _rules() -> dict[str, tuple[Vector, float]]:
    kept = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    if kept["model"] != MiniLM.name:
        raise ValueError("weights.json was fitted for another model: run `python -m bench.fit_understanding`")
    return {name: (np.array(rule["weights"], np.float32), float(rule["bias"])) for name, rule in kept["rules"].items()}


def likelihood(rule: str, vector: Vector) -> float:
    """The probability (0–1) that the sentence with this MiniLM vector is one that `rule` (person, anger) looks for."""
    weights, bias = _rules()[rule]
    score = float(weights @ vector) + bias
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, score))))
