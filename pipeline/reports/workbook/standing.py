"""Repo eligibility leg by leg, composite score, and whether every hard filter holds: all live.

Source: method 9 and 11.
"""

from __future__ import annotations

import math
from typing import Final

from kernels import codes
from kernels import figures as f
from kernels import layout as x
from kernels import rules as r
from pipeline.explain.case import Case
from pipeline.inputs.countries import CURRENCIES, JURISDICTIONS
from pipeline.inputs.ratings import CATEGORIES
from pipeline.reports.workbook.book import Book, Form, Sheet, Spec, Table
from pipeline.reports.workbook.expression import (
    Node,
    at_place,
    choice,
    differs,
    either,
    every,
    is_number,
    least,
    most,
    node,
    number_or,
    place_of,
    same,
    size,
)
from pipeline.reports.workbook.inputs import NO, NONE, YES, Inputs

_AAA = 6
_NEVER = 1e6
NOT_ELIGIBLE, NOT_FINANCEABLE = "not eligible", "not financeable"
_NO_DEBT = "no debt"
# Figures that a hard filter may name, by cell; codes are compared as numbers.
_FILTERED: Final = {
    f.SENIOR_NOTIONAL: "Senior_Notional", f.DSCR_MIN: "Dscr_Min", f.DSCR_AVG: "Dscr_Avg",
    f.EQUITY_IRR: "Equity_Irr", f.WACC: "Wacc", f.DAY1_CASH: "Day1_Cash",
    f.SENIOR_WAL: "Senior_Wal", f.MEZZ_NOTIONAL: "Mezz_Notional",
    f.EQUITY_NOTIONAL: "Equity_Notional", f.COMPOSITE_SCORE: "Composite_Score",
    f.SENIOR_RATING: "Senior_Rating_Number", f.MEZZ_RATING: "Mezz_Rating_Number",
}  # fmt: skip
_SIGNS: Final = {codes.FILTER_AT_LEAST: ">=", codes.FILTER_AT_MOST: "<=", codes.FILTER_EQUAL: "="}


def fill_banks(book: Book, sheet: Sheet, case: Case, top: int) -> Table:
    """What each jurisdiction's central bank takes: RK-REPO-001."""
    table = Table(book, sheet, len(JURISDICTIONS), top=top)

    def column(key: str, title: str, unit: str, place: int) -> Spec:
        limits = (case.limit(place + number) for number in range(len(JURISDICTIONS)))
        found = [limit if math.isfinite(limit) else _NEVER for limit in limits]
        return Spec(key, title, unit, "RK-REPO-001", recorded=found, kind="input",
                    group="Central banks")  # fmt: skip

    currencies = [int(case.limit(r.BANK_CURRENCY + n)) for n in range(len(JURISDICTIONS))]
    table.add((
        Spec("name", "Jurisdiction", "", "column of the rulebook", recorded=JURISDICTIONS,
             kind="label", group="Central banks"),
        column("rating", "Least rating", "", r.BANK_MIN_RATING),
        column("tenor", "Longest tenor", "years", r.BANK_MAX_TENOR_YEARS),
        column("advance", "Most advance factor", "%", r.BANK_MAX_ADVANCE_PCT),
        Spec("currency", "Currency", "", "none: there is no central bank",
             recorded=[NONE if n < 0 else CURRENCIES[n] for n in currencies], kind="input",
             group="Central banks"),
    ))  # fmt: skip
    return table


