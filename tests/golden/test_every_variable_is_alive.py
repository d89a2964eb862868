"""Does every input move what the model says it moves? Is nothing accepted and ignored?

The table is tests/golden/variables.py; docs/variables.md is made from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from kernels import codes, layout, scenarios
from kernels import figures as f
from pipeline.engine import figures_of_ids
from pipeline.evaluation import checked, evaluate_many, figures_of
from pipeline.inputs import InputErrors, Request, catalogue, load_request
from pipeline.inputs.encode import base_of, problem_of
from pipeline.inputs.scenarios import default_request
from pipeline.stages.written import SCENARIOS_PATH, TRACE_PATH
from pipeline.storage.manifest import read_json
from tests.golden.variables import (
    EXTRA_ROWS,
    MOVES,
    OF_A_RUN,
    TABLE_ROWS,
    Move,
    Settings,
    document,
)
from tests.golden.variables_page import PAGE, page
from tests.run_projects import run_here

MASKS = ("gate_a_reasons", "gate_b_reasons", "warnings", "repo_reasons")
SAID = {*codes.WARNING_NAMES, *codes.REPO_LEG_NAMES}
RANKS = {name: place for names in (codes.RATING_NAMES, codes.TIER_NAMES)
         for place, name in enumerate(names)}  # fmt: skip
FEW = {1, 27, 75, 76}  # choices that are places in a list of figures: two stand for all
Both = tuple[tuple[Request, dict[str, Any]], tuple[Request, dict[str, Any]]]


def loaded(folder: Path, content: Settings) -> Request:
    path = folder / "project.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return load_request(path)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Move, Both]:
    """Request and figures of every move's two ends, computed together."""
    folder = tmp_path_factory.mktemp("alive")

    @cache
    def project(name: str, places: str) -> Request:
        if name == "defaults":
            return default_request()
        return loaded(folder, document(name, yaml.safe_load(places)))

    def ends() -> Iterator[Request]:
        for move in MOVES:
            for value in (move.low, move.high):
                request = project(move.on, yaml.safe_dump(move.places(value)))
                yield from checked(request, [(None, move.settings(value))], move.name)

    asked = list(ends())
    found = list(zip(asked, figures_of(asked), strict=True))
    return {move: (found[2 * i], found[2 * i + 1]) for i, move in enumerate(MOVES)}


def amount(figures: Mapping[str, Any], name: str) -> Any:
    """A figure, higher for a better rating; 1 where a reason, warning or leg is said, else 0."""
    if name in SAID:
        return float(any(name in (figures[mask] or ()) for mask in MASKS))
    value = figures[name]
    return RANKS.get(value, value) if isinstance(value, str) else value


def follows(sign: str, low: Any, high: Any) -> bool:
    match sign:
        case "~":
            return bool(low != high)
        case "=":
            return low is not None and bool(low == high)
    if low is None or high is None:
        return False
    return bool(high > low if sign == "+" else high < low)


def title(move: Move) -> str:
    return f"{move.name}: {move.low} to {move.high}"


@pytest.mark.parametrize("move", MOVES, ids=title)
def test_every_input_moves_what_the_model_says(move: Move, evaluated: Mapping[Move, Both]) -> None:
    (_, low), (_, high) = evaluated[move]
    assert move.effects
    for effect in move.effects.split():
        name, sign = effect[:-1], effect[-1]
        before, after = amount(low, name), amount(high, name)
        assert follows(sign, before, after), f"{effect} ({move.text}): {before} to {after}"


def test_the_table_has_every_number_of_the_catalogue() -> None:
    moved = {move.what for move in MOVES if isinstance(move.what, int)}
    computed = {variable.number for variable in catalogue.VARIABLES if variable.computed}
    assert not moved & (computed | OF_A_RUN.keys())
    assert sorted(moved | computed | OF_A_RUN.keys()) == list(range(1, 117))


def test_the_table_takes_every_choice_of_every_variable() -> None:
    for variable in catalogue.VARIABLES:
        if variable.kind not in ("enum", "boolean") or variable.number in OF_A_RUN:
            continue
        if variable.number not in FEW:
            tried = {str(v) for m in MOVES if m.what == variable.number for v in (m.low, m.high)}
            tried = {variable.value_aliases.get(word, word) for word in tried}
            assert tried >= {str(v) for v in variable.allowed or (True, False)}


def test_every_input_row_of_the_kernels_is_moved(evaluated: Mapping[Move, Both]) -> None:
    names = [name for name in vars(layout) if name.isupper() and name != "N_INPUTS"]
    rows = {getattr(layout, name): name for name in names if getattr(layout, name) >= 117}
    assert sorted(rows) == list(range(117, layout.N_INPUTS))
    assert set(rows.values()) == EXTRA_ROWS.keys() | TABLE_ROWS
    moved = set()
    for move in MOVES:
        (low, _), (high, _) = evaluated[move]
        for place in np.flatnonzero(base_of(low) != base_of(high)):
            moved.add((int(place), move.what))
    for place, name in rows.items():
        assert name in TABLE_ROWS or (place, EXTRA_ROWS[name]) in moved, name
    for variable in catalogue.VARIABLES:
        if variable.can_be_lever:
            assert (variable.number, variable.number) in moved


