"""Does the PDF say what the run found, whatever the names in it?"""

import copy
import io
import re
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader

from pipeline.reports import summary_pdf
from pipeline.reports.model import MAX_POINTS, ReportModel
from pipeline.reports.numbers import share, text_of
from pipeline.reports.summary import write_summary_pdf
from tests.unit.reports.example_run import MANIFEST, SUMMARY, scatter, top_rows

HOSTILE = '<b>Bold</b> & <img src="x"/> <font color="red">%s</font> ]]> \\ {0}'


def _report(**project: object) -> ReportModel:
    manifest = copy.deepcopy(MANIFEST)
    manifest["project"].update(project)
    return ReportModel.from_run(SUMMARY, manifest, top_rows(), scatter())


def _text(pdf: bytes) -> str:
    """All letters of all pages, white space aside: lines break where the page is full."""
    reader = PdfReader(io.BytesIO(pdf))
    return _squeezed("".join(page.extract_text() for page in reader.pages))


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.fixture(scope="module")
def text() -> str:
    return _text(summary_pdf.render(_report()))


def test_every_figure_of_the_model_is_on_a_page(text: str) -> None:
    report = _report()
    expected = [report.title, report.answer]
    expected += [
        text_of(fact.value, fact.unit, report.currency)
        for fact in (*report.identity, *report.key_figures, *report.best, *report.best_levers)
    ]
    expected += [fact.label for fact in (*report.best, *report.best_levers)]
    expected += [f"{step.label}{step.rows:,}{share(step.share_pct)}" for step in report.funnel]
    expected += [
        f"{reason.name}{reason.title}{reason.gate}{reason.rows:,}{share(reason.share_pct)}"
        for reason in report.reasons
    ]
    expected += [f"{tier.name}{tier.rows:,}" for tier in report.tiers]
    expected += report.not_modelled
    assert [part for part in expected if _squeezed(part) not in text] == []


def test_the_top_table_has_a_line_for_each_row(text: str) -> None:
    first, last = top_rows()[0], top_rows()[-1]
    assert _squeezed("1 41,216 Silver A 27.3 0.0 12.7 68.25 % 1.30x 5.6 9.43 %") in text
    assert f"10{last['permutation_id']:,}Bronze" in text
    assert f"{100 * first['full_coverage']:.2f}%41.20trs" in text


def test_what_is_null_is_shown_with_its_reason_and_not_as_zero(text: str) -> None:
    assert "EquityIRR–(notmodelled)" in text
    assert "Day-onevalue–(notmodelled)" in text


def test_pages_are_numbered_and_name_the_run(text: str) -> None:
    pages = len(PdfReader(io.BytesIO(summary_pdf.render(_report()))).pages)
    assert all(f"Page{n}of{pages}" in text for n in range(1, pages + 1))
    assert text.count(f"Run{SUMMARY['run_id']}") >= pages


@pytest.mark.parametrize(
    "name",
    [
        HOSTILE,
        "Κέντρο δεδομένων Αθήνας",
        "Центр обработки данных, Київ",
        "Łódź, Þingeyri, Győr, Çeşme",
        "N" * 120,
        "a name of sixty letters and more, which has to wrap on the cover page",
    ],
)
def test_a_title_and_a_tenant_come_out_letter_by_letter(name: str) -> None:
    tenant = {"name": name, "rating": "A"}
    text = _text(summary_pdf.render(_report(title=name, tenant=tenant)))
    assert text.count(_squeezed(name)) >= 2


def test_a_lever_value_with_markup_stays_text() -> None:
    best = {**top_rows(1)[0], "SeniorAmort_40": HOSTILE}
    report = ReportModel.from_run({**SUMMARY, "optimal": best}, MANIFEST, [best], scatter())
    assert _squeezed(HOSTILE) in _text(summary_pdf.render(report))


