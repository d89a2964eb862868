"""How a reader finds the figures of a document in its files, and what of them is not there.

Figures are written here another way than documents write them (decimal arithmetic, no locale
tables), looked for in the text that other programs take out of the files, and counted: one that
stands twice in a document has to be found twice. In a workbook figures are looked for as numbers.
"""

from __future__ import annotations

import io
import re
import zipfile
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

from openpyxl import load_workbook
from pypdf import PdfReader

from pipeline.reports.pack.document import (
    Block,
    Bullets,
    Cell,
    Diagram,
    Document,
    Fields,
    Figure,
    Grid,
    HeatMap,
    LineChart,
    Prose,
    StackedBars,
    Style,
    Tiles,
    TimePlan,
    Tornado,
)

UNDEFINED = "–"
_SIGNS = {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥", "AED": "AED "}
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_DIGITS = {"percent": 2, "ratio": 2, "share": 1, "times": 2, "years": 1, "mw": 2, "score": 2}
_WHOLE = ("bps", "months", "days", "notches")
_ENDINGS = {
    "percent": " %", "ratio": " %", "share": " %", "times": "x", "years": " y", "bps": " bps",
    "months": " months", "days": " days", "mw": " MW",
}  # fmt: skip
# A longer text may be broken over lines anywhere, a shorter one where it has a space.
_MAY_BREAK = 12


@dataclass(frozen=True)
class Shown:
    """A figure where it stands. `drawn`: in a chart, whose table some formats leave out."""

    figure: Figure
    millions: bool = False
    more_digits: int = 0
    drawn: bool = False
    in_text: bool = False


# -- the figures of a document -----------------------------------------------------------------
def shown_in(document: Document) -> Iterator[Shown]:
    """Every figure of a document, in order, with how its place writes it."""
    for block in document.blocks():
        yield from _of_block(block)


def _of_block(block: Block) -> Iterator[Shown]:
    match block:
        case Grid():
            for row in block.rows:
                for cell, column in zip(row, block.columns, strict=True):
                    yield from _each((cell,), column.millions, column.more_digits)
        case Fields():
            for each in block.fields:
                yield from _each(each.values)
        case Tiles():
            for each in block.fields:
                yield from _each(each.values, in_text=len(each.values) > 1)
        case Prose():
            yield from _each(block.pieces, in_text=True)
        case Bullets():
            for item in block.items:
                yield from _each(item, in_text=True)
        case HeatMap():
            for row in block.cells:
                yield from _each(row)
        case LineChart() | StackedBars():
            lines = block.lines if isinstance(block, StackedBars) else ()
            for series in (*block.series, *lines):
                money = all(each.unit == "money" for each in series.values)
                yield from _each(series.values, money, drawn=True)
            if isinstance(block, LineChart):
                for _, limit in block.limits:
                    yield from _each((limit,) * len(block.places), limit.unit == "money",
                                     drawn=True)  # fmt: skip
        case Tornado():
            ends = [end for bar in block.bars for end in (bar.low, bar.high) if end is not None]
            yield from _each((block.base, *ends), drawn=True)
        case Diagram():
            for box in block.boxes:
                yield from _each(box.text, drawn=True)
        case TimePlan():
            for each in block.milestones:
                yield from _each((each.start, each.end), drawn=True)


def _each(
    cells: Iterable[Cell],
    millions: bool = False,
    more_digits: int = 0,
    *,
    drawn: bool = False,
    in_text: bool = False,
) -> Iterator[Shown]:
    for cell in cells:
        if isinstance(cell, Figure):
            yield Shown(cell, millions, more_digits, drawn, in_text)


# -- how figures are written -------------------------------------------------------------------
def written(shown: Shown, style: Style) -> str:
    """A figure as its document has to write it."""
    figure = shown.figure
    value, unit = figure.value, figure.unit
    if value is None:
        return UNDEFINED
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        return _date(value, style)
    if unit == "money":
        return _money(value, style, shown.millions)
    if unit == "count":
        return _grouped(Decimal(value), shown.more_digits)
    if unit in ("number", "text", "flag"):
        return _bare(value, commas=unit == "number")
    exact = Decimal(100.0 * value if unit == "ratio" else value)
    digits = _DIGITS.get(unit, 1) + shown.more_digits
    if unit in _WHOLE and abs(exact - exact.to_integral_value()) < Decimal("1e-9"):
        digits = 0
    return _grouped(exact, digits) + _ENDINGS.get(unit, "")


def _grouped(value: Decimal, digits: int) -> str:
    rounded = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN)
    return f"{abs(rounded) if rounded.is_zero() else rounded:,f}"


