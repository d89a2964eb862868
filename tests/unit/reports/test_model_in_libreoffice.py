"""Does LibreOffice, from the formulas alone, get what the engine computed? Only in the long lane.

Files are saved again without the values they keep, so that nothing is left but formulas, which
LibreOffice computes; every cell and every figure is held against the engine. Then inputs are typed
over, and the engine is asked what they should give.
"""

from __future__ import annotations

import io
import math
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from kernels import layout as x
from pipeline.reports.workbook.checks import RECOMPUTED
from pipeline.reports.workbook.model import model_file
from pipeline.reports.workbook.subject import Subject, subject_of
from tests.model_workbooks import (
    ANNUITY,
    BULLET,
    LEVEL,
    MEZZ,
    SCULPTED,
    STEPS,
    STRUCTURES,
    Changes,
    as_shown,
    as_typed,
    changed,
    planned,
)

pytestmark = [
    pytest.mark.full,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        shutil.which("soffice") is None and os.environ.get("CI") != "true",
        reason="no LibreOffice (soffice) here",
    ),
]
PROJECTS = Path(__file__).parents[3] / "fixtures" / "projects"
GOLDEN = ("small", "medium", "large")
PASS = "ALL CHECKS PASS"
MONEY, RELATIVE, RATE = 0.01, 1e-9, 1e-6
# What a person might type over; each on top of the structure it is typed into.
TYPED: dict[str, Changes] = {
    "coupon": {x.SENIOR_COUPON_PCT: 6.75},
    "rent": {x.GROSS_MONTHLY_RENT: 4e6, x.GROSS_IT_LOAD_MW: 12},
    "tenor and profile": {x.SENIOR_TENOR_YEARS: 9, x.SENIOR_AMORT_TYPE: SCULPTED},
    "bullet": {x.SENIOR_AMORT_TYPE: BULLET, x.CONSTRUCTION_MONTHS: 30},
    "grace": {x.SENIOR_AMORT_TYPE: STEPS, x.SENIOR_GRACE_MONTHS: 24, x.RENT_FREE_MONTHS: 6},
    "level and tax": {x.SENIOR_AMORT_TYPE: LEVEL, x.TAX_ON: 1, x.LEASE_YEARS: 12},
    "mezzanine": {**MEZZ, x.MEZZ_AMORT_TYPE: x.MEZZ_PIK, x.MEZZ_COUPON_PCT: 11},
    "indexation": {x.INDEXATION_MODE: x.INDEX_CPI, x.INFLATION_SPOT_PCT: 6, x.CPI_CAP_PCT: 5},
    "costs": {x.OPEX: 30, x.MAINTENANCE_CAPEX_PCT: 8, x.INSURANCE_PREMIUM_BPS: 200,
              x.SENIOR_ONGOING_FEE_BPS: 100},
    "traps": {x.TRAP_TRIGGER_DSCR: 2.5, x.CASH_TRAP_RULE: 2, x.EXCESS_SPREAD_USE: 1},
    "reserves": {x.DSRA_MONTHS: 12, x.LIQUIDITY_MONTHS: 0, x.COLLECTION_LAG_DAYS: 75},
    "overlays": {x.ZCIS_5Y_ON: 0, x.ZCIS_10Y_ON: 0, x.TRS_ON: 0, x.FLOOR_ON: 0, x.STRIP_ON: 0},
    "target": {x.EQUITY_IRR_TARGET_PCT: 11, x.SENIOR_TARGET_DSCR: 1.9, x.WRAP_TYPE: 1},
}  # fmt: skip
Workbook = Any


