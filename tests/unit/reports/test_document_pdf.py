"""Is a document whole as a PDF: every figure, on the page, over nothing, and always the same?"""

import dataclasses
import io
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from pipeline.reports.formats import VERDICTS, text_of
from pipeline.reports.pack.document import (
    Blank,
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
    Prose,
    Section,
    Series,
    StackedBars,
    Tiles,
    TimePlan,
    Tornado,
    TornadoBar,
    Verdicts,
    cells_of,
)
from pipeline.reports.pdf import theme
from pipeline.reports.pdf.document import render
from pipeline.reports.pdf.pieces import NOTHING
from tests.unit.reports.pdf_boxes import outside, overlaps
from tests.unit.reports.sample_blocks import LONG, ONE_WORD, fields, figure, rules, time_plan
from tests.unit.reports.sample_document import sample

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = '<b>Bold</b> & <img src="x"/> %s ]]> \\ {0} =1+1 ../../x'
ARABIC = "مركز بيانات دبي"
ARABIC_LETTERS = re.compile(r"[\u0600-\u06ff]")
CHINESE = "北京数据中心"


def _reader(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _text(pdf: bytes) -> str:
    return _squeezed("".join(page.extract_text() for page in _reader(pdf).pages))


def _is_in(text: str, part: str) -> bool:
    """Words set from right to left are read one by one: around digits they change sides."""
    if ARABIC_LETTERS.search(part):
        words = [word for word in part.split() if word.isalnum()]
        return len(words) > 2 and all(word in text for word in words)
    return _squeezed(part) in text


def _of(*blocks: Block, **changes: Any) -> Document:
    return dataclasses.replace(sample(), sections=(Section("Only", blocks),), summary=(), **changes)


@pytest.fixture(scope="module")
def made() -> bytes:
    return render(sample())


@pytest.fixture(scope="module")
def text(made: bytes) -> str:
    return _text(made)


def _written(block: Block) -> list[str]:
    """What has to be read on the page: all but the points of lines and bars, which are drawn."""
    style = sample().style
    match block:
        case Grid():
            columns = block.columns
            told = [block.title, block.caption, *(column.title for column in columns)]
            for row in block.rows:
                for cell, column in zip(row, columns, strict=True):
                    told.append(
                        text_of(cell, style, millions=column.millions,
                                more_digits=column.more_digits)
                    )  # fmt: skip
            return told
        case LineChart() | StackedBars():
            told = [block.title, block.axis, block.caption, *(each.name for each in block.series)]
            if isinstance(block, LineChart):
                return told + [f"{name} {text_of(each, style)}" for name, each in block.limits]
            return told + [each.name for each in block.lines]
        case Fields() | Tiles():
            told = [each.label for each in block.fields] + [each.note for each in block.fields]
        case HeatMap():
            told = [block.title, block.caption, *block.columns, *block.rows]
        case Tornado():
            told = [block.title, block.caption, *(bar.label for bar in block.bars)]
        case Diagram():
            told = [block.title, block.caption, *(box.name for box in block.boxes)]
            told += [arrow.label for arrow in block.arrows]
        case TimePlan():
            told = [block.title, block.caption, *(each.name for each in block.milestones)]
        case _:
            told = []
    return told + [text_of(cell, style) for cell in cells_of(block)]


def test_every_figure_label_and_heading_is_on_a_page(text: str) -> None:
    expected = [section.heading for section in sample().sections]
    for block in sample().blocks():
        expected += _written(block)
    assert [part for part in expected if not _is_in(text, part)] == []


def test_every_row_of_a_table_is_there_once(text: str) -> None:
    for row in rules().rows:
        assert text.count(str(row[0])) == 1


def test_nothing_stands_outside_the_margins_or_on_other_text(made: bytes) -> None:
    assert outside(made, theme.MARGIN) == []
    assert overlaps(made) == []


def test_amounts_are_never_broken_over_lines(made: bytes) -> None:
    read = "".join(page.extract_text() for page in _reader(made).pages)
    assert read.count("-£1,234,567,890,123.45") == 2


def test_an_undefined_figure_says_why_where_there_is_room(text: str) -> None:
    assert _squeezed("Mezzanine – (no mezzanine)") in text
    assert _squeezed("– is undefined: no senior debt.") in text


def test_millions_are_said_also_where_no_heading_says_them() -> None:
    grid = Grid((GridColumn("Amount", millions=True),), ((figure(12_345_678.9),),))
    assert "Amountsin£m." in _text(render(_of(grid)))
    said = Grid((GridColumn("Amount, £m", millions=True),), ((figure(12_345_678.9),),))
    assert "Amountsin" not in _text(render(_of(said)))


def test_a_wide_table_turns_the_page_and_repeats_its_head(made: bytes) -> None:
    turned = [
        page.extract_text() for page in _reader(made).pages if page.mediabox.width > 800
    ]  # fmt: skip
    *months, amounts = turned
    assert len(months) == 3
    assert all("Mezzanine" in page and "interest, £m" in page for page in months)
    assert "Waterfall by month" in months[0] and "Month 70" in months[-1]
    assert "Amounts in full" in amounts


def test_a_table_that_fits_upright_does_not_turn_the_page() -> None:
    grid = Grid((GridColumn("A"), GridColumn("B")), ((figure(1.0), figure(2.0)),), landscape=True)
    assert all(page.mediabox.width < 800 for page in _reader(render(_of(grid))).pages)


def test_a_table_without_rows_is_a_dash_and_not_a_head_alone() -> None:
    assert _squeezed("Amount –") in _text(render(_of(Grid((GridColumn("Amount"),), ()))))


def test_a_cell_longer_than_a_page_is_broken_and_not_lost() -> None:
    words = " ".join(f"word{number}" for number in range(4000))
    grid = Grid((GridColumn("Long", right=False), GridColumn("Short")), ((words, "x"),))
    read = _text(render(_of(grid)))
    assert all(f"word{number}" in read for number in range(4000))


def test_pages_are_numbered_and_name_run_and_structure(made: bytes) -> None:
    count = len(_reader(made).pages)
    for number, page in enumerate(_reader(made).pages, 1):
        read = page.extract_text()
        assert f"Page {number} of {count}" in read
        assert "Run sample-6f557d46a249 · Structure 45,598" in read
        assert number == 1 or (LONG in read and "Sample" in read)


def test_contents_and_outline_name_the_pages_of_the_sections(made: bytes) -> None:
    reader = _reader(made)
    headings = [section.heading for section in sample().sections]
    outline = [entry for each in reader.outline
               for entry in (each if isinstance(each, list) else [each])]  # fmt: skip
    assert [entry.title for entry in outline] == headings
    listed = reader.pages[0].extract_text()
    for section, entry in zip(sample().sections, outline, strict=True):
        page = reader.get_destination_page_number(entry)
        assert section.heading in reader.pages[page].extract_text()
        if section.level == 1:
            assert f"{section.heading}\n{page + 1}" in listed.replace(" \n", "\n")


def test_the_contents_link_to_the_sections(made: bytes) -> None:
    links = [note.get_object() for note in _reader(made).pages[0]["/Annots"]]
    assert len(links) == sum(section.level == 1 for section in sample().sections)
    assert all(link["/Subtype"] == "/Link" and "/A" not in link for link in links)


def test_a_short_document_has_no_contents() -> None:
    sections = (Section("One", (fields(wide=False),)), Section("Two", (Prose(("Text.",)),)))
    pdf = render(dataclasses.replace(sample(), sections=sections, summary=()))
    assert "Contents" not in _text(pdf)
    assert len(_reader(pdf).outline) == 2


def test_what_the_file_says_of_itself(made: bytes) -> None:
    reader = _reader(made)
    assert reader.metadata is not None
    assert reader.metadata.title == f"Sample – {LONG}"
    assert reader.metadata.author == "Atlas Forge"
    assert reader.metadata.subject == "Run sample-6f557d46a249 · Structure 45,598"
    assert reader.metadata.creation_date == sample().made_at
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]


