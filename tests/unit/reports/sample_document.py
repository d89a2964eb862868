"""A document with every block, and one of texts as hostile as texts get."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from pipeline.reports.pack.document import (
    Arrow,
    Block,
    Box,
    Bullets,
    Diagram,
    Document,
    Field,
    Fields,
    Grid,
    GridColumn,
    HeatMap,
    LineChart,
    Milestone,
    Prose,
    Section,
    Series,
    StackedBars,
    Style,
    Tiles,
    TimePlan,
    Tornado,
    TornadoBar,
)
from tests.unit.reports.sample_blocks import (
    LONG,
    amounts_in_full,
    bullets,
    diagram,
    few_bars,
    fields,
    figure,
    grid,
    heat_map,
    line_chart,
    many_lines,
    prose,
    rules,
    stacked_bars,
    tiles,
    time_plan,
    tornado,
    undefined,
    wide_grid,
)


def every_block() -> dict[str, Block]:
    return {
        "fields": fields(wide=True),
        "compact": fields(wide=False),
        "grid": grid(),
        "prose": prose(),
        "small": replace(prose(), style="small"),
        "bullets": bullets(numbered=False),
        "numbered": bullets(numbered=True),
        "tiles": tiles(),
        "lines": line_chart(),
        "bars": stacked_bars(),
        "heat": heat_map(),
        "tornado": tornado(),
        "diagram": diagram(),
        "plan": time_plan(),
        "wide": wide_grid(),
        "rules": rules(),
        "amounts": amounts_in_full(),
        "many": many_lines(),
        "few": few_bars(),
    }


def sample(style: Style | None = None, *, key: str = "1-sample", title: str = "Sample") -> Document:
    """Every block, each in a section of its own."""
    blocks = every_block()
    sections = tuple(
        Section(name.capitalize(), (block,), level=1 + (number % 4 == 1), new_page=number % 6 == 5)
        for number, (name, block) in enumerate(blocks.items())
    )
    return Document(
        key=key,
        title=title,
        project=LONG,
        subtitle="Structure 45,598",
        run_id="sample-6f557d46a249",
        made_at=datetime(2026, 9, 15, 10, 30, tzinfo=UTC),
        style=style or Style("GBP", "UK"),
        sections=sections,
        summary=(tiles(), prose()),
    )


def hostile(text: str) -> Document:
    """A document in which a text that anybody may have written stands everywhere it can."""
    cells = (figure(text, "text"), text)
    return Document(
        key="1-hostile",
        title=text,
        project=text,
        subtitle=text,
        run_id="sample-6f557d46a249",
        made_at=datetime(2026, 9, 15, 10, 30, tzinfo=UTC),
        style=Style("GBP", "UK"),
        sections=(
            Section(
                text,
                (
                    Fields((Field(text, cells, text),), title=text),
                    Grid((GridColumn(text, right=False), GridColumn("Figure")),
                         ((text, undefined()), (figure(text, "text"), figure(None, "money", text))),
                         text, text),
                    Prose(cells),
                    Bullets((cells,)),
                    Tiles((Field(text, (figure(text, "text"),), text),)),
                    LineChart(text, text, (text, "2"), (Series(text, (figure(1.0), figure(2.0))),),
                              ((text, figure(1.5)),), text),
                    StackedBars(text, text, (text, "2"),
                                (Series(text, (figure(1.0), figure(2.0))),), (), text),
                    HeatMap(text, (text,), (text,), ((text,),), ((0.5,),), text),
                    Tornado(text, figure(1.0), (TornadoBar(text, None, figure(2.0)),), text),
                    Diagram(text, (Box(text, cells, 0, 0), Box("B", (), 1, 0)),
                            (Arrow(text, "B", text),), text),
                    TimePlan(text, (Milestone(text, figure(date(2026, 9, 1), "date"),
                                              figure(date(2026, 9, 9), "date"), critical=True),),
                             text),
                ),
            ),
        ),
    )  # fmt: skip
