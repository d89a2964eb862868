"""Are the figures of docs/sizing.md those of the record, and is their arithmetic right?"""

from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from benchmarks import sizing, sizing_page
from benchmarks.sizing import Part, Prices, Size
from pipeline.storage import merge, sorted_runs

ROOT = Path(__file__).parents[2]
# Round figures, so that what follows from them can be told by hand.
ROUND = Part(
    share=0.2, pruned_s=100_000, analysed_s=10_000, output_s=20_000,
    merge_s=((10, 25_000), (1_000, 12_500)), documents_s=10_000,
    tasks_s=500, dispatch_core_s=0.001, marker_local_s=0.0001, marker_store_s=0.01, store_put_s=100,
    pruning_bytes=10, analysis_bytes=300, marker_bytes=700, ranked_bytes=250, scratch_bytes=2_048,
    document_bytes=1_000, group_bytes=200_000, group_close_bytes=400_000, flow_marker_bytes=4_000,
    flow_bytes=300e6, worker_bytes=250e6,
)  # fmt: skip


@pytest.mark.parametrize("page", sizing_page.PAGES)
def test_the_page_is_what_the_record_makes(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert sizing_page.filled(text, sizing_page.blocks(sizing.record())) == text, "make sizing"


def test_every_block_has_a_place() -> None:
    pages = "".join((ROOT / page).read_text(encoding="utf-8") for page in sizing_page.PAGES)
    for name, block in sizing_page.blocks(sizing.record()).items():
        assert block in pages, name


def test_the_record_says_where_each_part_was_measured_and_has_every_figure() -> None:
    record = sizing.record()
    told = {"date", "commit", "processor", "cores", "python", "load", "load_after", "seconds"}
    parts = {"runs", "large_partitions", "dask", "store", "merge", "row_group", "markers", "mongo"}
    assert set(record["measured"]) == parts == set(record) - {"measured"}
    for about in record["measured"].values():
        assert told <= set(about)
    found = sizing.parts(record)
    assert all(getattr(found, each.name) > 0 for each in fields(found) if each.name != "merge_s")
    assert len(found.merge_s) == 4 and all(rate > 0 for _, rate in found.merge_s)
    # a first run of everything compiles; what is compared was not measured then
    assert record["runs"]["finer_processes_2"]["rows"] == 1_000_000


def test_a_hundred_million_by_hand() -> None:
    size = Size(ROUND, 10**8, 0.2, merge_mb=51_200)
    assert (size.survivors, size.partition_rows) == (20_000_000, 10_000)
    assert (size.pruning_parts, size.analysis_parts) == (10_000, 2_000)
    # 1,000 s of pruning and 2,000 s of analysis on one core
    assert size.spread_core_s == pytest.approx(3_000)
    assert size.partition_s == pytest.approx(0.25)
    assert size.most_workers == 250
    # 22,000 markers at 10 ms; 20 million rows at 20,000 a second
    assert size.markers_s == pytest.approx(220)
    assert size.output_s == pytest.approx(1_000)
    assert size.seconds(3) == pytest.approx(1_000 + 220 + 1_000)
    # half an hour leaves 580 s for 3,000 core seconds
    assert size.workers(0.5) == 6
    assert size.workers(0.3) is None, "1,080 s are less than what no worker shortens"
    assert size.requests == {"GET": 30_000 + 6_000 + 23_998, "PUT": 24_000, "LIST": 22}
    # 6,400 MiB a sorted run are 3,276,800 rows; no more runs than the merge was measured with
    assert size.sorted_runs == 7
    assert size.stored["checkpoints"] == pytest.approx(1e9 + 6e9 + 12_000 * 700)
    assert size.flow_bytes == pytest.approx(
        300e6 + 50_944 * 2**20 + 20e6 / 30_000 * 4e5 + 2_000 * 4_000
    )
    cost = Prices(0.1, 0.2, 0.3).cost(size, 6)
    hours = (3_000 + 2 * (500 + 1_220)) / 3_600
    assert cost["compute"] == pytest.approx(0.1 * hours)
    assert cost["storage"] == pytest.approx(0.2 * (7.0084 + 5.0))
    assert cost["requests"] == pytest.approx(0.3 * (59.998 + 24 + 0.022))


def test_more_than_the_scheduler_can_feed_is_no_answer() -> None:
    size = Size(ROUND, 10**8, 0.2)
    # 3,000 core seconds in 10 s would be 300 workers, of whom 250 are kept busy
    assert size.workers((size.alone_s + 10) / 3_600) is None
    assert size.workers((size.alone_s + 13) / 3_600) == 231


def test_a_merge_of_many_runs_is_slower_or_takes_more_memory() -> None:
    usual = Size(ROUND, 10**8, 0.2)
    # 32 MiB a run are 16,384 rows: 1,221 runs, and half as many with twice the memory
    assert Size(ROUND, 10**8, 0.2, 256).sorted_runs == 1_221
    assert (usual.merge_memory_mb, usual.sorted_runs) == (512, 611)
    # from 1,000 runs on a row takes 80 microseconds to merge instead of 40
    assert Size(ROUND, 10**8, 0.2, 256).output_s == pytest.approx(20e6 * (50e-6 + 40e-6))
    assert 1_000 < usual.output_s < 1_800


def test_larger_partitions_are_fewer_markers_and_more_workers() -> None:
    size = Size(ROUND, 10**8, 0.2, cut=100_000)
    assert (size.pruning_parts, size.analysis_parts, size.markers_read) == (1_000, 200, 2_200)
    assert (size.partition_s, size.most_workers) == (pytest.approx(2.5), 2_500)


def test_no_survivors_need_no_second_half() -> None:
    size = Size(ROUND, 10**6, 0.0)
    assert (size.analysis_parts, size.output_s, size.sorted_runs) == (0, 0, 0)
    assert size.requests["GET"] == 3 * size.pruning_parts


def test_requests_are_those_that_a_run_was_seen_to_make() -> None:
    """But for the plan, the manifest and what the audit trail writes, some ten a run."""
    counted = sizing.record()["store"]["requests"]
    p, a = counted["pruning_partitions"], counted["analysis_partitions"]
    seen = {
        verb: sum(stage.get(verb, 0) for stage in counted["run"].values())
        for verb in ("GET", "PUT", "DELETE", "POST", "HEAD")
    }
    assert 2 * (p + a) <= seen["PUT"] <= 2 * (p + a) + 10
    most = 3 * p + 3 * a + 2 * (p + a - 1)
    assert most - 2 * (p + a) // 3 <= seen["GET"] <= most + 10
    assert seen["DELETE"] + seen["POST"] + seen["HEAD"] <= 2


def test_a_bound_is_reached_where_it_is_reached() -> None:
    assert sizing_page._reached(lambda rows: rows / 7.0, 1_000) == pytest.approx(7_000, rel=0.01)


def test_constants_are_those_of_the_program_and_the_chart() -> None:
    assert sizing.RUN_SHARE == sorted_runs._RUN_SHARE
    assert (sizing.ORDERED_ROWS, sizing.ROW_GROUP) == (merge._AT_ONCE, merge._ROW_GROUP)
    chart = yaml.safe_load((ROOT / "helm/atlas-forge/values.yaml").read_text(encoding="utf-8"))
    assert chart["flow"]["runs"]["size"] == f"{sizing_page.CHART_RUNS_GIB}Gi"
    assert chart["flow"]["resources"]["limits"]["memory"] == f"{sizing_page.CHART_FLOW_GIB}Gi"
    assert chart["monitoring"]["alerts"]["queue"]["partitions"] == sizing_page.QUEUE_ALERT


def test_a_size_and_prices_of_ones_own_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    given = "--rows 100000000 --share 0.2 --hours 200 --vcpu-hour 0.10 --gb-month 0.2".split()
    assert sizing.main(given) == 0
    told = capsys.readouterr().out
    assert "| survivors | 20,000,000 |" in told and "compute, at 0.1 " in told


@pytest.mark.parametrize(
    "given", ["--share 2", "--rows none", "--vcpu-hour -1", "--hours 0", "--gb-month nan"]
)
def test_a_bad_number_is_told(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        sizing.main(given.split())
    assert ended.value.code == 2
    told = capsys.readouterr().err
    name, value = given.split()
    assert name in told and value in told and "is not a number from" in told


def test_a_page_whose_mark_has_no_end_is_refused() -> None:
    with pytest.raises(ValueError, match="usual: its end is missing"):
        sizing_page.filled("<!-- sizing usual: begin -->\nold\n", {"usual": "new"})
