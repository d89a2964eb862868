"""How the structure stands to the rulebook as a whole: rules outside the gates, what binds, result.

The gates' own tests are in `gates`; a rule outside them rejects nothing, so that a broken one is a
warning here, whatever its action does to the rating or to repo.
"""

from __future__ import annotations

import math
from typing import Final

from kernels import codes, rating
from kernels import figures as f
from kernels import layout as x
from kernels import rules as r
from pipeline.explain.case import Case
from pipeline.explain.gates import action_name
from pipeline.explain.model import Bound, Given, Section, Step, Table, TableColumn, Verdict
from pipeline.explain.rating_names import notch_name, rating_name
from pipeline.explain.sources import PLAN, RULES, cited

BINDING: Final = "compliance.binding"
RESULT: Final = "compliance.result"
PASS, CONDITIONAL, FAIL = "Pass", "Conditional", "Fail"
# A sound structure meets these by construction, with nothing to spare.
_BY_CONSTRUCTION: Final = ("gate_a.math_error", "gate_b.amortisation_too_slow.grows")
_GATES: Final = (
    TableColumn("gate", "Gate", ""),
    TableColumn("tests", "Tests", ""),
    TableColumn("passed", "Passed", ""),
    TableColumn("failed", "Failed", ""),
    TableColumn("warned", "Broken, not rejecting", ""),
    TableColumn("off", "Off", ""),
    TableColumn("result", "Result", ""),
)
_SOURCE: Final = cited(11, RULES, PLAN)
_ANY_TENANT: Final = 23.0  # beyond the weakest notch
_NOT_SOUGHT: Final = "repo is not sought (SeniorRepoEligibleFlag_44)"


def compliance_section(case: Case, ratings: Section, gates: Section) -> Section:
    """Rules outside the gates, the test that binds, gate by gate, and the overall result."""
    outside: tuple[Step, ...] = ()
    if case.sound and case.senior > 0.0:
        outside = (*_repo(case, ratings), *_wrap(case), *_concentration(case, ratings))
    if case.sound:
        outside = (*outside, _places(case))
    found = _binding(gates)
    steps = (*outside, *([found] if found else []), _result(case, gates, outside))
    return Section("compliance", "Compliance with the rulebook", steps, (_by_gate(gates),))


# -- rules outside the gates ----------------------------------------------------------------------
def _rule(
    rule: str, leg: str, title: str, formula: str, inputs: tuple[Given, ...], bound: Bound,
    unit: str, note: str = "",
) -> Step:  # fmt: skip
    name = f"compliance.{rule.lower().replace('-', '_')}"
    return Step(
        f"{name}.{leg}" if leg else name, title, formula, inputs, bound.headroom, unit,
        cited(9, RULES), rule=rule, note=note, closed=bound.headroom is not None, bound=bound,
    )  # fmt: skip


def _repo(case: Case, ratings: Section) -> tuple[Step, ...]:
    """Legs of RK-REPO-001 that hold, and the haircut of RK-REPO-002."""
    sought = case.input(x.REPO_FLAG) == 1.0
    note = "" if sought else _NOT_SOUGHT
    legs = next(table for table in ratings.tables if table.id == "repo.legs")
    of_rule = [row for row in legs.rows
               if codes.REPO_RULE_LEGS >> codes.REPO_LEG_NAMES.index(str(row[0])) & 1]  # fmt: skip
    holding = sum(row[3] is True for row in of_rule)
    asked = len(of_rule)
    action = action_name(case.limit(r.REPO_ACTION))
    off = action == "off" or not sought
    haircut = case.figure(f.REPO_HAIRCUT_PCT)
    none_at_all = all(
        math.isnan(case.limit(place)) for place in range(r.HAIRCUT_PCT, r.HAIRCUT_TENOR_YEARS)
    )
    needed = "reject" if case.limit(r.REPO_NEEDS_HAIRCUT) == 1.0 else "warn"
    return (
        _rule("RK-REPO-001", "", "Legs of central bank eligibility", "headroom = hold − asked",
              (Given("hold", "legs of the rule that hold", holding, "", "repo.legs"),
               Given("asked", "legs that the rule asks", asked)),
              Bound("RK-REPO-001", ">=", float(holding), float(asked), float(holding - asked),
                    _verdict(holding < asked, off), action=action), "", note),
        _rule("RK-REPO-002", "", "Haircut for rating and tenor", "there is one",
              (Given("haircut", "haircut", haircut, "%", "repo.haircut"),
               Given("rating", "senior rating", rating_name(case.figure(f.SENIOR_RATING))),
               case.setting("tenor", x.SENIOR_TENOR_YEARS)),
              Bound("RK-REPO-002", "<=", haircut, None, None,
                    _verdict(haircut is None, none_at_all or not sought), action=needed),
              "%", note),
    )  # fmt: skip


