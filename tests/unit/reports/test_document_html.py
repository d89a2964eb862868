"""Is a document's page complete, safe and sound by itself?"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from pipeline.escape import visible
from pipeline.reports.formats import answer_text, text_of
from pipeline.reports.html.element import element
from pipeline.reports.html.pack_document import render
from pipeline.reports.pack.document import (
    Blank,
    Diagram,
    Document,
    Figure,
    HeatMap,
    LineChart,
    Prose,
    Section,
    Series,
    StackedBars,
    TimePlan,
    Tornado,
    Verdicts,
)
from tests.pack_text import html_text, missing_in_text, shown_in
from tests.unit.reports.sample_blocks import HOSTILE, LONG, figure
from tests.unit.reports.sample_document import every_block, hostile, sample

_ALLOWED = frozenset(
    "html head meta title style body a header p h1 h2 h3 h4 main section nav ol ul li dl dt dd div "
    "span bdi table thead tbody tr th td br figure figcaption details summary footer svg text line "
    "polyline polygon circle rect".split()
)
_ATTRIBUTES = frozenset(
    "lang charset http-equiv content name href class dir id tabindex scope colspan role viewbox "
    "aria-label aria-hidden x y x1 y1 x2 y2 cx cy r rx width height points fill stroke transform "
    "text-anchor".split()
)
_VOID = ("meta", "br")


class _Page(HTMLParser):
    """Elements in order, their attributes, and whether each is closed where it has to be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def count(self, tag: str) -> int:
        return sum(each == tag for each, _ in self.tags)


def _of(*blocks: object) -> Document:
    return replace(sample(), summary=(), sections=(Section("One", blocks),))  # type: ignore[arg-type]


def _page(document: Document) -> str:
    return html_text(render(document).encode())


@pytest.mark.parametrize("name", sorted(every_block()))
def test_every_figure_of_a_block_is_on_the_page(name: str) -> None:
    document = _of(every_block()[name])
    assert not missing_in_text(list(shown_in(document)), document.style, _page(document))


def test_verdicts_and_blanks_are_words_in_their_colour() -> None:
    page = render(sample())
    for cell in sample().cells():
        if isinstance(cell, Verdicts):
            word = text_of(cell, sample().style)
            assert f'<span class="verdict {cell.verdict}">{word}</span>' in page
        if isinstance(cell, Blank):
            assert '<span class="blank">[to be completed]</span>' in page


@pytest.mark.parametrize("kind", [LineChart, StackedBars, Tornado, Diagram, TimePlan])
def test_a_chart_is_drawn_and_told(kind: type) -> None:
    chart = next(each for each in every_block().values() if isinstance(each, kind))
    page = _Page(render(_of(chart)))
    assert page.count("svg") >= 1
    assert page.count("details") == 1
    assert page.count("table") >= 1
    marks = {"polyline", "rect", "circle", "polygon"} & {tag for tag, _ in page.tags}
    assert marks


def test_each_line_bar_and_dot_of_a_chart_is_there() -> None:
    blocks = every_block()
    lines, bars = blocks["lines"], blocks["bars"]
    assert isinstance(lines, LineChart) and isinstance(bars, StackedBars)
    page = _Page(render(_of(lines)))
    defined = sum(each.value is not None for series in lines.series for each in series.values)
    assert page.count("circle") == defined
    # a line is broken where a figure is undefined
    drawn = [a for tag, a in page.tags if tag == "polyline" and a["points"] != "0,6 18,6"]
    assert len(drawn) == len(lines.series) + 1
    page = _Page(render(_of(bars)))
    amounts = [each for series in bars.series for each in series.values if each.value]
    keys = len(bars.series)
    assert page.count("rect") == len(amounts) + keys


@pytest.mark.parametrize(
    "chart",
    [
        LineChart("Nothing", "Year", (), ()),
        LineChart("Undefined", "Year", ("1",), (Series("a", (Figure(None, "times", "x"),)),)),
        StackedBars("Nothing", "Year", (), ()),
        HeatMap("Nothing", (), (), (), ()),
        Tornado("Nothing", Figure(None, "times", "x"), ()),
        Diagram("Nothing", (), ()),
        TimePlan("Nothing", ()),
    ],
)
def test_a_chart_without_figures_says_so(chart: LineChart) -> None:
    assert "There are no figures to draw." in _page(_of(chart))


def test_shades_of_a_heat_map_are_in_the_style() -> None:
    page = render(_of(every_block()["heat"]))
    used = set(re.findall(r"shade-(?:good|bad)-\d+", page.partition("</style>")[2]))
    assert len(used) > 4
    for shade in used:
        assert f".heat tbody td.{shade}{{background:#" in page


def test_sections_have_anchors_and_the_contents_lead_to_them() -> None:
    page = _Page(render(sample()))
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    listed = [each for each in sample().sections if each.level == 1]
    assert len(links) == len(listed) + 1  # and the one to the contents
    assert all(link.startswith("#") and link[1:] in ids for link in links)


@pytest.mark.parametrize("text", [*HOSTILE, LONG, "\u202eabc", "a" * 60])
def test_any_text_is_plain_text(text: str) -> None:
    page = render(hostile(text))
    parsed = _Page(page)
    assert not parsed.open
    assert {tag for tag, _ in parsed.tags} <= _ALLOWED
    assert {name for _, attributes in parsed.tags for name in attributes} <= _ATTRIBUTES
    said = " ".join(_page(hostile(text)).split())
    # the project, the title, the subtitle, the heading, and the cells of every block
    assert said.count(" ".join(visible(text).split())) > 15


def test_nothing_comes_from_outside_and_no_script_runs() -> None:
    page = render(sample())
    assert not re.search(r"(?:src|srcset|data|action|xlink:href)\s*=|url\(|@import|<script", page)
    assert not re.search(r"https?://|//[a-z]", page)
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert "default-src &#x27;none&#x27;; style-src &#x27;sha256-" + digest in page, (
        "the page's own style is the only one allowed"
    )


def test_names_stand_apart_in_their_own_direction() -> None:
    assert "<bdi>شركة" in render(sample())


def test_the_same_document_gives_the_same_page() -> None:
    assert render(sample()) == render(sample())


def test_undefined_figures_of_a_table_say_why_below_it() -> None:
    assert "– is undefined: no mezzanine." in _page(_of(every_block()["grid"]))


def test_parts_of_an_answer_are_in_their_order() -> None:
    field = next(
        each
        for each in every_block()["fields"].fields
        if each.label == "Coupon"  # type: ignore[union-attr]
    )
    assert answer_text(field.values, sample().style) in _page(_of(every_block()["fields"]))


def test_an_element_escapes_what_is_not_markup() -> None:
    made = element("p", "<b>", element("i", "&"), class_='a"b')
    assert made == '<p class="a&quot;b">&lt;b&gt;<i>&amp;</i></p>'


def test_a_figure_that_is_no_number_is_not_written() -> None:
    with pytest.raises(ValueError, match="no figure"):
        render(_of(Prose((figure(float("nan"), "times"),))))
