"""Are figures written as documents of each country and currency have them?"""

import math
from datetime import date

import pytest

from pipeline.reports.formats import (
    answer_text,
    date_text,
    money_symbol,
    money_text,
    text_of,
    text_with_note,
)
from pipeline.reports.pack.document import (
    Blank,
    Cell,
    Figure,
    Style,
    Unit,
    Value,
    Verdict,
    Verdicts,
)

UK = Style("GBP", "UK")
DAY = date(2026, 9, 5)


def _text(value: Value, unit: Unit, style: Style = UK, **how: int | bool) -> str:
    return text_of(Figure(value, unit, "row.any"), style, **how).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("currency", "amount", "negative", "nothing", "millions"),
    [
        ("GBP", "£1,234,567.89", "-£1,234,567.89", "£0.00", "1.23"),
        ("EUR", "€1.234.567,89", "-€1.234.567,89", "€0,00", "1,23"),
        ("USD", "$1,234,567.89", "-$1,234,567.89", "$0.00", "1.23"),
        ("JPY", "¥1,234,568", "-¥1,234,568", "¥0", "1.23"),
        ("AED", "AED 1,234,567.89", "-AED 1,234,567.89", "AED 0.00", "1.23"),
    ],
)
def test_money_is_written_as_its_currency_is(
    currency: str, amount: str, negative: str, nothing: str, millions: str
) -> None:
    style = Style(currency)
    assert _text(1_234_567.89, "money", style) == amount
    assert _text(-1_234_567.89, "money", style) == negative
    assert _text(0.0, "money", style) == _text(-0.0, "money", style) == nothing
    assert _text(-0.001, "money", style) == _text(1e-9, "money", style) == nothing
    assert _text(1_234_567.89, "money", style, millions=True) == millions
    assert _text(-1.0, "money", style, millions=True) == ("0,00" if currency == "EUR" else "0.00")


@pytest.mark.parametrize(
    ("currency", "text"),
    [
        ("GBP", "£123,456,789,012,345.67"),
        ("EUR", "€123.456.789.012.345,67"),
        ("JPY", "¥123,456,789,012,346"),
        ("AED", "AED 123,456,789,012,345.67"),
    ],
)
def test_huge_amounts_are_written_in_full(currency: str, text: str) -> None:
    assert money_text(123_456_789_012_345.67, Style(currency)).replace("\u00a0", " ") == text


def test_a_coin_is_rounded_as_decimals_are() -> None:
    assert _text(2.675, "money") == "£2.68"
    assert _text(-0.005, "money") == "£0.00"
    assert _text(0.015, "money") == "£0.02"


@pytest.mark.parametrize(
    ("jurisdiction", "text"),
    [("UK", "05/09/2026"), ("EU", "05/09/2026"), ("US", "09/05/2026"), ("Global", "05-Sep-2026")],
)
def test_dates_are_written_as_the_country_does(jurisdiction: str, text: str) -> None:
    assert date_text(DAY, Style("GBP", jurisdiction)) == text
    assert _text(DAY, "date", Style("GBP", jurisdiction)) == text
    assert _text(DAY, "date", Style("GBP", jurisdiction, term_sheet_dates=True)) == "05-Sep-2026"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (4.25, "percent", "4.25 %"),
        (-0.001, "percent", "0.00 %"),
        (67.5, "share", "67.5 %"),
        (0.0425, "ratio", "4.25 %"),
        (1.35, "times", "1.35x"),
        (13.8, "years", "13.8 y"),
        (6.0, "months", "6 months"),
        (6.5, "months", "6.5 months"),
        (187.0, "bps", "187 bps"),
        (-12.5, "bps", "-12.5 bps"),
        (91, "days", "91 days"),
        (49.9, "mw", "49.90 MW"),
        (-2.0, "notches", "-2"),
        (81.237, "score", "81.24"),
        (1_234_567, "count", "1,234,567"),
        (0.654321, "number", "0.654321"),
        (1_234_567, "number", "1,234,567"),
        (12_345_678.9, "number", "12,345,679"),
        (-0.0, "number", "0"),
        (1_234_567, "text", "1234567"),
        ("A-", "text", "A-"),
        (True, "flag", "Yes"),
        (False, "flag", "No"),
        (None, "times", "–"),
    ],
)
def test_each_unit_is_written_in_its_way(value: Value, unit: Unit, text: str) -> None:
    assert _text(value, unit) == text


def test_figures_held_against_a_limit_have_more_digits_unless_they_are_whole() -> None:
    assert _text(1.2499, "times", more_digits=2) == "1.2499x"
    assert _text(6.0, "months", more_digits=2) == "6 months"


@pytest.mark.parametrize("unit", ["times", "number", "percent"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_never_written(value: float, unit: Unit) -> None:
    with pytest.raises(ValueError, match="no figure"):
        _text(value, unit)


def test_cells_that_are_no_figures_say_what_they_are() -> None:
    assert text_of("plain", UK) == "plain"
    assert text_of(Blank("parties.trustee"), UK) == "[to be completed]"
    verdicts: tuple[Verdict, ...] = ("pass", "fail", "warn", "off", "none")
    words = [text_of(Verdicts(each, "x"), UK) for each in verdicts]
    assert words == ["Pass", "Fail", "Warning", "Off", "–"]


def test_an_undefined_figure_says_why_where_there_is_room() -> None:
    assert text_with_note(Figure(None, "money", "x", "no mezzanine"), UK) == "– (no mezzanine)"


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        (("a", "b"), "a b"),
        (("a", ", ", "b"), "a, b"),
        (("a ", "b"), "a b"),
        (("a", " of ", "b"), "a of b"),
        (("(", "a", ")", "."), "(a)."),
        (("", "a", ""), "a"),
        ((), ""),
    ],
)
def test_parts_of_an_answer_are_kept_apart_once(cells: tuple[Cell, ...], text: str) -> None:
    assert answer_text(cells, UK) == text


def test_a_currency_is_named_by_its_sign() -> None:
    signs = [money_symbol(Style(each)) for each in ("GBP", "EUR", "USD", "JPY", "AED")]
    assert signs == ["£", "€", "$", "¥", "AED"]
