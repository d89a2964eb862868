"""The columns of a run's ranked rows: what each is, what it may hold, and what people call it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

import pyarrow as pa

from kernels import codes
from pipeline.columns import BY_NAME, IRR_STATUS_NAMES, Column
from pipeline.inputs import catalogue
from pipeline.inputs.errors import InputError, shown, suggestion
from pipeline.problem import Label

Levers = Mapping[str, Sequence[Label]]  # names and what each value is called
Kind = Literal["number", "count", "flag", "text", "mask"]

# Short names, beside those of the hard filters, which differ from columns in writing only.
ALIASES: Final = MappingProxyType(
    {
        "tier": "viability_tier",
        "rating": "senior_rating",
        "dscr": "dscr_min",
        "score": "composite_score",
        "id": "permutation_id",
        "structure": "permutation_id",
    }
)
_CATALOGUE_NUMBER = re.compile(r"_(\d{1,3})")


@dataclass(frozen=True)
class Field:
    """One column. `allowed` are the texts it can hold (empty: any), in order where `ordered`.

    `synonyms` are other ways to write these, such as annuity for Annuity.
    """

    name: str
    kind: Kind
    unit: str
    description: str
    allowed: tuple[str, ...] = ()
    ordered: bool = False
    is_lever: bool = False
    synonyms: Mapping[str, str] = field(default_factory=dict)


class Fields:
    """The columns of one run by all their names."""

    def __init__(self, schema: pa.Schema, levers: Levers) -> None:
        self.all = tuple(_field(each, levers.get(each.name)) for each in schema)
        self._by_name = {each.name: each for each in self.all}
        self._by_folded: dict[str, Field] = {}
        for each in self.all:
            self._by_folded.setdefault(_folded(each.name), each)
        self._by_number = {
            f"_{variable.number}": self._by_name[name]
            for name in levers
            if (variable := catalogue.find(name)) is not None
        }

    def __getitem__(self, name: str) -> Field:
        return self._by_name[name]

    def find(self, name: str) -> Field | None:
        """The column of a name, however written: exact, `SeniorNotional`, `_39`, or an alias."""
        if name in self._by_name:
            return self._by_name[name]
        if _CATALOGUE_NUMBER.fullmatch(name):
            return self._by_number.get(name)
        variable = catalogue.find(name)
        if variable is not None:
            return self._by_name.get(variable.name)
        alias = ALIASES.get(name.casefold())
        return self._by_name[alias] if alias else self._by_folded.get(_folded(name))

    def unknown(self, name: str) -> str:
        """What to say of a name that is no column: why, or the nearest that is one."""
        number = _CATALOGUE_NUMBER.fullmatch(name)
        variable = catalogue.BY_NUMBER.get(int(number[1])) if number else catalogue.find(name)
        if variable is not None:
            return f"{variable.name} is not a lever of this run: all its structures have the same"
        hint = suggestion(name, (*self._by_name, *ALIASES))
        return f"is no column of this run{hint}"

    @property
    def levers(self) -> tuple[Field, ...]:
        """The levers, in their order."""
        return tuple(each for each in self.all if each.is_lever)


def named_fields(fields: Fields, text: str, option: str) -> tuple[list[Field], list[InputError]]:
    """The columns of a comma-separated list, and what is wrong with it."""
    found: dict[str, Field] = {}
    problems: list[InputError] = []
    for name in _parts(text):
        column = fields.find(name)
        if column is None:
            problems.append(InputError(option, "", shown(name), fields.unknown(name), LISTED))
        elif column.name in found:
            problems.append(InputError(option, "", shown(name), f"{column.name} is given twice"))
        else:
            found[column.name] = column
    return list(found.values()), problems


LISTED: Final = "what `top RUN_ID --list-columns` lists"


def _parts(text: str) -> Iterable[str]:
    return [part.strip() for part in text.split(",")]


def _folded(name: str) -> str:
    return name.replace("_", "").casefold()


def _field(field: pa.Field, labels: Sequence[Label] | None) -> Field:
    metadata = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    unit, description = metadata.get("unit", ""), metadata.get("description", "")
    kind = _kind(field.type)
    if labels is not None:
        return _lever_field(field.name, labels, kind, description)
    column = BY_NAME.get(field.name)
    if column is not None and column.names:
        ordered = column.names in (codes.RATING_NAMES, codes.TIER_NAMES)
        return Field(field.name, kind, unit, description, tuple(column.names), ordered)
    allowed = _statuses(BY_NAME[field.name.removesuffix("_status")]) if _is_status(field) else ()
    return Field(field.name, kind, unit, description, allowed)


def _lever_field(name: str, labels: Sequence[Label], kind: Kind, description: str) -> Field:
    variable = catalogue.find(name)
    allowed = tuple(str(label) for label in labels) if kind == "text" else ()
    return Field(
        name,
        kind,
        variable.unit if variable else "",
        f"Lever: {variable.description}" if variable else description,
        allowed,
        is_lever=True,
        synonyms=variable.value_aliases if variable else {},
    )


def _is_status(field: pa.Field) -> bool:
    return field.name.endswith("_status") and field.name.removesuffix("_status") in BY_NAME


def _statuses(column: Column) -> tuple[str, ...]:
    reasons = IRR_STATUS_NAMES if column.status_figure is not None else ()
    names = ("OK", codes.STATUS_NAMES[codes.INVALID_STRUCTURE], str(column.null_reason), *reasons)
    return tuple(dict.fromkeys(names))


def _kind(kind: pa.DataType) -> Kind:
    if pa.types.is_list(kind):
        return "mask"
    if pa.types.is_boolean(kind):
        return "flag"
    if pa.types.is_integer(kind):
        return "count"
    return "number" if pa.types.is_floating(kind) else "text"
