"""Does the catalogue hold all 116 variables, coded as the kernels read them?"""

import pytest

from kernels import codes, layout
from pipeline.inputs import catalogue, ratings
from pipeline.inputs.errors import Collector
from pipeline.inputs.values import check, coded


def test_all_116_variables_are_there_once_and_in_order():
    assert [v.number for v in catalogue.VARIABLES] == list(range(1, 117))
    assert all(v.name.endswith(f"_{v.number:02d}") for v in catalogue.VARIABLES)
    assert len(catalogue.BY_NAME) == 117  # one name has an ASCII alias
    assert {v.number for v in catalogue.VARIABLES if v.computed} == {9, 10, 11, 12, 13, 15, 16}


@pytest.mark.parametrize("variable", catalogue.settable(), ids=lambda v: v.name)
def test_each_default_passes_its_own_check(variable):
    collector = Collector("catalogue")
    assert check(variable, variable.default, collector, variable.name) == variable.default
    assert collector.errors == []


@pytest.mark.parametrize(
    ("number", "names"),
    [
        (1, ("GBP", "EUR", "USD", "JPY", "AED")),
        (17, ("OPEX_PERCENT", "OPEX_ABSOLUTE")),
        (18, ("INDEX_FLAT", "INDEX_CPI", "INDEX_PARTIAL")),
        (19, ("BASE_HEADLINE", "BASE_CORE", "BASE_FIXED")),
        (20, ("BASIS_CONTRACTED", "BASIS_UNDERWRITTEN", "BASIS_CONSERVATIVE")),
        (21, ("CAPEX_AT_MARKET", "CAPEX_AT_COST", "CAPEX_BLEND")),
        (24, ("HEDGE_NONE", "HEDGE_PPA", "HEDGE_SWAP", "HEDGE_PPA_SWAP")),
        (25, ("FX_LOCAL", "FX_HEDGED", "FX_MIXED")),
        (40, ("AMORT_ANNUITY", "AMORT_SCULPTED", "AMORT_BULLET", "AMORT_STEP_DOWN", "AMORT_LEVEL")),
        (48, ("MEZZ_ANNUITY", "MEZZ_BULLET", "MEZZ_PIK")),
        (57, ("WRAP_NONE", "WRAP_SENIOR", "WRAP_WHOLE_STACK")),
        (61, ("INSURE_CONSTRUCTION", "INSURE_OPERATION", "INSURE_BOTH")),
        (70, ("PASS_LANDLORD", "PASS_TENANT", "PASS_SHARE")),
        (79, ("ELIGIBLE_CB", "ELIGIBLE_PRIVATE", "ELIGIBLE_NA")),
        (81, ("HAIRCUT_CONSERVATIVE", "HAIRCUT_BASE", "HAIRCUT_INTERNAL")),
    ],
)
def test_choices_are_coded_as_the_kernels_name_them(number, names):
    variable = catalogue.BY_NUMBER[number]
    assert len(variable.allowed) == len(names)
    found = [coded(variable, word)[0] for word in variable.allowed]
    assert found == [getattr(layout, name) for name in names]


def test_the_words_of_a_choice_mean_the_code_of_the_same_place():
    senior, mezz = catalogue.BY_NUMBER[40].allowed, catalogue.BY_NUMBER[48].allowed
    assert senior == ("Annuity", "Sculpted", "Bullet", "StepDown", "LevelPrincipal")
    assert mezz == ("Annuity", "Bullet", "PIKWindow")
    assert catalogue.BY_NUMBER[1].allowed == ("GBP", "EUR", "USD", "JPY", "AED")
    assert catalogue.BY_NUMBER[17].allowed == ("PercentOfRevenue", "Absolute£")
    assert catalogue.BY_NUMBER[24].allowed == ("Unhedged", "PPA", "FinancialSwap", "PPA_Plus_Swap")


def test_ratings_are_coded_by_number_and_tenants_by_notch():
    assert ratings.CATEGORIES == codes.RATING_NAMES
    for number in (75, 76):
        variable = catalogue.BY_NUMBER[number]
        for word in variable.allowed:
            assert codes.RATING_NAMES[int(coded(variable, word)[0])] == word
    assert coded(catalogue.BY_NUMBER[77], "A-") == (7.0,)
    assert [ratings.NOTCH[n] for n in ("AAA", "AA", "BBB-", "B-", "CCC+", "D")] == [
        1, 3, 10, 16, 17, 22,
    ]  # fmt: skip


def test_triggers_become_two_figures():
    assert coded(catalogue.BY_NUMBER[101], "1.20|1.05") == (1.20, 1.05)


@pytest.mark.parametrize(
    ("number", "word", "meant"),
    [
        (40, "annuity", "Annuity"),
        (40, "Amortizing", "Annuity"),
        (40, "level", "LevelPrincipal"),
        (40, "Level Pay", "LevelPrincipal"),
        (40, "bullet", "Bullet"),
        (40, "Interest-Only", "Bullet"),
        (40, "sculpted", "Sculpted"),
        (17, "Absolute", "Absolute£"),
        (92, 5, "5"),
    ],
)
def test_aliases_are_understood(number, word, meant):
    assert check(catalogue.BY_NUMBER[number], word, Collector("f"), "x") == meant


def test_lever_steps_come_from_the_granularity_and_validate_nothing():
    steps = {v.number: catalogue.lever_step(v) for v in catalogue.VARIABLES}
    assert (steps[37], steps[38], steps[28], steps[39]) == ("0.05", "0.25", "25", "1")
    assert check(catalogue.BY_NUMBER[38], 5.123, Collector("f"), "x") == 5.123


def test_the_alias_names_the_same_variable():
    assert catalogue.find("PPA_Strike_GBP_MWh_72") is catalogue.find("PPA_Strike_£MWh_72")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("SeniorCupon_38", "SeniorCoupon_38"),
        ("Senior_Coupon", "SeniorCoupon_38"),
        ("TargetDSCR_37", "TargetDSCRSenior_37"),
        ("mez", "mezz"),
    ],
)
def test_a_misspelt_name_gets_a_suggestion(wrong, right):
    assert catalogue.suggest(wrong, ("mezz",)) == f", did you mean {right}?"
