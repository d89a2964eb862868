"""What is wrong with an input: one record per problem, all of them at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

_SHOWN_CHARACTERS = 80


@dataclass(frozen=True)
class InputError:
    """One problem. `path` is the field's place in `file`, such as `levers.mezz[1].MezzCoupon_46`.

    `value` is what was given, `allowed` what would be right; either may be empty. Warnings have
    the same form: they are reported and stop nothing.
    """

    file: str
    path: str
    value: str
    message: str
    allowed: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        where = f"{place}: {self.path}" if self.path else place
        given = f" (given {self.value})" if self.value else ""
        allowed = f"; allowed: {self.allowed}" if self.allowed else ""
        return f"{where}: {self.message}{given}{allowed}"


class InputErrors(Exception):  # noqa: N818 - a plural: it carries every problem of an input
    """Everything wrong with an input. `errors` is never empty."""

    def __init__(self, errors: Iterable[InputError]) -> None:
        self.errors: tuple[InputError, ...] = tuple(errors)
        super().__init__("\n".join(str(error) for error in self.errors))


def shown(value: object) -> str:
    """A value as an error shows it: short, on one line, control characters escaped."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, str):
        text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in value[:_SHOWN_CHARACTERS])
        return f'"{text}{"…" if len(value) > _SHOWN_CHARACTERS else ""}"'
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, int) and value.bit_length() > 1024:
        return "a very large number"
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    return type(value).__name__


def suggestion(name: str, known: Iterable[str]) -> str:
    """`, did you mean X?`, or nothing when no known name is close."""
    by_folded: dict[str, str] = {}
    for candidate in known:
        by_folded.setdefault(candidate.casefold(), candidate)
    close = difflib.get_close_matches(name.casefold()[:200], by_folded, n=1, cutoff=0.6)
    return f", did you mean {by_folded[close[0]]}?" if close else ""


class Collector:
    """Gathers the problems of one file, so that all of them are told at once."""

    def __init__(self, file: str, lines: dict[str, int] | None = None) -> None:
        self.file = file
        self.errors: list[InputError] = []
        self.warnings: list[InputError] = []
        self._lines = lines or {}

    def line_of(self, path: str) -> int | None:
        """Line of a field, or of the nearest field around it that is in the file."""
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return None

    def _record(self, path: str, message: str, value: object, allowed: str) -> InputError:
        given = "" if value is _NOTHING else shown(value)
        return InputError(self.file, path, given, message, allowed, self.line_of(path))

    def error(
        self,
        path: str,
        message: str,
        value: object = None,
        *,
        allowed: str = "",
        bare: bool = False,
    ) -> None:
        """Record a problem; `bare` leaves the value out, for what is missing or contradictory."""
        self.errors.append(self._record(path, message, _NOTHING if bare else value, allowed))

    def warning(self, path: str, message: str) -> None:
        """Record what is worth saying and stops nothing."""
        self.warnings.append(self._record(path, message, _NOTHING, ""))

    def absorb(self, other: InputErrors) -> None:
        """Take over the problems of another file."""
        self.errors.extend(other.errors)

    def stop_if_any(self) -> None:
        """Raises InputErrors when something was recorded."""
        if self.errors:
            raise InputErrors(self.errors)


_NOTHING = object()
