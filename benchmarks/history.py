"""What was recorded: benchmarks/history.jsonl, one line a record, oldest first."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.machine import C_LOOP, Row
from benchmarks.rows import HIGHER_IS_WORSE, UNITS

FILE = Path(__file__).with_name("history.jsonl")
WORSE_BY = 0.10
# Load for each core from which on others were at work: before the bench, and at its end, when it
# has kept one core or both busy itself.
_BUSY_BEFORE, _BUSY_AFTER = 0.5, 1.5


@dataclass(frozen=True)
class Record:
    """One line: what it was measured on and its rows by name, those without a figure left out."""

    about: dict[str, Any]
    rows: dict[str, Row] = field(repr=False)

    @property
    def machine(self) -> tuple[str, int]:
        """Records are comparable on the same processor with as many cores."""
        return str(self.about["processor"]), int(self.about["cores"])

    @property
    def was_busy(self) -> bool:
        """Whether others used the machine, as far as the load before and after tells."""
        before, after = float(self.about["load"]), float(self.about["load_after"])
        cores = int(self.about["cores"])
        return before > _BUSY_BEFORE * cores or after > _BUSY_AFTER * cores

    def figure(self, name: str) -> float:
        """The figure of a row, NaN where the record has none."""
        return self.rows[name].figure if name in self.rows else math.nan


@dataclass(frozen=True)
class Regression:
    """A row that is worse than it was; `c_loop` is what the C loop's own figure changed by."""

    name: str
    unit: str
    before: float
    now: float
    since: Record
    c_loop: float | None

    @property
    def worse_by(self) -> float:
        """Share of the earlier figure: more time, or less of the work."""
        change = self.now / self.before - 1.0
        return change if self.unit in HIGHER_IS_WORSE else -change


def records(file: Path = FILE) -> list[Record]:
    """All records of a file; rows that lines of earlier versions lack are simply not there."""
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        about = json.loads(line)
        rows = [Row(**row) for row in about.pop("rows") if row["figure"] is not None]
        found.append(Record(about, {row.what: row for row in rows}))
    return found


def comparable(all_records: list[Record]) -> list[Record]:
    """Those of the last record's machine, it among them."""
    return [record for record in all_records if record.machine == all_records[-1].machine]


def regressions(all_records: list[Record]) -> list[Regression]:
    """Rows of the last record that are worse by more than WORSE_BY than the last time.

    The last time is the latest earlier record of the same machine that has the row.
    """
    *earlier, last = comparable(all_records)
    found = []
    for name, unit in UNITS.items():
        since = next((record for record in reversed(earlier) if name in record.rows), None)
        if since is None or name not in last.rows:
            continue
        row, before = last.rows[name], since.rows[name]
        one = Regression(name, unit, before.figure, row.figure, since, _c_loop(before, row))
        if one.worse_by > WORSE_BY:
            found.append(one)
    return found


def _c_loop(before: Row, row: Row) -> float | None:
    if before.limit is None or row.limit is None or {before.beside, row.beside} != {C_LOOP}:
        return None
    return row.limit / before.limit - 1.0
