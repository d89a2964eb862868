"""Structures of a run side by side, as a document: settings, figures, value, stresses."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kernels import scenarios
from pipeline.query.structures import Structure
from pipeline.reports.formats import money_symbol
from pipeline.reports.pack.document import (
    Block,
    Cell,
    Document,
    Fields,
    Figure,
    Grid,
    GridColumn,
    HeatMap,
    Prose,
    Section,
    Series,
    StackedBars,
    Style,
    Unit,
    Verdicts,
)
from pipeline.reports.pack.dossier import figure_of_row, made_at
from pipeline.reports.pack.provenance import limits, run_fields
from pipeline.reports.run.structure import (
    COST,
    DAY_ONE,
    FIGURES,
    RESERVES,
    SOURCES,
    scenario_labels,
)

_MOST_UPRIGHT: Final = 5  # structures whose columns an upright page has room for
_LONGEST_KEY: Final = 60
_DIFFERS: Final = "•"
_CAPITAL: Final = (
    ("senior_notional", "Senior"),
    ("mezz_notional", "Mezzanine"),
    ("equity_notional", "Equity"),
)
_HEAD: Final = (
    ("viability_tier", "Tier"),
    ("viable", "Meets the hard filters"),
    ("composite_score", "Composite score"),
)
_OF_STRESSES: Final[tuple[tuple[str, str, Unit], ...]] = (
    ("dscr_min", "DSCR, least, by scenario", "times"),
    ("equity_irr", "Equity IRR by scenario", "percent"),
)
_SHADING: Final = (
    "Green is the highest of the structures in a scenario, red the lowest; without colour they are "
    "equal."
)


def structures_beside(structures: Sequence[Structure], manifest: dict[str, Any]) -> Document:
    """The document of what `pipeline.query.beside.structures_beside` found in a run."""
    style = Style(str(manifest["project"]["currency"]), str(manifest["request"]["jurisdiction"]))
    sign = money_symbol(style)
    numbers = [f"{each.permutation_id:,}" for each in structures]
    return Document(
        key=_key(structures),
        title="Structures side by side",
        project=str(manifest["project"]["title"]),
        subtitle=f"Structures {', '.join(numbers[:-1])} and {numbers[-1]}",
        run_id=str(manifest["run_id"]),
        made_at=made_at(manifest),
        style=style,
        series="Comparison",
        summary=_standing(structures),
        sections=(
            Section("Settings", (_levers(structures),)),
            Section("Figures", (_figures(structures, sign), _stack(structures))),
            Section("Day-one value", _day_one(structures, sign)),
            Section("Sources and uses", (_sources_and_uses(structures, sign),)),
            Section("Under stress", _stresses(structures, manifest), new_page=True),
            Section("Where these figures come from", (Fields(run_fields(manifest)), *limits())),
        ),
    )


def _key(structures: Sequence[Structure]) -> str:
    """The numbers; many long ones are told by the first and a digest of all."""
    ids = [str(each.permutation_id) for each in structures]
    key = "-".join(ids)
    if len(key) > _LONGEST_KEY:
        key = f"{ids[0]}-and-{len(ids) - 1}-more-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    return f"structures-{key}"


def _standing(structures: Sequence[Structure]) -> tuple[Block, ...]:
    """What has no rank, and why, before anything else."""
    return tuple(
        Prose((f"Structure {each.permutation_id:,} has no rank: {each.source}.",), "lead")
        for each in structures
        if each.rank is None
    )


def _cell(structure: Structure, name: str) -> Figure:
    return figure_of_row(structure.row, name, f"beside[{structure.permutation_id}]")


def _grid(
    structures: Sequence[Structure],
    rows: Sequence[tuple[Cell, ...]],
    *,
    marked: bool = True,
    title: str = "",
    caption: str = "",
    totals: int = 0,
) -> Grid:
    """A row a figure, a column a structure; `marked` has a last one that marks differences."""
    columns = [
        GridColumn("", 1.8, right=False),
        *(GridColumn(f"{each.permutation_id:,}", millions=True) for each in structures),
    ]
    if marked:
        columns.append(GridColumn("Differs", 0.5, right=False))
        rows = [(*row, _mark(row[1:])) for row in rows]
    wide = len(structures) > _MOST_UPRIGHT
    return Grid(tuple(columns), tuple(rows), title, caption, totals, landscape=wide)


def _mark(cells: Sequence[Cell]) -> str:
    values = [each.value for each in cells if isinstance(each, Figure)]
    return _DIFFERS if any(value != values[0] for value in values) else ""


def _rows(
    structures: Sequence[Structure], names: Sequence[tuple[str, str]]
) -> list[tuple[Cell, ...]]:
    return [(label, *(_cell(each, name) for each in structures)) for name, label in names]


def _levers(structures: Sequence[Structure]) -> Block:
    levers = structures[0].levers
    if not levers:
        return Prose(("The run lets nothing vary.",))
    return _grid(structures, _rows(structures, [(name, name) for name in levers]))


def _figures(structures: Sequence[Structure], sign: str) -> Grid:
    ranks: list[Cell] = ["Rank"]
    for each in structures:
        note = "" if each.rank is not None else "not ranked"
        source = f"beside[{each.permutation_id}].rank"
        ranks.append(Figure(each.rank, "count", source, note))
    rows = [tuple(ranks), *_rows(structures, (*_HEAD, *FIGURES))]
    return _grid(structures, rows, caption=f"Amounts in {sign}m.")


def _stack(structures: Sequence[Structure]) -> StackedBars:
    return StackedBars("Financing", "Structure", _places(structures), _series(structures, _CAPITAL))


def _day_one(structures: Sequence[Structure], sign: str) -> tuple[Block, ...]:
    rows = _rows(structures, (*DAY_ONE, ("day1_cash", "Total")))
    table = _grid(structures, rows, caption=f"Amounts in {sign}m; costs are negative.", totals=1)
    parts = [part for part in DAY_ONE if any(each.row[part[0]] for each in structures)]
    if not parts:
        return (table,)
    chart = StackedBars(
        "Parts of day-one value", "Structure", _places(structures), _series(structures, parts)
    )
    return (chart, table)


def _sources_and_uses(structures: Sequence[Structure], sign: str) -> Grid:
    names = (*SOURCES, COST, *RESERVES, ("total_uses", "Total uses"))
    caption = f"Amounts in {sign}m. Sources meet the total; structuring fees are the rest of it."
    return _grid(structures, _rows(structures, names), caption=caption, totals=1)


def _series(
    structures: Sequence[Structure], names: Sequence[tuple[str, str]]
) -> tuple[Series, ...]:
    return tuple(
        Series(label, tuple(_cell(each, name) for each in structures)) for name, label in names
    )


def _places(structures: Sequence[Structure]) -> tuple[str, ...]:
    return tuple(f"{each.permutation_id:,}" for each in structures)


# -- stresses --------------------------------------------------------------------------------------
def _stresses(structures: Sequence[Structure], manifest: Mapping[str, Any]) -> tuple[Block, ...]:
    named = _scenarios(structures, manifest)
    return (
        *(
            _heat_map(structures, named, metric, title, unit)
            for metric, title, unit in _OF_STRESSES
        ),
        *_outcomes(structures, named),
    )


def _scenarios(
    structures: Sequence[Structure], manifest: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """Scenarios and their labels: with a lever's figures where all structures have the same."""
    request = manifest["request"]
    told = [
        scenario_labels({**request["base"], **each.row}, request["rulebook"]) for each in structures
    ]
    return [
        (name, told[0][number] if len({labels[number] for labels in told}) == 1 else name)
        for number, name in enumerate(scenarios.NAMES)
        if number != scenarios.BASE
    ]


