"""Is a changed rulebook or market another run, and does every report name them? Tiers by rank."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from kernels import codes
from pipeline.inputs import load_request
from pipeline.problem import TierShares
from pipeline.reports.run.model import ReportModel
from pipeline.stages.tier_ranks import places_within, tier_ranks
from pipeline.storage.checkpoints import ANALYSIS, Owner, write_part
from pipeline.storage.store import LocalStore
from tests.run_projects import run_here, write_project
from tests.unit.inputs.sound import document

LIMIT = 300


def run_with(folder: Path, book: dict[str, Any], market: dict[str, Any]) -> tuple[Any, Path]:
    """The small run with a rulebook and a market of its own."""
    folder.mkdir(exist_ok=True)
    (folder / "book.yaml").write_text(yaml.safe_dump(book))
    (folder / "market.yaml").write_text(yaml.safe_dump(market))
    path = write_project(folder, LIMIT)
    path.write_text(
        path.read_text().replace("builtin:gbp", "market.yaml").replace("builtin:v1", "book.yaml")
    )
    return run_here(load_request(path), folder / "runs")


def test_a_changed_rulebook_or_market_is_another_run_and_every_report_names_it(
    tmp_path: Path,
) -> None:
    book, market = document("rulebooks/v1"), document("markets/gbp")
    mine = json.loads(json.dumps(book, default=str))
    mine |= {"name": "mine", "version": "1.1"}
    mine["rules"]["GATE-B-ICR"]["threshold"]["min"] = 2.05
    mine["market"]["stale_after_days"] = 1000
    later = json.loads(json.dumps(market, default=str)) | {"name": "feb", "date": "2026-02-27"}
    runs = [
        run_with(tmp_path / name, *books)
        for name, books in (("a", (book, market)), ("b", (mine, market)), ("c", (book, later)))
    ]
    assert len({summary["run_id"] for summary, _ in runs}) == 3
    again = run_with(tmp_path / "a", book, market)[0]
    assert again["run_id"] == runs[0][0]["run_id"]
    for (_, folder), named, dated in zip(
        runs,
        ("v1 1.0", "mine 1.1", "v1 1.0"),
        ("gbp of 2026-01-30", "gbp of 2026-01-30", "feb of 2026-02-27"),
        strict=True,
    ):
        manifest = json.loads((folder / "manifest.json").read_text())
        stored = json.loads((folder / "summary.json").read_text())
        made = date.fromisoformat(manifest["created_at"][:10])
        told = stored["market"]
        age = (made - date.fromisoformat(told["date"])).days
        assert (told["age_days"], told["stale"]) == (age, age > told["stale_after_days"])
        assert len(told["sha256"]) == len(stored["rulebook"]["sha256"]) == 64
        assert stored["rulebook"] == manifest["rulebook"]
        report = ReportModel.from_run(stored, manifest, [], [])
        facts = {fact.label: str(fact.value) for fact in report.identity}
        assert facts["Rulebook"].startswith(f"{named} of 2026-01-21 (")
        assert facts["Market"].startswith(f"{dated} (")
        assert facts["Market's age"].startswith(f"{age:,} days")
        assert ("stale" in facts["Market's age"]) == told["stale"]
        assert facts["Tiers by"] == "their conditions"
    assert runs[0][0]["rulebook"]["sha256"] != runs[1][0]["rulebook"]["sha256"]


def test_tiers_by_rank_hold_no_more_than_their_shares(tmp_path: Path) -> None:
    book = document("rulebooks/v1")
    by_rank = json.loads(json.dumps(book, default=str))
    by_rank["tiers"]["mode"] = "rank_of_gate_b_score"
    by_rank["tiers"]["best_pct"] = {"diamond": 1, "gold": 5, "silver": 15, "bronze": 30}
    market = document("markets/gbp")
    plain, plain_folder = run_with(tmp_path / "plain", book, market)
    ranked, folder = run_with(tmp_path / "ranked", by_rank, market)
    assert plain["run_id"] != ranked["run_id"]
    assert plain["tiers_by"] == {"mode": "conditions"}
    columns = ["permutation_id", "gate_b_score", "viability_tier"]
    before, after = (
        pq.read_table(path / "ranked.parquet", columns=columns).to_pylist()
        for path in (plain_folder, folder)
    )
    count = len(before)
    assert count > 50
    by_score = sorted(before, key=lambda row: (-row["gate_b_score"], row["permutation_id"]))
    place = {row["permutation_id"]: k for k, row in enumerate(by_score)}
    shares = {"Diamond": 1, "Gold": 5, "Silver": 15, "Bronze": 30}
    conditions = {row["permutation_id"]: row["viability_tier"] for row in before}
    for row in after:
        number = row["permutation_id"]
        allowed = [name for name, share in shares.items() if 100 * place[number] < share * count]
        best = allowed[0] if allowed else "Not Viable"
        order = codes.TIER_NAMES.index
        assert row["viability_tier"] == min(best, conditions[number], key=order)
    tiers = ranked["tiers"]
    assert sum(tiers.values()) == LIMIT
    assert ranked["fully_funded_scenarios"] <= places_within(15, count)
    assert ranked["fully_funded_scenarios"] < plain["fully_funded_scenarios"]
    last = ranked["tiers_by"]["last_places"]["Bronze"]
    assert last["places"] == places_within(30, count)
    assert last["permutation_id"] == by_score[last["places"] - 1]["permutation_id"]


@pytest.mark.parametrize(
    ("share", "rows", "places"),
    [(1, 100, 1), (1, 101, 2), (1, 1, 1), (30, 10, 3), (0.1, 1000, 1), (0.1, 1001, 2), (5, 0, 0)],
)
def test_a_share_of_the_survivors_is_counted_exactly(share: float, rows: int, places: int) -> None:
    assert places_within(share, rows) == places


def test_ranks_do_not_depend_on_how_the_parts_are_cut(tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    scores = draw.integers(0, 40, 1000).astype(float)
    table = pa.table(
        {
            "permutation_id": draw.permutation(1000),
            "gate_b_score": pa.array(scores, mask=draw.random(1000) < 0.1),
            "viability_tier": ["Gold"] * 1000,
        }
    )
    found = []
    for rows in (1000, 70):
        store = LocalStore(tmp_path / str(rows))
        parts = [
            write_part(store, Owner("p" * 64, "f" * 16), ANALYSIS, number,
                       table.slice(start, rows), {})
            for number, start in enumerate(range(0, 1000, rows))
        ]  # fmt: skip
        ranks = tier_ranks(store, parts, TierShares(2.0, 5.0, 15.0, 95.0))
        assert ranks is not None
        found.append(ranks.settled(table)["viability_tier"].to_pylist())
    assert found[0] == found[1]
    assert found[0].count("Gold") == 50  # no Diamond by conditions: Gold's share holds them
    unscored = [tier for tier, score in zip(found[0], table["gate_b_score"].to_pylist(),
                                            strict=True) if score is None]  # fmt: skip
    assert set(unscored) == {"Not Viable"}
