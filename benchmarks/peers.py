"""`make peers`: oracle cases computed anew by other programs, beside our kernels.

The files in tests/oracle/reference hold what those programs once said; this asks them again, so
that a stale or misread file would show. Writes docs/peers.md.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy_financial
import pyxirr
import QuantLib as ql  # noqa: N813  -- as its own examples do

from benchmarks import sam
from benchmarks.machine import ROOT, commit
from kernels import dayone, irr, senior
from kernels.curve import discount_factor
from kernels.normal import lognormal_option, normal_option
from kernels.numerics import annuity_factor
from kernels.rules import N_LIMITS
from kernels.senior import level_payment, sculpting_factor

REFERENCE = ROOT / "tests" / "oracle" / "reference"
REPORT = ROOT / "docs" / "peers.md"
DAILY = ql.Actual365Fixed()
DEALT = date(2026, 1, 15)


@dataclass(frozen=True)
class Compared:
    """One figure of one case by a peer and by us; `scale` is what a difference is measured by."""

    what: str
    peer: str
    theirs: float
    ours: float
    scale: float
    case: str

    @property
    def difference(self) -> float:
        return abs(self.ours - self.theirs) / self.scale


def cases(name: str) -> list[dict[str, Any]]:
    """Cases of a reference file."""
    found: list[dict[str, Any]] = json.loads((REFERENCE / name).read_text())["cases"]
    return found


def annuities() -> Iterator[Compared]:
    """Level payment and average life of every annuity case."""
    for case in cases("annuity.json"):
        given = case["inputs"]
        if "kind" in given or given["coupon"] == 0:
            continue
        rate, periods = given["coupon"] / given["periods_per_year"], given["periods"]
        label = f"{given['coupon']:.2%}, {periods} x 1/{given['periods_per_year']} y"
        theirs = -float(numpy_financial.pmt(rate, periods, 1.0))
        ours = level_payment(rate, periods, False, np.zeros(1))
        yield Compared("Annuity payment", "numpy-financial", theirs, ours, theirs, label)
        when = np.arange(1, periods + 1)
        repaid = -numpy_financial.ppmt(rate, when, periods, 1.0)
        life = float((repaid * when).sum() / given["periods_per_year"])
        ours = _average_life(rate, periods, ours) / given["periods_per_year"]
        yield Compared("Average life", "numpy-financial", life, ours, life, label)
        worth = float(-numpy_financial.pv(rate, periods, 1.0))
        factor = annuity_factor(rate, periods)
        yield Compared("Annuity factor", "numpy-financial", worth, factor, worth, label)


def _average_life(rate: float, periods: int, payment: float) -> float:
    """Average life [periods] that the sizing walk finds for a level loan."""
    terms = np.zeros((senior.N_TERMS, 1))
    terms[senior.MONTHS], terms[senior.RATE], terms[senior.LEVEL_PAY] = periods, rate, payment
    scratch = np.ones((4, periods, 1))  # income, twice, and what is filled
    covers = np.empty((senior.N_COVERS, 1))
    senior.walk(terms, 1, periods, scratch[0], scratch[1], np.zeros(N_LIMITS), *scratch[2:], covers)
    return float(covers[senior.LIFE_MONTHS, 0])


def returns() -> Iterator[Compared]:
    """Rates of the cases with one root; the others have a status and no number."""
    solvers: dict[str, Callable[[list[float]], float | None]] = {
        "numpy-financial": lambda flows: float(numpy_financial.irr(flows)),
        "pyxirr": pyxirr.irr,
    }
    for case in cases("irr.json"):
        if case["kind"] != "irr":
            continue
        flows = [float(flow) for flow in case["inputs"]["cashflows"]]
        ours, status = irr.irr(np.array(flows)[:, None], 0, len(flows) - 1, 1.0)
        if status != irr.CONVERGED:
            continue
        for peer, solve in solvers.items():
            theirs = solve(flows)
            assert theirs is not None
            yield Compared("IRR", peer, theirs, ours, 1.0, case["id"])


def _day(moment: date) -> ql.Date:
    return ql.Date(moment.day, moment.month, moment.year)


def inflation_swaps() -> Iterator[Compared]:
    """Zero-coupon inflation swaps on a flat breakeven, by QuantLib's own instrument."""
    today = _day(DEALT)
    ql.Settings.instance().evaluationDate = today
    count = ql.Thirty360(ql.Thirty360.BondBasis)
    lag = ql.Period(3, ql.Months)
    for case in cases("rates.json"):
        if case["kind"] != "zcis":
            continue
        given = case["inputs"]
        years, rate = given["years"], given["discount_rate_annual_compounded"]
        expected, struck = given["expected_inflation_flat"], given["fixed_breakeven"]
        curve = ql.YieldTermStructureHandle(
            ql.FlatForward(today, rate, count, ql.Compounded, ql.Annual)
        )
        theirs = _inflation_npv(given, curve, count, lag)
        ours = dayone.zcis_receiver_npv(
            given["notional"],
            (1 + expected) ** years,
            (1 + struck) ** years,
            discount_factor(100 * rate, float(years)),
        )
        yield Compared("ZCIS value", "QuantLib", theirs, ours, given["notional"], case["id"])


