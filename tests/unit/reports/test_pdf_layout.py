"""Does everything in the documents of a pack stand in its place, whatever the structure and names?

Nothing outside the margins, no text over another, every font inside the file, also of what is
unsound, has no debt or was rejected, and for names that are long, turned, East Asian or hostile.
"""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from pipeline.explain.run import StoredRun, open_run
from pipeline.inputs import load_request
from pipeline.reports.pack.dossier import Dossier, dossier_of
from pipeline.reports.pdf import theme
from pipeline.reports.pdf.document import render
from tests.packs import documents_of, kinds_of, varied_project
from tests.run_projects import run_here
from tests.unit.reports.deal_run import KINDS
from tests.unit.reports.pdf_boxes import outside, overlaps
from tests.unit.reports.sample_blocks import ONE_WORD

HOSTILE = '<b>Bold</b> & <img src="x"/> %s ]]> {{7*7}} =1+1 ../../x'
MIXED = "مركز بيانات الإمارات للحوسبة السحابية المحدودة Dubai 2026 北京 서울"
QUICK = ("mezzanine", "unsound")  # the others take as long each
LONG = f"Nordic Hyperscale Infrastructure Holdings (Luxembourg) {ONE_WORD}"


def _misplaced(dossier: Dossier) -> list[tuple[str, object]]:
    """What is not where it should be, with the document it is in."""
    found: list[tuple[str, object]] = []
    for document in documents_of(dossier):
        pdf = render(document)
        found += [(document.key, box) for box in outside(pdf, theme.MARGIN)]
        found += [(document.key, pair) for pair in overlaps(pdf)]
        for page in PdfReader(io.BytesIO(pdf)).pages:
            fonts = page["/Resources"]["/Font"].values()  # type: ignore[index]
            found += [
                (document.key, font.get_object()["/BaseFont"])
                for font in fonts
                if "/FontFile2" not in font.get_object()["/FontDescriptor"]
            ]
    return found


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=() if kind in QUICK else pytest.mark.full) for kind in KINDS],
)
def test_everything_of_a_structure_stands_in_its_place(
    run: StoredRun, numbers: dict[str, int], kind: str
) -> None:
    assert _misplaced(dossier_of(run, numbers[kind])) == []


@pytest.mark.full
@pytest.mark.parametrize(
    ("currency", "name"), [("GBP", HOSTILE), ("AED", MIXED), ("EUR", LONG), ("JPY", "W" * 60)]
)
def test_so_does_everything_with_names_of_any_kind(
    tmp_path_factory: pytest.TempPathFactory, currency: str, name: str
) -> None:
    folder = tmp_path_factory.mktemp("names")
    project = varied_project(currency, title=name, tenant=name, named=name)
    (folder / "project.yaml").write_text(project)
    summary, _ = run_here(load_request(str(folder / "project.yaml")), folder / "runs")
    named = open_run(folder / "runs", str(summary["run_id"]))
    for number in kinds_of(named).values():
        assert _misplaced(dossier_of(named, number)) == []
