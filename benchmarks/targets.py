"""The performance figures of the sources, from benchmarks/targets.yaml, held against rows."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from benchmarks.rows import HIGHER_IS_WORSE, UNITS

FILE = Path(__file__).with_name("targets.yaml")
_NAMED = {"what", "document", "chapter", "said"}
_MEASURED = {"unit", "row"}


@dataclass(frozen=True)
class Target:
    """One figure of a source. Either `row`, `limit` and `unit`, or `why` the bench has no row.

    `said` is the figure in the source's words, `document` and `chapter` where it stands.
    """

    what: str
    document: str
    chapter: str
    said: str
    row: str = ""
    limit: float = math.nan
    unit: str = ""
    why: str = ""

    def factor(self, figure: float) -> float:
        """How many times better than the source's figure; under 1 is worse."""
        if self.unit in HIGHER_IS_WORSE:
            return self.limit / figure
        return figure / self.limit


@cache
def targets(file: Path = FILE) -> tuple[Target, ...]:
    """All of them, in the order of the file. Raises ValueError where one is not complete."""
    text = yaml.safe_load(file.read_text(encoding="utf-8"))
    return tuple(_target(text["documents"], given) for given in text["targets"])


def of_row(name: str) -> Target | None:
    """The most demanding target of a row."""
    found = [target for target in targets() if target.row == name]
    return min(found, key=lambda target: target.factor(1.0), default=None)


def missed(figures: Mapping[str, float]) -> list[str]:
    """A sentence for each target that a measured row is worse than."""
    return [
        f"{target.row}: {figures[target.row]:,.4g} {target.unit}, the source says {target.said} "
        f"({target.document}, {target.chapter})"
        for target in targets()
        if target.row in figures and target.factor(figures[target.row]) < 1.0
    ]


def _target(documents: Mapping[str, str], given: Mapping[str, object]) -> Target:
    what, keys = given.get("what"), set(given)
    bound = keys & {"at_most", "at_least"}
    if keys not in (_NAMED | {"why"}, _NAMED | _MEASURED | bound):
        raise ValueError(f"{FILE.name}, {what}: needs a row with its figure, or why it has none")
    if given["document"] not in documents:
        raise ValueError(f"{FILE.name}, {what}: no document {given['document']!r}")
    document, said = documents[str(given["document"])], str(given["said"])
    named = (str(what), document, str(given["chapter"]), said)
    if "why" in given:
        return Target(*named, why=str(given["why"]))
    row, unit = str(given["row"]), str(given["unit"])
    expected = {"at_most"} if unit in HIGHER_IS_WORSE else {"at_least"}
    if UNITS.get(row) != unit or bound != expected:
        raise ValueError(f"{FILE.name}, {what}: no row {row!r} that has to be {bound} in {unit}")
    return Target(*named, row, float(str(given[bound.pop()])), unit)