def _inflation_npv(
    given: dict[str, Any], curve: ql.YieldTermStructureHandle, count: ql.DayCounter, lag: ql.Period
) -> float:
    """Value of receiving inflation; the index has grown at the flat rate from its base."""
    today = ql.Settings.instance().evaluationDate
    years, rate = given["years"], given["expected_inflation_flat"]
    base = ql.Date(1, 10, 2025)
    ends = [base, base + ql.Period(years + 1, ql.Years)]
    growth = ql.ZeroInflationCurve(today, ends, [rate, rate], ql.Monthly, count)
    index = ql.UKRPI(ql.ZeroInflationTermStructureHandle(growth))
    index.clearFixings()
    index.addFixing(base, 300.0)
    swap = ql.ZeroCouponInflationSwap(
        ql.Swap.Receiver, given["notional"], today, today + ql.Period(years, ql.Years),
        ql.NullCalendar(), ql.Unadjusted, count, given["fixed_breakeven"], index, lag,
        ql.CPI.Flat,
    )  # fmt: skip
    swap.setPricingEngine(ql.DiscountingSwapEngine(curve))
    return float(swap.NPV())


def options() -> Iterator[Compared]:
    """Caps and floors: each optionlet by QuantLib's Black and Bachelier formulas."""
    for case in cases("rates.json"):
        if case["kind"] not in ("cap", "floor"):
            continue
        given, wanted = case["inputs"], case["outputs"]
        call = case["kind"] == "cap"
        side = ql.Option.Call if call else ql.Option.Put
        strike, shift = given["strike"], given["shift"]
        normal = given["vol_model"] == "bachelier"
        rows = zip(wanted["optionlet_forwards"], wanted["optionlet_stddev"], strict=True)
        for number, (forward, spread) in enumerate(rows):
            if normal:
                theirs = ql.bachelierBlackFormula(side, strike, forward, spread)
                gap = forward - strike if call else strike - forward
                ours = normal_option(gap, spread)
            else:
                theirs = ql.blackFormula(side, strike, forward, spread, 1.0, shift)
                ours = lognormal_option(forward, strike, spread, shift, call)
            what = f"{'Bachelier' if normal else 'Black'} {case['kind']}let"
            label = f"{case['id']}, {number + 1}"
            yield Compared(what, "QuantLib", theirs, ours, max(abs(theirs), 1e-6), label)


def sculpted() -> Iterator[Compared]:
    """Debt that a coverage carries, on SAM's yearly grid."""
    for case in cases("pysam_sculpted.json"):
        given = case["inputs"]
        if given.get("debt_option", 1) != 1:
            continue
        model = sam.model(given)
        model.execute(0)
        years = given["tenor"]
        net = np.array(given["revenue"][:years]) - np.array(given["opex"][:years])
        factor = sculpting_factor(net[:, None], 0, 0, years, given["rate"])
        theirs, ours = model.Outputs.size_of_debt, 1 / factor / given["dscr"]
        yield Compared("Sculpted debt", "NREL-PySAM", theirs, ours, theirs, case["id"])


def table(compared: list[Compared]) -> str:
    """Largest difference of every figure and peer."""
    kinds = dict.fromkeys((one.what, one.peer) for one in compared)
    lines = [
        "| figure | peer | cases | largest difference | measured by | its case | peer | ours |",
        "|---|---|--:|--:|---|---|--:|--:|",
    ]
    for what, peer in kinds:
        same = [one for one in compared if (one.what, one.peer) == (what, peer)]
        worst = max(same, key=lambda one: one.difference)
        by = {"IRR": "absolute", "ZCIS value": "of notional"}.get(what, "relative")
        lines.append(
            f"| {what} | {peer} | {len(same)} | {worst.difference:.1e} | {by} | {worst.case} "
            f"| {worst.theirs:.15g} | {worst.ours:.15g} |"
        )
    return "\n".join(lines)


def main() -> None:
    parts = (annuities, returns, inflation_swaps, options, sculpted)
    compared = [one for part in parts for one in part()]
    found = table(compared)
    peers = ("numpy-financial", "pyxirr", "QuantLib", "NREL-PySAM")
    versions = ", ".join(f"{name} {version(name)}" for name in peers)
    REPORT.write_text(
        "# Our kernels beside other programs\n\n"
        "Written by `make peers`, which asks the programs anew on the cases of\n"
        "`tests/oracle/reference`; the tests there hold the kernels to them.\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit()}, {versions}.\n\n{found}\n\n"
        "Cases without one internal rate are left out: they have a status, no number. SAM works\n"
        "on a yearly grid, so the kernel is given years for months.\n",
        encoding="utf-8",
    )
    print(found)


if __name__ == "__main__":
    main()
