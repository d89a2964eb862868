"""Does a search find what a sweep finds, and leave behind what a run leaves?"""

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from kernels import codes
from kernels import figures as f
from pipeline.cli.main import run_command
from pipeline.engine import figures_of_ids, sized_figures_of_ids
from pipeline.inputs import Request, load_request
from pipeline.inputs.encode import problem_of
from pipeline.search.compare import comparison, ratio
from pipeline.search.finer import finer_request
from pipeline.search.run import Choices, search
from pipeline.settings import BadSettingError, load_settings
from pipeline.space.levers import LeverSpace
from tests.run_projects import SPACE, log_of, quiet, request_of, run_here

# 5 % of the large golden space.
MOST = 13_056
FULL = pytest.mark.full
SEEDS = [pytest.param(n, marks=[FULL] if n else []) for n in range(20)]
# A space of which few structures pass the gates, none of them fully funded.
POOR = """\
schema: 1
project:
  {id: poor, title: Poor, country: GB, asset_type: data_centre,
   tenant: {name: Tenant, rating: A, share_pct: 100}, rent: {per_kwh: 0.02}}
base: {GrossITLoad_02: 5, MinSeniorRatingTarget_75: AAA}
levers:
  TargetDSCRSenior_37: {min: 1.15, max: 1.50, step: 0.01}
  SeniorCoupon_38: {min: 3, max: 9, step: 0.1}
  overlays: all
run: {seed: 1}
market: builtin:gbp
rulebook: builtin:v1
"""


def searched(request: Request, out: Path, seed: int = 1, **choices: Any) -> dict[str, Any]:
    settings = load_settings({}, pack="no", out=str(out), compute="serial", seed=seed)
    return search(request, Choices(**choices), settings, quiet)


def answer(document: dict[str, Any]) -> dict[str, Any]:
    """search.json without what was measured, and without the text that names the folder."""
    return {name: each for name, each in document.items() if name != "measured"}


@pytest.fixture(scope="module")
def large() -> Request:
    return load_request("builtin:large")


@pytest.fixture(scope="module")
def optimum(large: Request) -> tuple[int, float]:
    """Tier and composite score of the best of all 261,120 structures, straight from the engine."""
    problem = problem_of(large)
    best = (-1, -np.inf)
    for start in range(0, LeverSpace(problem.levers).size, 20_000):
        ids = np.arange(start, min(start + 20_000, large.space_size))
        sized = sized_figures_of_ids(problem, ids)
        ids = ids[(sized[f.GATE_A_FAILED] == 0.0) & (sized[f.GATE_B_FAILED] == 0.0)]
        if ids.size:
            figures = figures_of_ids(problem, ids)
            scores = zip(figures[f.TIER], figures[f.COMPOSITE_SCORE], strict=True)
            best = max(best, *((int(tier), float(score)) for tier, score in scores))
    return best


