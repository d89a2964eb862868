"""The next structures of the ranking beside this one, and why each ranks where it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pipeline.reports.formats import money_symbol
from pipeline.reports.pack.document import (
    Block,
    Bullets,
    Cell,
    Grid,
    GridColumn,
    Prose,
    Section,
    Unit,
)
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.lever_words import differences
from pipeline.reports.pack.standing import failed_tests
from pipeline.storage.merge import ranking

HEADING: Final = "Alternatives considered"
_SHOWN: Final = 5
_NONE: Final = "No other structure of the run passes both gates: there is no alternative to rank."
_COLUMNS: Final[tuple[tuple[str, str, Unit | None, float, bool], ...]] = (
    ("viability_tier", "Tier", None, 0.9, False),
    ("senior_rating", "Rating", None, 0.7, False),
    ("senior_notional", "Senior", "money", 1.0, True),
    ("mezz_notional", "Mezzanine", "money", 1.0, True),
    ("dscr_min", "DSCR", "times", 0.8, False),
    ("senior_wal", "WAL", "years", 0.7, False),
    ("wacc", "WACC", "percent", 0.8, False),
    ("equity_irr", "IRR", "percent", 0.8, False),
    ("day1_cash", "Day one", "money", 1.0, True),
    ("composite_score", "Score", "score", 0.7, False),
)
# What a figure of the ranking is called in a sentence, and whether more of it is better.
_WORDS: Final = {
    "composite_score": "composite score",
    "senior_notional": "senior debt",
    "wacc": "cost of capital",
    "equity_irr": "equity IRR",
    "day1_cash": "day-one value",
    "dscr_min": "least coverage",
    "senior_rating": "senior rating",
}
_TESTS: Final = (
    ("viability_tier", "tier"),
    ("senior_rating", "senior rating"),
    ("repo_eligible", "repo eligible"),
    ("stresses_passed", "all stresses passed"),
    ("viable", "meets every hard filter"),
)


@dataclass(frozen=True)
class _Other:
    """A row of the ranking at `place`, from 0."""

    place: int
    row: dict[str, Any]


def alternatives(dossier: Dossier) -> Section:
    """A table of the next structures, and a sentence each on what sets them apart."""
    shown, better = _chosen(dossier)
    if not shown:
        return Section(HEADING, (Prose((_NONE,)),))
    where = (
        "The run's ranking goes by", dossier.fact("objective"),
        "; ties go by least coverage, then return to equity, then the structure's number.",
    )  # fmt: skip
    said = "rank higher" if better else "come next in the ranking"
    blocks: tuple[Block, ...] = (
        Prose((*where, f"These structures {said}.")),
        _grid(dossier, shown),
        Bullets(tuple(_why(dossier, each) for each in shown)),
    )
    return Section(HEADING, blocks)


def _chosen(dossier: Dossier) -> tuple[tuple[_Other, ...], bool]:
    """The next ones below; where none is known below, the best ones above."""
    others = [
        _Other(place, row)
        for place, row in enumerate(dossier.ranking)
        if row["permutation_id"] != dossier.permutation_id
    ]
    rank = dossier.structure.rank
    below = [each for each in others if rank is not None and each.row["rank"] > rank]
    return tuple((below or others)[:_SHOWN]), not below


def _grid(dossier: Dossier, shown: tuple[_Other, ...]) -> Grid:
    own, money = dossier.structure.rank, money_symbol(dossier.style)
    first: Cell = "–" if own is None else dossier.column("rank", "text")
    this = (
        first, dossier.column("permutation_id", "text"),
        *(dossier.column(name, unit) for name, _, unit, _, _ in _COLUMNS),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [this]
    for each in shown:
        rows.append((
            dossier.ranked(each.place, "rank", "text"),
            dossier.ranked(each.place, "permutation_id", "text"),
            *(dossier.ranked(each.place, name, unit) for name, _, unit, _, _ in _COLUMNS),
        ))  # fmt: skip
    return Grid(
        (
            GridColumn("Rank", 0.6, right=False),
            GridColumn("Structure", 0.9, right=False),
            *(
                GridColumn(title, weight, right=name not in ("viability_tier", "senior_rating"),
                           millions=millions)
                for name, title, _, weight, millions in _COLUMNS
            ),
        ),
        tuple(rows),
        title=f"This structure, first, and others of the ranking, {money} million",
        groups=(1,),
        landscape=True,
    )  # fmt: skip


def _why(dossier: Dossier, other: _Other) -> tuple[Cell, ...]:
    """What decided, what moved it, which tests end otherwise, and which levers differ."""
    place, row = other.place, other.row
    cells: list[Cell] = [
        "Rank", dossier.ranked(place, "rank", "text"), ", structure",
        dossier.ranked(place, "permutation_id", "text"), ":",
    ]  # fmt: skip
    if not dossier.has_senior or failed_tests(dossier):
        return (
            *cells,
            "passes both gates, which this structure does not.",
            *_levers(dossier, place),
        )
    cells += _decided(dossier, other)
    for name, words in _TESTS:
        if row[name] != dossier.structure.row[name]:
            cells += [
                f"{words[:1].upper()}{words[1:]}:", dossier.ranked(place, name), "against",
                dossier.column(name), "here.",
            ]  # fmt: skip
    return (*cells, *_levers(dossier, place))


def _levers(dossier: Dossier, place: int) -> tuple[Cell, ...]:
    found = differences(dossier, place)
    return (*found, *("." for _ in found[:1]))


def _decided(dossier: Dossier, other: _Other) -> tuple[Cell, ...]:
    """The first figure of the order that differs."""
    own, row, place = dossier.structure.row, other.row, other.place
    order = [name for name, _ in ranking(dossier.run.plan.problem.objective)]
    name = next(name for name in order if row[name] != own[name])
    if name == "permutation_id":
        return ("every figure of the ranking is the same; the lower number ranks first.",)
    tied: tuple[Cell, ...] = () if name == order[0] else ("equal on the objective;",)
    compared = (
        *tied, _WORDS[name], dossier.ranked(place, name), "against", dossier.column(name), "here",
    )  # fmt: skip
    if name != "composite_score":
        return (*compared, ".")
    return (*compared, *_component(dossier, other))


def _component(dossier: Dossier, other: _Other) -> tuple[Cell, ...]:
    """The part of the score that sets the two apart most, in the direction of the difference."""
    parts = _parts(dossier, dossier.structure.row), _parts(dossier, other.row)
    if not parts[0] or not parts[1]:
        return (".",)
    apart = {name: parts[1][name] - parts[0][name] for name in parts[0]}
    worse = other.row["composite_score"] < dossier.structure.row["composite_score"]
    name = min(apart, key=lambda each: apart[each] if worse else -apart[each])
    return (
        ", most by its", _WORDS[name], "of", dossier.ranked(other.place, name), "against",
        dossier.column(name), ".",
    )  # fmt: skip


def _parts(dossier: Dossier, row: dict[str, Any]) -> dict[str, float]:
    """The score's five parts, each with its weight; empty where a figure is undefined.

    They decide which part a sentence names and are not shown: the formula and its numbers are the
    step verdict.composite_score.
    """
    step = dossier.steps.get("verdict.composite_score")
    if step is None or any(row[name] is None for name in _WORDS if name != "equity_irr"):
        return {}
    g = {given.symbol: float(given.value) for given in step.inputs
         if isinstance(given.value, (int, float))}  # fmt: skip
    score = dossier.manifest["request"]["rulebook"]["ratings"]["score"][row["senior_rating"]]
    return {
        "senior_notional": g["w1"] * row["senior_notional"] / (g["unit_s"] * g["scale"]),
        "wacc": g["w2"] * (g["top"] - row["wacc"]) / g["top"],
        "day1_cash": g["w3"] * row["day1_cash"] / (g["unit_d"] * g["scale"]),
        "dscr_min": g["w4"] * min(row["dscr_min"] / g["full"], 1.0),
        "senior_rating": g["w5"] * score,
    }
