"""Do the worked examples of the sources (rating matrix, repo, scores, hard filters) hold?"""

from typing import Any

import numpy as np
import pytest

from kernels import codes, figures, layout
from kernels.rules import packed_rules
from kernels.scoring import composite_score

from . import books, rating, scoring
from .kernel_side import input_column, kernel_figures, rules_of
from .scenarios import default_facts, default_values
from .test_published_figures import COVENANTS, SENIOR_PAGE, Evaluator, both

MATRIX = [
    (1.60, "AAA"), (1.50, "AAA"), (1.499, "AA"), (1.38, "AA"), (1.35, "AA"), (1.349, "A"),
    (1.25, "A"), (1.249, "BBB"), (1.15, "BBB"), (1.149, "BB"), (1.05, "BB"), (1.049, "B"),
]  # fmt: skip
LTV = [
    (45.0, "AAA"), (50.0, "AAA"), (50.1, "AA"), (60.0, "AA"), (60.1, "A"), (70.0, "A"),
    (70.1, "BBB"), (75.0, "BBB"), (75.1, "BB"), (80.0, "BB"), (80.1, "B"),
]  # fmt: skip


@both
@pytest.mark.parametrize(("dscr", "wanted"), MATRIX)
def test_rating_by_coverage(figures_of: Evaluator, dscr: float, wanted: str) -> None:
    found = figures_of(default_values(TargetDSCRSenior_37=dscr), default_facts())
    assert found["dscr_min"] == pytest.approx(dscr, rel=1e-12)
    assert found["senior_rating"] == wanted


@both
@pytest.mark.parametrize(("ltv_pct", "wanted"), LTV)
def test_rating_by_loan_to_value(figures_of: Evaluator, ltv_pct: float, wanted: str) -> None:
    facts = default_facts(**COVENANTS | {"max_ltv_pct": ltv_pct})
    found = figures_of(default_values(**SENIOR_PAGE), facts)
    assert found["senior_ltv_pct"] == pytest.approx(ltv_pct, rel=1e-12)
    assert found["senior_rating"] == wanted


@both
@pytest.mark.parametrize(
    ("changes", "failing"),
    [
        ({"TargetDSCRSenior_37": 1.35}, []),
        ({"TargetDSCRSenior_37": 1.34}, ["RATING"]),
        ({"TargetDSCRSenior_37": 1.60, "SeniorAmortType_40": "Bullet"}, ["WAL"]),
        ({"TargetDSCRSenior_37": 1.60, "SeniorRepoEligibleFlag_44": False}, ["FLAG_OFF"]),
        ({"TargetDSCRSenior_37": 1.60, "JurisdictionEligibility_79": "PPOnly"}, ["JURISDICTION"]),
    ],
)
def test_repo_examples(figures_of: Evaluator, changes: dict[str, Any], failing: list[str]) -> None:
    found = figures_of(default_values(**changes), default_facts())
    assert found["repo_failed_legs"] == failing
    assert found["repo_eligible"] is (not failing)


@both
@pytest.mark.parametrize(
    ("dscr", "tenor", "wanted"),
    [(1.5, 10, 2), (1.5, 15, 5), (1.5, 25, 8), (1.35, 20, 8), (1.25, 21, 18), (1.15, 21, None),
     (1.15, 20, 18), (1.05, 10, None), (1.5, 31, None)],
)  # fmt: skip
def test_repo_haircut_table(
    figures_of: Evaluator, dscr: float, tenor: float, wanted: float | None
) -> None:
    values = default_values(
        TargetDSCRSenior_37=dscr, SeniorTenorY_39=float(tenor), LeaseTermYears_22=35.0
    )
    assert figures_of(values, default_facts())["repo_haircut_pct"] == wanted


# The three scenarios of the page on hard filters: 1.35 and AA, 1.52 and AAA, 1.28 and A.
@both
@pytest.mark.parametrize(("dscr", "viable"), [(1.35, False), (1.52, True), (1.28, False)])
def test_default_hard_filters(figures_of: Evaluator, dscr: float, viable: bool) -> None:
    found = figures_of(default_values(TargetDSCRSenior_37=dscr), default_facts())
    assert found["viable"] is viable


