"""One more try for a test of browsers or running processes that failed, and a loud word about it.

Browsers and killed processes share two cores in these tests; one of hundreds that comes too late must not refuse a landing. What
fails twice has failed. What passes the second time is counted as `rerun`, not as passed, and told at the end with what went wrong
first: it is a race to be mended. All other tests fail at once.
"""

from typing import Any

import pytest
from _pytest.runner import call_and_report

AGAIN = ("tests/e2e/", "tests/run/", "tests/flows/")
"""Folders whose tests get the second try."""


def has_second_try(item: pytest.Item) -> bool:
    return item.nodeid.startswith(AGAIN) and hasattr(item, "_initrequest")


def failure_of(reports: list[pytest.TestReport]) -> str:
    """What went wrong, in words; empty when nothing did."""
    return "\n".join(report.longreprtext for report in reports if report.failed)


def run_once(item: Any, nextitem: pytest.Item | None, *, is_last: bool) -> list[pytest.TestReport]:
    """Set-up, test and clean-up with fresh fixtures of the function.

    After a failure that is not the last try, the fixtures of module and session stay: the next try is theirs as well.
    """
    item._initrequest()
    reports = [call_and_report(item, "setup", log=False)]
    if reports[0].passed:
        reports.append(call_and_report(item, "call", log=False))
    keeps = bool(failure_of(reports)) and not is_last
    reports.append(call_and_report(item, "teardown", log=False, nextitem=item.parent if keeps else nextitem))
    item._request = False
    item.funcargs = None
    return reports


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    if not has_second_try(item):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = run_once(item, nextitem, is_last=False)
    if first := failure_of(reports):
        reports = run_once(item, nextitem, is_last=True)
        for report in reports:
            # Travels with the report from the worker that ran it to the one that tells.
            report.first_failure = first
            report.sections.append(("The first try failed as well", first))
    # One set of reports for each test, whatever it took: xdist hands out work by them.
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    if hasattr(report, "first_failure") and report.when == "call" and report.passed:
        return "rerun", "R", ("RERUN", {"yellow": True})
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.stats.get("rerun", [])
    if not reports:
        return
    terminalreporter.section("passed at the second try", yellow=True)
    for report in reports:
        terminalreporter.write_line(report.first_failure)
    for report in reports:
        terminalreporter.write_line(f"RERUN {report.nodeid}", yellow=True)
