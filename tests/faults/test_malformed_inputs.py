"""Does every malformed input end with a clear error that names its field, exit 2, nothing written?

Each case changes one thing of a sound project. `Case` holds where, the YAML text put there, the
field the error has to name and a part of what it has to say.
"""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipeline.cli.main import run_command
from pipeline.inputs.catalogue import VARIABLES

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
Tree = dict[str, Any]
GONE = "<left out>"

SOUND: Tree = {
    "schema": "1",
    "project": {
        "id": "demo",
        "title": "Demo",
        "country": "GB",
        "asset_type": "data_centre",
        "tenant": {"name": "Tenant", "rating": "A", "share_pct": "30"},
        "rent": {"per_kwh": "0.12"},
    },
    "base": {"GrossITLoad_02": "5", "SeniorGracePeriod_41": "0"},
    "covenants": {"max_ltv_pct": "75"},
    "levers": {
        "TargetDSCRSenior_37": "{min: 1.15, max: 1.50, step: 0.05}",
        "SeniorTenorY_39": "[5, 10, 15]",
        "mezz": "[false, {TargetDSCRMezz_45: 1.15}]",
        "overlays": "all",
    },
    "run": {"seed": "3", "max_permutations": "1000"},
    "deal": {"true_sale": "true"},
    "parties": {"issuer": "Issuer plc"},
    "market": "builtin:gbp",
    "rulebook": "builtin:v1",
}


class Case(NamedTuple):
    where: str
    text: str
    says: str
    names: str = ""  # the field that is named, where it is not `where`


def rendered(tree: Tree, depth: int = 0) -> str:
    pad = "  " * depth
    return "".join(
        f"{pad}{key}:\n{rendered(value, depth + 1)}"
        if isinstance(value, dict)
        else f"{pad}{key}: {value}\n"
        for key, value in tree.items()
    )


def changed(where: str, text: str, sound: Tree = SOUND) -> str:
    tree = copy.deepcopy(sound)
    *folders, last = where.split("/")
    inner = tree
    for folder in folders:
        inner = inner.setdefault(folder, {})
    if text == GONE:
        del inner[last]
    else:
        inner[last] = text
    return rendered(tree)


TYPES_AND_RANGES = [
    Case("base/SeniorCoupon_38", "13", "out of range"),
    Case("base/SeniorCoupon_38", "0.4999", "out of range"),
    Case("base/SeniorCoupon_38", "-5", "out of range"),
    Case("base/SeniorCoupon_38", "five", "has to be a number"),
    Case("base/SeniorCoupon_38", '"5.5"', "has to be a number"),
    Case("base/SeniorCoupon_38", "true", "has to be a number"),
    Case("base/SeniorCoupon_38", "[5]", "has to be a number"),
    Case("base/SeniorCoupon_38", "{value: 5}", "has to be a number"),
    Case("base/SeniorCoupon_38", "", "needs a value"),
    Case("base/SeniorCoupon_38", "~", "needs a value"),
    Case("base/SeniorCoupon_38", ".nan", "has to be a number"),
    Case("base/SeniorCoupon_38", "NaN", "has to be a number"),
    Case("base/SeniorCoupon_38", ".inf", "has to be a number"),
    Case("base/SeniorCoupon_38", "-.inf", "has to be a number"),
    Case("base/SeniorCoupon_38", "1e300", "out of range"),
    Case("base/SeniorCoupon_38", "1e400", "too many digits"),
    Case("base/SeniorCoupon_38", "1e-999999999", "too many digits"),
    Case("base/SeniorCoupon_38", "9" * 5000, "too many digits"),
    Case("base/SeniorCoupon_38", "05", "has to be a number"),
    Case("base/SeniorCoupon_38", "0x5", "has to be a number"),
    Case("base/SeniorCoupon_38", "0o5", "has to be a number"),
    Case("base/SeniorCoupon_38", "1_0", "has to be a number"),
    Case("base/SeniorCoupon_38", "5:30", "has to be a number"),
    Case("base/SeniorCoupon_38", "5,5", "has to be a number"),
    Case("base/SeniorCoupon_38", "5%", "has to be a number"),
    Case("base/SeniorCoupon_38", "٥", "has to be a number"),
    Case("base/SeniorCoupon_38", "2026-01-30", "has to be a number"),
    Case("base/ConstructionToCODMonths_23", "3.5", "whole number"),
    Case("base/ConstructionToCODMonths_23", "37", "out of range"),
    Case("base/DSRA_Months_59", "6.01", "whole number"),
    Case("base/LeaseTermYears_22", "15.1", "whole months"),
    Case("base/MezzTenorY_47", "7.77", "whole months"),
    Case("base/SeniorRepoEligibleFlag_44", "yes", "true or false"),
    Case("base/SeniorRepoEligibleFlag_44", "1", "true or false"),
    Case("base/SeniorRepoEligibleFlag_44", "True", "true or false"),
    Case("base/SeniorRepoEligibleFlag_44", '"true"', "true or false"),
    Case("base/SeniorAmortType_40", "Anuity", "did you mean Annuity"),
    Case("base/SeniorAmortType_40", "ANNUITY", "not an allowed value"),
    Case("base/SeniorAmortType_40", "3", "not an allowed value"),
    Case("base/SeniorAmortType_40", "true", "one of the allowed words"),
    Case("base/SeniorAmortType_40", "[Annuity]", "one of the allowed words"),
    Case("base/IndexationMode_18", "cpi", "not an allowed value"),
    Case("base/ZCiS_TermY_92", "7", "not an allowed value"),
    Case("base/MinSeniorRatingTarget_75", "AA+", "not an allowed value"),
    Case("base/TenantRatingFloor_77", "AAAA", "is not a rating"),
    Case("base/TenantRatingFloor_77", "3", "is not a rating"),
    Case("base/DSCR_TriggerLevels_101", "1.20", "two trigger ratios"),
    Case("base/DSCR_TriggerLevels_101", '"1.05|1.20"', "wrong way round"),
    Case("base/DSCR_TriggerLevels_101", '"1.2|x"', "two trigger ratios"),
    Case("base/DSCR_TriggerLevels_101", '"9|1"', "two trigger ratios"),
    Case("base/CPI_Scenarios_82", "2.0", "has to be a list"),
    Case("base/CPI_Scenarios_82", "[99]", "rate in percent", "base.CPI_Scenarios_82[0]"),
    Case("base/CPI_Scenarios_82", "[1, x]", "rate in percent", "base.CPI_Scenarios_82[1]"),
    Case("base/OutputVariants_112", "[Flatt]", "did you mean Flat", "base.OutputVariants_112[0]"),
    Case("base/OutputVariants_112", "[Flat, Flat]", "twice"),
    Case("base/PermutationGranularity_107", "{dscr: 1}", "is not a step"),
    Case("base/PermutationGranularity_107", "{dscr_step: 0}", "has to be a step"),
    Case("base/PermutationGranularity_107", "5", "mapping of steps"),
    Case("base/CounterpartyRouting_114", "{Bank: {min_rating: A}}", "min_rating and max_tenor"),
    Case("base/CounterpartyRouting_114", "[Bank]", "mapping of counterparties"),
    Case("base/OPEX_08", "81", "out of range"),
    Case("base/OPEX_08", "2000000", "out of range"),
    Case("base/MaxPermutations_108", "999", "out of range"),
    Case("base/mezz", "maybe", "true or false"),
    Case("base/mezz", "{SeniorCoupon_38: 5}", "not a setting of the mezzanine"),
    Case("base/trs", "1", "true or false"),
]

