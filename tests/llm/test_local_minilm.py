import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from omni_app.llm.contract import Embedder
from omni_app.llm.providers.local.minilm import MiniLM, ensure_built, model_path, weights_folder
from omni_app.settings import ROOT, load_settings
from tests.llm.bert import embed_slowly

SENTENCES = [
    "What are your opening hours?",
    "Do you treat children?",
    "How much does a dental implant cost, and can I pay in instalments?",
    "My crown came off at dinner, what should I do until Monday morning?",
    "¿Cuánto cuesta una limpieza?",
]


@pytest.fixture(scope="module")
def model() -> Embedder:
    return MiniLM(ensure_built(load_settings().home))


def test_vectors_are_unit_float32_in_order(model: Embedder) -> None:
    vectors = model.embed(SENTENCES)
    assert vectors.shape == (len(SENTENCES), model.dimensions) == (5, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(vectors[2], model.embed([SENTENCES[2]])[0]), "a vector must not depend on its neighbours"


def test_eight_bits_stay_close_to_the_published_model(model: Embedder) -> None:
    exact = embed_slowly(SENTENCES, load_file(weights_folder() / "model.safetensors"), _tokenizer())
    assert ((model.embed(SENTENCES) * exact).sum(axis=1) >= 0.98).all()


def test_alike_sentences_point_alike(model: Embedder) -> None:
    asked, same, other = model.embed(["When are you open?", "What are your opening hours?", "Do you treat children?"])
    assert asked @ same > asked @ other + 0.2


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\x00",
        "?",
        "😀" * 10_000,
        "x" * 100_000,
        "word " * 50_000,
        "\ud83d half an emoji",
        "\u202eabc\u200b",
        "हिन्दी में",
        "歯" * 9000,
    ],
)
def test_any_text_has_a_vector(model: Embedder, text: str) -> None:
    vector = model.embed([text])[0]
    assert np.isfinite(vector).all()
    assert np.isclose(np.linalg.norm(vector), 1, atol=1e-4)


def test_only_the_first_256_tokens_count(model: Embedder) -> None:
    long = "tooth " * 254
    assert np.array_equal(*model.embed([long, long + "and something else entirely"]))


def test_no_texts_no_vectors(model: Embedder) -> None:
    assert model.embed([]).shape == (0, 384)


def test_two_processes_build_one_file(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from omni_app.llm.providers.local.minilm import ensure_built;"
        " ensure_built(Path(sys.argv[1]))"
    )
    builders = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT) for _ in range(2)]
    assert [builder.wait() for builder in builders] == [0, 0]
    built = model_path(tmp_path)
    assert {path.name for path in built.parent.iterdir()} == {built.name, built.with_suffix(".lock").name}
    before = built.stat().st_mtime_ns
    ensure_built(tmp_path)
    assert built.stat().st_mtime_ns == before
    reference = MiniLM(ensure_built(load_settings().home)).embed(SENTENCES)
    assert np.allclose(MiniLM(built).embed(SENTENCES), reference, atol=1e-6), "the same weights give the same file"


def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(weights_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