def _heat_map(
    structures: Sequence[Structure],
    named: Sequence[tuple[str, str]],
    metric: str,
    title: str,
    unit: Unit,
) -> HeatMap:
    rows = [("Base case", metric), *((label, f"{name}_{metric}") for name, label in named)]
    cells = tuple(
        tuple(
            figure_of_row(each.row, column, f"beside[{each.permutation_id}]", unit)
            for each in structures
        )
        for _, column in rows
    )
    return HeatMap(
        title,
        _places(structures),
        tuple(label for label, _ in rows),
        cells,
        tuple(_shades([figure.value for figure in row]) for row in cells),
        _SHADING,
    )


def _shades(values: Sequence[Any]) -> tuple[float | None, ...]:
    """Each value's place between the lowest, -1, and the highest, 1."""
    known = [float(value) for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    if low == high:
        return (None,) * len(values)
    return tuple(
        None if value is None else 2.0 * (float(value) - low) / (high - low) - 1.0
        for value in values
    )


def _outcomes(
    structures: Sequence[Structure], named: Sequence[tuple[str, str]]
) -> tuple[Grid, Grid]:
    """Rating in each scenario, and how each stress ended; lease variants are no stresses."""
    columns = (
        GridColumn("Scenario", 1.8, right=False),
        *(GridColumn(f"{each.permutation_id:,}", right=False) for each in structures),
    )
    variants = scenarios.NAMES[: scenarios.FIRST_STRESS]
    wide = len(structures) > _MOST_UPRIGHT
    ratings = tuple(_rows(structures, [(f"{name}_rating", label) for name, label in named]))
    verdicts: tuple[tuple[Cell, ...], ...] = tuple(
        (label, *(_verdict(each, f"{name}_passed") for each in structures))
        for name, label in named
        if name not in variants
    )
    return (
        Grid(columns, ratings, "Rating by the matrix, by scenario", landscape=wide),
        Grid(columns, verdicts, "Stress tests", landscape=wide),
    )


def _verdict(structure: Structure, column: str) -> Verdicts:
    passed = structure.row[column]
    source = f"beside[{structure.permutation_id}].{column}"
    return Verdicts("none" if passed is None else "pass" if passed else "fail", source)
