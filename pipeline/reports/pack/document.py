"""What a document says, as plain frozen values: renderers draw this and compute nothing.

A document is sections of blocks; a block is text, labelled values, a table or a chart. Every figure
is a `Figure`: its value as the run has it, the unit it is written in, and the place in the run that
it was taken from, so that a test can look each one up (tests/unit/reports/test_every_figure.py).

Sources of figures, as `pipeline.reports.pack.dossier` gives them:

    senior.notional               result of a step of `explain`
    senior.by_dscr:target         an input of that step's formula
    gate_a.advance_factor_breach@limit   of its test: actual, limit, headroom, verdict
    stresses.table[rate_up].dscr_min     a cell of a table of `explain`, by the row's first column
    row.wacc                      a column of the structure's row in ranked.parquet
    input.SeniorCoupon_38         a catalogue variable as this structure has it
    setting.zcis_5y               a lever's value, under the lever's name
    run.seed, project.title       the run's manifest; rulebook.rules.RK-TENOR-001 its rulebook
    deal.isin, parties.trustee    the project file's blanks
    plan.milestones[3].end        a date that the deal's calendar gives
    ranking[2].wacc               another structure of the ranking, by rank

Documents of comparisons have other ones:

    old.totals[survivors]         an entry of `compare RUN_A RUN_B --json`: old, new, change, …
    new_rank.moved[3]             of its structures that moved, by place; structures.in_both
    old.run.seed                  the manifest of either run
    names.sha256                  the file of `pack --project`
    beside[161663].wacc           of `compare RUN A B --json`, a column by the structure's number
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Unit = Literal[
    "text", "flag", "count", "number", "money", "percent", "share", "ratio", "times", "years",
    "months", "bps", "date", "score", "notches", "days", "mw",
]  # fmt: skip
Value = str | int | float | bool | date | None
Verdict = Literal["pass", "fail", "warn", "off", "none"]


@dataclass(frozen=True)
class Figure:
    """A value, its unit and its source. None is undefined: `note` says why.

    `ratio` is a fraction that is written in percent, `share` a percentage that needs one digit;
    money is in the project's currency.
    """

    value: Value
    unit: Unit
    source: str
    note: str = ""


@dataclass(frozen=True)
class Blank:
    """What the run does not know and a person fills in; `source` is the project file's field."""

    source: str


@dataclass(frozen=True)
class Verdicts:
    """How a test ended, drawn in its colour."""

    verdict: Verdict
    source: str


Cell = str | Figure | Blank | Verdicts


@dataclass(frozen=True)
class Field:
    """A labelled value; several values are parts of one answer, written one after another."""

    label: str
    values: tuple[Cell, ...]
    note: str = ""


@dataclass(frozen=True)
class Fields:
    """Labelled values: a term sheet's two columns (`wide`), or a compact block of four."""

    fields: tuple[Field, ...]
    title: str = ""
    wide: bool = True


@dataclass(frozen=True)
class GridColumn:
    """A column of a table. `weight` is its share of the width, `millions` writes money so.

    `more_digits` are for figures that are held against a limit."""

    title: str
    weight: float = 1.0
    right: bool = True
    millions: bool = False
    more_digits: int = 0


