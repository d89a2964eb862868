"""Does the pack's workbook hold every figure as a number, and nothing that acts?"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell as SheetCell
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.worksheet import Worksheet

from pipeline.escape import visible
from pipeline.reports.formats import text_of
from pipeline.reports.pack.document import (
    Document,
    Figure,
    Grid,
    GridColumn,
    LineChart,
    Section,
    Series,
    StackedBars,
    Style,
    Tornado,
    Unit,
    Verdicts,
)
from pipeline.reports.workbook.documents import render
from pipeline.reports.workbook.number_formats import date_format, number_format
from tests.pack_text import missing_in_cells, shown_in, xlsx_cells
from tests.unit.reports.sample_blocks import (
    HOSTILE,
    LONG,
    VALUES,
    figure,
    grid,
    heat_map,
    tornado,
    undefined,
    wide_grid,
)
from tests.unit.reports.sample_document import every_block, hostile, sample

_INTERNAL = re.compile(r"^'[^']+'!A1$")


def _of(*blocks: object) -> Document:
    return replace(sample(), summary=(), sections=(Section("One", blocks),))  # type: ignore[arg-type]


def _book(*documents: Document) -> Workbook:
    return load_workbook(io.BytesIO(render(documents)))


def _parts(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return {name: package.read(name).decode() for name in package.namelist()}


def _cells(book: Workbook) -> list[Any]:
    """All cells but those that another one is merged over."""
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    return [cell for cell in cells if isinstance(cell, SheetCell)]


@pytest.fixture(scope="module")
def made() -> bytes:
    return render([sample(), sample(key="2-other", title="Other")])


@pytest.mark.parametrize("name", sorted(every_block()))
def test_every_figure_of_a_block_is_in_a_cell(name: str) -> None:
    document = _of(every_block()[name])
    cells = xlsx_cells(render([document]))
    assert not missing_in_cells(list(shown_in(document)), document.style, cells)


def test_the_same_documents_give_the_same_bytes(made: bytes) -> None:
    assert render([sample(), sample(key="2-other", title="Other")]) == made


@pytest.mark.parametrize("unit", sorted(VALUES))
def test_a_figure_is_its_raw_value_in_its_type(unit: Unit) -> None:
    value = VALUES[unit]
    document = _of(Grid((GridColumn("Value"),), ((figure(value, unit),),)))
    held = [cell.value for cell in _cells(_book(document)) if cell.value is not None]
    found = [each.date() if isinstance(each, datetime) else each for each in held]
    assert any(each == value and type(each) is type(value) for each in found) or (
        isinstance(value, float) and value in found
    )


@pytest.mark.parametrize(
    ("style", "plain", "millions"),
    [
        (Style("GBP"), '"£"#,##0.00;-"£"#,##0.00', "#,##0.00,,;-#,##0.00,,"),
        (Style("EUR"), '"€"#,##0.00;-"€"#,##0.00', "#,##0.00,,;-#,##0.00,,"),
        (Style("JPY"), '"¥"#,##0;-"¥"#,##0', "#,##0.00,,;-#,##0.00,,"),
        (Style("AED"), '"AED "#,##0.00;-"AED "#,##0.00', "#,##0.00,,;-#,##0.00,,"),
    ],
)
def test_money_has_the_format_of_its_currency(style: Style, plain: str, millions: str) -> None:
    assert number_format(figure(1.0), style) == plain
    assert number_format(figure(1.0), style, millions=True) == millions


def _shown(value: float, pattern: str) -> str:
    """What Excel shows of a positive number in one of these patterns."""
    after = re.search(r'"([^"]*)"$', pattern)
    digits = len(re.findall(r"0", pattern.partition(".")[2].partition('"')[0]))
    scaled = 100 * value if pattern.endswith(" %") else value
    comma = "," if pattern.startswith("#,##0") else ""
    return (
        f"{scaled:{comma}.{digits}f}"
        + (after[1] if after else "")
        + (" %" if pattern.endswith(" %") else "")
    )


@pytest.mark.parametrize(
    "unit",
    ["percent", "share", "ratio", "times", "years", "months", "bps", "score", "days", "mw",
     "count", "number", "notches"],
)  # fmt: skip
@pytest.mark.parametrize("more", [0, 2])
def test_a_number_is_shown_as_documents_write_it(unit: Unit, more: int) -> None:
    whole = unit in ("count", "notches")
    for each in (4.253, 12.0, 0.0425, 1234.5678):
        value = round(each) if whole else each
        written = text_of(figure(value, unit), Style("GBP"), more_digits=more)
        pattern = number_format(figure(value, unit), Style("GBP"), more_digits=more)
        assert _shown(value, pattern) == written.replace("\u00a0", " ")


def test_dates_are_dates_in_the_format_of_the_country() -> None:
    assert date_format(Style("GBP", "UK")) == r"dd\/mm\/yyyy"
    assert date_format(Style("USD", "US")) == r"mm\/dd\/yyyy"
    assert date_format(Style("GBP", "UK", term_sheet_dates=True)) == "[$-809]dd-mmm-yyyy"
    document = _of(Grid((GridColumn("Day"),), ((figure(date(2026, 9, 15), "date"),),)))
    cell = next(each for each in _cells(_book(document)) if each.is_date)
    assert cell.value == datetime(2026, 9, 15)


def test_what_is_undefined_is_an_empty_cell_with_its_reason_beside_it() -> None:
    columns = (GridColumn("Item", right=False), GridColumn("IRR"))
    rows = (("Mezzanine", undefined("percent")), ("Senior", figure(9.1, "percent")))
    sheet = _book(_of(Grid(columns, rows))).worksheets[1]
    row = next(row for row in sheet.iter_rows() if row[1].value == "Mezzanine")
    assert row[2].value is None
    assert row[3].value == "IRR: no mezzanine"


def test_verdicts_are_words_with_conditional_colours() -> None:
    sheet = _book(_of(grid())).worksheets[1]
    rules = {
        (str(rule.formula[0]), str(where.sqref))
        for where, rules in sheet.conditional_formatting._cf_rules.items()
        for rule in rules
    }
    words = {word for word, _ in rules}
    assert words == {'"Pass"', '"Fail"', '"Warning"'}
    verdicts = [
        cell.coordinate for row in sheet.iter_rows() for cell in row if cell.value == "Warning"
    ]
    told = [each.verdict for each in _of(grid()).cells() if isinstance(each, Verdicts)]
    assert len(verdicts) == told.count("warn") > 0
    assert all(place in CellRange(where) for _, where in rules for place in verdicts)


def test_cells_of_a_heat_map_are_shaded() -> None:
    sheet = _book(_of(heat_map())).worksheets[1]
    grounds = {
        cell.fill.fgColor.rgb
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, float) and cell.fill.fill_type
    }
    assert len(grounds) > 6


def _chart_data(data: bytes) -> list[str]:
    return [text for name, text in _parts(data).items() if name.startswith("xl/charts/chart")]


@pytest.mark.parametrize("name", ["lines", "bars", "tornado"])
def test_charts_are_native_and_read_the_cells(name: str) -> None:
    chart = every_block()[name]
    data = render([_of(chart)])
    (drawn,) = _chart_data(data)
    book = load_workbook(io.BytesIO(data))
    series = re.findall(r"<c:val><c:numRef><c:f>'?([^'!]+)'?!([^<]+)</c:f>", drawn)
    match chart:
        case LineChart():
            expected = [*(each.values for each in chart.series)]
            expected += [(limit,) * len(chart.places) for _, limit in chart.limits]
        case StackedBars():
            expected = [each.values for each in (*chart.series, *chart.lines)]
        case Tornado():
            ends = ([bar.low for bar in chart.bars], [bar.high for bar in chart.bars])
            expected = [tuple(each or Figure(None, "times", "x") for each in end) for end in ends]
    assert len(series) == len(expected)
    for (sheet, area), figures in zip(series, expected, strict=True):
        cells = [row[0].value for row in book[sheet][area.replace("$", "")]]
        # Excel's files have 16 digits
        assert [each in (None, "") for each in cells] == [each.value is None for each in figures]
        held = [each for each in cells if each not in (None, "")]
        wanted = [each.value for each in figures if each.value is not None]
        assert held == pytest.approx(wanted, rel=1e-15, abs=0)


def test_a_tornado_stands_on_its_base() -> None:
    (drawn,) = _chart_data(render([_of(tornado())]))
    assert f'<c:crossesAt val="{tornado().base.value}"/>' in drawn


def test_large_tables_have_sheets_of_their_own_with_their_head_in_sight() -> None:
    book = _book(_of(wide_grid(50), grid()))
    assert book.sheetnames == ["Contents", "1 Sample", "1 One"]
    own = book["1 One"]
    head = next(row[0].row for row in own.iter_rows(min_col=2) if row[0].value == "Period")
    assert own.freeze_panes == f"C{head + 1}"
    assert own.print_title_rows == f"${head}:${head}"
    assert any(
        cell.value == "Cash by year" for cell in _cells(book) if cell.parent.title == "1 Sample"
    )


def _links(sheet: Worksheet) -> list[str]:
    cells = (cell for row in sheet.iter_rows() for cell in row)
    return [str(cell.hyperlink.location) for cell in cells if cell.hyperlink]


def test_the_contents_lead_to_every_sheet(made: bytes) -> None:
    book = load_workbook(io.BytesIO(made))
    contents = book["Contents"]
    targets = [
        cell.hyperlink.location for row in contents.iter_rows() for cell in row if cell.hyperlink
    ]
    assert targets == [f"'{name}'!A1" for name in book.sheetnames[1:]]
    for sheet in book.worksheets[1:]:
        back = [
            cell.hyperlink.location for row in sheet.iter_rows() for cell in row if cell.hyperlink
        ]
        assert back[0] == "'Contents'!A1"


@pytest.mark.parametrize(
    "titles",
    [
        ["Same", "Same", "same"],
        ["History", "'quoted'", "a/b\\c?*[d]:e"],
        ["x" * 60, "x" * 60],
        ["", "\x00", "\u202e"],
        ["长江" * 20, "😀" * 20],
        ["Contents", "contents"],
    ],
)
def test_names_of_sheets_are_valid_and_no_two_alike(titles: list[str]) -> None:
    documents = [sample(key=f"{n}-x", title=title) for n, title in enumerate(titles)]
    documents = [replace(each, sections=(), key="h") for each in documents]
    names = _book(*documents).sheetnames
    assert len({name.casefold() for name in names}) == len(names) == len(titles) + 1
    for name in names:
        assert 0 < len(name.encode("utf-16-le")) // 2 <= 31
        assert not re.search(r"[\[\]:*?/\\]", name)
        assert not name.startswith("'") and not name.endswith("'")


def test_print_is_set_up_on_every_sheet(made: bytes) -> None:
    for sheet in load_workbook(io.BytesIO(made)).worksheets:
        assert sheet.page_setup.paperSize == 9
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToHeight == 0
        assert LONG.replace("&", "&&") in (sheet.oddHeader.left.text or "").replace("&&", "&&")


def test_properties_come_from_the_run(made: bytes) -> None:
    properties = load_workbook(io.BytesIO(made)).properties
    assert properties.created == sample().made_at.replace(tzinfo=None)
    assert (properties.title, properties.creator) == (LONG, "Atlas Forge")


def test_no_text_is_cut() -> None:
    """Each text has the lines it needs in its row, at a width that Excel measures by digits."""
    long = " ".join(["words"] * 60)
    sheet = _book(_of(Grid((GridColumn("Text", right=False),), ((long,),)))).worksheets[1]
    cell = next(cell for row in sheet.iter_rows() for cell in row if cell.value == long)
    width = sheet.column_dimensions["B"].width
    lines = sheet.row_dimensions[cell.row].height / 13.2
    assert cell.alignment.wrap_text
    assert lines * width >= 0.9 * len(long)


@pytest.mark.parametrize("text", [*HOSTILE, LONG])
def test_any_text_is_plain_text(text: str) -> None:
    data = render([hostile(text)])
    book = load_workbook(io.BytesIO(data))
    cells = [cell for cell in _cells(book) if cell.value is not None]
    assert all(cell.data_type != "f" for cell in cells)
    links = [cell.hyperlink for cell in cells if cell.hyperlink]
    assert links and all(link.target is None and _INTERNAL.match(link.location) for link in links)
    said = visible(text)
    assert sum(said in str(cell.value) for cell in cells) > 15
    starts = ("=", "+", "-", "@")
    assert not any(str(cell.value).startswith(starts) for cell in cells if cell.data_type == "s")


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "Sheet1!A1", "='1 Sample'!$B$2"])
def test_names_of_a_chart_are_never_references_of_their_own(text: str) -> None:
    values = (figure(1.0), figure(2.0))
    chart = LineChart(text, text, (text, "2"), (Series(text, values),), ((text, figure(1.5)),))
    (drawn,) = _chart_data(render([_of(chart)]))
    references = re.findall(r"<c:f>([^<]+)</c:f>", drawn)
    assert references and all(each.startswith("'1 Sample'!$") for each in references)


def test_nothing_comes_from_outside(made: bytes) -> None:
    parts = _parts(made)
    assert not any("External" in text for text in parts.values())
    assert not [name for name in parts if re.search(r"externalLink|vba|connections|media", name)]
    for name, text in parts.items():
        bare = re.sub(r'\s(?:xmlns(?::\w+)?|Type|uri)="[^"]*"', "", text)
        assert "http" not in bare, name


def test_lines_of_a_text_stay_lines() -> None:
    text = "=first\nsecond"
    book = _book(_of(Grid((GridColumn("Text", right=False),), ((text,),))))
    assert "'=first\nsecond" in [cell.value for cell in _cells(book)]


def test_a_workbook_needs_a_document() -> None:
    with pytest.raises(ValueError, match="needs a document"):
        render([])
