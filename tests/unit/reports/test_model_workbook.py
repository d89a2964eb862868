"""Does the model workbook recompute what the engine computed, and does it follow its inputs?

Cached values are the formulas' own (`expression`), so the verdict of the checks holds formulas
against the engine; the Python engine `formulas` then recomputes the file from its text alone, for a
structure with a short life. LibreOffice does it for long ones (test_model_in_libreoffice.py).
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from dataclasses import replace

import openpyxl
import pytest

from kernels import layout as x
from pipeline.explain.run import StoredRun
from pipeline.reports.workbook.book import Book
from pipeline.reports.workbook.checks import FAILS, HOLDS, KPIS, RECOMPUTED
from pipeline.reports.workbook.model import model_book, model_file
from pipeline.reports.workbook.subject import Subject, subject_of
from tests.hostile import CONTROLS, READABLE, WORST, harmless
from tests.model_workbooks import (
    MEZZ,
    STEPS,
    STRUCTURES,
    as_shown,
    as_typed,
    changed,
    failing,
    verdict,
)
from tests.spreadsheet import Spreadsheet

PASS = "ALL CHECKS PASS"
RELATIVE = 1e-9
# The shortest lease and tenors the catalogue lets: few enough months for an engine in Python.
SHORT = {
    x.LEASE_YEARS: 5.0, x.SENIOR_TENOR_YEARS: 4.0, x.MEZZ_TENOR_YEARS: 3.0, **MEZZ,
    x.SENIOR_AMORT_TYPE: STEPS, x.SENIOR_GRACE_MONTHS: 6.0, x.TAX_ON: 1.0, x.RENT_FREE_MONTHS: 2.0,
}  # fmt: skip
QUICK = ("annuity", "steps, grace", "bullet", "sculpted, rent free", "mezzanine bullet",
         "mezzanine capitalising", "trap and turbo", "foreign currency")  # fmt: skip
# Functions that Excel, LibreOffice and the Python engine know, none of them volatile or new.
KNOWN = {
    "ABS", "AND", "COUNT", "COUNTIF", "IF", "IFERROR", "INDEX", "INT", "IRR", "ISNUMBER", "MATCH",
    "MAX", "MIN", "MOD", "NOT", "OR", "SUM", "SUMIF", "SUMPRODUCT",
}  # fmt: skip


@pytest.fixture(scope="module")
def offer(run: StoredRun, numbers: dict[str, int]) -> Subject:
    """A structure with a life of eight years; long ones are LibreOffice's."""
    lives = {x.LEASE_YEARS: 8.0, x.SENIOR_TENOR_YEARS: 6.0, x.MEZZ_TENOR_YEARS: 5.0}
    return changed(subject_of(run, numbers["offer"]), lives)


@pytest.fixture(scope="module")
def book(offer: Subject) -> Book:
    return model_book(offer)


def close(left: object, right: object) -> bool:
    """Equal texts, or numbers to the relative tolerance."""
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return math.isclose(left, right, rel_tol=RELATIVE, abs_tol=RELATIVE)
    return (left or "") == (right or "")


def follows(sheet: Spreadsheet, engine: Subject) -> list[str]:
    """Figures that a recomputed sheet does not have as the engine has them."""
    wrong = []
    for column, name in RECOMPUTED.items():
        told, found = as_shown(engine.figures[column]), sheet.named(name)
        if told is None:
            same = isinstance(found, str)
        elif column == "equity_irr":
            same = math.isclose(found, told, rel_tol=1e-6)
        else:
            money = isinstance(told, float) and abs(told) > 1e3
            same = close(found, told) or (money and abs(found - told) < 0.01)
        if not same:
            wrong.append(f"{column}: {found} for {told}")
    return wrong


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=() if kind in QUICK else pytest.mark.full) for kind in STRUCTURES],
)
def test_formulas_give_what_the_engine_gives(offer: Subject, kind: str) -> None:
    found = model_book(changed(offer, STRUCTURES[kind]))
    assert verdict(found) == PASS, failing(found)


def test_undefined_figures_stand_as_words(offer: Subject) -> None:
    debtless = changed(offer, STRUCTURES["no debt"])
    given = changed(offer, STRUCTURES["no equity"])
    assert debtless.figures["dscr_min"] is None and debtless.figures["equity_irr"] is None
    assert given.figures["senior_notional"] > 0 and given.figures["equity_irr"] is None
    without = model_book(debtless)
    assert without["Dscr_Min"].value == "no debt" == without["Senior_Rating"].value
    assert without["Equity_Irr"].value == "no single return"
    assert model_book(given)["Equity_Irr"].value == "no equity"


def test_an_engine_in_python_recomputes_every_cell_and_follows_the_inputs(offer: Subject) -> None:
    short = changed(offer, SHORT)
    data = model_file(short)
    sheet = Spreadsheet(data)
    kept = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    formulas = sheet.formulas()
    assert len(formulas) > 10_000
    wrong = []
    for place in formulas:
        name, row, column = place
        found, told = sheet.value(place), kept[name].cell(row, column).value
        # differences of large sums are their rounding, which the order of adding changes
        rounding = name == "Checks" and isinstance(found, float) and abs(found - told) < 1e-4
        if not close(found, told) and not rounding:
            wrong.append((place, found, told))
    assert wrong == []
    assert sheet.named("Verdict") == PASS
    assert follows(sheet, short) == []

    moves = {x.SENIOR_COUPON_PCT: 6.25, x.SENIOR_AMORT_TYPE: 0.0, x.DSRA_MONTHS: 3.0,
             x.MEZZ_AMORT_TYPE: 0.0, x.INFLATION_SPOT_PCT: 4.0, x.EQUITY_IRR_TARGET_PCT: 12.0,
             x.RENT_FREE_MONTHS: 4.0, x.CONSTRUCTION_MONTHS: 20.0}  # fmt: skip
    for row, value in moves.items():
        sheet.put(*as_typed(row, value))
    after = changed(short, moves)
    assert abs(after.figures["senior_notional"] / short.figures["senior_notional"] - 1) > 0.01
    assert follows(sheet, after) == []
    assert sheet.named("Inputs_Changed") == len(moves)
    assert str(sheet.named("Verdict")).startswith("INPUTS CHANGED")