def typed_over(data: bytes, changes: Changes) -> bytes:
    """The file with inputs typed over and no values kept beside its formulas."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    for row, value in changes.items():
        name, content = as_typed(row, value)
        ((sheet, place),) = book.defined_names[name].destinations
        book[sheet][place.replace("$", "")].value = content
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def recomputed(files: Mapping[str, bytes], folder: Path) -> Iterator[tuple[str, Workbook]]:
    """Files by name as LibreOffice computes them, in one go; one at a time, as each is large."""
    program = shutil.which("soffice")
    assert program is not None, "LibreOffice is part of CI's machine"
    given, made = folder / "given", folder / "made"
    given.mkdir()
    for number, data in enumerate(files.values()):
        (given / f"{number}.xlsx").write_bytes(data)
    subprocess.run(
        [program, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless",
         "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(made),
         *(str(given / f"{number}.xlsx") for number in range(len(files)))],
        check=True, capture_output=True, timeout=1800,
    )  # fmt: skip
    for number, name in enumerate(files):
        yield name, openpyxl.load_workbook(made / f"{number}.xlsx", data_only=True)


def named(book: Workbook, name: str) -> Any:
    ((sheet, place),) = book.defined_names[name].destinations
    return book[sheet][place.replace("$", "")].value


def differing(book: Workbook, engine: Subject) -> list[str]:
    """Figures that a recomputed file does not have as the engine has them."""
    wrong = []
    for column, name in RECOMPUTED.items():
        told, found = as_shown(engine.figures[column]), named(book, name)
        if isinstance(told, str) or told is None:
            same = found == told if told is not None else isinstance(found, str)
        else:
            allowed = RATE if column == "equity_irr" else RELATIVE
            money = MONEY if abs(told) > 1e3 else RELATIVE
            same = isinstance(found, (int, float)) and math.isclose(
                found, told, rel_tol=allowed, abs_tol=max(money, RELATIVE)
            )
        if not same:
            wrong.append(f"{column}: {found} for {told}")
    return wrong


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Subject]:
    """A structure of each golden project: every overlay on, in the middle of the levers."""
    found = {}
    for name in GOLDEN:
        run = planned(PROJECTS / f"{name}.yaml", tmp_path_factory.mktemp(name))
        found[name] = subject_of(run, run.plan.size // 2 + 31)
    return found


def test_every_cell_and_figure_of_many_structures(
    golden: dict[str, Subject], tmp_path: Path
) -> None:
    subjects = dict(golden)
    for place, (kind, changes) in enumerate(STRUCTURES.items()):
        base = golden[GOLDEN[place % len(GOLDEN)]]
        subjects[kind] = changed(base, changes)
    subjects["annuity with mezzanine"] = changed(
        golden["large"], {**MEZZ, x.SENIOR_AMORT_TYPE: ANNUITY, x.INDEXATION_MODE: x.INDEX_CPI}
    )
    written = {kind: model_file(subject) for kind, subject in subjects.items()}
    bare = {kind: typed_over(data, {}) for kind, data in written.items()}
    for kind, book in recomputed(bare, tmp_path):
        assert named(book, "Verdict") == PASS, kind
        assert differing(book, subjects[kind]) == [], kind
        kept = openpyxl.load_workbook(io.BytesIO(written[kind]), data_only=True)
        assert _cells_that_differ(kept, book) == [], kind


def _cells_that_differ(kept: Workbook, found: Workbook) -> list[str]:
    wrong = []
    for sheet in kept:
        other = found[sheet.title]
        for row in sheet.iter_rows():
            for cell in row:
                mine, theirs = cell.value, other.cell(cell.row, cell.column).value
                if isinstance(mine, (int, float)) and isinstance(theirs, (int, float)):
                    # gaps of large sums are their rounding
                    rounding = 1e-4 if sheet.title == "Checks" else 1e-6
                    same = math.isclose(mine, theirs, rel_tol=RELATIVE, abs_tol=rounding)
                else:
                    same = (mine or "") == (theirs or "")
                if not same:
                    wrong.append(f"{sheet.title}!{cell.coordinate}: {theirs!r} for {mine!r}")
    return wrong


def test_typing_over_an_input_gives_what_the_engine_gives(
    golden: dict[str, Subject], tmp_path: Path
) -> None:
    subjects = {kind: golden[GOLDEN[place % len(GOLDEN)]] for place, kind in enumerate(TYPED)}
    written = {name: model_file(subject) for name, subject in golden.items()}
    files = {
        kind: typed_over(written[GOLDEN[place % len(GOLDEN)]], changes)
        for place, (kind, changes) in enumerate(TYPED.items())
    }
    moved = 0
    for kind, book in recomputed(files, tmp_path):
        after = changed(subjects[kind], TYPED[kind])
        assert differing(book, after) == [], kind
        assert str(named(book, "Verdict")).startswith("INPUTS CHANGED"), kind
        before = subjects[kind].figures["senior_notional"]
        moved += after.figures["senior_notional"] != before
    assert moved >= len(TYPED) // 2
