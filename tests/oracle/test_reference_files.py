"""Do schedules, lives and sculpted sizes equal what other programs give?"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kernels.numerics import annuity_factor
from kernels.senior import level_payment, sculpting_factor

from . import senior

REFERENCE = Path(__file__).parent / "reference"
RELATIVE = 1e-9


def cases_of(name: str) -> list[dict[str, Any]]:
    return json.loads((REFERENCE / name).read_text(encoding="utf-8"))["cases"]


def close(expected: Any, absolute: float = 0.0) -> Any:
    return pytest.approx(expected, rel=RELATIVE, abs=absolute)


ANNUITY = [c for c in cases_of("annuity.json") if "kind" not in c["inputs"]]
BALLOON = [c for c in cases_of("annuity.json") if c["inputs"].get("kind") == "balloon"]
WAL = cases_of("wal.json")
SAM = {c["id"]: c for c in cases_of("pysam_sculpted.json")}
SCULPTED = ["A_flat_1.35x_6pct_18y", "C_irregular_1.50x_5.25pct_20y"]


def test_no_case_is_left_out() -> None:
    assert len(ANNUITY) + len(BALLOON) == len(cases_of("annuity.json")) == 37
    assert len(WAL) == 20
    assert set(SAM) - set(SCULPTED) == {"E_annuity_60pct", "G_level_principal_60pct"}


@pytest.mark.parametrize("case", ANNUITY)
def test_oracle_annuity_is_numpy_financials(case: dict[str, Any]) -> None:
    given, wanted = case["inputs"], case["outputs"]
    rate, periods = given["coupon"] / 12, given["periods"]
    unit = senior.unit_loan("Annuity", rate, periods, 0, 0, [], ())
    loan = senior.scaled(unit, given["principal"])
    assert loan["service"][1] == close(wanted["payment"])
    assert sum(loan["interest"]) == close(wanted["total_interest"])
    assert loan["interest"][1] == close(wanted["first_interest"])
    assert loan["principal"][1] == close(wanted["first_principal"])
    assert loan["principal"][-1] == close(wanted["last_principal"])
    for month, interest in wanted["interest_in_period"].items():
        assert loan["interest"][int(month)] == close(interest)
    closing = [*loan["opening"][1:], loan["opening"][-1] - loan["principal"][-1]]
    for month, balance in wanted["balance_after"].items():
        assert closing[int(month)] == close(balance, absolute=1e-12 * given["principal"])
    assert senior.present_value([1.0] * periods, rate) == close(wanted["annuity_factor"])


@pytest.mark.parametrize("case", ANNUITY)
def test_kernel_annuity_is_numpy_financials(case: dict[str, Any]) -> None:
    given, wanted = case["inputs"], case["outputs"]
    rate, periods = given["coupon"] / 12, given["periods"]
    assert annuity_factor(rate, periods) == close(wanted["annuity_factor"])
    payment = level_payment(rate, periods, False, np.zeros(1))
    assert given["principal"] * payment == close(wanted["payment"])


@pytest.mark.parametrize("case", BALLOON)
def test_oracle_balloon_is_numpy_financials(case: dict[str, Any]) -> None:
    given, wanted = case["inputs"], case["outputs"]
    rate = given["coupon"] / 12
    payment = senior.annuity_payment(given["principal"], rate, given["amort_periods"])
    loan = senior.loan_of(given["principal"], rate, [payment] * given["term_periods"])
    assert payment == close(wanted["payment"])
    assert loan["balloon"][-1] == close(wanted["balloon"])


def repayments(case: dict[str, Any]) -> tuple[list[float], int]:
    """Principal repaid in each period, and periods a year, of a case of wal.json."""
    given, kind = case["inputs"], case["kind"]
    if kind.startswith("from_pysam"):
        return given["principal_schedule"], given["periods_per_year"]
    if kind == "bullet":
        loan = senior.unit_loan("Bullet", 0.005, 12 * given["years"], 0, 0, [], ())
    elif kind == "io_then_annuity":
        rest = given["io_months"]
        months = rest + given["amort_months"]
        loan = senior.unit_loan("Annuity", given["coupon"] / 12, months, rest, 0, [], ())
    elif kind == "annuity_balloon":
        rate = given["coupon"] / 12
        payment = senior.annuity_payment(1.0, rate, given["amort_months"])
        loan = senior.loan_of(1.0, rate, [payment] * given["term_months"])
    else:
        each = given["periods_per_year"]
        periods = round(given["years"] * each)
        loan = senior.unit_loan("Annuity", given["coupon"] / each, periods, 0, 0, [], ())
        return loan["principal"][1:], each
    repaid = [p + b for p, b in zip(loan["principal"], loan["balloon"], strict=True)]
    return repaid[1:], 12


@pytest.mark.parametrize("case", WAL, ids=lambda c: c["kind"])
def test_oracle_average_life_is_the_references(case: dict[str, Any]) -> None:
    repaid, periods_per_year = repayments(case)
    life = senior.weighted_average_life(repaid, periods_per_year)
    assert life == close(case["outputs"]["wal_years"])


@pytest.mark.parametrize("name", SCULPTED)
def test_oracle_sculpted_debt_is_sams_on_an_annual_grid(name: str) -> None:
    given, wanted = SAM[name]["inputs"], SAM[name]["outputs"]
    net = [0.0, *wanted["cfads"]]
    years, rate = given["tenor"], given["rate"]
    unit = senior.unit_loan("Sculpted", rate, years, 0, 0, net, ())
    size, binding = senior.size(
        unit, net, range(1, years + 1), rate, 1.0, given["dscr"], None, None
    )
    loan = senior.scaled(unit, size)
    assert binding == "DSCR"
    assert size == close(wanted["size_of_debt"])
    assert loan["service"][1:] == close(wanted["debt_service"])
    assert loan["interest"][1:] == close(wanted["interest"])
    assert loan["principal"][1:] == close(wanted["principal"])
    closing = [*loan["opening"][1:], loan["opening"][-1] - loan["principal"][-1]]
    assert closing == close(wanted["balance"], absolute=1e-12 * size)
    cover = senior.cover(net, loan["service"], range(1, years + 1))
    assert list(cover.values()) == close(wanted["pretax_dscr"])


@pytest.mark.parametrize("name", SCULPTED)
def test_kernel_sculpted_debt_is_sams_on_an_annual_grid(name: str) -> None:
    given, wanted = SAM[name]["inputs"], SAM[name]["outputs"]
    net = np.array(wanted["cfads"])[:, None]
    factor = sculpting_factor(net, 0, 0, given["tenor"], given["rate"])
    assert 1 / factor / given["dscr"] == close(wanted["size_of_debt"])


def test_irregular_sculpting_lets_principal_turn_negative_as_sam_does() -> None:
    wanted = SAM[SCULPTED[1]]["outputs"]
    assert wanted["principal"][0] < 0
    assert max(wanted["balance"]) > wanted["size_of_debt"]
    unit = senior.unit_loan("Sculpted", 0.0525, 20, 0, 0, [0.0, *wanted["cfads"]], ())
    peak = max(unit["opening"]) * wanted["size_of_debt"]
    assert peak == close(max(wanted["balance"]))


@pytest.mark.parametrize(
    ("name", "profile"),
    [("E_annuity_60pct", "Annuity"), ("G_level_principal_60pct", "LevelPrincipal")],
)
def test_oracle_fixed_gearing_schedules_are_sams_on_an_annual_grid(name: str, profile: str) -> None:
    given, wanted = SAM[name]["inputs"], SAM[name]["outputs"]
    years = given["tenor"]
    net = [0.0, *wanted["cfads"]]
    unit = senior.unit_loan(profile, given["rate"], years, 0, 0, net, ())
    loan = senior.scaled(unit, wanted["size_of_debt"])
    assert loan["service"][1:] == close(wanted["debt_service"])
    assert loan["interest"][1:] == close(wanted["interest"])
    assert min(senior.cover(net, loan["service"], range(1, years + 1)).values()) == close(
        wanted["min_dscr"]
    )
