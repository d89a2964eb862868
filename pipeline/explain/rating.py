"""From coverage to a rating, and from a rating to repo eligibility."""

from __future__ import annotations

import math

from kernels import codes, rating
from kernels import figures as f
from kernels import layout as x
from kernels import rules as r
from pipeline.explain.case import ROW, Case, finite
from pipeline.explain.model import MONEY, Given, Section, Step, Table, TableColumn, Value
from pipeline.explain.rating_names import notch_name, rating_name
from pipeline.explain.sources import KPIS, PLAN, RULES, SENIOR_PAGE, cited

_MATRIX = (
    TableColumn("rating", "Rating", ""),
    TableColumn("min_dscr", "Least DSCR", "x"),
    TableColumn("dscr_headroom", "Headroom", "x"),
    TableColumn("max_ltv", "Most LTV", "%"),
    TableColumn("ltv_headroom", "Headroom", "%"),
    TableColumn("holds", "Holds", ""),
)
_LEGS = (
    TableColumn("leg", "Leg", ""),
    TableColumn("needs", "Needs", ""),
    TableColumn("has", "Has", ""),
    TableColumn("holds", "Holds", ""),
)
_RATINGS = range(x.RATING_AAA, x.RATING_B - 1, -1)


def rating_section(case: Case) -> Section:
    """Matrix, wrap, tenant, concentration, structure; then repo."""
    if not case.sound or case.senior <= 0.0:
        why = "without senior debt there is nothing to rate"
        none = Step("rating.senior", "Senior rating", "no debt", (), None, "", cited(9),
                    column="senior_rating", note=why, closed=False)  # fmt: skip
        return Section("rating", "Rating and repo", (none,))
    return Section(
        "rating",
        "Rating and repo",
        (*_senior(case), _structure(case), *_repo(case)),
        (_matrix(case), _repo_legs(case)),
    )


def _shift(case: Case) -> float:
    return case.limit(r.MATRIX_SHIFT + int(case.input(x.HAIRCUT_RULE_SET)))


def _covers(case: Case) -> tuple[Given, Given]:
    return (
        Given("DSCR", "least coverage", case.figure(f.DSCR_MIN), "x", "senior.dscr_min"),
        Given("LTV", "loan to value", case.figure(f.SENIOR_LTV_PCT), "%", "senior.ltv"),
    )


def _senior(case: Case) -> tuple[Step, ...]:
    """Each thing that moves the rating, in order."""
    dscr, ltv = case.number(f.DSCR_MIN), case.number(f.SENIOR_LTV_PCT)
    rules = case.books.rules
    matrix = int(case.number(f.MATRIX_RATING))
    shift = Given("shift", "shift of the coverage legs", _shift(case), "x", "HaircutRuleSet_81")
    steps = [
        Step("rating.matrix", "Rating by coverage and LTV",
             "best rating with DSCR ≥ its least + shift and LTV ≤ its most",
             (*_covers(case), shift), rating_name(matrix), "", cited(9, f"{SENIOR_PAGE} step 10"),
             column="matrix_rating", closed=False),
    ]  # fmt: skip
    number = matrix
    wrapped = case.input(x.WRAP_TYPE) != x.WRAP_NONE
    if wrapped:
        lifted = rating.by_wrap(dscr, ltv, shift.value, case.input(x.INSURER_NOTCH), rules)
        number = max(number, int(lifted))
        steps.append(
            Step("rating.wrap", "Lifted by the wrap",
                 "best rating whose insurer is good enough, with the coverage leg relieved",
                 (*_covers(case), case.setting("wrap", x.WRAP_TYPE),
                  Given("insurer", "insurer", notch_name(case.input(x.INSURER_NOTCH)), "",
                        "parties.insurer_rating")),
                 rating_name(number), "", cited(9, f"{RULES} 1.4"), rule="RK-WRAP-001",
                 closed=False))  # fmt: skip
    tenant = case.input(x.TENANT_NOTCH)
    final = int(case.number(f.SENIOR_RATING))
    if tenant == 0.0:
        note = "the tenant is not known: neither its rating nor its share moves the rating"
        return (*steps, *_taken_down(case, final), _final(final, note))
    floor = case.input(x.TENANT_NOTCH_FLOOR)
    if tenant > floor:
        number = max(x.RATING_B, number - 1)
    steps.append(
        Step("rating.tenant", "After the tenant's rating",
             "one category down where the tenant is weaker than the floor",
             (Given("tenant", "tenant", notch_name(tenant), "", "project.tenant.rating"),
              Given("floor", "weakest without effect", notch_name(floor), "",
                    "TenantRatingFloor_77")),
             rating_name(number), "", cited(9), closed=False))  # fmt: skip
    _, settled, _ = rating.senior_rating(case.inputs, ROW, dscr, ltv, rules)
    steps.append(_concentration(case, number, int(settled), tenant, wrapped))
    return (*steps, *_taken_down(case, final), _final(final, ""))