def fill_assumptions(form: Form, case: Case) -> None:
    """Figures of the rules about repo, and of the composite score."""
    form.heading("Rulebook: repo and score")
    for name, label, place, unit, key in (
        ("Repo_Min_Dscr", "Least DSCR for repo", r.REPO_MIN_DSCR, "x", "rules.RK-REPO-001"),
        ("Repo_Min_Rating", "Least rating for repo, number", r.REPO_MIN_RATING, "",
         "rules.RK-REPO-001"),
        ("Repo_Needs_Haircut", "1: repo needs a haircut", r.REPO_NEEDS_HAIRCUT, "",
         "rules.RK-REPO-002"),
        ("Haircut_Tenor_1", "Tenor of the first haircut", r.HAIRCUT_TENOR_YEARS, "years",
         "rules.RK-REPO-002"),
        ("Haircut_Tenor_2", "Tenor of the second haircut", r.HAIRCUT_TENOR_YEARS + 1, "years",
         "rules.RK-REPO-002"),
        ("Haircut_Tenor_3", "Tenor of the third haircut", r.HAIRCUT_TENOR_YEARS + 2, "years",
         "rules.RK-REPO-002"),
        ("Weight_Senior", "Weight of the senior raise", r.WEIGHT_SENIOR_RAISE, "",
         "CompositeWeights_110"),
        ("Weight_Wacc", "Weight of the WACC", r.WEIGHT_WACC, "", "CompositeWeights_110"),
        ("Weight_Day1", "Weight of day-one value", r.WEIGHT_DAY1, "", "CompositeWeights_110"),
        ("Weight_Dscr", "Weight of the DSCR", r.WEIGHT_DSCR, "", "CompositeWeights_110"),
        ("Weight_Rating", "Weight of the rating", r.WEIGHT_RATING, "", "CompositeWeights_110"),
        ("Score_Senior_Unit", "Senior that scores 1", r.COMPOSITE_SENIOR_UNIT, "money",
         "composite.senior_unit"),
        ("Score_Day1_Unit", "Day-one value that scores 1", r.COMPOSITE_DAY1_UNIT, "money",
         "composite.day1_unit"),
        ("Score_Wacc_Ceiling", "WACC that scores 0", r.COMPOSITE_WACC_CEILING, "%",
         "composite.wacc_ceiling_pct"),
        ("Score_Dscr_Ceiling", "DSCR that scores 1", r.COMPOSITE_DSCR_CEILING, "x",
         "composite.dscr_ceiling"),
        ("Score_Currency_Scale", "Money units of the score, in this currency",
         r.CURRENCY_SCALE + int(case.input(x.CURRENCY)), "", "composite.score_scale"),
    ):  # fmt: skip
        form.value(name, label, case.limit(place), unit, f"rulebook {key}")


def rating_columns(case: Case, numbers: tuple[int, ...]) -> list[Spec]:
    """Haircuts and score by rating, beside the matrix."""

    def haircut(bucket: int) -> Spec:
        found = [case.limit(r.HAIRCUT_PCT + 3 * number + bucket) for number in numbers]
        return Spec(f"haircut_{bucket + 1}", f"Haircut {bucket + 1}", "%", "RK-REPO-002",
                    recorded=[value if math.isfinite(value) else NONE for value in found],
                    kind="input", group="Rulebook")  # fmt: skip

    score = [case.limit(r.RATING_SCORE + number) for number in numbers]
    return [
        *(haircut(bucket) for bucket in range(r.N_HAIRCUT_BUCKETS)),
        Spec("score", "Score", "", "of the composite score", recorded=score, kind="input",
             group="Rulebook"),
    ]  # fmt: skip


def fill_repo(form: Form, inputs: Inputs, ratings: Table, banks: Table, case: Case) -> None:
    """Each leg: 1 where it holds. What RK-REPO-001 asks may be off, or warn alone."""
    i, book = inputs, form.book
    slack, rating = book["Tolerance"], book["Senior_Rating_Number"]
    tenor = i[x.SENIOR_TENOR_YEARS]
    form.heading("Repo eligibility: 1 where a leg holds")
    by_tenor = choice(tenor <= book["Haircut_Tenor_1"], _of(ratings, "haircut_1", rating),
                      choice(tenor <= book["Haircut_Tenor_2"], _of(ratings, "haircut_2", rating),
                             choice(tenor <= book["Haircut_Tenor_3"],
                                    _of(ratings, "haircut_3", rating), NONE)))  # fmt: skip
    found = form.formula("Repo_Haircut", "Haircut by rating and tenor",
                         choice(rating > 0, by_tenor, NONE), "%", "RK-REPO-002")  # fmt: skip
    own = {
        "Repo_Flag": ("Sought", inputs.is_on(x.REPO_FLAG)),
        "Repo_Wal": ("Average life", number_or(book["Senior_Wal"], _NEVER)
                     <= i[x.MAX_SENIOR_WAL_YEARS] + slack),
        "Repo_Where": ("Eligible jurisdiction",
                       same(i[x.JURISDICTION_ELIGIBILITY], "CB_RepoEligible")),
        "Repo_Lease": ("Tenor within the lease", tenor <= i[x.LEASE_YEARS] + slack),
        "Repo_Financeable": ("Financeable", either(same(book["Repo_Needs_Haircut"], 0),
                                                   is_number(found))),
    }  # fmt: skip
    place = place_of(i[x.JURISDICTION], banks["name"].all)

    def bank(key: str) -> Node:
        return at_place(banks[key].all, place)

    where = i[x.JURISDICTION]
    rule = {
        "Repo_Rating": ("Rating", rating >= book["Repo_Min_Rating"]),
        "Repo_Dscr": ("DSCR", number_or(book["Dscr_Min"], -_NEVER)
                      >= book["Repo_Min_Dscr"] - slack),
        "Repo_Bank": ("There is a central bank", differs(bank("currency"), NONE)),
        "Repo_Bank_Rating": ("The bank's rating", rating >= bank("rating")),
        "Repo_Bank_Tenor": ("The bank's tenor", tenor <= bank("tenor") + slack),
        "Repo_Bank_Advance": ("The bank's advance factor",
                              book["Senior_Ltv_Pct"] <= bank("advance") + slack),
        "Repo_Bank_Currency": ("The bank's currency", same(i[x.CURRENCY], bank("currency"))),
        "Repo_True_Sale": ("True sale (EU)", either(differs(where, "EU"),
                                                    inputs.is_on(x.TRUE_SALE))),
        "Repo_Law": ("Governing law (UK)", either(differs(where, "UK"),
                                                  inputs.is_on(x.GOVERNING_LAW_OK))),
        "Repo_144a": ("Rule 144A (US)", either(differs(where, "US"), inputs.is_on(x.RULE_144A))),
    }  # fmt: skip
    counts: Node = node(1)
    asked = {**own, **rule}
    if case.limit(r.REPO_ACTION) in (r.ACTION_OFF, r.ACTION_WARN):
        asked = own
    for name, (label, holds) in {**own, **rule}.items():
        leg = form.formula(name, label, choice(holds, 1, 0), "",
                           "RK-REPO-001" if name in rule else "method 9")  # fmt: skip
        if name in asked:
            counts = counts * leg
    eligible = form.formula("Repo_Eligible", "Repo eligible", choice(counts > 0, YES, NO), "",
                            "every leg that has to hold does")  # fmt: skip
    senior = book["Senior_Notional"]
    form.formula("Repo_Haircut_Pct", "Haircut", choice(is_number(found), found, NOT_FINANCEABLE),
                 "%", "RK-REPO-002")  # fmt: skip
    form.formula("Repo_Cash", "Cash a holder could raise",
                 choice(every(senior > 0, same(eligible, YES), is_number(found)),
                        senior * (1 - number_or(found, 0) / 100), NOT_ELIGIBLE), "money",
                 "S × (1 − haircut)")  # fmt: skip


