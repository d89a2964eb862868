"""`make bench`: every figure by groups, beside the sources' and other programs'."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator

from benchmarks import commands, history, machine, page, run, services, steps, targets, waterfall
from benchmarks.machine import Row
from benchmarks.rows import GROUPS, UNITS, checked

PARTS: dict[str, Callable[[], Iterator[Row]]] = {
    "kernels": waterfall.measure,
    "steps": steps.measure,
    "runs": run.measure,
    "commands": commands.measure,
    "services": services.measure,
}


def main() -> int:
    """Measure and print; 1 where `--check` finds a row worse than its source's figure.

    Also 1 where the whole bench lacks a row that it should have.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=list(PARTS), help="one part of it")
    parser.add_argument(
        "--record", action="store_true", help=f"append to {history.FILE.name}, write the page"
    )
    parser.add_argument(
        "--page", action="store_true", help=f"only write {page.PAGE.name} of the history"
    )
    parser.add_argument(
        "--check", action="store_true", help="exit 1 if a row is worse than its source's figure"
    )
    options = parser.parse_args()
    if options.record and options.only:
        parser.error("--record keeps the whole bench, not --only a part of it")
    if options.page:
        return _written()
    about = machine.described()
    rows = _measured([options.only] if options.only else list(PARTS))
    about["load_after"] = round(machine.load(), 2)
    _print(rows, about)
    if options.record:
        with history.FILE.open("a", encoding="utf-8") as file:
            file.write(json.dumps(machine.record(list(rows.values()), about)) + "\n")
        _written()
    missed = targets.missed({name: row.figure for name, row in rows.items()})
    for each in missed:
        print(f"missed: {each}")
    if not options.only and (without := set(UNITS) - set(rows)):
        print(f"named in benchmarks/rows.py and not measured: {', '.join(sorted(without))}")
        return 1
    return 1 if options.check and missed else 0


def _measured(parts: list[str]) -> dict[str, Row]:
    rows = {}
    for part in parts:
        for row in PARTS[part]():
            sys.stderr.write(f"{row.what}: {machine.shown(row.figure)} {row.unit}\n")
            rows[checked(row).what] = row
    return rows


def _print(rows: dict[str, Row], about: dict[str, object]) -> None:
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    for group, names in GROUPS.items():
        if some := {name: unit for name, unit in names.items() if name in rows}:
            print(f"\n{group}\n\n{page.table(rows, some)}")
            notes = [f"  {name}: {rows[name].note}" for name in some if rows[name].note]
            print("\n".join(["", *notes]) if notes else "")


def _written() -> int:
    page.PAGE.write_text(page.page(history.records()), encoding="utf-8")
    print(f"{page.PAGE.relative_to(machine.ROOT)} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
