"""Is whatever is wrong with a run's files found, said and put right, byte for byte?"""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.inputs import Request
from pipeline.storage.checkpoints import Marker, marker_bytes
from tests.faults.struck import SEED, atlas_forge, results_of
from tests.run_projects import log_of, request_of, run_here

# A full lane beside other work: many whole runs, each several times slower than alone.
pytestmark = pytest.mark.timeout(1_200)
Tell = Callable[[str], None]
ROWS = 1_500
FOLDERS = {"pruning": "evaluated", "analysis": "checkpoints/analysis"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Request, Path]:
    folder = tmp_path_factory.mktemp("finished")
    request = request_of(folder)
    return request, run_here(request, folder, partition_rows=ROWS)[1]


@pytest.fixture(scope="module")
def whole(finished: tuple[Request, Path]) -> dict[str, str]:
    return results_of(finished[1])


@pytest.fixture
def copy(finished: tuple[Request, Path], tmp_path: Path) -> tuple[Request, Path]:
    """A copy of the finished run to damage, without its outputs: they are to be made again."""
    request, run = finished
    damaged = tmp_path / run.name
    shutil.copytree(run, damaged)
    for name in ("log.jsonl", "ranked.parquet"):
        (damaged / name).unlink()
    return request, damaged


def part(run: Path, stage: str, number: int) -> Path:
    return run / FOLDERS[stage] / f"part-{number:05d}.parquet"


def marker(run: Path, stage: str, number: int) -> Path:
    return run / "checkpoints" / stage / f"part-{number:05d}.json"


def said(run: Path, event: str) -> list[dict]:
    return [each for each in log_of(run) if each["event"] == event]


def flip(path: Path, place: int, bit: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1 << bit
    path.write_bytes(data)


def _flip_body(path: Path) -> None:
    """A byte of the first column's data, behind the magic number and the page's header."""
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(0)
    flip(path, chunk.data_page_offset + chunk.total_compressed_size - 3)


def _flip_page_header(path: Path) -> None:
    flip(path, pq.ParquetFile(path).metadata.row_group(0).column(0).data_page_offset + 1)


def _cut(path: Path, keep: Callable[[int], int]) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: keep(len(data))])


PART_DAMAGE: dict[str, Callable[[Path], None]] = {
    "a bit flipped in a column's data": _flip_body,
    "a bit flipped in a page header": _flip_page_header,
    "a bit flipped in the footer": lambda path: flip(path, path.stat().st_size - 40),
    "a bit flipped in the magic number": lambda path: flip(path, 1),
    "cut to nothing": lambda path: _cut(path, lambda length: 0),
    "cut to its first 4 bytes": lambda path: _cut(path, lambda length: 4),
    "cut in the middle": lambda path: _cut(path, lambda length: length // 2),
    "cut by its last byte": lambda path: _cut(path, lambda length: length - 1),
    "a byte too long": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "replaced by text": lambda path: path.write_text("not Parquet"),
    "deleted": lambda path: path.unlink(),
}


@pytest.mark.parametrize("stage", ["pruning", "analysis"])
@pytest.mark.parametrize(
    "damage",
    [name if name == "a bit flipped in a page header"
     else pytest.param(name, marks=pytest.mark.full) for name in PART_DAMAGE],
)  # fmt: skip
@pytest.mark.fault("Checkpoints", "a part of {stage}: {damage}")
def test_a_damaged_part_is_made_again(
    copy: tuple[Request, Path], whole: dict[str, str], stage: str, damage: str, came_of_it: Tell
) -> None:
    request, run = copy
    PART_DAMAGE[damage](part(run, stage, 1))
    run_here(request, run.parent)
    redone = said(run, "partition_redone")
    assert [(each["stage"], each["partition"]) for each in redone] == [(stage, 1)]
    assert results_of(run) == whole
    came_of_it(f'1 partition made again ("{redone[0]["reason"]}"); the same files')


def _swap(one: Path, other: Path) -> None:
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)


def _claim_other_digest(run: Path) -> None:
    """As a program would that wrote another part's digest: the marker's own seal fits."""
    path = marker(run, "pruning", 1)
    told = json.loads(path.read_text())
    told.pop("seal")
    told["digest"] = "0" * 64
    path.write_bytes(marker_bytes(Marker(**told)))


def _raise_a_count(run: Path) -> None:
    """Still JSON, still this plan's, and the part has its digest: only the totals would differ."""
    path = marker(run, "pruning", 1)
    told = json.loads(path.read_text())
    told["record"]["near_misses"] += 1
    path.write_text(json.dumps(told))