CONSERVATIVE = ["DSCR>=1.40", "RepoEligible=Yes", "SeniorRating>=AAA", "SeniorWAL<=15"]
AGGRESSIVE = ["DSCR>=1.20", "SeniorRating>=A"]
AS_ROWS = {
    "DSCR>=1.40": (figures.DSCR_MIN, codes.FILTER_AT_LEAST, 1.40),
    "DSCR>=1.20": (figures.DSCR_MIN, codes.FILTER_AT_LEAST, 1.20),
    "RepoEligible=Yes": (figures.REPO_ELIGIBLE, codes.FILTER_EQUAL, 1),
    "SeniorRating>=AAA": (figures.SENIOR_RATING, codes.FILTER_AT_LEAST, layout.RATING_AAA),
    "SeniorRating>=A": (figures.SENIOR_RATING, codes.FILTER_AT_LEAST, layout.RATING_A),
    "SeniorWAL<=15": (figures.SENIOR_WAL, codes.FILTER_AT_MOST, 15),
}


@pytest.mark.parametrize(
    ("filters", "changes", "viable"),
    [
        (CONSERVATIVE, {"TargetDSCRSenior_37": 1.5, "SeniorTenorY_39": 20.0}, True),
        (CONSERVATIVE, {"TargetDSCRSenior_37": 1.5, "SeniorCoupon_38": 5.5}, False),  # WAL 15.3
        (CONSERVATIVE, {"TargetDSCRSenior_37": 1.39, "SeniorTenorY_39": 20.0}, False),
        (AGGRESSIVE, {"TargetDSCRSenior_37": 1.25, "SeniorAmortType_40": "Bullet"}, True),
        (AGGRESSIVE, {"TargetDSCRSenior_37": 1.20}, False),  # BBB
    ],
)
def test_other_hard_filters(filters: list[str], changes: dict[str, Any], viable: bool) -> None:
    values, facts = default_values(HardFilters_111=filters, **changes), default_facts()
    rows = [AS_ROWS[text] for text in filters]
    book, market = books.rulebook(), books.market()
    found = kernel_figures([(values, facts)], book, market, rows)[0]
    assert found["viable"] is viable
    assert all(scoring.passes(text, found) for text in filters) is viable


# The composite's examples, with the notionals, WACCs and coverages they state; the last is the
# calculation trace's, which has no day-one value.
COMPOSITE = [
    (390e6, 12.12, 12e6, 1.35, "AA", 40.65),
    (450e6, 10.5, 15e6, 1.42, "AAA", 47.73),
    (390e6, 12.12, 0.0, 1.35, "AA", 38.25),
]


@pytest.mark.parametrize(("senior", "wacc", "day1", "dscr", "rated", "score"), COMPOSITE)
def test_composite_examples(
    senior: float, wacc: float, day1: float, dscr: float, rated: str, score: float
) -> None:
    values = default_values()
    weights = values["CompositeWeights_110"]
    found = {
        "senior_notional": senior,
        "wacc": wacc,
        "day1_cash": day1,
        "dscr_min": dscr,
        "senior_rating": rated,
    }
    by_oracle = scoring.composite_score(books.rulebook(), weights, "GBP", found)
    out = np.full((figures.N_FIGURES, 1), np.nan)
    out[figures.SENIOR_NOTIONAL] = senior
    out[figures.WACC] = wacc
    out[figures.DSCR_MIN] = dscr
    out[figures.SENIOR_RATING] = rating.NUMBER[rated]
    inputs = input_column(values, default_facts())[:, None]
    rules = packed_rules(rules_of(books.rulebook(), weights))
    by_kernel = composite_score(inputs, 0, out, day1, rules)
    # the page rounds each of the five parts to a hundredth of a point
    assert by_oracle == pytest.approx(score, abs=0.011)
    assert by_kernel == pytest.approx(by_oracle, rel=1e-12)
