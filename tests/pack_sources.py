"""What the source of a figure says, read where a stranger would read it.

Nothing here goes through the models that documents are made from: steps and tables are those that
`atlas-forge explain RUN ID --json` prints, rows are read from ranked.parquet (of a structure that
is not in it, from `atlas-forge show RUN ID --json`), and the rest from manifest.json, summary.json
and the project file. Periods of the waterfall and the timetable are worked out another way in
tests/pack_periods.py and tests/pack_timetable.py.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import math
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from pipeline.cli.main import run_command
from pipeline.inputs.timetable import TASKS
from tests.pack_periods import Worked, cash, over
from tests.pack_timetable import TENORS, Plan, as_date, months_after, working_days

_CELL = re.compile(r"(?P<table>[a-z0-9_.]+)\[(?P<key>.*)\]\.(?P<column>\w+)", re.DOTALL)
_PLACE = re.compile(r"ranking\[(?P<rank>\d+)\]\.(?P<column>\w+)")
_PLAN = re.compile(r"plan\.milestones\[(?P<task>\w+)\]\.(?P<part>start|end|days|slack)")


class UnknownSourceError(AssertionError):
    """A source that names nothing."""


def printed(*arguments: object) -> dict[str, Any]:
    """The JSON document that a command prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert run_command([*map(str, arguments), "--json"]) == 0
    found = json.loads(out.getvalue())
    assert isinstance(found, dict)
    return found


def at(document: Any, path: str) -> Any:
    """A leaf by its path; raises UnknownSourceError where there is none.

    Names with dots in them, such as keys of rules, are taken as they stand.
    """
    if path == "":
        return document
    listed = re.match(r"\[(\d+)\]\.?(.*)", path, re.DOTALL)
    if listed and isinstance(document, list) and int(listed[1]) < len(document):
        return at(document[int(listed[1])], listed[2])
    if isinstance(document, dict):
        for name in document:
            rest = path.removeprefix(str(name))
            if path.startswith(str(name)) and (rest == "" or rest[0] in ".["):
                with contextlib.suppress(UnknownSourceError):
                    return at(document[name], rest.removeprefix("."))
    raise UnknownSourceError(path)


