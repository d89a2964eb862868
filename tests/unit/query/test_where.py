"""Does `--where` keep exactly the rows its words say, and name every mistake with its place?"""

import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels import codes
from pipeline.inputs.errors import InputErrors
from pipeline.query.expression import MAX_CHARACTERS, MAX_DEPTH, parse
from pipeline.query.fields import Fields
from pipeline.query.filters import filter_of
from pipeline.query.rows import RankedRows
from pipeline.storage.rows import ParquetRows

Row = dict[str, Any]
RATINGS = codes.RATING_NAMES


def texts_at_least(order: tuple[str, ...], least: str) -> Callable[[str | None], bool]:
    return lambda text: text is not None and order.index(text) >= order.index(least)


KEPT: list[tuple[str, Callable[[Row], bool]]] = [
    ("wacc < 11%", lambda row: row["wacc"] < 11.0 - 1.1e-8),
    ("WACC<11 and not trs", lambda row: row["wacc"] < 11.0 - 1.1e-8 and not row["trs"]),
    ("senior_notional > 40m", lambda row: row["senior_notional"] > 40e6 + 0.04),
    ("SeniorNotional > 40_000_000", lambda row: row["senior_notional"] > 40e6 + 0.04),
    ("full_coverage >= 112.5%", lambda row: row["full_coverage"] >= 1.125 - 1.125e-9),
    ("dscr >= 1.35x", lambda row: row["dscr_min"] >= 1.35 - 1.35e-9),
    ("senior_rating >= AA", lambda row: texts_at_least(RATINGS, "AA")(row["senior_rating"])),
    ("rating < 'aa'", lambda row: not texts_at_least(RATINGS, "AA")(row["senior_rating"])),
    ("tier > Silver", lambda row: row["viability_tier"] in ("Gold", "Diamond")),
    ("tier in (gold, 'Not Viable')", lambda row: row["viability_tier"] in ("Gold", "Not Viable")),
    ("_38 in (4, 6)", lambda row: row["SeniorCoupon_38"] in (4.0, 6.0)),
    ("_38 not in (4, 6)", lambda row: row["SeniorCoupon_38"] not in (4.0, 6.0)),
    ("SeniorAmortType_40 = level", lambda row: row["SeniorAmortType_40"] == "LevelPrincipal"),
    ("SeniorAmortType_40 != Annuity", lambda row: row["SeniorAmortType_40"] != "Annuity"),
    ("strip = yes or floor = off", lambda row: row["strip"] or not row["floor"]),
    ("repo_cash is null", lambda row: row["repo_cash"] is None),
    ("repo_cash is not null", lambda row: row["repo_cash"] is not None),
    ("repo_cash > 0 or not repo_cash > 0", lambda row: row["repo_cash"] is not None),
    ("warnings has HIGH_COMPLEXITY", lambda row: "HIGH_COMPLEXITY" in row["warnings"]),
    ("warnings not has high_complexity", lambda row: "HIGH_COMPLEXITY" not in row["warnings"]),
    ("rank <= 10", lambda row: row["rank"] <= 10),
    ("repo_cash_status = not_eligible", lambda row: row["repo_cash_status"] == "NOT_ELIGIBLE"),
    ("NOT (trs OR floor) AND strip", lambda row: not (row["trs"] or row["floor"]) and row["strip"]),
    ("trs or floor and strip", lambda row: row["trs"] or (row["floor"] and row["strip"])),
    ("id < 5_000", lambda row: row["permutation_id"] < 5_000),
]


@pytest.mark.parametrize(("text", "rule"), KEPT, ids=[text for text, _ in KEPT])
def test_the_rows_kept_are_those_the_words_say(
    ranked: RankedRows, text: str, rule: Callable[[Row], bool]
) -> None:
    rows = ranked.fetch(ranked.matching(None)).to_pylist()
    expected = [place for place, row in enumerate(rows) if rule(row)]
    assert ranked.matching(ranked.asked(where=text).where).tolist() == expected


