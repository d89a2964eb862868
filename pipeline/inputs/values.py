"""Checks one value of a catalogue variable and codes it for the kernels."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from numbers import Integral
from typing import Any

from pipeline.inputs.catalogue import GRANULARITY_DEFAULT, Value, Variable
from pipeline.inputs.errors import Collector, suggestion
from pipeline.inputs.filters import check_filters
from pipeline.inputs.ratings import CATEGORY_NUMBER, INVESTMENT_GRADE, NOTCH, SCALE
from pipeline.inputs.yaml_reader import number

OPEX_ABSOLUTE_HIGH = 1e9
MAX_LIST_ITEMS = 20
CPI_PATHS = 3  # of CPI_Scenarios_82: each is a stress of its own
MAX_TEXT_CHARACTERS = 200


def decimal_of(raw: Any) -> Decimal | None:
    """The decimal that a number's text says; None for what is not a finite number."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, Integral):  # NumPy's as well
        value = Decimal(int(raw))
    elif isinstance(raw, Decimal):
        value = raw
    elif isinstance(raw, float):
        value = Decimal(repr(float(raw)))
    else:
        return None
    return value if value.is_finite() else None


def range_text(low: float | None, high: float | None) -> str:
    """A range in words."""
    if low is None or high is None:
        return "a number"
    return f"{_plain(low)} to {_plain(high)}"


def allowed_text(variable: Variable) -> str:
    """What a variable accepts, for an error or a table."""
    if variable.allowed:
        return ", ".join(variable.allowed)
    if variable.kind == "boolean":
        return "true, false"
    return range_text(variable.low, variable.high) if variable.low is not None else ""


def check(
    variable: Variable,
    raw: Any,
    collector: Collector,
    path: str,
    *,
    bounds: tuple[float, float] | None = None,
) -> Value | None:
    """The canonical value, or None with the problem recorded.

    `bounds` replaces the catalogue's range where another setting moves it (OPEX_08 in Absolute
    mode, FXSpot_35 with a range in the market file).
    """
    if raw is None:
        collector.error(path, "needs a value", raw, allowed=allowed_text(variable))
        return None
    if variable.kind in ("number", "integer"):
        return _check_number(variable, raw, collector, path, bounds)
    if variable.kind == "enum":
        return _check_enum(variable, raw, collector, path)
    if variable.kind == "boolean":
        if not isinstance(raw, bool):
            collector.error(path, "has to be true or false", raw)
            return None
        return raw
    return _SPECIAL[variable.number](variable, raw, collector, path)


def _check_number(
    variable: Variable,
    raw: Any,
    collector: Collector,
    path: str,
    bounds: tuple[float, float] | None,
) -> float | int | None:
    low, high = bounds or (variable.low, variable.high)
    value = decimal_of(raw)
    allowed = range_text(low, high)
    if value is None:
        collector.error(path, "has to be a number", raw, allowed=allowed)
        return None
    if (low is not None and value < Decimal(repr(low))) or (
        high is not None and value > Decimal(repr(high))
    ):
        collector.error(path, "is out of range", raw, allowed=f"{allowed} {variable.unit}".strip())
        return None
    if variable.kind == "integer":
        if value != value.to_integral_value():
            collector.error(path, "has to be a whole number", raw, allowed=allowed)
            return None
        return int(value)
    if variable.whole_months and (value * 12) % 1 != 0:
        collector.error(path, "has to make whole months", raw, allowed="a multiple of 1/12 year")
        return None
    return float(value)


def _check_enum(variable: Variable, raw: Any, collector: Collector, path: str) -> str | None:
    text = str(raw) if isinstance(raw, (int, Decimal)) and not isinstance(raw, bool) else raw
    if not isinstance(text, str):
        collector.error(
            path, "has to be one of the allowed words", raw, allowed=allowed_text(variable)
        )
        return None
    word = variable.value_aliases.get(text, text)
    if word not in variable.allowed:
        hint = suggestion(text, (*variable.allowed, *variable.value_aliases))
        collector.error(path, f"is not an allowed value{hint}", raw, allowed=allowed_text(variable))
        return None
    return word


