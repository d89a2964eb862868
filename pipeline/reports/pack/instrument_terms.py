"""Terms of each instrument of the sidecar, from the steps that value it."""

from __future__ import annotations

from typing import Final

from pipeline.explain.cash_periods import LIFE
from pipeline.reports.pack.conventions import conventions_of
from pipeline.reports.pack.document import Blank, Cell, Field, Fields, Figure
from pipeline.reports.pack.dossier import Dossier

_CODES: Final = {
    "zcis5": "ZCIS-5Y", "zcis10": "ZCIS-10Y", "option": "RATE-OPTION", "trs": "TRS",
    "strip": "STRIP", "ccy": "CCY", "wrap": "WRAP", "rebate": "REBATE", "uplift": "UPLIFT",
    "power": "POWER",
}  # fmt: skip
_DIRECTIONS: Final = {
    "floor": "The project sells a floor on each month's rate",
    "cap": "The project buys a cap on each month's rate",
    "collar": "The project sells a floor and buys a cap on each month's rate",
}
_FIRST_YEAR: Final = 1
_AT_CLOSE: Final = "at financial close"


def head(dossier: Dossier, key: str) -> tuple[Cell, Cell]:
    """Notional and tenor of an instrument that is in the structure."""
    match key:
        case "zcis5" | "zcis10":
            step = f"day_one.{key}"
            return dossier.given(step, "X", "money"), dossier.given(step, "T", "years")
        case "option":
            notional = dossier.cell("day_one.option_schedule", _FIRST_YEAR, "notional", "money")
            return notional, _option_tenor(dossier)
        case "trs":
            notional = dossier.step("day_one.trs_notional", "money")
            return notional, dossier.rule("day_one.trs.term_years", "years")
        case "ccy":
            return _notional(dossier, dossier.has_mezzanine), dossier.input(96, "years")
        case "wrap":
            both = bool(_covered_mezzanine(dossier))
            return _notional(dossier, both), dossier.input(39, "years")
    return "", ""


def _notional(dossier: Dossier, both: bool) -> Cell:
    """The senior's notional; of two tranches the terms tell each."""
    return "see terms" if both else dossier.step("senior.notional", "money")


def _option_tenor(dossier: Dossier) -> Figure:
    """The rulebook's term, or the senior's where that is shorter."""
    longest, senior = dossier.rule("day_one.floor.years", "years"), dossier.input(39, "years")
    return min(longest, senior, key=lambda term: float(str(term.value)))


def inflation_swap(dossier: Dossier, key: str) -> Fields:
    """A zero-coupon inflation swap: the project pays inflation and is paid for it at close."""
    step = f"day_one.{key}"
    term = dossier.given(step, "T", "count")
    fields = (
        Field("Direction", (
            ("The project pays realised inflation and receives the fixed rate, both compounded "
            "over the term"),
        )),
        Field("Notional", (dossier.given(step, "X", "money"),)),
        Field("Notional as a share of the senior", (dossier.input(91, "percent"),)),
        Field("Tenor", (dossier.given(step, "T", "years"),)),
        Field("Fixed rate, compounded yearly", (dossier.step(f"{step}_strike", "percent"),)),
        Field("Growth of prices it is struck at", (dossier.given(step, "E"),)),
        Field("Index", (_index(dossier),)),
        Field("Base level of the index", (dossier.name("deal.index_base_level"),)),
        Field("Payment", ("one net payment after", term, "operating years")),
        Field("Upfront value", (dossier.step(step, "money"), _AT_CLOSE)),
        Field("Running cost", ("none; settled once, at its end",)),
        Field("Breakeven inflation", (dossier.given(step, "implied", "percent"),)),
        Field("Basis of the lease's index", (dossier.given(step, "basis", "bps"),)),
        Field("Discount factor of the term", (dossier.given(step, "DF"),)),
        Field("Credit charge on notional", (dossier.given(step, "charge", "bps"),)),
    )  # fmt: skip
    rated = Field("Rating the charge is for", (dossier.given(step, "counterparty"),))
    return Fields((_reference(dossier, key), *fields, *_counterparty(dossier), rated))


