"""`make bench`: every figure in one table, with the machine it was measured on."""

import argparse
import json
import sys
from pathlib import Path

from benchmarks import commands, machine, run, waterfall
from benchmarks.machine import Row

HISTORY = Path(__file__).with_name("history.jsonl")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=["kernels", "runs", "commands"], help="one part of it")
    parser.add_argument("--record", action="store_true", help=f"append to {HISTORY.name}")
    options = parser.parse_args()
    about = machine.described()
    rows: list[Row] = []
    parts = {"kernels": waterfall.measure, "runs": run.measure, "commands": commands.measure}
    for name, measure in parts.items():
        if options.only in (None, name):
            for row in measure():
                sys.stderr.write(f"{row.what}: {row.cells()[1]} {row.unit}\n")
                rows.append(row)
    about["load_after"] = round(machine.load(), 2)
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    print()
    print(machine.table(rows))
    if options.record:
        with HISTORY.open("a", encoding="utf-8") as file:
            file.write(json.dumps(machine.record(rows, about)) + "\n")


main()
