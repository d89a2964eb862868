"""Does text that anybody may have typed stay text, from the project file to each output?

One project whose title and tenant say the worst that is let in, run once; then every command that
shows something of it. What is not let in (control characters) may still stand in a manifest that
somebody changed in a store.
"""

import csv
import json
import shutil
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
from pypdf import PdfReader

from pipeline.cli.main import run_command
from pipeline.inputs import load_request
from tests.hostile import CONTROLS, READABLE, TENANT, WORST, harmless
from tests.run_projects import PROJECT, run_here

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    text = PROJECT.replace("LIMIT", "300")
    for before, after in (("title: Trial", WORST), ("name: Tenant", TENANT)):
        key = before.split(":")[0]
        text = text.replace(before, f"{key}: {quoted(after)}")
    (folder / "p.yaml").write_text(text)
    request = load_request(str(folder / "p.yaml"))
    assert request.project is not None and request.project.title == WORST
    assert request.project.tenant is not None and request.project.tenant.name == TENANT
    _, made = run_here(request, folder / "runs")
    return made


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=True)


def answer(capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    code = run_command(list(arguments))
    told = capsys.readouterr()
    return code, told.out, told.err


def commands(run: Path) -> list[list[str]]:
    out, project = ["--out", str(run.parent)], str(run.parents[1] / "p.yaml")
    best = str(pq.read_table(run / "ranked.parquet", columns=["permutation_id"])[0][0])
    return [
        ["runs", *out], ["status", run.name, *out], ["top", run.name, *out],
        ["show", run.name, *out], ["show", run.name, best, *out],
        ["compare", run.name, run.name, *out], ["explain", run.name, best, *out],
        ["near-misses", run.name, *out], ["plan", project], ["validate", project],
        ["run", project, "--direct", "--workers", "1", *out],
    ]  # fmt: skip


def test_no_command_lets_it_act_on_the_terminal(run: Path, capsys: Capture) -> None:
    shown = ""
    for command in commands(run):
        code, out, err = answer(capsys, *command)
        assert code == 0, (command, err)
        harmless(out)
        harmless(err)
        shown += out
    assert READABLE in shown


def test_json_says_what_was_typed_and_acts_on_no_terminal_either(
    run: Path, capsys: Capture
) -> None:
    found = ""
    for command in commands(run):
        code, out, err = answer(capsys, *command, "--json")
        assert code == 0, (command, err)
        harmless(out)
        found += json.dumps(json.loads(out))
    assert json.dumps(WORST)[1:-1] in found


def test_control_characters_are_refused_and_the_refusal_shows_none(
    tmp_path: Path, capsys: Capture
) -> None:
    text = PROJECT.replace("LIMIT", "300").replace("title: Trial", f"title: {quoted(CONTROLS)}")
    (tmp_path / "p.yaml").write_text(text)
    for more in ((), ("--json",)):
        code, out, err = answer(capsys, "validate", str(tmp_path / "p.yaml"), *more)
        assert code == 2
        assert "project.title" in out + err and "holds control characters" in out + err
        harmless(out)
        harmless(err)


def test_a_manifest_that_somebody_changed_does_not_act_on_the_terminal(
    run: Path, tmp_path: Path, capsys: Capture
) -> None:
    changed = tmp_path / "runs" / run.name
    shutil.copytree(run, changed)
    manifest = json.loads((changed / "manifest.json").read_bytes())
    manifest["project"]["title"] = WORST + CONTROLS
    manifest["created_at"] = "2026-01-01T00:00:00.000Z" + CONTROLS
    manifest["owner"] = manifest["desk"] = CONTROLS
    (changed / "manifest.json").write_text(json.dumps(manifest))
    out = ["--out", str(tmp_path / "runs")]
    for command in (["runs"], ["status", run.name], ["top", run.name], ["show", run.name],
                    ["compare", run.name, run.name], ["resume", run.name]):  # fmt: skip
        for more in ([], ["--json"]):
            code, shown, told = answer(capsys, *command, *out, *more)
            assert code in (0, 1), command
            assert "unexpected" not in told
            harmless(shown)
            harmless(told)


def test_files_are_named_by_nothing_that_was_typed(run: Path) -> None:
    for path in run.parents[1].rglob("*"):
        assert "up" not in path.name and "script" not in path.name, path
        harmless(path.name)
    assert json.loads((run / "manifest.json").read_bytes())["project"]["title"] == WORST


def test_each_event_of_the_log_is_one_line(run: Path) -> None:
    lines = (run / "log.jsonl").read_text().splitlines()
    assert len(lines) > 3
    for line in lines:
        harmless(line)
        assert json.loads(line)["level"] in {"INFO", "WARNING"}


def test_the_report_shows_it_letter_by_letter(run: Path) -> None:
    reader = PdfReader(run / "reports" / "summary.pdf")
    text = "".join(page.extract_text() for page in reader.pages)
    squeezed = "".join(text.split())
    assert READABLE in squeezed and "<fontcolor='red'>tenant</font>" in squeezed
    harmless(text)
    harmless("".join(str(value) for value in (reader.metadata or {}).values()))
    for page in reader.pages:
        actions = [each.get_object().get("/A") for each in page.get("/Annots", [])]
        assert not [each for each in actions if each and "/URI" in each]


def test_an_export_and_what_stands_beside_it_hold_no_formula(
    run: Path, tmp_path: Path, capsys: Capture
) -> None:
    for name in ("a.csv", "a.xlsx", "a.parquet"):
        code, out, err = answer(
            capsys, "export", run.name, "--to", str(tmp_path / name), "--top", "5",
            "--out", str(run.parent),
        )  # fmt: skip
        assert code == 0, err
        harmless(out + err)
    with (tmp_path / "a.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert cells
    assert not [cell for cell in cells if cell[:1] in "=+@\t\r" and cell]
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    texts = [
        cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row
        if isinstance(cell.value, str)
    ]  # fmt: skip
    assert any(READABLE in cell.value for cell in texts)
    assert {cell.data_type for cell in texts} == {"s"}
    assert not [cell for cell in texts if cell.hyperlink]
    for cell in texts:
        harmless(cell.value)
