"""Do the arrows of a structure diagram go from box to box, through none, and apart?"""

from itertools import pairwise, permutations, product
from random import Random

import pytest

from pipeline.reports.pack.document import Arrow, Box, Diagram, Style
from pipeline.reports.pdf.charts_diagram import diagram
from pipeline.reports.pdf.diagram_routes import Area, Columns, Place, Plan

WIDE, HIGH, GAP_ACROSS, GAP_DOWN = 100.0, 40.0, 60.0, 80.0


def _spans(places: list[Place]) -> Columns:
    last = max(place.column for place in places)
    spans = {}
    for place in places:
        left = place.column * (WIDE + GAP_ACROSS)
        spans[place] = (left, left + WIDE)
    gaps = [number * (WIDE + GAP_ACROSS) - GAP_ACROSS / 2 for number in range(last + 2)]
    return Columns(spans, tuple(gaps), GAP_ACROSS / 2)


def _laid(places: list[Place]) -> tuple[dict[Place, Area], list[float]]:
    columns, rows = _spans(places), max(place.row for place in places) + 1
    pitch = HIGH + GAP_DOWN
    areas = {}
    for place, (left, right) in columns.spans.items():
        top = -place.row * pitch
        areas[place] = Area(left, top - HIGH, right, top)
    return areas, [GAP_DOWN / 2 - number * pitch for number in range(rows + 1)]


def _crossed(line: list[tuple[float, float]], area: Area) -> bool:
    inner = Area(area.left + 1, area.low + 1, area.right - 1, area.high - 1)
    return any(
        Area(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)).meets(inner)
        for (x1, y1), (x2, y2) in pairwise(line)
    )


def _on_edge(point: tuple[float, float], area: Area) -> bool:
    x, y = point
    inside = area.left <= x <= area.right and area.low <= y <= area.high
    return inside and (x in (area.left, area.right) or y in (area.low, area.high))


@pytest.mark.parametrize("seed", range(30))
def test_no_arrow_goes_through_a_box(seed: int) -> None:
    random = Random(seed)
    raster = [Place(column, row) for column, row in product(range(4), range(3))]
    places = random.sample(raster, random.randint(2, 12))
    pairs = random.sample(list(permutations(places, 2)), min(8, len(places)))
    areas, gaps = _laid(places)
    lines = Plan(_spans(places), pairs).corners(areas, gaps)
    for (start, end), line in zip(pairs, lines, strict=True):
        assert _on_edge(line[0], areas[start]) and _on_edge(line[-1], areas[end])
        assert all(x1 == x2 or y1 == y2 for (x1, y1), (x2, y2) in pairwise(line))
        assert not any(_crossed(line, area) for area in areas.values())


def test_arrows_of_one_direction_do_not_cross() -> None:
    top, left, middle, right = Place(1, 0), Place(0, 1), Place(1, 1), Place(2, 1)
    pairs = [(top, left), (left, top), (top, middle), (top, right)]
    areas, gaps = _laid([top, left, middle, right])
    lines = Plan(_spans([top, left, middle, right]), pairs).corners(areas, gaps)
    strokes = [
        (number, Area(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)))
        for number, line in enumerate(lines)
        for (x1, y1), (x2, y2) in pairwise(line)
    ]
    assert not any(
        stroke.meets(other)
        for number, stroke in strokes
        for another, other in strokes
        if number != another
    )


def test_a_gap_is_as_high_as_its_arrows_need() -> None:
    top, left, right = Place(1, 0), Place(0, 1), Place(2, 1)
    alone = Plan(_spans([top, left, right]), [(top, left)])
    both = Plan(_spans([top, left, right]), [(top, left), (left, top), (top, left)])
    assert (alone.levels[1], both.levels[1]) == (1, 3)


def test_arrows_to_no_box_or_to_their_own_are_left_out() -> None:
    boxes = (Box("A", (), 0, 0), Box("B", (), 1, 0))
    drawn = [
        diagram(Diagram("", boxes, arrows), Style("GBP"), 500.0)
        for arrows in ((), (Arrow("A", "A", "itself"), Arrow("A", "C", "nobody")))
    ]
    assert drawn[0] is not None and drawn[1] is not None
    assert len(drawn[0].contents) == len(drawn[1].contents)