def test_a_wrong_figure_is_found(offer: Subject) -> None:
    figures = {**offer.figures, "senior_notional": offer.figures["senior_notional"] + 0.02}
    found = model_book(replace(offer, figures=figures))
    assert failing(found) == ["Senior notional"]
    assert verdict(found) == "1 CHECKS FAIL"


def test_the_thirteen_key_figures_stand_first_and_say_what_is_recorded_only(book: Book) -> None:
    (sheet,) = (each for each in book.sheets if each.name == "Checks")
    rows = sorted({row for (row, column), cell in sheet.cells.items()
                   if column == 7 and cell.content in KPIS})[: len(KPIS)]  # fmt: skip
    told = [sheet.cells[row, 7].content for row in rows]
    assert told == list(KPIS) and len(KPIS) == 13
    for row in rows:
        if sheet.cells[row, 7].content in RECOMPUTED:
            assert sheet.cells[row, 3].formula and sheet.cells[row, 6].content == HOLDS
        else:
            assert sheet.cells[row, 3].content == "recorded only"


def test_blue_inputs_move_formulas_and_others_are_grey(book: Book) -> None:
    formulas = " ".join(cell.formula for sheet in book.sheets for cell in sheet.cells.values())
    words = set(re.findall(r"\w+", formulas))
    blue = {name for name, named in book.names.items()
            if named.sheet.cells[named.row, named.column].kind == "input"}  # fmt: skip
    assert blue <= words
    assert {"SeniorCoupon_38", "GrossITLoad_02", "SeniorAmortType_40", "DSRA_Months_59"} <= blue
    assert "MinSeniorRatingTarget_75" not in blue


def test_only_functions_that_every_spreadsheet_knows(book: Book) -> None:
    used = {name for sheet in book.sheets for cell in sheet.cells.values()
            for name in re.findall(r"([A-Z][A-Z0-9.]*)\(", cell.formula)}  # fmt: skip
    assert used <= KNOWN


def test_every_column_of_every_table_is_in_the_dictionary(book: Book) -> None:
    told = {(each.sheet, each.title) for each in book.meanings}
    for sheet in book.sheets:
        if sheet.name in ("Cover", "Dictionary"):
            continue
        heads = [cell.content for cell in sheet.cells.values() if cell.kind == "head"]
        assert heads
        assert {(sheet.name, str(head)) for head in heads} <= told, sheet.name


def test_the_same_structure_gives_the_same_bytes(offer: Subject) -> None:
    assert model_file(offer) == model_file(offer)


def test_nothing_that_was_typed_becomes_a_formula_or_a_link(offer: Subject) -> None:
    manifest = {**offer.manifest, "project": {**offer.manifest["project"],
                                              "title": WORST + CONTROLS}}  # fmt: skip
    levers = {"=1+1": "=cmd|'/C calc'!A0", "@SUM(A1)": "+1"}
    worst = replace(offer, manifest=manifest, levers=levers)
    found = model_book(worst)
    data = model_file(worst)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        text = "".join(archive.read(name).decode() for name in names if name.endswith(".xml"))
        links = [name for name in names if "externalLink" in name or "vba" in name.lower()]
        related = "".join(archive.read(name).decode() for name in names if name.endswith(".rels"))
    assert not links and "<hyperlink" not in text and "External" not in related
    ours = sum(bool(cell.formula) for sheet in found.sheets for cell in sheet.cells.values())
    assert text.count("<f>") == ours
    cover = openpyxl.load_workbook(io.BytesIO(data))["Cover"]
    told = [cell.value for row in cover.iter_rows() for cell in row if isinstance(cell.value, str)]
    (title,) = (each for each in told if READABLE in each)
    harmless(title)
    cells = [cell for row in cover.iter_rows() for cell in row
             if cell.value in ("=cmd|'/C calc'!A0", "+1")]  # fmt: skip
    assert len(cells) == 2 and all(cell.data_type == "s" for cell in cells)


def test_an_unsound_structure_has_its_inputs_and_says_so(
    run: StoredRun, numbers: dict[str, int]
) -> None:
    subject = subject_of(run, numbers["unsound"])
    found = model_book(subject)
    assert verdict(found).startswith("INVALID STRUCTURE")
    assert [sheet.name for sheet in found.sheets] == ["Cover", "Checks", "Inputs", "Assumptions"]
    assert openpyxl.load_workbook(io.BytesIO(model_file(subject)))["Inputs"].max_row > 100


def test_debt_paid_by_the_quarter_is_recorded_and_said_to_be(offer: Subject) -> None:
    covenants = {**offer.request["covenants"], "payment_frequency": "Quarterly"}
    request = {**offer.request, "covenants": covenants}
    quarterly = changed(
        replace(offer, manifest={**offer.manifest, "request": request}),
        {x.QUARTERLY_PAYMENT: 1.0, **STRUCTURES["mezzanine annuity"]},
    )
    found = model_book(quarterly)
    assert verdict(found) == PASS, failing(found)
    (cover,) = (each for each in found.sheets if each.name == "Cover")
    assert any("by the quarter" in str(cell.content) for cell in cover.cells.values())
    assert FAILS not in {cell.content for cell in cover.cells.values()}
