"""One structure with everything the kernels make on the way to its figures.

Figures are the engine's own; what lies between them (unit schedules, binding months, factors) is
read from the arrays that the same kernel functions fill, called here for a single row. Months run
down the first axis from the first month after COD; rows and columns are one wide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from kernels import cashflow, income, mezzanine, scenarios, schedule, senior, stress
from kernels import figures as f
from kernels import layout as x
from kernels import rules as r
from pipeline.engine import figures_of_inputs
from pipeline.explain.model import Given, Value
from pipeline.inputs import catalogue
from pipeline.problem import Books, FloatArray, Problem

ROW = 0
# What the catalogue calls money is local money where the project's currency is another.
_UNITS = {"ratio": "", "count": "", "rating": ""}


class Income(NamedTuple):
    """Income of a scenario, (months, 1) [project currency], and the capital its lag needs."""

    gross: FloatArray
    net: FloatArray
    cash: FloatArray
    capital: float


class Schedule(NamedTuple):
    """Unit schedule of the senior, (months, 1): per 1 of notional, share of the opening balance."""

    service: FloatArray
    balance: FloatArray
    share: FloatArray


class Mezzanine(NamedTuple):
    """Sized mezzanine: terms (N_TERMS, 1), schedule (months, 1) [project currency]."""

    terms: FloatArray
    service: FloatArray
    balance: FloatArray
    interest: FloatArray
    share: FloatArray


@dataclass(frozen=True, eq=False)
class Case:
    """Inputs (N_INPUTS, 1) of one structure of a problem, in `currency`."""

    problem: Problem
    inputs: FloatArray
    currency: str

    # -- what was asked -------------------------------------------------------------------------
    @property
    def books(self) -> Books:
        return self.problem.books

    def input(self, row: int) -> float:
        """An input as the kernels read it."""
        return float(self.inputs[row, ROW])

    def months_of(self, row: int) -> int:
        """An input in years as whole months."""
        return int(12.0 * self.input(row) + 0.5)

    def limit(self, place: int) -> float:
        """A figure of the packed rulebook."""
        return float(self.books.rules[place])

    def cash_limit(self, place: int) -> float:
        """A figure of the packed terms of cash and stresses."""
        return float(self.books.cash[place])

    def setting(self, symbol: str, number: int, label: str = "") -> Given:
        """A catalogue variable by its number, choices in words."""
        variable = catalogue.BY_NUMBER[number]
        value: Value = self.input(number)
        if variable.kind == "enum" and number not in (x.SENIOR_RATING_TARGET, x.MEZZ_RATING_TARGET):
            value = variable.allowed[int(self.input(number))]
        elif variable.kind == "boolean":
            value = self.input(number) == 1.0
        unit = _UNITS.get(variable.unit, variable.unit)
        return Given(symbol, label or variable.description, value, unit, variable.name)

    # -- what came out ---------------------------------------------------------------------------
    @cached_property
    def figures(self) -> FloatArray:
        """Every figure (N_FIGURES, 1), as the engine computes it for a run."""
        return figures_of_inputs(self.problem, self.inputs)

    def moved(self, inputs: FloatArray) -> tuple[Case, ...]:
        """The structure with other `inputs` (N_INPUTS, cases), all computed in one call."""
        figures = figures_of_inputs(self.problem, inputs)
        cases = []
        for place in range(inputs.shape[1]):
            case = Case(self.problem, np.ascontiguousarray(inputs[:, [place]]), self.currency)
            # what `figures` would compute, and keep under this name
            vars(case)["figures"] = np.ascontiguousarray(figures[:, [place]])
            cases.append(case)
        return tuple(cases)

    def figure(self, place: int) -> float | None:
        """A figure; None where it is undefined."""
        return finite(self.figures[place, ROW])

    def number(self, place: int) -> float:
        """A figure that is there."""
        return float(self.figures[place, ROW])

    @property
    def sound(self) -> bool:
        """Whether the structure is one at all: an unsound one has null figures."""
        return self.figure(f.SENIOR_NOTIONAL) is not None

    @property
    def senior(self) -> float:
        """Senior notional; 0 without."""
        return self.figure(f.SENIOR_NOTIONAL) or 0.0

    @property
    def mezz(self) -> float:
        """Mezzanine notional; 0 without."""
        return self.figure(f.MEZZ_NOTIONAL) or 0.0

    # -- what the kernels make on the way -------------------------------------------------------
    @property
    def months(self) -> int:
        """Months walked: the longest of lease and tenors, and those of late receipts."""
        years = (x.LEASE_YEARS, x.SENIOR_TENOR_YEARS, x.MEZZ_TENOR_YEARS)
        return math.ceil(12.0 * max(self.input(row) for row in years)) + cashflow.LATE_MONTHS

    def income(self, which: int) -> Income:
        """Income under one of kernels.income's AS_IS … TENANT_DEFAULT."""
        if which not in self._incomes:
            self._incomes[which] = self._income(which)
        return self._incomes[which]

    @cached_property
    def _incomes(self) -> dict[int, Income]:
        return {}

    def _income(self, which: int) -> Income:
        gross, net, cash = np.empty((3, self.months, 1))
        books = self.books
        income.income_curves(
            self.inputs,
            books.rules,
            books.cash[r.STRESS_CPI_EXTRA_PCT],
            books.cash[r.STRESS_DEFAULT_MONTH],
            books.market,
            which,
            gross,
            net,
        )
        base = gross if which == income.AS_IS else self.income(income.AS_IS).gross
        capital = cashflow.receipts(self.inputs, gross, base, cash)
        return Income(gross, net, cash, float(capital[ROW]))

    @property
    def net(self) -> FloatArray:
        """Net income (months,) as it is."""
        return self.income(income.AS_IS).net[:, 0]

    def schedule(self, rate: int = scenarios.RATE_AS_IS) -> Schedule:
        """Unit schedule under one of kernels.scenarios' rate shocks."""
        if rate not in self._schedules:
            self._schedules[rate] = self._schedule(rate)
        return self._schedules[rate]

    @cached_property
    def _schedules(self) -> dict[int, Schedule]:
        return {}

    def _schedule(self, rate: int) -> Schedule:
        service, balance, share = np.zeros((3, self.months, 1))
        shift = np.array([stress.rate_shift_bps(self.inputs, ROW, rate, self.books.rules)])
        net = self.income(income.AS_IS).net
        rows = np.zeros(1, np.int64)
        schedule.schedule(self.inputs, rows, net, shift, self.books.rules, service, balance, share)
        return Schedule(service, balance, share)

    @cached_property
    def terms(self) -> FloatArray:
        """Terms of the senior (kernels.senior.N_TERMS,)."""
        return self._walked[0]

    @cached_property
    def covers(self) -> FloatArray:
        """What the walk over the unit schedule finds (kernels.senior.N_COVERS,)."""
        return self._walked[1]

    @cached_property
    def _walked(self) -> tuple[FloatArray, FloatArray]:
        terms, covers = np.zeros((senior.N_TERMS, 1)), np.zeros((senior.N_COVERS, 1))
        service, balance = np.zeros((2, self.months, 1))
        net = self.income(income.AS_IS).net
        senior.set_terms(self.inputs, np.zeros(1, np.int64), 1, net, self.books.rules, terms)
        senior.walk(
            terms, 1, self.months, net, self.income(income.CPI_NONE).net, self.books.rules,
            service, balance, covers,
        )  # fmt: skip
        return terms[:, 0], covers[:, 0]

    @property
    def test_months(self) -> range:
        """Months in which the senior's coverage is tested, counted from COD."""
        first = int(self.input(x.RENT_FREE_MONTHS) + 0.5) + 1
        return range(first, self.months_of(x.SENIOR_TENOR_YEARS) + 1)

    @property
    def service(self) -> FloatArray:
        """Senior debt service (months,) [project currency], without a balloon."""
        return self.senior * self.schedule().service[:, 0]

    @property
    def balance(self) -> FloatArray:
        """Senior balance at the start of each month (months,) [project currency]."""
        return self.senior * self.schedule().balance[:, 0]

    @cached_property
    def mezzanine(self) -> Mezzanine:
        """The mezzanine on what the senior leaves; all nought without."""
        terms = np.zeros((mezzanine.N_TERMS, 1))
        service, balance, interest, share = np.zeros((4, self.months, 1))
        net, unit = self.income(income.AS_IS).net, self.schedule().service
        total = self.number(f.TOTAL_COST)
        mezzanine.size(self.inputs, ROW, 0, net, unit, self.senior, total, self.books.rules, terms)
        walked = mezzanine.walk(terms, 0, net, unit, self.senior, service, balance, interest)
        repaying = slice(int(terms[mezzanine.WINDOW, 0]), walked)
        repaid = service[repaying] - interest[repaying]
        share[repaying] = repaid / balance[repaying]
        if walked > 0 and terms[mezzanine.BULLET, 0] == 0.0:
            share[walked - 1] = 1.0
        return Mezzanine(terms, service, balance, interest, share)


def finite(value: float) -> float | None:
    """A number, or None for NaN and infinity."""
    number = float(value)
    return number if math.isfinite(number) else None