def fill_score(form: Form, ratings: Table, case: Case) -> None:
    """Composite score, and every hard filter of the run."""
    book = form.book
    form.heading("Composite score and hard filters")
    rating, scale = book["Senior_Rating_Number"], book["Score_Currency_Scale"]
    ceiling = book["Score_Wacc_Ceiling"]
    cover = least(number_or(book["Dscr_Min"], 0) / book["Score_Dscr_Ceiling"], 1)
    score = (
        book["Weight_Senior"] * book["Senior_Notional"] / (book["Score_Senior_Unit"] * scale)
        + book["Weight_Wacc"] * (ceiling - book["Wacc"]) / ceiling
        + book["Weight_Day1"] * book["Day1_Cash"] / (book["Score_Day1_Unit"] * scale)
        + book["Weight_Dscr"] * cover
        + book["Weight_Rating"] * _of(ratings, "score", rating)
    )
    form.formula("Composite_Score", "Composite score",
                 choice(rating > 0, 100 * score, _NO_DEBT), "",
                 "weights × parts × 100")  # fmt: skip
    passed: Node = node(1)
    for number, (figure, sign, limit) in enumerate(case.problem.filters, 1):
        told, holds = _filter(book, int(figure), int(sign), float(limit))
        leg = form.formula(f"Hard_Filter_{number}", told, choice(holds, 1, 0), "",
                           "HardFilters_111: 1 where it holds")  # fmt: skip
        passed = passed * leg
    form.formula("Viable", "Passes every hard filter", choice(passed > 0, YES, NO), "",
                 "all of them")  # fmt: skip


def _filter(book: Book, figure: int, sign: int, limit: float) -> tuple[str, Node]:
    """A filter in words, and as a formula; an undefined figure does not pass."""
    if figure == f.REPO_ELIGIBLE:
        wanted = YES if limit == 1.0 else NO
        return f"Repo eligible = {wanted}", same(book["Repo_Eligible"], wanted)
    name = _FILTERED[figure]
    cell, slack = book[name], book["Tolerance"]
    rated = figure in (f.SENIOR_RATING, f.MEZZ_RATING)
    shown = CATEGORIES[int(limit)] if rated else f"{limit:g}"
    told = f"{name.removesuffix('_Number').replace('_', ' ')} {_SIGNS[sign]} {shown}"
    value = number_or(cell, 0)
    tests = {
        codes.FILTER_AT_LEAST: value >= limit - slack,
        codes.FILTER_AT_MOST: value <= limit + slack,
        codes.FILTER_EQUAL: size(value - limit) <= slack,
    }
    # a rating number of 0 is no rating
    there = cell > 0 if rated else is_number(cell)
    return told, every(there, tests[sign])


def _of(ratings: Table, key: str, number: Node) -> Node:
    return at_place(ratings[key].all, _AAA + 1 - most(1, number))
