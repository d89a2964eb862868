"""Does the waterfall pay what another program's waterfall pays, month by month?

The other tool tests coverage of the month alone, in every month, and then sweeps all excess cash.
Its DSRA is set free after the equity line, ours before: in the last month it is added to ours.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from . import kernel_cash, waterfall
from .senior import loan_of

FILE = Path(__file__).parent / "reference" / "waterfall.json"
CASES = json.loads(FILE.read_text(encoding="utf-8"))["cases"]
RELATIVE = 1e-6
TRAPS = ("turbo", "trap and pay-down")


def level_loan(given: dict[str, Any]) -> dict[str, list[float]]:
    """Interest only, then level payments; the last payment repays what is left."""
    rate, months = given["coupon"] / 12, given["term_periods"]
    quiet = given.get("io_periods", 0)
    spread = given.get("amort_periods", months) - quiet
    due = rate / (1 - (1 + rate) ** -spread)
    owed = (1 + rate) - due if not quiet else 1.0
    dues = [rate] * quiet + [due] * (months - quiet - 1)
    for paid in dues[1:] if not quiet else dues:
        owed += owed * rate - paid
    return loan_of(1.0, rate, [*dues, owed * (1 + rate)])


def case_of(reference: dict[str, Any], by: str) -> kernel_cash.Case:
    given = reference["inputs"]
    senior, mezz, dsra = given["senior"], given["mezz"], given["dsra"]
    assert not given["sweep_bands"] and not given["fees_per_period"]
    months = senior["term_periods"]
    loan = level_loan(senior)
    cash = [0.0, *given["cfads"]]
    terms = waterfall.BLANK_TERMS | {
        "coupon": senior["coupon"] / 12,
        "maturity": months,
        "lease": months,
        "mezz_coupon": mezz["coupon"] / 12 if mezz else 0.0,
        "mezz_maturity": mezz["term_periods"] if mezz else 0,
        "mezz_balloon": bool(mezz),
        "dsra_months": dsra["months_dsra"] if dsra else 0,
        "window_months": 1,
        "first_test_month": 1,
        "test_interval_months": 1,
    }
    if given["dscr_covenant"]:
        trigger = given["dscr_covenant"]["trap"]
        terms["turbo_below" if by == "turbo" else "trap_below"] = trigger
    streams = dict.fromkeys(waterfall.STREAMS, [0.0] * (months + 1)) | {
        "cash_in": cash,
        "net": cash,
        "gross": cash,
        "senior_share": [0.0]
        + [p / b for p, b in zip(loan["principal"][1:], loan["opening"][1:], strict=True)],
    }
    opening = waterfall.opening_accounts(
        senior["principal"], mezz["principal"] if mezz else 0.0,
        dsra["opening_balance"] if dsra else 0.0,
    )  # fmt: skip
    return terms, streams, opening


def by_oracle(case: kernel_cash.Case, horizon: int) -> list[waterfall.Month]:
    return waterfall.run(*case, horizon)[0]


def by_kernel(case: kernel_cash.Case, horizon: int) -> list[waterfall.Month]:
    # The same case in two columns of the block: neither may touch the other.
    (first, _), (second, _) = kernel_cash.run([case, case], horizon)
    assert first == second
    return first


def test_no_case_is_left_out() -> None:
    assert [case["id"][:2] for case in CASES] == ["W1", "W3", "W5", "W6"]
    assert [case["id"][:2] for case in CASES if case["inputs"]["dscr_covenant"]] == ["W3"]


@pytest.mark.parametrize("by", TRAPS)
@pytest.mark.parametrize("run", [by_oracle, by_kernel], ids=["oracle", "kernel"])
@pytest.mark.parametrize("reference", CASES, ids=lambda c: c["id"])
def test_every_payment_of_every_month_is_the_other_programs(
    reference: dict[str, Any], run: Any, by: str
) -> None:
    wanted = reference["outputs"]
    months = len(wanted["equity"])
    rows = run(case_of(reference, by), months)
    none = [0.0] * months
    scale = reference["inputs"]["senior"]["principal"]
    for n, row in enumerate(rows):
        released = wanted["dsra_release"][n]
        assert released == 0 or n == months - 1
        mine = {
            "senior_interest": row["paid_interest"],
            "senior_principal": row["paid_principal"] + row["prepaid"] + row["paid_balloon"],
            "sweep": row["prepaid"],
            "dsra_balance": row["accounts"]["dsra"],
            "dsra_draw": row["from_dsra"],
            "mezz_interest": row["paid_mezz_interest"],
            "mezz_principal": row["paid_mezz_principal"],
            "equity": row["equity"] - released,
        }
        for name, figure in mine.items():
            theirs = wanted.get(name, none)[n]
            # To 1e-6 of the figure; a figure of nought to 1e-12 of the loan.
            close = pytest.approx(theirs, rel=RELATIVE, abs=1e-12 * scale)
            assert figure == close, f"{name} in month {n + 1}"


@pytest.mark.parametrize("reference", CASES, ids=lambda c: c["id"])
def test_the_expected_life_is_the_other_programs(reference: dict[str, Any]) -> None:
    senior = reference["inputs"]["senior"]["principal"]
    rows = by_oracle(case_of(reference, "turbo"), len(reference["outputs"]["equity"]))
    figures = waterfall.totals(rows, senior)
    summary = reference["outputs"]["summary"]
    assert figures["expected_wal"] == pytest.approx(summary["senior_wal_years"], rel=RELATIVE)
    assert figures["equity_put_in"] == 0
    assert figures["turbo_months"] == summary["periods_in_trap"]
