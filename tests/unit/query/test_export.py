"""Is an exported file whole, true to the run, told about, and free of anything that acts?"""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.cli.main import run_command
from pipeline.inputs.errors import InputErrors
from pipeline.query import export as exporting
from pipeline.query.export import Exported
from pipeline.query.rows import RankedRows
from pipeline.query.sinks import METADATA_KEY
from pipeline.storage.results import LocalResults

WHERE = "rating >= AA and _38 in (4, 5)"
HOSTILE = '=cmd|" /C calc"!A0'


def export(run: Path, target: Path, **asked: Any) -> Exported:
    return exporting.export(LocalResults(run.parent), run.name, target, **asked)


def expected(run: Path, where: str | None = None) -> pa.Table:
    """The rows by another way: the whole file in memory."""
    table = pq.read_table(run / "ranked.parquet")
    if where is None:
        return table
    kept = [
        place
        for place, row in enumerate(table.to_pylist())
        if row["senior_rating"] in ("AA", "AAA") and row["SeniorCoupon_38"] in (4.0, 5.0)
    ]
    return table.take(pa.array(kept))


def cells(path: Path, sheet: str = "structures") -> list[list]:
    book = openpyxl.load_workbook(path)
    return [[cell.value for cell in row] for row in book[sheet].iter_rows()]


def text_of(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "; ".join(value) if isinstance(value, list) else str(value)


def test_csv_holds_the_rows_and_beside_it_what_they_mean(run: Path, tmp_path: Path) -> None:
    found = export(run, tmp_path / "a.csv", where=WHERE)
    with found.file.open(newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))
    table = expected(run, WHERE)
    assert 0 < found.rows == table.num_rows == len(lines) - 1
    assert lines[0] == table.column_names
    for line, row in zip(lines[1:], table.to_pylist(), strict=True):
        for cell, value in zip(line, row.values(), strict=True):
            assert float(cell) == value if type(value) is float else cell == text_of(value)
    about = json.loads((tmp_path / "a.csv.about.json").read_text())
    assert about["run_id"] == run.name
    assert (about["rows"], about["where"]) == (found.rows, WHERE)
    assert [column["name"] for column in about["columns"]] == table.column_names
    assert {"name": "wacc", "unit": "%"}.items() <= about["columns"][
        table.column_names.index("wacc")
    ].items()


