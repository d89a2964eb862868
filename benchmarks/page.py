"""docs/benchmarks.md, of history.jsonl and targets.yaml alone: the same files, the same page."""

import math
from collections.abc import Iterator

from benchmarks.history import WORSE_BY, Record, comparable, regressions
from benchmarks.machine import ROOT, Row, columns, shown
from benchmarks.rows import GROUPS, UNITS
from benchmarks.targets import Target, of_row, targets

PAGE = ROOT / "docs" / "benchmarks.md"
SHOWN = 6  # records of the history that stand side by side
HEAD = """\
# How fast it is

Written from `benchmarks/history.jsonl` and `benchmarks/targets.yaml`, never by hand:

```bash
make bench                # measures and prints; changes nothing
make bench RECORD=1       # adds a line to the history and writes this page
make bench CHECK=1        # ends with 1 where a row is worse than its source's figure
```

Each figure is the best of several; a run is a process of its own, once everything is compiled, and
its memory the most that its processes held at once (PSS, the largest of several).
"Beside" is the same work in the same minute by a C loop of the same arithmetic, compiled for this
processor, or by another program. "Source" is the most demanding figure that the requirements name,
"times better" what is left to it; they count on a server of 8 cores and 32 GB. A row without a
figure was not measured when the record was made. Larger runs, and the limits of each part, are in
[sizing.md](sizing.md), figures of correctness in [peers.md](peers.md).
"""
_MEASURED = (
    "measured", "figure", "unit", "source", "times better", "beside", "its figure", "ours of it",
)  # fmt: skip
_FIGURES = (1, 3, 4, 6, 7)


def lines_of(rows: dict[str, Row], names: dict[str, str]) -> list[tuple[str, ...]]:
    """The rows `names` as cells of a table; blank where there is no figure."""
    found = []
    for name, unit in names.items():
        row = rows.get(name)
        target = of_row(name)
        said = f"{shown(target.limit)} {unit}" if target else ""
        if row is None or math.isnan(row.figure):
            found.append((name, "", unit, said, "", "", "", ""))
            continue
        factor = _times(target.factor(row.figure)) if target else ""
        found.append((name, shown(row.figure), unit, said, factor, *row.cells()[3:6]))
    return found


def table(rows: dict[str, Row], names: dict[str, str]) -> str:
    """A group's rows as a table for a console."""
    return columns(_MEASURED, lines_of(rows, names), right=_FIGURES)


def _table(headings: tuple[str, ...], rows: list[tuple[str, ...]], right: tuple[int, ...]) -> str:
    """A table of Markdown without padding: a figure more changes one line of it."""
    marks = ["--:" if n in right else "---" for n in range(len(headings))]
    cells = [" | ".join(text.replace("<", "&lt;") for text in row) for row in (headings, *rows)]
    return "\n".join([f"| {cells[0]} |", f"|{'|'.join(marks)}|", *(f"| {c} |" for c in cells[1:])])


def page(records: list[Record]) -> str:
    """The whole page."""
    last = records[-1]
    parts = [HEAD.rstrip(), _about(last), *_groups(last), *_sources(last), *_history(records)]
    return "\n\n".join(parts) + "\n"


def _times(factor: float) -> str:
    return f"{shown(factor)}" if factor >= 1.0 else f"**{factor:.2f}, missed**"


def _about(record: Record) -> str:
    about = record.about
    said = (
        f"The last record: {about['date'][:10]}, commit `{about['commit']}`, {about['processor']}, "
        f"{about['cores']} cores, Python {about['python']}, load {about['load']} before and "
        f"{about['load_after']} after."
    )
    if record.was_busy:
        said += " Others used the machine: the figures are no measure of it."
    return said


def _groups(last: Record) -> Iterator[str]:
    for group, names in GROUPS.items():
        yield f"## {group}"
        yield _table(_MEASURED, lines_of(last.rows, names), right=_FIGURES)
        notes = [f"- {name}: {last.rows[name].note}" for name in names if _note(last, name)]
        if notes:
            yield "\n".join(notes)


def _note(record: Record, name: str) -> str:
    return record.rows[name].note if name in record.rows else ""


def _sources(last: Record) -> Iterator[str]:
    measured = [target for target in targets() if target.row]
    others = [target for target in targets() if target.why]
    factors = [target.factor(last.figure(target.row)) for target in measured]
    met, worse = sum(each >= 1.0 for each in factors), sum(each < 1.0 for each in factors)
    yield "## Every figure of the sources"
    yield (
        f"{len(targets())} figures: {met} met, {worse} missed, {len(measured) - met - worse} not "
        f"in the last record, {len(others)} that the bench does not measure."
    )
    for document in dict.fromkeys(target.document for target in targets()):
        yield f"### {document}"
        yield _table(
            ("chapter", "what", "said", "row", "ours", "times better"),
            [_held(target, last) for target in measured if target.document == document],
            right=(4, 5),
        )
        yield "Not measured here:"
        yield _table(
            ("chapter", "what", "said", "why"),
            [(t.chapter, t.what, t.said, t.why) for t in others if t.document == document],
            right=(),
        )


def _held(target: Target, last: Record) -> tuple[str, ...]:
    named = (target.chapter, target.what, target.said, target.row)
    figure = last.figure(target.row)
    if math.isnan(figure):
        return *named, "", ""
    return *named, f"{shown(figure)} {target.unit}", _times(target.factor(figure))


def _history(records: list[Record]) -> Iterator[str]:
    same = comparable(records)
    some = same[-SHOWN:]
    yield "## History"
    processor, cores = records[-1].machine
    yield (
        f"The last {len(some)} of {len(same)} records on {processor}, {cores} cores"
        f"{_elsewhere(len(records) - len(same))}. † others used the machine."
    )
    heads = [f"{r.about['date'][5:16].replace('T', ' ')} `{r.about['commit']}`" for r in some]
    marks = [" †" if record.was_busy else "" for record in some]
    yield _table(
        ("row", "unit", *(head + mark for head, mark in zip(heads, marks, strict=True))),
        [(name, unit, *(shown(r.figure(name)) for r in some)) for name, unit in UNITS.items()],
        right=tuple(range(2, 2 + len(some))),
    )
    known = {name for record in same for name in record.rows}
    if retired := sorted(known - set(UNITS)):
        yield f"Measured in earlier records, not any more: {'; '.join(retired)}."
    yield f"### Worse by more than {100 * WORSE_BY:.0f} % than the last time"
    found = regressions(records)
    if not found:
        yield "None."
        return
    yield _table(
        ("row", "before", "now", "unit", "worse by", "C loop changed by", "since"),
        [
            (
                one.name, shown(one.before), shown(one.now), one.unit,
                f"{100 * one.worse_by:.0f} %",
                "" if one.c_loop is None else f"{100 * one.c_loop:+.0f} %",
                f"`{one.since.about['commit']}`",
            )
            for one in found
        ],
        right=(1, 2, 4, 5),
    )  # fmt: skip
    yield "Where the C loop became as much slower, it was the machine."


def _elsewhere(others: int) -> str:
    return f"; {others} of other machines are left out" if others else ""
