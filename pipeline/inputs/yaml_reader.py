"""Reads YAML (and JSON) that nobody trusts, and keeps the decimal text of numbers.

The result is made of None, bool, str, int, Decimal, list and dict with text keys only. Booleans
are `true` and `false`; numbers are plain decimals, so that `1:30`, `010`, `0x1f`, `.inf`, `.nan`,
`yes` and dates stay text, which the field they stand in then refuses. Tags, merge keys, duplicate
keys and second documents are refused. Anchors may be used, but what they expand to is counted.
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from pipeline.inputs.errors import Collector, InputError, InputErrors, shown

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_NODES = 200_000
MAX_NUMBER_CHARACTERS = 60
MAX_EXPONENT = 320

_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*|(?=\.[0-9]))(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_NULLS = frozenset(("", "~", "null"))
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Document:
    """A file's content, and the line on which each field (`a.b[0]`) starts."""

    file: str
    value: Any
    lines: dict[str, int]

    def collector(self) -> Collector:
        """A collector that knows the lines of this document."""
        return Collector(self.file, self.lines)


def read_file(path: Path, *, name: str | None = None) -> Document:
    """The document in a regular file of at most 1 MiB of UTF-8. Raises InputErrors."""
    return parse(read_text(path, name=name), name or str(path))


