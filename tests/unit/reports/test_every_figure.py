"""Does every figure of every document agree with what the run tells, and stand in its files?

Each figure names its source. What is there is read again, not through the model of the documents
but from what `explain --json` prints, from ranked.parquet, the manifest and the project file
(tests/pack_sources.py), and has to be the same to the last bit. Then every file is read as a reader
would, and each figure has to be found in it as often as the document shows it, as text that is
written here another way (tests/pack_text.py), in the workbook as number.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import openpyxl
import pytest

from pipeline.explain.run import StoredRun, open_run
from pipeline.inputs import load_request
from pipeline.reports.pack.bundle import WORKBOOK, pack_files
from pipeline.reports.pack.document import Document, Figure, Verdicts
from pipeline.reports.pack.dossier import Dossier, dossier_of
from pipeline.reports.pack.rendering import FORMATS, in_workbook, rendered
from pipeline.reports.pack.waterfall_summary import waterfall_detail
from pipeline.reports.workbook.checks import RECOMPUTED
from pipeline.reports.workbook.model import model_workbook
from tests.hostile import WORST
from tests.pack_sources import Told, UnknownSourceError, same
from tests.pack_text import missing_in, missing_in_cells, shown_in, xlsx_cells
from tests.packs import PLACES, documents_of, kinds_of, varied_project, with_another
from tests.run_projects import run_here

MEDIUM_ROWS = 2_000
NAME = "Höhenzug & Söhne Verwaltungsgesellschaft mbH, Zweigstelle 12"  # sixty letters
RENDERED = ("pdf", "html", "docx")


class Subject:
    """A structure: its documents, and what the run tells of it."""

    def __init__(self, run: StoredRun, out: Path, number: int, project: Path | None) -> None:
        run_id = str(run.manifest["run_id"])
        self.dossier: Dossier = dossier_of(run, number)
        self.told = Told(out, run_id, number, project)
        self.documents = documents_of(self.dossier)
        self.detail = waterfall_detail(self.dossier)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packs")


@pytest.fixture(scope="module")
def small(out: Path) -> Subject:
    """The golden project's optimal structure, of the whole space."""
    summary, folder = run_here(load_request("builtin:small"), out)
    run = open_run(out, folder.name)
    return Subject(run, out, summary["optimal"]["permutation_id"], None)


@pytest.fixture(scope="module")
def medium(out: Path) -> Subject:
    """The best with mezzanine of a sample."""
    request = load_request("builtin:medium")
    _, folder = run_here(request, out, max_permutations=MEDIUM_ROWS)
    run = open_run(out, folder.name)
    rows = run.results.top(folder.name, MEDIUM_ROWS)
    return Subject(
        run, out, next(row["permutation_id"] for row in rows if row["mezz_notional"]), None
    )


@pytest.fixture(params=["small", "medium"])
def subject(request: pytest.FixtureRequest) -> Subject:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Subject)
    return found


def disagreeing(document: Document, told: Told, others: Sequence[Told] = ()) -> Iterator[str]:
    """Figures and verdicts that are not what their sources say.

    What this structure has not, and one of `others` has, is undefined for a reason.
    """
    for cell in document.cells():
        if not isinstance(cell, (Figure, Verdicts)):
            continue
        try:
            value = told.value(cell.source)
        except UnknownSourceError:
            if not told.is_missing(cell.source, others):
                raise
            if not (cell.verdict == "none" if isinstance(cell, Verdicts) else _is_none(cell)):
                yield f"{cell.source}: is not in this structure"
            continue
        if isinstance(cell, Verdicts):
            if cell.verdict != _verdict(cell.source, value):
                yield f"{cell.source}: verdict {cell.verdict}"
        elif not same(cell.value, value):
            yield f"{cell.source}: {cell.value!r} is {value!r}"


def _is_none(figure: Figure) -> bool:
    return figure.value is None and figure.note != ""


def _verdict(source: str, value: object) -> object:
    """A rule that is off is told as off, one that asks nothing here as none."""
    if source.endswith(".enabled"):
        return "none" if value else "off"
    return {True: "pass", False: "fail", None: "none"}.get(value, value)  # type: ignore[call-overload]


