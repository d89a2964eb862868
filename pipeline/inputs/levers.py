"""Levers: the values that a run varies, checked and put in canonical order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipeline.inputs import catalogue
from pipeline.inputs.catalogue import Value, Variable
from pipeline.inputs.errors import Collector, suggestion
from pipeline.inputs.settings import MEZZ_FIELDS, OVERLAYS, Bounds, check_mezz
from pipeline.inputs.values import check, decimal_of

MAX_VALUES = 100_000
MAX_CURVE_SHIFTS = 1_000  # each has tables of its own in every worker
Option = Mapping[str, Value]


@dataclass(frozen=True)
class LeverSetting:
    """One lever. Each option says what it sets: catalogue names, `mezz` or overlay switches.

    `priority` is the payload's; it orders nothing, since ids have one order for everybody.
    """

    name: str
    options: tuple[Option, ...]
    priority: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that any option sets, in the order first met."""
        return tuple(dict.fromkeys(name for option in self.options for name in option))


def check_levers(
    raw: Mapping[str, Any],
    collector: Collector,
    prefix: str,
    bounds: Bounds,
    granularity: Mapping[str, float],
) -> tuple[LeverSetting, ...]:
    """Levers in catalogue order, then mezz, then overlays; problems are recorded."""
    levers: dict[str, LeverSetting] = {}
    for name, given in raw.items():
        path = f"{prefix}.{name}"
        if name == "mezz":
            options = _mezz_options(given, collector, path)
            levers[name] = LeverSetting(name, options)
        elif name == "overlays":
            levers.update({each: _switch_lever(each) for each in _overlays(given, collector, path)})
        else:
            variable = lever_variable(name, collector, path)
            if variable is None:
                continue
            if variable.name in levers:
                collector.error(path, f"is given twice: {variable.name} is the same", bare=True)
                continue
            values = lever_values(variable, given, collector, path, bounds, granularity)
            options = tuple({variable.name: value} for value in values)
            levers[variable.name] = LeverSetting(variable.name, options)
    _mezz_is_set_once(levers, collector, prefix)
    return tuple(sorted(levers.values(), key=lambda lever: canonical_place(lever.name)))


def canonical_place(name: str) -> tuple[int, int]:
    """Where a lever stands among the digits of a permutation id."""
    if name == "mezz":
        return (1, 0)
    if name in OVERLAYS:
        return (2, OVERLAYS.index(name))
    return (0, catalogue.BY_NAME[name].number)


def space_size(levers: tuple[LeverSetting, ...]) -> int:
    """Number of combinations, exact however large."""
    size = 1
    for lever in levers:
        size *= len(lever.options)
    return size


def lever_variable(name: str, collector: Collector, path: str) -> Variable | None:
    """The variable of a lever, or None with the reason recorded why it cannot be one."""
    variable = catalogue.find(name)
    if variable is None:
        if name in OVERLAYS:
            collector.error(path, f"is an overlay: write overlays: [{name}]", bare=True)
        else:
            hint = catalogue.suggest(name, ("mezz", "overlays"))
            collector.error(path, f"is not a variable of the catalogue{hint}", bare=True)
        return None
    if variable.computed:
        collector.error(
            path, f"is computed ({variable.description}) and cannot be a lever", bare=True
        )
        return None
    if not variable.can_be_lever:
        collector.error(path, "describes the run or its stresses and cannot be a lever", bare=True)
        return None
    return variable


def lever_values(
    variable: Variable,
    given: Any,
    collector: Collector,
    path: str,
    bounds: Bounds,
    granularity: Mapping[str, float],
    fields: tuple[str, str, str] = ("min", "max", "step"),
) -> list[Value]:
    """Values of a Range (its `fields`), a Boundary (low, high) or a list; problems are recorded."""
    if isinstance(given, Mapping):
        raw = _spread(variable, given, collector, path, granularity, fields)
    elif isinstance(given, list):
        raw = given
    else:
        collector.error(path, "has to be a list of values, {min, max, step} or {low, high}", given)
        return []
    if isinstance(given, list) and not raw:
        collector.error(path, "has no values", given)
    if len(raw) > MAX_VALUES:
        collector.error(path, f"has more than {MAX_VALUES:,} values", len(raw))
        return []
    values: list[Value] = []
    first_at: dict[Value, int] = {}
    for i, item in enumerate(raw):
        where = f"{path}[{i}]" if isinstance(given, list) else path
        value = check(variable, item, collector, where, bounds=bounds.get(variable.number))
        if value is None:
            if not isinstance(given, list):
                break  # one message for a whole Range that leaves the limits
            continue
        if value in first_at:
            collector.error(where, f"is listed twice, first as value {first_at[value]}", item)
            continue
        first_at[value] = i
        values.append(value)
    if variable.number == 28 and len(values) > MAX_CURVE_SHIFTS:
        collector.error(path, f"has more than {MAX_CURVE_SHIFTS:,} curve shifts", len(values))
        return []
    return values


