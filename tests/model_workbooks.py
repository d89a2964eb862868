"""Structures for tests of the model workbook: planned runs, inputs changed beside the engine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from kernels import layout as x
from kernels import scenarios
from pipeline.columns import flat
from pipeline.explain import waterfall
from pipeline.explain.case import ROW, Case
from pipeline.explain.run import StoredRun, open_run
from pipeline.inputs import load_request
from pipeline.inputs.catalogue import BY_NUMBER
from pipeline.inputs.ratings import CATEGORIES, SCALE
from pipeline.reports.workbook.book import Book
from pipeline.reports.workbook.checks import FAILS
from pipeline.reports.workbook.inputs import NONE, RATE_OPTIONS, excel_name
from pipeline.reports.workbook.subject import Subject
from pipeline.settings import load_settings
from pipeline.stages.input import input_stage
from pipeline.stages.permutation import permutation_stage

Changes = Mapping[int, float]

ANNUITY, SCULPTED, BULLET, STEPS, LEVEL = range(5)
MEZZ = {x.MEZZ_ON: 1.0, x.MEZZ_TARGET_DSCR: 1.05, x.SENIOR_TARGET_DSCR: 1.35}
ALL_OVERLAYS = dict.fromkeys(
    (x.ZCIS_5Y_ON, x.ZCIS_10Y_ON, x.TRS_ON, x.FLOOR_ON, x.STRIP_ON), 1.0
)  # fmt: skip
# What the structures of a test differ in; every profile, tranche and corner of the model is there.
STRUCTURES: dict[str, Changes] = {
    "annuity": {x.SENIOR_AMORT_TYPE: ANNUITY, **ALL_OVERLAYS},
    "level, indexed": {x.SENIOR_AMORT_TYPE: LEVEL, x.INDEXATION_MODE: x.INDEX_CPI},
    "steps, grace": {
        x.SENIOR_AMORT_TYPE: STEPS, x.SENIOR_GRACE_MONTHS: 18, x.INDEXATION_MODE: x.INDEX_PARTIAL,
        x.INDEXATION_BASE: x.BASE_CORE,
    },
    "bullet": {x.SENIOR_AMORT_TYPE: BULLET, x.TAX_ON: 1, x.EXCESS_SPREAD_USE: 1, **ALL_OVERLAYS},
    "sculpted, rent free": {
        x.SENIOR_AMORT_TYPE: SCULPTED, x.RENT_FREE_MONTHS: 9, x.INDEXATION_MODE: x.INDEX_CPI,
        x.INFLATION_SPOT_PCT: 5, x.COLLECTION_LAG_DAYS: 45,
    },
    "mezzanine annuity": {**MEZZ, x.MEZZ_AMORT_TYPE: 0, x.TAX_ON: 1, x.FEES_PRIORITY_MODE: 1},
    "mezzanine bullet": {
        **MEZZ, x.MEZZ_AMORT_TYPE: 1, x.INTERCREDITOR_STYLE: x.STYLE_PRO_RATA,
        x.MEZZ_RESERVE_MONTHS: 6, x.WRAP_TYPE: x.WRAP_WHOLE_STACK,
    },
    "mezzanine capitalising": {
        **MEZZ, x.MEZZ_AMORT_TYPE: x.MEZZ_PIK, x.INTERCREDITOR_STYLE: x.STYLE_OC_TRIGGERED,
        x.PRIORITY_OF_PAYMENTS: 1,
    },
    "trap and turbo": {
        x.SENIOR_TARGET_DSCR: 1.15, x.TRAP_TRIGGER_DSCR: 1.6, x.TURBO_TRIGGER_DSCR: 1.3,
        x.EXCESS_SPREAD_USE: 0, x.PREPAYMENT_PENALTY_PCT: 2, x.REINVESTMENT_OPTION: 1,
    },
    "arrears": {
        x.SENIOR_TARGET_DSCR: 1.10, x.MAINTENANCE_CAPEX_PCT: 10, x.SENIOR_ONGOING_FEE_BPS: 150,
        x.DSRA_MONTHS: 1, x.COLLECTION_LAG_DAYS: 90, x.INSURANCE_PREMIUM_BPS: 300,
    },
    "covenants": {
        x.MAX_LTV_PCT: 40, x.MIN_ICR: 2.5, x.OPEX_MODE: x.OPEX_ABSOLUTE, x.OPEX: 2e6,
        x.POWER_PASS_THROUGH: x.PASS_SHARE, x.POWER_HEDGE_MODE: x.HEDGE_PPA_SWAP,
        x.POWER_HEDGE_PCT: 60, x.PPA_TERM_YEARS: 5, x.POWER_SWAP_YEARS: 8,
    },
    "foreign currency": {
        x.LOCAL_CURRENCY: x.USD, x.FX_SPOT: 0.8, x.CURRENCY_POLICY: x.FX_MIXED,
        x.CCY_SWAP_YEARS: 3, x.DSRA_LETTER_OF_CREDIT: 1, x.STRUCTURING_FEES: 1e6,
        x.FEE_REBATE_PCT: 10,
    },
    "no debt": {x.OPEX_MODE: x.OPEX_ABSOLUTE, x.OPEX: 9e8, x.INDEXATION_MODE: x.INDEX_CPI},
    "no equity": {x.ADVANCE_UPLIFT_PCT: 300, **ALL_OVERLAYS},
}  # fmt: skip


def planned(project: str | Path, folder: Path) -> StoredRun:
    """A run that is planned and not computed: all that a model needs."""
    settings = load_settings({}, out=str(folder), compute="serial")
    run = input_stage(load_request(str(project)), settings)
    permutation_stage(run)
    return open_run(folder, run.run_id)


def changed(subject: Subject, changes: Changes) -> Subject:
    """The structure with other inputs, as the engine computes it."""
    inputs = subject.case.inputs.copy()
    for row, value in changes.items():
        inputs[row, ROW] = value
    case = Case(subject.case.problem, np.ascontiguousarray(inputs), subject.case.currency)
    recording = waterfall.record(case, scenarios.BASE) if case.sound else None
    return replace(
        subject, case=case, recording=recording, figures=flat(case.figures[:, ROW])
    )  # fmt: skip


def as_shown(value: object) -> object:
    """A figure of the engine as the workbook writes it."""
    return {True: "Yes", False: "No"}[value] if isinstance(value, bool) else value


def as_typed(row: int, value: float) -> tuple[str, object]:
    """Name of an input's cell, and what a person types there for an input of the kernels."""
    if row == x.MAX_LTV_PCT:
        return "Max_Ltv_Pct", NONE if math.isinf(value) else value
    if row == x.RATE_OPTION:
        return "Rate_Option", RATE_OPTIONS[int(value)]
    for switch, name in (
        (x.MEZZ_ON, "Mezz_On"), (x.ZCIS_5Y_ON, "Zcis_5y_On"), (x.ZCIS_10Y_ON, "Zcis_10y_On"),
        (x.TRS_ON, "Trs_On"), (x.FLOOR_ON, "RateOption_On"), (x.STRIP_ON, "Strip_On"),
    ):  # fmt: skip
        if row == switch:
            return name, "Yes" if value else "No"
    if row == x.TRAP_TRIGGER_DSCR:
        return "DSCR_TriggerLevels_101_trap", value
    variable = BY_NUMBER[row]
    name = excel_name(variable.name)
    if row in (x.SENIOR_RATING_TARGET, x.MEZZ_RATING_TARGET):
        return name, CATEGORIES[int(value)]
    if row == x.TENANT_NOTCH_FLOOR:
        return name, SCALE[int(value) - 1]
    if variable.kind == "enum":
        return name, variable.allowed[int(value)]
    if variable.kind == "boolean":
        return name, "Yes" if value else "No"
    return name, value


def verdict(book: Book) -> str:
    """What the cover says of the checks."""
    return str(book["Verdict"].value)


def failing(book: Book) -> list[str]:
    """Titles of checks that fail."""
    (sheet,) = (each for each in book.sheets if each.name == "Checks")
    rows = [row for (row, _), cell in sheet.cells.items() if cell.content == FAILS]
    return [str(sheet.cells[row, 0].content) for row in rows]
