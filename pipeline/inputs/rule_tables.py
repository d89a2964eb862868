"""Tables that rules are written in: an entry a jurisdiction, an entry a rating; and their units."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field

from pipeline.inputs.models import StrictModel

Ratio = Annotated[float, Field(ge=0, le=10)]
Years = Annotated[float, Field(gt=0, le=100)]
Bps = Annotated[float, Field(ge=0, le=10_000)]
Positive = Annotated[float, Field(gt=0, le=1e15)]
Category = Literal["AAA", "AA", "A", "BBB", "BB", "B"]
T = TypeVar("T")


class ByJurisdiction(StrictModel, Generic[T]):
    """One entry a jurisdiction."""

    UK: T
    EU: T
    US: T
    Global: T


class InvestmentGrade(StrictModel, Generic[T]):
    """One entry a rating, AAA to BBB."""

    AAA: T
    AA: T
    A: T
    BBB: T


class DownToBB(InvestmentGrade[T], Generic[T]):
    """One entry a rating, AAA to BB."""

    BB: T


class DownToB(DownToBB[T], Generic[T]):
    """One entry a rating, AAA to B."""

    B: T