def _verdict(broken: bool, off: bool = False) -> Verdict:
    if off:
        return "off"
    return "warn" if broken else "pass"


def _wrap(case: Case) -> tuple[Step, ...]:
    """The premium against the range that the rating it lifts to usually costs."""
    if case.input(x.WRAP_TYPE) == x.WRAP_NONE:
        return ()
    shift = case.limit(r.MATRIX_SHIFT + int(case.input(x.HAIRCUT_RULE_SET)))
    lifted = int(rating.by_wrap(
        case.number(f.DSCR_MIN), case.number(f.SENIOR_LTV_PCT), shift,
        case.input(x.INSURER_NOTCH), case.books.rules,
    ))  # fmt: skip
    low = case.limit(r.WRAP_COST_LOW_BPS + lifted)
    high = case.limit(r.WRAP_COST_HIGH_BPS + lifted)
    if math.isnan(low):
        return ()
    premium = case.input(x.WRAP_PREMIUM_BPS)
    paid = case.setting("premium", x.WRAP_PREMIUM_BPS)
    to = f"for {rating_name(lifted)}"
    return (
        _rule("RK-WRAP-001", "low", f"Wrap premium, least usual {to}", "headroom = premium − least",
              (paid, Given("least", "least usual", low, "bps", "RK-WRAP-001")),
              Bound("RK-WRAP-001", ">=", premium, low, premium - low,
                    _verdict(premium < low), action="warn"), "bps"),
        _rule("RK-WRAP-001", "high", f"Wrap premium, most usual {to}", "headroom = most − premium",
              (Given("most", "most usual", high, "bps", "RK-WRAP-001"), paid),
              Bound("RK-WRAP-001", "<=", premium, high, high - premium,
                    _verdict(premium > high), action="warn"), "bps"),
    )  # fmt: skip


def _concentration(case: Case, ratings: Section) -> tuple[Step, ...]:
    """The largest tenant's share, and its rating where the rulebook asks for one."""
    tenant = case.input(x.TENANT_NOTCH)
    if tenant == 0.0:
        return ()
    # the rule is asked at the rating after wrap and the tenant's own rating
    rated = next(step.result for step in ratings.steps if step.id == "rating.tenant")
    number = codes.RATING_NAMES.index(str(rated))
    own = case.input(x.CONCENTRATION_LIMIT_PCT)
    most = min(own, case.limit(r.CONCENTRATION_MAX_PCT + number))
    weakest = case.limit(r.CONCENTRATION_TENANT_NOTCH + number)
    share = case.input(x.TENANT_SHARE_PCT)
    rule = "RK-CONC-001"
    action = "downgrade" if case.limit(r.TENANT_SHARE_CAPS) == 1.0 else "warn"
    steps = [
        _rule(rule, "share", f"Largest tenant's share, rated {rating_name(number)}",
              "headroom = most − share",
              (Given("most", "smaller of the rule's and ConcentrationLimitPct_78", most, "%", rule),
               Given("share", "largest tenant's share", share, "%", "project.tenant.share_pct")),
              Bound(rule, "<=", share, most, most - share,
                    _verdict(share > most + rating.TOLERANCE), action=action), "%"),
    ]  # fmt: skip
    if notch_name(tenant) is not None and weakest < _ANY_TENANT:
        steps.append(
            _rule(rule, "tenant",
                  f"Tenant rated {notch_name(tenant)}, {notch_name(weakest)} or better asked",
                  "headroom = weakest − tenant",
                  (Given("weakest", "weakest notch", weakest, "notches", rule),
                   Given("tenant", "its notch", tenant, "notches", "project.tenant.rating")),
                  Bound(rule, "<=", tenant, weakest, weakest - tenant,
                        _verdict(tenant > weakest), action=action), "notches"))  # fmt: skip
    return tuple(steps)


