"""Is the merge a total order with nulls last, whole, and in groups that do not depend on parts?"""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import codes
from pipeline.columns import MERGE_COLUMNS
from pipeline.stages.frontier import Frontier, goals_of
from pipeline.storage.checkpoints import ANALYSIS, DamagedPartError, Marker, Owner, write_part
from pipeline.storage.merge import merge_ranked, ranking
from pipeline.storage.sorted_runs import SortedRuns
from pipeline.storage.store import LocalStore

SCHEMA = pa.schema(
    [
        pa.field("permutation_id", pa.int64(), False, {"description": "key"}),
        pa.field("wacc", pa.float64(), True, {"unit": "%"}),
        pa.field("dscr_min", pa.float64()),
        pa.field("equity_irr", pa.float64()),
        pa.field("reasons", pa.list_(pa.string())),
        pa.field("senior_notional", pa.float64()),
        pa.field("day1_cash", pa.float64()),
        pa.field("senior_rating", pa.string()),
    ]
)
ROWS = 120_000


def table() -> pa.Table:
    """Many ties and nulls, so that every tie-break decides somewhere."""
    draw = np.random.default_rng(5)
    columns = [draw.permutation(ROWS)]
    for choices in (40, 5, 3):
        values = draw.integers(0, choices, ROWS).astype(float)
        columns.append(np.ma.array(values, mask=draw.random(ROWS) < 0.1))
    arrays = [pa.array(columns[0])]
    arrays += [pa.array(column.data, mask=column.mask) for column in columns[1:]]
    words = pa.array([[], ["FLAG_OFF"], ["RATING", "WAL"]], pa.list_(pa.string()))
    arrays.append(words.take(pa.array(columns[0] % 3)))
    # The more of one goal the less of the others, give or take, so that many rows trade off.
    senior = draw.integers(0, 12, ROWS)
    arrays.append(pa.array(senior.astype(float)))
    arrays.append(pa.array(np.maximum(0, 14 - senior - draw.integers(0, 20, ROWS)).astype(float)))
    ratings = draw.integers(-1, 7, ROWS)
    arrays.append(pa.array(codes.RATING_NAMES).take(pa.array(ratings, mask=ratings < 0)))
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def parts(store: LocalStore, rows: int) -> list[Marker]:
    owner, whole = Owner("p" * 64, "f" * 16), table()
    return [
        write_part(store, owner, ANALYSIS, number, whole.slice(start, rows), {})
        for number, start in enumerate(range(0, ROWS, rows))
    ]


def merged(folder: Path, rows: int) -> Path:
    store, target = LocalStore(folder), folder / "ranked.parquet"
    seen: list[pa.Table] = []
    written = merge_ranked(
        store, parts(store, rows), SCHEMA, "WACC", target, 64, seen.append, Frontier()
    )
    assert written == ROWS
    assert pa.concat_tables(seen).equals(pq.read_table(target))
    assert not list((folder / "checkpoints/tmp").iterdir())
    return target


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return merged(tmp_path_factory.mktemp("merge"), 50_000)


def test_rows_are_in_a_total_order_with_nulls_last(ranked: Path) -> None:
    rows = pq.read_table(ranked, page_checksum_verification=True).to_pylist()

    def key(row: dict) -> tuple:
        return (
            row["wacc"] is None, row["wacc"] or 0.0,
            row["dscr_min"] is None, -(row["dscr_min"] or 0.0),
            row["equity_irr"] is None, -(row["equity_irr"] or 0.0),
            row["permutation_id"],
        )  # fmt: skip

    assert rows == sorted(rows, key=key)
    assert [row["rank"] for row in rows] == list(range(1, ROWS + 1))


def test_the_frontier_is_what_no_row_beats(ranked: Path) -> None:
    found = pq.read_table(ranked)
    goals, marked = goals_of(found), found["pareto"].to_numpy()

    def beaten(row: np.ndarray) -> bool:
        return bool(((goals >= row).all(axis=1) & (goals > row).any(axis=1)).any())

    assert not any(beaten(row) for row in np.unique(goals[marked], axis=0))
    assert all(beaten(row) for row in goals[~marked][::400])
    assert 20 < marked.sum() < ROWS / 100


def test_no_row_is_lost_or_changed(ranked: Path) -> None:
    found = pq.read_table(ranked).drop_columns(list(MERGE_COLUMNS)).sort_by("permutation_id")
    assert found.equals(table().sort_by("permutation_id"))
    assert found.schema.field("wacc").metadata == {b"unit": b"%"}


def test_the_file_does_not_depend_on_how_parts_were_cut(ranked: Path, tmp_path: Path) -> None:
    assert merged(tmp_path, 7_777).read_bytes() == ranked.read_bytes()