# What is done to a finished run, and how many partitions it costs.
FILE_DAMAGE: dict[str, tuple[Callable[[Path], object], int]] = {
    "parts of pruning swapped": (
        lambda run: _swap(part(run, "pruning", 0), part(run, "pruning", 1)), 2),
    "markers of pruning swapped": (
        lambda run: _swap(marker(run, "pruning", 0), marker(run, "pruning", 1)), 2),
    "parts and markers of pruning swapped": (
        lambda run: (_swap(part(run, "pruning", 0), part(run, "pruning", 1)),
                     _swap(marker(run, "pruning", 0), marker(run, "pruning", 1))), 2),
    "part and marker swapped between the stages": (
        lambda run: (_swap(part(run, "pruning", 1), part(run, "analysis", 1)),
                     _swap(marker(run, "pruning", 1), marker(run, "analysis", 1))), 2),
    "a marker with another digest": (_claim_other_digest, 1),
    "a marker whose counts were changed": (_raise_a_count, 1),
    "a marker that is no JSON": (lambda run: marker(run, "pruning", 1).write_text("{"), 1),
    "a marker that is a list": (lambda run: marker(run, "pruning", 1).write_text("[1, 2]"), 1),
    "a marker of zero bytes": (lambda run: marker(run, "analysis", 1).write_bytes(b""), 1),
    "a marker deleted": (lambda run: marker(run, "analysis", 1).unlink(), 0),
    "all markers deleted": (lambda run: [path.unlink() for path in
                                         (run / "checkpoints/pruning").iterdir()], 0),
    "the plan deleted": (lambda run: (run / "plan.json").unlink(), 0),
    "the plan cut": (lambda run: _cut(run / "plan.json", lambda length: length // 2), 0),
    "the manifest deleted": (lambda run: (run / "manifest.json").unlink(), 0),
    "the manifest cut": (lambda run: _cut(run / "manifest.json", lambda length: length // 3), 0),
    "the summary deleted": (lambda run: (run / "summary.json").unlink(), 0),
    "the whole of checkpoints/ deleted": (lambda run: shutil.rmtree(run / "checkpoints"), 0),
}  # fmt: skip
_QUICK = ("part and marker swapped between the stages", "a marker whose counts were changed")


@pytest.mark.parametrize(
    "damage",
    [name if name in _QUICK else pytest.param(name, marks=pytest.mark.full)
     for name in FILE_DAMAGE],
)  # fmt: skip
@pytest.mark.fault("Checkpoints", "{damage}")
def test_files_that_are_not_their_own_are_made_again(
    copy: tuple[Request, Path], whole: dict[str, str], damage: str, came_of_it: Tell
) -> None:
    request, run = copy
    harm, redone = FILE_DAMAGE[damage]
    harm(run)
    run_here(request, run.parent, partition_rows=ROWS)
    assert len(said(run, "partition_redone")) == redone
    assert results_of(run) == whole
    reasons = sorted({each["reason"] for each in log_of(run) if each.get("reason")})
    came_of_it(f"the same files; said: {'; '.join(reasons) or 'nothing, it was just made'}")


@pytest.mark.full
@pytest.mark.fault("Checkpoints", "a bit flipped at 60 random places of parts and markers")
def test_no_flipped_bit_goes_unnoticed(
    copy: tuple[Request, Path], whole: dict[str, str], came_of_it: Tell
) -> None:
    request, run = copy
    rng = random.Random(SEED)
    files = [*sorted(run.glob("evaluated/*")), *sorted(run.glob("checkpoints/*/part-*"))]
    kinds = {"part": 0, "marker": 0}
    for round_ in range(12):
        for path in rng.sample(files, 5):
            place, bit = rng.randrange(path.stat().st_size), rng.randrange(8)
            print(f"round {round_}: bit {bit} of byte {place} of {path.relative_to(run)}")
            flip(path, place, bit)
            kinds["marker" if path.suffix == ".json" else "part"] += 1
        (run / "ranked.parquet").unlink(missing_ok=True)
        before = len(said(run, "partition_redone")) if (run / "log.jsonl").exists() else 0
        run_here(request, run.parent)
        found = len(said(run, "partition_redone")) - before
        assert 1 <= found <= 5
        assert results_of(run) == whole
    came_of_it(f"{kinds['part']} flips in parts, {kinds['marker']} in markers, all made good")


@pytest.mark.fault("Checkpoints", "parts of a finer plan lie among those of the run")
def test_parts_of_an_earlier_finer_plan_are_not_counted_as_well(
    copy: tuple[Request, Path], tmp_path: Path, came_of_it: Tell
) -> None:
    request, run = copy
    before = len(list((run / "evaluated").iterdir()))
    (run / "plan.json").unlink()
    run_here(request, run.parent, partition_rows=5_000)
    parts = sorted((run / "evaluated").iterdir())
    ids = [row for path in parts for row in pq.read_table(path)["permutation_id"].to_pylist()]
    assert len(parts) < before
    assert sorted(ids) == list(range(len(ids)))
    other = tmp_path / "other"
    other.mkdir()
    assert results_of(run) == results_of(run_here(request, other, partition_rows=5_000)[1])
    removed = {each["stage"]: each["parts"] for each in said(run, "parts_removed")}
    came_of_it(f"parts removed by stage: {removed}; each of {len(ids)} rows is there once")


@pytest.mark.fault("Checkpoints", "another run's request in the manifest")
def test_a_manifest_of_another_question_is_found(
    copy: tuple[Request, Path], whole: dict[str, str], came_of_it: Tell
) -> None:
    request, run = copy
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["request"]["base"]["LeaseTermYears_22"] = 7
    (run / "manifest.json").write_text(json.dumps(manifest))
    resumed = atlas_forge("resume", run.name, "--out", str(run.parent), "--json")
    assert resumed.returncode == 1
    told = json.loads(resumed.stdout)["messages"][0]
    assert "manifest.json was changed" in told and "project file" in told
    run_here(request, run.parent)
    assert [each["reason"] for each in said(run, "manifest_rewritten")]
    assert results_of(run) == whole
    came_of_it("resume refuses and says why; the same request writes it anew, the same files")


def test_what_a_killed_process_had_begun_to_write_is_cleared(
    copy: tuple[Request, Path], whole: dict[str, str]
) -> None:
    request, run = copy
    for name in (
        ".ranked.parquet.77.tmp",
        "reports/.summary.pdf.77.tmp",
        "checkpoints/.usage.json.77.tmp",
        "checkpoints/tmp/part-00001.json.77.1",
    ):
        (run / name).write_bytes(b"half")
    run_here(request, run.parent)
    assert results_of(run) == whole
