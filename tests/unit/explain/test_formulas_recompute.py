"""Does every formula give its result from the numbers shown, and is the result the engine's?"""

from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.columns import BY_NAME, flat
from pipeline.engine import figures_of_inputs
from pipeline.evaluation import checked
from pipeline.explain.gates import RULE_OF_REASON
from pipeline.explain.model import Explanation, Step
from pipeline.explain.scenario import explain_scenario
from pipeline.inputs.encode import base_of, problem_of
from pipeline.inputs.scenarios import default_request
from tests.unit.explain.formulas import tolerance, worked_out
from tests.unit.inputs.sound import loaded, project

TRACE = {"TargetDSCRSenior_37": 1.35, "SeniorCoupon_38": 5.5, "SeniorTenorY_39": 25}
RICH = {"GrossMonthlyRent_07": 12e6, "SeniorTenorY_39": 15, "MinSeniorRatingTarget_75": "BBB"}
MEZZ = {"mezz": True, "MezzTenorY_47": 10}
OVERLAYS = dict.fromkeys(("zcis_5y", "zcis_10y", "trs", "floor", "strip"), True)
# Between them every branch of every formula: profiles, bases, hedges, currencies, covenants, …
SETTINGS: dict[str, dict[str, Any]] = {
    "trace": TRACE,
    "mezzanine example": {
        **TRACE, "TargetDSCRSenior_37": 1.45, "mezz": True, "MezzAmortType_48": "Annuity",
        "TargetDSCRMezz_45": 1.15, "MezzCoupon_46": 8, "MezzTenorY_47": 10,
    },
    "senior page": {
        "PUE_03": 1.2, "CapexMarketRate_05": 11e6, "GrossMonthlyRent_07": 12e6, "OPEX_08": 20,
        "SeniorCoupon_38": 5.5, "SeniorTenorY_39": 15, "SeniorAmortType_40": "Bullet",
        "TargetDSCRSenior_37": 1.5, "max_ltv_pct": 70, "min_icr": 2,
    },
    "interest cover binds": {**RICH, "SeniorAmortType_40": "Bullet", "min_icr": 4},
    "sculpted": {
        **RICH, **MEZZ, **OVERLAYS, "SeniorAmortType_40": "Sculpted", "RentFreeMonths_68": 4,
        "IndexationMode_18": "CPI_Linked", "InflationSpot_33": 4, "MezzAmortType_48": "PIKWindow",
    },
    "level, absolute costs, wrapped": {
        **RICH, **OVERLAYS, "SeniorAmortType_40": "LevelPrincipal", "OPEXMode_17": "Absolute",
        "OPEX_08": 20e6, "IndexationMode_18": "Partial", "MonolineWrapFlag_57": "WholeStack",
        "RevenueBasis_20": "Underwritten", "CapexBasis_21": "Blend", "SeniorGracePeriod_41": 6,
        "VAT_TaxTreatmentToggle_26": True, "AmortSwitchRules_103": "RatingDowngrade",
    },
    "stepped down, power hedged twice": {
        **RICH, **MEZZ, "SeniorAmortType_40": "StepDown", "RevenueBasis_20": "Conservative",
        "PowerPassThroughMode_70": "Share", "PowerHedgeMode_24": "PPA_Plus_Swap",
        "PPA_TermYears_71": 5, "PowerSwapTenorY_73": 10, "PowerHedgeCoveragePct_74": 60,
        "CapexBasis_21": "CostPrice_04", "IndexationBase_19": "FixedEscalator",
        "IndexationMode_18": "CPI_Linked", "InsuranceProgrammeType_61": "Ops",
        "HardFilters_111": ["DSCR>=1.2", "SeniorWAL<=9", "SeniorRating>=BBB", "RepoEligible=No"],
    },
    "no income in a tested month": {"OPEXMode_17": "Absolute", "OPEX_08": 90e6},
    "debt beyond the lease": {"LeaseTermYears_22": 10, "SeniorTenorY_39": 15},
    "mezzanine without room": {**MEZZ, "TargetDSCRMezz_45": 1.6},
    "mezzanine never tested": {
        **RICH, **MEZZ, "RentFreeMonths_68": 24, "MezzTenorY_47": 3,
        "MezzAmortType_48": "PIKWindow",
    },
    "overlays that outlive the debt": {**RICH, **OVERLAYS, "SeniorTenorY_39": 4},
}  # fmt: skip

ABROAD = {
    "project": {
        "id": "abroad", "title": "Abroad", "country": "GB", "asset_type": "data_centre",
        "local_currency": "EUR", "rent": {"per_kw_month": 400},
        "tenant": {"name": "Tenant", "rating": "BBB", "share_pct": 100},
    },
    "base": {
        "GrossITLoad_02": 5, "CurrencyPolicy_25": "Mixed", "CCY_SwapTenorY_96": 7,
        "FXSpot_35": 0.85, "TotalStructuringFees_14": 1e6, "OPEXMode_17": "Absolute",
        "OPEX_08": 3e6,
        "mezz": True, "DSRA_Months_59": 3, "floor": True, "MinSeniorRatingTarget_75": "BBB",
        "PowerPassThroughMode_70": "Landlord", "PowerHedgeMode_24": "FinancialSwap",
        "LandPurchaseFees_06": 2e6,
    },
    "levers": {},
    "covenants": {"dsra_funding": "LetterOfCredit", "interest_during_construction": False},
    "deal": {"rate_option": "collar", "fee_rebate_pct": 20, "advance_uplift_pct": 1},
}  # fmt: skip
FILES: dict[str, dict[str, Any]] = {
    "abroad": project(**ABROAD),
    "cap": project(
        **ABROAD
        | {"deal": {"rate_option": "cap"}}
        | {"base": ABROAD["base"] | {"CCY_SwapTenorY_96": 30, "CurrencyPolicy_25": "HedgedTo_01"}}
    ),
}