class Told:
    """All that a run tells of one structure."""

    def __init__(self, out: Path, run_id: str, number: int, project: Path | None = None) -> None:
        self.folder, self.number = out / run_id, number
        self._out, self._run_id, self._project = out, run_id, project

    # -- what is read ---------------------------------------------------------------------------
    @cached_property
    def explained(self) -> dict[str, Any]:
        return printed("explain", self._run_id, self.number, "--out", self._out)

    @cached_property
    def steps(self) -> dict[str, dict[str, Any]]:
        found = [step for section in self.explained["sections"] for step in section["steps"]]
        assert len({step["id"] for step in found}) == len(found)
        return {step["id"]: step for step in found}

    @cached_property
    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Rows of every table, each by its columns' names; the first column is the key."""
        found = {}
        for section in self.explained["sections"]:
            for table in section["tables"]:
                names = [column["name"] for column in table["columns"]]
                found[table["id"]] = [dict(zip(names, row, strict=True)) for row in table["rows"]]
        return found

    @cached_property
    def manifest(self) -> dict[str, Any]:
        return json.loads((self.folder / "manifest.json").read_text())

    @cached_property
    def summary(self) -> dict[str, Any]:
        return json.loads((self.folder / "summary.json").read_text())

    @cached_property
    def ranked(self) -> Any:
        return pq.read_table(self.folder / "ranked.parquet")

    @cached_property
    def row(self) -> dict[str, Any]:
        """The stored row; of what did not survive, the figures that `show` computes."""
        ids = self.ranked["permutation_id"].to_pylist()
        if self.number in ids:
            return self.ranked.slice(ids.index(self.number), 1).to_pylist()[0]
        shown = printed("show", self._run_id, self.number, "--out", self._out)
        return {"permutation_id": self.number, **shown["figures"], **shown["levers"]}

    @cached_property
    def names(self) -> dict[str, Any]:
        """`parties` and `deal` as the project file has them."""
        if self._project is None:
            return self.manifest["names"]
        return yaml.safe_load(self._project.read_text())

    # -- what a source says ---------------------------------------------------------------------
    def value(self, source: str) -> Any:
        """The value at a source. Raises UnknownSourceError."""
        first, _, rest = source.partition(".")
        whole, _, part = source.partition("@")
        step, _, symbol = source.partition(":")
        if source in self.steps:
            return self.steps[source]["result"]
        if part and whole in self.steps:
            return (self.steps[whole]["bound"] or {part: None})[part]
        if symbol and step in self.steps:
            given = [each for each in self.steps[step]["inputs"] if each["symbol"] == symbol]
            if len(given) == 1:
                return given[0]["value"]
        if (found := _PLACE.fullmatch(source)) is not None:
            return self._at_rank(int(found["rank"]), found["column"])
        if (found := _PLAN.fullmatch(source)) is not None:
            return self._planned(found["task"], found["part"])
        if (found := _CELL.fullmatch(source)) is not None:
            return self._in_table(found["table"], found["key"], found["column"])
        if first == "plan":
            return self._of_plan(rest)
        match first:
            case "row":
                return at(self.row, rest)
            case "run":
                return self._of_run(rest)
            case "input":
                return self._input(rest)
            case "setting":
                return at(self.explained["settings"], rest)
            case "rulebook" | "market":
                return at(self.manifest["request"][first], rest)
            case "project":
                return at(self.manifest, source)
            case "deal" | "parties":
                return self._named(source)
        raise UnknownSourceError(source)

    def knows(self, source: str) -> bool:
        """Whether the source is a figure of a step or of a table that this structure has."""
        found = _CELL.fullmatch(source)
        if found is not None:
            rows = self.tables.get(found["table"]) or self._periods.get(found["table"]) or [{}]
            return found["column"] in rows[0]
        return re.split("[@:]", source)[0] in self.steps

    def is_missing(self, source: str, elsewhere: Iterable[Told]) -> bool:
        """Whether this structure has no such step or table, which another one has."""
        return not self.knows(source) and any(each.knows(source) for each in elsewhere)

    def _at_rank(self, rank: int, column: str) -> Any:
        row = self.ranked.slice(rank - 1, 1).to_pylist()[0]
        assert row["rank"] == rank
        return at(row, column)

    def _of_run(self, path: str) -> Any:
        if path == "created_at":
            return datetime.fromisoformat(self.manifest["created_at"]).astimezone(UTC).date()
        if path == "market.age_days":
            return self.summary["market"]["age_days"]
        return at(self.manifest, path)

    def _input(self, name: str) -> Any:
        """A lever's value in this structure, else what steps were given, else the base case."""
        settings = self.explained["settings"]
        for lever in self.manifest["request"]["levers"]:
            for option in lever["options"]:
                if name in option and _label(option, lever["name"]) == settings[lever["name"]]:
                    return option[name]
        return at(self.manifest["request"]["base"], name)

    def _named(self, path: str) -> Any:
        return at(self.names, path)

    # -- tables ---------------------------------------------------------------------------------
    def _in_table(self, table: str, key: str, column: str) -> Any:
        rows = self.tables.get(table)
        if rows is None:
            rows = self._periods.get(table)
        if rows is None:
            raise UnknownSourceError(f"{table} is no table")
        found = [row for row in rows if str(next(iter(row.values()))) == key]
        if len(found) != 1 or column not in found[0]:
            raise UnknownSourceError(f"{table}[{key}].{column}")
        return found[0][column]

    @cached_property
    def _periods(self) -> dict[str, list[dict[str, Any]]]:
        """The months of the waterfall added up by quarter, year and over the life."""
        months = self.tables.get("waterfall.months")
        if months is None:
            return {}
        quarters = [months[first : first + 3] for first in range(0, len(months), 3)]
        years = [months[first : first + 12] for first in range(0, len(months), 12)]
        return {
            "waterfall.quarters": [
                {"quarter": number, **over(rows)} for number, rows in enumerate(quarters, 1)
            ],
            "waterfall.years": [
                {**over(rows), "year": number} for number, rows in enumerate(years, 1)
            ],
            "waterfall.totals": [{"life": "life", **over(months), "year": None}],
            "waterfall.cash": [
                *({"year": number, **cash(rows)} for number, rows in enumerate(years, 1)),
                {"year": "life", **cash(months)},
            ],
        }

    # -- the timetable --------------------------------------------------------------------------
    @cached_property
    def _plan(self) -> Plan:
        return Plan(self._tasks, self._deal.get("milestone_days") or {})

    @property
    def _deal(self) -> dict[str, Any]:
        return self.names.get("deal") or {}

    def _of_plan(self, name: str) -> Any:
        """Length of the timetable, days to spare, and the dates that hang on the issue."""
        if name == "days":
            return self._plan.whole
        if name == "spare":
            return abs(self._spare())
        years = TENORS.get(name)
        if years is None:
            raise UnknownSourceError(f"plan.{name}")
        start = (self.manifest["request"]["project"] or {}).get("construction_start")
        issue = as_date(self._deal.get("issue_date") or start)
        assert issue is not None
        months = self._input("ConstructionToCODMonths_23")
        if years:
            months += int(12 * float(self._input(years)) + 0.5)
        return months_after(issue, round(months))

    def _spare(self) -> int:
        """Working days from the end of the plan to the close that is asked for."""
        deal, jurisdiction = self._deal, self.manifest["request"]["jurisdiction"]
        start, close = (
            as_date(deal["start_date"]),
            as_date(deal.get("target_close_date") or deal["issue_date"]),
        )
        assert start is not None and close is not None
        days = list(itertools.islice(working_days(start, 1, jurisdiction), 1_000))
        return sum(day <= close for day in days) - self._plan.whole

    def _planned(self, task_id: str, part: str) -> Any:
        plan = self._plan
        if task_id not in plan.days:
            raise UnknownSourceError(task_id)
        if part == "days":
            return plan.days[task_id]
        if part == "slack":
            return plan.whole - plan.through(task_id)
        start = plan.earliest(task_id)
        # what takes no day is done on the day on which that before it ends
        first = start if plan.days[task_id] else max(0, start - 1)
        day = first if part == "start" else max(first, start + plan.days[task_id] - 1)
        return self._dated(day, plan.whole)

    @property
    def _tasks(self) -> dict[str, Any]:
        """Tasks that this structure needs."""
        row, deal = self.row, self.manifest["request"]
        needed = {"always"}
        senior = bool(row["senior_notional"])
        if row["mezz_notional"]:
            needed.add("mezzanine")
        if senior and self._input("MonolineWrapFlag_57") != "None":
            needed.add("wrap")
        if senior and (row["derivatives"] or row["day1_currency_swap"]):
            needed.add("hedges")
        letter = deal["covenants"]["dsra_funding"] == "LetterOfCredit"
        if senior and (self._input("LiquidityFacilityMonths_60") or letter):
            needed.add("facility")
        return {task.id: task for task in TASKS if task.needed in needed}

    def _dated(self, day: int, whole: int) -> int | date:
        """The working day `day` of a plan of `whole` days: a date where the deal gives one."""
        deal = self._deal
        given = {name: as_date(deal.get(name)) for name in
                 ("start_date", "target_close_date", "issue_date")}  # fmt: skip
        jurisdiction = self.manifest["request"]["jurisdiction"]
        if given["start_date"] is not None:
            days = working_days(given["start_date"], 1, jurisdiction)
            return next(each for place, each in enumerate(days) if place == day)
        close = given["target_close_date"] or given["issue_date"]
        if close is None:
            return day
        back = working_days(close, -1, jurisdiction)
        return next(each for place, each in enumerate(back) if place == max(0, whole - 1) - day)


def _label(option: dict[str, Any], lever: str) -> Any:
    """A lever's option as `explain` names it: its value, or the parts of a compound one."""
    if list(option) == [lever]:
        return option[lever]
    parts = [f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
             for name, value in option.items() if name != lever]  # fmt: skip
    return ", ".join(parts) or option.get(lever)


def same(found: Any, told: Any) -> bool:
    """Equal to the last bit, signs of nought among it; sums that are worked out here nearly."""
    if isinstance(told, Worked):
        return isinstance(found, float) and math.isclose(
            found, told.value, rel_tol=1e-12, abs_tol=1e-6
        )
    if isinstance(found, date):
        return found == (told if isinstance(told, date) else as_date(told))
    if isinstance(found, bool) or isinstance(told, bool):
        return found is told
    if isinstance(found, (int, float)) and isinstance(told, (int, float)):
        return found == told and math.copysign(1.0, found) == math.copysign(1.0, told)
    if isinstance(told, list):
        told = ", ".join(f"{each:g}" for each in told)
    return type(found) is type(told) and bool(found == told)