@pytest.mark.parametrize("number", [9, 10, 11, 12, 13, 15, 16])
def test_what_is_computed_cannot_be_set(number: int) -> None:
    name = catalogue.BY_NUMBER[number].name
    with pytest.raises(InputErrors, match=f"{name}: is computed .* and cannot be set"):
        evaluate_many(None, [{name: 1}])


def test_what_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputErrors, match="did you mean SeniorCoupon_38"):
        evaluate_many(None, [{"SeniorCupon_38": 5}])
    for place in ("base.Nothing_117", "covenants.nothing", "deal.nothing", "parties.nothing",
                  "project.nothing", "run.nothing", "levers.nothing", "nothing"):  # fmt: skip
        with pytest.raises(InputErrors, match=r"nothing|Nothing_117"):
            loaded(tmp_path, document("home", {place: 1}))


# -- levers whose rows are more than their own ----------------------------------------------------
def test_a_curve_shift_finds_its_own_curve(tmp_path: Path) -> None:
    shifts = [0, 100]
    places = {"levers.BaseCurveShift_bps_28": shifts, "base.zcis_10y": True}
    request = loaded(tmp_path, document("home", places))
    figures = figures_of_ids(problem_of(request), np.arange(2))
    together = evaluate_many(request, [{"BaseCurveShift_bps_28": shift} for shift in shifts])
    values = [each["day1_zcis_10y"] for each in together]
    assert values[0] > values[1]
    assert list(figures[f.DAY1_ZCIS_10Y]) == values


def test_the_term_of_a_single_inflation_swap_can_be_a_lever(tmp_path: Path) -> None:
    places = {"base.zcis": True, "levers.ZCiS_TermY_92": ["5", "10"]}
    figures = figures_of_ids(problem_of(loaded(tmp_path, document("home", places))), np.arange(2))
    five, ten = figures[f.DAY1_ZCIS_5Y], figures[f.DAY1_ZCIS_10Y]
    assert five[0] > 0 == ten[0]
    assert ten[1] > 0 == five[1]
    idle = loaded(tmp_path, document("home", {"levers.ZCiS_TermY_92": ["5", "10"]}))
    assert "moves nothing" in str(idle.warnings[0])


def test_a_swap_that_no_routed_counterparty_takes_is_told(tmp_path: Path) -> None:
    routing = {"Strong": {"min_rating": "AAA", "max_tenor_years": 7}}
    places = {"base.zcis_10y": True, "base.CounterpartyRouting_114": routing}
    (warning,) = loaded(tmp_path, document("home", places)).warnings
    assert "nobody takes the 10-year swap" in str(warning)
    with pytest.raises(InputErrors, match="below investment grade"):
        evaluate_many(None, [{"CounterpartyRouting_114":
                              {"Weak": {"min_rating": "BB", "max_tenor_years": 7}}}])  # fmt: skip


# -- variables of a run ---------------------------------------------------------------------------
STEPS = {"dscr_step": 0.1, "coupon_step_pct": 0.5, "bps_step": 50, "tenor_step_years": 2}


def test_107_is_the_step_of_a_range_without_one(tmp_path: Path) -> None:
    levers = {
        "levers.TargetDSCRSenior_37": {"min": 1.2, "max": 1.4},
        "levers.SeniorCoupon_38": {"min": 4, "max": 5},
        "levers.SeniorFeesUpfront_bps_42": {"min": 0, "max": 100},
        "levers.SeniorTenorY_39": {"min": 6, "max": 10},
        "levers.DSRA_Months_59": {"min": 0, "max": 12, "step": 6},
    }

    def counts(places: Settings) -> list[int]:
        request = loaded(tmp_path, document("home", levers | places))
        return [len(lever.options) for lever in request.levers]

    assert counts({"base.SeniorTenorY_39": None}) == [5, 5, 5, 5, 3]
    coarse = {"base.PermutationGranularity_107": STEPS, "base.SeniorTenorY_39": None}
    assert counts(coarse) == [3, 3, 3, 3, 3]


SPACE = {
    "base.SeniorTenorY_39": None,
    "base.IndexationMode_18": "CPI_Linked",
    "project.rent": {"per_kwh": 0.16},
    "levers.TargetDSCRSenior_37": {"min": 1.20, "max": 1.50, "step": 0.05},
    "levers.SeniorCoupon_38": {"min": 4, "max": 6, "step": 0.1},
    "levers.SeniorTenorY_39": [6, 7, 8, 9, 10, 11, 12],
}
CHANGED = {
    "base.MaxPermutations_108": 1000,
    "base.RankingObjective_109": "DSCR",
    "base.OutputVariants_112": ["Hybrid"],
    "base.DocumentPackFlags_113": ["IM"],
    "base.SensitivityExportSet_115": ["Rates", "Rent"],
    "base.AuditTraceFlag_116": False,
}
Finished = tuple[dict[str, Any], Path]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Finished, Finished]:
    """A run at the catalogue's settings, and one with all settings of a run changed."""
    folder = tmp_path_factory.mktemp("runs")
    out = folder / "out"
    plain = run_here(loaded(folder, document("home", SPACE)), out, pack="yes")
    return plain, run_here(loaded(folder, document("home", SPACE | CHANGED)), out, pack="yes")


