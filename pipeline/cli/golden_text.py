"""How a golden project's outcomes are told: in a terminal, as JSON, and on a page in Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from pipeline.cli.books import left_aligned
from pipeline.cli.report import top_table
from pipeline.escape import markdown_cell
from pipeline.golden import Measured, Outcome
from pipeline.inputs import Request
from pipeline.inputs.expected import ExpectedFact
from pipeline.storage.store import write_file

MARKS: Final = ("<!-- golden tables: begin -->", "<!-- golden tables: end -->")
_HEADINGS: Final = ["expected outcome", "source", "expected", "measured", "met"]
_STATUS: Final = {"met": "yes", "explained": "no, see below", "failed": "NO"}
_SHOWN_REASONS: Final = 3
# Unit and decimals of what is no plain count.
_UNITS: Final = {
    "optimal_dscr": ("x", 2),
    "day_one_pct": (" %", 2),
    "gate_a_pruned_pct": (" %", 1),
    "gate_b_pruned_pct": (" %", 1),
    "seconds": (" s", 1),
    "peak_memory_gb": (" GB", 2),
}

# Request, summary, day of the run, outcomes.
Told = tuple[Request, dict[str, Any], str, list[Outcome]]


@dataclass(frozen=True)
class Page:
    """A Markdown file, with what stands up to its first mark and from its second."""

    path: Path
    before: str
    after: str

    def write(self, tables: str) -> None:
        """The file with `tables` between its marks, written whole."""
        write_file(self.path, f"{self.before}\n\n{tables}\n\n{self.after}".encode())


def open_page(path: Path, marks: tuple[str, str] = MARKS) -> Page:
    """The page at `path`. Raises click.UsageError if it cannot be read or lacks its marks."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise click.UsageError(f"--markdown {path}: cannot be read: {error}") from error
    before, begin, rest = text.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not (begin and end):
        raise click.UsageError(f"--markdown {path}: needs the lines {' and '.join(marks)}")
    return Page(path, before + begin, end + after)


def as_lines(request: Request, summary: dict[str, Any], day: str, found: list[Outcome]) -> str:
    """One project for a terminal."""
    title = request.project.title if request.project else request.file
    lines = [
        f"{title}: run {summary['run_id']} of {day}",
        "",
        left_aligned(_HEADINGS, [_cells(outcome) for outcome in found]),
    ]
    if reasons := _reasons(summary, found):
        lines += ["", *reasons]
    if summary["optimal"]:
        lines += ["", "The optimal structure:", top_table([summary["optimal"]])]
    return "\n".join([*lines, ""])


def as_document(told: list[Told]) -> dict[str, Any]:
    """All projects for `--json`."""
    return {
        "schema": 1,
        "met_or_explained": all(o.status != "failed" for *_, found in told for o in found),
        "projects": [
            {
                "project": request.project.id if request.project else None,
                "run_id": summary["run_id"],
                "fingerprint": summary["fingerprint"],
                "measured_on": day,
                "outcomes": [
                    {
                        "name": outcome.name,
                        "title": outcome.title,
                        **outcome.claim.model_dump(exclude_none=True, exclude={"explained"}),
                        "measured": outcome.measured,
                        "status": outcome.status,
                        "why_not": outcome.why,
                    }
                    for outcome in found
                ],
                "optimal": summary["optimal"],
            }
            for request, summary, day, found in told
        ],
    }


def as_page(told: list[Told]) -> str:
    """All projects in Markdown."""
    parts = []
    for request, summary, day, found in told:
        name, title = (request.project.id, request.project.title) if request.project else ("", "")
        rows = [[markdown_cell(cell) for cell in _cells(outcome)] for outcome in found]
        lines = [
            f"### {markdown_cell(f'{name}: {title}')}",
            "",
            f"Run `{summary['run_id']}`, measured on {day}, engine `{summary['fingerprint']}`.",
            "",
            *(f"| {' | '.join(row)} |" for row in (_HEADINGS, ["---"] * len(_HEADINGS), *rows)),
        ]
        if reasons := _reasons(summary, found):
            lines += ["", *(f"- {markdown_cell(reason)}" for reason in reasons)]
        if summary["optimal"]:
            lines += ["", "The optimal structure:", "", "```"]
            lines += [top_table([summary["optimal"]]), "```"]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _cells(outcome: Outcome) -> list[str]:
    return [
        outcome.title,
        outcome.claim.source,
        _expected(outcome),
        _text(outcome.name, outcome.measured),
        _STATUS[outcome.status],
    ]


def _reasons(summary: dict[str, Any], found: list[Outcome]) -> list[str]:
    """A line for each outcome that is not met: the project's explanation, or what binds."""
    lines = []
    for outcome in found:
        if outcome.status == "explained":
            lines.append(f"{outcome.title}: {outcome.why}")
        if outcome.status == "failed":
            binding = ", ".join(
                f"{each['reason']} {each['share_pct']:.1f} %"
                for each in summary["binding_constraints"][:_SHOWN_REASONS]
            )
            lines.append(
                f"{outcome.title}: not met and not explained; what binds: {binding or 'nothing'}"
            )
    return lines


def _expected(outcome: Outcome) -> str:
    claim = outcome.claim
    if isinstance(claim, ExpectedFact) or claim.value is not None:
        margin = getattr(claim, "tolerance", None)
        within = f" ± {_text(outcome.name, margin)}" if margin else ""
        return _text(outcome.name, claim.value) + within
    if claim.min is None or claim.max is None:
        bound, word = (claim.min, "at least") if claim.max is None else (claim.max, "at most")
        return f"{word} {_text(outcome.name, bound)}"
    return f"{_text(outcome.name, claim.min)} to {_text(outcome.name, claim.max)}"


def _text(name: str, value: Measured) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    unit, places = _UNITS.get(name, ("", 0))
    return f"{value:,.{places}f}{unit}"
