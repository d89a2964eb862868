"""An explanation for a terminal: formula, the same with its numbers, result, verdict."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.escape import log_text
from pipeline.explain.model import (
    MONEY,
    MONEY_A_MONTH,
    MONEY_A_YEAR,
    Bound,
    Explanation,
    Section,
    Step,
    Table,
    TableColumn,
    Value,
)

UNDEFINED = "-"
_SYMBOL = re.compile(r"[A-Za-z_]\w*")
_MONEY = (MONEY, MONEY_A_MONTH, MONEY_A_YEAR, "money", "money/MW", "money/month")
_SUFFIX = {
    "x": "x",
    "%": " %",
    "years": " y",
    "months": " months",
    "bps": " bps",
    "MW": " MW",
    "notches": " notches",
}
_ACROSS = 10  # columns of a table beside each other before the next ones go under them
_VERDICT = {"pass": "PASS", "fail": "FAIL", "warn": "WARN", "off": "OFF "}


def document_text(explanation: Explanation) -> str:
    """The whole explanation; its sections are those that were asked for."""
    parts = [_head(explanation)]
    parts += [_section(section) for section in explanation.sections]
    return "\n\n".join(part for part in parts if part)


def value_text(value: Value, unit: str) -> str:
    """A value in its unit."""
    if value is None:
        return UNDEFINED
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return log_text(value)
    if unit in _MONEY:
        number = f"{value:,.2f}"
    elif unit == "ratio":
        number = f"{value:.6f}"
    elif unit in ("x", "%", "years", "bps", "months", "MW", "notches"):
        number = f"{value:,.4f}".rstrip("0").rstrip(".")
    elif isinstance(value, int):
        number = f"{value:,}"
    else:
        number = f"{value:.10g}"
    return number + _SUFFIX.get(unit, "")


def _head(explanation: Explanation) -> str:
    lines = [log_text(explanation.title)]
    told = [f"{fact.name} {_fact(fact.value)}" for fact in explanation.facts
            if fact.value is not None]  # fmt: skip
    lines.append("  " + ", ".join(told))
    if explanation.settings:
        levers = [f"{log_text(each.name)} {value_text(each.value, '')}"
                  for each in explanation.settings]  # fmt: skip
        lines.append("  levers: " + ", ".join(levers))
    lines.append(f"  all money in {explanation.currency}")
    if explanation.stored is not None:
        same = "equal to the last bit" if explanation.stored.equal else "DIFFERENT"
        lines.append(f"  stored row in {explanation.stored.file}: {same}")
    lines += [f"  note: {log_text(note)}" for note in explanation.notes]
    return "\n".join(lines)


def _fact(value: Value) -> str:
    """A structure's number is a name and has no separators."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if whole else value_text(value, "")


def _section(section: Section) -> str:
    lines = [f"== {section.title} =="]
    if not section.steps and not section.tables:
        lines.append("undefined: the structure is unsound or carries no senior debt")
    for step in section.steps:
        lines += ["", *_step(step)]
    for table in section.tables:
        lines += ["", *_table(table)]
    return "\n".join(lines)


def _step(step: Step) -> list[str]:
    lines = [f"{step.id}: {log_text(step.title)}"]
    lines.append(f"    {step.formula}")
    result = f"= {value_text(step.result, step.unit)}"
    numbers = _with_numbers(step) if step.closed else result
    if numbers not in (result, f"= {step.formula.partition(' = ')[2]}"):
        lines.append(f"    {numbers}")
    lines.append(f"    {result}")
    if step.bound is not None:
        lines.append(f"    {_bound(step.bound, step.unit)}")
    for given in step.inputs:
        origin = f"  [{log_text(given.origin)}]" if given.origin else ""
        value = value_text(given.value, given.unit)
        lines.append(f"      {given.symbol}: {log_text(given.label)} {value}{origin}")
    told = [step.source] + ([f"rule {step.rule}"] if step.rule else [])
    lines.append(f"    {'; '.join(told)}")
    if step.note:
        lines.append(f"    note: {log_text(step.note)}")
    return lines


def _with_numbers(step: Step) -> str:
    """The right side of the formula with numbers for symbols."""
    values = {given.symbol: given for given in step.inputs}

    def number(match: re.Match[str]) -> str:
        given = values.get(match[0])
        if given is None:
            return match[0]
        text = value_text(given.value, given.unit).removesuffix(_SUFFIX.get(given.unit, ""))
        return f"({text})" if text.startswith("-") else text

    return "= " + _SYMBOL.sub(number, step.formula.partition(" = ")[2])


def _bound(bound: Bound, unit: str) -> str:
    text = _VERDICT[bound.verdict]
    if bound.headroom is not None:
        by = value_text(abs(bound.headroom), unit)
        text += f" by {by}" if bound.headroom >= 0.0 else f", short by {by}"
    if bound.limit is not None:
        sign = {">=": "≥", "<=": "≤", "=": "="}[bound.side]
        text += f": {value_text(bound.actual, unit)}, needs {sign} {value_text(bound.limit, unit)}"
    if bound.reason and bound.verdict in ("fail", "warn"):
        text += f"; {bound.reason}, {bound.action}"
    return text + ("; this one binds" if bound.binds else "")


def _table(table: Table) -> list[str]:
    """As many columns side by side as are readable; of wide tables those that hold something."""
    lines = [f"{table.id}: {table.title}"]
    if table.note:
        lines.append(f"    {table.note}")
    wide = len(table.columns) > 2 * _ACROSS
    rest = range(1, len(table.columns))
    kept = [0, *(place for place in rest if not wide or _tells(table, place))]
    for first in range(1, len(kept), _ACROSS):
        places = [0, *kept[first : first + _ACROSS]]
        lines += ["", *_grid([table.columns[place] for place in places],
                             [[row[place] for place in places] for row in table.rows])]  # fmt: skip
    return lines


def _tells(table: Table, place: int) -> bool:
    """Whether any row of a column is more than nought."""
    return any(row[place] not in (None, 0, False) for row in table.rows)


def _grid(columns: Sequence[TableColumn], rows: Sequence[Sequence[Value]]) -> list[str]:
    cells = [[column.title for column in columns]]
    for row in rows:
        cells.append(
            [_cell(value, column.unit) for value, column in zip(row, columns, strict=True)]
        )
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
    return [
        "    " + "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True))
        for row in cells
    ]


def _cell(value: Value, unit: str) -> str:
    if isinstance(value, float) and unit in _MONEY:
        return f"{value:,.0f}"
    return value_text(value, unit)
