"""The inputs sheet: every catalogue variable and what stands beside the catalogue, as cells."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from kernels import layout as x
from pipeline.escape import visible
from pipeline.explain.rating_names import notch_name
from pipeline.inputs import catalogue
from pipeline.inputs.catalogue import Variable
from pipeline.inputs.countries import CURRENCIES, JURISDICTIONS
from pipeline.inputs.ratings import CATEGORIES, SCALE
from pipeline.reports.workbook.book import Book, Form, Named
from pipeline.reports.workbook.expression import Scalar, choice, differs, same
from pipeline.reports.workbook.subject import Subject

YES, NO = "Yes", "No"
NONE = "none"
UNKNOWN = "not known"
_MARKET_NUMBERS: Final = (*range(x.SPREAD_AAA_BPS, x.FX_HEDGE_COST_BPS + 1), x.ZCIS_IMPLIED_PCT)
_RATING_NUMBERS: Final = (x.SENIOR_RATING_TARGET, x.MEZZ_RATING_TARGET)
_TRIGGERS: Final = x.TRAP_TRIGGER_DSCR
_PATHS: Final = 82
HOURS_A_MONTH: Final = 730

RENT_BASES: Final = ("Monthly", "PerKwMonth", "PerKwh")
RATE_OPTIONS: Final = ("floor", "cap", "collar")

# Row, name, label, unit, field of the project file; of what is no catalogue variable.
_SWITCHES: Final = (
    (x.MEZZ_ON, "Mezz_On", "Mezzanine debt", "mezz"),
    (x.ZCIS_5Y_ON, "Zcis_5y_On", "Inflation swap of five years", "zcis_5y"),
    (x.ZCIS_10Y_ON, "Zcis_10y_On", "Inflation swap of ten years", "zcis_10y"),
    (x.TRS_ON, "Trs_On", "Total return swap", "trs"),
    (x.FLOOR_ON, "RateOption_On", "Rate floor, cap or collar", "floor"),
    (x.STRIP_ON, "Strip_On", "Residual strip sold", "strip"),
)
_FLAGS: Final = (
    (x.DSRA_LETTER_OF_CREDIT, "Dsra_LetterOfCredit", "DSRA by letter of credit",
     "covenants.dsra_funding"),
    (x.CAPITALISE_INTEREST, "Interest_During_Construction", "Interest before COD is a use",
     "covenants.interest_during_construction"),
    (x.QUARTERLY_PAYMENT, "Quarterly_Payment", "Debt is paid by the quarter",
     "covenants.payment_frequency"),
    (x.TRUE_SALE, "True_Sale", "True sale, for repo in the EU", "deal.true_sale, else assumed"),
    (x.GOVERNING_LAW_OK, "Governing_Law_Ok", "Governing law, for repo in the UK",
     "deal.governing_law, else assumed"),
    (x.RULE_144A, "Rule_144a", "Rule 144A, for repo in the US", "deal.rule_144a, else assumed"),
)  # fmt: skip
_NUMBERS: Final = (
    (x.MIN_ICR, "Min_Icr", "Least interest cover, 0 for none", "x", "covenants.min_icr"),
    (x.PREPAYMENT_PENALTY_PCT, "Prepayment_Penalty_Pct", "Prepayment penalty", "%",
     "covenants.prepayment_penalty_pct"),
    (x.MEZZ_RESERVE_MONTHS, "Mezz_Reserve_Months", "Mezzanine reserve", "months",
     "covenants.mezz_reserve_months"),
    (x.FEE_REBATE_PCT, "Fee_Rebate_Pct", "Structuring fees paid back", "%", "deal.fee_rebate_pct"),
    (x.ADVANCE_UPLIFT_PCT, "Advance_Uplift_Pct", "Higher advance rate", "%",
     "deal.advance_uplift_pct"),
    (x.TENANT_SHARE_PCT, "Tenant_Share_Pct", "Largest tenant's share", "%",
     "project.tenant.share_pct"),
    (x.RENT_RATE, "Rent_Rate", "Rent per kW and month, or per kWh", "local currency",
     "project.rent"),
    (x.ZCIS_IMPLIED_5Y_PCT, "Breakeven_5y_Pct", "Breakeven inflation of five years", "%",
     "ZCiS_ImpliedRate_93, or the market file's for the term"),
    (x.ZCIS_IMPLIED_10Y_PCT, "Breakeven_10y_Pct", "Breakeven inflation of ten years", "%",
     "ZCiS_ImpliedRate_93, or the market file's for the term"),
)  # fmt: skip


def excel_name(name: str) -> str:
    """A catalogue name as a spreadsheet takes it: letters, digits and underscores."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


