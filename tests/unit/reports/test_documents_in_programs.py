"""Do LibreOffice and Chromium show documents whole, and are bytes the same in any process?"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from pipeline.reports.html import pack_document
from pipeline.reports.pack.document import (
    Blank,
    Cell,
    Diagram,
    Document,
    Figure,
    LineChart,
    Section,
    StackedBars,
    TimePlan,
    Tornado,
)
from pipeline.reports.word import document as word_document
from pipeline.reports.workbook import documents as workbook
from tests import chromium
from tests.unit.reports.sample_blocks import ARABIC, CHINESE, HOSTILE, LONG
from tests.unit.reports.sample_document import every_block, hostile, sample

pytestmark = pytest.mark.full
_IN_CI = os.environ.get("CI") == "true"
needs_office = pytest.mark.skipif(
    shutil.which("soffice") is None and not _IN_CI, reason="no LibreOffice (soffice) here"
)
needs_chromium = pytest.mark.skipif(
    chromium.program() is None and not _IN_CI, reason=chromium.NONE_HERE
)
SCREEN, PHONE = 1400, 390
ROOT = Path(__file__).resolve().parents[3]


def _converted(path: Path, kind: str = "pdf") -> Path:
    """A file as LibreOffice has it in another format, with a profile of its own."""
    office = shutil.which("soffice")
    assert office is not None, "LibreOffice is part of CI's machine"
    profile = (path.parent / "profile").as_uri()
    subprocess.run(
        [office, f"-env:UserInstallation={profile}", "--headless", "--convert-to", kind,
         "--outdir", str(path.parent), str(path)],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    return path.with_suffix(f".{kind}")


def _text(pdf: Path) -> str:
    """All letters without white space: lines break where a page is full."""
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in PdfReader(pdf).pages))


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _names(cells: Sequence[Cell]) -> set[str]:
    """Text of a document that is set from left to right, and so comes out as it was put in."""
    texts = [each.value if isinstance(each, Figure) else each for each in cells]
    return {each for each in texts if isinstance(each, str) and each.isascii()}


@needs_office
def test_libreoffice_opens_word_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sample.docx"
    path.write_bytes(word_document.render(sample()))
    pdf = _converted(path)
    text = _text(pdf)
    assert all(_squeezed(each) in text for each in _names(list(sample().cells())))
    assert all(_squeezed(section.heading) in text for section in sample().sections)
    assert _squeezed(CHINESE) in text
    blanks = sum(isinstance(each, Blank) for each in sample().cells())
    assert text.count("[tobecompleted]") == blanks
    pages = PdfReader(pdf).pages
    boxes = {(round(float(p.mediabox.width)), round(float(p.mediabox.height))) for p in pages}
    assert boxes <= {(595, 842), (842, 595)} and len(boxes) == 2


@needs_office
def test_libreoffice_reads_the_workbook_as_it_was_written(tmp_path: Path) -> None:
    """Written again by LibreOffice, every cell has the value that it had."""
    path = tmp_path / "pack.xlsx"
    path.write_bytes(workbook.render([sample(), sample(key="2-other", title="Other")]))
    again = tmp_path / "again"
    again.mkdir()
    shutil.copy(path, again / "pack.xlsx")
    ods = _converted(again / "pack.xlsx", "ods")
    back = _converted(ods, "xlsx")
    ours, theirs = load_workbook(path), load_workbook(back, data_only=True)
    assert ours.sheetnames == theirs.sheetnames
    for sheet in ours.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                other = theirs[sheet.title][cell.coordinate].value
                if isinstance(cell.value, float):
                    assert other == pytest.approx(cell.value, rel=1e-14), cell.coordinate
                else:
                    assert other == cell.value, (sheet.title, cell.coordinate)


@needs_office
def test_libreoffice_prints_the_workbook_with_its_charts(tmp_path: Path) -> None:
    path = tmp_path / "pack.xlsx"
    path.write_bytes(workbook.render([sample()]))
    text = _text(_converted(path))
    assert all(_squeezed(each) in text for each in _names(list(sample().cells())))
    assert "###" not in text
    assert _squeezed(ARABIC)[:3] in text or _squeezed(ARABIC)[:3][::-1] in text
    with zipfile.ZipFile(path) as package:
        charts = [name for name in package.namelist() if "charts/chart" in name]
    kinds = (LineChart, StackedBars, Tornado)
    assert len(charts) == sum(isinstance(each, kinds) for each in every_block().values()) > 3


@needs_office
@pytest.mark.parametrize("text", [HOSTILE[0], HOSTILE[1]])
def test_libreoffice_opens_hostile_documents(text: str, tmp_path: Path) -> None:
    for name, data in (
        ("hostile.docx", word_document.render(hostile(text))),
        ("hostile.xlsx", workbook.render([hostile(text)])),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        assert _squeezed(text) in _text(_converted(path)), name


_DIGESTS = """
import hashlib
from pipeline.reports.html import pack_document
from pipeline.reports.word import document
from pipeline.reports.workbook import documents
from tests.unit.reports.sample_document import sample
made = (pack_document.render(sample()).encode(), document.render(sample()),
        documents.render([sample()]))
