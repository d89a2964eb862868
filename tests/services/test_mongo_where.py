"""Does a database find the same structures as the ranked file, whatever is asked?"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from bson.int64 import Int64
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cli.main import run_command
from pipeline.query.fields import Fields
from pipeline.query.filters import filter_of
from pipeline.query.rows import RankedRows, open_ranked, ranked_of
from pipeline.query.truth import truth
from pipeline.storage.conditions import Compare, Condition, Has, Inverse, IsNull, Joined, OneOf
from pipeline.storage.mongo_conditions import true_where
from pipeline.storage.mongo_results import MongoResults
from tests.run_projects import run_here, write_rough_project
from tests.services.mongod import Mongod

FIGURES = (-1.5, -1e-9, 0.0, 1.0, 1.0 + 5e-10, 1.0 + 2e-9, 2.0**53)
NAMES = ("AAA", "AA", "A", "BBB")
PATHS = {"figure": "figure", "count": "a.count", "text": "text", "flag": "flag", "list": "b.c.list"}
ROWS = st.fixed_dictionaries(
    {
        "figure": st.sampled_from(FIGURES) | st.none(),
        "count": st.integers(-2, 2) | st.none(),
        "text": st.sampled_from((*NAMES, "another")) | st.none(),
        "flag": st.booleans() | st.none(),
        "list": st.lists(st.sampled_from(NAMES), max_size=3) | st.none(),
    }
)
SIGNS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
TESTS: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Compare, st.just("figure"), SIGNS, st.sampled_from(FIGURES)),
    st.builds(Compare, st.just("count"), SIGNS, st.sampled_from([-2.0, -0.5, 0.0, 1.0])),
    st.builds(Compare, st.just("text"), st.sampled_from(["=", "!="]), st.sampled_from(NAMES)),
    st.builds(Compare, st.just("flag"), st.sampled_from(["=", "!="]), st.booleans()),
    st.builds(OneOf, st.just("text"), st.sets(st.sampled_from(NAMES)).map(tuple), st.just(NAMES)),
    st.builds(Has, st.just("list"), st.sampled_from(NAMES)),
    st.builds(IsNull, st.sampled_from(sorted(PATHS))),
)
CONDITIONS = st.recursive(
    TESTS,
    lambda inside: st.one_of(
        st.builds(Inverse, inside),
        st.builds(
            Joined,
            st.sampled_from(["and", "or"]),
            st.lists(inside, min_size=1, max_size=4).map(tuple),
        ),
    ),
    max_leaves=12,
)
SCHEMA = pa.schema(
    [("figure", pa.float64()), ("count", pa.int64()), ("text", pa.string()), ("flag", pa.bool_()),
     ("list", pa.list_(pa.string()))]
)  # fmt: skip


@settings(max_examples=40)
@given(rows=st.lists(ROWS, min_size=1, max_size=30), conditions=st.lists(CONDITIONS, min_size=5))
def test_any_condition_holds_of_the_same_rows(
    mongod: Mongod, rows: list[dict[str, Any]], conditions: list[Condition]
) -> None:
    table = pa.Table.from_pylist(rows, SCHEMA)
    with mongod.client() as client:
        kept = client.conditions.rows
        kept.delete_many({})
        kept.insert_many([_document(number, row) for number, row in enumerate(rows)])
        for condition in conditions:
            found = [each["_id"] for each in kept.find(true_where(condition, PATHS)).sort("_id")]
            here = truth(condition, table).fill_null(False).to_pylist()
            assert found == np.flatnonzero(here).tolist(), condition


def _document(number: int, row: dict[str, Any]) -> dict[str, Any]:
    count = None if row["count"] is None else Int64(row["count"])
    return {
        "_id": number,
        **{name: row[name] for name in ("figure", "text", "flag")},
        "a": {"count": count},
        "b": {"c": {"list": row["list"]}},
    }


@pytest.fixture(scope="module")
def rough(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose columns nearly all vary, with nulls and several failures."""
    from pipeline.inputs import load_request

    folder = tmp_path_factory.mktemp("rough")
    return run_here(load_request(write_rough_project(folder)), folder / "runs")[1]


@pytest.fixture(scope="module")
def places(mongod: Mongod, rough: Path) -> tuple[RankedRows, RankedRows]:
    """The run's rows from the file and from the database."""
    from pipeline.storage.mongo_merge import merge_run

    merge_run(rough, mongod.uri("rough"))
    return open_ranked(rough), ranked_of(MongoResults(mongod.uri("rough")), rough.name)