def _money(value: float, style: Style, millions: bool) -> str:
    if millions:
        text = _grouped(Decimal(value / 1e6), 2)
    else:
        text = _grouped(Decimal(repr(value)), 0 if style.currency == "JPY" else 2)
        minus = "-" if text.startswith("-") else ""
        text = f"{minus}{_SIGNS[style.currency]}{text.removeprefix('-')}"
    if style.currency == "EUR":
        text = text.translate({ord(","): ".", ord("."): ","})
    return text


def _date(value: date, style: Style) -> str:
    by_place = {"UK": "{d:02}/{m:02}/{y}", "EU": "{d:02}/{m:02}/{y}", "US": "{m:02}/{d:02}/{y}"}
    pattern = by_place.get(style.jurisdiction)
    if style.term_sheet_dates or pattern is None:
        return f"{value.day:02}-{_MONTHS[value.month - 1]}-{value.year}"
    return pattern.format(d=value.day, m=value.month, y=value.year)


def _bare(value: float, *, commas: bool) -> str:
    if isinstance(value, int):
        return _grouped(Decimal(value), 0) if commas else str(value)
    if abs(value) >= 1e6:
        return _grouped(Decimal(value), 0)
    if value != 0.0 and abs(value) < 1e-4:
        return f"{value:.6g}"
    exact = Decimal(value)
    places = 5 - exact.adjusted() if value else 0
    text = _grouped(exact, max(0, places))
    return text.rstrip("0").rstrip(".") if "." in text else text


