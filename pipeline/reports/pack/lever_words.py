"""Levers and switches as documents call them, and where two structures of a run differ."""

from __future__ import annotations

from typing import Final

from pipeline.inputs import catalogue
from pipeline.reports.pack.document import Cell
from pipeline.reports.pack.dossier import Dossier

SWITCHES: Final = {
    "mezz": "Mezzanine",
    "zcis": "Inflation swap",
    "zcis_5y": "Inflation swap of five years",
    "zcis_10y": "Inflation swap of ten years",
    "trs": "Total return swap",
    "floor": "Rate option",
    "strip": "Residual strip",
}


def lever_label(name: str) -> str:
    """What a lever is, in words; a name of neither catalogue nor switches stands for itself."""
    variable = catalogue.find(name)
    return SWITCHES.get(name, name) if variable is None else variable.description


def differences(dossier: Dossier, place: int) -> tuple[Cell, ...]:
    """Levers that the ranking's row at `place` has otherwise, each with both values."""
    cells: list[Cell] = []
    row = dossier.ranking[place]
    for setting in dossier.explanation.settings:
        if row[setting.name] != setting.value:
            cells += [
                *(";" for _ in cells[:1]),
                f"{lever_label(setting.name)}:",
                dossier.ranked(place, setting.name),
                "instead of",
                dossier.setting(setting.name),
            ]
    return tuple(cells)