@pytest.mark.parametrize(
    ("name", "font"),
    [
        ("北京数据中心", "STSong-Light"),
        ("東京データセンター", "HeiseiKakuGo-W5"),
        ("서울 데이터 센터", "HYGothic-Medium"),
    ],
)
def test_east_asian_names_are_set_in_a_font_that_has_their_letters(name: str, font: str) -> None:
    page = PdfReader(io.BytesIO(summary_pdf.render(_report(title=name)))).pages[0]
    fonts = {str(entry["/BaseFont"]) for entry in page["/Resources"]["/Font"].values()}
    assert any(font in used for used in fonts)


def test_a_letter_without_any_font_becomes_a_question_mark_not_a_box() -> None:
    text = _text(summary_pdf.render(_report(title="Site \U0001f600 one\u202etwo")))
    assert "Site?onetwo" in text


def test_the_same_run_gives_the_same_bytes_and_another_run_others() -> None:
    first = summary_pdf.render(_report())
    assert first == summary_pdf.render(_report())
    assert first != summary_pdf.render(_report(title="Another"))


def test_the_date_inside_the_file_is_the_runs() -> None:
    metadata = PdfReader(io.BytesIO(summary_pdf.render(_report()))).metadata
    assert metadata is not None
    assert metadata.creation_date == datetime(2026, 2, 3, 9, 15, tzinfo=UTC)
    assert metadata.title == f"{MANIFEST['project']['title']}: structure search summary"


def _without_survivors() -> dict[str, object]:
    summary = copy.deepcopy(SUMMARY)
    summary["gates"]["b"]["passed"] = 0
    summary["tiers"] = dict.fromkeys(summary["tiers"], 0) | {"Not Viable": 87_040}
    for key in ("fully_funded_scenarios", "viable_scenarios"):
        summary[key] = 0
    for key in ("best_dscr", "best_wacc", "avg_senior", "max_senior", "optimal"):
        summary[key] = None
    return summary


def test_no_survivor_is_said_with_the_constraint_that_binds_most() -> None:
    report = ReportModel.from_run(_without_survivors(), MANIFEST, [], [])
    text = _text(summary_pdf.render(report))
    assert _squeezed("None of the 87,040 structures passes both gates") in text
    assert _squeezed("INSUFFICIENT_CAPITAL: capital coverage under the minimum (40,231") in text
    assert "Thebeststructure:" not in text


def test_one_survivor_makes_a_report_of_one() -> None:
    report = ReportModel.from_run(SUMMARY, MANIFEST, top_rows(1), [(2.73e7, 9.43, "Silver")])
    text = _text(summary_pdf.render(report))
    assert "Theonlysurvivor" in text
    assert _squeezed("1 of them drawn") in text


def test_many_survivors_are_thinned_evenly_and_always_alike() -> None:
    many = [(1e7 + row, 9.0, "Silver") for row in range(10_000)]
    report = ReportModel.from_run(SUMMARY, MANIFEST, top_rows(), many)
    again = ReportModel.from_run(SUMMARY, MANIFEST, top_rows(), iter(many))
    assert report.points == again.points
    assert len(report.points) == MAX_POINTS
    assert report.points[0].senior_notional == 1e7
    gaps = {
        round(after.senior_notional - before.senior_notional)
        for before, after in zip(report.points, report.points[1:], strict=False)
    }
    assert gaps <= {6, 7}


def test_structures_that_differ_by_overlays_alone_are_one_dot() -> None:
    rows = [(1e7, 9.0, "Silver")] * 32 + [(None, None, "Bronze")]
    report = ReportModel.from_run(SUMMARY, MANIFEST, top_rows(), rows)
    assert len(report.points) == 1


def test_the_file_is_written_whole_in_the_reports_folder(tmp_path) -> None:
    path = write_summary_pdf(tmp_path, SUMMARY, MANIFEST, top_rows(), scatter())
    assert path == tmp_path / "reports" / "summary.pdf"
    assert path.read_bytes() == summary_pdf.render(_report())
    assert [entry.name for entry in path.parent.iterdir()] == ["summary.pdf"]
