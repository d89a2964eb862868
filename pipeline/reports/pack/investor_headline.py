"""The first page of the investor pack: figures and the sentences they bear out."""

from __future__ import annotations

from typing import Final

from pipeline.reports.pack.document import Block, Bullets, Cell, Field, Fields, Tiles
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.risks import raised

_FULL: Final = 1.0
_STRESSES: Final = "stresses.table"


def headline(dossier: Dossier) -> tuple[Block, ...]:
    """Size, tranches, rating, life, yield, spread, enhancement and repo; needs senior debt."""
    step = dossier.step
    tranches = [Field("Senior", (step("senior.notional", "money"),))]
    if dossier.has_mezzanine:
        tranches.append(Field("Mezzanine", (step("mezzanine.notional", "money"),)))
    tiles = Tiles(
        (
            Field("Senior", (step("senior.notional", "money"),)),
            Field("Rating", (step("rating.senior"),)),
            Field("Average life", (step("senior.wal", "years"),)),
            Field("Coupon", (dossier.input(38, "percent"),)),
            Field("Spread over the curve", (step("senior.spread", "bps"),)),
            Field("Least DSCR", (step("senior.dscr_min", "times"),)),
            Field("LTV", (step("senior.ltv", "share"),)),
            Field("Repo eligible", (step("repo.eligible", "flag"),)),
        )
    )
    rest = [
        Field("Financing", (dossier.given("day_one.share", "F", "money"),)),
        *tranches,
        Field("Equity", (step("capital.equity", "money"),)),
        Field("Yield at par, a year", (step("senior.yield", "percent"),)),
        Field(
            "Coupon over the market's for the rating sought", (step("senior.off_market", "bps"),)
        ),
        Field("Tenor from completion", (dossier.input(39, "years"),)),
        Field("Average life with prepayments", (step("returns.expected_wal", "years"),)),
        Field("Subordination", (step("senior.subordination", "percent"),)),
        Field("Market cost over the senior", (step("senior.overcollateral", "percent"),)),
        Field("Debt service reserve", (dossier.input(59, "months"),)),
        Field("Wrap", (dossier.input(57),)),
        Field("Day-one value", (step("day_one.total", "money"),)),
        Field("Equity IRR", (step("returns.equity_irr", "percent"),)),
    ]
    if step("repo.eligible").value is True:
        rest.append(Field("Haircut for repo", (step("repo.haircut", "percent"),)))
    if dossier.has_mezzanine:
        rest.insert(3, Field("Mezzanine rating", (step("mezzanine.rating"),)))
    return tiles, Fields(tuple(rest), title="The issue")


def highlights(dossier: Dossier) -> Bullets:
    """Sentences about the structure, each said only where its figures bear it out."""
    told = [each for each in (
        _coverage(dossier), _rating(dossier), _stresses(dossier), _funding(dossier),
        _subordination(dossier), _repayment(dossier), _life(dossier), _calm(dossier),
        _repo(dossier), _value(dossier), _wrap(dossier), _market_value(dossier),
    ) if each]  # fmt: skip
    return Bullets(tuple(told))


def _number(dossier: Dossier, step: str) -> float:
    value = dossier.step(step).value
    return float(value) if isinstance(value, (int, float)) else float("-inf")


def _coverage(dossier: Dossier) -> tuple[Cell, ...]:
    test = "gate_b.dscr_below_minimum"
    if dossier.verdict(test).verdict != "pass" or raised(dossier, "MARGINAL_CREDIT"):
        return ()
    return (
        "Least coverage of", dossier.test(test, "actual", "times"), ", which is",
        dossier.test(test, "headroom", "times"), "over the floor of the rating sought.",
    )  # fmt: skip


def _rating(dossier: Dossier) -> tuple[Cell, ...]:
    below = dossier.test("gate_b.rating_below_target", "actual").value
    if not isinstance(below, float) or below > 0.0:
        return ()
    return (
        "Rated", dossier.step("rating.senior"), "by the rulebook's matrix; sought was",
        dossier.input(75), ".",
    )  # fmt: skip


