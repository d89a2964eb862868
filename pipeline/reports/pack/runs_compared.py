"""Two runs compared, as a document: what was asked differently, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kernels import codes
from pipeline.columns import BY_NAME
from pipeline.escape import path_part
from pipeline.reports.formats import money_symbol
from pipeline.reports.pack.document import (
    Block,
    Cell,
    Document,
    Field,
    Fields,
    Figure,
    Grid,
    GridColumn,
    LineChart,
    Prose,
    Section,
    Series,
    StackedBars,
    Style,
    Tiles,
    Unit,
)
from pipeline.reports.pack.dossier import made_at, unit_of
from pipeline.reports.pack.provenance import limits, run_fields
from pipeline.reports.run.reasons import TITLES
from pipeline.reports.run.structure import FIGURES

Found = Mapping[str, Any]
Manifest = dict[str, Any]
_SIDES: Final = (("old", "First run"), ("new", "Second run"))
_TOTALS: Final[dict[str, tuple[str, Unit]]] = {
    "total_scenarios": ("Structures examined", "count"),
    "survivors": ("Passed both gates", "count"),
    "fully_funded_scenarios": ("Fully funded", "count"),
    "viable_scenarios": ("Meet the hard filters", "count"),
    "near_misses": ("Near misses", "count"),
    "avg_senior": ("Senior debt, mean of those that passed", "money"),
    "max_senior": ("Senior debt, largest", "money"),
    "max_day1": ("Day-one value, largest", "money"),
    "best_dscr": ("DSCR, highest", "times"),
    "best_wacc": ("WACC, lowest", "percent"),
    "best_irr": ("Equity IRR, highest", "percent"),
}
_STEPS: Final = {
    "examined": "Examined",
    "passed_gate_a": "Passed Gate A",
    "passed_gate_b": "Passed Gate B",
    "fully_funded": "Fully funded",
}
_BEST: Final = {
    **dict(FIGURES),
    "viability_tier": "Tier",
    "day1_cash": "Day-one value",
    "composite_score": "Composite score",
}
_PARTS: Final = {
    "project": "Project", "base": "Inputs", "switches": "Overlays", "levers": "Levers",
    "run": "Question", "market": "Market file", "rulebook": "Rulebook",
}  # fmt: skip
_OTHER: Final = "Terms, parties and engine"


def runs_compared(found: Found, manifests: tuple[Manifest, Manifest]) -> Document:
    """The document of what `pipeline.query.comparison.compare_runs` found, `old` first."""
    later = max(manifests, key=made_at)
    old, new = manifests
    titles = dict.fromkeys(str(manifest["project"]["title"]) for manifest in manifests)
    style = Style(str(new["project"]["currency"]), str(new["request"]["jurisdiction"]))
    return Document(
        key=f"runs-{path_part(str(found['new']))}",
        title="Two runs compared",
        project=" and ".join(titles),
        subtitle=f"{found['old']} and {found['new']}",
        run_id=str(later["run_id"]),
        made_at=made_at(later),
        style=style,
        series="Comparison",
        summary=_summary(found, manifests),
        sections=(
            Section("What was asked differently", _asked(found["inputs"])),
            Section("What came of it", _outcome(found, manifests), new_page=True),
            Section("The optimal structure of each", _optimal(found, manifests), new_page=True),
            Section("Structures that moved", _moved(found)),
            Section(
                "Where these figures come from",
                (
                    Fields(run_fields(old, "old.run"), "First run"),
                    Fields(run_fields(new, "new.run"), "Second run"),
                    *limits(),
                ),
                new_page=True,
            ),
        ),
    )


def _figure(side: str, place: str, row: Found, unit: Unit, why: str = "") -> Figure:
    value = row[side]
    shown = unit_of("", value) if isinstance(value, (str, bool)) else unit
    return Figure(value, shown, f"{side}.{place}", why if value is None else "")


def _summary(found: Found, manifests: Sequence[Manifest]) -> tuple[Block, ...]:
    runs: list[Cell] = []
    for (side, label), manifest in zip(_SIDES, manifests, strict=True):
        made = Figure(made_at(manifest).date(), "date", f"{side}.run.created_at")
        runs += [f"{label}: ", Figure(manifest["run_id"], "text", f"{side}.run.run_id"), " of "]
        runs += [made, ". "]
    totals = {row["name"]: row for row in found["totals"]}
    tiles = []
    for name in ("survivors", "fully_funded_scenarios", "best_irr", "best_wacc"):
        label, unit = _TOTALS[name]
        figures = tuple(_figure(side, f"totals[{name}]", totals[name], unit) for side, _ in _SIDES)
        tiles.append(Field(label, (figures[0], " → ", figures[1])))
    return (Prose(tuple(runs), "lead"), Tiles(tuple(tiles)))


# -- what was asked --------------------------------------------------------------------------------
def _asked(inputs: Sequence[Found]) -> tuple[Block, ...]:
    if not inputs:
        return (Prose(("The two runs were asked the same.",)),)
    columns = (
        GridColumn("Input", 2.2, right=False),
        *(GridColumn(label, 1.4, right=False) for _, label in _SIDES),
    )
    parts: dict[str, list[tuple[Cell, ...]]] = {}
    for row in inputs:
        first, _, rest = str(row["path"]).partition(".")
        title = _PARTS.get(first, _OTHER)
        shown = rest if first in _PARTS and rest else str(row["path"])
        cells = (
            _figure(side, f"inputs[{row['path']}]", row, "number", "not given")
            for side, _ in _SIDES
        )
        parts.setdefault(title, []).append((shown, *cells))
    return tuple(Grid(columns, tuple(rows), title) for title, rows in parts.items())


# -- what came of it -------------------------------------------------------------------------------
def _outcome(found: Found, manifests: Sequence[Manifest]) -> tuple[Block, ...]:
    totals = [
        _row(label, f"totals[{name}]", row, unit)
        for row in found["totals"]
        for name in [row["name"]]
        for label, unit in [_TOTALS[name]]
    ]
    tiers = [_row(row["name"], f"tiers[{row['name']}]", row, "count") for row in found["tiers"]]
    gates = [
        _row(_of_gate(row["name"]), f"gates[{row['name']}]", row, "count") for row in found["gates"]
    ]
    blocks: list[Block] = [
        Grid(_columns(manifests), tuple(totals), "Outcome", _caption(manifests)),
        _funnel(found["funnel"]),
        Grid(_columns(manifests, money=False), tuple(tiers), "Tiers"),
    ]
    chart = _tiers(found["tiers"])
    if chart is not None:
        blocks.append(chart)
    blocks.append(
        Grid(
            _columns(manifests, money=False),
            tuple(gates),
            "Gates",
            "A structure is counted under every test that it fails.",
        )
    )
    return tuple(blocks)


def _of_gate(name: str) -> str:
    gate, _, reason = name.partition(".")
    return f"Gate {gate.upper()}: {TITLES.get(reason, reason)}"


def _funnel(steps: Sequence[Found]) -> LineChart:
    return LineChart(
        "Structures left after each step, in percent of those examined",
        "Step",
        tuple(_STEPS[step["name"]] for step in steps),
        tuple(
            Series(
                label,
                tuple(
                    Figure(step[f"{side}_pct"], "share", f"{side}_pct.funnel[{step['name']}]")
                    for step in steps
                ),
                dashed=side == "new",
            )
            for side, label in _SIDES
        ),
    )


def _tiers(rows: Sequence[Found]) -> StackedBars | None:
    """Those that passed, by tier, the best at the bottom; none: no chart."""
    by_name = {row["name"]: row for row in rows}
    passed = [name for name in reversed(codes.TIER_NAMES[1:]) if name in by_name]
    if not any(by_name[name][side] for name in passed for side, _ in _SIDES):
        return None
    return StackedBars(
        "Structures that passed both gates, by tier",
        "Run",
        tuple(label for _, label in _SIDES),
        tuple(
            Series(
                name,
                tuple(
                    _figure(side, f"tiers[{name}]", by_name[name], "count") for side, _ in _SIDES
                ),
            )
            for name in passed
        ),
    )


def _optimal(found: Found, manifests: Sequence[Manifest]) -> tuple[Block, ...]:
    why = "no structure passed both gates"
    numbers: list[Cell] = ["Structure"]
    for place, (side, _) in enumerate(_SIDES):
        number = found["optimal"][place]
        note = why if number is None else ""
        numbers.append(Figure(number, "count", f"{side}.optimal", note))
    rows: list[tuple[Cell, ...]] = [(*numbers, "")]
    for row in found["best"]:
        unit = unit_of(BY_NAME[row["name"]].unit, None)
        rows.append(_row(_BEST[row["name"]], f"best[{row['name']}]", row, unit, why))
    return (Grid(_columns(manifests), tuple(rows), caption=_caption(manifests)),)


def _columns(manifests: Sequence[Manifest], *, money: bool = True) -> tuple[GridColumn, ...]:
    """A figure in both runs, and the change; money in millions of each run's currency."""
    signs = [f", {_sign(manifest)}m" if money else "" for manifest in manifests]
    change = signs[1] if _one_currency(manifests) else ""
    return (
        GridColumn("", 2.0, right=False),
        *(
            GridColumn(f"{label}{sign}", millions=money)
            for (_, label), sign in zip(_SIDES, signs, strict=True)
        ),
        GridColumn(f"Change{change}", millions=money),
    )


