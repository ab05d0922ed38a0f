"""The programs behind the Makefile."""

import stat
from pathlib import Path

import pytest

from tools import browser, build_frontend, coverage_gate

ENOUGH = {"covered_lines": 70, "missing_lines": 30, "covered_branches": 60, "missing_branches": 40}


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({}, True),
        ({"covered_lines": 69, "missing_lines": 31}, False),
        ({"covered_branches": 59, "missing_branches": 41}, False),
        ({"covered_lines": 100, "missing_lines": 0, "covered_branches": 59, "missing_branches": 41}, False),
        ({"covered_branches": 0, "missing_branches": 0}, True),
    ],
)
def test_lines_and_branches_are_two_gates(change: dict[str, int], holds: bool) -> None:
    found, text = coverage_gate.verdict({**ENOUGH, **change})
    assert found is holds
    assert text.startswith("Coverage: lines ")
    assert text.endswith("too low") is not holds


def program(path: Path, code: int) -> Path:
    path.write_text(f"#!/bin/sh\nexit {code}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_named_browser_wins_even_when_it_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNI_CHROMIUM", "/nowhere/chromium")
    assert browser.find_browser() == "/nowhere/chromium"
    with pytest.raises(SystemExit, match="/nowhere/chromium does not start"):
        browser.main()


def test_a_browser_that_does_not_start_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("OMNI_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    program(tmp_path / "chromium", 1)
    wanted = program(tmp_path / "google-chrome", 0)
    assert browser.find_browser() == str(wanted)


def test_every_source_of_the_pages_is_hashed() -> None:
    names = {str(path.relative_to(build_frontend.ROOT)) for path in build_frontend.source_files()}
    assert {"rxconfig.py", "requirements.txt", "omni_app/omni_app.py", "omni_app/ui/shell.py"} <= names
    assert not any("__pycache__" in name for name in names)


def test_the_hash_is_of_content_not_of_time() -> None:
    before = build_frontend.source_hash()
    (build_frontend.ROOT / "requirements.txt").touch()
    assert build_frontend.source_hash() == before