NAMES = [
    Case("base/SeniorCupon_38", "5", "did you mean SeniorCoupon_38"),
    Case("base/SeniorCoupon", "5", "did you mean SeniorCoupon_38"),
    Case("base/seniorcoupon_38", "5", "did you mean SeniorCoupon_38"),
    Case("base/Sеniorcoupon_38", "5", "did you mean SeniorCoupon_38"),  # a Cyrillic e
    Case("base/Whatever_117", "5", "not a variable"),
    Case("base/💥", "5", "not a variable"),
    Case("base/" + "x" * 500, "5", "not a variable"),
    Case("base/38", "5", "not a variable"),
    Case("base/NetIncome_11", "5", "is computed"),
    Case("base/TotalProjectMarketCosts_15", "5", "is computed"),
    Case("base", "[1]", "has to be a mapping"),
    Case("base", "5", "has to be a mapping"),
    Case(
        "base/PPA_Strike_GBP_MWh_72",
        "80\n  PPA_Strike_£MWh_72: 80",
        "given twice",
        "base.PPA_Strike_£MWh_72",
    ),
    Case("levers/NetIncome_11", "[1, 2]", "is computed"),
    Case("levers/SeniorCupon_38", "[5]", "did you mean SeniorCoupon_38"),
    Case("levers/MaxPermutations_108", "[1000, 2000]", "cannot be a lever"),
    Case("levers/CPI_Scenarios_82", "[[1], [2]]", "cannot be a lever"),
    Case("levers/zcis_5y", "[true]", "is an overlay"),
    Case("levers/overlay", "all", "did you mean overlays"),
    Case("projct", "{}", "did you mean project"),
    Case("covenants/max_ltv", "75", "did you mean max_ltv_pct"),
    Case("run/sead", "1", "did you mean seed"),
    Case("deal/true_sail", "true", "did you mean true_sale"),
    Case("parties/isuer", "X", "did you mean issuer"),
    Case("project/tennant", "X", "did you mean tenant"),
]