def _caption(manifests: Sequence[Manifest]) -> str:
    text = "Amounts in millions; changes of percentages in percentage points."
    if not _one_currency(manifests):
        text += " The runs are in two currencies: their amounts have no difference."
    return text


def _row(label: str, place: str, row: Found, unit: Unit, why: str = "") -> tuple[Cell, ...]:
    change: Cell = "" if row["change"] is None else _figure("change", place, row, unit)
    return (label, *(_figure(side, place, row, unit, why) for side, _ in _SIDES), change)


def _sign(manifest: Manifest) -> str:
    return money_symbol(Style(str(manifest["project"]["currency"])))


def _one_currency(manifests: Sequence[Manifest]) -> bool:
    return len({manifest["project"]["currency"] for manifest in manifests}) == 1


# -- what moved ------------------------------------------------------------------------------------
def _moved(found: Found) -> tuple[Block, ...]:
    told = found["structures"]
    if not told["comparable"]:
        text = "The runs vary different levers: their structures cannot be matched."
        return (Prose((text,)),)
    names = ("in_both", "only_old", "only_new", "moved_tier")
    both, first, second, moved = (
        Figure(told[name], "count", f"structures.{name}") for name in names
    )
    counted = Prose(
        (
            both, " structures survived in both, ", first, " only in the first run and ", second,
            " only in the second; ", moved, " of those in both changed tier.",
        )
    )  # fmt: skip
    if not told["moved"]:
        return (counted,)
    return (counted, _ranks(told["moved"]), _table(told["moved"]))


