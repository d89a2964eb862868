"""Is the ranked file the same, value for value, however and wherever a run is carried out?"""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.space.partitions import rows_per_partition
from tests.run_projects import SPACE, request_of, run_here

# What a run took, when, and on how much memory: everything else has to be the same.
_MEASURED = ("timings", "rows_per_second", "peak_memory_mb")

SAMPLE = 7_001
WAYS = [
    (SPACE, {"mode": "threads", "workers": 1, "partition_rows": 1_200}),
    (SPACE, {"mode": "threads", "workers": 2, "partition_rows": 2_500}),
    (SPACE, {"mode": "threads", "workers": 2, "partition_rows": 1_200}),
    (SPACE, {"mode": "processes", "workers": 2, "partition_rows": 1_200}),
    (SPACE, {"mode": "serial", "partition_rows": 777}),
    (SAMPLE, {"mode": "threads", "workers": 2, "partition_rows": 1_200}),
    (SAMPLE, {"mode": "serial", "partition_rows": 777}),
]

Reference = tuple[dict, bytes]


@pytest.fixture(scope="module")
def references(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Reference]:
    """Summary and ranked file of a plain serial run, whole and sampled."""
    found = {}
    for limit in (SPACE, SAMPLE):
        folder = tmp_path_factory.mktemp("reference")
        summary, run = run_here(request_of(folder, limit), folder, partition_rows=2_500)
        assert summary["survivors"] > 500, "a run without survivors would prove nothing"
        found[limit] = summary, (run / "ranked.parquet").read_bytes()
    return found


@pytest.mark.parametrize(("limit", "way"), WAYS, ids=str)
def test_ranked_file_does_not_depend_on_how_it_ran(
    references: dict[int, Reference], limit: int, way: dict, tmp_path: Path
) -> None:
    expected, ranked = references[limit]
    summary, run = run_here(request_of(tmp_path, limit), tmp_path, **way)
    assert (run / "ranked.parquet").read_bytes() == ranked
    assert without_measures(summary) == without_measures(expected)


def without_measures(summary: dict) -> dict:
    return {name: each for name, each in summary.items() if name not in _MEASURED}


def test_ranked_rows_are_in_the_order_of_the_objective(
    references: dict[int, Reference], tmp_path: Path
) -> None:
    path = tmp_path / "ranked.parquet"
    path.write_bytes(references[SPACE][1])
    table = pq.read_table(path, page_checksum_verification=True)
    rows = table.select(["composite_score", "dscr_min", "permutation_id"]).to_pylist()
    keys = [(-row["composite_score"], -row["dscr_min"], row["permutation_id"]) for row in rows]
    assert keys == sorted(keys)
    assert table["rank"].to_pylist() == list(range(1, len(rows) + 1))


def test_partitions_get_smaller_as_runs_get_larger() -> None:
    sizes = {1: 2_500, 100_000: 2_500, 100_001: 1_800, 175_000: 1_800, 175_001: 1_200}
    assert {count: rows_per_partition(count) for count in sizes} == sizes
    assert rows_per_partition(250_000, override=500) == 500
