"""Is a pack the same twice, whole or told as not whole, and is what cannot be packed said?"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
import yaml

from pipeline.cli.main import run_command
from pipeline.explain.run import StoredRun
from pipeline.inputs import load_request
from pipeline.reports.pack import bundle
from pipeline.reports.pack.dossier import Dossier, dossier_of
from tests.run_projects import run_here
from tests.unit.reports.deal_run import PROJECT, deal_run

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def dossier(run: StoredRun, numbers: dict[str, int]) -> Dossier:
    return dossier_of(run, numbers["mezzanine"])


@pytest.fixture(scope="module")
def files(dossier: Dossier) -> dict[str, bytes]:
    return bundle.pack_files(dossier)


def test_a_pack_has_seven_documents_the_model_and_a_contents_page(files: dict[str, bytes]) -> None:
    names = ["0-contents", "1-term-sheets", "2-compliance", "3-stress-grid", "4-waterfall",
             "5-sidecar", "6-checklist", "7-investor-pack"]  # fmt: skip
    expected = [f"{name}.{form}" for name in names for form in ("pdf", "html")]
    assert sorted(files) == sorted([*expected, "1-term-sheets.docx", "pack.xlsx", "model.xlsx"])
    listed = files["0-contents.html"].decode()
    assert all(name in listed for name in files if not name.startswith("0-"))


def test_the_same_pack_twice_is_the_same_bytes(
    run: StoredRun, dossier: Dossier, files: dict[str, bytes]
) -> None:
    again = bundle.pack_files(dossier_of(run, dossier.permutation_id))
    assert [name for name in files if files[name] != again[name]] == []


def test_files_carry_the_date_of_the_run(dossier: Dossier, files: dict[str, bytes]) -> None:
    made = f"D:{dossier.made_at:%Y%m%d%H%M%S}".encode()
    for name, data in files.items():
        if name.endswith(".pdf"):
            assert made in data, name
    with zipfile.ZipFile(io.BytesIO(bundle.zipped("x", files, dossier))) as archive:
        # two seconds is what the format tells apart
        assert {each.date_time[:5] for each in archive.infolist()} == {
            dossier.made_at.timetuple()[:5]
        }


def test_formats_and_flags_choose_the_files(dossier: Dossier) -> None:
    found = bundle.pack_files(dossier, ("docx", "html"), ("TermSheets",))
    assert list(found) == ["0-contents.html", "1-term-sheets.docx", "1-term-sheets.html"]
    assert list(bundle.pack_files(dossier, ("xlsx",), ("ModelExport",))) == ["model.xlsx"]


def test_a_folder_is_whole_or_told_as_not(dossier: Dossier, tmp_path: Path) -> None:
    pack = bundle.write_pack(tmp_path, dossier, ("pdf",), ("TermSheets", "WaterfallPDF"))
    assert bundle.intact(pack.folder)
    sheet = pack.folder / "1-term-sheets.pdf"
    content = sheet.read_bytes()
    sheet.write_bytes(content[:-1] + b"?")
    assert not bundle.intact(pack.folder)
    sheet.write_bytes(content)
    assert bundle.intact(pack.folder)
    sheet.unlink()
    assert not bundle.intact(pack.folder)
    (pack.folder / bundle.LIST_NAME).unlink()
    assert not bundle.intact(pack.folder)


def test_a_smaller_pack_leaves_nothing_of_a_larger_one(dossier: Dossier, tmp_path: Path) -> None:
    bundle.write_pack(tmp_path, dossier, ("pdf", "html"), ("TermSheets",))
    stranger = tmp_path / f"{dossier.run_id}-{dossier.permutation_id}" / "notes.txt"
    stranger.write_text("somebody's own")
    pack = bundle.write_pack(tmp_path, dossier, ("pdf",), ("TermSheets",))
    assert {path.name for path in pack.folder.iterdir()} == {
        "0-contents.pdf", "1-term-sheets.pdf", "pack.json", "notes.txt"
    }  # fmt: skip
    with zipfile.ZipFile(pack.archive) as archive:
        assert [Path(name).name for name in archive.namelist()] == [
            "pack.json", "0-contents.pdf", "1-term-sheets.pdf"
        ]  # fmt: skip


def test_the_command_packs_the_best_and_tells_each(
    run: StoredRun, tmp_path: Path, capsys: Capture
) -> None:
    out = str(Path(run.results.where))
    line = ["pack", str(run.manifest["run_id"]), "--top", "2", "--formats", "docx", "--out", out,
            "--to", str(tmp_path), "--json"]  # fmt: skip
    assert run_command(line) == 0
    told = json.loads(capsys.readouterr().out)["packs"]
    ranked = run.results.top(str(run.manifest["run_id"]), 2)
    best = [row["permutation_id"] for row in ranked]
    assert [each["permutation_id"] for each in told] == best
    assert [each["files"] for each in told] == [["1-term-sheets.docx"]] * 2
    assert all(Path(each["archive"]).is_file() for each in told)


def test_names_come_from_the_project_file_that_is_given(
    run: StoredRun, tmp_path: Path, capsys: Capture
) -> None:
    named = {**PROJECT, "parties": {"trustee": "Trustee of Tests plc"}}
    file = tmp_path / "named.yaml"
    file.write_text(yaml.safe_dump(named))
    line = ["pack", str(run.manifest["run_id"]), "--formats", "html", "--project", str(file),
            "--out", run.results.where, "--to", str(tmp_path)]  # fmt: skip
    assert run_command(line) == 0
    page = next(tmp_path.rglob("1-term-sheets.html")).read_text()
    assert "Trustee of Tests plc" in page
    assert hashlib.sha256(file.read_bytes()).hexdigest() in page
    other = {**named, "project": {**PROJECT["project"], "id": "another"}}
    file.write_text(yaml.safe_dump(other))
    assert run_command(line) == 2
    assert "'another'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["no-such-run"], 2, "no run"),
        (["RUN", "-7"], 2, ""),
        (["RUN", "1e3"], 2, "has to be a whole number from 0 to"),
        (["RUN", "999999999"], 2, "has to be a whole number from 0 to"),
        (["RUN", "1", "--top", "2"], 2, "exclude each other"),
        (["RUN", "--formats", "pdf,odt"], 2, "has to be some of pdf, xlsx, docx, html"),
        (["RUN", "--formats", ","], 2, "has to be some of"),
        (["RUN", "--project", "missing.yaml"], 2, "missing.yaml"),
    ],
)
def test_what_cannot_be_packed_is_said_and_nothing_is_written(
    run: StoredRun, tmp_path: Path, capsys: Capture, more: list[str], code: int, said: str
) -> None:
    run_id = str(run.manifest["run_id"])
    line = ["pack", *(run_id if each == "RUN" else each for each in more)]
    line += ["--out", run.results.where, "--to", str(tmp_path / "packs")]
    assert run_command(line) == code
    assert said in capsys.readouterr().err
    assert not (tmp_path / "packs").exists()


def test_a_run_without_survivors_says_what_can_be_packed(tmp_path: Path, capsys: Capture) -> None:
    run = deal_run(tmp_path, levers={"OPEX_08": [8e7, 9e7]})
    assert run.results.top(str(run.manifest["run_id"]), 1) == []
    line = ["pack", str(run.manifest["run_id"]), "--out", str(tmp_path), "--formats", "html"]
    for more in ([], ["--top", "3"]):
        assert run_command([*line, *more]) == 2
        assert "name one by its number" in capsys.readouterr().err
    assert run_command([*line, "1"]) == 0
    page = next(tmp_path.rglob("0-contents.html")).read_text()
    assert "The gates reject this structure" in page


def test_what_a_run_sealed_stays_as_it_is(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "kinds.yaml"
    content = {**PROJECT, "base": {**PROJECT["base"], "DocumentPackFlags_113": ["TermSheets"]}}
    path.write_text(yaml.safe_dump(content))
    _, folder = run_here(load_request(path), tmp_path / "out", pack="yes")
    files = [each for each in (folder / "reports/packs").rglob("*") if each.is_file()]
    sealed = {each: each.read_bytes() for each in files}
    assert any(each.suffix == ".zip" for each in sealed)
    line = ["pack", folder.name, "--out", str(tmp_path / "out"), "--formats", "html"]
    assert run_command(line) == 0
    assert (folder / "packs").is_dir()
    assert {each: each.read_bytes() for each in sealed} == sealed
    assert run_command(["status", folder.name, "--out", str(tmp_path / "out")]) == 0
    assert "damaged" not in capsys.readouterr().out
