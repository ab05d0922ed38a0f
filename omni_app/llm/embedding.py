"""Sentence vectors for async callers: computed in threads, never on the event loop."""

import asyncio
import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from omni_app.infra.background import start_task
from omni_app.llm.contract import Embedder
from omni_app.llm.providers.local.minilm import MiniLM, ensure_built
from omni_app.settings import load_settings

# Half of the cores: with two threads on two cores a thousand widgets wait seconds for the event loop (`make bench`, widgets).
THREADS = max(1, (os.cpu_count() or 2) // 2)
# A long list goes in short pieces, so that a visitor's question waits behind four sentences (about 20 ms), not behind an import.
PIECE = 4
REMEMBERED = 2_000

_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="embed")
_opening = threading.Lock()
_recent: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
_underway: dict[bytes, asyncio.Task[NDArray[np.float32]]] = {}


@lru_cache
def _open() -> Embedder:
    return MiniLM(ensure_built(load_settings().home))


def load_embedder() -> Embedder:
    """The process's embedder, opened at the first call (blocks: 0.3 s, or seconds when the file must be built first)."""
    with _opening:
        return _open()


def embedder_name() -> str:
    """The name under which the embedder's vectors are stored; asking does not open it."""
    return MiniLM.name


async def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit vectors, float32 [len(texts), 384], in order."""
    if len(texts) == 1:
        return (await embed_one(texts[0]))[np.newaxis]
    loop = asyncio.get_running_loop()
    pieces = [
        await loop.run_in_executor(_threads, _embed_now, texts[start : start + PIECE]) for start in range(0, len(texts), PIECE)
    ]
    return np.concatenate(pieces) if pieces else np.empty((0, MiniLM.dimensions), np.float32)


def embed_ahead(text: str) -> None:
    """Begin to compute what `embed_one` will be asked for soon."""
    start_task(embed_one(text), "sentence vector ahead")


async def embed_one(text: str) -> NDArray[np.float32]:
    """The unit vector of one sentence, float32 [384], read-only; sentences asked again lately cost nothing, and those who ask
    for the same one at the same time share one computation."""
    # The model sees neither case nor the kind of white space, so such twins share one vector. What somebody wrote is not kept
    # here: a fingerprint finds its vector as well, and nobody has to forget it.
    key = hashlib.blake2b(" ".join(text.lower().split()).encode("utf-8", "surrogatepass"), digest_size=16).digest()
    if (known := _recent.get(key)) is not None:
        _recent.move_to_end(key)
        return known
    if (task := _underway.get(key)) is None or task.get_loop() is not asyncio.get_running_loop():
        task = _underway[key] = start_task(_compute(key, text), "sentence vector")
    # One caller who gives up must not take the vector from the others.
    return await asyncio.shield(task)


async def _compute(key: bytes, text: str) -> NDArray[np.float32]:
    try:
        vector: NDArray[np.float32] = (await asyncio.get_running_loop().run_in_executor(_threads, _embed_now, [text]))[0]
    finally:
        _underway.pop(key, None)
    vector.setflags(write=False)
    _recent[key] = vector
    if len(_recent) > REMEMBERED:
        _recent.popitem(last=False)
    return vector


def _embed_now(texts: Sequence[str]) -> NDArray[np.float32]:
    return load_embedder().embed(texts)