def texts(fields: Fields, table: pa.Table) -> st.SearchStrategy[str]:
    """Expressions over the run's own columns and values."""

    def test_of(name: str) -> st.SearchStrategy[str]:
        field, values = (
            fields[name],
            sorted(set(table[name].drop_null().to_pylist()[:200]), key=str),
        )
        if field.kind in ("number", "count") and values:
            number = st.sampled_from(values).map(lambda value: f"{value!r}")
            return st.builds(lambda sign, value: f"{name} {sign} {value}", SIGNS, number)
        if field.kind == "flag":
            return st.sampled_from([name, f"not {name}", f"{name} is null", f"{name} != true"])
        if field.allowed:
            signs = SIGNS if field.ordered else st.sampled_from(["=", "!="])
            value = st.sampled_from([f"'{each}'" for each in field.allowed])
            one = st.builds(lambda sign, text: f"{name} {sign} {text}", signs, value)
            many = st.lists(value, min_size=1).map(
                lambda each: f"{name} not in ({', '.join(each)})"
            )
            return one | many
        return st.just(f"{name} is not null")

    names = [field.name for field in fields.all if field.kind != "mask"]
    tests = st.sampled_from(names).flatmap(test_of)
    return st.recursive(
        tests,
        lambda inside: st.one_of(
            inside.map(lambda text: f"not ({text})"),
            st.lists(inside, min_size=2, max_size=3).map(lambda some: f"({' and '.join(some)})"),
            st.lists(inside, min_size=2, max_size=3).map(lambda some: f"({' or '.join(some)})"),
        ),
        max_leaves=6,
    )


def test_any_expression_finds_the_same_structures(places: tuple[RankedRows, RankedRows]) -> None:
    file, database = places
    table = next(iter(file.tables(file.schema.names)))[1]
    found = []

    @settings(max_examples=50)
    @given(text=texts(file.fields, table))
    def agree(text: str) -> None:
        here = file.matching(filter_of(text, file.fields))
        there = database.matching(filter_of(text, database.fields))
        assert there.tolist() == here.tolist(), text
        found.append(len(here) / file.rows)

    agree()
    assert sum(0 < share < 1 for share in found) > 15, "many expressions have to tell rows apart"


def test_any_order_is_the_same(places: tuple[RankedRows, RankedRows]) -> None:
    file, database = places
    names = [field.name for field in file.fields.all if field.kind != "mask"]
    where = filter_of("wacc > 4 or trs", file.fields)
    for number, name in enumerate(names[::4]):
        text = f"{name}:{'desc' if number % 2 else 'asc'},{names[number - 7]}"
        keys = file.asked(sort=text).sort
        wanted = where if number % 3 else None
        here = file.best(wanted, keys, 40)
        assert database.best(wanted, keys, 40).tolist() == here.tolist(), text


def test_a_search_goes_by_an_index(
    mongod: Mongod, rough: Path, places: tuple[RankedRows, RankedRows]
) -> None:
    del places
    with mongod.client() as client:
        asked = MongoResults(mongod.uri("rough")).rows(rough.name)._asked(IsNull("wacc"))
        plan = client.rough.structures.find(asked).sort("rank").explain()["queryPlanner"]
    stages = json.dumps(plan["winningPlan"])
    assert '"IXSCAN"' in stages and "run_id_1_rank_1" in stages and '"SORT"' not in stages


@pytest.mark.parametrize(
    "text",
    [
        "warnings has HIGH_COMPLEXITY",
        "not warnings has OVERLAY_IDLE or gate_b_reasons is null",
        "rating >= A and not (trs or wacc > 5%)",
        "equity_irr is null or equity_irr < 10",
        "equity_irr_status != OK",
        "SeniorAmortType_40 in (annuity, bullet) and mezz != none",
    ],
)
def test_expressions_of_people_too(places: tuple[RankedRows, RankedRows], text: str) -> None:
    file, database = places
    here = file.matching(filter_of(text, file.fields))
    assert database.matching(filter_of(text, database.fields)).tolist() == here.tolist()
    some = next(iter(database.chosen(filter_of(text, database.fields), ["rank"], 5, 2)), None)
    assert (some is None) == (len(here) == 0)


@pytest.mark.parametrize("text", ["tier = '$ne'", 'tier = \'{"$gt": ""}\'', "id = '$where'"])
def test_an_operator_is_only_ever_a_value(
    places: tuple[RankedRows, RankedRows], mongod: Mongod, rough: Path, text: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    code = run_command(["top", rough.name, "--where", text, "--mongo", mongod.uri("rough")])
    assert code == 2, capsys.readouterr()
    hostile = Compare("viability_tier", "=", "$ne")
    assert places[1]._source.searched(hostile).tolist() == []


@pytest.mark.parametrize(
    ("suffix", "arguments"),
    [
        pytest.param("csv", ["--columns", "id,tier,wacc,warnings"], marks=pytest.mark.full),
        ("parquet", ["--where", "wacc > 4 and rating >= BBB", "--top", "70"]),
        pytest.param("xlsx", ["--where", "wacc > 4", "--top", "30"], marks=pytest.mark.full),
    ],
)
def test_an_export_is_the_same_file(
    mongod: Mongod, rough: Path, tmp_path: Path, arguments: list[str], suffix: str,
    places: tuple[RankedRows, RankedRows], capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    del places
    for where in (["--out", str(rough.parent)], ["--mongo", mongod.uri("rough")]):
        target = tmp_path / f"{where[0][2:]}.{suffix}"
        command = ["export", rough.name, "--to", str(target), *arguments, *where]
        assert run_command(command) == 0, capsys.readouterr().err
    assert (tmp_path / f"out.{suffix}").read_bytes() == (tmp_path / f"mongo.{suffix}").read_bytes()