def check_rating(raw: Any, collector: Collector, path: str) -> str | None:
    """A rating with notches, AAA to D."""
    if not isinstance(raw, str) or raw not in NOTCH:
        collector.error(path, "is not a rating", raw, allowed=", ".join(SCALE))
        return None
    return raw


def _check_swap_rating(raw: Any, collector: Collector, path: str) -> str | None:
    """A rating of a swap counterparty: investment grade."""
    rating = check_rating(raw, collector, path)
    if rating is not None and rating not in INVESTMENT_GRADE:
        message = "is below investment grade"
        collector.error(path, message, raw, allowed=", ".join(INVESTMENT_GRADE))
        return None
    return rating


def _check_tenant_floor(
    variable: Variable, raw: Any, collector: Collector, path: str
) -> str | None:
    return check_rating(raw, collector, path)


def _check_triggers(variable: Variable, raw: Any, collector: Collector, path: str) -> str | None:
    allowed = 'two ratios such as "1.20|1.05", the first at least the second, 0.5 to 3'
    parts = raw.split("|") if isinstance(raw, str) else []
    try:
        ratios = [number(part.strip()) for part in parts]
    except ValueError:
        ratios = []
    if len(ratios) != 2 or any(r is None or not 0.5 <= r <= 3 for r in ratios):
        collector.error(path, "has to be two trigger ratios", raw, allowed=allowed)
        return None
    first, second = (Decimal(r or 0) for r in ratios)
    if first < second:
        collector.error(path, "has its triggers the wrong way round", raw, allowed=allowed)
        return None
    return f"{parts[0].strip()}|{parts[1].strip()}"


def _items(raw: Any, collector: Collector, path: str) -> list[Any] | None:
    if not isinstance(raw, (list, tuple)):
        collector.error(path, "has to be a list", raw)
        return None
    if len(raw) > MAX_LIST_ITEMS:
        collector.error(path, f"has more than {MAX_LIST_ITEMS} items", len(raw))
        return None
    return list(raw)


def _check_cpi_paths(
    variable: Variable, raw: Any, collector: Collector, path: str
) -> tuple[float, ...] | None:
    items = _items(raw, collector, path)
    if items is None:
        return None
    allowed = range_text(variable.low, variable.high)
    paths: list[float] = []
    for i, item in enumerate(items):
        value = decimal_of(item)
        if value is None or not variable.low <= value <= variable.high:  # type: ignore[operator]
            collector.error(f"{path}[{i}]", "has to be a rate in percent", item, allowed=allowed)
        else:
            paths.append(float(value))
    if len(paths) < len(items):
        return None
    if len(paths) != CPI_PATHS:
        collector.error(path, f"has to list {CPI_PATHS} rates, one for each stress", raw)
        return None
    return tuple(paths)


def _check_words(
    variable: Variable, raw: Any, collector: Collector, path: str
) -> tuple[str, ...] | None:
    items = _items(raw, collector, path)
    if items is None:
        return None
    for i, item in enumerate(items):
        if not isinstance(item, str) or item not in variable.allowed:
            hint = suggestion(item, variable.allowed) if isinstance(item, str) else ""
            message = f"is not an allowed value{hint}"
            collector.error(f"{path}[{i}]", message, item, allowed=allowed_text(variable))
            return None
    if len(set(items)) < len(items):
        collector.error(path, "names a value twice", raw)
        return None
    return tuple(items)


def _check_filter_list(
    variable: Variable, raw: Any, collector: Collector, path: str
) -> tuple[str, ...] | None:
    items = _items(raw, collector, path)
    return None if items is None else check_filters(items, collector, path)