def _ranks(moved: Sequence[Found]) -> LineChart:
    """From rank to rank: the lower, the better."""
    return LineChart(
        "Ranks of the structures that moved most",
        "Run",
        tuple(label for _, label in _SIDES),
        tuple(
            Series(
                f"{row['new_permutation_id']:,}",
                tuple(
                    Figure(row[f"{side}_rank"], "count", f"{side}_rank.moved[{place}]")
                    for side, _ in _SIDES
                ),
            )
            for place, row in enumerate(moved, 1)
        ),
        caption="Rank 1 is the best. Structures by their number in the second run.",
    )


def _table(moved: Sequence[Found]) -> Grid:
    headings: tuple[tuple[str, str, Unit], ...] = (
        ("permutation_id", "Structure", "count"),
        ("tier", "Tier", "text"),
        ("rank", "Rank", "count"),
    )
    columns = tuple(
        GridColumn(f"{label}, {run.lower()}", right=unit == "count")
        for _, label, unit in headings
        for _, run in _SIDES
    )
    rows = tuple(
        tuple(
            Figure(row[f"{side}_{name}"], unit, f"{side}_{name}.moved[{place}]")
            for name, _, unit in headings
            for side, _ in _SIDES
        )
        for place, row in enumerate(moved, 1)
    )
    return Grid(columns, rows, "Most tiers first, then most ranks")
