"""The rating scale: notch numbers of kernels.rules (AAA 1 … D 22, lower is better)."""

from __future__ import annotations

from types import MappingProxyType

SCALE: tuple[str, ...] = (
    "AAA", "AA+", "AA", "AA-", "A+", "A", "A-", "BBB+", "BBB", "BBB-", "BB+", "BB", "BB-",
    "B+", "B", "B-", "CCC+", "CCC", "CCC-", "CC", "C", "D",
)  # fmt: skip
NOTCH: MappingProxyType[str, int] = MappingProxyType({name: i + 1 for i, name in enumerate(SCALE)})
INVESTMENT_GRADE: tuple[str, ...] = SCALE[: NOTCH["BBB-"]]

# Ratings of a tranche are whole categories, numbered as in kernels.layout: higher is better.
CATEGORIES: tuple[str, ...] = ("Unrated", "B", "BB", "BBB", "A", "AA", "AAA")
CATEGORY_NUMBER: MappingProxyType[str, int] = MappingProxyType(
    {name: i for i, name in enumerate(CATEGORIES)}
)


def category_number(rating: str) -> int:
    """Number of the category that a rating from BBB- up belongs to: AA+, AA and AA- are AA."""
    return CATEGORY_NUMBER[rating.rstrip("+-")]
