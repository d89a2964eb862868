"""The risk table: what could go wrong, what stands against it, and a rating by stated rules.

High: the test or stress of the risk fails. Medium: it passes by no more than the rulebook's margin
for marginal credit, or a warning of the run names it. Low: neither. A risk that the structure does
not have is not rated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kernels import layout as x
from pipeline.reports.pack.assumptions_book import market_is_stale
from pipeline.reports.pack.document import Block, Bullets, Cell, Figure, Grid, GridColumn, Section
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.instruments import instruments
from pipeline.reports.pack.provenance import market_fields
from pipeline.reports.run.wording import WARNINGS

HEADING: Final = "Risks and mitigants"
HIGH, MEDIUM, LOW, NONE = "High", "Medium", "Low", "None"
_STRESSES: Final = "stresses.table"
_MARGIN: Final = "warnings.marginal_dscr_headroom"
_CPI: Final = ("cpi_1", "cpi_2", "cpi_3", "cpi_extra", "combined")
_RATES: Final = ("rate_up", "rate_down", "rate_200", "combined")
_TEXT: Final = False


@dataclass(frozen=True)
class Risk:
    """A line of the table; `measure` is what its rating was read from."""

    category: str
    description: tuple[Cell, ...]
    mitigant: tuple[Cell, ...]
    measure: tuple[Cell, ...]
    rating: str


def risk_section(dossier: Dossier) -> Section:
    """The table with the rules of its ratings; needs senior debt."""
    rows: list[tuple[Cell, ...]] = []
    details: list[tuple[Cell, ...]] = []
    for risk in risks(dossier):
        first, *_ = risk.measure
        rows.append((risk.category, _joined(risk.description), _joined(risk.mitigant), first,
                     risk.rating))  # fmt: skip
        details.append((f"{risk.category} ({risk.rating.lower()}):", *risk.measure[1:], "."))
    table = Grid(
        (
            GridColumn("Risk", 1.1, right=_TEXT),
            GridColumn("Description", 2.6, right=_TEXT),
            GridColumn("Mitigant", 2.6, right=_TEXT),
            GridColumn("Measure", 0.9),
            GridColumn("Rating", 0.8, right=_TEXT),
        ),
        tuple(rows),
        caption=(
            "High: the test or stress of the risk fails. Medium: it passes by no more than the "
            "rulebook's margin for marginal credit, or a warning of the run names it. Low: "
            "neither. Ratings compare this structure with the run's own tests; they are no "
            "opinion on likelihood."
        ),
        landscape=True,
    )
    margin: tuple[Cell, ...] = (
        "Margin for marginal credit:", dossier.rule(_MARGIN, "times"), "of coverage.",
    )  # fmt: skip
    blocks: tuple[Block, ...] = (table, Bullets((margin, *details)))
    return Section(HEADING, blocks, new_page=True)


def _joined(cells: tuple[Cell, ...]) -> str:
    return " ".join(str(cell) for cell in cells)


def risks(dossier: Dossier) -> tuple[Risk, ...]:
    """Every risk with its rating, in the order of the table."""
    return tuple(make(dossier) for make in _RISKS)


# -- how a rating is found -------------------------------------------------------------------------
def _rated(dossier: Dossier, passed: bool, headroom: object, *warnings: str) -> str:
    if not passed:
        return HIGH
    margin = float(str(dossier.rule(_MARGIN).value))
    close = isinstance(headroom, float) and headroom <= margin
    return MEDIUM if close or any(raised(dossier, name) for name in warnings) else LOW


def raised(dossier: Dossier, warning: str) -> bool:
    """Whether the run warns of it."""
    return warning in dossier.keys("gates.warnings") and bool(
        dossier.cell("gates.warnings", warning, "raised").value
    )


def _warned(dossier: Dossier, *warnings: str) -> tuple[Cell, ...]:
    """What the run warns of, where it does."""
    told = [WARNINGS[name] for name in warnings if raised(dossier, name)]
    return (f"; the run warns: {', '.join(told)}",) if told else ()


def _worst(dossier: Dossier, names: tuple[str, ...]) -> str:
    """The scenario with the least headroom; one that fails comes first."""

    def room(name: str) -> tuple[bool, float]:
        passed = bool(dossier.cell(_STRESSES, name, "passed").value)
        headroom = dossier.cell(_STRESSES, name, "headroom").value
        return passed, headroom if isinstance(headroom, float) else float("-inf")

    return min(names, key=room)


def _by_scenario(
    dossier: Dossier,
    category: str,
    description: str,
    mitigant: tuple[Cell, ...],
    names: tuple[str, ...],
    *warnings: str,
) -> Risk:
    name = _worst(dossier, names)

    def told(column: str) -> Figure:
        return dossier.cell(_STRESSES, name, column)

    measure: tuple[Cell, ...] = (
        told("dscr_min"), "the closest stress is", told("change"), "with a least coverage of",
        told("dscr_min"), "where", told("floor"), "is asked", *_warned(dossier, *warnings),
    )  # fmt: skip
    rating = _rated(dossier, bool(told("passed").value), told("headroom").value, *warnings)
    return Risk(category, (description,), mitigant, measure, rating)


def _by_test(
    dossier: Dossier, category: str, description: str, mitigant: str, step: str, *warnings: str
) -> Risk:
    bound = dossier.steps[step].bound
    passed = bound is not None and bound.verdict in ("pass", "off")
    actual, limit = (dossier.test(step, part) for part in ("actual", "limit"))
    unit_is_coverage = dossier.steps[step].unit == "x"
    headroom = dossier.test(step, "headroom").value if unit_is_coverage else None
    side = "at least" if bound is not None and bound.side == ">=" else "at most"
    warned = _warned(dossier, *warnings)
    measure: tuple[Cell, ...] = (actual, actual, f"where {side}", limit, "is asked", *warned)
    return Risk(
        category, (description,), (mitigant,), measure,
        _rated(dossier, passed, headroom, *warnings),
    )  # fmt: skip


# -- the risks -------------------------------------------------------------------------------------
def _credit(dossier: Dossier) -> Risk:
    return _by_test(
        dossier, "Coverage", "Net income falls short of debt service.",
        "Debt sized to a target coverage, debt service reserve, cash trap ahead of equity.",
        "gate_b.dscr_below_minimum", "MARGINAL_CREDIT",
    )  # fmt: skip


def _leverage(dossier: Dossier) -> Risk:
    return _by_test(
        dossier, "Leverage", "The project is worth less than the debt on it.",
        "Advance limit of the rulebook; mezzanine and equity bear the first loss.",
        "gate_a.advance_factor_breach",
    )  # fmt: skip


def _inflation(dossier: Dossier) -> Risk:
    return _by_scenario(
        dossier, "Inflation", "Inflation differs from what rent and swaps assume.",
        ("Indexation of the lease with its floor and cap; inflation swaps where there are any.",),
        _CPI, "INFLATION_UNHEDGED", "OVERHEDGED",
    )  # fmt: skip


def _rates(dossier: Dossier) -> Risk:
    return _by_scenario(
        dossier, "Interest rates", "The coupon is fixed at a higher rate than assumed.",
        ("Fixed coupon from close; rate option where there is one.",), _RATES,
    )  # fmt: skip


def _refinancing(dossier: Dossier) -> Risk:
    balloon = dossier.step("senior.balloon", "percent")
    if not balloon.value:
        return Risk(
            "Refinancing", ("Principal due in one sum cannot be refinanced.",),
            ("The senior is repaid in full by its schedule.",),
            (balloon, "no balloon is due"), NONE,
        )  # fmt: skip
    return _by_scenario(
        dossier, "Refinancing", "Principal due in one sum cannot be refinanced on good terms.",
        ("Lease left after maturity; reserves; equity.",), ("refinance",),
    )  # fmt: skip


def _opex(dossier: Dossier) -> Risk:
    return _by_scenario(
        dossier, "Operation", "Operating costs exceed those assumed.",
        ("Coverage over the floor of the rating; maintenance is paid before debt.",), ("opex",),
    )  # fmt: skip


def _rent(dossier: Dossier) -> Risk:
    return _by_scenario(
        dossier, "Rent", "Rent is lower than contracted.",
        ("Lease longer than the debt; coverage over the floor of the rating.",), ("rent",),
    )  # fmt: skip


def _by_reserves(
    dossier: Dossier, scenario: str, category: str, description: str, mitigant: str, *warnings: str
) -> Risk:
    step = f"stresses.{scenario}"
    actual, limit = (dossier.test(step, part) for part in ("actual", "limit"))
    passed = dossier.verdict(step).verdict == "pass"
    measure: tuple[Cell, ...] = (
        actual, "reserves of", actual, "against a need of", limit, *_warned(dossier, *warnings),
    )  # fmt: skip
    return Risk(
        category, (description,), (mitigant,), measure, _rated(dossier, passed, None, *warnings)
    )


def _tenant(dossier: Dossier) -> Risk:
    return _by_reserves(
        dossier, "default", "Tenant", "The tenant fails and the site is let again only later.",
        "Debt service reserve and liquidity facility bridge the time without rent.",
        "CONCENTRATION",
    )  # fmt: skip


def _delay(dossier: Dossier) -> Risk:
    return _by_reserves(
        dossier, "delay", "Completion", "Completion comes late while interest runs.",
        "Debt service reserve and liquidity facility pay the interest of that time.",
    )  # fmt: skip


def _capex(dossier: Dossier) -> Risk:
    covered = dossier.step("stresses.capex_coverage", "ratio")
    share = covered.value if isinstance(covered.value, float) else 0.0
    full = float(str(dossier.rule("rules.GATE-A-CAPITAL.threshold.full_pct").value)) / 100.0
    funded = dossier.step("capital.full_coverage").value
    rating = LOW if share >= full else MEDIUM
    if isinstance(funded, float) and funded < full:
        rating = HIGH
    return Risk(
        "Cost and funding", ("The project costs more than planned, or is not fully funded.",),
        ("Equity pays what debt and day-one value leave; tested with the overrun stress.",),
        (covered, "capital coverage", dossier.step("capital.full_coverage", "ratio"),
         "with day-one value;", covered, ("without it when capex overruns. High where it is not "
         "fully funded, medium where the overrun takes it under full")),
        rating,
    )  # fmt: skip


def _hedging(dossier: Dossier) -> Risk:
    used = dossier.column("derivatives", "count")
    if not used.value:
        return Risk(
            "Counterparties", ("A hedge counterparty fails or calls collateral.",),
            ("There is no derivative.",), (used, "no derivative is in use"), NONE,
        )  # fmt: skip
    return Risk(
        "Counterparties", ("A hedge counterparty fails or calls collateral.",),
        ("Credit support annex; least rating of the counterparty; credit charge in the price.",),
        (used, used, ("derivatives in use; medium where the run warns of many, or of one that is "
         "idle")),
        _rated(dossier, True, None, "HIGH_COMPLEXITY", "OVERLAY_IDLE"),
    )  # fmt: skip


def _currency(dossier: Dossier) -> Risk:
    here, there = dossier.fact("project.currency"), dossier.fact("request.local_currency")
    description = ("Rent and debt are in different currencies.",)
    if here.value == there.value:
        return Risk("Currency", description, ("Rent and debt are in the same currency.",),
                    (there, "income and debt are both in", here), NONE)  # fmt: skip
    policy = {each.key: each.state for each in instruments(dossier)}["ccy"]
    return Risk(
        "Currency", description, ("Currency swap and hedge margin where the debt is hedged.",),
        (there, "income in", there, ", figures in", here, ", policy", dossier.input(25),
         "; low where the currency swap is in the structure, else high"),
        LOW if policy == "on" else HIGH,
    )  # fmt: skip


def _power(dossier: Dossier) -> Risk:
    payer, hedge = dossier.input(70), dossier.input(24)
    description = ("The price of power rises.",)
    if dossier.case.input(x.POWER_PASS_THROUGH) == x.PASS_TENANT:
        return Risk("Power", description, ("The tenant pays for power.",),
                    (payer, "power is paid by:", payer), NONE)  # fmt: skip
    hedged = dossier.case.input(x.POWER_HEDGE_MODE) != x.HEDGE_NONE
    return Risk(
        "Power", description, ("Power purchase agreement or swap where there is one.",),
        (hedge, "power is paid by:", payer, "; hedge:", hedge, "on", dossier.input(74, "percent"),
         ". Medium where it is hedged, else high"),
        MEDIUM if hedged else HIGH,
    )  # fmt: skip


def _liquidity(dossier: Dossier) -> Risk:
    eligible = dossier.step("repo.eligible", "flag")
    why = dossier.steps["repo.eligible"].note
    said = f", {why}" if why else ""
    return Risk(
        "Market for the notes", ("A holder cannot sell or pledge the notes.",),
        ("Eligibility for repo with the central bank; a rating that many may hold.",),
        (eligible, (f"repo eligible{said.replace('_', ' ').lower()}; medium where it is not, or "
         "where the run warns of few buyers")),
        _rated(dossier, bool(eligible.value), None, "LIMITED_UNIVERSE").replace(HIGH, MEDIUM),
    )  # fmt: skip


def _place(dossier: Dossier) -> Risk:
    warned = raised(dossier, "GEO_CONCENTRATION")
    flag = dossier.cell("gates.warnings", "GEO_CONCENTRATION", "raised")
    return Risk(
        "Place", ("One country, city or site carries too much of the income.",),
        ("Limits of RK-CONC-002 on the locations that the project file gives.",),
        (flag, "the run warns of it" if warned else "the run does not warn of it"),
        MEDIUM if warned else LOW,
    )  # fmt: skip


def _data(dossier: Dossier) -> Risk:
    _, age = market_fields(dossier.manifest)
    return Risk(
        "Market data", ("Curve, spreads and breakevens have moved since their date.",),
        ("Bump sensitivities of the sidecar; the run can be made again on a newer file.",),
        (age.values[0], "age of the market file:", *age.values, ". Medium where it is stale"),
        MEDIUM if market_is_stale(dossier) else LOW,
    )  # fmt: skip


_RISKS: Final[tuple[Callable[[Dossier], Risk], ...]] = (
    _credit, _leverage, _capex, _delay, _tenant, _rent, _opex, _inflation, _rates, _refinancing,
    _currency, _power, _hedging, _place, _liquidity, _data,
)  # fmt: skip
