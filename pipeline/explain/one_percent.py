"""What one percent more or less of each main input does, as the engine computes it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from kernels import codes
from kernels import figures as f
from kernels import layout as x
from pipeline.explain.case import Case
from pipeline.explain.compliance import BINDING
from pipeline.explain.gates import gates_section
from pipeline.explain.model import MONEY, Section, Step, Table, TableColumn, Value
from pipeline.problem import FloatArray
from pipeline.solve.changes import NEAR_MISS_CHANGES, Change

_PERCENT: Final = 0.01
_YEAR: Final = 12
_CHANGES: Final = {change.name: change for change in NEAR_MISS_CHANGES}
_DIRECTIONS: Final = (("up", 1.0), ("down", -1.0))


class _Driver(NamedTuple):
    """An input that is moved: its key, what people call it, its unit, and how it moves."""

    key: str
    title: str
    unit: str
    change: Change
    in_months: bool = False


def _row(name: str, row: int) -> Change:
    return Change(name, (row,), 0.0, np.inf, _PERCENT, True, None, "")


DRIVERS: Final = (
    _Driver("rent", "Rent", "as the project gives it", _CHANGES["rent"]),
    _Driver("capex", "Capex", "money/MW", _CHANGES["capex"]),
    _Driver("opex", "Operating costs", "", _row("opex", x.OPEX)),
    _Driver("coupon", "Senior coupon", "%", _CHANGES["coupon"]),
    _Driver("target_dscr", "Target DSCR", "x", _CHANGES["target_dscr"]),
    _Driver("tenor", "Senior tenor", "years", _row("tenor", x.SENIOR_TENOR_YEARS), True),
    _Driver("lease", "Lease", "years", _row("lease", x.LEASE_YEARS), True),
)


def one_percent_section(case: Case, compliance: Section, gates: Section) -> Section:
    """The table of moved inputs; none for an unsound structure."""
    title = "One percent more and less of each main input"
    if not case.sound:
        return Section("one_percent", title)
    binding = _binding(compliance, gates)
    return Section("one_percent", title, (), (_table(case, binding),))


def _binding(compliance: Section, gates: Section) -> Step | None:
    """The test of a gate that `compliance` found to bind."""
    found = next((step for step in compliance.steps if step.id == BINDING), None)
    if found is None:
        return None
    return next(step for step in gates.steps if step.id == found.inputs[0].origin)


def _columns(unit: str) -> tuple[TableColumn, ...]:
    return (
        TableColumn("change", "Change", ""),
        TableColumn("input", "Input", ""),
        TableColumn("unit", "Unit", ""),
        TableColumn("from", "From", ""),
        TableColumn("to", "To", ""),
        TableColumn("by_pct", "Moved by", "%"),
        TableColumn("headroom", "Headroom of the binding test", unit),
        TableColumn("headroom_change", "Change", unit),
        TableColumn("senior_notional", "Senior notional", MONEY),
        TableColumn("senior_notional_change_pct", "Change", "%"),
        TableColumn("dscr_min", "Least DSCR", "x"),
        TableColumn("dscr_min_change_pct", "Change", "%"),
        TableColumn("equity_irr", "Equity IRR", "%"),
        TableColumn("equity_irr_change", "Change in points", "%"),
        TableColumn("capex_coverage", "Capital coverage", "ratio"),
        TableColumn("capex_coverage_change_pct", "Change", "%"),
        TableColumn("first_reason", "Then rejected by", ""),
    )


def _table(case: Case, binding: Step | None) -> Table:
    keys: list[tuple[_Driver, str]] = []
    inputs: list[FloatArray] = []
    for driver in DRIVERS:
        for direction, sign in _DIRECTIONS:
            to = _value(case, driver, sign)
            # one percent of nothing moves nothing
            if to is not None:
                keys.append((driver, direction))
                inputs.append(driver.change.moved(case.inputs, np.array([to])))
    cases = case.moved(np.ascontiguousarray(np.concatenate(inputs, axis=1))) if inputs else ()
    rows = tuple(
        _told(case, moved, driver, direction, binding)
        for (driver, direction), moved in zip(keys, cases, strict=True)
    )
    note = "all else as it is, debt sized anew; tenor and lease move by whole months, at least one"
    unit = binding.unit if binding is not None else ""
    title = "One percent more and less"
    return Table("one_percent.table", title, _columns(unit), rows, note)


def _value(case: Case, driver: _Driver, sign: float) -> float | None:
    """The input's new value; None where one percent of it is nothing."""
    base = float(driver.change.values(case.inputs)[0])
    if base == 0.0:
        return None
    if not driver.in_months:
        return base * (1.0 + sign * _PERCENT)
    months = int(_YEAR * base + 0.5)
    return (months + sign * max(1, round(_PERCENT * months))) / _YEAR


def _told(
    case: Case, moved: Case, driver: _Driver, direction: str, binding: Step | None
) -> tuple[Value, ...]:
    before, after = (float(driver.change.values(each.inputs)[0]) for each in (case, moved))
    room = _headroom(moved, binding)
    base_room = binding.bound.headroom if binding is not None and binding.bound else None
    irr, base_irr = moved.figure(f.EQUITY_IRR), case.figure(f.EQUITY_IRR)
    failed = int(moved.number(f.GATE_A_FAILED)) | int(moved.number(f.GATE_B_FAILED))
    reasons = [name for bit, name in enumerate(codes.REASON_NAMES) if failed >> bit & 1]
    return (
        f"{driver.key}_{direction}", driver.title, driver.unit, before, after,
        100.0 * (after / before - 1.0),
        room, None if room is None or base_room is None else room - base_room,
        *_pair(case, moved, f.SENIOR_NOTIONAL),
        *_pair(case, moved, f.DSCR_MIN),
        irr, None if irr is None or base_irr is None else irr - base_irr,
        *_pair(case, moved, f.CAPEX_COVERAGE),
        reasons[0] if reasons else None,
    )  # fmt: skip


def _headroom(moved: Case, binding: Step | None) -> float | None:
    """The same test's headroom; None where the changed structure is not asked it."""
    if binding is None:
        return None
    steps = {step.id: step.bound for step in gates_section(moved).steps}
    bound = steps.get(binding.id)
    return bound.headroom if bound is not None else None


def _pair(case: Case, moved: Case, place: int) -> tuple[float | None, float | None]:
    """A figure and its change in percent."""
    base, value = case.figure(place), moved.figure(place)
    if base is None or value is None or base <= 0.0:
        return value, None
    return value, 100.0 * (value / base - 1.0)