def test_the_expressions_above_tell_rows_apart(ranked: RankedRows) -> None:
    counts = [len(ranked.matching(ranked.asked(where=text).where)) for text, _ in KEPT]
    assert all(0 < count < ranked.rows for count in counts)


MISTAKES = [
    ("senior_ratng >= A", "position 1", "did you mean senior_rating?"),
    ("trs and _22 > 5", "position 9", "LeaseTermYears_22 is not a lever of this run"),
    ("rating >= AAAA", "position 11", "did you mean AAA?"),
    ("SeniorAmortType_40 = annuty", "position 22", "did you mean Annuity?"),
    ("binding_constraint >= DSCR", "position 1", "has no order"),
    ("wacc >= high", "position 9", "is a number in %"),
    ("senior_notional > 30%", "position 19", "is not in percent"),
    ("wacc > 5x", "position 8", "is not a multiple"),
    ("senior_notional > 30,000", "position 21", "thousands are written 30_000_000"),
    ("trs = maybe", "position 7", "true, false, yes, no"),
    ("wacc", "position 1", "is no switch"),
    ("warnings = HIGH_COMPLEXITY", "position 1", "allowed: has"),
    ("wacc has 3", "position 1", "is not a list"),
    ("wacc > 5Y", "position 8", "is not a number"),
    ("wacc > 1e999", "position 8", "too large"),
    ("tier = 'Gold", "position 8", "not closed"),
    ("tier = Gold;", "position 12", "does not belong"),
    ("(trs", "position 5", "ends too soon"),
    ("trs floor", "position 5", "and, or, the end"),
    ("", "position 1", "ends too soon"),
    ("wacc is 5", "position 9", "null, not null"),
    ("wacc in 5", "position 9", "( and values"),
    ("1.3 <= dscr", "position 1", "starts with the name of a column"),
    ("not " * (MAX_DEPTH + 1) + "trs", f"position {4 * MAX_DEPTH + 1}", "nested more than"),
    ("trs or " * MAX_CHARACTERS, "--where: is longer", "20,000"),
    ("\"wacc\" > 1) union select 'x'", "position 1", "starts with the name"),
]


@pytest.mark.parametrize(
    ("text", "place", "says"), MISTAKES, ids=[each[0][:30] for each in MISTAKES]
)
def test_a_mistake_is_named_with_its_place(
    ranked: RankedRows, text: str, place: str, says: str
) -> None:
    with pytest.raises(InputErrors) as caught:
        ranked.asked(where=text)
    assert len(caught.value.errors) == 1
    assert place in str(caught.value)
    assert says in str(caught.value)


def test_all_mistakes_of_all_options_are_told_at_once(ranked: RankedRows) -> None:
    with pytest.raises(InputErrors) as caught:
        ranked.asked(where="tier = Gld or wac < 3", sort="warnings,wacc:up", columns="id,rnk,id")
    assert [each.file for each in caught.value.errors] == [
        "--where", "--where", "--sort", "--sort", "--columns", "--columns",
    ]  # fmt: skip


def test_sorting_puts_nulls_last_and_ratings_in_their_order(ranked: RankedRows) -> None:
    question = ranked.asked(sort="rating,wacc:desc")
    places = ranked.sorted_places(ranked.matching(None), question.sort, 500)
    rows = ranked.fetch(ranked.matching(None)).to_pylist()
    rows.sort(key=lambda row: (RATINGS.index(row["senior_rating"]), -row["wacc"], row["rank"]))
    assert places.tolist() == [row["rank"] - 1 for row in rows[:500]]
    nulls = ranked.sorted_places(
        ranked.matching(None), ranked.asked(sort="repo_cash:desc").sort, 10**6
    )
    figures = ranked.fetch(nulls, ["repo_cash"])["repo_cash"].to_pylist()
    first_null = figures.index(None)
    assert figures[first_null:] == [None] * (len(figures) - first_null)
    assert figures[:first_null] == sorted(figures[:first_null], reverse=True)