def test_every_font_is_inside_the_file() -> None:
    for page in _reader(render(sample(title=f"{CHINESE} {ARABIC} 서울"))).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            assert "/FontFile2" in font.get_object()["/FontDescriptor"]


def test_the_same_document_is_the_same_bytes_in_any_process(made: bytes) -> None:
    code = (
        "from hashlib import sha256\n"
        "from pipeline.reports.pdf.document import render\n"
        "from tests.unit.reports.sample_document import sample\n"
        "print(sha256(render(sample())).hexdigest())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
        env={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
    )  # fmt: skip
    assert run.stdout.strip() == sha256(made).hexdigest()
    assert render(sample(title="Another")) != made


@pytest.mark.parametrize("title", [HOSTILE, ARABIC, CHINESE, LONG, ONE_WORD, "W" * 240])
def test_any_title_comes_out_as_text_and_in_its_place(title: str) -> None:
    pdf = render(
        dataclasses.replace(sample(title=title), project=title, sections=sample().sections[:3])
    )
    assert _squeezed(title) in _text(pdf)
    assert outside(pdf, theme.MARGIN) == []
    assert overlaps(pdf) == []


@pytest.mark.parametrize("name", [HOSTILE, f"{ARABIC} Dubai", CHINESE * 3, ONE_WORD])
def test_any_name_comes_out_as_text_in_every_block(name: str) -> None:
    shown = figure(name, "text")
    blocks: tuple[Block, ...] = (
        Fields((Field(name, (shown,), name),), title=name),
        Fields((Field(name, (shown,), name),), wide=False),
        Tiles((Field(name, (shown,)),)),
        Prose((shown,)),
        Bullets(((shown,),)),
        Grid((GridColumn(name, right=False), GridColumn("B")), ((shown, figure(1.0)),), title=name),
        LineChart(name, name, (name, "2"), (Series(name, (figure(1.0), figure(2.0))),)),
        StackedBars(name, name, (name, "2"), (Series(name, (figure(1.0), figure(-2.0))),)),
        HeatMap(name, (name,), (name,), ((shown,),), ((0.5,),)),
        Tornado(name, figure(1.0), (TornadoBar(name, figure(0.5), figure(2.0)),)),
        Diagram(name, (Box(name, (shown,), 0, 0), Box("B", (), 1, 0)), ()),
        TimePlan(name, (dataclasses.replace(time_plan().milestones[0], name=name),)),
    )
    pdf = render(_of(*blocks))
    assert overlaps(pdf) == []
    assert outside(pdf, theme.MARGIN) == []
    read = _text(pdf)
    words = [_squeezed(name)] if name.isascii() else name.split()
    assert all(read.count(word) >= len(blocks) for word in words)


def test_what_has_no_figures_is_a_sentence_and_no_empty_chart() -> None:
    none = figure(None, "times", "no debt")
    charts: tuple[Block, ...] = (
        LineChart("Line", "Year", ("1", "2"), (Series("S", (none, none)),)),
        LineChart("No series", "Year", (), ()),
        StackedBars("Bars", "Year", ("1",), (Series("S", (none,)),)),
        StackedBars("No places", "Year", (), ()),
        HeatMap("Heat", ("A",), ("B",), ((none,),), ((None,),)),
        HeatMap("No rows", (), (), (), ()),
        Tornado("Tornado", none, (TornadoBar("T", figure(1.0), None),)),
        Tornado("No bars", figure(1.0, "times"), ()),
        Diagram("Diagram", (), ()),
        TimePlan("Plan", ()),
    )
    assert _text(render(_of(*charts))).count(_squeezed(NOTHING)) == len(charts)


def test_a_document_without_sections_or_blocks_is_a_page() -> None:
    assert len(_reader(render(dataclasses.replace(sample(), sections=(), summary=()))).pages) == 1
    pdf = render(
        dataclasses.replace(
            sample(), sections=(Section("Empty", ()),), summary=(Tiles(()), Fields(()))
        )
    )
    assert "Empty" in _text(pdf)


def test_a_time_plan_without_dates_counts_days() -> None:
    tasks = tuple(
        dataclasses.replace(task, start=figure(5 * number, "count"), end=figure(90, "count"))
        for number, task in enumerate(time_plan().milestones[:4])
    )
    read = _text(render(_of(TimePlan("Plan", tasks))))
    assert "15–90" in read and _squeezed(NOTHING) not in read


def test_a_blank_is_marked_as_one_to_fill_in() -> None:
    ground = [round(part, 3) for part in theme.BLANK_GROUND.rgb()]
    for block in (
        Fields((Field("ISIN", (Blank("deal.isin"),)),)),
        Grid((GridColumn("ISIN"),), ((Blank("deal.isin"),),)),
        Prose((Blank("deal.isin"),)),
    ):
        page = _reader(render(_of(block))).pages[0]
        content = page.get_contents()
        assert content is not None
        filled = re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) rg", content.get_data())
        assert ground in [[round(float(part), 3) for part in colour] for colour in filled]


def test_a_page_of_a_document_takes_little_room() -> None:
    # every block and the letters of five scripts
    assert len(render(_of(*sample().blocks()))) < 150_000


@pytest.mark.parametrize("verdict", ["pass", "fail", "warn"])
def test_a_verdict_is_a_word_in_its_colour(verdict: Any) -> None:
    cell = Verdicts(verdict, "gate@verdict")
    colour = [round(part, 3) for part in theme.VERDICT_COLOURS[verdict].rgb()]
    for block in (Prose((cell,)), Grid((GridColumn("Result"),), ((cell,),))):
        pdf = render(_of(block))
        content = _reader(pdf).pages[0].get_contents()
        assert content is not None
        inks = re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) rg", content.get_data())
        assert colour in [[round(float(part), 3) for part in ink] for ink in inks]
        assert VERDICTS[verdict] in _text(pdf)
