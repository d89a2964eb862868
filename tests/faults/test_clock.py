"""Does a clock that jumps, in the middle of a run too, change anything but the date of a run?

libfaketime (Debian: libfaketime) gives the process a wall clock that follows a file; clocks that
only run forward are left alone, as a correction of the time by an administrator or NTP leaves them.
"""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.struck import COMMAND, Trial, results_of, wait_until
from tests.run_projects import log_of

# A full lane beside other work: many whole runs, each several times slower than alone.
pytestmark = pytest.mark.timeout(1_200)
Tell = Callable[[str], None]
ROWS = "40"
DAY = 86_400


@pytest.fixture(scope="module")
def library() -> str:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    found += sorted(Path("/usr/local/lib").glob("faketime/libfaketimeMT.so.1"))
    if found:
        return str(found[0])
    reason = "libfaketime is not installed (Debian: apt-get install libfaketime)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    trial = Trial(tmp_path_factory.mktemp("undisturbed") / "run", ROWS)
    trial.finish()
    return trial.run


def without_age(run: Path) -> dict[str, Any]:
    """Results of a run; how old its market data are follows the date of the run."""
    found: dict[str, Any] = results_of(run)
    summary, manifest = json.loads(found["what it says"])
    for name in ("age_days", "stale"):
        del summary["market"][name]
    return found | {"what it says": (summary, manifest)}


def jumping(trial: Trial, library: str, first: str, then: str) -> None:
    """A run whose clock shows `first` (+3d: three days on), and `then` after 30 partitions."""
    clock = trial.folder.parent / f"{trial.folder.name}.clock"
    clock.write_text(first)
    environment = os.environ | {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with subprocess.Popen(
        [*COMMAND, *trial.arguments("--direct", "--json")], env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        wait_until(
            lambda: len(list(trial.folder.glob("trial-*/checkpoints/pruning/*.json"))) >= 30,
            process,
        )
        clock.write_text(then)
        _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors


def negative(document: Any) -> list[Any]:
    """Negative times and rates anywhere in a document."""
    if isinstance(document, dict):
        named = [
            (name, each) for name, each in document.items()
            if isinstance(each, int | float) and each < 0
            and any(part in name for part in ("seconds", "time", "_ms", "per_second", "pct"))
        ]  # fmt: skip
        return named + [found for each in document.values() for found in negative(each)]
    return []


@pytest.mark.full
@pytest.mark.parametrize(("first", "then"), [("+0d", "-3d"), ("+0d", "+5d"), ("-4000d", "+4000d")])
@pytest.mark.fault("Clock", "the wall clock shows {first}, and {then} after 30 partitions")
def test_a_clock_that_jumps_changes_no_result(
    tmp_path: Path, undisturbed: Path, library: str, first: str, then: str, came_of_it: Tell
) -> None:
    trial = Trial(tmp_path / "run", ROWS)
    jumping(trial, library, first, then)
    assert without_age(trial.run) == without_age(undisturbed)
    events = log_of(trial.run)
    stamps = [each["timestamp"] for each in events]
    assert stamps[0][:10] != stamps[-1][:10], "the clock did jump"
    summary = json.loads((trial.run / "summary.json").read_text())
    timings = summary["timings"]
    assert all(0 <= seconds < 120 for seconds in timings.values())
    assert negative(summary) == [] and [negative(each) for each in events if negative(each)] == []
    came_of_it(
        f"the same results; log from {stamps[0][:10]} to {stamps[-1][:10]}, the stages' times "
        f"{sum(timings.values()):.1f} s in all, none negative"
    )
