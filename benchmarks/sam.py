"""NREL's System Advisor Model on a case of tests/oracle/reference/pysam_sculpted.json.

SAM's single-owner model works year by year: revenue less operating cost, taxes off, term debt
sculpted to a coverage or a share of cost. Needs the `peers` extra.
"""

from typing import Any

ZERO = {
    "FinancialParameters": [
        "construction_financing_cost",
        "cost_other_financing",
        "dscr_reserve_months",
        "equip1_reserve_cost",
        "equip2_reserve_cost",
        "equip3_reserve_cost",
        "inflation_rate",
        "insurance_rate",
        "months_receivables_reserve",
        "months_working_reserve",
        "property_tax_rate",
        "reserves_interest",
        "salvage_percentage",
    ],
    "SystemCosts": [
        "om_capacity_escal",
        "om_fixed_escal",
        "om_fuel_cost_escal",
        "om_production_escal",
    ],
    "Depreciation": ["depr_alloc_sl_20_percent"],
}
ZERO_SERIES = {
    "FinancialParameters": ["federal_tax_rate", "state_tax_rate"],
    "SystemCosts": ["om_capacity", "om_fuel_cost", "om_production"],
    "TaxCreditIncentives": ["itc_fed_percent", "ptc_fed_amount"],
}
_HOURS = 8760


def model(given: dict[str, Any]) -> Any:
    """SAM's single-owner model of a case, not yet run."""
    from PySAM import Singleowner  # noqa: PLC0415  -- there with the peers extra only

    found = Singleowner.default("CustomGenerationProfileSingleOwner")
    for group, names in ZERO.items():
        for name in names:
            setattr(getattr(found, group), name, 0.0)
    for group, names in ZERO_SERIES.items():
        for name in names:
            setattr(getattr(found, group), name, (0.0,))
    energy = given["generation_kwh_per_year"] / _HOURS
    found.SystemOutput.gen = (energy,) * _HOURS
    found.SystemOutput.system_capacity = energy
    found.SystemOutput.degradation = (0.0,)
    found.Revenue.ppa_soln_mode = 1.0
    found.Revenue.ppa_escalation = 0.0
    found.Revenue.ppa_multiplier_model = 0.0
    found.Revenue.dispatch_tod_factors = (1.0,) * 9
    found.Revenue.ppa_price_input = tuple(given["price"])
    found.SystemCosts.om_fixed = tuple(given["opex"])
    found.SystemCosts.total_installed_cost = given["capex"]
    terms = found.FinancialParameters
    terms.analysis_period = float(len(given["opex"]))
    terms.term_tenor = float(given["tenor"])
    terms.term_int_rate = 100.0 * given["rate"]
    terms.dscr = given["dscr"]
    terms.debt_option = float(given.get("debt_option", 1))
    terms.debt_percent = float(given.get("debt_percent", 50))
    terms.payment_option = float(given.get("payment_option", 0))
    terms.cost_debt_fee = given.get("fee", 0.0)
    terms.cost_debt_closing = given.get("closing", 0.0)
    terms.dscr_maximum_debt_fraction = 100.0
    return found
