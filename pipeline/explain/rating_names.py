"""Rating numbers and notches in words."""

from __future__ import annotations

from kernels import codes

# Notches by number, AAA 1 … D 22; see kernels.rules.
_NOTCHES = (
    "", "AAA", "AA+", "AA", "AA-", "A+", "A", "A-", "BBB+", "BBB", "BBB-", "BB+", "BB", "BB-", "B+",
    "B", "B-", "CCC+", "CCC", "CCC-", "CC", "C", "D",
)  # fmt: skip


def rating_name(number: float | None) -> str | None:
    """AAA … B of a rating number; None where there is none."""
    return None if number is None else codes.RATING_NAMES[int(number)]


def notch_name(number: float) -> str | None:
    """AAA, AA+ … of a notch number; None for 0."""
    return _NOTCHES[int(number)] or None