def test_a_damaged_page_is_not_read(run: Path, tmp_path: Path, ranked: RankedRows) -> None:
    data = bytearray((run / "ranked.parquet").read_bytes())
    data[len(data) // 3] ^= 1
    (tmp_path / "ranked.parquet").write_bytes(data)
    with pytest.raises(OSError, match=r"CRC|corrupt"):
        RankedRows(ParquetRows(tmp_path / "ranked.parquet"), {}).fetch(ranked.matching(None))


# Random trees over a small table, against three-valued logic written out in Python.

SCHEMA = pa.schema(
    [
        pa.field("wacc", pa.float64(), metadata={"unit": "%"}),
        pa.field("senior_rating", pa.string()),
        pa.field("trs", pa.bool_()),
    ]
)
FIELDS = Fields(SCHEMA, {"trs": (False, True)})
ROWS = [
    {"wacc": wacc, "senior_rating": rating, "trs": trs}
    for wacc in (None, 1.0, 2.0)
    for rating in (None, "B", "AA", "AAA")
    for trs in (False, True)
]
TABLE = pa.Table.from_pylist(ROWS, schema=SCHEMA)


def compared(value: Any, other: Any, operator: str) -> bool | None:
    if value is None:
        return None
    return {"<": value < other, ">=": value >= other, "=": value == other}[operator]


TESTS = st.one_of(
    st.sampled_from(["<", ">=", "="]).flatmap(
        lambda sign: st.sampled_from([1.0, 2.0]).map(
            lambda limit: (f"wacc {sign} {limit}", lambda row: compared(row["wacc"], limit, sign))
        )
    ),
    st.sampled_from(["<", ">=", "="]).map(
        lambda sign: (
            f"senior_rating {sign} AA",
            lambda row: compared(
                row["senior_rating"] and RATINGS.index(row["senior_rating"]),
                RATINGS.index("AA"),
                sign,
            ),
        )
    ),
    st.just(("trs", lambda row: row["trs"])),
    st.just(("wacc is null", lambda row: row["wacc"] is None)),
)


def either(left: bool | None, right: bool | None) -> bool | None:
    return True if left or right else None if left is None or right is None else False


def negated(value: bool | None) -> bool | None:
    return None if value is None else not value


def grown(trees: st.SearchStrategy) -> st.SearchStrategy:
    def joined(pair: tuple) -> tuple:
        (one, check_one), (two, check_two), word = pair
        if word == "or":
            return f"({one}) or ({two})", lambda row: either(check_one(row), check_two(row))
        return f"({one}) and ({two})", lambda row: negated(
            either(negated(check_one(row)), negated(check_two(row)))
        )

    return st.one_of(
        st.tuples(trees, trees, st.sampled_from(["and", "or"])).map(joined),
        trees.map(lambda tree: (f"not ({tree[0]})", lambda row: negated(tree[1](row)))),
    )


@given(st.recursive(TESTS, grown, max_leaves=12))
def test_any_tree_means_what_three_valued_logic_says(tree: tuple) -> None:
    text, check = tree
    expected = [place for place, row in enumerate(ROWS) if check(row) is True]
    assert filter_of(text, FIELDS).places(TABLE).tolist() == expected


@given(st.text(max_size=60))
def test_any_text_is_understood_or_a_told_mistake(text: str) -> None:
    with suppress(InputErrors):
        filter_of(text, FIELDS)


def test_a_number_keeps_its_sign_and_scale() -> None:
    for text, value in (("-1.5e3", -1500.0), ("2bn", 2.0), ("7k", 7.0), (".5", 0.5), ("+3%", 3.0)):
        test = parse(f"wacc > {text}")
        assert math.isclose(test.values[0].figure[0], value)  # type: ignore[union-attr]