def missing(subject: Subject, form: str) -> list[str]:
    """Figures that the files of a format lack, by document."""
    lacking = []
    for document in subject.documents:
        data = rendered(document, form)
        found = missing_in(form, data, list(shown_in(document)), document)
        lacking += [f"{document.key}.{form}: {each}" for each in found]
    return lacking


def missing_in_workbook(subject: Subject, data: bytes, room: float = 2e-15) -> list[str]:
    documents = [*subject.documents, subject.detail]
    shown = [each for document in documents for each in shown_in(document)]
    return missing_in_cells(shown, subject.documents[0].style, xlsx_cells(data), room)


def test_every_figure_is_what_the_run_tells(subject: Subject, medium: Subject) -> None:
    figures = 0
    for document in (*subject.documents, subject.detail):
        assert list(disagreeing(document, subject.told, [medium.told])) == [], document.key
        figures += len(list(document.figures()))
        # what is looked for in the files is all of it
        assert {id(each.figure) for each in shown_in(document)} == set(map(id, document.figures()))
    assert figures > 8_000


@pytest.mark.parametrize("form", ["pdf", "html"])
def test_every_figure_stands_in_its_file(small: Subject, form: str) -> None:
    assert missing(small, form) == []


def test_every_figure_of_a_mezzanine_stands_in_its_file(medium: Subject) -> None:
    assert missing(medium, "pdf") == []


def test_every_figure_stands_in_the_word_file(medium: Subject) -> None:
    for document in (medium.documents[1],):
        data = rendered(document, "docx")
        assert missing_in("docx", data, list(shown_in(document)), document) == []


def test_every_figure_is_a_number_of_the_workbook(subject: Subject) -> None:
    data = in_workbook([*subject.documents, subject.detail])
    assert missing_in_workbook(subject, data) == []


def test_a_pack_holds_these_documents(small: Subject) -> None:
    files = pack_files(small.dossier, ("html",))
    assert set(files) == {f"{document.key}.html" for document in small.documents}
    for document in small.documents[1:]:
        assert files[f"{document.key}.html"] == rendered(document, "html")


# -- these tests can fail --------------------------------------------------------------------------
# Of each kind of figure one, as the term sheets and the contents page show them.
CHANGED = ("row.senior_notional", "row.wacc", "row.senior_rating", "run.market.date")


@pytest.mark.parametrize("source", CHANGED)
def test_a_changed_figure_disagrees(small: Subject, source: str) -> None:
    contents = small.documents[0]
    found = list(disagreeing(with_another(contents, source), small.told))
    assert found and all(each.startswith(f"{source}:") for each in found)


@pytest.mark.parametrize("form", FORMATS)
def test_a_changed_figure_is_missed_in_every_format(small: Subject, form: str) -> None:
    contents = small.documents[0]
    shown = list(shown_in(contents))
    other = contents
    for source in CHANGED:
        other = with_another(other, source)
    found = missing_in(form, rendered(other, form), shown, contents)
    assert len(found) == len(CHANGED), found
    assert missing_in(form, rendered(contents, form), shown, contents) == []


def test_a_figure_that_stands_twice_has_to_be_found_twice(small: Subject) -> None:
    contents = small.documents[0]
    shown = list(shown_in(contents))
    data = rendered(contents, "pdf")
    twice = [*shown, next(each for each in shown if each.figure.source == "row.senior_notional")]
    assert missing_in("pdf", data, shown, contents) == []
    assert len(missing_in("pdf", data, twice, contents)) == 1


def test_a_source_that_names_nothing_fails(small: Subject, medium: Subject) -> None:
    for source in (
        "senior.notionals", "senior.notional:nothing", "row.nothing", "run.nothing", "nothing",
        "senior.schedule[99].interest", "senior.schedule[1].nothing", "plan.nothing",
        "rulebook.nothing", "deal.nothing", "ranking[1].nothing", "input.Nothing_38",
    ):  # fmt: skip
        with pytest.raises(UnknownSourceError):
            small.told.value(source)
        assert not small.told.is_missing(source, [medium.told, small.told]), source