def _stresses(dossier: Dossier) -> tuple[Cell, ...]:
    if dossier.step("stresses.passed").value is not True:
        return ()
    headroom = {
        key: dossier.cell(_STRESSES, key, "headroom", "times") for key in dossier.keys(_STRESSES)
    }
    asked = {key: each.value for key, each in headroom.items() if isinstance(each.value, float)}
    name = min(asked, key=lambda key: asked[key])
    return (
        "Passes every stress of the run. Where coverage decides, the closest is",
        dossier.cell(_STRESSES, name, "change"), ": least coverage of",
        dossier.cell(_STRESSES, name, "dscr_min", "times"), "where",
        dossier.cell(_STRESSES, name, "floor", "times"), "is asked.",
    )  # fmt: skip


def _funding(dossier: Dossier) -> tuple[Cell, ...]:
    if _number(dossier, "capital.full_coverage") < _FULL:
        return ()
    return (
        "Fully funded: debt, what equity can pay at its target return, and day-one value cover",
        dossier.step("capital.full_coverage", "ratio"), "of what is required.",
    )  # fmt: skip


def _subordination(dossier: Dossier) -> tuple[Cell, ...]:
    if _number(dossier, "senior.subordination") <= 0.0:
        return ()
    return (
        dossier.step("senior.subordination", "percent"),
        "of the cost stands behind the senior as mezzanine and equity."
        if dossier.has_mezzanine
        else "of the cost stands behind the senior as equity.",
    )


def _repayment(dossier: Dossier) -> tuple[Cell, ...]:
    if _number(dossier, "senior.balloon") != 0.0 or raised(dossier, "AMORTISATION_TOO_SLOW"):
        return ()
    return ("Repaid in full by its schedule within", dossier.input(39, "years"),
            "of completion, without a balloon.")  # fmt: skip


def _life(dossier: Dossier) -> tuple[Cell, ...]:
    test = "gate_b.wal_exceeds_limit"
    if dossier.verdict(test).verdict != "pass":
        return ()
    return ("Average life of", dossier.step("senior.wal", "years"), "against at most",
            dossier.test(test, "limit", "years"), ".")  # fmt: skip


def _calm(dossier: Dossier) -> tuple[Cell, ...]:
    trap, turbo = _number(dossier, "returns.trap_months"), _number(dossier, "returns.turbo_months")
    covenant = dossier.step("returns.covenant_min", "times")
    if trap != 0.0 or turbo != 0.0 or covenant.value is None:
        return ()
    return ("No covenant trigger is hit in the base case; the least covenant DSCR is", covenant,
            ".")  # fmt: skip


def _repo(dossier: Dossier) -> tuple[Cell, ...]:
    if dossier.step("repo.eligible").value is not True:
        return ()
    haircut = dossier.step("repo.haircut", "percent")
    if haircut.value is None:
        return ("Eligible for repo by every leg of the rulebook's rule.",)
    return ("Eligible for repo by every leg of the rulebook's rule, at a haircut of", haircut, ".")


def _value(dossier: Dossier) -> tuple[Cell, ...]:
    share = _number(dossier, "day_one.share")
    low = dossier.given("day_one.share", "low", "percent")
    if not isinstance(low.value, float) or share < low.value:
        return ()
    return (
        "Overlays bring", dossier.step("day_one.total", "money"), "at close,",
        dossier.step("day_one.share", "percent"), "of financing.",
    )  # fmt: skip


def _wrap(dossier: Dossier) -> tuple[Cell, ...]:
    if _number(dossier, "day_one.wrap") <= 0.0:
        return ()
    return ("The wrap lifts the rating from", dossier.step("rating.matrix"), "to",
            dossier.step("rating.wrap"), ".")  # fmt: skip


def _market_value(dossier: Dossier) -> tuple[Cell, ...]:
    test = "gate_a.advance_factor_breach"
    if dossier.verdict(test).verdict != "pass":
        return ()
    return ("Senior debt is", dossier.step("senior.ltv", "percent"),
            "of the market cost; the rulebook lets", dossier.test(test, "limit", "percent"),
            ".")  # fmt: skip
