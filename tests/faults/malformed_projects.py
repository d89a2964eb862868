"""A sound project file, and what can be wrong in one: each case changes one thing of it.

`Case` holds where, the YAML text put there, a part of what the error has to say, and the field it
has to name.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, NamedTuple

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