class Inputs:
    """Names of input cells by their row in the kernels' inputs."""

    def __init__(self) -> None:
        self.by_row: dict[int, Named] = {}

    def __getitem__(self, row: int) -> Named:
        return self.by_row[row]

    def is_on(self, row: int) -> Any:
        """Formula: whether a switch or flag says Yes."""
        return same(self[row], YES)


def fill_inputs(book: Book, form: Form, subject: Subject) -> Inputs:
    """Put down every input. Those that no formula reads are greyed by `mark_unread`."""
    inputs = Inputs()
    levers = _rows_of_levers(subject)
    group = ""
    for variable in catalogue.VARIABLES:
        if variable.group != group:
            group = variable.group
            form.heading(group.capitalize())
        if not variable.computed:
            _put_variable(form, inputs, subject, variable, levers)
    form.heading("Switches, covenants and facts beside the catalogue")
    _put_others(form, inputs, subject, levers)
    return inputs


def _rows_of_levers(subject: Subject) -> dict[int, str]:
    """Which lever sets which input row."""
    return {row: lever.name for lever in subject.case.problem.levers for row in lever.rows}


def _put_variable(
    form: Form, inputs: Inputs, subject: Subject, variable: Variable, levers: Mapping[int, str]
) -> None:
    number, name = variable.number, excel_name(variable.name)
    label = f"{number:02d}  {variable.description}"
    unit = {"ratio": "x", "count": "", "rating": "", "ratio|ratio": "x"}.get(
        variable.unit, variable.unit
    )
    source = _source_of(subject, variable, levers)
    if number == _TRIGGERS:
        for row, part in ((x.TRAP_TRIGGER_DSCR, "trap"), (x.TURBO_TRIGGER_DSCR, "turbo")):
            inputs.by_row[row] = form.value(
                f"{name}_{part}", f"{label}: {part}", subject.case.input(row), unit, source
            )
    elif number == _PATHS:
        for place, row in enumerate((x.CPI_STRESS_1_PCT, x.CPI_STRESS_2_PCT, x.CPI_STRESS_3_PCT)):
            inputs.by_row[row] = form.value(
                f"{name}_{place + 1}", f"{label}: path {place + 1}", subject.case.input(row), unit,
                source,
            )  # fmt: skip
    elif variable.can_be_lever:
        value, choices = _shown(subject.case.input(number), variable)
        inputs.by_row[number] = form.value(name, label, value, unit, source, choices=choices)
    else:
        form.value(name, label, _run_setting(subject, variable), unit, source, "fact")


def _shown(code: float, variable: Variable) -> tuple[Scalar, tuple[str, ...]]:
    """A variable's value as people write it, and what it may be."""
    if variable.number in _RATING_NUMBERS:
        return CATEGORIES[int(code)], variable.allowed
    if variable.number == x.TENANT_NOTCH_FLOOR:
        return SCALE[int(code) - 1], SCALE
    if variable.kind == "enum":
        word = variable.allowed[int(code)]
        return word, variable.allowed
    if variable.kind == "boolean":
        return (YES if code == 1.0 else NO), (YES, NO)
    return code, ()


def _run_setting(subject: Subject, variable: Variable) -> str:
    """A variable that describes the run, as text."""
    request = subject.request
    run, written = request["run"], request["written"]
    found = {
        108: run["max_permutations"], 109: run["objective"], 110: run["weights"],
        111: run["hard_filters"], 114: request["counterparties"],
    }.get(variable.number, written.get(variable.name))  # fmt: skip
    if found is None:
        return "a step of the lever space, see the plan" if variable.number == 107 else NONE
    if isinstance(found, str):
        return visible(found)
    if isinstance(found, list):
        return visible(", ".join(str(each) for each in found)) or NONE
    return visible(json.dumps(found, ensure_ascii=False, sort_keys=True))


