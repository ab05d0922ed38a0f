"""Browser tests get one second try, and it is told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from omni_app.settings import ROOT

# Fails as often as its file was not run before; what the module holds is made once.
FLAKY = """
from pathlib import Path
import pytest

@pytest.fixture(scope="module")
def held():
    note("made")
    yield
    note("ended")

def note(word):
    with Path("{notes}").open("a") as file:
        file.write(word + " ")

def test_of_a_browser(held):
    note("tried")
    assert Path("{notes}").read_text().count("tried") > {fails}, "came too late"

def test_after_it(held):
    pass
"""


def run(folder: Path, fails: int, *options: str) -> tuple[int, str, str]:
    """Run the flaky file in `folder`; the exit code, what was said, and the notes of the run."""
    root, notes = folder.parent.parent, folder.parent.parent / "notes"
    folder.mkdir(parents=True)
    (folder / "test_flaky.py").write_text(FLAKY.format(notes=notes, fails=fails))
    (root / "pytest.ini").write_text("[pytest]\n")
    # A folder of its own for temporary files: pytest closes the common one to other users, and a database may lie there.
    own = f"--basetemp={root.with_name(root.name + '-temporary')}"
    command = [sys.executable, "-m", "pytest", own, "-p", "tests.harness.again", "-p", "no:cacheprovider", *options, str(root)]
    # No other plug-ins: importing them takes longer than these tests.
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    return done.returncode, done.stdout + done.stderr, notes.read_text()


@pytest.mark.parametrize("options", [(), ("-p", "xdist.plugin", "-n", "1")])
@pytest.mark.parametrize("folder", ["e2e", "run"])
def test_what_passes_the_second_time_passes_and_is_told(tmp_path: Path, folder: str, options: tuple[str, ...]) -> None:
    code, words, notes = run(tmp_path / "tests" / folder, 1, *options)
    assert code == 0, words
    assert "1 passed, 1 rerun" in words
    assert f"RERUN tests/{folder}/test_flaky.py::test_of_a_browser" in words
    assert "came too late" in words
    assert notes == "made tried tried ended "


def test_what_fails_twice_has_failed(tmp_path: Path) -> None:
    code, words, notes = run(tmp_path / "tests" / "e2e", 2)
    assert code == 1
    assert "1 failed, 1 passed" in words
    assert "The first try failed as well" in words
    assert notes == "made tried tried ended "


def test_other_tests_fail_at_once(tmp_path: Path) -> None:
    code, words, notes = run(tmp_path / "tests" / "budgets", 1)
    assert code == 1
    assert "1 failed, 1 passed" in words
    assert notes == "made tried ended "
