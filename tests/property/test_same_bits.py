"""Is the ranked file the same, value for value, however and wherever a run is carried out?"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.inputs import Request, load_request
from pipeline.space.partitions import rows_per_partition
from tests.run_projects import SPACE, request_of, run_here, write_rough_project

# What a run took, when, on how much memory, and where it was watched: all else has to be the same.
_MEASURED = ("timings", "rows_per_second", "peak_memory_mb", "links")

SAMPLE = 7_001
ROUGH = "rough"
# Columns that the rough project is there for: they have to differ from row to row.
VARIED = (
    "equity_irr", "equity_irr_status", "equity_multiple", "day1_cash", "day1_wrap", "day1_strip",
    "total_uses", "rent_free_reserve", "cash_coverage", "full_coverage", "expected_wal",
    "covenant_dscr_min", "trap_months", "turbo_months", "unpaid_max", "equity_put_in", "dsra_drawn",
    "facility_drawn", "mezz_notional", "stresses_passed", "flat_equity_irr", "cpi_1_dscr_min",
    "rate_up_dscr_min", "rate_200_months_under_1", "opex_equity_irr", "refinance_worst_month",
    "capex_equity_irr", "delay_passed", "default_rating", "combined_rating",
)  # fmt: skip
WAYS = [
    (SPACE, {"compute": "threads", "workers": 1, "partition_rows": 1_200}),
    (SPACE, {"compute": "threads", "workers": 2, "partition_rows": 2_500}),
    (SPACE, {"compute": "threads", "workers": 2, "partition_rows": 1_200}),
    (SPACE, {"compute": "processes", "workers": 2, "partition_rows": 1_200}),
    (SPACE, {"compute": "serial", "partition_rows": 777}),
    (SAMPLE, {"compute": "threads", "workers": 2, "partition_rows": 1_200}),
    (SAMPLE, {"compute": "serial", "partition_rows": 777}),
    (ROUGH, {"compute": "threads", "workers": 1, "partition_rows": 1_200}),
    (ROUGH, {"compute": "threads", "workers": 2, "partition_rows": 1_200}),
    (ROUGH, {"compute": "processes", "workers": 2, "partition_rows": 777}),
]

Reference = tuple[dict, bytes]


def asked(rows: int | str, folder: Path) -> Request:
    if rows == ROUGH:
        return load_request(write_rough_project(folder))
    return request_of(folder, int(rows))


@pytest.fixture(scope="module")
def references(tmp_path_factory: pytest.TempPathFactory) -> dict[int | str, Reference]:
    """Summary and ranked file of a plain serial run: whole, sampled, and of the rough project."""
    found = {}
    for rows in (SPACE, SAMPLE, ROUGH):
        folder = tmp_path_factory.mktemp("reference")
        summary, run = run_here(asked(rows, folder), folder, partition_rows=2_500)
        assert summary["survivors"] > 500, "a run without survivors would prove nothing"
        found[rows] = summary, (run / "ranked.parquet").read_bytes()
    return found


@pytest.mark.parametrize(("rows", "way"), WAYS, ids=str)
def test_ranked_file_does_not_depend_on_how_it_ran(
    references: dict[int | str, Reference], rows: int | str, way: dict, tmp_path: Path
) -> None:
    expected, ranked = references[rows]
    summary, run = run_here(asked(rows, tmp_path), tmp_path, **way)
    assert columns_that_differ(run / "ranked.parquet", ranked) == []
    assert (run / "ranked.parquet").read_bytes() == ranked
    assert (run / "ranked.parquet").read_bytes() == ranked
    assert without_measures(summary) == without_measures(expected)


def columns_that_differ(path: Path, reference: bytes) -> list[str]:
    """Names of the columns of a ranked file that are not those of the reference."""
    mine, theirs = pq.read_table(path), pq.read_table(pa.BufferReader(reference))
    assert mine.schema.equals(theirs.schema, check_metadata=True)
    return [name for name in mine.column_names if not mine[name].equals(theirs[name])]


def test_the_rough_project_varies_the_columns_of_the_cash_flows(
    references: dict[int | str, Reference],
) -> None:
    table = pq.read_table(pa.BufferReader(references[ROUGH][1]), columns=list(VARIED))
    constant = [name for name in VARIED if len(table[name].unique()) == 1]
    assert constant == []


def without_measures(summary: dict) -> dict:
    return {name: each for name, each in summary.items() if name not in _MEASURED}


def test_ranked_rows_are_in_the_order_of_the_objective(
    references: dict[int | str, Reference], tmp_path: Path
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
