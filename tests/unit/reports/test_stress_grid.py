"""Does the stress grid show every scenario with the stored figures, and what follows from them?"""

import copy
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from kernels import scenarios
from pipeline.explain.run import StoredRun
from pipeline.reports.pack.document import (
    Document,
    Field,
    Fields,
    Figure,
    Grid,
    HeatMap,
    LineChart,
    Prose,
    Tiles,
    Tornado,
    Verdicts,
)
from pipeline.reports.pack.dossier import Dossier, dossier_of
from pipeline.reports.pack.stress_grid import stress_grid
from tests.pack_sources import Told
from tests.unit.reports.deal_run import KINDS, assert_every_figure, told_of

WITH_DEBT = ("offer", "mezzanine", "rejected")
NOTCHES = {"AAA": 1, "AA": 3, "A": 6, "BBB": 9, "BB": 12, "B": 15}
# What the catalogue's words of _115 mean, as docs/method.md section 10 names the stresses.
SENSITIVITIES = {
    "CPI": ("cpi_1", "cpi_2", "cpi_3", "cpi_extra"), "Rates": ("rate_up", "rate_down", "rate_200"),
    "OPEX": ("opex",), "Rent": ("rent",), "Delay": ("delay",),
}  # fmt: skip
Written = dict[str, tuple[Dossier, Document]]


@pytest.fixture(scope="module")
def written(run: StoredRun, numbers: dict[str, int]) -> Written:
    dossiers = {kind: dossier_of(run, number) for kind, number in numbers.items()}
    return {kind: (dossier, stress_grid(dossier)) for kind, dossier in dossiers.items()}


def blocks(document: Document, kind: type[Any]) -> list[Any]:
    return [block for block in document.blocks() if isinstance(block, kind)]


def by_scenario(document: Document, section: str) -> dict[str, tuple[Any, ...]]:
    """Rows of a section's grid by the scenario that their figures are of."""
    found = {}
    for part in document.sections:
        if part.heading != section:
            continue
        for block in part.blocks:
            if isinstance(block, Grid):
                for row in block.rows:
                    sources = [cell.source for cell in row[2:] if isinstance(cell, Figure)]
                    name = sources[0].partition("[")[2].partition("]")[0]
                    found[name] = row
    return found