def test_a_damaged_part_leaves_the_old_file(tmp_path: Path) -> None:
    store, target = LocalStore(tmp_path), tmp_path / "ranked.parquet"
    markers = parts(store, 50_000)
    target.write_bytes(b"old")
    store.delete("checkpoints/analysis/part-00001.parquet")
    with pytest.raises(DamagedPartError, match="analysis part 1: its marker is there"):
        merge_ranked(store, markers, SCHEMA, "WACC", target, 64, lambda _: None, Frontier())
    assert target.read_bytes() == b"old"
    assert not list((tmp_path / "checkpoints/tmp").iterdir())


def test_a_merge_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    store, target = LocalStore(tmp_path), tmp_path / "ranked.parquet"
    markers = parts(store, 50_000)
    shutil.rmtree(tmp_path / "checkpoints/tmp")
    (tmp_path / "checkpoints/tmp").write_bytes(b"a file where a folder should be")
    with pytest.raises(OSError, match="tmp"):
        merge_ranked(store, markers, SCHEMA, "WACC", target, 64, lambda _: None, Frontier())
    assert not target.exists()


def test_a_part_with_other_columns_is_refused(tmp_path: Path) -> None:
    store, target = LocalStore(tmp_path), tmp_path / "ranked.parquet"
    other = table().drop_columns(["day1_cash"])
    markers = [write_part(store, Owner("p" * 64, "f" * 16), ANALYSIS, 0, other, {})]
    with pytest.raises(DamagedPartError, match="analysis part 0: its columns"):
        merge_ranked(store, markers, SCHEMA, "WACC", target, 64, lambda _: None, Frontier())
    assert not target.exists()


def test_no_rows_make_an_empty_file(tmp_path: Path) -> None:
    target = tmp_path / "ranked.parquet"
    assert merge_ranked(
        LocalStore(tmp_path), [], SCHEMA, "WACC", target, 64, lambda _: None, Frontier()
    ) == 0  # fmt: skip
    assert pq.read_table(target).num_rows == 0


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(allow_nan=False), st.sampled_from([0.0, -0.0, 1.5])),
            st.one_of(st.none(), st.sampled_from([-1.0, 0.0, 2.5])),
        ),
        min_size=1,
        max_size=900,
    ),
    st.integers(1, 300),
    st.integers(1, 400),
    st.integers(1, 300),
)
@settings(max_examples=30, deadline=None)
def test_many_runs_are_one_order(figures: list, part: int, rows: int, room: int) -> None:
    """Whatever the parts, ranges and tables: the order is that of one stable sort of all rows."""
    schema = pa.schema({"a": pa.float64(), "b": pa.float64(), "id": pa.int64()})
    ids = np.random.default_rng(len(figures)).permutation(len(figures))
    whole = pa.table([[a for a, _ in figures], [b for _, b in figures], ids], schema=schema)
    with tempfile.TemporaryDirectory() as folder:
        runs = SortedRuns(
            schema, [("a", "DESC"), ("b", "ASC"), ("id", "ASC")], Path(folder), 64, len(figures)
        )
        runs._room = room
        for start in range(0, len(figures), part):
            runs.add(whole.slice(start, part))
        tables = list(runs.in_order(rows))
        runs.close()
    assert all(each.num_rows == rows for each in tables[:-1])
    found = pa.concat_tables(tables).to_pylist()
    expected = sorted(
        whole.to_pylist(),
        key=lambda row: (
            row["a"] is None, -(row["a"] or 0.0), row["b"] is None, row["b"] or 0.0, row["id"],
        ),
    )  # fmt: skip
    assert [row["id"] for row in found] == [row["id"] for row in expected]
    assert found == expected


def test_a_zero_with_a_sign_ties_with_one_without(tmp_path: Path) -> None:
    """Equal in value is equal in order, whatever run a row is in."""
    rows = table().slice(0, 60_000)
    zeros = pa.array(np.where(np.arange(60_000) % 2, 0.0, -0.0))
    rows = rows.set_column(1, SCHEMA.field("wacc"), zeros)
    runs = SortedRuns(SCHEMA, ranking("WACC"), tmp_path, 64, 50_000)
    runs._room = 15_000
    for start in range(0, 60_000, 5_000):
        runs.add(rows.slice(start, 5_000))
    found = pa.concat_tables(runs.in_order(7_000))
    runs.close()
    assert len(runs._runs) >= 3
    one = SortedRuns(SCHEMA, ranking("WACC"), tmp_path, 10_000, 50_000)
    one.add(rows)
    assert found.equals(pa.concat_tables(one.in_order(7_000)).combine_chunks())
    one.close()
