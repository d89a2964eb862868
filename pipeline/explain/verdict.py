"""Scores, hard filters and the tier: how the structure ends."""

from __future__ import annotations

from kernels import codes
from kernels import figures as f
from kernels import layout as x
from kernels import rules as r
from kernels.rating import TOLERANCE
from pipeline.columns import COLUMNS
from pipeline.explain.capital import money
from pipeline.explain.case import Case
from pipeline.explain.model import (
    MONEY,
    Bound,
    Given,
    Section,
    Side,
    Step,
    Table,
    TableColumn,
    Value,
)
from pipeline.explain.rating_names import rating_name
from pipeline.explain.sources import KPIS, RULES, TREE, cited

_TIERS = (
    TableColumn("test", "Test", ""),
    TableColumn("tier", "Tier", ""),
    TableColumn("condition", "Condition", ""),
    TableColumn("needs", "Needs", ""),
    TableColumn("has", "Has", ""),
    TableColumn("headroom", "Headroom", ""),
    TableColumn("holds", "Holds", ""),
)
_COLUMN_OF_FIGURE = {column.figure: column for column in COLUMNS}
_FILTERS: dict[int, tuple[Side, str]] = {
    codes.FILTER_AT_LEAST: (">=", "headroom = value − limit"),
    codes.FILTER_AT_MOST: ("<=", "headroom = limit − value"),
    codes.FILTER_EQUAL: ("=", "headroom = −abs(value − limit)"),
}


def verdict_section(case: Case) -> Section:
    """Credit score, ranking score, filters, tier."""
    steps: tuple[Step, ...] = ()
    if case.sound and case.senior > 0.0:
        steps = (_credit_score(case), _ranking_score(case))
    tier = codes.TIER_NAMES[int(case.number(f.TIER))]
    ending = Step(
        "verdict.tier",
        "Tier",
        "first of Diamond, Gold, Silver, Bronze whose conditions all hold",
        (),
        tier,
        "",
        cited(11),
        column="viability_tier",
        closed=False,
    )
    tables = (_tiers(case),) if case.sound else ()
    return Section("verdict", "Scores, filters, tier", (*steps, *_filters(case), ending), tables)


def _credit_score(case: Case) -> Step:
    names = (("a", "DSCR", r.SCORE_DSCR), ("b", "rating", r.SCORE_RATING),
             ("c", "cover", r.SCORE_COVERAGE), ("d", "stress", r.SCORE_STRESS),
             ("e", "simplicity", r.SCORE_SIMPLICITY),
             ("most", "complexity ceiling", r.SCORE_COMPLEXITY_CEILING))  # fmt: skip
    weights = tuple(
        Given(symbol, f"weight of {label}" if symbol != "most" else label, case.limit(place), "",
              "rulebook gate_b_score")
        for symbol, label, place in names
    )  # fmt: skip
    rated = case.number(f.SENIOR_RATING)
    return Step(
        "verdict.gate_b_score", "Credit score",
        "score = a × DSCR + b × rating + c × (ICR + FCCR) ÷ 2 + d × stress"
        " + e × (most − complexity)",
        (*weights, Given("DSCR", "least coverage", case.figure(f.DSCR_MIN), "x", "senior.dscr_min"),
         Given("rating", f"number of {rating_name(rated)}, AAA 6 to B 1", rated),
         Given("ICR", "interest cover", case.figure(f.ICR_MIN), "x", "senior.icr"),
         Given("FCCR", "fixed charge cover", case.figure(f.FCCR_MIN), "x", "capital.fccr"),
         Given("stress", "worst Gate B stress", case.figure(f.STRESS_DSCR_WORST), "x"),
         Given("complexity", "derivatives, mezzanine, wrap", case.figure(f.COMPLEXITY))),
        case.figure(f.GATE_B_SCORE), "points", cited(11, RULES), column="gate_b_score",
    )  # fmt: skip


def _ranking_score(case: Case) -> Step:
    scale = case.limit(r.CURRENCY_SCALE + int(case.input(x.CURRENCY)))
    score = case.limit(r.RATING_SCORE + int(case.number(f.SENIOR_RATING)))
    weights = tuple(
        Given(f"w{number}", f"weight of {label}", case.limit(place), "", "CompositeWeights_110")
        for number, (label, place) in enumerate(
            (("senior raise", r.WEIGHT_SENIOR_RAISE), ("WACC", r.WEIGHT_WACC),
             ("day one", r.WEIGHT_DAY1), ("DSCR", r.WEIGHT_DSCR), ("rating", r.WEIGHT_RATING)), 1)
    )  # fmt: skip
    return Step(
        "verdict.composite_score", "Composite score",
        "score = 100 × (w1 × S ÷ (unit_s × scale) + w2 × (top − WACC) ÷ top"
        " + w3 × D ÷ (unit_d × scale) + w4 × min(DSCR ÷ full, 1) + w5 × rated)",
        (*weights, money(case, "S", f.SENIOR_NOTIONAL, "senior notional", "senior.notional"),
         Given("unit_s", "senior that counts as 1", case.limit(r.COMPOSITE_SENIOR_UNIT), MONEY,
               "rulebook composite"),
         Given("scale", "of the currency", scale, "", "rulebook composite.score_scale"),
         Given("top", "WACC that counts as 0", case.limit(r.COMPOSITE_WACC_CEILING), "%",
               "rulebook composite"),
         Given("WACC", "cost of capital", case.figure(f.WACC), "%", "capital.wacc"),
         money(case, "D", f.DAY1_CASH, "day-one value", "day_one.total"),
         Given("unit_d", "day-one value that counts as 1", case.limit(r.COMPOSITE_DAY1_UNIT), MONEY,
               "rulebook composite"),
         Given("DSCR", "least coverage", case.figure(f.DSCR_MIN), "x", "senior.dscr_min"),
         Given("full", "coverage that counts as 1", case.limit(r.COMPOSITE_DSCR_CEILING), "x",
               "rulebook composite"),
         Given("rated", f"score of {rating_name(case.number(f.SENIOR_RATING))}", score, "",
               "rulebook ratings.score")),
        case.figure(f.COMPOSITE_SCORE), "0-100", cited(11, TREE, KPIS), column="composite_score",
    )  # fmt: skip


