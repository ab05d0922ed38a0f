"""`python -m tools.coverage_gate reports/coverage.json`: fail when fewer lines or branches are covered than promised.

Two gates, because coverage's own `fail_under` mixes lines and branches into one figure.
"""

import json
import sys
from pathlib import Path

LINES_PERCENT = 70.0
BRANCHES_PERCENT = 60.0


def percent(covered: int, total: int) -> float:
    """100 × covered / total; 100 when there is nothing to cover."""
    return 100.0 * covered / total if total else 100.0


def verdict(totals: dict[str, int]) -> tuple[bool, str]:
    """Whether both gates hold, and one line that says so. `totals` is the section of that name in coverage's JSON report."""
    lines = percent(totals["covered_lines"], totals["num_statements"])
    branches = percent(totals["covered_branches"], totals["num_branches"])
    holds = lines >= LINES_PERCENT and branches >= BRANCHES_PERCENT
    text = (
        f"Coverage: lines {lines:.1f} % (at least {LINES_PERCENT:g}), branches {branches:.1f} % (at least {BRANCHES_PERCENT:g})"
    )
    return holds, text if holds else f"{text}: too low"


def main() -> int:
    holds, text = verdict(json.loads(Path(sys.argv[1]).read_text())["totals"])
    print(text)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
