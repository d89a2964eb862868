"""From coverage to a rating, live but for what a rule of Gate B takes down. Source: method 9."""

from __future__ import annotations

from kernels import figures as f
from kernels import layout as x
from kernels import rating as kernel
from pipeline.explain.case import ROW, Case
from pipeline.reports.workbook.book import Form, Spec, Table
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
    whole,
)
from pipeline.reports.workbook.inputs import UNKNOWN, Inputs
from pipeline.reports.workbook.senior import NO_DEBT

_BY_MATRIX, _BY_WRAP, _MEZZ, _STRUCTURE = "Senior by matrix", "By wrap", "Mezzanine", "Structure"
_AAA = 6
_ABSENT = 99


def fill_rating(form: Form, inputs: Inputs, ratings: Table, notches: Table, case: Case) -> None:
    """Matrix, wrap, tenant, concentration; mezzanine and structure."""
    i, book = inputs, form.book
    form.heading("Rating")
    rules = i[x.HAIRCUT_RULE_SET]
    shift = choice(same(rules, "RA_Conservative"), book["Matrix_Shift_RA_Conservative"],
                   choice(same(rules, "RA_Base"), book["Matrix_Shift_RA_Base"],
                          book["Matrix_Shift_Internal_Base"]))  # fmt: skip
    form.formula("Matrix_Shift", "Shift of the coverage legs", shift, "x", "HaircutRuleSet_81")
    for name, row in (("Tenant", x.TENANT_NOTCH), ("Insurer", x.INSURER_NOTCH),
                      ("Tenant_Floor", x.TENANT_NOTCH_FLOOR)):  # fmt: skip
        number = at_place(notches["number"].all, place_of(i[row], notches["name"].all))
        form.formula(f"{name}_Notch", f"{name.replace('_', ' ')}: notch number",
                     choice(same(i[row], UNKNOWN), 0, number), "",
                     "AAA 1; 0: not known")  # fmt: skip
    _fill_legs(form, inputs, ratings)
    senior = book["Senior_Notional"]
    matrix = form.formula("Matrix_Rating_Number", "By coverage and LTV",
                          choice(senior > 0, most(ratings["matrix"].all), 0), "",
                          "best rating whose legs hold; AAA 6 to B 1")  # fmt: skip
    wrapped = differs(i[x.WRAP_TYPE], "None")
    lifted = form.formula("Wrapped_Rating_Number", "Lifted by the wrap",
                          choice(wrapped, most(matrix, ratings["wrap"].all), matrix), "",
                          "best rating that the insurer lets, coverage relieved")  # fmt: skip
    tenant = book["Tenant_Notch"]
    weak = tenant > book["Tenant_Floor_Notch"]
    after = form.formula("Tenant_Rating_Number", "After the tenant's rating",
                         choice(every(tenant > 0, weak), most(1, lifted - 1), lifted), "",
                         "one category down where the tenant is weaker than the floor")  # fmt: skip
    settled = form.formula("Settled_Rating_Number", "After tenant concentration",
                           _concentrated(inputs, form, ratings, after, wrapped), "",
                           "at most the tenant's category where its share is too large and nothing"
                           " enhances")  # fmt: skip
    taken = form.value("Rating_Taken_Down", "Categories a rule of Gate B takes down",
                       _taken_down(case), "", "recorded by the engine", "recorded")  # fmt: skip
    final = form.formula(
        "Senior_Rating_Number",
        "Senior rating, number",
        choice(senior > 0, most(1, settled - taken), 0),
        "",
        "AAA 6 to B 1",
    )
    form.formula("Senior_Rating", "Senior rating", _named(ratings, final, senior), "",
                 "lookup in the table of ratings")  # fmt: skip
    form.formula("Matrix_Rating", "Senior rating by the matrix alone",
                 _named(ratings, matrix, senior), "", "")  # fmt: skip
    lowered = at_place(ratings["min_dscr"].all,
                       _AAA + 1 - most(1, final - book["Turbo_Notches"]))  # fmt: skip
    form.formula("Turbo_Matrix_Dscr", "Coverage of a rating some categories lower",
                 choice(is_number(lowered), lowered, -1e6) + book["Matrix_Shift"], "x",
                 "RatingDowngrade of AmortSwitchRules_103")  # fmt: skip
    _fill_mezzanine(form, inputs, ratings)
    _fill_structure(form, ratings)


def _fill_legs(form: Form, inputs: Inputs, ratings: Table) -> None:
    """Columns that say, rating by rating, whether its legs hold."""
    book = form.book
    slack, shift = book["Tolerance"], book["Matrix_Shift"]
    dscr, ltv = number_or(book["Dscr_Min"], 0), book["Senior_Ltv_Pct"]

    def within(t: Table) -> Node:
        return either(same(is_number(t["max_ltv"]), False),
                      ltv <= number_or(t["max_ltv"], ltv) + slack)  # fmt: skip

    def covered(t: Table) -> Node:
        return either(same(is_number(t["min_dscr"]), False),
                      dscr >= number_or(t["min_dscr"], 0) + shift - slack)  # fmt: skip

    def relieved(t: Table) -> Node:
        needed = number_or(t["min_dscr"], 0) + shift - t["relief"]
        return every(is_number(t["min_dscr"]), t["insurer"] > 0,
                     book["Insurer_Notch"] <= t["insurer"],
                     dscr >= needed - slack)  # fmt: skip

    ratings.add((
        Spec("matrix", "Number where it holds", "", "both legs of the matrix",
             lambda t: choice(every(covered(t), within(t)), t["number"], 0), group=_BY_MATRIX),
        Spec("wrap", "Number where it holds", "", "relieved coverage leg, LTV leg, insurer",
             lambda t: choice(every(relieved(t), within(t)), t["number"], 0), group=_BY_WRAP),
    ))  # fmt: skip