PROJECT = [
    Case("schema", GONE, "is missing"),
    Case("schema", "2", "newer"),
    Case("schema", "0", "has to be 1"),
    Case("schema", "true", "has to be 1"),
    Case("schema", "one", "has to be 1"),
    Case("project", GONE, "is missing"),
    Case("project", "demo", "has to be a mapping"),
    Case("project/id", GONE, "is missing"),
    Case("project/id", "../../etc", "pattern"),
    Case("project/id", "Demo", "pattern"),
    Case("project/id", "a/b", "pattern"),
    Case("project/id", "-demo", "pattern"),
    Case("project/id", '""', "pattern"),
    Case("project/id", "a" * 64, "at most 63"),
    Case("project/id", '"demo\\n"', "pattern"),
    Case("project/id", "5", "has to be text"),
    Case("project/title", GONE, "is missing"),
    Case("project/title", '""', "too short"),
    Case("project/title", "t" * 201, "at most 200"),
    Case("project/title", '"a\\x07b"', "control characters"),
    Case("project/title", '"a\\u202Eb"', "control characters"),
    Case("project/title", "[a]", "has to be text"),
    Case("project/country", "XX", "not an ISO 3166 code", "project"),
    Case("project/country", "Germany", "pattern"),
    Case("project/country", "gb", "pattern"),
    Case("project/country", "CH", "is needed", "project.local_currency"),
    Case("project/local_currency", "CHF", "has to be"),
    Case("project/local_currency", "EUR", "EUR is converted to GBP", "base.FXSpot_35"),
    Case("project/asset_type", "datacentre", "has to be"),
    Case("project/construction_start", "soon", "has to be a date"),
    Case("project/construction_start", "2026-02-30", "has to be a date"),
    Case("project/construction_start", "20260230", "has to be a date"),
    Case("project/tenant", GONE, "is missing"),
    Case("project/tenant", "Tenant", "has to be a mapping"),
    Case("project/tenant/rating", "A1", "is not a rating"),
    Case("project/tenant/share_pct", "101", "less than or equal to 100"),
    Case("project/tenant/share_pct", "-1", "greater than or equal to 0"),
    Case("project/tenant/share_pct", ".nan", "has to be a number"),
    Case("project/rent", "{}", "exactly one"),
    Case("project/rent", "{monthly: 500000, per_kwh: 0.1}", "exactly one"),
    Case("project/rent", "{monthly: 5}", "greater than or equal to", "project.rent.monthly"),
    Case("project/rent", "{per_kwh: 0}", "greater than 0", "project.rent.per_kwh"),
    Case("project/rent", "{weekly: 5}", "is not a field", "project.rent.weekly"),
    Case("project/locations", "[{country: GB, city: A, site: B, share_pct: 50}]", "sum to 100",
         "project"),
    Case("project/locations", "[{country: GB}]", "is missing", "project.locations[0].city"),
    Case("project/locations", "London", "has to be a list"),
    Case("covenants/max_ltv_pct", "0", "greater than 0"),
    Case("covenants/max_ltv_pct", "101", "less than or equal to 100"),
    Case("covenants/min_icr", "-1", "greater than 0"),
    Case("covenants/dsra_funding", "Letter", "has to be"),
    Case("covenants/interest_during_construction", "no", "true or false"),
    Case("covenants/payment_frequency", "Yearly", "'Monthly' or 'Quarterly'"),
    Case("covenants/mezz_reserve_months", "25", "less than or equal to 24"),
    Case("covenants/mezz_reserve_months", "-1", "greater than or equal to 0"),
    Case("covenants/mezz_reserve_months", "1.5", "whole number"),
    Case("covenants", "75", "has to be a mapping"),
    Case("deal/fee_rebate_pct", "-1", "greater than or equal to 0"),
    Case("deal/rule_144a", "maybe", "true or false"),
    Case("deal/isin", "GB00B03MLX28", "check digit is wrong"),
    Case("deal/isin", "GB00", "pattern"),
    Case("deal/issue_date", "15/09/2026", "year-month-day"),
    Case("deal/start_date", "1999-12-31", "from 2000-01-01 to 2100-12-31"),
    Case("deal/target_close_date", "soon", "year-month-day"),
    Case("deal/name", '"a\\x1bb"', "control"),
    Case("deal/security", "all", "has to be a list"),
    Case("deal/milestone_days", "{pricing: -1}", "greater than", "deal.milestone_days.pricing"),
    Case("deal/milestone_days", "{prising: 1}", "did you mean pricing",
         "deal.milestone_days.prising"),
    Case("deal/documents", "{term_sheet: {status: done}}", "'signed'",
         "deal.documents.term_sheet.status"),
    Case("deal/documents", "{term_sheet: agreed}", "mapping", "deal.documents.term_sheet"),
    Case("parties/insurer_rating", "triple A", "is not a rating"),
    Case("parties/rating_agencies", "[A, B, C, D, E]", "at most 4"),
    Case("parties/rating_agencies", "Agency", "has to be a list"),
    Case("run/seed", "-1", "greater than or equal to 0"),
    Case("run/seed", "1.5", "whole number"),
    Case("run/seed", "9223372036854775808", "less than or equal to"),
    Case("run/seed", "x", "whole number"),
    Case("run/max_permutations", "0", "greater than or equal to 1"),
    Case("run/max_permutations", "1000000000001", "less than or equal to"),
    Case("run/partition_rows", "0", "greater than or equal to 1"),
    Case("run/objective", "Profit", "has to be"),
    Case("run/weights", "{WACC: 0.5}", "sum to 1"),
    Case("run/weights", "{WACC: -1}", "has to be a weight", "run.weights.WACC"),
    Case("run/weights", "{Speed: 1}", "is not a weight", "run.weights.Speed"),
    Case("run/weights", "[1]", "has to be a mapping"),
    Case("run/hard_filters", "DSCR>=1.3", "has to be a list"),
    Case("run/hard_filters", "[DSCR>1.3]", "is not a filter", "run.hard_filters[0]"),
    Case("run/hard_filters", "[DSCRR>=1.3]", "did you mean DSCR", "run.hard_filters[0]"),
    Case("run/hard_filters", "[DSCR>=high]", "is not a number", "run.hard_filters[0]"),
    Case("run/hard_filters", "[RepoEligible=Maybe]", "=Yes or =No", "run.hard_filters[0]"),
    Case("run/hard_filters", "[SeniorRating>=A-]", "not a tranche rating", "run.hard_filters[0]"),
    Case("run/hard_filters", "[EquityIRR>=12%]", "is not a filter", "run.hard_filters[0]"),
    Case("run/hard_filters", "[DSCR>=1.3, DSCR>=1.3]", "given twice", "run.hard_filters[1]"),
    Case("run/hard_filters", "[5]", "is not a filter", "run.hard_filters[0]"),
    Case("expected", "5", "has to be a mapping"),
    Case("expected/diamonds", "{min: 1, source: plan}", "did you mean diamond"),
    Case("expected/diamond", "1", "has to be a mapping"),
    Case("expected/diamond", "{min: 1}", "is missing", "expected.diamond.source"),
    Case("expected/diamond", "{source: plan}", "min or max or both, or a value"),
    Case("expected/diamond", "{min: 1, value: 2, source: plan}", "min or max or both, or a value"),
    Case("expected/diamond", "{min: 2, max: 1, source: plan}", "above max"),
    Case("expected/diamond", "{min: few, source: plan}", "number", "expected.diamond.min"),
    Case("expected/diamond", "{min: .inf, source: plan}", "number", "expected.diamond.min"),
    Case("expected/diamond", "{min: 1, tolerance: 1, source: plan}", "goes with a value"),
    Case("expected/diamond", "{value: 1, tolerance: -1, source: plan}", "greater than or equal",
         "expected.diamond.tolerance"),
    Case("expected/diamond", "{mim: 1, source: plan}", "did you mean min", "expected.diamond.mim"),
    Case("expected/diamond", '{min: 1, source: "a\\x1bb"}', "control", "expected.diamond.source"),
    Case("expected/diamond", '{min: 1, source: plan, explained: ""}', "too short",
         "expected.diamond.explained"),
    Case("expected/optimal_has_mezzanine", "{value: 1, source: plan}", "true or false",
         "expected.optimal_has_mezzanine.value"),
]  # fmt: skip

