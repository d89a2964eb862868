"""Are the documents of structures those that MongoDB's own encoder makes of the same rows?"""

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bson import decode, encode
from bson.int64 import Int64
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.storage.mongo_documents import stored_columns
from pipeline.storage.mongo_encoding import encoded

KINDS = {
    "permutation_id": (pa.int64(), st.integers(0, 2**53)),
    "rank": (pa.int64(), st.integers(1, 2**53)),
    "day1_cash": (pa.float64(), st.floats(allow_nan=False, allow_infinity=False) | st.none()),
    "TargetDSCRSenior_37": (pa.float64(), st.floats(-5, 5)),
    "SeniorTenorY_39": (pa.int64(), st.integers(-(2**63), 2**63 - 1) | st.none()),
    "trs": (pa.bool_(), st.booleans() | st.none()),
    "senior_rating": (pa.string(), st.text() | st.none()),
    "warnings": (pa.list_(pa.string()), st.lists(st.text(max_size=3), max_size=12) | st.none()),
    "wacc_status": (pa.string(), st.sampled_from(["OK", "NOT_DEFINED"])),
    "rate_200_dscr_min": (pa.float64(), st.floats(allow_nan=False, allow_infinity=False)),
    "rate_200_passed": (pa.bool_(), st.booleans() | st.none()),
    "flat_months_under_1": (pa.int64(), st.integers(0, 9) | st.none()),
}
ROWS = st.lists(
    st.fixed_dictionaries({name: each for name, (_, each) in KINDS.items()}),
    min_size=1,
    max_size=6,
)
SCHEMA = pa.schema([pa.field(name, kind) for name, (kind, _) in KINDS.items()])


def expected(row: dict[str, Any], columns: Any, project_id: str) -> dict[str, Any]:
    """The document of a row, put together field by field."""
    whole = {n: Int64(v) if type(v) is int else v for n, v in row.items()}
    document: dict[str, Any] = {
        "_id": f"run/{row['permutation_id']}",
        "schema": Int64(1),
        "run_id": "run",
        "project_id": project_id,
        "day_one_value": row["day1_cash"],
        "status": {},
        "scenarios": {},
    }
    first = ("permutation_id", "rank", "viability_tier", "senior_rating", "composite_score",
             "senior_notional", "mezz_notional", "equity_notional", "dscr_min", "wacc",
             "equity_irr", "full_coverage")  # fmt: skip
    document |= {name: whole[name] for name in first if name in whole}
    for column in columns:
        place = document
        *outer, last = column.path.split(".")
        for name in outer:
            place = place.setdefault(name, {})
        place[last] = whole[column.name]
    return document


@settings(max_examples=150)
@given(rows=ROWS, project_id=st.text(), cut=st.integers(0, 2))
def test_any_row_is_encoded_as_the_driver_does(
    rows: list[dict[str, Any]], project_id: str, cut: int
) -> None:
    columns = stored_columns(SCHEMA)
    batch = pa.RecordBatch.from_pylist([*rows[:cut], *rows], SCHEMA)[len(rows[:cut]) :]
    found = encoded(batch, columns, "run", project_id)
    wanted = [encode(expected(row, columns, project_id)) for row in rows]
    assert found.documents() == wanted
    assert bytes(found.data) == b"".join(wanted)
    assert found.ids == [f"run/{row['permutation_id']}" for row in rows]


def test_a_run_is_encoded_as_the_driver_does(finished: Path) -> None:
    file = pq.ParquetFile(finished / "ranked.parquet")
    columns = stored_columns(file.schema_arrow)
    for batch in file.iter_batches(300):
        rows, found = batch.to_pylist(), encoded(batch, columns, "run", "project")
        assert found.documents() == [encode(expected(row, columns, "project")) for row in rows]
        assert (found.first_rank, found.permutation_ids[0]) == (
            rows[0]["rank"],
            rows[0]["permutation_id"],
        )
    names = list(decode(found.documents()[0]))
    assert names.index("full_coverage") < 20, "what validators look for is found at once"


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_no_number_is_refused(figure: float) -> None:
    from pipeline.storage.mongo_documents import UnstorableRowsError

    row = {"permutation_id": 1, "rank": 1, "TargetDSCRSenior_37": figure}
    batch = pa.RecordBatch.from_pylist([row], SCHEMA)
    with pytest.raises(UnstorableRowsError, match="TargetDSCRSenior_37"):
        encoded(batch, stored_columns(SCHEMA), "run", "project")