def _concentrated(inputs: Inputs, form: Form, ratings: Table, after: Node, wrapped: Node) -> Node:
    """The rating after the rule about the largest tenant."""
    i, book = inputs, form.book
    tenant, slack = book["Tenant_Notch"], book["Tolerance"]
    share = i[x.TENANT_SHARE_PCT]
    place = _AAA + 1 - most(1, after)
    most_share = at_place(ratings["tenant_share"].all, place)
    weakest = at_place(ratings["tenant_notch"].all, place)
    breached = either(
        share > i[x.CONCENTRATION_LIMIT_PCT] + slack,
        share > number_or(most_share, share) + slack,
        tenant > number_or(weakest, _ABSENT),
    )
    enhanced = either(
        wrapped,
        i[x.DSRA_MONTHS] >= book["Enhancement_Dsra_Months"],
        tenant <= book["Enhancement_Tenant_Notch"],
    )
    category = choice(tenant <= 1, _AAA, most(1, _AAA - 1 - whole((tenant - 2) / 3)))
    caps = every(tenant > 0, breached, same(enhanced, False), same(book["Tenant_Share_Caps"], 1))
    return choice(caps, least(after, category), after)


def _taken_down(case: Case) -> float:
    """Categories between the rating that the rules of ratings give and the engine's own."""
    if case.senior <= 0.0:
        return 0.0
    dscr, ltv = case.number(f.DSCR_MIN), case.number(f.SENIOR_LTV_PCT)
    _, settled, _ = kernel.senior_rating(case.inputs, ROW, dscr, ltv, case.books.rules)
    return float(settled) - case.number(f.SENIOR_RATING)


def _named(ratings: Table, number: Node, debt: Node) -> Node:
    return choice(debt > 0, at_place(ratings["rating"].all, _AAA + 1 - most(1, number)), NO_DEBT)


def _fill_mezzanine(form: Form, inputs: Inputs, ratings: Table) -> None:
    book = form.book
    slack, shift = book["Tolerance"], book["Matrix_Shift"]
    mezz, cover = book["Mezz_Notional"], number_or(book["Mezz_Dscr_Min"], 0)

    def leg(t: Table) -> Node:
        return number_or(t["min_dscr"], -1e6) + shift

    def wraps(t: Table) -> Node:
        return every(is_number(t["min_dscr"]), t["insurer"] > 0,
                     book["Insurer_Notch"] <= t["insurer"],
                     cover >= leg(t) - t["relief"] - slack)  # fmt: skip

    ratings.add((
        Spec("mezz_matrix", "Number where it holds", "", "coverage leg of the matrix",
             lambda t: choice(cover >= leg(t) - slack, t["number"], 0), group=_MEZZ),
        Spec("mezz_wrap", "The same with a wrap", "", "relieved coverage leg, insurer",
             lambda t: choice(wraps(t), t["number"], 0), group=_MEZZ),
    ))  # fmt: skip
    whole_stack = same(inputs[x.WRAP_TYPE], "WholeStack")
    number = form.formula("Mezz_Rating_Number", "Mezzanine rating, number",
                          choice(mezz > 0,
                                 most(ratings["mezz_matrix"].all,
                                      choice(whole_stack, most(ratings["mezz_wrap"].all), 0)),
                                 0), "", "coverage leg of the matrix; wrap")  # fmt: skip
    form.formula("Mezz_Rating", "Mezzanine rating",
                 choice(mezz > 0, at_place(ratings["rating"].all, _AAA + 1 - most(1, number)),
                        "no mezzanine"), "", "")  # fmt: skip


def _fill_structure(form: Form, ratings: Table) -> None:
    book = form.book
    senior, mezz = book["Senior_Notional"], book["Mezz_Notional"]

    def notch(number: Node) -> Node:
        return at_place(ratings["notch"].all, _AAA + 1 - most(1, number))

    both = senior * notch(book["Senior_Rating_Number"]) + mezz * choice(
        mezz > 0, notch(book["Mezz_Rating_Number"]), node(0)
    )
    mean = form.formula("Mean_Notch", "Mean notch of the tranches",
                        choice(senior > 0, both / (senior + mezz), 0), "",
                        "weighted by notional")  # fmt: skip
    ratings.add((
        Spec("distance", "From the mean notch", "", "of the category's middle notch",
             lambda t: size(t["notch"] - mean), group=_STRUCTURE),
    ))  # fmt: skip
    ratings.add((
        Spec("nearest", "Number where it is nearest", "", "the weaker on a tie",
             lambda t: choice(t["distance"] <= least(t["distance"].all), t["number"], _ABSENT),
             group=_STRUCTURE),
    ))  # fmt: skip
    form.formula("Structure_Rating", "Structure rating",
                 choice(senior > 0, at_place(ratings["rating"].all,
                                             _AAA + 1 - least(ratings["nearest"].all)),
                        NO_DEBT), "", "rating nearest to the mean notch")  # fmt: skip
