"""Is the internal rate of return what other programs find, and a status where there is none?"""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kernels import irr as kernel

from . import returns

CASES = json.loads((Path(__file__).parent / "reference" / "irr.json").read_text())["cases"]
PERIODIC = [c for c in CASES if c["kind"] == "irr"]
DATED = [c for c in CASES if c["kind"] == "xirr"]
STATUS = {kernel.CONVERGED: "converged", kernel.NONE: "none", kernel.SEVERAL: "several"}
Answer = tuple[float | None, str]


def by_kernel(flows: list[float]) -> Answer:
    # A second column, so that a wrong stride would show.
    columns = np.stack([np.array(flows, dtype=float), np.full(len(flows), 1e9)], axis=1)
    rate, status = kernel.irr(columns, 0, len(flows) - 1, 1.0)
    return (None if np.isnan(rate) else float(rate)), STATUS[status]


BOTH = pytest.mark.parametrize("irr", [by_kernel, returns.irr], ids=["kernel", "oracle"])


def test_no_case_is_left_out() -> None:
    assert (len(PERIODIC), len(DATED)) == (10, 2)
    answers = [len(c["outputs"]["all_roots_brentq_in_minus0p95_to_10"]) for c in PERIODIC]
    assert sorted(answers) == [0, 0, 1, 1, 1, 1, 1, 1, 1, 2]


@BOTH
@pytest.mark.parametrize("case", PERIODIC, ids=lambda c: c["id"])
def test_one_root_is_found_none_and_several_have_a_status(
    case: dict[str, Any], irr: Callable[[list[float]], Answer]
) -> None:
    roots = case["outputs"]["all_roots_brentq_in_minus0p95_to_10"]
    rate, status = irr(case["inputs"]["cashflows"])
    if len(roots) == 1:
        assert status == "converged"
        # brentq stops at 2e-12; tiny rates are held to that absolutely.
        assert rate == pytest.approx(roots[0], rel=1e-9, abs=5e-12)
    else:
        assert (rate, status) == (None, "several" if roots else "none")


@BOTH
def test_a_monthly_rate_becomes_the_effective_yearly_one(
    irr: Callable[[list[float]], Answer],
) -> None:
    (case,) = [c for c in PERIODIC if c["inputs"]["period"] == "month"]
    rate, _ = irr(case["inputs"]["cashflows"])
    assert returns.yearly_pct(rate) == pytest.approx(
        100 * case["outputs"]["annual_effective"], rel=1e-9
    )


@BOTH
@pytest.mark.parametrize("case", DATED, ids=lambda c: c["id"])
def test_dated_flows_on_a_daily_grid(
    case: dict[str, Any], irr: Callable[[list[float]], Answer]
) -> None:
    """ACT/365 fixed: a day is 1/365 of a year, so a daily grid gives the dated rate itself."""
    days = [date.fromisoformat(day).toordinal() for day in case["inputs"]["dates"]]
    flows = [0.0] * (days[-1] - days[0] + 1)
    for day, amount in zip(days, case["inputs"]["amounts"], strict=True):
        flows[day - days[0]] += amount
    rate, status = irr(flows)
    assert status == "converged"
    assert (1 + rate) ** 365 - 1 == pytest.approx(case["outputs"]["scipy_brentq"], rel=1e-9)


@pytest.mark.parametrize("flows", [[0.0] * 5, [5.0, 5.0], [-5.0, -1.0, 0.0]])
@BOTH
def test_flows_of_one_sign_have_no_rate(
    flows: list[float], irr: Callable[[list[float]], Answer]
) -> None:
    assert irr(flows) == (None, "none")


def test_equity_that_need_not_pay_has_no_rate_but_a_status() -> None:
    assert returns.equity_return(0.0, [0.0, 5.0, 5.0], 0, 2, 1.0) == {
        "equity_irr": None,
        "irr_status": "NO_EQUITY",
        "equity_multiple": None,
    }
