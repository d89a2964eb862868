"""What every file model shares: strict fields, and pydantic's findings in our own words."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from pipeline.inputs.errors import Collector, suggestion
from pipeline.inputs.ratings import NOTCH, SCALE

SCHEMA_VERSION = 1
_LARGEST_WHOLE = 10**18
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


class StrictModel(BaseModel):
    """Immutable, without unknown fields, without conversions between types."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )


def _without_decimals(raw: Any) -> Any:
    """The same with int or float for Decimal, which is what the reader makes of a number."""
    if isinstance(raw, Decimal):
        is_whole = abs(raw) < _LARGEST_WHOLE and raw == raw.to_integral_value()
        return int(raw) if is_whole else float(raw)
    if isinstance(raw, dict):
        return {key: _without_decimals(value) for key, value in raw.items()}
    if isinstance(raw, list):
        return [_without_decimals(value) for value in raw]
    return raw


def _date(raw: Any) -> Any:
    if isinstance(raw, str):
        try:
            return dt.date.fromisoformat(raw)
        except ValueError:
            pass
    if isinstance(raw, dt.date):
        return raw
    raise PydanticCustomError("not_a_date", "has to be a date, year-month-day")


def as_text(raw: Any) -> Any:
    """Text without blanks around it; control characters are refused."""
    if isinstance(raw, str) and any(
        unicodedata.category(c) in ("Cc", "Cs") or c in _BIDI_CONTROLS for c in raw
    ):
        raise PydanticCustomError("control_characters", "holds control characters")
    return raw.strip() if isinstance(raw, str) else raw


def _rating(raw: Any) -> Any:
    if isinstance(raw, str) and raw in NOTCH:
        return raw
    raise PydanticCustomError(
        "not_a_rating", "is not a rating; allowed: {scale}", {"scale": ", ".join(SCALE)}
    )


def _version_of_schema(raw: Any) -> Any:
    if isinstance(raw, int) and not isinstance(raw, bool) and raw > SCHEMA_VERSION:
        raise PydanticCustomError(
            "newer_schema",
            "is schema {given}, newer than schema {known} that this version reads: "
            "install a newer atlas-forge",
            {"given": min(raw, 10**9), "known": SCHEMA_VERSION},
        )
    if isinstance(raw, bool) or raw != SCHEMA_VERSION or not isinstance(raw, int):
        raise PydanticCustomError("schema", "has to be {known}", {"known": SCHEMA_VERSION})
    return raw


Percent = Annotated[float, Field(ge=0, le=100)]
Date = Annotated[dt.date, BeforeValidator(_date)]
Text = Annotated[str, Field(min_length=1, max_length=200), BeforeValidator(as_text)]
Rating = Annotated[str, BeforeValidator(_rating), Field(json_schema_extra={"enum": list(SCALE)})]
SchemaVersion = Annotated[
    int, BeforeValidator(_version_of_schema), Field(json_schema_extra={"const": SCHEMA_VERSION})
]
T = TypeVar("T")
TupleOf = Annotated[tuple[T, ...], Field(strict=False)]  # a list in the file
Model = TypeVar("Model", bound=StrictModel)

_OWN_WORDS = re.compile(r"^(Input|String|Value|Tuple|Dictionary|List) ")  # how pydantic begins
_MESSAGES = {
    "missing": "is missing",
    "float_type": "has to be a number",
    "int_type": "has to be a whole number",
    "string_type": "has to be text",
    "bool_type": "has to be true or false",
    "model_type": "has to be a mapping",
    "model_attributes_type": "has to be a mapping",
    "dict_type": "has to be a mapping",
    "tuple_type": "has to be a list",
    "finite_number": "has to be a finite number",
    "string_too_short": "is too short",
    "too_short": "is too short",
}


def build(model: type[Model], raw: Any, collector: Collector, path: str = "") -> Model | None:
    """The model of a mapping, or None with every problem recorded under its path."""
    if not isinstance(raw, dict):
        collector.error(path, "has to be a mapping", raw)
        return None
    try:
        return model.model_validate(_without_decimals(raw))
    except ValidationError as problems:
        for problem in problems.errors(include_url=False):
            _record(problem, model, collector, path)
        return None


def _record(
    problem: ErrorDetails, model: type[StrictModel], collector: Collector, path: str
) -> None:
    where = path
    for step in problem["loc"]:
        if isinstance(step, int):
            where += f"[{step}]"
        elif step != "[key]":
            where += f".{step}" if where else str(step)
    kind = problem["type"]
    if kind == "extra_forbidden":
        known = _fields_at(model, problem["loc"][:-1])
        hint = suggestion(str(problem["loc"][-1]), known)
        collector.error(where, f"is not a field here{hint}", bare=True, allowed=", ".join(known))
        return
    if kind == "missing":
        collector.error(where, "is missing", bare=True)
        return
    message = _MESSAGES.get(kind) or _OWN_WORDS.sub(_lowered, problem["msg"])
    message = message.replace("input should be", "has to be")
    message = message.replace("tuple should have", "has to have")
    whole_block = isinstance(problem["input"], (dict, StrictModel)) and kind not in _MESSAGES
    collector.error(where, message, problem["input"], bare=whole_block)


def _lowered(words: re.Match[str]) -> str:
    return words[0].lower()


def _fields_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Names of the fields of the model that stands at a place, for a suggestion."""
    for step in location:
        if isinstance(step, str) and step in model.model_fields:
            inner = _model_in(model.model_fields[step].annotation)
            if inner is None:
                return []
            model = inner
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None
