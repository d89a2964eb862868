"""The market file: dated curves, spreads, inflation, power, volatility and exchange rate."""

from __future__ import annotations

from bisect import bisect_left
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from pipeline.inputs.models import Date, SchemaVersion, StrictModel, Text
from pipeline.inputs.project import ID_PATTERN, Currency

Rate = Annotated[float, Field(ge=-5, le=30)]
_MIN_NODES, _MAX_NODES, _MAX_TERM = 2, 100, 60


class ZeroCurve(StrictModel):
    """Zero rates in percent by term in years, annual compounding."""

    source: Text
    nodes: Annotated[dict[str, Rate], Field(min_length=_MIN_NODES, max_length=_MAX_NODES)]

    @model_validator(mode="after")
    def _terms_are_years(self) -> ZeroCurve:
        for term in self.nodes:
            if not (term.isascii() and term.isdigit() and 1 <= int(term[:4]) <= _MAX_TERM):
                raise PydanticCustomError(
                    "term",
                    "nodes: the term {term} is not a whole number of years from 1 to {most}",
                    {"term": term[:20], "most": _MAX_TERM},
                )
        if len({int(term) for term in self.nodes}) < len(self.nodes):
            raise PydanticCustomError("term", "nodes: a term is given twice")
        return self

    def rate_pct(self, years: float) -> float:
        """Linear between nodes, flat outside."""
        points = sorted((int(term), rate) for term, rate in self.nodes.items())
        terms = [term for term, _ in points]
        after = bisect_left(terms, years)
        if after == 0:
            return points[0][1]
        if after == len(points):
            return points[-1][1]
        (t0, r0), (t1, r1) = points[after - 1], points[after]
        return r0 + (r1 - r0) * (years - t0) / (t1 - t0)


class CreditSpreads(StrictModel):
    """Basis points over the zero curve by rating."""

    source: Text
    AAA: Annotated[float, Field(ge=0, le=300)]
    AA: Annotated[float, Field(ge=0, le=400)]
    A: Annotated[float, Field(ge=0, le=600)]
    BBB: Annotated[float, Field(ge=0, le=900)]


class Breakevens(StrictModel):
    """Inflation swap rates in percent by term in years."""

    five: Annotated[float, Field(ge=-1, le=6)] = Field(alias="5")
    ten: Annotated[float, Field(ge=-1, le=6)] = Field(alias="10")


class Inflation(StrictModel):
    """Percent a year. `forward_term` stands before InflationFwdTerm_34."""

    source: Text
    spot_pct: Annotated[float, Field(ge=-2, le=15)]
    forward_term: Literal["5Y", "10Y"] | None = None
    breakeven_pct: Breakevens


class Power(StrictModel):
    """Local currency per MWh."""

    source: Text
    spot_per_mwh: Annotated[float, Field(ge=0, le=100_000)]
    swap_per_mwh: Annotated[float, Field(ge=0, le=100_000)]


class Volatility(StrictModel):
    """Normal volatility of rates in basis points a year."""

    source: Text
    normal_bps: Annotated[float, Field(gt=0, le=1000)]


class Exchange(StrictModel):
    """`spot` is units of the market's currency per unit of `local_currency`.

    `low` and `high` replace the catalogue's range of FXSpot_35, which fits no yen.
    """

    source: Text
    spot: Annotated[float, Field(gt=0, le=1e6)]
    hedge_cost_bps: Annotated[float, Field(ge=0, le=400)]
    local_currency: Currency | None = None
    low: Annotated[float, Field(gt=0, le=1e6)] | None = None
    high: Annotated[float, Field(gt=0, le=1e6)] | None = None
    date: Date | None = None
    stale_after_days: Annotated[int, Field(ge=1, le=3660)] | None = None

    @model_validator(mode="after")
    def _range_holds_spot(self) -> Exchange:
        low, high = self.bounds
        if (self.low is None) != (self.high is None):
            raise PydanticCustomError("range", "low and high have to be given together")
        if not low <= self.spot <= high:
            raise PydanticCustomError(
                "range",
                "spot {spot} is outside {low} to {high}; low and high set another range",
                {"spot": self.spot, "low": low, "high": high},
            )
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """Range of FXSpot_35: this file's, else the catalogue's."""
        return (self.low or 0.2, self.high or 5.0)


class MarketFile(StrictModel):
    """A market as of `date`; every block says its source."""

    schema_: SchemaVersion = Field(alias="schema")
    name: Annotated[str, Field(pattern=f"^{ID_PATTERN}$")]
    currency: Currency
    date: Date
    zero_curve: ZeroCurve
    credit_spreads_bps: CreditSpreads
    inflation: Inflation
    power: Power
    volatility: Volatility
    fx: Exchange