LEVERS = [
    Case("levers/SeniorCoupon_38", "[]", "has no values"),
    Case("levers/SeniorCoupon_38", "5", "has to be a list"),
    Case("levers/SeniorCoupon_38", "all", "has to be a list"),
    Case("levers/SeniorCoupon_38", "[5, 5.0]", "listed twice", "levers.SeniorCoupon_38[1]"),
    Case("levers/SeniorCoupon_38", "[5, 99]", "out of range", "levers.SeniorCoupon_38[1]"),
    Case("levers/SeniorCoupon_38", "[5, .nan]", "number", "levers.SeniorCoupon_38[1]"),
    Case("levers/SeniorCoupon_38", "{min: 5}", "is missing", "levers.SeniorCoupon_38.max"),
    Case("levers/SeniorCoupon_38", "{min: 5, max: 5}", "has to be under"),
    Case("levers/SeniorCoupon_38", "{min: 6, max: 5}", "has to be under"),
    Case("levers/SeniorCoupon_38", "{min: 5, max: 6, step: 0}", "above 0",
         "levers.SeniorCoupon_38.step"),
    Case("levers/SeniorCoupon_38", "{min: 5, max: 6, step: -1}", "above 0",
         "levers.SeniorCoupon_38.step"),
    Case("levers/SeniorCoupon_38", "{min: 5, max: 6, step: x}", "has to be a number",
         "levers.SeniorCoupon_38.step"),
    Case("levers/SeniorCoupon_38", "{min: 5, max: 6, step: 1e-300}", "more than 100,000 values"),
    Case("levers/SeniorCoupon_38", "{min: 5, max: 99, step: 1}", "out of range"),
    Case("levers/SeniorCoupon_38", "{min: 5, max: 6, stp: 1}", "did you mean step"),
    Case("levers/SeniorCoupon_38", "{low: 5, high: 6, step: 1}", "is not a field"),
    Case("levers/SeniorCoupon_38", "{low: 5}", "is missing", "levers.SeniorCoupon_38.high"),
    Case("levers/SeniorAmortType_40", "{min: annuity, max: bullet}", "list its values"),
    Case("levers/SeniorAmortType_40", "[annuity, Annuity]", "listed twice"),
    Case("levers/SeniorTenorY_39", "{min: 5, max: 6, step: 0.3}", "whole months"),
    Case("levers/DSRA_Months_59", "{min: 0, max: 6, step: 0.5}", "whole number"),
    Case("levers/mezz", "true", "list of options"),
    Case("levers/mezz", "[]", "list of options"),
    Case("levers/mezz", "[false, false]", "listed twice", "levers.mezz[1]"),
    Case("levers/mezz", "[off]", "not an option", "levers.mezz[0]"),
    Case("levers/mezz", "[{MezzCoupon_46: 50}]", "out of range", "levers.mezz[0].MezzCoupon_46"),
    Case("levers/mezz", "[{MezzCupon_46: 5}]", "did you mean MezzCoupon_46"),
    Case("levers/overlays", "none", "list of overlays"),
    Case("levers/overlays", "[]", "list of overlays"),
    Case("levers/overlays", "[trs, trs]", "listed twice", "levers.overlays[1]"),
    Case("levers/overlays", "[zcis]", "is not an overlay", "levers.overlays[0]"),
    Case("levers", "[TargetDSCRSenior_37]", "has to be a mapping"),
    Case("levers/PPA_Strike_GBP_MWh_72", "[80]\n  PPA_Strike_£MWh_72: [80]", "given twice",
         "levers.PPA_Strike_£MWh_72"),
]  # fmt: skip

