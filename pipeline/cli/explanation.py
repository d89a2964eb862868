"""What `explain` and `evaluate --explain` share: their options, and how they show it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pipeline.cli.console import print_json, say, wants_json

if TYPE_CHECKING:
    from pipeline.explain.model import Explanation, Section

Function = TypeVar("Function", bound=Callable[..., Any])
_MONTHS = re.compile(r"(\d*)(:?)(\d*)")
_WATERFALL = "waterfall"


@dataclass(frozen=True)
class Shown:
    """What of an explanation is asked for; `months` counts from COD, both ends included."""

    sections: tuple[str, ...]
    scenario: str
    months: tuple[int, int] | None
    csv: Path | None

    @property
    def asked(self) -> bool:
        """Whether anything but the defaults was given."""
        return bool(self.sections or self.months or self.csv or self.scenario != "base")


def explanation_options(function: Function) -> Function:
    """Options that choose a part of an explanation; `shown_of` reads them."""
    for option in reversed(
        (
            click.option("--section", "sections", multiple=True, metavar="NAME",
                         help="Only this section; repeatable."),
            click.option("--scenario", default="base", metavar="NAME", show_default=True,
                         help="Whose waterfall: base, flat, cpi_1, rate_200, …"),
            click.option("--month", "months", metavar="A:B",
                         help="Only these months of the waterfall, counted from COD."),
            click.option("--csv", metavar="FILE", help="Write the waterfall by month to a file."),
        )
    ):  # fmt: skip
        function = option(function)
    return function


def shown_of(
    sections: tuple[str, ...], scenario: str, months: str | None, csv: str | None
) -> Shown:
    """The options, checked. Raises click.UsageError that says what is allowed."""
    from pipeline.explain.explanation import SCENARIOS, SECTIONS

    for name in sections:
        if name not in SECTIONS:
            raise click.UsageError(f"--section {name!r}: has to be one of {', '.join(SECTIONS)}")
    if scenario not in SCENARIOS:
        raise click.UsageError(f"--scenario {scenario!r}: has to be one of {', '.join(SCENARIOS)}")
    path = Path(csv) if csv is not None else None
    if path is not None and (path.is_dir() or not path.parent.is_dir()):
        raise click.UsageError(f"--csv {csv!r}: has to be a file in a folder that is there")
    return Shown(sections, scenario, _months(months), path)


def _months(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = _MONTHS.fullmatch(text) if len(text) < 20 else None
    if found is None or not (found[1] or found[3]):
        raise click.UsageError(f"--month {text!r}: has to be A:B, A: or :B, such as 1:24")
    first = int(found[1] or 1)
    last = int(found[3]) if found[3] else (first if not found[2] else 10_000)
    if not 1 <= first <= last:
        raise click.UsageError(f"--month {text!r}: has to run from 1 on, first month first")
    return first, last


def show(explanation: Explanation, shown: Shown) -> None:
    """Print an explanation, or its JSON document; write its CSV."""
    from pipeline.explain.document import csv_text, document
    from pipeline.explain.text import document_text
    from pipeline.storage.store import write_file

    explanation = replace(
        explanation, sections=tuple(_within(each, shown) for each in explanation.sections)
    )
    if shown.csv is not None:
        tables = [table for section in explanation.sections if section.name == _WATERFALL
                  for table in section.tables]  # fmt: skip
        if not tables:
            raise click.ClickException("an unsound structure has no waterfall to write")
        write_file(shown.csv, csv_text(tables[0]).encode())
    chosen = tuple(
        section for section in explanation.sections
        if not shown.sections or section.name in shown.sections
    )  # fmt: skip
    if wants_json():
        print_json(document(replace(explanation, sections=chosen)))
        return
    told = tuple(_for_people(section, shown) for section in chosen)
    say(document_text(replace(explanation, sections=told)))
    if shown.csv is not None:
        say(f"\nWaterfall by month: {shown.csv}")


def _within(section: Section, shown: Shown) -> Section:
    from pipeline.explain.waterfall import between

    if section.name != _WATERFALL or shown.months is None:
        return section
    for table in section.tables:
        if shown.months[0] > len(table.rows):
            raise click.UsageError(f"--month: this waterfall has months 1 to {len(table.rows)}")
    return replace(section, tables=tuple(between(each, *shown.months) for each in section.tables))


def _for_people(section: Section, shown: Shown) -> Section:
    """The waterfall by year, unless its months were asked for."""
    from pipeline.explain.waterfall import by_year

    if section.name != _WATERFALL or _WATERFALL in shown.sections or shown.months:
        return section
    return replace(section, tables=tuple(by_year(each) for each in section.tables))