def written_scenarios(folder: Path) -> set[str]:
    return set(pq.read_table(folder / SCENARIOS_PATH).column("scenario").to_pylist())


def test_108_limits_the_permutations(runs: tuple[Finished, Finished]) -> None:
    assert [summary["total_scenarios"] for summary, _ in runs] == [7 * 21 * 7, 1000]


def test_109_ranks(runs: tuple[Finished, Finished]) -> None:
    ranked = [pq.read_table(folder / "ranked.parquet").to_pydict() for _, folder in runs]
    for table, first, other in ((ranked[0], "composite_score", "dscr_min"),
                                (ranked[1], "dscr_min", "composite_score")):  # fmt: skip
        assert table[first] == sorted(table[first], reverse=True)
        assert table[other] != sorted(table[other], reverse=True)


def test_112_and_115_are_the_scenarios_written(runs: tuple[Finished, Finished]) -> None:
    left_out = {"default", "refinance", "capex", "combined"}
    assert written_scenarios(runs[0][1]) == set(scenarios.NAMES) - left_out
    assert written_scenarios(runs[1][1]) == {
        "base", "hybrid", "rate_up", "rate_down", "rate_200", "rent"
    }  # fmt: skip
    for _, folder in runs:
        best = pq.read_table(folder / "ranked.parquet").slice(0, 100).to_pylist()
        for told in pq.read_table(folder / SCENARIOS_PATH).to_pylist():
            row, name = best[told["rank"] - 1], told["scenario"]
            assert row["permutation_id"] == told["permutation_id"]
            dscr = row["dscr_min" if name == "base" else f"{name}_dscr_min"]
            assert told["dscr_min"] == dscr


def test_113_are_the_documents_written(runs: tuple[Finished, Finished]) -> None:
    everything = {
        "0-contents.pdf", "1-term-sheets.pdf", "1-term-sheets.docx", "2-compliance.pdf",
        "3-stress-grid.pdf", "4-waterfall.pdf", "5-sidecar.pdf", "6-checklist.pdf",
        "7-investor-pack.pdf", "pack.xlsx", "model.xlsx", "pack.json",
    }  # fmt: skip
    memorandum = everything - {
        "1-term-sheets.pdf", "1-term-sheets.docx", "4-waterfall.pdf", "model.xlsx"
    }  # fmt: skip
    for (summary, folder), names in zip(runs, (everything, memorandum), strict=True):
        pack = f"reports/packs/{summary['run_id']}-{summary['optimal']['permutation_id']}"
        assert summary["written"]["not_written"] == []
        assert {path.name for path in (folder / pack).iterdir()} == names
        sealed = read_json(folder / "manifest.json")["outputs"]
        assert {path for path in sealed if path.startswith("reports/packs/")} == {
            f"{pack}.zip", *(f"{pack}/{name}" for name in names)
        }  # fmt: skip


def test_113_waits_for_the_pack_command_where_the_settings_say_so(tmp_path: Path) -> None:
    request = loaded(tmp_path, document("home", SPACE | CHANGED))
    summary, folder = run_here(request, tmp_path / "out", max_permutations=500)
    assert summary["written"]["not_written"] == ["IM"]
    assert not (folder / "reports/packs").exists()


def test_116_writes_the_trace_of_the_best_structure(runs: tuple[Finished, Finished]) -> None:
    (summary, folder), (_, other) = runs
    trace = read_json(folder / TRACE_PATH)
    assert trace["facts"]["permutation"] == summary["optimal"]["permutation_id"]
    assert trace["stored"] == {"file": "ranked.parquet", "equal": True, "differing": []}
    assert not (other / TRACE_PATH).exists()
    assert TRACE_PATH in read_json(folder / "manifest.json")["outputs"]


def test_nothing_is_written_where_nothing_is_asked(tmp_path: Path) -> None:
    places = {"levers.SeniorTenorY_39": [8], "base.OutputVariants_112": [],
              "base.SensitivityExportSet_115": [], "base.DocumentPackFlags_113": []}  # fmt: skip
    request = loaded(tmp_path, document("home", SPACE | CHANGED | places | {
        "levers.SeniorCoupon_38": [5]}))  # fmt: skip
    summary, folder = run_here(request, tmp_path / "out")
    assert summary["written"] == {"files": [], "scenarios": [], "not_written": []}
    assert sorted(path.name for path in (folder / "reports").iterdir()) == [
        "near_misses.parquet", "summary.pdf"
    ]  # fmt: skip


def test_the_page_of_variables_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.golden.variables_page"
