"""Is the Pareto frontier that of brute force, whatever the order and the cut of the rows?"""

import math
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from kernels import codes
from pipeline.stages.frontier import Frontier

SCHEMA = pa.schema(
    [
        ("permutation_id", pa.int64()),
        ("senior_notional", pa.float64()),
        ("day1_cash", pa.float64()),
        ("dscr_min", pa.float64()),
        ("senior_rating", pa.string()),
        ("wacc", pa.float64()),
    ]
)
Row = dict[str, Any]
# Few values, so that ties in one goal and equal rows are common; one pair differs in its last bit.
FIGURES = st.sampled_from([None, -1.0, -0.0, 0.0, 1.35, math.nextafter(1.35, 2.0), 3e8])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "senior_notional": FIGURES,
            "day1_cash": FIGURES,
            "dscr_min": FIGURES,
            "senior_rating": st.sampled_from([None, *codes.RATING_NAMES]),
            "wacc": FIGURES,
        }
    ),
    max_size=40,
)


def beats(one: Row, other: Row) -> bool:
    """The definition in docs/method.md, word by word."""

    def worth(row: Row, name: str) -> float:
        value = row[name]
        if value is None:
            return -math.inf
        if name == "senior_rating":
            return float(codes.RATING_NAMES.index(value))
        return -value if name == "wacc" else value

    pairs = [(worth(one, name), worth(other, name)) for name in SCHEMA.names[1:]]
    return all(mine >= theirs for mine, theirs in pairs) and any(
        mine > theirs for mine, theirs in pairs
    )


@given(ROWS, st.lists(st.integers(1, 9), min_size=1, max_size=8), st.randoms())
def test_it_is_what_no_row_beats(rows: list[Row], cuts: list[int], draw: Any) -> None:
    numbered = [{"permutation_id": 7 * place, **row} for place, row in enumerate(rows)]
    expected = {
        row["permutation_id"]
        for row in numbered
        if not any(beats(other, row) for other in numbered)
    }
    whole = pa.Table.from_pylist(numbered, schema=SCHEMA)
    shuffled = list(numbered)
    draw.shuffle(shuffled)
    frontier, place = Frontier(), 0
    for part in range(len(rows) + 1):
        step = cuts[part % len(cuts)]
        frontier.add(pa.Table.from_pylist(shuffled[place : place + step], schema=SCHEMA))
        place += step
    marked = frontier.marks(whole).to_numpy(zero_copy_only=False)
    assert set(np.flatnonzero(marked) * 7) == expected