def rate_option(dossier: Dossier, key: str) -> Fields:
    """A strip of options on each month's rate, on the scheduled balance."""
    step = "day_one.option"
    kind = dossier.fact("request.deal.rate_option")
    schedule = "day_one.option_schedule"
    fields = (
        Field("Direction", (_DIRECTIONS[str(kind.value)],)),
        Field("Kind", (kind,)),
        Field("Notional at the start", (dossier.cell(schedule, _FIRST_YEAR, "notional", "money"),),
              "the scheduled senior balance, falling with it"),
        Field("Tenor", (_option_tenor(dossier), "from completion")),
        Field("Strike", (dossier.given(step, "offset", "bps"), "from each month's forward rate")),
        Field("Index", ("each month's rate on the curve of the run's currency",)),
        Field("Payment", ("on payment dates, for each month on the balance at its start",)),
        Field("Upfront value", (dossier.step(step, "money"), _AT_CLOSE)),
        Field("Running cost", ("none while rates stay within the strikes",)),
        Field("Normal volatility, a year", (dossier.quote("volatility.normal_bps", "bps"),)),
    )  # fmt: skip
    return Fields((_reference(dossier, key), *fields, *_counterparty(dossier)))


def return_swap(dossier: Dossier, key: str) -> Fields:
    """A total return swap on part of the equity."""
    step = "day_one.trs"
    fields = (
        Field("Direction", (
            "The counterparty takes the return on part of the equity and pays at close for it",
        )),
        Field("Notional", (dossier.step("day_one.trs_notional", "money"),)),
        Field("Notional asked, of equity", (dossier.input(53, "percent"),)),
        Field("Most, of financing", (dossier.given("day_one.trs_notional", "cap", "percent"),)),
        Field("Tenor", (dossier.rule("day_one.trs.term_years", "years"),)),
        Field("Paid at close, of notional", (dossier.given(step, "rate", "percent"),)),
        Field("Margined", (dossier.input(95),)),
        Field("Payment", ("on payment dates, after the mezzanine and just before equity",)),
        Field("Upfront value", (dossier.step(step, "money"), _AT_CLOSE)),
        Field("Fee, of notional a year", (dossier.input(54, "percent"),)),
        Field("Running cost, a year", (dossier.step("day_one.trs_fee", "money"),)),
    )  # fmt: skip
    return Fields((_reference(dossier, key), *fields, *_counterparty(dossier)))


def residual_strip(dossier: Dossier, key: str) -> Fields:
    """A share of late distributions, sold at close."""
    step = "day_one.strip"
    sold = dossier.cell("waterfall.totals", LIFE, "sold_or_refinanced", "money")
    fields = (
        Field("What is sold", ("distributions before tax, exit proceeds not among them",)),
        Field("Share sold", (dossier.given(step, "share", "percent"),)),
        Field("From operating month", (dossier.given(step, "first", "count"),)),
        Field("Payment", ("with each distribution, to the end of the lease",)),
        Field("Upfront value", (dossier.step(step, "money"), _AT_CLOSE)),
        Field("Distributions it takes, base case", (sold,)),
        Field("Spread over the zero curve", (dossier.given(step, "spread", "percent"),)),
        Field("Senior rating it is valued at", (dossier.step("rating.senior"),)),
    )
    return Fields((_reference(dossier, key), *fields))


def currency_swap(dossier: Dossier, key: str) -> Fields:
    """A swap of the debt into the local currency."""
    step = "day_one.ccy"
    fields = (
        Field("Currencies", (dossier.fact("project.currency"), "against",
                             dossier.fact("request.local_currency"))),
        Field("Senior notional", (dossier.given(step, "S", "money"),)),
        Field("Mezzanine notional", (dossier.given(step, "M", "money"),)),
        Field("Share hedged", (dossier.given(step, "share", "ratio"),)),
        Field("Tenor", (dossier.input(96, "years"),)),
        Field("Rate, project currency per local unit", (dossier.input(35),)),
        Field("Cost at close, of the hedged debt", (dossier.given(step, "cost", "bps"),)),
        Field("Upfront value", (dossier.step(step, "money"), _AT_CLOSE)),
        Field("Running cost, of the hedged debt a year", (dossier.input(36, "bps"),)),
        Field("Payment", ("with senior interest",)),
    )  # fmt: skip
    return Fields((_reference(dossier, key), *fields, *_counterparty(dossier)))


