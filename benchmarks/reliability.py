"""`make reliability`: what the fault matrix showed, row by row, into docs/reliability.md.

Reads the files that pytest wrote with `--fault-table`; of a test in several, the last row counts.
A failed row is published as failed, and ends this with 1.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import ROOT, commit, load, processor

REPORT = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
AREAS = ("Processes", "Signals", "Workers", "Scheduler", "Cluster", "Disk", "Checkpoints", "Clock",
         "Memory")  # fmt: skip
RESULTS = {"passed": "held", "failed": "**FAILED**", "skipped": "not tried"}

Row = dict[str, Any]


def rows_of(files: Iterable[Path]) -> list[Row]:
    """The last row of each test, in the order of the files."""
    found: dict[str, Row] = {}
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            found[row["test"]] = row
    return list(found.values())


def by_area(rows: list[Row]) -> dict[str, list[Row]]:
    """Rows by area: the areas known here in their order, then the others."""
    named = sorted({row["area"] for row in rows} - set(AREAS))
    ordered = {area: [row for row in rows if row["area"] == area] for area in (*AREAS, *named)}
    return {area: found for area, found in ordered.items() if found}


def cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def section(area: str, rows: list[Row]) -> str:
    """One area as Markdown."""
    held = sum(row["result"] == "passed" for row in rows)
    lines = [
        f"### {area}: {held} of {len(rows)} held",
        "",
        "| fault | what came of it | seconds | | test |",
        "|---|---|--:|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {cell(row['fault'])} | {cell(row['outcome']) or '-'} | {row['seconds']:,.1f} "
            f"| {RESULTS[row['result']]} | `{row['test'].replace('|', '/')}` |"
        )
    return "\n".join(lines)


def page(rows: list[Row], about: str) -> str:
    """What stands between the marks."""
    results = Counter(row["result"] for row in rows)
    total = sum(row["seconds"] for row in rows)
    said = (
        f"{about} {len(rows)} rows: {results['passed']} held, {results['failed']} failed, "
        f"{results['skipped']} not tried; {total / 60:,.0f} minutes in all."
    )
    areas = [section(area, found) for area, found in by_area(rows).items()]
    return "\n\n".join([said, *areas])


def main(files: list[str]) -> int:
    rows = rows_of(Path(file) for file in files)
    about = (
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit()}, {processor()}, load {load():.1f} at the "
        "end."
    )
    before, _, rest = REPORT.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    text = f"{before}{BEGIN}\n\n{page(rows, about)}\n\n{END}{after}"
    REPORT.write_text(text, encoding="utf-8")
    failed = [row["test"] for row in rows if row["result"] == "failed"]
    print(
        f"{REPORT.relative_to(ROOT)}: {len(rows)} rows, {len(failed)} failed", *failed, sep="\n  "
    )
    return 1 if failed or not rows else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
