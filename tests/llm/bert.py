"""all-MiniLM-L6-v2 once more, in plain NumPy and float32, from the formulas: what the built file must agree with."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

Array = NDArray[np.float32]
_erf = np.vectorize(math.erf, otypes=[np.float32])


def embed_slowly(texts: Sequence[str], weights: dict[str, Array], tokenizer: Tokenizer) -> Array:
    return np.array([_embed(tokenizer.encode(text).ids, weights) for text in texts], np.float32)


def _embed(ids: list[int], weights: dict[str, Array]) -> Array:
    def dense(value: Any, name: str) -> Any:
        return value @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def normed(value: Any, name: str) -> Any:
        centred = value - value.mean(-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return centred / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def heads(value: Any) -> Any:
        return value.reshape(len(ids), 12, 32).transpose(1, 0, 2)

    table = weights["embeddings.word_embeddings.weight"][ids]
    places = weights["embeddings.position_embeddings.weight"][: len(ids)]
    hidden = normed(table + places + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(6):
        at = f"encoder.layer.{layer}"
        query, key, value = (heads(dense(hidden, f"{at}.attention.self.{part}")) for part in ("query", "key", "value"))
        scores = np.exp(query @ key.transpose(0, 2, 1) / math.sqrt(32))
        seen = (scores / scores.sum(-1, keepdims=True) @ value).transpose(1, 0, 2).reshape(len(ids), 384)
        hidden = normed(dense(seen, f"{at}.attention.output.dense") + hidden, f"{at}.attention.output.LayerNorm")
        wide = dense(hidden, f"{at}.intermediate.dense")
        gelu = wide * 0.5 * (1 + _erf(wide / math.sqrt(2)))
        hidden = normed(dense(gelu, f"{at}.output.dense") + hidden, f"{at}.output.LayerNorm")
    mean: Array = hidden.mean(0)
    return mean / np.linalg.norm(mean)
