"""JSON Schema of our files for editors, from the models and the catalogue that check them."""

from __future__ import annotations

from typing import Any

from pipeline.inputs import catalogue
from pipeline.inputs.catalogue import Variable
from pipeline.inputs.market import MarketFile
from pipeline.inputs.models import StrictModel
from pipeline.inputs.payload import RUN_VARIABLES, Payload
from pipeline.inputs.project import Covenants, ProjectFile
from pipeline.inputs.ratings import SCALE
from pipeline.inputs.rulebook import RulebookFile
from pipeline.inputs.settings import COVENANTS, MEZZ_FIELDS, OVERLAYS, SINGLE_ZCIS, SWITCHES
from pipeline.inputs.values import CPI_PATHS, OPEX_ABSOLUTE_HIGH

Schema = dict[str, Any]
_MODELS: dict[str, type[StrictModel]] = {
    "project": ProjectFile,
    "market": MarketFile,
    "rulebook": RulebookFile,
    "payload": Payload,
}
KINDS: tuple[str, ...] = tuple(_MODELS)


def schema_of(kind: str) -> Schema:
    """JSON Schema (2020-12) of a kind of file; kinds are those of KINDS.

    It tells an editor names, types and ranges. What one setting asks of another is told by
    `atlas-forge validate`.
    """
    schema = _MODELS[kind].model_json_schema(by_alias=True, mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = f"Atlas Forge {kind} file"
    if kind == "project":
        schema["properties"]["base"] = _settings_schema(with_covenants=False)
        schema["properties"]["levers"] = _levers_schema()
    if kind == "payload":
        schema["properties"]["base_scenario"] = _settings_schema(with_covenants=True)
        for name in RUN_VARIABLES:
            schema["properties"][name] = _value_schema(catalogue.BY_NAME[name])
    return schema


def _named(variable: Variable, schema: Schema) -> Schema:
    """The schema under the canonical name and the ASCII alias."""
    return {name: schema for name in (variable.name, variable.alias) if name}


def _value_schema(variable: Variable) -> Schema:
    text = f"{variable.description}. Default {variable.default}"
    about: Schema = {"description": f"{text} {variable.unit}".strip()}
    if variable.kind in ("number", "integer"):
        high = OPEX_ABSOLUTE_HIGH if variable.number == 8 else variable.high
        about |= {"type": variable.kind, "minimum": variable.low, "maximum": high}
        if variable.number == 35:  # a market file may set another range
            about = {"description": about["description"], "type": "number", "exclusiveMinimum": 0}
    elif variable.kind == "enum":
        words: list[str | int] = [*variable.allowed, *variable.value_aliases]
        words += [int(word) for word in variable.allowed if word.isdigit()]
        about["enum"] = words
    elif variable.kind == "boolean":
        about["type"] = "boolean"
    elif variable.number == 77:
        about["enum"] = list(SCALE)
    elif variable.kind == "text":
        about["type"] = "string"
    elif variable.kind == "list":
        items: Schema = {"enum": list(variable.allowed)} if variable.allowed else {}
        about |= {"type": "array", "items": items}
        if variable.number == 82:
            about |= {"items": {"type": "number"}, "minItems": CPI_PATHS, "maxItems": CPI_PATHS}
    else:
        about["type"] = "object"
    return about


def _mezz_settings() -> Schema:
    properties: Schema = {}
    for name in MEZZ_FIELDS:
        properties[name] = _value_schema(catalogue.BY_NAME[name])
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _settings_schema(*, with_covenants: bool) -> Schema:
    properties: Schema = {}
    for variable in catalogue.settable():
        properties |= _named(variable, _value_schema(variable))
    for name in (*SWITCHES, SINGLE_ZCIS):
        properties[name] = {"type": "boolean"}
    properties["mezz"] = {"anyOf": [{"type": "boolean"}, _mezz_settings()]}
    if with_covenants:
        covenants = Covenants.model_json_schema()["properties"]
        properties |= {name: covenants[name] for name in COVENANTS}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _levers_schema() -> Schema:
    properties: Schema = {}
    for variable in catalogue.settable():
        if variable.can_be_lever:
            properties |= _named(variable, _lever_schema(variable))
    option = {"anyOf": [{"type": "boolean"}, _mezz_settings()]}
    properties["mezz"] = {"type": "array", "minItems": 1, "items": option}
    some = {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"enum": [*OVERLAYS]}}
    properties["overlays"] = {"anyOf": [{"const": "all"}, some]}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _lever_schema(variable: Variable) -> Schema:
    value = _value_schema(variable)
    listed: Schema = {"type": "array", "minItems": 1, "uniqueItems": True, "items": value}
    if variable.kind not in ("number", "integer"):
        return {"description": value["description"], **listed}
    bare = {key: each for key, each in value.items() if key != "description"}
    step = {"type": "number", "exclusiveMinimum": 0}
    spread = {"min": bare, "max": bare, "step": step}
    ends = {"low": bare, "high": bare}
    return {
        "description": value["description"],
        "anyOf": [listed, _exact(spread, ["min", "max"]), _exact(ends, ["low", "high"])],
    }


def _exact(properties: Schema, required: list[str]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