def _spread(
    variable: Variable,
    given: Mapping[str, Any],
    collector: Collector,
    path: str,
    granularity: Mapping[str, float],
    range_fields: tuple[str, str, str],
) -> list[Decimal]:
    """Values of a Range or a Boundary, in decimal so that 1.15 + 7 x 0.05 is 1.50."""
    is_boundary = "low" in given or "high" in given
    fields: tuple[str, ...] = ("low", "high") if is_boundary else range_fields
    needed = fields[:2]
    for name in given:
        if name not in fields:
            hint = suggestion(name, fields)
            collector.error(f"{path}.{name}", f"is not a field here{hint}", bare=True,
                            allowed=", ".join(fields))  # fmt: skip
    missing = [name for name in needed if name not in given]
    for name in missing:
        collector.error(f"{path}.{name}", "is missing", bare=True)
    if missing or not set(given) <= set(fields):
        return []
    if variable.kind not in ("number", "integer"):
        collector.error(path, "is not a number: list its values", bare=True)
        return []
    figures: dict[str, Decimal] = {}
    for name in fields:
        raw = given.get(name)
        if name == range_fields[2] and name not in given:
            raw = Decimal(catalogue.granularity_step(variable, granularity) or "1")
        value = decimal_of(raw)
        if value is None:
            collector.error(f"{path}.{name}", "has to be a number", raw)
        else:
            figures[name] = value
    if len(figures) < len(fields):
        return []
    low, high = figures[fields[0]], figures[fields[1]]
    if low >= high:
        collector.error(path, f"{needed[0]} has to be under {needed[1]}", f"{low} and {high}")
        return []
    if is_boundary:
        return [low, high]
    return _steps(low, high, figures[fields[2]], collector, f"{path}.{fields[2]}")


def _steps(
    low: Decimal, high: Decimal, step: Decimal, collector: Collector, path: str
) -> list[Decimal]:
    if step <= 0:
        collector.error(path, "has to be above 0", step)
        return []
    if (high - low) / step >= MAX_VALUES:
        collector.error(path, f"has more than {MAX_VALUES:,} values", bare=True)
        return []
    count = int((high - low) // step) + 1
    last = low + (count - 1) * step
    if last != high:
        collector.warning(
            path, f"the last value is {last}: no whole number of steps reaches {high}"
        )
    return [low + k * step for k in range(count)]


def _mezz_options(given: Any, collector: Collector, path: str) -> tuple[Option, ...]:
    allowed = "a list of false, true and settings such as {MezzCoupon_46: 8}"
    if not isinstance(given, list) or not given:
        collector.error(path, "has to be a list of options", given, allowed=allowed)
        return ()
    options: list[Option] = []
    for i, item in enumerate(given):
        where = f"{path}[{i}]"
        option: dict[str, Value]
        if isinstance(item, bool):
            option = {"mezz": item}
        elif isinstance(item, Mapping):
            option = {"mezz": True, **check_mezz(item, collector, where)}
        else:
            collector.error(where, "is not an option of the mezzanine", item, allowed=allowed)
            continue
        if option in options:
            collector.error(where, "is listed twice", item)
        options.append(option)
    return tuple(options)


def _mezz_is_set_once(
    levers: Mapping[str, LeverSetting], collector: Collector, prefix: str
) -> None:
    mezz = levers.get("mezz")
    for name in MEZZ_FIELDS if mezz else ():
        if mezz and name in mezz.names and name in levers:
            collector.error(
                f"{prefix}.{name}", "is a lever and is set by the mezz lever too", bare=True
            )


def _overlays(given: Any, collector: Collector, path: str) -> list[str]:
    allowed = "all, or a list of " + ", ".join(OVERLAYS)
    if given == "all":
        return list(OVERLAYS)
    if not isinstance(given, list) or not given:
        collector.error(path, "has to be a list of overlays, or all", given, allowed=allowed)
        return []
    chosen: list[str] = []
    for i, item in enumerate(given):
        if not isinstance(item, str) or item not in OVERLAYS:
            hint = suggestion(item, OVERLAYS) if isinstance(item, str) else ""
            collector.error(f"{path}[{i}]", f"is not an overlay{hint}", item, allowed=allowed)
        elif item in chosen:
            collector.error(f"{path}[{i}]", "is listed twice", item)
        else:
            chosen.append(item)
    return chosen


def _switch_lever(name: str) -> LeverSetting:
    return LeverSetting(name, ({name: False}, {name: True}))
