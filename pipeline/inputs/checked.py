"""What kind of input a document is, and whether it is right as such."""

from __future__ import annotations

from typing import Any, Final

from pipeline.inputs.loading import load_project
from pipeline.inputs.market import MarketFile
from pipeline.inputs.models import StrictModel, build
from pipeline.inputs.payload import is_payload, load_payload
from pipeline.inputs.request import Request
from pipeline.inputs.resolve import Source
from pipeline.inputs.rulebook import RulebookFile

PROJECT, PAYLOAD, MARKET, RULEBOOK = "project", "payload", "market", "rulebook"
# A block that only files of the kind have.
_MARKS: Final = {"zero_curve": MARKET, "rules": RULEBOOK}
_MODELS: Final[dict[str, type[StrictModel]]] = {MARKET: MarketFile, RULEBOOK: RulebookFile}


def kind_of(value: Any) -> str:
    """What a document is meant as; a project where nothing tells."""
    if isinstance(value, dict) and "project" not in value:
        for mark, kind in _MARKS.items():
            if mark in value:
                return kind
    return PAYLOAD if is_payload(value) else PROJECT


def checked(source: Source) -> tuple[str, Request | None]:
    """The kind of a sound document, and its request unless it is a book.

    Raises InputErrors with everything that is wrong with it and the files it names.
    """
    kind = kind_of(source.document.value)
    if kind in _MODELS:
        collector = source.document.collector()
        build(_MODELS[kind], source.document.value, collector)
        collector.stop_if_any()
        return kind, None
    return kind, load_payload(source) if kind == PAYLOAD else load_project(source)