print(*(hashlib.sha256(each).hexdigest() for each in made))
"""


def test_bytes_depend_on_no_clock_zone_language_or_hash() -> None:
    """A process each, with other hashes of text, another zone and another language."""
    settings = (
        {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
        {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "de_DE.UTF-8"},
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", _DIGESTS], env={**os.environ, **each}, cwd=ROOT,
            check=True, capture_output=True, text=True, timeout=120,
        ).stdout
        for each in settings
    }  # fmt: skip
    assert len(digests) == 1 and len(digests.pop().split()) == 3


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with chromium.browser() as found:
        yield found


def _documents() -> dict[str, Document]:
    single = {
        name: replace(sample(), summary=(), sections=(Section(LONG, (block,)),))
        for name, block in every_block().items()
    }
    word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunte"
    return {"sample": sample(), "one word": hostile(word), "markup": hostile(HOSTILE[0]), **single}


async def _measured(address: str, path: Path, width: int) -> tuple[int, list[str], list[str]]:
    """How wide the page is, what it asked for, and what the browser had to say of it."""
    async with chromium.page_of(address) as page:
        await page.sized(width)
        await page.go(path.as_uri())
        wide = await page.run("document.documentElement.scrollWidth")
        return int(wide), page.requests, page.complaints


@needs_chromium
@pytest.mark.parametrize("width", [SCREEN, PHONE])
@pytest.mark.parametrize("name", sorted(_documents()))
def test_a_page_fits_its_screen_and_asks_for_nothing(
    name: str, width: int, address: str, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text(pack_document.render(_documents()[name]), encoding="utf-8")
    wide, requests, complaints = asyncio.run(_measured(address, path, width))
    assert wide <= width
    assert requests == [path.as_uri()]
    assert complaints == []


async def _drawn(address: str, path: Path) -> list[float]:
    """Heights of a page's drawings, and whether its style is applied."""
    async with chromium.page_of(address) as page:
        await page.sized(SCREEN)
        await page.go(path.as_uri())
        heights = await page.run(
            "[...document.querySelectorAll('.chart svg:not(.key)')]"
            ".map(each => each.getBoundingClientRect().height)"
        )
        colour = await page.run(
            "getComputedStyle(document.querySelector('header')).backgroundColor"
        )
        assert colour == "rgb(11, 35, 65)", "the page's style passes its own policy"
        return [float(each) for each in heights]


@needs_chromium
def test_charts_are_drawn_in_the_browser(address: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(pack_document.render(sample()), encoding="utf-8")
    heights = asyncio.run(_drawn(address, path))
    kinds = (LineChart, StackedBars, Tornado, Diagram, TimePlan)
    drawn = sum(isinstance(each, kinds) for each in every_block().values())
    assert len(heights) == drawn > 5 and min(heights) > 100
