"""Are figures written as a reader expects them?"""

import pytest

from kernels import codes
from pipeline.reports.numbers import share, text_of
from pipeline.reports.run.reasons import TITLES


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (27_300_000.0, "money", "GBP 27.30 m"),
        (1_234_567_890.0, "money", "GBP 1.23 bn"),
        (915_000.0, "money", "GBP 915.00 k"),
        (0.0, "money", "GBP 0"),
        (-2_500_000.0, "money", "GBP -2.50 m"),
        (None, "money", "–"),
        (9.4312, "percent", "9.43 %"),
        (1.3, "times", "1.30x"),
        (5.614, "years", "5.6 y"),
        (87_040, "count", "87,040"),
        (True, "flag", "yes"),
        (False, "text", "no"),
        (10.0, "text", "10"),
        ("Annuity", "text", "Annuity"),
        (41.234, "score", "41.23"),
    ],
)
def test_a_value_reads_in_its_unit(value, unit, shown) -> None:
    assert text_of(value, unit, "GBP") == shown


@pytest.mark.parametrize(
    ("percent", "shown"), [(0.0, "0.0 %"), (0.01, "< 0.1 %"), (0.05, "0.1 %"), (46.22, "46.2 %")]
)
def test_a_small_share_never_reads_as_nothing(percent, shown) -> None:
    assert share(percent) == shown


def test_every_gate_reason_has_words() -> None:
    assert set(TITLES) == set(codes.REASON_NAMES)