def read_text(path: Path, *, name: str | None = None, max_bytes: int = MAX_BYTES) -> str:
    """The text of a file, or InputErrors that say why it cannot be one of ours."""
    file = name or str(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise _error(file, "is a directory, not a file")
        if not stat.S_ISREG(mode):
            raise _error(file, "is not a regular file")
        with path.open("rb") as stream:
            content = stream.read(max_bytes + 1)
    except FileNotFoundError:
        raise _error(file, "no such file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _error(file, f"cannot be read: {reason}") from None
    if len(content) > max_bytes:
        raise _error(file, f"is larger than {max_bytes:,} bytes")
    if b"\0" in content:
        raise _error(file, "is binary, or text in an encoding other than UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _error(file, "is not UTF-8 text", line) from None
    if not text.strip():
        raise _error(file, "is empty")
    return text


def parse(text: str, file: str) -> Document:
    """The document in a text: JSON when it starts with a brace, else YAML. Raises InputErrors."""
    if text.lstrip()[:1] == "{":
        try:
            return Document(file, _decoded(text, file, None), {})
        except json.JSONDecodeError:
            pass  # a YAML flow mapping starts with a brace too
    return _Composer(file).compose(text)


def parse_value(text: str, file: str, path: str) -> Any:
    """One value as `--set NAME=VALUE` gives it: a scalar, or a flow list or mapping."""
    try:
        return _Composer(file).compose(text).value if text.strip() else None
    except InputErrors as errors:
        first = errors.errors[0]
        raise InputErrors([InputError(file, path, shown(text), first.message)]) from None


def parse_json(text: str, file: str, line: int) -> Any:
    """The value of one line of JSON. Raises InputErrors that name the line."""
    try:
        return _decoded(text, file, line)
    except json.JSONDecodeError as error:
        message = f"is not valid JSON at character {error.pos + 1}: {error.msg}"
        raise _error(file, message, line) from None


def _error(file: str, message: str, line: int | None = None, path: str = "") -> InputErrors:
    return InputErrors([InputError(file, path, "", message, line=line)])


def number(text: str) -> int | Decimal | None:
    """A decimal number with its digits kept, or None. Raises ValueError when it is too long."""
    if not _NUMBER.fullmatch(text):
        return None
    exponent = re.search(r"[eE]([-+]?[0-9]+)$", text)
    if len(text) > MAX_NUMBER_CHARACTERS or (exponent and abs(int(exponent[1])) > MAX_EXPONENT):
        raise ValueError("the number has too many digits")
    return int(text) if text.lstrip("+-").isdigit() else Decimal(text)


# -- JSON ----------------------------------------------------------------------------------------
def _decoded(text: str, file: str, line: int | None) -> Any:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key, value in items:
            if key in content:
                raise _error(file, f"the key {shown(key)} is given twice", line, key)
            content[key] = value
        return content

    def constant(name: str) -> Any:
        raise _error(file, f"{name} is not a number that can be used", line)

    def numeral(digits: str) -> int | Decimal:
        try:
            value = number(digits)
        except ValueError as error:
            raise _error(file, f"{error}: {shown(digits)}", line) from None
        assert value is not None  # noqa: S101 - JSON's numbers are a part of ours
        return value

    try:
        value = json.loads(
            text,
            object_pairs_hook=pairs,
            parse_float=numeral,
            parse_int=numeral,
            parse_constant=constant,
        )
    except RecursionError:
        raise _error(file, f"is nested more than {MAX_DEPTH} deep", line) from None
    _check_size(value, file, line)
    return value


def _check_size(value: Any, file: str, line: int | None) -> None:
    level, depth, nodes = [value], 0, 0
    while level:
        depth, nodes = depth + 1, nodes + len(level)
        if depth > MAX_DEPTH:
            raise _error(file, f"is nested more than {MAX_DEPTH} deep", line)
        if nodes > MAX_NODES:
            raise _error(file, f"holds more than {MAX_NODES:,} values", line)
        level = [
            child
            for node in level
            if isinstance(node, (dict, list))
            for child in (node.values() if isinstance(node, dict) else node)
        ]


# -- YAML ----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Anchored:
    value: Any
    nodes: int
    height: int


class _Composer:
    """Builds values from parser events, so that nothing is expanded before it is counted."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._events: Iterator[Any] = iter(())
        self._lines: dict[str, int] = {}
        self._anchors: dict[str, _Anchored] = {}
        self._open_anchors: set[str] = set()
        self._nodes = 0
        self._problems: list[InputError] = []

    def compose(self, text: str) -> Document:
        try:
            self._events = iter(yaml.parse(text, Loader=_Loader))
            next(self._events)  # stream start
            event = next(self._events)
            if isinstance(event, yaml.StreamEndEvent):
                raise _error(self._file, "is empty")
            value, _ = self._node(next(self._events), "", 1)
            next(self._events)  # document end
            after = next(self._events)
            if not isinstance(after, yaml.StreamEndEvent):
                raise _error(self._file, "holds more than one document", self._line(after))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else None
            raise _error(
                self._file, f"is not valid YAML: {error.problem or error.context}", line
            ) from None
        except yaml.YAMLError as error:
            raise _error(self._file, f"is not valid YAML: {_one_line(error)}") from None
        if self._problems:
            raise InputErrors(self._problems)
        return Document(self._file, value, self._lines)

    def _line(self, event: Any) -> int:
        return int(event.start_mark.line) + 1

    def _fail(self, event: Any, path: str, message: str) -> InputErrors:
        return _error(self._file, message, self._line(event), path)

    def _node(self, event: Any, path: str, depth: int) -> tuple[Any, int]:
        """A value and its height."""
        if depth > MAX_DEPTH:
            raise self._fail(event, path, f"is nested more than {MAX_DEPTH} deep")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path, depth)
        self._count(event, path, 1)
        if path:
            self._lines[path] = self._line(event)
        if event.tag is not None and event.tag != "!":
            raise self._fail(event, path, f"tags are not accepted: {shown(event.tag)}")
        if event.anchor is not None:
            self._open_anchors.add(event.anchor)
        before = self._nodes - 1
        value: Any
        height = 1
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event, path)
        elif isinstance(event, yaml.SequenceStartEvent):
            value, height = self._sequence(path, depth)
        else:
            value, height = self._mapping(path, depth)
        if event.anchor is not None:
            self._open_anchors.discard(event.anchor)
            self._anchors[event.anchor] = _Anchored(value, self._nodes - before, height)
        return value, height

    def _alias(self, event: Any, path: str, depth: int) -> tuple[Any, int]:
        if event.anchor in self._open_anchors:
            raise self._fail(event, path, f"the anchor {shown(event.anchor)} refers to itself")
        anchored = self._anchors.get(event.anchor)
        if anchored is None:
            raise self._fail(event, path, f"the anchor {shown(event.anchor)} is not defined")
        self._count(event, path, anchored.nodes)
        if depth + anchored.height - 1 > MAX_DEPTH:
            raise self._fail(event, path, f"is nested more than {MAX_DEPTH} deep")
        if path:
            self._lines[path] = self._line(event)
        return anchored.value, anchored.height

    def _count(self, event: Any, path: str, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise self._fail(event, path, f"expands to more than {MAX_NODES:,} values")

    def _scalar(self, event: Any, path: str) -> Any:
        text: str = event.value
        if event.style:  # quoted or block text
            return text
        if text in _NULLS:
            return None
        if text in ("true", "false"):
            return text == "true"
        try:
            value = number(text)
        except ValueError as error:
            raise self._fail(event, path, f"{error}: {shown(text)}") from None
        return text if value is None else value

    def _sequence(self, path: str, depth: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        tallest = 0
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            value, height = self._node(event, f"{path}[{len(items)}]", depth + 1)
            items.append(value)
            tallest = max(tallest, height)
        return items, tallest + 1

    def _mapping(self, path: str, depth: int) -> tuple[dict[str, Any], int]:
        content: dict[str, Any] = {}
        tallest = 0
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent):
                raise self._fail(event, path, "a key has to be plain text")
            key: str = event.value
            inside = f"{path}.{key}" if path else key
            if key == "<<" and not event.style:
                raise self._fail(event, path, "merge keys (<<) are not accepted")
            if event.tag is not None and event.tag != "!":
                raise self._fail(event, path, f"tags are not accepted: {shown(event.tag)}")
            if key in content:
                message = f"the key {shown(key)} is given twice"
                line = self._line(event)
                self._problems.append(InputError(self._file, inside, "", message, line=line))
            self._count(event, path, 1)
            content[key], height = self._node(next(self._events), inside, depth + 1)
            tallest = max(tallest, height)
        return content, tallest + 1


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
