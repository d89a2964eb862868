"""Is docs/benchmarks.md what its files make, every figure of the sources told, and a loss found?"""

import json
from pathlib import Path

import pytest
import yaml

from benchmarks import history, page, rows, targets
from benchmarks.machine import Row

ABOUT = {
    "date": "2026-01-01T00:00:00+00:00",
    "commit": "abc1234",
    "processor": "P",
    "cores": 2,
    "python": "3.11.7",
    "load": 0.1,
    "load_after": 1.0,
}
RUN, PACE = "run --direct, large, 2 worker(s)", "all scenarios, large, as a run has them"


def recorded(path: Path, *lines: dict[str, object]) -> list[history.Record]:
    path.write_text("".join(json.dumps(ABOUT | line) + "\n" for line in lines))
    return history.records(path)


def rows_of(run: float, pace: float, limit: float = 10_000.0) -> dict[str, object]:
    return {
        "rows": [
            {"what": RUN, "figure": run, "unit": "s", "limit": None, "note": ""},
            {"what": PACE, "figure": pace, "unit": "rows/s", "limit": limit, "note": ""},
        ]
    }


def test_the_page_is_what_the_history_and_the_targets_make() -> None:
    made = page.page(history.records())
    assert page.PAGE.read_text(encoding="utf-8") == made, "python -m benchmarks --page"


def test_each_figure_of_the_sources_has_a_row_or_a_reason() -> None:
    found = targets.targets()
    assert len(found) > 80
    for target in found:
        assert bool(target.row) != bool(target.why), target
        assert target.said and target.chapter, target
    assert {target.row for target in found if target.row} <= set(rows.UNITS)


def test_no_figure_of_the_sources_is_told_twice() -> None:
    named = [(target.document, target.chapter, target.what) for target in targets.targets()]
    assert len(named) == len(set(named))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"row": "no such row"}, "no row 'no such row'"),
        ({"unit": "ms"}, "no row"),
        ({"row": None, "at_most": None, "unit": None}, "why it has none"),
        ({"why": "both"}, "why it has none"),
        ({"at_most": None, "at_least": 480}, "has to be"),
        ({"at_most": None}, "has to be"),
        ({"document": "nothing"}, "no document"),
    ],
)
def test_a_target_without_both_a_figure_and_a_row_is_refused(
    tmp_path: Path, wrong: dict[str, object], said: str
) -> None:
    given = {"what": "a", "document": "plan", "chapter": "6", "said": "8", "at_most": 480,
             "unit": "s", "row": RUN} | wrong  # fmt: skip
    given = {key: value for key, value in given.items() if value is not None}
    file = tmp_path / "targets.yaml"
    file.write_text(yaml.safe_dump({"documents": {"plan": "Plan"}, "targets": [given]}))
    with pytest.raises(ValueError, match=said):
        targets.targets(file)


def test_a_row_worse_than_its_source_is_named() -> None:
    assert targets.missed({RUN: 479.0, PACE: 51.0}) == []
    (by_pace,) = targets.missed({RUN: 479.0, PACE: 49.0})
    assert PACE in by_pace and "50/second" in by_pace
    assert all(RUN in each for each in targets.missed({RUN: 481.0}))
    assert len(targets.missed({RUN: 481.0})) == 4  # as many places say it


def test_more_time_and_less_work_are_found_and_gains_are_not(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    before = rows_of(run=10.0, pace=10_000.0)
    assert history.regressions(recorded(file, before, rows_of(10.9, 9_100.0))) == []
    assert history.regressions(recorded(file, before, rows_of(5.0, 20_000.0))) == []
    slower, fewer = history.regressions(
        recorded(file, before, rows_of(12.0, 8_000.0, limit=8_500.0))
    )
    assert slower.name == RUN and slower.worse_by == pytest.approx(0.2) and slower.c_loop is None
    assert fewer.name == PACE and fewer.worse_by == pytest.approx(0.2)
    assert fewer.c_loop == pytest.approx(-0.15)
    made = page.page(history.records(file))
    assert f"| {PACE} | 10,000 | 8,000 | rows/s | 20 % | -15 % | `abc1234` |" in made


def test_only_the_same_machine_is_compared_and_a_gap_is_bridged(tmp_path: Path) -> None:
    first = rows_of(10.0, 10_000.0)
    gap = {"rows": [row for row in rows_of(1.0, 10_000.0)["rows"] if row["what"] == PACE]}
    other = rows_of(1.0, 99_999.0) | {"processor": "Q"}
    found = recorded(tmp_path / "h.jsonl", first, other, gap, rows_of(12.0, 10_000.0))
    (one,) = history.regressions(found)
    assert one.name == RUN and one.before == 10.0
    assert len(history.comparable(found)) == 3
    assert "1 of other machines are left out" in page.page(found)


def test_a_missed_figure_a_blank_and_a_busy_machine_are_said(tmp_path: Path) -> None:
    busy = rows_of(960.0, 10_000.0) | {"load": 1.5}
    busy["rows"].append({"what": "old", "figure": None, "unit": "s", "limit": None, "note": ""})
    made = page.page(recorded(tmp_path / "h.jsonl", busy))
    assert f"| {RUN} | 960 | s | 480 s | **0.50, missed** |" in made
    assert "| memory, large, 2 worker(s) |  | GB | 2 GB |  |  |  |  |" in made
    assert "Others used the machine" in made
    quiet, at_its_end = recorded(
        tmp_path / "h.jsonl", rows_of(1, 1), {"load_after": 4.0, "rows": []}
    )
    assert not quiet.was_busy and at_its_end.was_busy


def test_a_row_that_the_bench_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="no row 'new'"):
        rows.checked(Row("new", 1.0, "s"))
    with pytest.raises(ValueError, match="in 'ms'"):
        rows.checked(Row(RUN, 1.0, "ms"))
