"""A request as the kernels' arrays: base vector, levers in canonical order, rules, market."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast, get_args

import numpy as np

from kernels import layout as x
from pipeline.inputs import catalogue
from pipeline.inputs.catalogue import Value
from pipeline.inputs.countries import CURRENCIES, JURISDICTIONS
from pipeline.inputs.encode_cash import cash_rules_of, yields_of
from pipeline.inputs.encode_rules import market_of, rules_of
from pipeline.inputs.filters import parsed
from pipeline.inputs.levers import LeverSetting, Option
from pipeline.inputs.project import AssetType, ProjectFacts
from pipeline.inputs.ratings import NOTCH
from pipeline.inputs.request import Request
from pipeline.inputs.rulebook import Tiers
from pipeline.inputs.settings import MEZZ_FIELDS, SWITCHES, zcis_implied_pct
from pipeline.inputs.swaps import BY_TERM, counterparty_rating
from pipeline.inputs.values import coded
from pipeline.problem import FloatArray, Label, Lever, Problem, ReverseCheck, TierShares

_SWITCH_ROWS = {
    "mezz": x.MEZZ_ON,
    "zcis_5y": x.ZCIS_5Y_ON,
    "zcis_10y": x.ZCIS_10Y_ON,
    "trs": x.TRS_ON,
    "floor": x.FLOOR_ON,
    "strip": x.STRIP_ON,
}
_RENT_FIELDS = {"per_kw_month": x.RENT_PER_KW_MONTH, "per_kwh": x.RENT_PER_KWH}
_RATE_OPTIONS = {"floor": x.OPTION_FLOOR, "cap": x.OPTION_CAP, "collar": x.OPTION_COLLAR}
_CPI_STRESS_ROWS = (x.CPI_STRESS_1_PCT, x.CPI_STRESS_2_PCT, x.CPI_STRESS_3_PCT)
# What depends on a variable besides its own row, so that a lever on it moves both.
_DEPENDENT_ROWS = {
    x.CURVE_SHIFT_BPS: (x.CURVE_TABLE,),
    x.ZCIS_IMPLIED_PCT: (x.ZCIS_IMPLIED_5Y_PCT, x.ZCIS_IMPLIED_10Y_PCT),
    x.TRAP_TRIGGER_DSCR: (x.TURBO_TRIGGER_DSCR,),
}
_ASSETS: tuple[str, ...] = get_args(AssetType)
_NO_TENANT = 0.0


def problem_of(request: Request) -> Problem:
    """The question in arrays; equal requests give equal bits."""
    return Problem(
        base=base_of(request),
        levers=tuple(_lever(lever, request) for lever in request.levers),
        rules=rules_of(request.rulebook, request.run.weights),
        market=market_of(request.market),
        cash=cash_rules_of(request.rulebook),
        yields=yields_of(request.market, shifts_of(request)),
        filters=filters_of(request.run.hard_filters),
        objective=request.run.objective,
        reverse_check=ReverseCheck(**request.rulebook.reverse_check.model_dump()),
        tiers=tier_shares_of(request.rulebook.tiers),
    )


def base_of(request: Request) -> FloatArray:
    """The base case as an input column (N_INPUTS,) of `kernels.layout`."""
    column = np.zeros(x.N_INPUTS)
    for name, value in request.base.items():
        variable = catalogue.BY_NAME[name]
        if variable.can_be_lever:
            rows = _moved_by(name, request)
            for row, figure in zip(rows, _coded(name, value, request), strict=True):
                column[row] = figure
    for name, on in request.switches.items():
        column[_SWITCH_ROWS[name]] = on
    _set_terms(column, request)
    _set_facts(column, request)
    _set_swaps(column, request)
    return column


def tier_shares_of(tiers: Tiers) -> TierShares:
    """All of the survivors in every tier, unless rank decides as well."""
    by_rank = tiers.mode == "rank_of_gate_b_score"
    return TierShares(**tiers.best_pct.model_dump()) if by_rank else TierShares()


def shifts_of(request: Request) -> tuple[float, ...]:
    """Distinct values of BaseCurveShift_bps_28: the base case's, then the lever's."""
    name = catalogue.BY_NUMBER[x.CURVE_SHIFT_BPS].name
    moved = [o[name] for lever in request.levers for o in lever.options if name in o]
    return tuple(dict.fromkeys(float(cast("float", v)) for v in (request.base[name], *moved)))


def filters_of(texts: tuple[str, ...]) -> FloatArray:
    """(n, 3): figure, FILTER_*, value."""
    return np.array([parsed(text) for text in texts], dtype=np.float64).reshape(-1, 3)


def _set_terms(column: FloatArray, request: Request) -> None:
    covenants, deal = request.covenants, request.deal
    column[x.MAX_LTV_PCT] = np.inf if covenants.max_ltv_pct is None else covenants.max_ltv_pct
    column[x.MIN_ICR] = covenants.min_icr or 0.0
    column[x.DSRA_LETTER_OF_CREDIT] = covenants.dsra_funding == "LetterOfCredit"
    column[x.CAPITALISE_INTEREST] = covenants.interest_during_construction
    column[x.PREPAYMENT_PENALTY_PCT] = covenants.prepayment_penalty_pct
    column[x.QUARTERLY_PAYMENT] = covenants.payment_frequency == "Quarterly"
    column[x.MEZZ_RESERVE_MONTHS] = covenants.mezz_reserve_months
    column[x.FEE_REBATE_PCT] = deal.fee_rebate_pct
    column[x.ADVANCE_UPLIFT_PCT] = deal.advance_uplift_pct
    banks = request.rulebook.rules.repo.threshold
    flags = (
        (x.TRUE_SALE, "true_sale", banks.EU),
        (x.GOVERNING_LAW_OK, "governing_law", banks.UK),
        (x.RULE_144A, "rule_144a", banks.US),
    )
    for row, flag, bank in flags:
        # what nobody denies is assumed, and what the rulebook does not ask for cannot fail
        column[row] = getattr(deal, flag) is not False or flag not in bank.needs


def _set_swaps(column: FloatArray, request: Request) -> None:
    for row, years in ((x.COUNTERPARTY_5Y_RATING, 5), (x.COUNTERPARTY_10Y_RATING, 10)):
        column[row] = counterparty_rating(request, years)
    column[x.RATE_OPTION] = _RATE_OPTIONS[request.deal.rate_option]
    market = request.market if request.market_applies else None
    for row, term in ((x.ZCIS_IMPLIED_5Y_PCT, "5"), (x.ZCIS_IMPLIED_10Y_PCT, "10")):
        column[row] = zcis_implied_pct(request.base, request.given, market, term)
    paths = cast("tuple[float, ...]", request.base[catalogue.BY_NUMBER[82].name])
    for row, path in zip(_CPI_STRESS_ROWS, paths, strict=True):
        column[row] = path


def _set_facts(column: FloatArray, request: Request) -> None:
    project = request.project
    wrap = request.rulebook.rules.wrap
    column[x.LOCAL_CURRENCY] = CURRENCIES.index(request.local_currency)
    column[x.JURISDICTION] = JURISDICTIONS.index(request.jurisdiction)
    column[x.INSURER_NOTCH] = NOTCH[request.parties.insurer_rating or wrap.default_insurer_rating]
    column[x.TENANT_NOTCH] = _NO_TENANT
    column[x.ASSET_TYPE] = x.DATA_CENTRE
    column[x.RENT_BASIS] = x.RENT_MONTHLY
    if project is None:
        return
    column[x.ASSET_TYPE] = _ASSETS.index(project.asset_type)
    column[x.GEO_CONCENTRATION] = _is_concentrated(project, request)
    if project.tenant is not None:
        column[x.TENANT_NOTCH] = NOTCH[project.tenant.rating]
        column[x.TENANT_SHARE_PCT] = project.tenant.share_pct
    if project.rent is None or catalogue.BY_NUMBER[x.GROSS_MONTHLY_RENT].name in request.given:
        return
    if project.rent.monthly is not None:
        column[x.GROSS_MONTHLY_RENT] = project.rent.monthly
    for field, basis in _RENT_FIELDS.items():
        rate = getattr(project.rent, field)
        if rate is not None:
            column[x.RENT_BASIS] = basis
            column[x.RENT_RATE] = rate


def _is_concentrated(project: ProjectFacts, request: Request) -> bool:
    """Whether the locations break RK-CONC-002; a country of a strong sovereign is excepted."""
    rule = request.rulebook.rules.region
    if not rule.enabled or not project.locations:
        return False
    limits = rule.threshold
    shares: dict[tuple[str, ...], float] = {}
    for place in project.locations:
        strong = (
            place.sovereign_rating is not None
            and NOTCH[place.sovereign_rating] <= NOTCH[limits.sovereign_exception]
        )
        if strong:
            continue
        parts = (place.country, place.city, place.site)
        for depth in (1, 2, 3):
            shares[parts[:depth]] = shares.get(parts[:depth], 0.0) + place.share_pct
    most = (limits.country_pct, limits.city_pct, limits.site_pct)
    return any(share > most[len(parts) - 1] + 1e-9 for parts, share in shares.items())


def rows_of(name: str) -> tuple[int, ...]:
    """Input rows that a catalogue variable or a switch sets, its own first."""
    if name in _SWITCH_ROWS:
        return (_SWITCH_ROWS[name],)
    number = catalogue.BY_NAME[name].number
    return (number, *_DEPENDENT_ROWS.get(number, ()))


def _moved_by(name: str, request: Request) -> tuple[int, ...]:
    """The rows of `rows_of`, with the switches of a single inflation swap that its term moves."""
    if request.zcis and name == catalogue.BY_NUMBER[x.ZCIS_TERM].name:
        return (*rows_of(name), *(_SWITCH_ROWS[switch] for _, switch in BY_TERM))
    return rows_of(name)


def _coded(name: str, value: Value, request: Request) -> tuple[float, ...]:
    """Figures of the rows of `_moved_by`."""
    if name in SWITCHES:
        return (float(bool(value)),)
    variable = catalogue.BY_NAME[name]
    figures = coded(variable, value)
    if variable.number == x.CURVE_SHIFT_BPS:
        return (*figures, float(shifts_of(request).index(figures[0])))
    if variable.number == x.ZCIS_IMPLIED_PCT:
        return figures * 3
    if variable.number == x.ZCIS_TERM and request.zcis:
        return (*figures, *(float(value == term) for term, _ in BY_TERM))
    return figures


def _lever(lever: LeverSetting, request: Request) -> Lever:
    """An option that leaves out what another one sets stands at the base case for it."""
    names = lever.names
    base: Mapping[str, Value] = {**request.base, **request.switches}
    values = [
        [figure for name in names for figure in _coded(name, option.get(name, base[name]), request)]
        for option in lever.options
    ]
    return Lever(
        name=lever.name,
        rows=tuple(row for name in names for row in _moved_by(name, request)),
        values=np.array(values, dtype=np.float64),
        labels=tuple(_label(lever, option, base) for option in lever.options),
    )


def _label(lever: LeverSetting, option: Option, base: Mapping[str, Value]) -> Label:
    if lever.name != "mezz":
        value = option[lever.name]
        return value if isinstance(value, (str, int, float)) else str(value)
    if not option["mezz"]:
        return "none"
    told = [name for name in MEZZ_FIELDS if name in lever.names]
    return ", ".join(f"{name} {_short(option.get(name, base[name]))}" for name in told) or "on"


def _short(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