CONTRADICTIONS = [
    Case("base/SeniorTenorY_39", "10", "is a lever too"),
    Case("base/mezz", "true", "is a lever too"),
    Case("base/trs", "true", "is a lever too"),
    Case("base/TargetDSCRMezz_45", "1.2", "is a lever too"),
    Case("levers/TargetDSCRMezz_45", "[1.1, 1.2]", "set by the mezz lever too"),
    Case("base/GrossMonthlyRent_07", "500000", "contradicts project.rent"),
    Case("levers/GrossMonthlyRent_07", "[500000, 600000]", "contradicts project.rent"),
    Case("base/RankingObjective_109", "WACC\nrun: {objective: WACC}", "given twice"),
    Case("base/CPI_FloorPct_63", "5", "above CPI_CapPct_64"),
    Case("base/Currency_01", "EUR", "the market file is in GBP"),
    Case("levers/Currency_01", "[GBP, EUR]", "the market file is in GBP"),
    Case("base/FXSpot_35", "0.005", "out of range"),
    Case("base/zcis", "true\n  zcis_5y: true", "beside zcis_5y"),
]

REFERENCES = [
    Case("market", GONE, "is missing"),
    Case("rulebook", GONE, "is missing"),
    Case("market", "builtin:gpb", "did you mean gbp", "market"),
    Case("market", "builtin:../../x", "no built-in file", "market"),
    Case("market", "nowhere.yaml", "no such file", "market"),
    Case("market", ".", "is a directory", "market"),
    Case("market", "5", "has to name a file", "market"),
    Case("market", '""', "has to name a file", "market"),
    Case("market", '"a\\0b"', "cannot be", "market"),
    Case("market", "m" * 5000, "cannot be", "market"),
    Case("market", "builtin:v1", "no built-in file", "market"),
    Case("market", "https://example.org/gbp.yaml", "no such file", "market"),
    Case("rulebook", "project.yaml", "is not a field", "rulebook"),
    Case("rulebook", "builtin:v2", "no built-in file", "rulebook"),
]

ALL = TYPES_AND_RANGES + NAMES + PROJECT + LEVERS + REFERENCES


