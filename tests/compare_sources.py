"""What the sources of figures of comparisons say, read from what `compare --json` prints."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.pack_sources import Told, UnknownSourceError, at, printed

_ENTRY = re.compile(
    r"(?P<field>old|new|change|old_pct|new_pct)\.(?P<part>\w+)\[(?P<name>.*)\]", re.DOTALL
)
_MOVED = re.compile(r"(?P<field>\w+)\.moved\[(?P<place>\d+)\]")
_BESIDE = re.compile(r"beside\[(?P<number>\d+)\]\.(?P<column>\w+)")


class ToldOfTwo:
    """What `atlas-forge compare RUN_A RUN_B --json` and the manifests of both runs tell."""

    def __init__(self, out: Path, old: str, new: str) -> None:
        self._found = printed("compare", old, new, "--out", out)
        self._runs = {"old": Told(out, old, 0), "new": Told(out, new, 0)}

    def value(self, source: str) -> Any:
        """The value at a source. Raises UnknownSourceError."""
        found, side = self._found, source[:3]
        if (place := _MOVED.fullmatch(source)) is not None:
            return at(found["structures"]["moved"], f"[{int(place['place']) - 1}].{place['field']}")
        if (entry := _ENTRY.fullmatch(source)) is not None:
            rows = [row for row in found.get(entry["part"], ())
                    if row.get("name", row.get("path")) == entry["name"]]  # fmt: skip
            if len(rows) != 1:
                raise UnknownSourceError(source)
            return at(rows[0], entry["field"])
        if source.startswith("structures."):
            return at(found, source)
        if source in ("old.optimal", "new.optimal"):
            return found["optimal"][source == "new.optimal"]
        if source.startswith(("old.run.", "new.run.")):
            return self._runs[side].value(source[4:])
        raise UnknownSourceError(source)


class ToldOfSeveral:
    """What `atlas-forge compare RUN A B … --json` and the run's manifest tell."""

    def __init__(self, out: Path, run_id: str, numbers: list[int]) -> None:
        self._found = printed("compare", run_id, *numbers, "--out", out)
        self._run = Told(out, run_id, numbers[0])
        self._places = {number: place for place, number in enumerate(numbers)}

    def value(self, source: str) -> Any:
        """The value at a source. Raises UnknownSourceError."""
        if source.startswith("run."):
            return self._run.value(source)
        found = _BESIDE.fullmatch(source)
        if found is None or int(found["number"]) not in self._places:
            raise UnknownSourceError(source)
        place = self._places[int(found["number"])]
        if found["column"] == "rank":
            return self._found["structures"][place]["rank"]
        columns = [each for each in self._found["columns"] if each["name"] == found["column"]]
        if len(columns) != 1:
            raise UnknownSourceError(source)
        return columns[0]["values"][place]
