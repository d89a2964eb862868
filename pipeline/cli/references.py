"""Rulebooks and markets as an argument names them: a built-in name, `builtin:name`, or a file."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pipeline.inputs.errors import Collector
from pipeline.inputs.models import StrictModel, build
from pipeline.inputs.resolve import (
    BUILTIN,
    BuiltinKind,
    Source,
    builtin_names,
    open_reference,
)

Model = TypeVar("Model", bound=StrictModel)


def opened(text: str, kind: BuiltinKind) -> Source:
    """The document an argument names; a file of that name stands before a built-in one.

    Raises InputErrors.
    """
    is_name = text in builtin_names(kind) and not Path(text).is_file()
    return open_reference(BUILTIN + text if is_name else text, kind, Path())


def modelled(model: type[Model], source: Source) -> tuple[Model, Collector]:
    """The model of a document, and the collector that knows its lines. Raises InputErrors."""
    collector = source.document.collector()
    content = build(model, source.document.value, collector)
    collector.stop_if_any()
    assert content is not None  # noqa: S101 - build records an error wherever it gives None
    return content, collector