@pytest.mark.parametrize("seed", SEEDS)
def test_a_search_reaches_the_optimum_of_the_large_golden_space(
    large: Request, optimum: tuple[int, float], tmp_path: Path, seed: int
) -> None:
    document = searched(large, tmp_path, seed, top=1)
    assert document["space_size"] == 261_120
    assert document["evaluations"]["distinct"] <= MOST
    found = document["found"]
    assert found["tier"] == codes.TIER_NAMES[optimum[0]]
    assert found["objective"] >= 0.995 * optimum[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_finer_levers_give_something_better_than_the_sweep(
    large: Request, optimum: tuple[int, float], tmp_path: Path, seed: int
) -> None:
    document = searched(large, tmp_path, seed, top=1, finer=10)
    assert document["space_size"] > 100_000_000
    assert document["evaluations"]["distinct"] <= MOST
    assert (codes.TIER_NAMES.index(document["found"]["tier"]), document["found"]["objective"]) > (
        optimum
    )


def test_a_space_of_more_than_a_million_million_is_searched(
    large: Request, optimum: tuple[int, float], tmp_path: Path
) -> None:
    document = searched(large, tmp_path, top=1, finer=1_000)
    assert document["space_size"] > 10**12
    assert document["found"]["tier"] == codes.TIER_NAMES[optimum[0]]
    assert document["found"]["objective"] >= 0.995 * optimum[1]


def test_a_space_within_the_budget_is_the_sweep(tmp_path: Path) -> None:
    request = request_of(tmp_path)
    summary, run = run_here(request, tmp_path)
    document = searched(request, tmp_path, budget=SPACE + 1, top=40, against=summary["run_id"])
    assert document["stopped_by"] == "whole space"
    assert document["evaluations"]["distinct"] == SPACE
    assert document["evaluations"]["with_all_figures"] == summary["survivors"]
    merged = ("rank", "pareto")
    assert without(document["optimal"], merged) == without(summary["optimal"], merged)
    compared = document["against"]
    assert compared["same_space"] and compared["reached"] and not compared["improved"]
    assert compared["objective_ratio"] == 1.0 and compared["evaluations_share_pct"] == 100.0

    best = pq.read_table(tmp_path / document["search_id"] / "best.parquet")
    ranked = pq.read_table(run / "ranked.parquet")
    assert best.schema.equals(ranked.schema, check_metadata=True)
    # best tier first, then in the order of the run's own ranking
    rows = sorted(
        ranked.to_pylist(), key=lambda row: -codes.TIER_NAMES.index(row["viability_tier"])
    )
    for found, expected in zip(best.to_pylist(), rows, strict=False):
        assert without(found, merged) == without(expected, merged)
    assert best["rank"].to_pylist() == list(range(1, 41))


def without(row: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: each for name, each in row.items() if name not in names}


@pytest.mark.parametrize("objective", ["SeniorRaise", "WACC", "EquityIRR", "Day1Cash", "DSCR"])
def test_other_objectives_reach_their_sweep(tmp_path: Path, objective: str) -> None:
    request = request_of(tmp_path)
    everything = searched(request, tmp_path, budget=SPACE, objective=objective)
    document = searched(request, tmp_path, budget=2_500, objective=objective)
    share = ratio(everything["found"], document["found"], objective)
    assert document["found"]["tier"] == everything["found"]["tier"]
    assert share is not None and 0.995 <= share <= 1.0


def test_only_viable_structures_answer_a_search_for_such(tmp_path: Path) -> None:
    project = tmp_path / "trial.yaml"
    request_of(tmp_path)
    text = project.read_text().replace("seed: 1,", 'seed: 1, hard_filters: ["SeniorWAL<=4.2"],')
    project.write_text(text)
    request = load_request(project)
    free = searched(request, tmp_path, budget=2_000)
    held = searched(request, tmp_path, budget=2_000, viable=True)
    assert free["search_id"] != held["search_id"]
    assert free["optimal"]["senior_wal"] > 4.2
    best = pq.read_table(tmp_path / held["search_id"] / "best.parquet")
    assert best.num_rows and max(best["senior_wal"].to_pylist()) <= 4.2 + 1e-9


def test_where_nothing_passes_the_nearest_is_told_with_its_reasons(tmp_path: Path) -> None:
    project = tmp_path / "poor.yaml"
    project.write_text(POOR)
    document = searched(load_request(project), tmp_path, budget=600)
    assert document["found"] is None and document["optimal"] is None
    assert set(document["nearest"]["reasons"]) < set(codes.REASON_NAMES)
    assert document["nearest"]["levers"]["TargetDSCRSenior_37"] >= 1.15
    assert pq.read_table(tmp_path / document["search_id"] / "best.parquet").num_rows == 0


def test_the_command_it_names_evaluates_the_structure_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], large: Request
) -> None:
    document = searched(large, tmp_path, budget=600, finer=10)
    words = shlex.split(document["found"]["evaluate"])[1:]
    assert run_command([*words, "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    optimal = document["optimal"]
    assert {name: optimal[name] for name in alone} == alone


@pytest.mark.parametrize(
    "way", [{"compute": "threads", "workers": 2}, {"compute": "processes", "workers": 2}], ids=str
)
def test_an_answer_does_not_depend_on_where_it_ran(tmp_path: Path, way: dict[str, Any]) -> None:
    request = request_of(tmp_path)
    here, there = tmp_path / "here", tmp_path / "there"
    expected = searched(request, here, budget=1_500)
    settings = load_settings({}, pack="no", out=str(there), seed=1, **way)
    document = search(request, Choices(budget=1_500), settings, quiet)
    assert answer(document) == answer(expected)
    name = f"{document['search_id']}/best.parquet"
    assert (there / name).read_bytes() == (here / name).read_bytes()


def test_another_seed_asks_other_questions(tmp_path: Path) -> None:
    request = request_of(tmp_path)
    one, other = (searched(request, tmp_path, seed, budget=500) for seed in (1, 2))
    assert one["search_id"] != other["search_id"]
    assert one["best_over_time"] != other["best_over_time"]


def test_a_search_ended_by_the_clock_says_so_and_goes_on(tmp_path: Path) -> None:
    request = request_of(tmp_path)
    expected = searched(request, tmp_path / "whole", budget=1_500)
    short = searched(request, tmp_path, budget=1_500, time_limit_s=1e-9)
    assert short["stopped_by"] == "time limit" and not short["repeatable"]
    assert 0 < short["evaluations"]["distinct"] < 1_500
    document = searched(request, tmp_path, budget=1_500)
    assert document["measured"]["from_kept_batches"] == short["evaluations"]["distinct"]
    assert answer(document) == answer(expected)


@pytest.mark.parametrize("damage", ["cut", "flipped", "gone", "other ids", "marker"])
def test_a_damaged_batch_is_told_and_evaluated_again(tmp_path: Path, damage: str) -> None:
    request = request_of(tmp_path)
    expected = searched(request, tmp_path, budget=1_000)
    folder = tmp_path / expected["search_id"]
    kept = sorted((folder / "checkpoints" / "search").glob("*.parquet"))
    data = kept[1].read_bytes()
    if damage == "cut":
        kept[1].write_bytes(data[: len(data) // 2])
    elif damage == "flipped":
        kept[1].write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])
    elif damage == "gone":
        kept[1].unlink()
    elif damage == "other ids":
        kept[1].write_bytes(kept[2].read_bytes())
        marker = json.loads(kept[2].with_suffix(".json").read_text())
        kept[1].with_suffix(".json").write_text(json.dumps({**marker, "number": 1}))
    else:
        kept[1].with_suffix(".json").write_text("{")
    document = searched(request, tmp_path, budget=1_000)
    assert answer(document) == answer(expected)
    redone = len(pq.read_table(kept[1]))
    assert document["measured"]["evaluated_now"] == redone
    assert [line["batch"] for line in log_of(folder) if line["event"] == "batch_redone"] == [1]


def test_finer_levers_keep_their_own_values_and_the_choices(large: Request) -> None:
    finer = finer_request(large, 10)
    radices = {lever.name: len(lever.options) for lever in finer.levers}
    assert radices["TargetDSCRSenior_37"] == 71 and radices["SeniorCoupon_38"] == 161
    for before, after in zip(large.levers, finer.levers, strict=True):
        assert [option for option in after.options if option in before.options] == list(
            before.options
        )
        if before.name in ("SeniorAmortType_40", "mezz", "trs"):
            assert after.options == before.options
    values = [option["TargetDSCRSenior_37"] for option in finer.levers[0].options]
    assert values[:3] == [1.15, 1.155, 1.16]
    months = [
        12 * option["SeniorTenorY_39"] for option in finer_request(large, 7).levers[2].options
    ]
    assert all(month % 1 == 0 for month in months) and len(months) > 5


def test_a_ratio_is_measured_in_the_direction_of_the_objective() -> None:
    def structure(objective: float, tier: str = "Gold") -> dict[str, Any]:
        return {"permutation_id": 1, "tier": tier, "objective": objective}

    assert ratio(structure(80.0), structure(79.6), "Composite") == pytest.approx(0.995)
    assert ratio(structure(8.0), structure(8.04), "WACC") == pytest.approx(0.995)
    assert ratio(structure(-10.0), structure(-9.0), "Day1Cash") == pytest.approx(1.1)
    assert ratio(structure(80.0), structure(99.0, "Silver"), "Composite") is None
    assert ratio(None, structure(1.0), "Composite") is None


def test_a_run_with_another_question_is_no_measure(tmp_path: Path, large: Request) -> None:
    request = request_of(tmp_path, limit=300)
    summary, _ = run_here(request, tmp_path)
    with pytest.raises(BadSettingError, match="objective"):
        searched(request, tmp_path, budget=300, objective="WACC", against=summary["run_id"])
    with pytest.raises(BadSettingError, match="market"):
        searched(large, tmp_path, budget=300, against=summary["run_id"])
    document = searched(request, tmp_path, budget=300, finer=2, against=summary["run_id"])
    assert not document["against"]["same_space"]


BAD = [
    (["--objective", "Luck"], "objective: 'Luck' is not one of Composite"),
    (["--against", "no-such"], "there is no run 'no-such'"),
    (["--finer", "1000", "--budget", "10"], "ids end at 10^15"),
    (["--finer", "2000"], "Invalid value for '--finer'"),
    (["--budget", "0"], "Invalid value for '--budget'"),
    (["--seed", "-1"], "seed"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=lambda each: str(each)[:20])
def test_bad_input_is_told_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    project = tmp_path / "wide.yaml"
    request_of(tmp_path)
    one_more = "[8, 12]\n  MezzCoupon_46: {min: 8, max: 14, step: 0.5}"
    text = (tmp_path / "trial.yaml").read_text().replace("[4, 5, 6, 7, 8]", "{min: 4, max: 8}")
    project.write_text(text.replace("[8, 12]", one_more))
    out = tmp_path / "out"
    assert run_command(["search", str(project), "--out", str(out), *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_the_command_tells_people_and_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = request_of(tmp_path, limit=300)
    summary, _ = run_here(request, tmp_path)
    words = ["search", str(tmp_path / "trial.yaml"), "--out", str(tmp_path), "--budget", "400"]
    words += ["--against", summary["run_id"]]
    assert run_command(words) == 0
    out, err = capsys.readouterr()
    assert "400 of 10,240 structures evaluated" in out
    assert f"Against run {summary['run_id']}" in out and "atlas-forge evaluate" in out
    assert "search: 400 of 400 structures" in err
    assert run_command([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["evaluations"]["distinct"] == 400
    assert document["measured"]["evaluated_now"] == 0
    stored = json.loads((tmp_path / document["search_id"] / "search.json").read_text())
    assert stored == document


def test_a_sweep_without_survivors_is_beaten_by_any(large: Request) -> None:
    problem = problem_of(large)
    from pipeline.search.compare import Swept

    found = {"permutation_id": 3, "tier": "Bronze", "objective": 1.0}
    compared = comparison(Swept("r", _plan_of(problem), 10, None), problem, found, 5)
    assert compared["improved"] and compared["objective_ratio"] is None


def _plan_of(problem: Any) -> Any:
    from pipeline.storage.plan import Plan

    return Plan("r", 1, 10, 10, False, 10, "f", problem)