def rejected(arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What is told of a bad input, once it has ended as it should."""
    before = sorted(folder.iterdir())
    code = run_command(arguments)
    told = capsys.readouterr()
    assert code == 2, told.err
    assert told.out == ""
    assert "Traceback" not in told.err
    assert "unexpected: " not in told.err
    assert sorted(folder.iterdir()) == before
    assert all(line.startswith("error: ") for line in told.err.splitlines())
    return told.err


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_sound_project_is_sound(tmp_path, capsys):
    (tmp_path / "project.yaml").write_text(rendered(SOUND))
    assert run_command(["validate", "project.yaml"]) == 0


def test_there_are_more_than_150_cases():
    assert len({(case.where, case.text) for case in ALL}) >= 150


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.where}={case.text}"[:60])
def test_a_malformed_project_is_named_and_refused(case, tmp_path, capsys):
    (tmp_path / "project.yaml").write_text(changed(case.where, case.text), encoding="utf-8")
    told = rejected(["validate", "project.yaml"], tmp_path, capsys)
    assert (case.names or case.where.replace("/", "."))[:60] in told
    assert case.says in told


@pytest.mark.parametrize("case", CONTRADICTIONS, ids=lambda case: f"{case.where}={case.text}"[:60])
def test_settings_that_contradict_each_other_are_refused(case, tmp_path, capsys):
    sound = copy.deepcopy(SOUND)
    if "\nrun:" in case.text:
        del sound["run"]
        sound["base"] = {**sound["base"]}
        sound = {"base": sound.pop("base"), **sound}
    text = changed(case.where, case.text, sound)
    (tmp_path / "project.yaml").write_text(text, encoding="utf-8")
    assert case.says in rejected(["validate", "project.yaml"], tmp_path, capsys)


SINGLE_VALUES = [
    ({"SeniorTenorY_39": "3", "SeniorGracePeriod_41": "36"}, "leave no time to repay"),
    (
        {"SeniorTenorY_39": "3", "SeniorGracePeriod_41": "60"},
        "base.SeniorGracePeriod_41: 60 months of grace",
    ),
]


@pytest.mark.parametrize(("base", "says"), SINGLE_VALUES)
def test_a_structure_that_cannot_be_built_is_refused(base, says, tmp_path, capsys):
    sound = {**SOUND, "base": base, "levers": {"SeniorCoupon_38": "[5, 6]"}}
    (tmp_path / "project.yaml").write_text(rendered(sound))
    assert says in rejected(["validate", "project.yaml"], tmp_path, capsys)


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 20)
)
TEXTS = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\n ", "is empty"),
    "only a comment": (b"# nothing\n", "is empty"),
    "null": (b"~\n", "has to be a mapping"),
    "a scalar": (b"hello\n", "has to be a mapping"),
    "a list": (b"- 1\n- 2\n", "has to be a mapping"),
    "binary": (bytes(range(256)) * 4, "is binary"),
    "NUL bytes": (b"schema: 1\0\n", "is binary"),
    "UTF-16": ("schema: 1\n".encode("utf-16"), "is binary"),
    "Latin-1": ("title: Zürich\n".encode("latin-1"), "not UTF-8"),
    "truncated UTF-8": (b"title: \xe2\x82", "not UTF-8"),
    "two documents": (b"schema: 1\n---\nschema: 1\n", "more than one document"),
    "duplicate keys": (b"schema: 1\nmarket: a\nmarket: b\n", 'market: the key "market" is given'),
    "duplicate keys inside": (b"base:\n  SeniorCoupon_38: 5\n  SeniorCoupon_38: 6\n",
                              "base.SeniorCoupon_38: the key"),
    "quoted duplicate": (b"market: a\n\"market\": b\n", "given twice"),
    "an anchor in itself": (b"base: &a [*a]\n", "refers to itself"),
    "a mapping in itself": (b"base: &a {b: *a}\n", "refers to itself"),
    "an unknown anchor": (b"base: *nobody\n", "not defined"),
    "a bomb of anchors": (BOMB.encode(), "expands to more than"),
    "a deep list": (b"base: " + b"[" * 100_000, "nested more than"),
    "a deep mapping": (b'{"a":' * 50_000, "nested more than"),
    "a deep block": ("".join(" " * i + f"k{i}:\n" for i in range(200)).encode(), "nested more"),
    "a merge key": (b"a: &a {x: 1}\nbase:\n  <<: *a\n", "merge keys"),
    "a tag": (b"base: !!python/object/apply:os.system [ls]\n", "tags are not accepted"),
    "a binary tag": (b"base: !!binary aGk=\n", "tags are not accepted"),
    "an own tag": (b"base: !secret x\n", "tags are not accepted"),
    "a key that is a list": (b"? [a, b]\n: 1\n", "a key has to be plain text"),
    "a tab": (b"base:\n\tSeniorCoupon_38: 5\n", "not valid YAML"),
    "an open bracket": (b"base: [1, 2\n", "not valid YAML"),
    "an open quote": (b'title: "abc\n', "not valid YAML"),
    "a stray colon": (b"a: b: c\n", "not valid YAML"),
    "a control character": (b"title: a\x07b\n", "not valid YAML"),
    "too large": (b"# " + b"x" * (1 << 20), "larger than"),
    "many values": (b"base: [" + b"1," * 300_000 + b"]", "more than 200,000 values"),
    "JSON with a key twice": (b'{"schema": 1, "schema": 1}', "given twice"),
    "JSON with NaN": (b'{"schema": NaN}', "is not a number"),
    "JSON with Infinity": (b'{"schema": -Infinity}', "is not a number"),
    "JSON with a vast number": (b'{"schema": 1' + b"0" * 5000 + b"}", "too many digits"),
    "JSON with a lone surrogate": (b'{"schema": 1, "project": {"id": "x", "title": "\\ud800"}}',
                                   "control characters"),
    "JSON cut off": (b'{"schema": 1, ', "not valid YAML"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_is_no_document_is_refused(name, tmp_path, capsys):
    content, says = TEXTS[name]
    (tmp_path / "project.yaml").write_bytes(content)
    told = rejected(["validate", "project.yaml"], tmp_path, capsys)
    assert "project.yaml" in told
    assert says in told


def test_a_file_that_is_none_is_refused(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    cases = {
        ".": "is a directory",
        "nowhere.yaml": "no such file",
        "pipe.yaml": "is not a regular file",
        "loop.yaml": "cannot be read",
        "nul\0byte.yaml": "cannot be read",
        "x" * 5000 + ".yaml": "cannot be read",
    }
    for file, says in cases.items():
        assert says in rejected(["validate", file], tmp_path, capsys)


def test_a_space_of_10_to_the_30_is_refused_at_once(tmp_path, capsys):
    percents = [v for v in VARIABLES if v.unit == "%" and (v.low, v.high) == (0, 100)]
    others = [v for v in VARIABLES if v.unit == "bps" and v.low == 0 and v.can_be_lever]
    names = [v.name for v in (percents + others)[:15]]
    levers = "".join(f"  {name}: {{min: 0, max: 79.2, step: 0.8}}\n" for name in names)
    sound = {name: value for name, value in SOUND.items() if name != "levers"}
    (tmp_path / "project.yaml").write_text(f"{rendered(sound)}levers:\n{levers}")
    told = rejected(["validate", "project.yaml"], tmp_path, capsys)
    assert "levers: the lever space has 1e+30 permutations; ids end at 10^15" in told


def test_everything_wrong_is_told_at_once_with_its_line(tmp_path, capsys):
    tree = copy.deepcopy(SOUND)
    tree["project"]["id"] = "No Good"
    tree["base"] = {"SeniorCoupon_38": "99", "SeniorCupon_38": "5"}
    tree["levers"]["MezzCoupon_46"] = "[99]"
    tree["run"]["seed"] = "-1"
    tree["market"] = "builtin:xyz"
    text = rendered(tree)
    (tmp_path / "project.yaml").write_text(text)
    told = rejected(["validate", "project.yaml"], tmp_path, capsys)
    for field in ("project.id", "base.SeniorCoupon_38", "base.SeniorCupon_38", "run.seed",
                  "levers.MezzCoupon_46[0]", "market"):  # fmt: skip
        assert f": {field}: " in told
    line = text.splitlines().index("  SeniorCoupon_38: 99") + 1
    assert f"project.yaml:{line}: base.SeniorCoupon_38: is out of range (given 99)" in told


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["SeniorCupon_38=5"], "did you mean SeniorCoupon_38"),
        (["SeniorCoupon_38"], "NAME=VALUE"),
        (["=5"], "NAME=VALUE"),
        (["SeniorCoupon_38="], "needs a value"),
        (["SeniorCoupon_38=5", "SeniorCoupon_38=6"], "given twice"),
        (["SeniorCoupon_38=99"], "out of range"),
        (["SeniorCoupon_38=[5"], "not valid YAML"),
        (["mezz=maybe"], "true or false"),
        (["max_ltv_pct=0"], "greater than 0"),
        (["min_icr=x"], "has to be a number"),
        (["SeniorGracePeriod_41=60", "SeniorTenorY_39=5"], "leave no time to repay"),
        (["CPI_FloorPct_63=5"], "above CPI_CapPct_64"),
        (["mezz=true", "MezzAmortType_48=PIKWindow", "MezzTenorY_47=3", "zcis=true",
          "zcis_5y=true"], "beside zcis_5y"),
        (["SeniorAmortType_40=Sculpted", "SeniorTenorY_39=3", "SeniorGracePeriod_41=36"],
         "leave no time"),
        (["HardFilters_111=[DSCR]"], "is not a filter"),
    ],
)  # fmt: skip
def test_a_malformed_setting_of_evaluate_is_refused(settings, says, tmp_path, capsys):
    arguments = ["evaluate", *(part for text in settings for part in ("--set", text))]
    told = rejected(arguments, tmp_path, capsys)
    assert told.startswith("error: --set: ")
    assert says in told


def test_bad_lines_of_scenarios_are_numbered_and_nothing_is_printed(tmp_path, capsys):
    lines = ["{}", '{"SeniorCoupon_38": 99}', "", "[1]", '{"a": 1, "a": 2}', "{", '{"x": NaN}']
    (tmp_path / "s.jsonl").write_text("\n".join(lines))
    told = rejected(["evaluate", "--scenarios", "s.jsonl"], tmp_path, capsys)
    assert [part in told for part in ("s.jsonl:4:", "s.jsonl:5:", "s.jsonl:6:", "s.jsonl:7:")] == [
        True
    ] * 4
    (tmp_path / "s.jsonl").write_text("\n".join(lines[:2]))
    told = rejected(["evaluate", "--scenarios", "s.jsonl"], tmp_path, capsys)
    assert "s.jsonl:2: SeniorCoupon_38: is out of range" in told


PAYLOAD = {
    "project_id": "proj_1",
    "variables": "[{name: SeniorCoupon_38, type: discrete, values: [5, 6], priority: 1}]",
    "base_scenario": {"GrossITLoad_02": "50"},
}
PAYLOADS = [
    Case("project_id", GONE, "is missing"),
    Case("user_email", "nobody", "pattern"),
    Case("mode", "some", "has to be"),
    Case("mode", "manual", "leave the variables out", "variables"),
    Case("variables", "{}", "has to be a list"),
    Case("variables", "[{name: X_1, type: discrete, values: [1]}]", "not a variable",
         "variables[0].name"),
    Case("variables", "[{name: SeniorCoupon_38}]", "is missing", "variables[0].type"),
    Case("variables", "[{name: SeniorCoupon_38, type: discrete}]", "takes values",
         "variables[0]"),
    Case("variables", "[{name: SeniorCoupon_38, type: continuous, values: [5]}]",
         "takes min_value", "variables[0].values"),
    Case("variables", "[{name: SeniorCoupon_38, type: continuous, min_value: 5}]", "is missing",
         "variables[0].max_value"),
    Case("variables", "[{name: SeniorCoupon_38, type: discrete, values: [5, 99]}]",
         "out of range", "variables[0].values[1]"),
    Case("variables", "[{name: SeniorCoupon_38, type: discrete, values: [5], priority: 0}]",
         "greater than or equal to 1", "variables[0].priority"),
    Case("variables", "[{name: SeniorCoupon_38, type: discrete, values: [5]}, "
         "{name: SeniorCoupon_38, type: discrete, values: [6]}]", "given twice",
         "variables[1].name"),
    Case("base_scenario/GrossITLoad_02", "0", "out of range", "base_scenario.GrossITLoad_02"),
    Case("base_scenario", "7", "has to be a mapping"),
    Case("MaxPermutations_108", "5", "out of range"),
    Case("RankingObjective_109", "Best", "not an allowed value"),
    Case("batch_size", "0", "greater than or equal to 1"),
    Case("max_workers", "many", "whole number"),
    Case("store_results", "yes", "true or false"),
    Case("batchsize", "5", "did you mean batch_size"),
]  # fmt: skip


@pytest.mark.parametrize("case", PAYLOADS, ids=lambda case: f"{case.where}={case.text}"[:60])
def test_a_malformed_payload_is_named_and_refused(case, tmp_path, capsys):
    (tmp_path / "payload.yaml").write_text(changed(case.where, case.text, PAYLOAD))
    told = rejected(["validate", "payload.yaml"], tmp_path, capsys)
    assert (case.names or case.where.replace("/", ".")) in told
    assert case.says in told


FILES = [
    ("markets/gbp", "  nodes: {1: 3.75, 2: 3.65", "  nodes: {0: 3.75, 2: 3.65", "the term 0"),
    ("markets/gbp", "{1: 3.75, 2: 3.65", "{01: 3.75, 1: 3.65", "a term is given twice"),
    ("markets/gbp", "{1: 3.75, 2: 3.65", "{1: 99, 2: 3.65", "zero_curve.nodes.1: has to be less"),
    ("markets/gbp", "date: 2026-01-30", "date: 30.1.2026", "date: has to be a date"),
    ("markets/gbp", "spot: 1.0", "spot: 0.005", "low and high set another range"),
    ("markets/gbp", "spot: 1.0", "{spot: 1.0", "not valid YAML"),
    ("markets/gbp", "spot: 1.0", "spot: 1.0\n  low: 0.5", "have to be given together"),
    ("markets/gbp", "{5: 3.3, 10: 3.0}", "{5: 3.3}", "inflation.breakeven_pct.10: is missing"),
    ("markets/gbp", "normal_bps: 85", "normal_bps: -1", "volatility.normal_bps"),
    ("markets/gbp", "AAA: 70", "AAA: 301", "credit_spreads_bps.AAA"),
    ("markets/gbp", "name: gbp", "name: ../gbp", "name: string should match pattern"),
    ("rulebooks/v1", 'version: "1.0"', "version: 1.0", "version: has to be text"),
    ("rulebooks/v1", "  RK-DSCR-001:", "  RK-DSCR-003:", "rules.RK-DSCR-001: is missing"),
    ("rulebooks/v1", "enabled: true", "enabled: yes", "rules.RK-DSCR-001.enabled: has to be true"),
    ("rulebooks/v1", "action: reject", "action: delete", "rules.RK-DSCR-001.action"),
    ("rulebooks/v1", "AAA: {UK: 1.45,", "AAA: {UK: x,", "threshold.AAA.UK: has to be a number"),
    ("rulebooks/v1", "[10, 20, 30]", "[10, 30, 20]", "tenor_years has to rise"),
    ("rulebooks/v1", "needs: [true_sale]", "needs: [rule_144a]", "EU.needs: this version can ask"),
    ("rulebooks/v1", "{min_dscr: 1.35, max_ltv_pct: 60}", "{min_dscr: 1.55, max_ltv_pct: 60}",
     "a better rating has to ask for more"),
    ("rulebooks/v1", "gold: {min_coverage_pct: 100", "gold: {min_coverage_pct: 101",
     "a better tier has to ask for"),
    ("rulebooks/v1", "diamond: 1,", "diamond: 6,", "has to be as rare or rarer"),
    ("rulebooks/v1", "[15, 25]", "[25, 15]", "lower end has to stand first"),
    ("rulebooks/v1", "mode: conditions", "mode: best", "tiers.mode"),
    ("rulebooks/v1", "JPY: 190", "JPY: 0", "composite.score_scale.JPY: has to be greater than 0"),
    ("rulebooks/v1", "schema: 1", "schema: 7", "newer than schema 1"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "before", "after", "says"), FILES)
def test_a_malformed_market_or_rulebook_is_refused_by_itself_and_in_a_project(
    name, before, after, says, tmp_path, capsys
):
    text = (FIXTURES / f"{name}.yaml").read_text()
    assert before in text
    (tmp_path / "file.yaml").write_text(text.replace(before, after, 1))
    assert says in rejected(["validate", "file.yaml"], tmp_path, capsys)
    field = name.split("/")[0].removesuffix("s")
    (tmp_path / "project.yaml").write_text(changed(field, "file.yaml"))
    told = rejected(["validate", "project.yaml"], tmp_path, capsys)
    assert f"{field}: cannot be used, see below" in told
    assert says in told


def test_a_window_of_capitalised_interest_leaves_time_to_repay(tmp_path, capsys):
    text = (FIXTURES / "rulebooks/v1.yaml").read_text()
    window = text.replace("pik_window_months: 24", "pik_window_months: 36")
    (tmp_path / "book.yaml").write_text(window)
    base = {"mezz": "true", "MezzAmortType_48": "PIKWindow", "MezzTenorY_47": "3"}
    tree = {**SOUND, "base": base, "levers": {"SeniorCoupon_38": "[5, 6]"}}
    (tmp_path / "project.yaml").write_text(changed("rulebook", "book.yaml", tree))
    told = rejected(["validate", "project.yaml"], tmp_path, capsys)
    assert "base.MezzTenorY_47: interest capitalises 36 months, the whole tenor" in told


@pytest.mark.parametrize("command", [["plan"], ["run", "--direct"], ["evaluate"]])
def test_every_command_refuses_before_it_writes(command, tmp_path, capsys):
    (tmp_path / "project.yaml").write_text(changed("base/SeniorCoupon_38", "99"))
    told = rejected([command[0], "project.yaml", *command[1:]], tmp_path, capsys)
    assert "base.SeniorCoupon_38: is out of range" in told


def test_init_never_overwrites(tmp_path, capsys):
    (tmp_path / "project.yaml").write_text("mine")
    assert "exists already" in rejected(["init"], tmp_path, capsys)
    assert (tmp_path / "project.yaml").read_text() == "mine"
    assert "cannot be written" in rejected(["init", "no/such/folder.yaml"], tmp_path, capsys)