def check_weights(
    variable: Variable, raw: Any, collector: Collector, path: str
) -> Mapping[str, float] | None:
    """Weights of the composite score: what is left out is 0, the sum is 1."""
    known = ("SeniorRaise", "WACC", "Day1", "DSCR", "Rating")
    if not isinstance(raw, Mapping):
        collector.error(path, "has to be a mapping of weights", raw, allowed=", ".join(known))
        return None
    weights = dict.fromkeys(known, Decimal(0))
    sound = True
    for name, given in raw.items():
        value = decimal_of(given)
        if name not in weights:
            hint = suggestion(str(name), known)
            collector.error(f"{path}.{name}", f"is not a weight{hint}", bare=True,
                            allowed=", ".join(known))  # fmt: skip
            sound = False
        elif value is None or not 0 <= value <= 1:
            collector.error(f"{path}.{name}", "has to be a weight", given, allowed="0 to 1")
            sound = False
        else:
            weights[name] = value
    total = sum(weights.values(), Decimal(0))
    if sound and abs(total - 1) > Decimal("1e-9"):
        collector.error(path, "weights have to sum to 1", total)
        sound = False
    return {name: float(value) for name, value in weights.items()} if sound else None


def _check_granularity(
    variable: Variable, raw: Any, collector: Collector, path: str
) -> Mapping[str, float] | None:
    known = tuple(GRANULARITY_DEFAULT)
    if not isinstance(raw, Mapping):
        collector.error(path, "has to be a mapping of steps", raw, allowed=", ".join(known))
        return None
    steps = dict(GRANULARITY_DEFAULT)
    sound = True
    for name, given in raw.items():
        value = decimal_of(given)
        if name not in steps:
            hint = suggestion(str(name), known)
            collector.error(f"{path}.{name}", f"is not a step{hint}", bare=True,
                            allowed=", ".join(known))  # fmt: skip
            sound = False
        elif value is None or not 0 < value <= 1000:
            collector.error(f"{path}.{name}", "has to be a step", given, allowed="above 0, to 1000")
            sound = False
        else:
            steps[name] = float(value)
    return steps if sound else None


def _check_routing(
    variable: Variable, raw: Any, collector: Collector, path: str
) -> Mapping[str, object] | None:
    if not isinstance(raw, Mapping) or len(raw) > MAX_LIST_ITEMS:
        collector.error(path, "has to be a mapping of counterparties", raw,
                        allowed="name: {min_rating, max_tenor_years}")  # fmt: skip
        return None
    before = len(collector.errors)
    routing: dict[str, object] = {}
    for name, rule in raw.items():
        inside = f"{path}.{name}"
        if not isinstance(rule, Mapping) or set(rule) != {"min_rating", "max_tenor_years"}:
            collector.error(inside, "has to hold min_rating and max_tenor_years", rule)
            continue
        rating = _check_swap_rating(rule["min_rating"], collector, f"{inside}.min_rating")
        tenor = decimal_of(rule["max_tenor_years"])
        if tenor is None or not 0 < tenor <= 60:
            collector.error(f"{inside}.max_tenor_years", "has to be a number of years",
                            rule["max_tenor_years"], allowed="above 0, to 60")  # fmt: skip
        elif rating:
            routing[str(name)[:MAX_TEXT_CHARACTERS]] = {
                "min_rating": rating,
                "max_tenor_years": float(tenor),
            }
    return routing if len(collector.errors) == before else None


_SPECIAL = {
    77: _check_tenant_floor,
    82: _check_cpi_paths,
    101: _check_triggers,
    107: _check_granularity,
    110: check_weights,
    111: _check_filter_list,
    112: _check_words,
    113: _check_words,
    114: _check_routing,
    115: _check_words,
}


def coded(variable: Variable, value: Value) -> tuple[float, ...]:
    """A canonical value as the input rows hold it: one figure, two for the triggers of _101."""
    if variable.number == 101:
        first, second = str(value).split("|")
        return float(first), float(second)
    if variable.number == 77:
        return (float(NOTCH[str(value)]),)
    if variable.number in (75, 76):
        return (float(CATEGORY_NUMBER[str(value)]),)
    if variable.kind == "enum":
        return (float(variable.allowed.index(str(value))),)
    if isinstance(value, (bool, int, float)):
        return (float(value),)
    raise TypeError(f"{variable.name} has no place among the inputs")


def _plain(figure: float) -> str:
    return f"{figure:,.10g}" if abs(figure) < 1e15 else f"{figure:g}"
