"""`python -m tools.coverage_gate reports/coverage`: fail when the tests ran fewer lines or branches than promised.

The folder holds the figures of each process that was measured (`tests/harness/measuring.py`). Their sum goes to
`reports/coverage.json`, and the files with most missing lines are shown.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slipcover import Slipcover, merge_coverage

SOURCES = ["omni_app", "workers", "embedded"]
# Makes the app of all rooms when it is imported; there is nothing to decide in it.
OMITTED = ["omni_app/omni_app.py"]
LINES_PERCENT = 70.0
BRANCHES_PERCENT = 60.0
SHOWN = 20


def add_up(folder: Path) -> dict[str, Any]:
    """What all processes ran together, in SlipCover's JSON shape. A file that no test imported counts as well, as missing."""
    measured = Slipcover(branch=True, source=SOURCES, omit=OMITTED)
    whole: dict[str, Any] = measured.get_coverage()
    known = set(whole["files"])
    for path in sorted(folder.glob("*.json")):
        part = json.loads(path.read_text())
        part["files"] = {name: figures for name, figures in part["files"].items() if name in known}
        merge_coverage(whole, part)
    return whole


def percent(covered: int, missing: int) -> float:
    """100 × covered / (covered + missing); 100 when there is nothing to cover."""
    return 100.0 * covered / (covered + missing) if covered + missing else 100.0


def verdict(summary: Mapping[str, int]) -> tuple[bool, str]:
    """Whether both gates hold, and one line that says so. `summary` counts covered and missing lines and branches."""
    lines = percent(summary["covered_lines"], summary["missing_lines"])
    branches = percent(summary["covered_branches"], summary["missing_branches"])
    holds = lines >= LINES_PERCENT and branches >= BRANCHES_PERCENT
    text = (
        f"Coverage: lines {lines:.1f} % (at least {LINES_PERCENT:g}), branches {branches:.1f} % (at least {BRANCHES_PERCENT:g})"
    )
    return holds, text if holds else f"{text}: too low"


def least_covered(whole: dict[str, Any]) -> list[str]:
    """A line each for the `SHOWN` files with most lines that no test ran."""
    files = sorted(whole["files"].items(), key=lambda item: -len(item[1]["missing_lines"]))[:SHOWN]
    return [f"{len(figures['missing_lines']):6} lines missing  {name}" for name, figures in files if figures["missing_lines"]]


def main() -> int:
    folder = Path(sys.argv[1])
    whole = add_up(folder)
    folder.with_suffix(".json").write_text(json.dumps(whole))
    holds, text = verdict(whole["summary"])
    print("\n".join([*least_covered(whole), text]))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