def test_parquet_holds_the_same_bits_and_its_origin(run: Path, tmp_path: Path) -> None:
    export(run, tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet", page_checksum_verification=True)
    assert table.equals(expected(run))
    assert table.schema.field("wacc").metadata[b"unit"] == b"%"
    assert json.loads(table.schema.metadata[METADATA_KEY])["run_id"] == run.name


def test_a_workbook_has_rows_dictionary_and_origin(run: Path, tmp_path: Path) -> None:
    columns = "rank,id,tier,wacc,trs,warnings,repo_cash,_38"
    export(run, tmp_path / "a.xlsx", columns=columns, most=50)
    rows = cells(tmp_path / "a.xlsx")
    table = expected(run).slice(0, 50).select(rows[0])
    assert rows[0][:4] == ["rank", "permutation_id", "viability_tier", "wacc"]
    assert len(rows) == 51
    for cell_row, row in zip(rows[1:], table.to_pylist(), strict=True):
        told = [text_of(each) or None if isinstance(each, list) else each for each in row.values()]
        for cell, value in zip(cell_row, told, strict=True):  # XlsxWriter writes 16 digits
            assert cell == (pytest.approx(value, rel=1e-15) if type(value) is float else value)
    dictionary = cells(tmp_path / "a.xlsx", "dictionary")
    assert [line[0] for line in dictionary] == ["name", *rows[0]]
    origin = dict(cells(tmp_path / "a.xlsx", "provenance"))
    assert (origin["run_id"], origin["rows"]) == (run.name, 50)
    assert origin["market.name"] == "gbp"


def test_the_same_question_gives_the_same_bytes(run: Path, tmp_path: Path) -> None:
    for name in ("a.csv", "a.xlsx", "a.parquet"):
        first = export(run, tmp_path / name, most=20).file.read_bytes()
        assert export(run, tmp_path / name, most=20, force=True).file.read_bytes() == first


@pytest.fixture
def hostile(run: Path, tmp_path: Path) -> Path:
    """A run whose texts would act in a spreadsheet, were they read as formulas."""
    folder = tmp_path / run.name
    folder.mkdir()
    for name in ("plan.json", "manifest.json"):
        shutil.copy(run / name, folder / name)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["project"]["title"] = "@SUM(1+1)\u202egpj.exe"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    table = pq.read_table(run / "ranked.parquet").slice(0, 3)
    place = table.column_names.index("SeniorAmortType_40")
    texts = pa.array([HOSTILE, "+1", "http://example.org"])
    pq.write_table(
        table.set_column(place, table.schema.field(place), texts), folder / "ranked.parquet"
    )
    return folder


def test_no_text_is_a_formula_or_a_link(hostile: Path, tmp_path: Path) -> None:
    export(hostile, tmp_path / "a.csv", columns="SeniorAmortType_40")
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        guarded = [line[0] for line in csv.reader(file)][1:]
    assert guarded == [f"'{HOSTILE}", "'+1", "http://example.org"]
    export(hostile, tmp_path / "a.xlsx", columns="SeniorAmortType_40")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    for sheet in book:
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" and cell.hyperlink is None for cell in row)
    assert [row[0] for row in cells(tmp_path / "a.xlsx")][1:] == guarded
    origin = dict(cells(tmp_path / "a.xlsx", "provenance"))
    assert origin["project.title"] == "'@SUM(1+1)gpj.exe"


def test_nothing_is_replaced_unless_asked(run: Path, tmp_path: Path) -> None:
    for name in ("a.csv.about.json", "b.xlsx"):
        (tmp_path / name).write_text("mine")
    for name in ("a.csv", "b.xlsx"):
        with pytest.raises(InputErrors, match="--force"):
            export(run, tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv.about.json", "b.xlsx"]
    assert isinstance(export(run, tmp_path / "b.xlsx", columns="id", force=True), Exported)


def test_all_that_is_wrong_is_told_at_once_and_nothing_written(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputErrors) as caught:
        export(run, tmp_path / "no" / "a.pdf", where="tier = Gld", columns="id,x")
    assert [each.file for each in caught.value.errors] == ["--to", "--to", "--where", "--columns"]
    with pytest.raises(InputErrors, match="the run's own folder"):
        export(run, run / "ranked.parquet", force=True)
    assert list(tmp_path.iterdir()) == []


def test_more_rows_than_a_sheet_holds_are_refused(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "EXCEL_ROWS", 30)
    with pytest.raises(InputErrors, match="holds 30 rows"):
        export(run, tmp_path / "a.xlsx")
    assert export(run, tmp_path / "a.xlsx", most=30, columns="id").rows == 30
    assert len(cells(tmp_path / "a.xlsx")) == 31
    assert export(run, tmp_path / "a.csv", columns="id").rows > 30


def test_a_write_that_breaks_off_leaves_what_was_there(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_text("old")
    (tmp_path / "a.xlsx").write_text("old")
    real = RankedRows.chosen

    def broken(self: RankedRows, *arguments: object):  # type: ignore[no-untyped-def]
        yield next(real(self, *arguments))  # type: ignore[arg-type]
        raise OSError("the disk is gone")

    monkeypatch.setattr(RankedRows, "chosen", broken)
    for name in ("a.csv", "a.xlsx"):
        with pytest.raises(OSError, match="the disk is gone"):
            export(run, tmp_path / name, force=True)
        assert (tmp_path / name).read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.xlsx"]


def test_the_command_says_what_it_wrote(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["export", run.name, "--out", str(run.parent), "--columns", "id,wacc", "--top", "4"]
    assert run_command([*base, "--to", str(tmp_path / "a.csv"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["columns"]) == (4, 2)
    assert told["bytes"] == (tmp_path / "a.csv").stat().st_size
    assert run_command([*base, "--to", str(tmp_path / "b.xlsx")]) == 0
    assert "4 structures with 2 columns" in capsys.readouterr().out
    assert run_command([*base, "--to", str(tmp_path / "a.csv")]) == 2


def test_a_file_of_the_run_is_fetched_as_it_was_sealed(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "summary.pdf"
    asked = ["export", run.name, "--to", str(target), "--out", str(run.parent), "--file"]
    assert run_command([*asked, "reports/summary.pdf"]) == 0
    assert target.read_bytes() == (run / "reports/summary.pdf").read_bytes()
    assert run_command([*asked, "reports/sumary.pdf"]) == 2
    told = capsys.readouterr().err
    assert "reports/summary.pdf" in told and "exists already" in told
    assert run_command([*asked, "../../etc/passwd", "--force"]) == 2
    assert run_command([*asked, "plan.json", "--force", "--where", "trs"]) == 2
    shutil.copytree(run, tmp_path / "runs" / run.name)
    (tmp_path / "runs" / run.name / "summary.json").write_text("{}")
    command = ["export", run.name, "--to", str(tmp_path / "s.json"), "--file", "summary.json"]
    assert run_command([*command, "--out", str(tmp_path / "runs")]) == 1
    assert "not as it was sealed" in capsys.readouterr().err
    assert not (tmp_path / "s.json").exists()