def stored(dossier: Dossier, scenario: str, metric: str) -> Any:
    """A scenario's column of the row; the base case has other names."""
    of_base = {"worst_month": "dscr_worst_month", "rating": "matrix_rating"}
    row = dossier.structure.row
    return row[of_base.get(metric, metric) if scenario == "base" else f"{scenario}_{metric}"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_is_what_the_run_tells(
    written: Written, run: StoredRun, numbers: dict[str, int], tmp_path: Path, kind: str
) -> None:
    told = told_of(run, numbers[kind], {"parties": {}, "deal": {}}, tmp_path)
    elsewhere = [Told(Path(run.results.where), run.manifest["run_id"], numbers["mezzanine"])]
    least = 400 if kind in WITH_DEBT else 15
    assert assert_every_figure(written[kind][1], told, elsewhere) > least


def test_the_grid_has_every_scenario_with_its_stored_figures(written: Written) -> None:
    verdicts = set()
    for kind in WITH_DEBT:
        dossier, document = written[kind]
        rows = by_scenario(document, "Scenarios and results")
        assert sorted(rows) == sorted(scenarios.NAMES)
        base = dossier.structure.row["dscr_min"]
        for name, row in rows.items():
            least, change, under, month, recovery, rating, moved = (cell.value for cell in row[2:9])
            assert row[1].value == pytest.approx(base, rel=1e-9)
            assert least == pytest.approx(stored(dossier, name, "dscr_min"), rel=1e-9)
            assert under == stored(dossier, name, "months_under_1")
            assert month == stored(dossier, name, "worst_month")
            assert rating == stored(dossier, name, "rating")
            if least is not None:
                assert change == pytest.approx(100.0 * (least - base) / base, abs=1e-6)
                assert moved == NOTCHES[dossier.structure.row["matrix_rating"]] - NOTCHES[rating]
                assert 0.0 <= recovery <= 100.0
            assert isinstance(row[-1], Verdicts)
            asked = scenarios.NAMES.index(name) >= scenarios.FIRST_STRESS
            expected = "none"
            if asked:
                expected = "pass" if stored(dossier, name, "passed") else "fail"
            assert row[-1].verdict == expected
            verdicts.add(expected)
            if name in ("default", "delay"):
                assert row[-3] == "reserves"
            elif not asked:
                assert row[-3] == "not asked"
            elif least is not None:
                assert row[-2].value == pytest.approx(least - row[-3].value)
    assert verdicts == {"pass", "fail", "none"}


def test_as_many_stresses_pass_as_the_tile_says(written: Written) -> None:
    for kind in WITH_DEBT:
        dossier, document = written[kind]
        tiles = blocks(document, Tiles)[0].fields
        held, _, asked = tiles[0].values
        names = scenarios.NAMES[scenarios.FIRST_STRESS :]
        assert held.value == sum(stored(dossier, name, "passed") is True for name in names)
        assert asked.value == len(names) == 14
        least = [stored(dossier, name, "dscr_min") for name in names
                 if name not in ("default", "delay")]  # fmt: skip
        assert tiles[2].values[0].value == min(each for each in least if each is not None)


def test_every_scenario_has_a_line_or_is_said_to_lie_on_the_base_case(written: Written) -> None:
    lines = 0
    for kind in WITH_DEBT:
        dossier, document = written[kind]
        drawn: dict[str, list[float]] = {}
        text = ""
        for chart in blocks(document, LineChart):
            assert chart.series[0].name == "Base case" and chart.series[0].dashed
            assert 2 <= len(chart.series) <= 6
            assert len({series.name for series in chart.series}) == len(chart.series)
            text += chart.caption
            for series in chart.series:
                assert len(series.values) == len(chart.places)
                name = series.values[0].source.rpartition(".")[2]
                known = [each.value for each in series.values if each.value is not None]
                drawn.setdefault(name, known)
        text += " ".join(str(block.pieces[0]) for block in blocks(document, Prose))
        for name, values in drawn.items():
            assert min(values) == pytest.approx(stored(dossier, name, "dscr_min"), rel=1e-9)
        labels = {row[0]: name for name, row in
                  by_scenario(document, "Scenarios and results").items()}  # fmt: skip
        for label, name in labels.items():
            assert (name in drawn) != (name != "base" and label in text), name
        lines += len(drawn)
    assert lines > 20


def test_shades_are_the_stored_figures_on_the_fixed_scale(written: Written) -> None:
    full = 0
    for kind in WITH_DEBT:
        dossier, document = written[kind]
        drawn = blocks(document, HeatMap)[0]
        assert len(drawn.rows) == scenarios.N_SCENARIOS - 1
        for cells, shades in zip(drawn.cells, drawn.shades, strict=True):
            name = cells[0].source.partition("[")[2].partition("]")[0]
            least, irr = (stored(dossier, name, each) for each in ("dscr_min", "equity_irr"))
            base = dossier.structure.row["dscr_min"]
            if least is None:
                assert shades[0] is None
            else:
                expected = (least / base - 1.0) * 100.0 / 20.0
                assert shades[0] == pytest.approx(max(-1.0, min(1.0, expected)), abs=1e-7)
                under = stored(dossier, name, "months_under_1")
                assert shades[5] == pytest.approx(max(-1.0, -under / 12.0))
            base_irr = dossier.structure.row["equity_irr"]
            if irr is None or base_irr is None:
                assert shades[2] is None
            else:
                expected = (irr - base_irr) / 5.0
                assert shades[2] == pytest.approx(max(-1.0, min(1.0, expected)), abs=1e-9)
            for cell, shade in zip(cells, shades, strict=True):
                assert (cell.value is None) == (shade is None)
                assert shade is None or -1.0 <= shade <= 1.0
            full += any(shade == -1.0 for shade in shades)
    assert full > 0


def asking(dossier: Dossier, wanted: list[str]) -> Dossier:
    """The same dossier of a run that asked for other sensitivities."""
    manifest = copy.deepcopy(dossier.manifest)
    manifest["request"]["written"]["SensitivityExportSet_115"] = wanted
    return dataclasses.replace(dossier, run=dataclasses.replace(dossier.run, manifest=manifest))


@pytest.mark.parametrize("wanted", [list(SENSITIVITIES), ["Rates", "Rent"], ["Delay"], []])
def test_bars_are_the_furthest_of_the_sensitivities_that_are_asked(
    written: Written, wanted: list[str]
) -> None:
    dossier = asking(written["offer"][0], wanted)
    drawn = {chart.base.source.rpartition(".")[2]: chart
             for chart in blocks(stress_grid(dossier), Tornado)}  # fmt: skip
    if not wanted:
        assert drawn == {}
        return
    for metric in ("dscr_min", "equity_irr"):
        base = dossier.structure.row[metric]
        expected = []
        for name in wanted:
            values = [stored(dossier, each, metric) for each in SENSITIVITIES[name]]
            low, high = min([*values, base]), max([*values, base])
            if high - low > 1e-6:
                expected.append((low if low < base - 1e-8 else None,
                                 high if high > base + 1e-8 else None))  # fmt: skip
        found = []
        if metric in drawn:
            assert drawn[metric].base.value == pytest.approx(base, rel=1e-9)
            found = [tuple(None if end is None else end.value for end in (bar.low, bar.high))
                     for bar in drawn[metric].bars]  # fmt: skip
        key = str
        assert sorted(found, key=key) == sorted(expected, key=key)
        widths = [(high or base) - (low or base) for low, high in found]
        assert widths == sorted(widths, reverse=True)


def test_what_reserves_decide_is_told_by_its_own_numbers(written: Written) -> None:
    for kind in WITH_DEBT:
        dossier, document = written[kind]
        section = next(each for each in document.sections if each.heading == "Decided by reserves")
        default, delay, capex = (block for block in section.blocks if isinstance(block, Fields))
        held = figures_of(default.fields)
        months = held["Debt service reserve"] + held["Liquidity facility"]
        assert held["Headroom"] == months - held["Months without rent"]
        assert (held["Headroom"] >= 0.0) == stored(dossier, "default", "passed")
        held = figures_of(delay.fields)
        reserves = held["Debt service reserve"] + held["Liquidity facility"]
        assert held["Headroom"] == pytest.approx(reserves - held["Interest of the months late"])
        assert (held["Headroom"] >= 0.0) == stored(dossier, "delay", "passed")
        stressed = figures_of(capex.fields)["The same after the overrun"]
        assert stressed == dossier.structure.row["capex_coverage_stressed"]


def figures_of(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {each.label: each.values[0].value for each in fields
            if isinstance(each.values[0], Figure)}  # fmt: skip


def test_without_debt_or_sense_it_says_why_nothing_is_tested(written: Written) -> None:
    for kind, why in (("debtless", "no senior debt"), ("unsound", "not sound")):
        document = written[kind][1]
        assert document.sections[0].heading == "What is not tested, and why"
        lead = document.sections[0].blocks[0]
        assert isinstance(lead, Prose) and why in str(lead.pieces[0])
        assert not blocks(document, LineChart) and not blocks(document, HeatMap)
