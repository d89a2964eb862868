"""The table of faults: each test of the matrix says what it did to a run and what came of it.

A test belongs to the matrix by `@pytest.mark.fault(area, fault)` and tells its outcome, once it has
seen it, by the fixture `came_of_it`. With `--fault-table FILE` each becomes a line of JSON there;
`make reliability` makes docs/reliability.md of the lines.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

_KEY = "fault_table"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fault-table", metavar="FILE", help="write what the fault matrix showed")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "fault(area, fault): a row of the fault matrix, told in docs/reliability.md"
    )


@pytest.fixture
def came_of_it(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Tell what came of the fault, in words and measured counts, after the asserts."""

    def tell(outcome: str) -> None:
        request.node.user_properties.append(("outcome", outcome))

    return tell


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    outcome = yield
    mark = item.get_closest_marker("fault")
    if mark is not None:
        area, fault = mark.args
        described = fault.format(**getattr(getattr(item, "callspec", None), "params", {}))
        outcome.get_result().user_properties.append((_KEY, [area, described]))


class _Writer:
    """Appends a line a test to the file; lives in the process that collects the reports."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told = dict(report.user_properties)
        ended = report.when == "call" or not report.passed
        if _KEY not in told or not ended:
            return
        area, fault = told[_KEY]
        row = {
            "area": area,
            "fault": fault,
            "test": report.nodeid,
            "result": report.outcome,
            "outcome": told.get("outcome", report.longrepr[2] if report.skipped else ""),
            "seconds": round(report.duration, 1),
        }
        with self.file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    file = session.config.getoption("--fault-table")
    if file and not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(_Writer(Path(file)))
