"""Does the PDF say what the run found, whatever the names in it?"""

import copy
import io
import re
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader

from pipeline.reports.numbers import share, text_of
from pipeline.reports.pdf import run_summary as summary_pdf
from pipeline.reports.run.model import MAX_POINTS, ReportModel
from pipeline.reports.run.structure import StructureReport
from pipeline.reports.run.summary import write_summary_pdf
from tests.unit.reports.example_run import LEVERS, MANIFEST, SUMMARY, scatter, top_rows

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
    best = report.best
    assert best is not None
    expected = [report.title, report.answer]
    expected += [
        text_of(fact.value, fact.unit, report.currency)
        for fact in (*report.identity, *report.key_figures, *best.figures, *best.levers)
    ]
    expected += [fact.label for fact in (*best.figures, *best.levers)]
    expected += [
        f"{part.label}{part.amount:,.0f}{part.share_pct:.2f}%"
        for part in (*best.day_one, *best.sources, *best.uses)
    ]
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
    assert _squeezed("1 41,216 Silver A 27.3 0.0 12.7 68.25 1.30x 5.6 9.43 14.21 2.4") in text
    assert f"10{last['permutation_id']:,}Bronze" in text
    assert f"{100 * first['full_coverage']:.2f}41.20TRS" in text


def test_what_is_null_is_shown_with_its_reason_and_not_as_zero(text: str) -> None:
    assert "Mezzaninerating–(nomezz)" in text


def test_every_scenario_is_a_line_with_what_it_changes_and_whether_it_passes(text: str) -> None:
    for line in (
        "Base case 1.30x 1.41x 14.21 A",
        "Lease indexed for ten years 1.28x 1.39x 15 2 13.80 BBB",
        "Inflation 0 % 1.27x 1.38x 16 3 13.70 BBB yes",
        "Inflation 3.5 % 1.24x 1.35x 19 6 13.40 BBB yes",
        "Rates up 125 bps 1.23x 1.34x 20 7 13.30 BBB yes",
        "Rent down 15 % 1.19x 1.30x 24 11 12.90 BBB yes",
        "No tenant for 9 months 1.18x 1.29x 25 12 BBB yes",
        "Capex up 12.5 % 1.16x 1.27x 27 14 12.60 BBB no",
        "No indexation, rates up 200 bps 1.14x 1.25x 29 16 12.40 BBB yes",
    ):
        assert _squeezed(line) in text
    assert _squeezed("13 of 14 stresses pass") in text


def test_the_parts_of_each_sum_add_up_to_its_total() -> None:
    best = _report().best
    assert best is not None
    for parts in (best.day_one, best.sources, best.uses):
        *some, total = (part.amount for part in parts)
        assert sum(some) == pytest.approx(total)
    assert best.day_one[-1].share_pct == pytest.approx(100 * 2.361 / 40)
    assert {part.label: part.amount for part in best.uses}["Structuring fees"] == 75_250.0


def test_a_negative_part_of_day_one_value_reads_as_a_cost(text: str) -> None:
    assert "Currencyswap-409,500-1.02%" in text


def test_the_best_structure_is_the_optimal_one_and_not_the_first_row() -> None:
    optimal = {**top_rows(1)[0], "permutation_id": 7, "rank": 377, "viability_tier": "Gold"}
    report = ReportModel.from_run({**SUMMARY, "optimal": optimal}, MANIFEST, top_rows(), scatter())
    text = _text(summary_pdf.render(report))
    assert _squeezed("The best structure: number 7") in text
    assert _squeezed("Gold, rank 377 of the ranking above") in text
    assert report.top_rows[0][1] == 41_216


def test_inflation_paths_set_by_a_lever_name_their_scenarios() -> None:
    best = {**top_rows(1)[0], "CPI_Scenarios_82": "(0.5, 1, 4)"}
    labels = [each.label for each in StructureReport.of_row(best, MANIFEST["request"]).scenarios]
    assert labels[4:8] == ["Inflation 0.5 %", "Inflation 1 %", "Inflation 4 %", "Inflation 3.5 %"]


def test_a_project_without_levers_has_a_report() -> None:
    figures = {name: value for name, value in top_rows(1)[0].items() if name not in LEVERS}
    report = ReportModel.from_run({**SUMMARY, "optimal": figures}, MANIFEST, [figures], scatter())
    assert _squeezed("The project file lets nothing vary") in _text(summary_pdf.render(report))


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
        ("北京数据中心", "DroidSansFallback"),
        ("東京データセンター", "DroidSansFallback"),
        ("서울 데이터 센터", "NanumSquare"),
        ("مركز بيانات دبي", "DejaVuSans-Bold"),
    ],
)
def test_names_of_other_scripts_are_set_in_an_embedded_font_that_has_their_letters(
    name: str, font: str
) -> None:
    pdf = summary_pdf.render(_report(title=name))
    page = PdfReader(io.BytesIO(pdf)).pages[0]
    fonts = [entry.get_object() for entry in page["/Resources"]["/Font"].values()]
    used = [entry for entry in fonts if font in str(entry["/BaseFont"])]
    assert used and all("/FontFile2" in entry["/FontDescriptor"] for entry in used)
    assert _squeezed(name) in _text(pdf)


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
    for key in ("best_irr", "best_wacc", "max_day1", "max_senior", "optimal"):
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


def test_near_misses_are_one_line_for_those_that_need_the_same() -> None:
    rows = [near_miss(81_470, 1.5), near_miss(81_471, 1.5), near_miss(90_001, None)]
    report = ReportModel.from_run(SUMMARY, MANIFEST, top_rows(), scatter(), rows)
    assert [(miss.number, miss.alike) for miss in report.near_misses] == [(81_470, 2), (90_001, 1)]
    text = _text(summary_pdf.render(report))
    line = "81,470297.60%99.80%+1.50%-1.40%-4.00%*–+1.50%"
    assert line in text
    assert "90,001197.60%99.80%–" in text
    assert _squeezed("What would fund the best") in text
    assert _squeezed("What would fund the best") not in _text(summary_pdf.render(_report()))


def near_miss(number: int, rent_pct: float | None) -> dict[str, object]:
    changes = {"rent": rent_pct, "capex": -1.4, "coupon": -4.0, "tenor": None, "target_dscr": 1.5}
    row: dict[str, object] = {
        "permutation_id": number,
        "capex_coverage": 0.976,
        "full_coverage": 0.998,
        "solution": "capex",
    }
    for name, change in changes.items():
        row[f"{name}_base"] = 5.0
        row[f"{name}_value"] = None if change is None else 5.0 * (1 + change / 100)
        row[f"{name}_change_pct"] = change
        row[f"{name}_new_reasons"] = ["WAL_EXCEEDS_LIMIT"] if name == "coupon" else []
    return row