@pytest.fixture(scope="module", params=[*SETTINGS, *FILES])
def explained(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Explanation, dict[str, Any]]:
    settings = SETTINGS.get(request.param, {})
    asked = default_request()
    if request.param in FILES:
        asked = loaded(tmp_path_factory.mktemp("file"), FILES[request.param])
    scenario = checked(asked, [(None, settings)], "test")[0]
    problem = problem_of(scenario)
    figures = figures_of_inputs(problem, base_of(scenario).reshape(-1, 1))
    return explain_scenario(scenario, settings), flat(figures[:, 0])


def closed(explanation: Explanation) -> Iterator[Step]:
    return (each for each in explanation.steps() if each.closed and each.result is not None)


def test_formulas_give_their_results(explained: tuple[Explanation, dict[str, Any]]) -> None:
    checked_steps = 0
    for step in closed(explained[0]):
        assert isinstance(step.result, (int, float)), step.id
        assert worked_out(step) == pytest.approx(step.result, rel=1e-9, abs=tolerance(step)), step
        checked_steps += 1
    assert checked_steps > 40


def test_results_are_the_columns_of_the_row(explained: tuple[Explanation, dict[str, Any]]) -> None:
    explanation, row = explained
    told = {step.column: step for step in explanation.steps() if step.column}
    for name, step in told.items():
        if name in ("default_passed", "delay_passed"):
            assert step.bound is not None
            assert (step.bound.verdict == "pass") == row[name]
        elif name in BY_NAME:
            assert step.result == row[name], name
    assert {"senior_notional", "wacc", "day1_cash", "equity_irr", "viability_tier"} <= set(told)


def test_gate_verdicts_are_the_reasons_of_the_row(
    explained: tuple[Explanation, dict[str, Any]],
) -> None:
    explanation, row = explained
    tests = [step.bound for step in explanation.steps() if step.id.startswith("gate_")]
    failed = [bound.reason for bound in tests if bound is not None and bound.verdict == "fail"]
    assert sorted(set(failed)) == sorted(row["gate_a_reasons"] + row["gate_b_reasons"])
    binding = [bound.reason for bound in tests if bound is not None and bound.binds]
    assert binding == (row["gate_a_reasons"] + row["gate_b_reasons"])[:1]
    for bound in tests:
        assert bound is not None
        assert bound.rule == RULE_OF_REASON[bound.reason]
        if bound.headroom is not None and bound.reason not in ("MATH_ERROR",):
            slack = 1e-9 * max(1.0, abs(bound.limit or 0.0))
            assert (bound.headroom >= -slack) == (bound.verdict == "pass")


def test_reasons_belong_to_the_rules_of_the_rulebook() -> None:
    rules = default_request().content()["rulebook"]["rules"]
    book = default_request().rulebook.rules
    told = {}
    for field, info in type(book).model_fields.items():
        rule = getattr(book, field)
        for name in ("reason", "balloon_reason"):
            if hasattr(rule, name):
                told[getattr(rule, name)] = info.alias
    assert told == RULE_OF_REASON
    assert set(told.values()) <= set(rules)


def result_of(settings: str, name: str) -> float:
    scenario = checked(default_request(), [(None, SETTINGS[settings])], "test")[0]
    steps = {step.id: step for step in explain_scenario(scenario, {}).steps()}
    found = steps[name].result
    assert isinstance(found, float)
    return found


@pytest.mark.parametrize(
    ("settings", "step", "right", "places"),
    [
        ("trace", "senior.annuity_factor", 162.84, 0.005),
        ("trace", "senior.most_service_a_year", 16_666_666.67, 0.005),
        ("trace", "senior.notional", 226_171_173.71, 0.005),
        ("trace", "senior.wal", 15.314, 0.0005),
        ("trace", "capital.wacc", 14.173, 0.0005),
        ("mezzanine example", "senior.notional", 210.57e6, 0.005e6),
        ("mezzanine example", "mezzanine.notional", 27.80e6, 0.005e6),
        ("senior page", "senior.by_ltv", 784e6, 1e-3),
        ("senior page", "senior.notional", 784e6, 1e-3),
        ("senior page", "senior.dscr_min", 2.672, 0.0005),
        ("senior page", "project.developer_margin", 31.25, 1e-9),
    ],
)  # fmt: skip
def test_published_figures_stand_in_the_trace(
    settings: str, step: str, right: float, places: float
) -> None:
    assert result_of(settings, step) == pytest.approx(right, abs=places)
