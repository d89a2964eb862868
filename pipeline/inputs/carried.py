"""A project that travels: its text, and those of the market and rulebook files it names.

Who receives one opens no file: a reference in it is builtin, or its text came along.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.inputs.loading import load_request, load_source
from pipeline.inputs.request import Request
from pipeline.inputs.resolve import BUILTIN, builtin_folder, source_of
from pipeline.inputs.yaml_reader import parse, read_text

MARKET: Final = "market"
RULEBOOK: Final = "rulebook"
_FIELDS: Final = (MARKET, RULEBOOK)


@dataclass(frozen=True)
class CarriedProject:
    """Texts of a project file and of the files it names; empty where it names none."""

    project: str
    market: str = ""
    rulebook: str = ""

    def attached(self) -> Mapping[str, str]:
        """The texts that came along, by the field that refers to them."""
        texts = {MARKET: self.market, RULEBOOK: self.rulebook}
        return {field: text for field, text in texts.items() if text}


def carry(file: str) -> CarriedProject:
    """A project file, or `builtin:name`, with what it names, once all is found to be sound.

    Raises InputErrors.
    """
    load_request(file)
    builtin = file.startswith(BUILTIN)
    path = builtin_folder("projects") / f"{file.removeprefix(BUILTIN)}.yaml"
    path = path if builtin else Path(file)
    text = read_text(path, name=file)
    fields = parse(text, file).value
    texts = {}
    for field in _FIELDS:
        reference = fields.get(field)
        if isinstance(reference, str) and not reference.startswith(BUILTIN):
            texts[field] = read_text(path.parent / reference)
    return CarriedProject(text, **texts)


def load_carried(carried: CarriedProject, name: str = "the project") -> Request:
    """The request in a carried project. Raises InputErrors, with `name` as the file."""
    return load_source(source_of(carried.project, name, carried.attached()))