def _taken_down(case: Case, final: int) -> tuple[Step, ...]:
    """The step of a rule of Gate B that downgrades, where one is broken."""
    raised = int(case.number(f.WARNINGS))
    if not raised >> codes.WARN_RATING_DOWNGRADED & 1:
        return ()
    actions = [case.limit(r.ACTIONS + reason) for reason in range(codes.N_REASONS)]
    broken = [
        codes.REASON_NAMES[reason]
        for reason, action in enumerate(actions)
        if action == r.ACTION_DOWNGRADE and raised >> reason & 1
    ]
    located = case.limit(r.LOCATIONS_DOWNGRADE) == 1.0 and case.input(x.GEO_CONCENTRATION) == 1.0
    named = ", ".join([*broken, *["GEO_CONCENTRATION"] * located])
    return (
        Step("rating.downgrade", "Taken down by a rule", "one category down, not under B",
             (Given("broken", "rules that downgrade and are broken", named),),
             rating_name(final), "", cited(10), closed=False),
    )  # fmt: skip


def _final(number: int, note: str) -> Step:
    return Step("rating.senior", "Senior rating", "after wrap, tenant, concentration, rules", (),
                rating_name(number), "", cited(9, SENIOR_PAGE), column="senior_rating", note=note,
                closed=False)  # fmt: skip


def _concentration(case: Case, number: int, capped: int, tenant: float, wrapped: bool) -> Step:
    most = finite(case.limit(r.CONCENTRATION_MAX_PCT + number))
    weakest = case.limit(r.CONCENTRATION_TENANT_NOTCH + number)
    strong = tenant <= case.limit(r.ENHANCEMENT_TENANT_NOTCH)
    reserve = case.input(x.DSRA_MONTHS) >= case.limit(r.ENHANCEMENT_DSRA_MONTHS)
    enhanced = [name for name, holds in (("wrap", wrapped), ("DSRA", reserve), ("tenant", strong))
                if holds]  # fmt: skip
    return Step(
        "rating.concentration", "After tenant concentration",
        "at most the tenant's category where its share is over a limit and nothing enhances",
        (Given("share", "largest tenant's share", case.input(x.TENANT_SHARE_PCT), "%",
               "project.tenant.share_pct"),
         case.setting("limit", x.CONCENTRATION_LIMIT_PCT),
         Given("most", "most for the rating", most, "%", "RK-CONC-001"),
         Given("weakest", "weakest tenant for the rating",
               notch_name(weakest) if weakest < 23 else None, "", "RK-CONC-001"),
         Given("enhanced", "enhanced by", ", ".join(enhanced) or "nothing")),
        rating_name(capped), "", cited(9, f"{RULES} 1.5"), rule="RK-CONC-001", closed=False,
    )  # fmt: skip


def _matrix(case: Case) -> Table:
    dscr, ltv, shift = case.number(f.DSCR_MIN), case.number(f.SENIOR_LTV_PCT), _shift(case)
    rows: list[tuple[Value, ...]] = []
    for number in _RATINGS:
        least = case.limit(r.MATRIX_DSCR + number) + shift
        most = case.limit(r.MATRIX_LTV_PCT + number)
        holds = dscr >= least - rating.TOLERANCE and ltv <= most + rating.TOLERANCE
        rows.append((rating_name(number), finite(least), finite(dscr - least), finite(most),
                     finite(most - ltv), holds))  # fmt: skip
    return Table("rating.matrix", "Rating matrix", _MATRIX, tuple(rows))


def _structure(case: Case) -> Step:
    number, mezz = int(case.number(f.SENIOR_RATING)), case.figure(f.MEZZ_RATING)
    inputs = (
        Given("S", "senior notional", case.senior, MONEY, "senior.notional"),
        Given("n_s", "its notch", case.limit(r.NOTCH + number), "notches", "rating.senior"),
        Given("M", "mezzanine notional", case.mezz, MONEY, "mezzanine.notional"),
        Given("n_m", "its notch", case.limit(r.NOTCH + int(mezz)) if mezz else 0.0, "notches",
              "mezzanine.rating"),
    )  # fmt: skip
    return Step("rating.structure", "Structure rating",
                "rating nearest to (S × n_s + M × n_m) ÷ (S + M)", inputs,
                rating_name(case.figure(f.STRUCTURE_RATING)), "", cited(9, PLAN),
                column="structure_rating", closed=False)  # fmt: skip


