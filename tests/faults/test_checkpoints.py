"""Is a checkpoint that is not what it claims to be found, said and done again?"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.compute import PartitionsFailed, SerialExecutor
from pipeline.inputs import Request
from pipeline.settings import load_settings
from pipeline.stages.analysis import StageIncompleteError, analysis_stage
from pipeline.stages.contract import Run
from pipeline.stages.input import input_stage
from pipeline.stages.output import output_stage
from pipeline.stages.permutation import permutation_stage
from pipeline.stages.pruning import pruning_stage
from pipeline.storage import hold
from pipeline.storage.checkpoints import DamagedPartError, Marker, marker_bytes
from pipeline.storage.merge import MergeRefusedError
from pipeline.storage.plan import Plan
from tests.run_projects import log_of, quiet, request_of, run_here

Tell = Callable[[str], None]
ROWS = 1_500


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Request, Path]:
    folder = tmp_path_factory.mktemp("finished")
    request = request_of(folder)
    _, run = run_here(request, folder, partition_rows=ROWS)
    return request, run


@pytest.fixture
def damaged(finished: tuple[Request, Path], tmp_path: Path) -> tuple[Request, Path]:
    """A copy of the finished run to damage."""
    request, run = finished
    shutil.copytree(run, tmp_path / run.name)
    (tmp_path / run.name / "log.jsonl").unlink()
    return request, tmp_path / run.name


def _part(run: Path, stage: str, number: int) -> Path:
    folder = "evaluated" if stage == "pruning" else "checkpoints/analysis"
    return run / folder / f"part-{number:05d}.parquet"


def _marker(run: Path, stage: str, number: int) -> Path:
    return run / "checkpoints" / stage / f"part-{number:05d}.json"


def _edit(run: Path, stage: str, **changes: object) -> None:
    """Change a marker as nobody but a program of ours could: its own digest fits."""
    path = _marker(run, stage, 1)
    told = {**json.loads(path.read_text()), **changes}
    told.pop("seal")
    path.write_bytes(marker_bytes(Marker(**told)))


def _truncate(run: Path, stage: str) -> None:
    data = _part(run, stage, 1).read_bytes()
    _part(run, stage, 1).write_bytes(data[: len(data) // 2])


def _flip_a_bit(run: Path, stage: str) -> None:
    data = bytearray(_part(run, stage, 1).read_bytes())
    data[len(data) // 2] ^= 1
    _part(run, stage, 1).write_bytes(data)


def _take_a_neighbours_part_and_marker(run: Path, stage: str) -> None:
    shutil.copy(_part(run, stage, 0), _part(run, stage, 1))
    shutil.copy(_marker(run, stage, 0), _marker(run, stage, 1))


DAMAGE: dict[str, tuple[Callable[[Path, str], None], str]] = {
    "neighbour's part and marker": (_take_a_neighbours_part_and_marker, "part 0"),
    "other plan": (lambda run, stage: _edit(run, stage, plan_hash="0" * 64), "another plan"),
    "other engine": (lambda run, stage: _edit(run, stage, fingerprint="0" * 16), "engine"),
    "newer schema": (lambda run, stage: _edit(run, stage, schema=2), "schema 2"),
    "other rows": (lambda run, stage: _edit(run, stage, rows=3), "counts 3 rows"),
}


@pytest.mark.parametrize("stage", ["pruning", "analysis"])
@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.fault("Checkpoints", "a marker of {stage}: {kind}")
def test_damage_is_found_said_and_done_again(
    damaged: tuple[Request, Path],
    finished: tuple[Request, Path],
    kind: str,
    stage: str,
    came_of_it: Tell,
) -> None:
    request, run = damaged
    damage, words = DAMAGE[kind]
    damage(run, stage)
    (run / "ranked.parquet").unlink()
    run_here(request, run.parent)
    said = [event for event in log_of(run) if event["event"] == "partition_redone"]
    assert {(event["stage"], event["partition"]) for event in said} >= {(stage, 1)}
    assert len(said) <= 2
    assert words in next(event["reason"] for event in said if event["partition"] == 1)
    for name in ("ranked.parquet", "plan.json"):
        assert (run / name).read_bytes() == (finished[1] / name).read_bytes()
    assert _part(run, stage, 1).read_bytes() == _part(finished[1], stage, 1).read_bytes()
    came_of_it(f'made again ("{said[0]["reason"]}"); the same ranked rows and part')


@pytest.mark.fault("Checkpoints", "half a part, and no marker yet")
def test_a_part_without_its_marker_is_done_again(
    damaged: tuple[Request, Path], finished: tuple[Request, Path], came_of_it: Tell
) -> None:
    """What a process leaves that was killed between the part and its marker."""
    request, run = damaged
    _truncate(run, "pruning")
    _marker(run, "pruning", 1).unlink()
    run_here(request, run.parent)
    assert _part(run, "pruning", 1).read_bytes() == _part(finished[1], "pruning", 1).read_bytes()
    came_of_it("made again; the same part")


def test_a_finished_run_is_recognised_and_left_alone(damaged: tuple[Request, Path]) -> None:
    request, run = damaged
    names = ("ranked.parquet", "summary.json", "manifest.json", "reports/summary.pdf")
    before = {name: (run / name).stat().st_mtime_ns for name in names}
    run_here(request, run.parent)
    assert {name: (run / name).stat().st_mtime_ns for name in names} == before
    events = [event for event in log_of(run) if event["event"] == "stage_done"]
    assert [event["reused"] for event in events] == [event["partitions"] for event in events]


@pytest.mark.parametrize("name", ["ranked.parquet", "summary.json", "reports/summary.pdf"])
@pytest.mark.fault("Checkpoints", "{name} of a finished run, cut by ten bytes")
def test_a_changed_output_is_made_again(
    damaged: tuple[Request, Path], finished: tuple[Request, Path], name: str, came_of_it: Tell
) -> None:
    request, run = damaged
    (run / name).write_bytes((run / name).read_bytes()[:-10])
    run_here(request, run.parent)
    assert (run / "ranked.parquet").read_bytes() == (finished[1] / "ranked.parquet").read_bytes()
    assert "outputs_redone" in [event["event"] for event in log_of(run)]
    came_of_it("outputs made again from their parts; the same ranked rows")


@pytest.mark.fault("Checkpoints", "another seed in the plan")
def test_a_changed_plan_is_found_and_written_anew(
    damaged: tuple[Request, Path], finished: tuple[Request, Path], came_of_it: Tell
) -> None:
    request, run = damaged
    text = (run / "plan.json").read_text()
    (run / "plan.json").write_text(text.replace('"seed": 1,', '"seed": 2,', 1))
    run_here(request, run.parent, partition_rows=ROWS)
    assert (run / "plan.json").read_bytes() == (finished[1] / "plan.json").read_bytes()
    assert "plan_rewritten" in [event["event"] for event in log_of(run)]
    came_of_it("the plan is written anew, the same bytes")


def test_an_existing_run_keeps_its_plan_and_says_so(damaged: tuple[Request, Path]) -> None:
    request, run = damaged
    run_here(request, run.parent, partition_rows=999)
    assert json.loads((run / "plan.json").read_text())["partition_rows"] == ROWS
    said = [event for event in log_of(run) if event["event"] == "stored_plan_kept"]
    assert len(said) == 1
    assert "999" in said[0]["reason"]


@pytest.fixture
def staged(damaged: tuple[Request, Path]) -> tuple[Run, Plan]:
    request, folder = damaged
    run = input_stage(
        request, load_settings({}, pack="no", out=str(folder.parent), compute="serial")
    )
    yield run, permutation_stage(run)
    hold.release(run.folder)


@pytest.mark.parametrize("stage", ["pruning", "analysis"])
@pytest.mark.parametrize("fault", ["marker lost", "rows differ"])
def test_the_merge_refuses_what_does_not_add_up(
    staged: tuple[Run, Plan], stage: str, fault: str
) -> None:
    run, plan = staged
    if fault == "marker lost":
        _marker(run.folder, stage, 1).unlink()
    else:
        _edit(run.folder, stage, rows=ROWS - 1)
    (run.folder / "ranked.parquet").unlink()
    with pytest.raises(MergeRefusedError, match=f"{stage} part 1"):
        output_stage(run, plan, quiet)
    assert not (run.folder / "ranked.parquet").exists()


def test_the_merge_refuses_a_part_with_other_survivors_than_pruning_counted(
    staged: tuple[Run, Plan],
) -> None:
    run, plan = staged
    record = json.loads(_marker(run.folder, "pruning", 1).read_text())["record"]
    _edit(run.folder, "pruning", record={**record, "survivors": record["survivors"] - 1})
    with pytest.raises(MergeRefusedError, match="analysis part"):
        output_stage(run, plan, quiet)


def test_a_part_damaged_before_the_merge_stops_it(staged: tuple[Run, Plan]) -> None:
    run, plan = staged
    _flip_a_bit(run.folder, "analysis")
    (run.folder / "ranked.parquet").unlink()
    with pytest.raises(DamagedPartError, match="analysis part 1"):
        output_stage(run, plan, quiet)
    assert not (run.folder / "ranked.parquet").exists()
    assert not list((run.folder / "checkpoints/tmp").iterdir())


def test_a_pruning_part_damaged_before_analysis_fails_the_partition(
    staged: tuple[Run, Plan],
) -> None:
    run, plan = staged
    _flip_a_bit(run.folder, "pruning")
    shutil.rmtree(run.folder / "checkpoints/analysis")
    with pytest.raises(
        PartitionsFailed, match=r"analysis partition \d: DamagedPartError: its bytes"
    ):
        analysis_stage(run, plan, SerialExecutor(), quiet)


def test_analysis_needs_all_of_pruning(staged: tuple[Run, Plan]) -> None:
    run, plan = staged
    _marker(run.folder, "pruning", 2).unlink()
    with pytest.raises(StageIncompleteError, match="pruning part 2"):
        analysis_stage(run, plan, SerialExecutor(), quiet)


def test_a_partition_that_raises_is_named_with_its_cause(
    staged: tuple[Run, Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, plan = staged
    _marker(run.folder, "pruning", 3).unlink()

    def fail(*_: object) -> None:
        raise ArithmeticError("no such figure")

    monkeypatch.setattr("pipeline.stages.pruning.sized_figures_of_ids", fail)
    with pytest.raises(PartitionsFailed) as caught:
        pruning_stage(run, plan, SerialExecutor(), quiet)
    assert str(caught.value) == "pruning partition 3: ArithmeticError: no such figure"


def test_evaluated_holds_only_parquet_and_counts_add_up(finished: tuple[Request, Path]) -> None:
    _, run = finished
    summary = json.loads((run / "summary.json").read_text())
    parts = sorted((run / "evaluated").iterdir())
    assert {part.suffix for part in parts} == {".parquet"}
    rows = [row for part in parts for row in pq.read_table(part).to_pylist()]
    assert sorted(row["permutation_id"] for row in rows) == list(range(len(rows)))
    assert len(rows) == summary["total_scenarios"] == sum(summary["tiers"].values())
    survivors = [row for row in rows if row["survivor"]]
    assert len(survivors) == summary["survivors"] == summary["gates"]["b"]["passed"]
    assert all((row["first_reason"] is None) == row["survivor"] for row in rows)
    assert all((row["reasons"] == 0) == row["survivor"] for row in rows)
    binding = {each["reason"]: each["count"] for each in summary["binding_constraints"]}
    for reason, count in binding.items():
        assert sum(row["first_reason"] == reason for row in rows) == count
    assert sum(binding.values()) == len(rows) - len(survivors)
