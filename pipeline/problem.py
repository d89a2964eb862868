"""A run's question in arrays: what the plan carries and every worker computes from.

Nothing here knows files, currencies' names or people; `pipeline.inputs` makes a Problem from a
request, `pipeline.space` walks its levers, `pipeline.engine` hands it to the kernels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kernels import layout as x
from kernels import rules as packing
from kernels.rules import CashRules, Curves, Market, Rules, Yields

FloatArray = npt.NDArray[np.float64]
Label = str | int | float | bool | None


@dataclass(frozen=True)
class Lever:
    """One dimension of the lever space: a few inputs that move together.

    `name` is a catalogue name, `mezz`, or an overlay (`zcis_5y` …). Value v sets the input rows
    `rows` (see kernels.layout) to `values[v]`, shape (n_values, len(rows)). `labels[v]` is what a
    person calls that value, for tables and charts.
    """

    name: str
    rows: tuple[int, ...]
    values: FloatArray
    labels: tuple[Label, ...]


class ReverseCheck(NamedTuple):
    """How much of a run is sized a second time by bisection, and how far the two may lie apart."""

    rows_per_partition: int
    notional_units: float  # [project currency]
    dscr: float  # [ratio]


class TierShares(NamedTuple):
    """Percent of the survivors, best by gate_b_score, that may be in a tier or a better one."""

    diamond: float = 100.0
    gold: float = 100.0
    silver: float = 100.0
    bronze: float = 100.0


class Books(NamedTuple):
    """Rulebook, cash terms, market and curves packed as the kernels read them."""

    rules: FloatArray
    cash: FloatArray
    market: FloatArray
    curves: FloatArray


@dataclass(frozen=True)
class Problem:
    """Base inputs (N_INPUTS,), levers in canonical order (the last runs fastest), and the rules.

    `filters` is (n, 3): figure number (kernels.figures), FILTER_* code, value.
    `objective` is one of Composite, SeniorRaise, WACC, EquityIRR, Day1Cash, DSCR. Input row
    CURVE_TABLE counts the shifts of `yields`. `tiers` leaves all in where tiers go by conditions.
    """

    base: FloatArray
    levers: tuple[Lever, ...]
    rules: Rules
    market: Market
    cash: CashRules
    yields: Yields
    filters: FloatArray
    objective: str
    reverse_check: ReverseCheck
    tiers: TierShares

    @cached_property
    def curves(self) -> Curves:
        """Discount and option tables of every curve shift, made once per process."""
        # imported here since it compiles, which those who only read a plan need not wait for
        from kernels.curve import TABLE_MONTHS, fill_tables  # noqa: PLC0415

        shape = (self.yields.shifts_bps.shape[0], TABLE_MONTHS)
        curves = Curves(
            df=np.empty(shape),
            floor_unit=np.empty(shape),
            cap_unit=np.empty(shape),
            strip_df=np.empty((shape[0], x.N_RATINGS, TABLE_MONTHS)),
            normal_vol=self.yields.normal_vol_bps / 10_000.0,
        )
        fill_tables(
            self.yields, self.cash, curves.df, curves.floor_unit, curves.cap_unit, curves.strip_df
        )
        return curves

    @cached_property
    def books(self) -> Books:
        """The packed books, made once per process."""
        return Books(
            packing.packed_rules(self.rules),
            packing.packed_cash_rules(self.cash),
            packing.packed_market(self.market, self.curves),
            packing.packed_curves(self.curves),
        )