def _places(case: Case) -> Step:
    over = case.input(x.GEO_CONCENTRATION) == 1.0
    action = "downgrade" if case.limit(r.LOCATIONS_DOWNGRADE) == 1.0 else "warn"
    rule = "RK-CONC-002"
    return _rule(
        rule, "", "Country, city or site over its share" if over else "No place over its share",
        "shares of countries, cities and sites within the rule's", (),
        Bound(rule, "<=", None, None, None, _verdict(over), action=action), "",
        "the locations are the project file's; a run keeps whether they break the rule",
    )  # fmt: skip


# -- the whole ------------------------------------------------------------------------------------
def _binding(gates: Section) -> Step | None:
    """The failing test that binds; where none fails, the one with least headroom to its limit."""
    tests = [(step, step.bound) for step in gates.steps if step.bound is not None]
    binding = [pair for pair in tests if pair[1].binds]
    title = "Failing test that binds"
    if not binding:
        title = "Tightest test of those passed"
        rooms = [
            (_share(bound), place)
            for place, (step, bound) in enumerate(tests)
            if bound.verdict == "pass" and not step.id.startswith(_BY_CONSTRUCTION)
        ]
        told = [(share, place) for share, place in rooms if share is not None]
        if not told:
            return None
        binding = [tests[min(told)[1]]]
    step, bound = binding[0]
    share = _share(bound)
    return Step(
        BINDING, f"{title}: {step.title}",
        "share = headroom ÷ abs(limit)" if bound.limit else "share = headroom",
        (Given("headroom", "its headroom", bound.headroom, step.unit, step.id),
         Given("limit", "its limit", bound.limit, step.unit, step.rule)),
        share, "ratio", cited(11), rule=step.rule, closed=share is not None,
        note="" if share is not None else "its figure or its limit is undefined",
    )  # fmt: skip


def _share(bound: Bound) -> float | None:
    """Headroom over the limit; over 1 of its unit where the limit is nought."""
    if bound.headroom is None or bound.limit is None:
        return None
    return bound.headroom / abs(bound.limit) if bound.limit else bound.headroom


def _result(case: Case, gates: Section, outside: tuple[Step, ...]) -> Step:
    """Pass, conditional or fail, and what it follows from."""
    verdicts = [(step.bound.reason or step.rule, step.bound.verdict)
                for step in (*gates.steps, *outside) if step.bound is not None]  # fmt: skip
    failed = [name for name, verdict in verdicts if verdict == "fail"]
    warned = [name for name, verdict in verdicts if verdict == "warn"]
    raised = case.figure(f.WARNINGS)
    if raised is not None:
        warned += [name for bit, name in enumerate(codes.WARNING_NAMES) if int(raised) >> bit & 1]
    result = FAIL if failed else CONDITIONAL if warned else PASS
    return Step(
        RESULT, "Result", "fail where a gate rejects; conditional where a rule or a warning asks"
        " for a look; pass otherwise",
        (Given("failed", "tests that reject", _listed(failed)),
         Given("warned", "broken without rejecting, and warnings", _listed(warned))),
        result, "", _SOURCE, closed=False,
    )  # fmt: skip


def _listed(names: list[str]) -> str:
    return ", ".join(dict.fromkeys(names)) or "none"


def _by_gate(gates: Section) -> Table:
    rows = []
    for gate in ("A", "B"):
        of_gate = f"gate_{gate.lower()}."
        verdicts = [step.bound.verdict for step in gates.steps
                    if step.bound is not None and step.id.startswith(of_gate)]  # fmt: skip
        count = {verdict: verdicts.count(verdict) for verdict in ("pass", "fail", "warn", "off")}
        result = FAIL if count["fail"] else PASS
        rows.append((gate, len(verdicts), count["pass"], count["fail"], count["warn"],
                     count["off"], result if verdicts else None))  # fmt: skip
    note = "tests leg by leg; a gate passes when none rejects"
    return Table("compliance.gates", "Gate by gate", _GATES, tuple(rows), note)
