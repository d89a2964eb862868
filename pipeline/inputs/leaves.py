"""A rulebook or a market as its leaves: one entry a figure, under the path it has in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.inputs.effects import Effect, concerns_of
from pipeline.inputs.models import StrictModel

Leaf = str | int | float | bool | None


@dataclass(frozen=True)
class Change:
    """A leaf that two files have differently; None where a file does not have it."""

    path: str
    old: Leaf
    new: Leaf
    effects: tuple[Effect, ...]


def leaves_of(model: StrictModel) -> dict[str, Leaf]:
    """Every figure, name and text of a file's model by its path, in the order of the file."""
    return dict(walked(model.model_dump(mode="json", by_alias=True, exclude_none=True), ""))


def changes_between(old: StrictModel, new: StrictModel) -> list[Change]:
    """The leaves that differ, in the order of the new file, then what only the old one has."""
    before, after = leaves_of(old), leaves_of(new)
    paths = dict.fromkeys((*after, *before))
    return [
        Change(path, before.get(path), after.get(path), concerns_of(path))
        for path in paths
        if before.get(path) != after.get(path) or (path in before) != (path in after)
    ]


def walked(value: Any, path: str = "") -> Iterator[tuple[str, Leaf]]:
    """(path, leaf) of every leaf of a JSON value, in its order."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from walked(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from walked(inner, f"{path}[{place}]")
    else:
        yield path, value
