"""Is a document in Word complete, editable, and safe to open?"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from xml.etree import ElementTree as ET

import docx
import pytest

from pipeline.escape import visible
from pipeline.reports.pack.document import Blank, Document, Section
from pipeline.reports.word.document import render
from tests.pack_text import docx_text, missing_in_text, shown_in
from tests.unit.reports.sample_blocks import (
    ARABIC,
    CHINESE,
    HOSTILE,
    JAPANESE,
    KOREAN,
    LONG,
    bullets,
    grid,
    prose,
    wide_grid,
)
from tests.unit.reports.sample_document import every_block, hostile, sample

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_NAMESPACES = re.compile(rb'\sxmlns(?::\w+)?="[^"]*"|\sw:uri="[^"]*"|\suri="[^"]*"')


def _of(*blocks: object) -> Document:
    return replace(sample(), summary=(), sections=(Section("One", blocks),))  # type: ignore[arg-type]


def _parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return {name: package.read(name) for name in package.namelist()}


def _body(data: bytes) -> ET.Element:
    return ET.fromstring(_parts(data)["word/document.xml"])  # noqa: S314 - our own file


@pytest.fixture(scope="module")
def made() -> bytes:
    return render(sample())


@pytest.mark.parametrize("name", sorted(every_block()))
def test_every_figure_of_a_block_is_in_the_text(name: str) -> None:
    document = _of(every_block()[name])
    text = docx_text(render(document))
    assert not missing_in_text(list(shown_in(document)), document.style, text)


def test_the_same_document_gives_the_same_bytes(made: bytes) -> None:
    assert render(sample()) == made
    with zipfile.ZipFile(io.BytesIO(made)) as package:
        dates = {each.date_time for each in package.infolist()}
    assert dates == {sample().made_at.timetuple()[:6]}


def test_headings_make_the_navigation_pane(made: bytes) -> None:
    headings = [
        (each.style.name, each.text)
        for each in docx.Document(io.BytesIO(made)).paragraphs
        if each.style is not None and each.style.name in ("Heading 1", "Heading 2")
    ]
    assert headings == [(f"Heading {each.level}", each.heading) for each in sample().sections]


def test_the_contents_lead_to_bookmarks_within(made: bytes) -> None:
    body = _body(made)
    anchors = [each.get(f"{W}anchor") for each in body.iter(f"{W}hyperlink")]
    bookmarks = {each.get(f"{W}name") for each in body.iter(f"{W}bookmarkStart")}
    assert len(anchors) == sum(each.level == 1 for each in sample().sections)
    assert set(anchors) <= bookmarks


def test_heads_of_tables_are_repeated_and_rows_stay_whole() -> None:
    body = _body(render(_of(grid(), wide_grid(60))))
    tables = list(body.iter(f"{W}tbl"))
    assert len(tables) == 2
    for table in tables:
        rows = list(table.iter(f"{W}tr"))
        assert [row.find(f"{W}trPr/{W}tblHeader") is not None for row in rows] == (
            [True] + [False] * (len(rows) - 1)
        )
        assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in rows)


def test_pages_are_a4_and_turned_for_wide_tables() -> None:
    word = docx.Document(io.BytesIO(render(_of(prose(), wide_grid(3), prose()))))
    sizes = [
        (round((each.page_width or 0) / 36_000), round((each.page_height or 0) / 36_000))
        for each in word.sections
    ]
    assert sizes == [(210, 297), (297, 210), (210, 297)]


def test_every_page_says_project_title_run_and_number(made: bytes) -> None:
    section = docx.Document(io.BytesIO(made)).sections[0]
    assert section.header.paragraphs[0].text == f"{LONG}  ·  Sample"
    foot = section.footer.paragraphs[0]
    assert foot.text.startswith("Run sample-6f557d46a249")
    fields = [each.text for each in ET.fromstring(foot._p.xml).iter(f"{W}instrText")]  # noqa: S314
    assert fields == [" PAGE ", " NUMPAGES "]


def test_properties_come_from_the_run(made: bytes) -> None:
    core = docx.Document(io.BytesIO(made)).core_properties
    assert (core.title, core.subject, core.author) == ("Sample", LONG, "Atlas Forge")
    assert core.created == core.modified == sample().made_at
    assert core.keywords == "sample-6f557d46a249"


def test_every_blank_is_a_field_to_fill_in(made: bytes) -> None:
    controls = list(_body(made).iter(f"{W}sdt"))
    blanks = [each for each in sample().cells() if isinstance(each, Blank)]
    # the diagram's blank stands in its table
    assert len(controls) == len(blanks)
    tags = sorted(str(each.find(f"{W}sdtPr/{W}tag").get(f"{W}val")) for each in controls)  # type: ignore[union-attr]
    assert tags == sorted(each.source for each in blanks)
    for each in controls:
        assert "".join(text.text or "" for text in each.iter(f"{W}t")) == "[to be completed]"


def test_names_in_other_letters_have_fonts_and_directions(made: bytes) -> None:
    runs: dict[str, ET.Element] = {}
    for run in _body(made).iter(f"{W}r"):
        runs["".join(each.text or "" for each in run.iter(f"{W}t"))] = run
    assert runs[ARABIC].find(f"{W}rPr/{W}rtl") is not None
    fonts = {
        name: next(run for text, run in runs.items() if name in text)
        for name in (CHINESE, JAPANESE, KOREAN)
    }
    found = [
        str(run.find(f"{W}rPr/{W}rFonts").get(f"{W}eastAsia"))  # type: ignore[union-attr]
        for run in fonts.values()
    ]
    assert found == ["Microsoft YaHei", "Yu Gothic", "Malgun Gothic"]


def test_each_numbered_list_counts_from_one() -> None:
    body = _body(render(_of(bullets(numbered=True), prose(), bullets(numbered=True))))
    lists = [
        str(each.get(f"{W}val")) for each in body.iter(f"{W}numId") if each.get(f"{W}val") != "0"
    ]
    assert len(lists) == 4 and len(set(lists)) == 2


def test_nothing_comes_from_outside(made: bytes) -> None:
    parts = _parts(made)
    assert not any("External" in data.decode() for name, data in parts.items() if ".rels" in name)
    for name, data in parts.items():
        if name.startswith("word/") and not name.endswith(".rels"):
            assert b"http" not in _NAMESPACES.sub(b"", data), name
    assert not [name for name in parts if re.search(r"vba|embed|media|thumbnail|customXml", name)]


@pytest.mark.parametrize("text", [*HOSTILE, LONG])
def test_any_text_is_plain_text(text: str, made: bytes) -> None:
    data = render(hostile(text))
    said = " ".join(docx_text(data).split())
    assert said.count(" ".join(visible(text).split())) > 15
    known = {each.tag for each in _body(made).iter()}
    tags = {each.tag for each in _body(data).iter()}
    assert tags <= known
    assert not any(b"External" in each for name, each in _parts(data).items() if ".rels" in name)