def _filters(case: Case) -> tuple[Step, ...]:
    """Each hard filter, and whether the structure is viable."""
    steps = [_filter(case, number, *each) for number, each in enumerate(case.problem.filters, 1)]
    viable = Step("verdict.viable", "Viable", "every hard filter holds", (),
                  case.figure(f.VIABLE) == 1.0, "", cited(11, TREE), column="viable",
                  closed=False)  # fmt: skip
    return (*steps, viable)


def _filter(case: Case, number: int, figure: float, test: float, limit: float) -> Step:
    column = _COLUMN_OF_FIGURE[int(figure)]
    value = case.figure(int(figure))
    side, formula = _FILTERS[int(test)]
    headroom = None
    if value is not None:
        by = {">=": value - limit, "<=": limit - value, "=": 0.0 - abs(value - limit)}
        headroom = float(by[side])
    holds = headroom is not None and headroom >= -TOLERANCE and case.sound
    asked = _shown(column.kind, limit, column.names)
    return Step(
        f"verdict.filter_{number}", f"Hard filter: {column.name} {side} {asked}", formula,
        (Given("value", column.description, value, column.unit, column.name),
         Given("limit", "asked", float(limit), column.unit, "HardFilters_111")),
        headroom, column.unit, cited(11, TREE), closed=headroom is not None,
        bound=Bound("HardFilters_111", side, value, float(limit), headroom,
                    "pass" if holds else "fail"),
    )  # fmt: skip


def _shown(kind: str, limit: float, names: tuple[str, ...]) -> str:
    if kind == "flag":
        return "yes" if limit == 1.0 else "no"
    return names[int(limit)] if kind == "code" else f"{limit:g}"


def _tiers(case: Case) -> Table:
    """What each tier asks beside both gates, and what the structure has."""
    financing = case.number(f.TOTAL_COST)
    day1 = 100.0 * (case.figure(f.DAY1_CASH) or 0.0) / financing
    coverage = 100.0 * case.number(f.FULL_COVERAGE)
    rated = case.figure(f.SENIOR_RATING)
    stresses = case.figure(f.STRESSES_PASSED) == 1.0
    repo = case.figure(f.REPO_ELIGIBLE) == 1.0
    gates = not (case.number(f.GATE_A_FAILED) or case.number(f.GATE_B_FAILED))
    rows: list[tuple[Value, ...]] = []

    def rating_at_least(tier: str, place: int) -> None:
        least = case.limit(place)
        rows.append(
            (
                f"{tier}: senior rating",
                tier,
                "senior rating",
                f"{rating_name(least)} or better",
                rating_name(rated) or "none",
                None,
                rated is not None and rated >= least,
            )
        )

    def percent(tier: str, name: str, value: float, least: float) -> None:
        rows.append(
            (
                f"{tier}: {name}",
                tier,
                name,
                f"≥ {least:g} %",
                f"{value:.4f} %",
                value - least,
                value >= least - TOLERANCE,
            )
        )

    def flag(tier: str, name: str, holds: bool) -> None:
        has = "yes" if holds else "no"
        rows.append((f"{tier}: {name}", tier, name, "yes", has, None, holds))

    flag("every tier", "both gates passed", gates)
    percent("all but Bronze", "full coverage", coverage, 100.0 * case.limit(r.SILVER_COVERAGE))
    for tier, rating, full, least, needs_stresses in (
        ("Diamond", r.DIAMOND_MIN_RATING, r.DIAMOND_COVERAGE, r.DIAMOND_DAY1_PCT,
         r.DIAMOND_NEEDS_STRESSES),
        ("Gold", r.GOLD_MIN_RATING, r.GOLD_COVERAGE, r.GOLD_DAY1_PCT, r.GOLD_NEEDS_STRESSES),
    ):  # fmt: skip
        if case.limit(full) > case.limit(r.SILVER_COVERAGE):
            percent(tier, "full coverage", coverage, 100.0 * case.limit(full))
        rating_at_least(tier, rating)
        percent(tier, "day-one value over financing", day1, case.limit(least))
        if case.limit(needs_stresses) == 1.0:
            flag(tier, "all stresses passed", stresses)
        if tier == "Diamond" and case.limit(r.DIAMOND_NEEDS_REPO) == 1.0:
            flag(tier, "repo eligible", repo)
    rating_at_least("Silver", r.SILVER_MIN_RATING)
    return Table("verdict.tiers", "What the tiers ask", _TIERS, tuple(rows))