def _repo(case: Case) -> tuple[Step, ...]:
    eligible = case.figure(f.REPO_ELIGIBLE) == 1.0
    failed = int(case.number(f.REPO_FAILED_LEGS))
    names = [name for bit, name in enumerate(codes.REPO_LEG_NAMES) if failed >> bit & 1]
    haircut = case.figure(f.REPO_HAIRCUT_PCT)
    source = cited(9, f"{RULES} 1.3", KPIS)
    cash = Step("repo.cash", "Cash a holder could raise", "cash = S × (1 − haircut ÷ 100)",
                (Given("S", "senior notional", case.senior, MONEY, "senior.notional"),
                 Given("haircut", "haircut", haircut, "%", "RK-REPO-002")),
                case.figure(f.REPO_CASH), MONEY, source, rule="RK-REPO-002", column="repo_cash",
                closed=eligible, note="" if eligible else "only where it is eligible")  # fmt: skip
    return (
        Step("repo.eligible", "Repo eligibility", "every leg that has to hold does", (), eligible,
             "", source,
             rule="RK-REPO-001", column="repo_eligible", closed=False,
             note=f"fails: {', '.join(names)}" if names else ""),
        Step("repo.haircut", "Haircut", "of the first tenor bucket that reaches the tenor",
             (Given("rating", "senior rating", rating_name(case.figure(f.SENIOR_RATING))),
              case.setting("tenor", x.SENIOR_TENOR_YEARS)),
             haircut, "%", source, rule="RK-REPO-002", column="repo_haircut_pct", closed=False,
             note="" if haircut is not None else "not financeable at this rating and tenor"),
        cash,
    )  # fmt: skip


def _repo_legs(case: Case) -> Table:
    place = int(case.input(x.JURISDICTION))
    failed = int(case.number(f.REPO_FAILED_LEGS))
    rated = rating_name(case.figure(f.SENIOR_RATING))
    tenor, lease = case.input(x.SENIOR_TENOR_YEARS), case.input(x.LEASE_YEARS)
    bank = case.limit(r.BANK_CURRENCY + place) >= 0.0
    needs: dict[int, tuple[str, str]] = {
        codes.REPO_FLAG_OFF: ("sought", "yes" if case.input(x.REPO_FLAG) == 1.0 else "no"),
        codes.REPO_RATING: (f"{rating_name(case.limit(r.REPO_MIN_RATING))} or better", str(rated)),
        codes.REPO_WAL: (f"WAL ≤ {case.input(x.MAX_SENIOR_WAL_YEARS):g} y",
                         f"{case.number(f.SENIOR_WAL):.3f} y"),
        codes.REPO_JURISDICTION: ("CB_RepoEligible",
                                  str(case.setting("", x.JURISDICTION_ELIGIBILITY).value)),
        codes.REPO_DSCR: (f"DSCR ≥ {case.limit(r.REPO_MIN_DSCR):g}x",
                          f"{case.number(f.DSCR_MIN):.4f}x"),
        codes.REPO_TENOR_OVER_LEASE: (f"tenor ≤ {lease:g} y", f"{tenor:g} y"),
        codes.REPO_NO_CENTRAL_BANK: ("a central bank with a rule", "yes" if bank else "no"),
    }  # fmt: skip
    if case.limit(r.REPO_NEEDS_HAIRCUT) == 1.0:
        haircut = case.figure(f.REPO_HAIRCUT_PCT)
        has = "none" if haircut is None else f"{haircut:g} %"
        needs[codes.REPO_NOT_FINANCEABLE] = ("a haircut for rating and tenor", has)
    if bank:
        weakest, longest = case.limit(r.BANK_MIN_RATING + place), case.limit(
            r.BANK_MAX_TENOR_YEARS + place)  # fmt: skip
        most = case.limit(r.BANK_MAX_ADVANCE_PCT + place)
        needs |= {
            codes.REPO_BANK_RATING: (f"{rating_name(weakest)} or better", str(rated)),
            codes.REPO_BANK_TENOR: (f"tenor ≤ {longest:g} y", f"{tenor:g} y"),
            codes.REPO_BANK_ADVANCE: (f"advance ≤ {most:g} %",
                                      f"{case.number(f.SENIOR_LTV_PCT):.3f} %"),
            codes.REPO_BANK_CURRENCY: (_currency(case.limit(r.BANK_CURRENCY + place)),
                                       _currency(case.input(x.CURRENCY))),
        }  # fmt: skip
        flag = {x.EU: (codes.REPO_TRUE_SALE, x.TRUE_SALE, "true sale"),
                x.UK: (codes.REPO_GOVERNING_LAW, x.GOVERNING_LAW_OK, "governing law"),
                x.US: (codes.REPO_144A, x.RULE_144A, "rule 144A")}.get(place)  # fmt: skip
        if flag is not None:
            leg, row, name = flag
            needs[leg] = (name, "yes, or not denied" if case.input(row) == 1.0 else "no")
    rows = tuple(
        (codes.REPO_LEG_NAMES[leg], asked, has, not failed >> leg & 1)
        for leg, (asked, has) in needs.items()
        if case.limit(r.REPO_ACTION) != r.ACTION_OFF or not codes.REPO_RULE_LEGS >> leg & 1
    )
    return Table("repo.legs", "Legs of repo eligibility", _LEGS, rows)


def _currency(code: float) -> str:
    names = ("GBP", "EUR", "USD", "JPY", "AED")
    return names[int(code)] if not math.isnan(code) else ""
