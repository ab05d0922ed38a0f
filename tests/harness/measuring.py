"""Which lines and branches the tests run, kept when `OMNI_COVERAGE` names a folder for the figures.

SlipCover writes its probes into the code of the product, so nothing else of the process pays for it; a tracer is called for every
line of every library and costs half of the suite's time. What is imported before this module is not seen: it comes first.

A probe for a branch is found by its two line numbers, so a constant pair of whole numbers that happens to be the same is taken
for one (a test then fails with "PyCapsule"): a set instead of a pair is safe.

`python -m tests.harness.measuring MODULE` runs a program of the product the same way.
"""

import atexit
import json
import os
import runpy
import sys
from pathlib import Path

import pytest
from slipcover import FileMatcher, ImportManager, Slipcover

VARIABLE = "OMNI_COVERAGE"
SOURCES = ["omni_app", "workers", "embedded"]
# Taking probes out again means a search through all functions of all modules for each of them: dearer than the probes.
NEVER = 1_000_000_000


def begin() -> Slipcover:
    """Measure whatever is imported of the product from now on, in this process."""
    measured = Slipcover(branch=True, d_miss_threshold=NEVER)
    ImportManager(measured, FileMatcher(sources=SOURCES)).__enter__()
    return measured


def keep(measured: Slipcover, folder: Path) -> None:
    """Write the figures of this process into `folder`, to be added to those of the others (`tools/coverage_gate.py`)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{os.getpid()}.json").write_text(json.dumps(measured.get_coverage()))


def wanted() -> Path | None:
    """The folder for the figures; None when nothing is to be measured."""
    return Path(os.environ[VARIABLE]).resolve() if os.environ.get(VARIABLE) else None


_folder = wanted()
_measured = begin() if _folder is not None else None


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    if _measured is not None and _folder is not None:
        keep(_measured, _folder)


if __name__ == "__main__":
    if _measured is not None and _folder is not None:
        atexit.register(keep, _measured, _folder)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
