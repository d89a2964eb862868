"""Is a written figure, read back, the value rounded?"""

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reports.formats import money_symbol, money_text, text_of
from pipeline.reports.pack.document import Figure, Style, Unit

AMOUNTS = st.floats(-1e15, 1e15, allow_nan=False)
RATES = st.floats(-1e6, 1e6, allow_nan=False)
COIN = {"GBP": "0.01", "EUR": "0.01", "USD": "0.01", "JPY": "1", "AED": "0.01"}


def _read(text: str, style: Style) -> Decimal:
    """What a person of the currency's country reads."""
    plain = text.replace("\u00a0", "").replace(money_symbol(style), "")
    if style.currency == "EUR":
        plain = plain.replace(".", "").replace(",", ".")
    return Decimal(plain.replace(",", ""))


@pytest.mark.parametrize("currency", sorted(COIN))
@given(amount=AMOUNTS)
def test_money_read_back_is_the_amount_to_its_smallest_coin(currency: str, amount: float) -> None:
    style = Style(currency)
    text = money_text(amount, style)
    rounded = Decimal(repr(amount)).quantize(Decimal(COIN[currency]), ROUND_HALF_EVEN)
    assert _read(text, style) == rounded
    assert ("-" in text) == (rounded < 0)


@pytest.mark.parametrize("currency", sorted(COIN))
@given(amount=AMOUNTS)
def test_millions_read_back_are_within_half_a_hundredth(currency: str, amount: float) -> None:
    style = Style(currency)
    text = text_of(Figure(amount, "money", "x"), style, millions=True)
    assert abs(_read(text, style) * 1_000_000 - Decimal(amount)) <= Decimal("5000.5")
    assert text not in ("-0.00", "-0,00")


@pytest.mark.parametrize(
    ("unit", "ending", "scale", "half"),
    [("percent", "%", 1, "0.005"), ("ratio", "%", 100, "0.005"), ("times", "x", 1, "0.005"),
     ("years", "y", 1, "0.05"), ("score", "", 1, "0.005"), ("count", "", 1, "0.5")],
)  # fmt: skip
@given(value=RATES)
def test_a_rate_read_back_is_within_half_its_last_digit(
    unit: Unit, ending: str, scale: int, half: str, value: float
) -> None:
    text = text_of(Figure(value, unit, "x"), Style("GBP"))
    read = Decimal(text.removesuffix(ending).strip().replace(",", ""))
    room = Decimal(half) + Decimal("1e-9") * (1 + abs(Decimal(value)) * scale)
    assert abs(read - scale * Decimal(value)) <= room
    assert not (text.startswith("-") and read == 0)
