"""Whoever calls a model holds its money first."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
CALLS = {"complete", "stream", "transcribe"}
HOLDS = {"pay", "reserve", "reserve_in"}


def calls_of(path: Path) -> set[str]:
    """The names of all functions that a file calls."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {one.attr if isinstance(one, ast.Attribute) else one.id for one in called if isinstance(one, ast.Attribute | ast.Name)}


def test_every_file_that_calls_a_model_reserves_first() -> None:
    files = [*(ROOT / "omni_app").rglob("*.py"), *(ROOT / "workers").rglob("*.py")]
    calling = [path for path in files if not {"llm", "speech"} & set(path.parts) and calls_of(path) & CALLS]
    assert {path.stem for path in calling} >= {"drafting", "summarising", "paid", "transcribing"}
    assert [path.name for path in calling if not calls_of(path) & HOLDS] == []