def _source_of(subject: Subject, variable: Variable, levers: Mapping[int, str]) -> str:
    number = variable.number
    basis = RENT_BASES[int(subject.case.input(x.RENT_BASIS))]
    if number == x.GROSS_MONTHLY_RENT and basis != RENT_BASES[x.RENT_MONTHLY]:
        return f"not read while Rent_Basis is {basis}: Rent_Rate is"
    if number in levers:
        return f"lever {levers[number]}"
    if number in _MARKET_NUMBERS:
        market = subject.manifest["market"]
        return f"market file {visible(market['name'])} of {market['date']}, or the project file"
    base = subject.request["base"].get(variable.name)
    if base is not None and base == variable.default:
        return "as the catalogue's default"
    return "project file"


def _put_others(
    form: Form, inputs: Inputs, subject: Subject, levers: Mapping[int, str]
) -> None:  # fmt: skip
    case = subject.case

    def put(row: int, name: str, label: str, value: Scalar, unit: str, source: str,
            choices: tuple[str, ...] = ()) -> None:  # fmt: skip
        source = f"lever {levers[row]}" if row in levers else source
        inputs.by_row[row] = form.value(name, label, value, unit, source, choices=choices)

    for row, name, label, field in _SWITCHES:
        put(row, name, label, YES if case.input(row) == 1.0 else NO, "", f"{field}", (YES, NO))
    most = case.input(x.MAX_LTV_PCT)
    put(x.MAX_LTV_PCT, "Max_Ltv_Pct", "Most senior loan to value, or none",
        NONE if math.isinf(most) else most, "%", "covenants.max_ltv_pct")  # fmt: skip
    for row, name, label, field in _FLAGS:
        put(row, name, label, YES if case.input(row) == 1.0 else NO, "", field, (YES, NO))
    for row, name, label, unit, field in _NUMBERS:
        put(row, name, label, case.input(row), unit, field)
    put(x.RATE_OPTION, "Rate_Option", "Option on rates",
        RATE_OPTIONS[int(case.input(x.RATE_OPTION))], "", "deal.rate_option",
        RATE_OPTIONS)  # fmt: skip
    put(x.RENT_BASIS, "Rent_Basis", "How the rent is given",
        RENT_BASES[int(case.input(x.RENT_BASIS))], "", "project.rent", RENT_BASES)  # fmt: skip
    put(x.LOCAL_CURRENCY, "Local_Currency", "Currency of local amounts",
        CURRENCIES[int(case.input(x.LOCAL_CURRENCY))], "", "project.country",
        CURRENCIES)  # fmt: skip
    put(x.JURISDICTION, "Jurisdiction", "Column of the rulebook",
        JURISDICTIONS[int(case.input(x.JURISDICTION))], "", "project.country",
        JURISDICTIONS)  # fmt: skip
    put(x.TENANT_NOTCH, "Tenant_Rating", "Tenant's rating",
        notch_name(case.input(x.TENANT_NOTCH)) or UNKNOWN, "", "project.tenant.rating",
        (*SCALE, UNKNOWN))  # fmt: skip
    put(x.INSURER_NOTCH, "Insurer_Rating", "Insurer's rating",
        SCALE[int(case.input(x.INSURER_NOTCH)) - 1], "", "parties.insurer_rating, or the rulebook",
        SCALE)  # fmt: skip
    for row, name, label in (
        (x.COUNTERPARTY_5Y_RATING, "Counterparty_5y_Rating", "Counterparty of the five-year swap"),
        (x.COUNTERPARTY_10Y_RATING, "Counterparty_10y_Rating", "Counterparty of the ten-year swap"),
    ):
        put(row, name, label, CATEGORIES[int(case.input(row))], "", "CounterpartyRouting_114",
            ("BBB", "A", "AA", "AAA"))  # fmt: skip


def fx_of(inputs: Inputs) -> Any:
    """Formula: project currency per local unit."""
    foreign = differs(inputs[x.LOCAL_CURRENCY], inputs[x.CURRENCY])
    return choice(foreign, inputs[x.FX_SPOT], 1)
