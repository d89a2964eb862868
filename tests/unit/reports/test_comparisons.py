"""Do comparisons become documents that tell what `compare` prints, in every format?"""

import json
from pathlib import Path

import pytest

from pipeline.cli.main import run_command
from pipeline.inputs import load_request
from pipeline.query import beside
from pipeline.query.comparison import compare_runs
from pipeline.reports.pack.document import Document, StackedBars, Verdicts
from pipeline.reports.pack.rendering import FORMATS, rendered
from pipeline.reports.pack.runs_compared import runs_compared
from pipeline.reports.pack.structures_beside import structures_beside
from pipeline.storage.results import LocalResults
from tests.compare_sources import ToldOfSeveral, ToldOfTwo
from tests.pack_sources import Told, printed, same
from tests.pack_text import missing_in, shown_in
from tests.run_projects import request_of, run_here, write_project

Capture = pytest.CaptureFixture[str]
LIMIT = 800


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run, and one in another currency whose lease is shorter."""
    folder = tmp_path_factory.mktemp("runs")
    first = run_here(request_of(folder, limit=LIMIT), folder)[1]
    project = write_project(folder)
    text = project.read_text().replace("LeaseTermYears_22: 20", "LeaseTermYears_22: 18")
    text = text.replace("base: {", "base: {Currency_01: EUR, ").replace(":gbp", ":eur")
    project.write_text(text.replace("country: GB", "country: DE"))
    return first, run_here(load_request(project), folder, max_permutations=LIMIT)[1]


@pytest.fixture(scope="module")
def numbers(runs: tuple[Path, Path]) -> list[int]:
    """Three that survived, one that a gate rejected, and one that the sample does not hold."""
    told = Told(runs[0].parent, runs[0].name, 0)
    survivors = told.ranked["permutation_id"].to_pylist()
    results = LocalResults(runs[0].parent)
    others = [n for n in range(200) if n not in survivors]
    rejected = next(n for n in others if results.row(runs[0].name, n) is not None)
    unknown = next(n for n in others if results.row(runs[0].name, n) is None)
    return [survivors[0], survivors[1], survivors[-1], rejected, unknown]


def of_two(old: Path, new: Path) -> Document:
    results = LocalResults(old.parent)
    found = compare_runs(results, old.name, new.name)
    return runs_compared(found, (results.manifest(old.name), results.manifest(new.name)))


def of_several(run: Path, numbers: list[int]) -> Document:
    results = LocalResults(run.parent)
    found = beside.structures_beside(results, run.name, numbers)
    return structures_beside(found, results.manifest(run.name))


def wrong(document: Document, told: ToldOfTwo | ToldOfSeveral) -> list[str]:
    return [
        f"{each.source}: {each.value} is {told.value(each.source)}"
        for each in document.figures()
        if not same(each.value, told.value(each.source))
    ]


def test_every_figure_of_two_runs_is_what_compare_prints(runs: tuple[Path, Path]) -> None:
    for old, new in (runs, runs[::-1], (runs[0], runs[0])):
        document = of_two(old, new)
        assert wrong(document, ToldOfTwo(old.parent, old.name, new.name)) == []
        assert len(list(document.figures())) > 100


def test_every_figure_of_structures_is_what_compare_prints(
    runs: tuple[Path, Path], numbers: list[int]
) -> None:
    document = of_several(runs[0], numbers)
    told = ToldOfSeveral(runs[0].parent, runs[0].name, numbers)
    assert wrong(document, told) == []
    verdicts = [each for each in document.cells() if isinstance(each, Verdicts)]
    assert len(verdicts) == 14 * len(numbers)
    for each in verdicts:
        assert each.verdict == {True: "pass", False: "fail", None: "none"}[told.value(each.source)]


@pytest.mark.parametrize("form", FORMATS)
def test_every_figure_stands_in_every_format(
    runs: tuple[Path, Path], numbers: list[int], form: str
) -> None:
    for document in (
        of_two(*runs),
        of_several(runs[0], numbers[:3]),
        of_several(*runs[:1], numbers),
    ):
        assert missing_in(form, rendered(document, form), list(shown_in(document)), document) == []
    again = of_two(*runs)
    assert rendered(again, form) == rendered(of_two(*runs), form)


def test_amounts_of_two_currencies_have_no_difference(runs: tuple[Path, Path]) -> None:
    found = printed("compare", runs[0].name, runs[1].name, "--out", runs[0].parent)
    totals = {row["name"]: row for row in found["totals"]}
    assert totals["max_senior"]["change"] is None
    assert totals["survivors"]["change"] is not None
    sources = {figure.source for figure in of_two(*runs).figures()}
    assert "change.totals[survivors]" in sources
    assert "change.totals[max_senior]" not in sources
    assert "old.totals[max_senior]" in sources


def test_the_funnel_has_the_shares_of_those_examined(runs: tuple[Path, Path]) -> None:
    found = printed("compare", runs[0].name, runs[1].name, "--out", runs[0].parent)
    summary = json.loads((runs[1] / "summary.json").read_text())
    steps = {row["name"]: row for row in found["funnel"]}
    assert steps["examined"]["new_pct"] == 100.0
    assert steps["passed_gate_b"]["new"] == summary["survivors"]
    assert steps["passed_gate_b"]["new_pct"] == 100.0 * summary["survivors"] / LIMIT


def test_a_run_without_survivors_is_compared(runs: tuple[Path, Path]) -> None:
    found = printed("compare", runs[0].name, runs[0].name, "--out", runs[0].parent)
    for rows in (found["best"], found["totals"], found["tiers"], found["funnel"]):
        for row in rows:
            row["new"] = 0 if isinstance(row["new"], int) else None
            row["change"] = None
    for row in found["funnel"]:
        row["new_pct"] = 0.0
    found["optimal"][1] = None
    manifest = json.loads((runs[0] / "manifest.json").read_text())
    document = runs_compared(found, (manifest, manifest))
    nothing = [each for each in document.figures() if each.source == "new.optimal"]
    assert [each.note for each in nothing] == ["no structure passed both gates"]
    empty = {**found, "tiers": [{**row, "old": 0} for row in found["tiers"]]}
    blocks = runs_compared(empty, (manifest, manifest)).blocks()
    assert not [each for each in blocks if isinstance(each, StackedBars)]


# -- the command -----------------------------------------------------------------------------------
def told(capsys: Capture, *arguments: object, code: int = 0) -> dict:
    assert run_command([*map(str, arguments), "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_compare_writes_what_it_is_asked_for(
    runs: tuple[Path, Path], numbers: list[int], tmp_path: Path, capsys: Capture
) -> None:
    out = ("--out", runs[0].parent)
    plain = told(capsys, "compare", runs[0].name, runs[1].name, *out)
    found = told(
        capsys, "compare", runs[0].name, runs[1].name, *out, "--formats", "html,pdf",
        "--to", tmp_path / "new" / "folder",
    )  # fmt: skip
    stem = tmp_path / "new" / "folder" / f"runs-{runs[1].name}"
    assert found == {**plain, "files": [f"{stem}.pdf", f"{stem}.html"]}
    assert Path(f"{stem}.pdf").read_bytes() == rendered(of_two(*runs), "pdf")

    again = told(capsys, "compare", runs[0].name, *numbers[:2], *out, "--formats", "html")
    kept = runs[0] / "reports/compare" / f"structures-{numbers[0]}-{numbers[1]}.html"
    assert again["files"] == [str(kept)]
    before = kept.stat().st_mtime_ns, kept.read_bytes()
    assert told(capsys, "compare", runs[0].name, *numbers[:2], *out, "--formats", "html") == again
    assert kept.read_bytes() == before[1]


def test_nothing_else_is_overwritten_unasked(
    runs: tuple[Path, Path], tmp_path: Path, capsys: Capture
) -> None:
    there = tmp_path / f"runs-{runs[1].name}.html"
    there.write_text("mine")
    line = ["compare", runs[0].name, runs[1].name, "--out", runs[0].parent, "--formats",
            "html,pdf", "--to", tmp_path]  # fmt: skip
    found = told(capsys, *line, code=2)
    assert "holds something else already" in str(found)
    assert there.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [there]
    told(capsys, *line, "--force")
    assert there.read_bytes() == rendered(of_two(*runs), "html")


@pytest.mark.parametrize(
    "more", [("--formats", "odt"), ("--formats", ""), ("--to", "x"), ("--force",)]
)
def test_bad_options_write_nothing(
    runs: tuple[Path, Path], more: tuple[str, ...], capsys: Capture
) -> None:
    before = sorted(runs[0].rglob("*"))
    told(capsys, "compare", runs[0].name, runs[1].name, "--out", runs[0].parent, *more, code=2)
    assert sorted(runs[0].rglob("*")) == before


def test_many_long_numbers_make_a_short_name_of_their_own(runs: tuple[Path, Path]) -> None:
    results = LocalResults(runs[0].parent)
    (one,) = beside.structures_beside(results, runs[0].name, [5])
    manifest = results.manifest(runs[0].name)

    def key(first: int) -> str:
        several = [type(one)(first + 10**15 * n, None, "", one.row, one.levers) for n in range(12)]
        return structures_beside(several, manifest).key

    assert key(1) != key(2)
    assert len(key(1)) < 80
