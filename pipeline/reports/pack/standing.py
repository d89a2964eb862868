"""How a structure stands, said before anything that could read like an offer of it."""

from __future__ import annotations

from typing import Final

from pipeline.explain.model import Bound, Step
from pipeline.reports.pack.document import (
    Block,
    Cell,
    Field,
    Fields,
    Figure,
    Grid,
    GridColumn,
    Prose,
)
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.run.reasons import TITLES

Test = tuple[Step, Bound]
_COMPUTED: Final = "These are terms computed, not terms offered."
# Reasons of which each has several tests.
_SEVERAL: Final = ("MATH_ERROR", "STRESS_DSCR_BREACH", "AMORTISATION_TOO_SLOW")
_BRONZE: Final = "Bronze"
_NOT_VIABLE: Final = "Not Viable"
_SIDES: Final = {">=": "at least", "<=": "at most", "=": "equal to"}
_NAMES: Final = {
    "dscr_min": "DSCR", "senior_wal": "average life", "wacc": "WACC", "equity_irr": "equity IRR",
    "senior_ltv_pct": "LTV", "icr_min": "interest cover", "fccr_min": "fixed charge cover",
    "day1_cash": "day-one value",
}  # fmt: skip
_COLUMNS: Final = (
    GridColumn("Test that is not met", 2.6, right=False),
    GridColumn("Rule", 1.5, right=False),
    GridColumn("Asked", 0.8, right=False),
    GridColumn("Limit", 1.3, more_digits=2),
    GridColumn("Actual", 1.3, more_digits=2),
    GridColumn("Result", 0.8, right=False),
)


def failed_tests(dossier: Dossier) -> tuple[Test, ...]:
    """The tests of `explain` that reject the structure, in the order of the gates."""
    return _failed(dossier, "gate_")


def missed_filters(dossier: Dossier) -> tuple[Test, ...]:
    """The run's hard filters that the structure does not meet."""
    return _failed(dossier, "verdict.filter_")


def _failed(dossier: Dossier, prefix: str) -> tuple[Test, ...]:
    return tuple(
        (step, step.bound)
        for step in dossier.explanation.steps()
        if step.id.startswith(prefix) and step.bound is not None and step.bound.verdict == "fail"
    )


def viable(dossier: Dossier) -> bool:
    """Whether it passed both gates, carries debt and has a tier."""
    tier = dossier.steps["verdict.tier"].result
    return dossier.has_senior and not failed_tests(dossier) and tier != _NOT_VIABLE


def standing(dossier: Dossier) -> tuple[Block, ...]:
    """One sentence, and the tests that are not met with their limits."""
    failed, missed = failed_tests(dossier), missed_filters(dossier)
    blocks: list[Block] = [Prose(_sentence(dossier, failed, missed), "lead")]
    if not dossier.case.sound:
        blocks.append(_asked_of_a_sound_one(dossier))
    elif failed:
        rows = tuple(_row(dossier, *test) for test in failed)
        blocks.append(Grid(_COLUMNS, rows, title="Why it is not viable"))
    return tuple(blocks)


def _sentence(
    dossier: Dossier, failed: tuple[Test, ...], missed: tuple[Test, ...]
) -> tuple[Cell, ...]:
    if not dossier.case.sound:
        return ("Not viable: the structure is not sound, so it has no schedule and no figures.",)
    if not dossier.has_senior:
        return (
            "Not viable: the project carries no senior debt in this structure.",
            f"{_note(dossier, 'senior.notional')}.",
        )
    if failed:
        gates = [
            f"Gate {gate.upper()} ({'; '.join(reasons)})"
            for gate in ("a", "b")
            if (reasons := _reasons(failed, f"gate_{gate}."))
        ]
        return (f"Not viable: fails {' and '.join(gates)}.", _COMPUTED)
    tier = dossier.step("verdict.tier")
    if tier.value == _NOT_VIABLE:
        return ("Not viable: passes both gates, but meets the conditions of no tier.",)
    ending: tuple[Cell, ...] = ("It meets every hard filter of the run.",)
    if missed:
        names = "; ".join(filter_words(step.title) for step, _ in missed)
        ending = (f"It does not meet the run's hard filters ({names}).",)
    if tier.value == _BRONZE:
        coverage = dossier.step("capital.full_coverage")
        return (
            "Not fully funded: passes both gates, but capital and day-one value cover only",
            coverage, "of what is required (tier", tier, ").", *ending,
        )  # fmt: skip
    return ("Passes both gates; tier", tier, ".", *ending)


def _reasons(failed: tuple[Test, ...], prefix: str) -> dict[str, None]:
    """What a gate says against the structure, each once."""
    return dict.fromkeys(
        TITLES[bound.reason].lower() for step, bound in failed if step.id.startswith(prefix)
    )


def _asked_of_a_sound_one(dossier: Dossier) -> Fields:
    """Settings of which one does not go with another."""

    def given(symbol: str) -> Figure:
        return dossier.given("senior.sound", symbol)

    return Fields(
        (
            Field("Senior tenor, over its time of interest only", (given("tenor"), "over",
                                                                   given("grace"))),
            Field("Senior tenor, over the rent-free time", (given("tenor"), "over",
                                                            given("rent_free"))),
            Field("Floor of the indexation, at most its cap", (given("floor"), "against",
                                                               given("cap"))),
            Field("Mezzanine tenor, over a PIK window", (given("mezz_tenor"), "over",
                                                         dossier.rule("model.pik_window_months",
                                                                      "months"))),
        ),
        "What has to hold; one of these does not",
    )  # fmt: skip


def filter_words(title: str) -> str:
    """A hard filter as people write it: `Hard filter: dscr_min >= 1.3` is DSCR at least 1.3."""
    name, side, limit = title.removeprefix("Hard filter: ").split(" ", 2)
    about = _NAMES.get(name, name.replace("_", " "))
    return f"{about}: {limit}" if side == "=" else f"{about} {_SIDES[side]} {limit}"


def _note(dossier: Dossier, step_id: str) -> str:
    note = dossier.steps[step_id].note
    return f"{note[:1].upper()}{note[1:]}"


def _row(dossier: Dossier, step: Step, bound: Bound) -> tuple[Cell, ...]:
    return (
        step.title if bound.reason in _SEVERAL else TITLES[bound.reason],
        bound.rule,
        _SIDES[bound.side],
        dossier.test(step.id, "limit"),
        dossier.test(step.id, "actual"),
        dossier.verdict(step.id),
    )
