"""Does an axis hold its values in even steps that can be told apart?"""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.reports import colours
from pipeline.reports.scales import scale_of, tick_texts

VALUES = st.lists(
    st.floats(-1e12, 1e12, allow_nan=False).filter(lambda each: each == 0 or abs(each) > 1e-6),
    min_size=1, max_size=30,
)  # fmt: skip


@given(values=VALUES, from_zero=st.booleans())
def test_a_scale_holds_its_values_in_even_steps(values: list[float], from_zero: bool) -> None:
    scale = scale_of(values, 300.0, 20.0, from_zero=from_zero)
    room = 1e-6 * (scale.high - scale.low)
    held = [*values, 0.0] if from_zero else values
    assert scale.low - room <= min(held) <= max(held) <= scale.high + room
    steps = [after - before for before, after in zip(scale.ticks, scale.ticks[1:], strict=False)]
    assert 1 <= len(steps) <= 8
    assert max(steps) == pytest.approx(min(steps), rel=1e-3)
    assert scale.at(scale.low) == 300.0
    assert scale.at(scale.high) == pytest.approx(20.0)


@given(values=VALUES)
def test_steps_of_an_axis_are_written_apart_and_near_their_values(values: list[float]) -> None:
    assume(max(values) == min(values) or max(values) - min(values) > 1e-3 * max(map(abs, values)))
    ticks = scale_of(values, 0.0, 1.0).ticks
    texts = tick_texts(ticks)
    assert len(set(texts)) == len(ticks)
    step = ticks[1] - ticks[0]
    for tick, text in zip(ticks, texts, strict=True):
        assert abs(float(text.replace(",", "")) - tick) <= 0.01 * step
        assert not (text.startswith("-") and float(text.replace(",", "")) == 0)


@given(value=st.floats(-3, 3, allow_nan=False))
def test_a_shade_is_a_colour_between_white_and_its_end(value: float) -> None:
    shade = colours.shade(value)
    assert shade is not None and len(shade) == 7
    ends = (colours.SHADE_GOOD if value > 0 else colours.SHADE_BAD, "#ffffff")
    for start in (1, 3, 5):
        part = int(shade[start : start + 2], 16)
        low, high = sorted(int(end[start : start + 2], 16) for end in ends)
        assert low <= part <= high


def test_ends_and_middle_of_shades() -> None:
    assert colours.shade(1.0) == colours.SHADE_GOOD
    assert colours.shade(-1.0) == colours.SHADE_BAD
    assert colours.shade(0.0) == "#ffffff"
    assert colours.shade(None) is None