# -- structures of every kind ----------------------------------------------------------------------
@pytest.fixture(scope="module")
def varied(out: Path) -> Callable[[str, str | None], tuple[StoredRun, Path]]:
    """Runs of the varied project in a currency, with names or without."""

    def made(currency: str, named: str | None) -> tuple[StoredRun, Path]:
        project = out / f"{currency}-{len(named or '')}.yaml"
        project.write_text(varied_project(currency, named=named, tenant=NAME), encoding="utf-8")
        _, folder = run_here(load_request(project), out)
        return open_run(out, folder.name), project

    return made


def all_agrees(subject: Subject, others: Sequence[Told]) -> None:
    number = subject.told.number
    for document in (*subject.documents, subject.detail):
        assert list(disagreeing(document, subject.told, others)) == [], (number, document.key)
    for form in RENDERED:
        assert missing(subject, form) == [], number
    data = in_workbook([*subject.documents, subject.detail])
    assert missing_in_workbook(subject, data) == [], number


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("named", [None, NAME, WORST], ids=["blanks", "named", "hostile"])
def test_structures_of_every_kind_agree(
    out: Path, varied: Callable[[str, str | None], tuple[StoredRun, Path]], named: str | None
) -> None:
    run, project = varied("GBP", named)
    kinds = kinds_of(run)
    assert len(kinds) == 8
    subjects = [Subject(run, out, number, project) for number in kinds.values()]
    for subject in subjects:
        all_agrees(subject, [each.told for each in subjects])


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("currency", PLACES)
def test_documents_of_every_currency_agree(
    out: Path, varied: Callable[[str, str | None], tuple[StoredRun, Path]], currency: str
) -> None:
    run, project = varied(currency, NAME)
    subject = Subject(run, out, kinds_of(run)["with mezzanine"], project)
    all_agrees(subject, [])
    assert subject.documents[0].style.currency == currency


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_the_large_golden_project_agrees(out: Path, medium: Subject) -> None:
    summary, folder = run_here(load_request("builtin:large"), out, max_permutations=MEDIUM_ROWS)
    run = open_run(out, folder.name)
    subject = Subject(run, out, summary["optimal"]["permutation_id"], None)
    all_agrees(subject, [medium.told])


def recalculated(data: bytes, folder: Path) -> bytes:
    """The workbook as LibreOffice writes it after it has worked out every formula."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        reason = "LibreOffice is not installed"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    source, target = folder / "book.xlsx", folder / "out"
    source.write_bytes(data)
    subprocess.run(
        [str(program), f"-env:UserInstallation=file://{folder}/profile", "--headless",
         "--convert-to", "xlsx", "--outdir", str(target), str(source)],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    return (target / "book.xlsx").read_bytes()


@pytest.mark.full
@pytest.mark.timeout(600)
def test_the_workbook_agrees_after_a_spreadsheet_program_had_it(
    medium: Subject, tmp_path: Path
) -> None:
    data = pack_files(medium.dossier, ("xlsx",))[WORKBOOK]
    assert missing_in_workbook(medium, data) == []
    kept = recalculated(data, tmp_path)  # to fifteen digits
    assert missing_in_workbook(medium, kept, room=1e-14) == []


@pytest.mark.full
@pytest.mark.timeout(600)
def test_the_model_recomputed_has_the_figures_of_the_documents(
    medium: Subject, tmp_path: Path
) -> None:
    model = openpyxl.load_workbook(io.BytesIO(model_workbook(medium.dossier)))
    bare = io.BytesIO()
    model.save(bare)  # formulas without the values that were kept beside them
    found = openpyxl.load_workbook(
        io.BytesIO(recalculated(bare.getvalue(), tmp_path)), data_only=True
    )
    for column, name in RECOMPUTED.items():
        ((sheet, place),) = found.defined_names[name].destinations
        value, told = found[sheet][place.replace("$", "")].value, medium.told.row[column]
        if isinstance(told, bool):
            assert value == ("Yes" if told else "No"), column
        elif isinstance(told, float):
            assert value == pytest.approx(told, rel=1e-6, abs=1e-6), column
        elif told is not None:
            assert value == told, column
    assert len(RECOMPUTED) > 20