# -- text out of files -------------------------------------------------------------------------
def pdf_text(data: bytes) -> str:
    """Text of all pages, in the order in which it is written."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


class _Text(HTMLParser):
    _UNSEEN = ("style", "script", "head")
    # Elements within a line; any other begins a new one.
    _INLINE = ("a", "b", "bdi", "em", "i", "span", "strong", "tspan")

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._unseen += tag in self._UNSEEN
        self._apart(tag)

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in self._UNSEEN
        self._apart(tag)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data)

    def _apart(self, tag: str) -> None:
        if tag not in self._INLINE:
            self.parts.append("\n")


def html_text(data: bytes) -> str:
    """What a page says to a person."""
    parser = _Text()
    parser.feed(data.decode())
    return "".join(parser.parts)


def docx_text(data: bytes) -> str:
    """Text of the body, headers and footers, a line a paragraph."""
    lines = []
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for name in sorted(package.namelist()):
            if re.fullmatch(r"word/(document|header\d*|footer\d*)\.xml", name):
                tree = ET.fromstring(package.read(name))  # noqa: S314 - our own file
                for paragraph in tree.iter(f"{_WORD}p"):
                    runs = (_RUNS.get(each.tag, each.text) or "" for each in paragraph.iter()
                            if each.tag == f"{_WORD}t" or each.tag in _RUNS)  # fmt: skip
                    lines.append("".join(runs))
    return "\n".join(lines)


_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_RUNS = {f"{_WORD}tab": "\t", f"{_WORD}br": "\n"}


@dataclass(frozen=True)
class Cells:
    """What the cells of a workbook hold: numbers in order, dates and flags, and all text."""

    numbers: list[float]
    others: Counter[date | bool]
    text: str


def xlsx_cells(data: bytes) -> Cells:
    """All cells of all sheets."""
    numbers: list[float] = []
    others: Counter[date | bool] = Counter()
    texts = []
    for sheet in load_workbook(io.BytesIO(data), read_only=True, data_only=True).worksheets:
        for row in sheet.iter_rows(values_only=True):
            for value in row:
                match value:
                    case str():
                        texts.append(value)
                    case datetime():
                        others[value.date()] += 1
                    case bool() | date():
                        others[value] += 1
                    case int() | float():
                        numbers.append(float(value))
    return Cells(sorted(numbers), others, "\n".join(texts))


# -- what is missing ---------------------------------------------------------------------------
def missing_in_text(
    shown: Sequence[Shown], style: Style, text: str, *, drawn: bool = True
) -> list[str]:
    """Figures that are not in `text` as often as they are shown; `drawn`: those of charts too."""
    wanted: Counter[str] = Counter()
    for each in shown:
        if drawn or not each.drawn:
            wanted[" ".join(written(each, style).split())] += 1
    wanted.pop("", None)
    there = _plain(text)
    missing = []
    for one, times in wanted.items():
        # What stands within another figure is not it.
        within = sum(
            count * len(_pattern(one).findall(other))
            for other, count in wanted.items()
            if other != one and one in other
        )
        found = len(_pattern(one).findall(there))
        if found < times + within:
            missing.append(f"{one}: {found} times, not {times + within}")
    return missing


def missing_in_cells(
    shown: Sequence[Shown], style: Style, cells: Cells, room: float = 2e-15
) -> list[str]:
    """Figures that no cell of a workbook holds, each as often as it is shown.

    What is undefined is an empty cell, with its reason beside it. `room` is what the digits that a
    program leaves off may come to, as a share of a number.
    """
    texts = [each for each in shown if each.in_text or isinstance(each.figure.value, str)]
    numbers: list[float] = []
    others: Counter[date | bool] = Counter()
    missing = []
    for each in shown:
        value = each.figure.value
        if each.in_text or isinstance(value, str):
            continue
        if isinstance(value, (bool, date)):
            others[value] += 1
        elif value is not None:
            numbers.append(float(value))
        elif each.figure.note not in cells.text:
            missing.append(f"why undefined: {each.figure.note}")
    numbers.sort()
    for number in dict.fromkeys(numbers):
        found, times = _near(cells.numbers, number, room), _near(numbers, number, room / 2)
        if found < times:
            missing.append(f"{number!r}: {found} times, not {times}")
    missing += [
        f"{value}: {cells.others[value]} times, not {times}"
        for value, times in others.items()
        if cells.others[value] < times
    ]
    return missing + missing_in_text(texts, style, cells.text)


def _near(numbers: list[float], number: float, share: float) -> int:
    """How many of sorted numbers are this one, but for the digits that a workbook leaves off."""
    room = share * abs(number)
    return bisect_right(numbers, number + room) - bisect_left(numbers, number - room)


def _plain(text: str) -> str:
    """White space as single spaces; a soft hyphen and a zero-width space are nothing."""
    return " ".join(re.sub("[\u00ad\u200b]", "", text).split())


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """Where `text` stands by itself, no digit or letter before or after it.

    A longer one may be broken anywhere, others at their spaces.
    """
    if len(text) > _MAY_BREAK:
        inner = r"\s*".join(re.escape(each) for each in text if each != " ")
    else:
        inner = r"\s*".join(map(re.escape, text.split()))
    if text == UNDEFINED:
        return re.compile(inner)
    return re.compile(rf"(?<![\w.,-]){inner}(?!\w|[.,]\d)")


def missing_in(form: str, data: bytes, shown: Sequence[Shown], document: Document) -> list[str]:
    """Figures of a document that its file in a format does not have.

    A PDF draws lines and bars without their figures; every other format has them in tables.
    """
    match form:
        case "pdf":
            return missing_in_text(shown, document.style, pdf_text(data), drawn=False)
        case "html":
            return missing_in_text(shown, document.style, html_text(data))
        case "docx":
            return missing_in_text(shown, document.style, docx_text(data))
        case "xlsx":
            return missing_in_cells(shown, document.style, xlsx_cells(data))
    raise ValueError(form)