def wrap(dossier: Dossier, key: str) -> Fields:
    """A financial guarantee of the notes."""
    step = "day_one.wrap"
    paid = dossier.cell("waterfall.totals", LIFE, "wrap_premium", "money")
    fields = (
        Field("What it covers", (dossier.input(57),)),
        Field("Senior notional", (dossier.given(step, "S", "money"),)),
        *_covered_mezzanine(dossier),
        Field("Provider", (dossier.name("parties.insurer"),)),
        Field("Rating of the provider", (dossier.given("rating.wrap", "insurer"),)),
        Field("Rating by coverage and LTV", (dossier.step("rating.matrix"),)),
        Field("Rating with the wrap", (dossier.step("rating.wrap"),)),
        Field("Spread without", (dossier.given(step, "without", "bps"),)),
        Field("Spread with", (dossier.given(step, "with_wrap", "bps"),)),
        Field("Upfront value", (dossier.step(step, "money"),
                                "spread saved over the average life")),
        Field("Premium, of the balance a year", (dossier.input(58, "bps"),)),
        Field("Running cost over the life", (paid,)),
        Field("Payment", ("with senior fees",)),
    )  # fmt: skip
    return Fields((_reference(dossier, key), *fields))


def _covered_mezzanine(dossier: Dossier) -> tuple[Field, ...]:
    if not dossier.has_mezzanine or dossier.input(57).value != "WholeStack":
        return ()
    return (Field("Mezzanine notional", (dossier.step("mezzanine.notional", "money"),)),)


def rebate(dossier: Dossier, key: str) -> Fields:
    """Structuring fees that come back."""
    fields = (
        Field("Share paid back", (dossier.given("day_one.rebate", "share", "percent"),)),
        Field("Structuring fees", (dossier.step("uses.structuring_fees", "money"),)),
        Field("Upfront value", (dossier.step("day_one.rebate", "money"), _AT_CLOSE)),
    )
    return Fields((_reference(dossier, key), *fields))


def uplift(dossier: Dossier, key: str) -> Fields:
    """Cash from a higher advance rate."""
    fields = (
        Field("Uplift, of the senior", (dossier.given("day_one.uplift", "share", "percent"),)),
        Field("Senior notional", (dossier.given("day_one.uplift", "S", "money"),)),
        Field("Upfront value", (dossier.step("day_one.uplift", "money"), _AT_CLOSE)),
    )
    return Fields((_reference(dossier, key), *fields))


def power(dossier: Dossier) -> Fields:
    """Forward contract and swap on power; prices are in local currency per MWh."""
    fields = (
        Field("Hedge", (dossier.input(24),)),
        Field("Who pays for power", (dossier.input(70),)),
        Field("Share covered", (dossier.input(74, "percent"),)),
        Field("Term of the forward contract", (dossier.input(71, "years"),)),
        Field("Its price, local currency per MWh", (dossier.input(72),)),
        Field("Term of the swap", (dossier.input(73, "years"),)),
        Field("Its price, local currency per MWh", (dossier.quote("power.swap_per_mwh"),)),
        Field("Spot price, local currency per MWh", (dossier.quote("power.spot_per_mwh"),)),
    )
    return Fields((_reference(dossier, "power"), *fields, *_counterparty(dossier)))


def _reference(dossier: Dossier, key: str) -> Field:
    return Field(
        "Reference", (dossier.fact("run_id"), "/", dossier.column("permutation_id", "text"),
                      "/", _CODES[key])
    )  # fmt: skip


def _index(dossier: Dossier) -> Cell:
    """The deal's index, else the usual one of its place; a blank where there is none."""
    named = dossier.name("deal.inflation_index")
    if isinstance(named, Blank) and dossier.jurisdiction != "Global":
        return f"{conventions_of(dossier.jurisdiction).inflation_index.text}, to be confirmed"
    return named


def _counterparty(dossier: Dossier) -> tuple[Field, ...]:
    return (
        Field("Counterparty", (dossier.name("parties.hedge_counterparty"),)),
        Field("Credit support annex", (dossier.input(98),)),
    )
