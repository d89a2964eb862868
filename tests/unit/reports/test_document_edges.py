"""Does every renderer survive what a document may lack?"""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import docx
import pytest
from openpyxl import load_workbook

from pipeline.reports.html import pack_document
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
from pipeline.reports.word import document as word_document
from pipeline.reports.workbook import documents as workbook
from tests.unit.reports.sample_blocks import LONG, figure, undefined
from tests.unit.reports.sample_document import hostile, sample

_ONE = GridColumn("One")
EDGES: dict[str, Block] = {
    "no fields": Fields(()),
    "a field without values": Fields((Field("Label", ()),)),
    "compact, odd": Fields(tuple(Field(each, (each,)) for each in "abc"), wide=False),
    "no tiles": Tiles(()),
    "no rows": Grid((_ONE,), ()),
    "only totals": Grid((_ONE,), ((figure(1.0),),), totals=1),
    "nothing said": Prose(()),
    "no items": Bullets(()),
    "no series": LineChart("t", "axis", ("1",), ()),
    "no places": LineChart("t", "axis", (), ()),
    "only limits": LineChart("t", "axis", ("1",), (), (("limit", figure(1.0, "times")),)),
    "one place": LineChart("t", "axis", ("1",), (Series("s", (figure(1.3, "times"),)),)),
    "all alike": LineChart("t", "axis", ("1", "2"), (Series("s", (figure(1.3, "times"),) * 2),)),
    "all undefined": LineChart("t", "axis", ("1",), (Series("s", (undefined(),)),)),
    "bars of nothing": StackedBars("t", "axis", ("1",), (Series("s", (figure(0.0),)),)),
    "lines without bars": StackedBars("t", "a", ("1", "2"), (), (Series("s", (figure(1.0),) * 2),)),
    "long places": StackedBars("t", "axis", (LONG,) * 12, (Series("s", (figure(1.0),) * 12),)),
    "no heat": HeatMap("t", (), (), (), ()),
    "no bars": Tornado("t", figure(1.0), ()),
    "undefined base": Tornado("t", undefined(), (TornadoBar("a", undefined(), None),)),
    "both one way": Tornado("t", figure(1.0, "times"), (
        TornadoBar("a", figure(1.2, "times"), figure(1.1, "times")),
        TornadoBar("b", figure(1.0, "times"), figure(1.0, "times")),)),
    "no boxes": Diagram("t", (), ()),
    "an arrow to nobody": Diagram("t", (Box("a", (), 0, 0),), (Arrow("a", "b", "x"),)),
    "one day": TimePlan("t", (Milestone("a", figure(date(2026, 9, 1), "date"),
                                        figure(date(2026, 9, 1), "date"), critical=True),)),
    "days without dates": TimePlan("t", (Milestone("a", figure(0, "count"), figure(4, "count"),
                                                   critical=False),)),
    "no dates": TimePlan("t", (Milestone("a", undefined("date"), undefined("date"),
                                         critical=False),)),
}  # fmt: skip


def _of(block: Block) -> Document:
    return replace(sample(), summary=(block,), sections=(Section("Heading", (block,)),))


@pytest.mark.parametrize("name", sorted(EDGES))
def test_every_renderer_draws_it(name: str) -> None:
    document = _of(EDGES[name])
    page = pack_document.render(document)
    assert "Heading" in page and "nan" not in page.casefold().replace("finan", "")
    word = docx.Document(io.BytesIO(word_document.render(document)))
    assert "Heading" in [paragraph.text for paragraph in word.paragraphs]
    book = load_workbook(io.BytesIO(workbook.render([document])))
    cells = [cell.value for row in book.worksheets[1].iter_rows() for cell in row]
    assert "Heading" in cells


@pytest.mark.parametrize("currency", ["GBP", "EUR", "USD", "JPY", "AED"])
def test_every_renderer_writes_every_currency(currency: str) -> None:
    document = replace(_of(EDGES["only totals"]), style=Style(currency, "Global"))
    page = pack_document.render(document)
    sign = {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥", "AED": "AED"}[currency]
    assert sign in page
    text = "".join(
        cell.text
        for table in docx.Document(io.BytesIO(word_document.render(document))).tables
        for row in table.rows
        for cell in row.cells
    )
    assert sign in text
    book = load_workbook(io.BytesIO(workbook.render([document])))
    formats = [c.number_format for row in book.worksheets[1].iter_rows() for c in row]
    assert any(sign in each for each in formats)


def test_names_of_sixty_letters_are_whole_everywhere() -> None:
    document = hostile(LONG)
    assert len(LONG) >= 60
    assert LONG.replace("&", "&amp;") in pack_document.render(document)
    word = docx.Document(io.BytesIO(word_document.render(document)))
    assert LONG in [paragraph.text for paragraph in word.paragraphs]
    book = load_workbook(io.BytesIO(workbook.render([document])))
    assert LONG in [cell.value for row in book.worksheets[1].iter_rows() for cell in row]


def test_a_document_without_sections_is_a_document() -> None:
    document = replace(sample(), summary=(), sections=())
    assert "Sample" in pack_document.render(document)
    assert word_document.render(document)
    assert load_workbook(io.BytesIO(workbook.render([document]))).sheetnames == [
        "Contents", "1 Sample",
    ]  # fmt: skip