@dataclass(frozen=True)
class Grid:
    """A table. `totals` counts the last rows, ruled off; `groups` are first rows of new groups.

    `landscape` asks for a page turned on its side where pages are fixed.
    """

    columns: tuple[GridColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    caption: str = ""
    totals: int = 0
    groups: tuple[int, ...] = ()
    landscape: bool = False


@dataclass(frozen=True)
class Prose:
    """A paragraph; figures stand between its pieces of text."""

    pieces: tuple[Cell, ...]
    style: Literal["body", "lead", "small"] = "body"


@dataclass(frozen=True)
class Bullets:
    """A list, each item made like a paragraph."""

    items: tuple[tuple[Cell, ...], ...]
    numbered: bool = False


@dataclass(frozen=True)
class Tiles:
    """Headline figures, drawn large."""

    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Series:
    """A line or a run of bars: one figure, or none, for each place on the axis."""

    name: str
    values: tuple[Figure, ...]
    dashed: bool = False


@dataclass(frozen=True)
class LineChart:
    """Figures over places of an axis, such as years; `limits` are level lines with a name."""

    title: str
    axis: str
    places: tuple[str, ...]
    series: tuple[Series, ...]
    limits: tuple[tuple[str, Figure], ...] = ()
    caption: str = ""


@dataclass(frozen=True)
class StackedBars:
    """Amounts on top of one another at each place of an axis; negative ones hang down."""

    title: str
    axis: str
    places: tuple[str, ...]
    series: tuple[Series, ...]
    lines: tuple[Series, ...] = ()
    caption: str = ""


@dataclass(frozen=True)
class HeatMap:
    """Figures by row and column, shaded by `shades`: -1 bad … 0 neutral … 1 good, None unshaded."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    shades: tuple[tuple[float | None, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class TornadoBar:
    """What one change does to a figure: where it ends when the change is down and up."""

    label: str
    low: Figure | None
    high: Figure | None


@dataclass(frozen=True)
class Tornado:
    """Changes of one figure around its base, the widest first."""

    title: str
    base: Figure
    bars: tuple[TornadoBar, ...]
    caption: str = ""


@dataclass(frozen=True)
class Box:
    """A party or an account of a structure diagram, in a column and row of its raster."""

    name: str
    text: tuple[Cell, ...]
    column: int
    row: int
    kind: Literal["party", "issuer", "debt", "equity", "hedge", "asset"] = "party"


@dataclass(frozen=True)
class Arrow:
    """A flow between boxes, by their names."""

    start: str
    end: str
    label: str


@dataclass(frozen=True)
class Diagram:
    """Who pays whom."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    caption: str = ""


@dataclass(frozen=True)
class Milestone:
    """A task of a time plan; `critical` where a day lost is a day lost for the closing."""

    name: str
    start: Figure
    end: Figure
    critical: bool


@dataclass(frozen=True)
class TimePlan:
    """Tasks as bars over time."""

    title: str
    milestones: tuple[Milestone, ...]
    caption: str = ""


Chart = LineChart | StackedBars | HeatMap | Tornado | Diagram | TimePlan
Block = Fields | Grid | Prose | Bullets | Tiles | Chart


@dataclass(frozen=True)
class Section:
    """A heading and its blocks; level 1 stands in the contents and may start a page."""

    heading: str
    blocks: tuple[Block, ...]
    level: int = 1
    new_page: bool = False


@dataclass(frozen=True)
class Style:
    """How figures are written: the currency, and dates as a term sheet or a country has them."""

    currency: str
    jurisdiction: str = "UK"
    term_sheet_dates: bool = False


@dataclass(frozen=True)
class Document:
    """A document of the pack. `key` names its files; `made_at` is the run's date, in UTC.

    `series` is what it is one of, as covers say.
    """

    key: str
    title: str
    project: str
    subtitle: str
    run_id: str
    made_at: datetime
    style: Style
    sections: tuple[Section, ...]
    summary: tuple[Block, ...] = field(default=())
    series: str = "Execution pack"

    def blocks(self) -> Iterator[Block]:
        """All blocks, in order."""
        yield from self.summary
        for section in self.sections:
            yield from section.blocks

    def cells(self) -> Iterator[Cell]:
        """All that is written in it beside its own labels, in order."""
        for block in self.blocks():
            yield from cells_of(block)

    def figures(self) -> Iterator[Figure]:
        """All figures, in order."""
        return (cell for cell in self.cells() if isinstance(cell, Figure))


def cells_of(block: Block) -> Iterator[Cell]:
    """What a block writes or draws, in order."""
    match block:
        case Fields() | Tiles():
            for each in block.fields:
                yield from each.values
        case Grid():
            for row in block.rows:
                yield from row
        case Prose():
            yield from block.pieces
        case Bullets():
            for item in block.items:
                yield from item
        case HeatMap():
            for row in block.cells:
                yield from row
        case _:
            yield from _of_chart(block)


def _of_chart(chart: LineChart | StackedBars | Tornado | Diagram | TimePlan) -> Iterator[Cell]:
    match chart:
        case LineChart():
            for series in chart.series:
                yield from series.values
            yield from (limit for _, limit in chart.limits)
        case StackedBars():
            for series in (*chart.series, *chart.lines):
                yield from series.values
        case Tornado():
            yield chart.base
            for bar in chart.bars:
                yield from (end for end in (bar.low, bar.high) if end is not None)
        case Diagram():
            for box in chart.boxes:
                yield from box.text
        case TimePlan():
            for milestone in chart.milestones:
                yield from (milestone.start, milestone.end)
