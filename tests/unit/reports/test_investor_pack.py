"""Are the investor pack's sentences, alternatives, risks and sources of inputs true?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.explain.run import StoredRun
from pipeline.reports.pack.alternatives import alternatives
from pipeline.reports.pack.assumptions_book import (
    DEFAULT,
    LEVER,
    NOT_USED,
    PROJECT,
    assumptions_book,
)
from pipeline.reports.pack.document import Bullets, Cell, Figure, Grid, Section
from pipeline.reports.pack.dossier import Dossier, dossier_of
from pipeline.reports.pack.glossary import TERMS
from pipeline.reports.pack.investor_headline import highlights
from pipeline.reports.pack.investor_pack import investor_pack
from pipeline.reports.pack.risks import HIGH, LOW, MEDIUM, NONE, risks
from pipeline.reports.pack.structure_diagram import structure_diagram
from pipeline.reports.pack.waterfall_summary import waterfall_summary
from tests.unit.reports.deal_run import PROJECT as FILE
from tests.unit.reports.deal_run import deal_run

OBJECTIVES = {
    "Composite": "composite_score", "SeniorRaise": "senior_notional", "WACC": "wacc",
    "EquityIRR": "equity_irr", "Day1Cash": "day1_cash", "DSCR": "dscr_min",
}  # fmt: skip
COMPONENTS = ("senior_notional", "wacc", "day1_cash", "dscr_min", "senior_rating")
EVERY = 61  # of the structures: some of every kind
QUICK = ("Composite", "WACC")


@pytest.fixture(scope="module")
def offer(run: StoredRun, numbers: dict[str, int]) -> Dossier:
    return dossier_of(run, numbers["offer"])


@pytest.fixture(scope="module")
def best(run: StoredRun) -> Dossier:
    top = run.results.top(str(run.manifest["run_id"]), 1)
    return dossier_of(run, int(top[0]["permutation_id"]))


def said(cells: tuple[Cell, ...]) -> str:
    return " ".join(cell for cell in cells if isinstance(cell, str))


def bullets(section: Section) -> tuple[tuple[Cell, ...], ...]:
    return next(block.items for block in section.blocks if isinstance(block, Bullets))


def grids(section: Section) -> list[Grid]:
    return [block for block in section.blocks if isinstance(block, Grid)]


# -- sums ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["offer", "mezzanine", "rejected", "debtless"])
def test_sources_meet_uses(run: StoredRun, numbers: dict[str, int], kind: str) -> None:
    document = investor_pack(dossier_of(run, numbers[kind]))
    section = next(each for each in document.sections if each.heading == "Sources and uses")
    totals = []
    for grid in grids(section):
        *parts, total = (float(str(row[1].value)) for row in grid.rows
                         if isinstance(row[1], Figure))  # fmt: skip
        assert sum(parts) == pytest.approx(total, rel=1e-12)
        totals.append(total)
    assert len(totals) == 2 and totals[0] == totals[1]


@pytest.mark.parametrize("kind", ["offer", "mezzanine", "rejected", "debtless"])
def test_columns_of_the_waterfall_add_up(
    run: StoredRun, numbers: dict[str, int], kind: str
) -> None:
    document = waterfall_summary(dossier_of(run, numbers[kind]))
    summed = 0
    for section in document.sections[:-1]:
        for grid in grids(section):
            assert grid.totals == 1
            for place, column in enumerate(grid.columns):
                *cells, total = (row[place] for row in grid.rows)
                if not column.millions or not isinstance(total, Figure):
                    continue
                values = [float(str(each.value)) for each in cells if isinstance(each, Figure)]
                assert sum(values) == pytest.approx(total.value, rel=1e-9, abs=1e-3)
                summed += 1
    assert summed > 8


# -- highlights ------------------------------------------------------------------------------------
def without(dossier: Dossier, step: str) -> Dossier:
    """The dossier as if a step's test had failed."""
    changed = replace(dossier)
    found = dossier.steps[step]
    assert found.bound is not None
    failed = replace(found, bound=replace(found.bound, verdict="fail"))
    changed.__dict__["steps"] = {**dossier.steps, step: failed}
    return changed


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ("gate_b.dscr_below_minimum", "Least coverage"),
        ("gate_b.wal_exceeds_limit", "Average life"),
        ("gate_a.advance_factor_breach", "Senior debt is"),
    ],
)
def test_a_highlight_goes_when_its_test_fails(best: Dossier, test: str, words: str) -> None:
    told = [said(item) for item in highlights(best).items]
    assert any(words in each for each in told)
    left = [said(item) for item in highlights(without(best, test)).items]
    assert not any(words in each for each in left)
    assert len(left) == len(told) - 1


def test_highlights_say_what_the_row_says(run: StoredRun) -> None:
    """Over many structures: a sentence stands exactly where its figure is good."""
    seen = set()
    for number in range(0, run.plan.size, EVERY):
        dossier = dossier_of(run, number)
        if not dossier.has_senior:
            continue
        row, told = dossier.structure.row, " | ".join(
            said(item) for item in highlights(dossier).items
        )  # fmt: skip
        for words, true in (
            ("Passes every stress", row["stresses_passed"]),
            ("Fully funded", row["full_coverage"] >= 1.0),
            ("Eligible for repo", row["repo_eligible"]),
            ("Repaid in full", row["balloon_pct"] == 0.0
             and "AMORTISATION_TOO_SLOW" not in (row["warnings"] or [])),
            ("No covenant trigger", row["trap_months"] == 0 and row["turbo_months"] == 0
             and row["covenant_dscr_min"] is not None),
            ("The wrap lifts", row["day1_wrap"] > 0.0),
        ):  # fmt: skip
            assert (words in told) == true, (number, words)
            seen.add((words, true))
    assert len(seen) >= 9


# -- alternatives ----------------------------------------------------------------------------------
def test_alternatives_come_next_and_rank_lower_for_a_true_reason(best: Dossier) -> None:
    section = alternatives(best)
    this, *others = grids(section)[0].rows
    assert [str(row[0].value) for row in others if isinstance(row[0], Figure)] == (
        [str(rank) for rank in range(2, 2 + len(others))]
    )
    assert isinstance(this[1], Figure) and this[1].value == best.permutation_id
    for item in bullets(section):
        told = {cell.source.partition(".")[2]: cell.value for cell in item
                if isinstance(cell, Figure) and cell.source.startswith("ranking")}  # fmt: skip
        text = said(item)
        assert "composite score" in text or "equal on the objective" in text or "same" in text
        if "composite score" in text:
            assert float(str(told["composite_score"])) < best.structure.row["composite_score"]
            assert told.keys() & set(COMPONENTS)


@pytest.mark.parametrize(
    "objective",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.full) for name in OBJECTIVES],
)
def test_each_objective_names_its_own_figure(objective: str, tmp_path: Any) -> None:
    run = deal_run(
        tmp_path,
        levers={"TargetDSCRSenior_37": [1.3, 1.5], "SeniorCoupon_38": [5, 5.5]},
        base={**FILE["base"], "OPEX_08": 2e6, "SeniorTenorY_39": 5},
        run={"seed": 1, "max_permutations": 4, "objective": objective},
    )
    rows = run.results.top(str(run.manifest["run_id"]), 4)
    assert len(rows) > 1
    first, last = (dossier_of(run, int(row["permutation_id"])) for row in (rows[0], rows[-1]))
    name = OBJECTIVES[objective]
    item = bullets(alternatives(first))[-1]
    sources = [cell.source for cell in item if isinstance(cell, Figure)]
    if rows[0][name] != rows[-1][name]:
        assert f"ranking[{len(rows)}].{name}" in sources
    higher = alternatives(last).blocks[0]
    assert "rank higher" in said(higher.pieces)  # type: ignore[union-attr]


# -- risks -----------------------------------------------------------------------------------------
def test_ratings_follow_their_rules(run: StoredRun) -> None:
    found: dict[str, set[str]] = {}
    for number in range(0, run.plan.size, EVERY):
        dossier = dossier_of(run, number)
        if not dossier.has_senior:
            continue
        row = dossier.structure.row
        rated = {risk.category: risk.rating for risk in risks(dossier)}
        for category, scenarios in (
            ("Operation", ("opex",)), ("Rent", ("rent",)),
            ("Interest rates", ("rate_up", "rate_down", "rate_200", "combined")),
            ("Inflation", ("cpi_1", "cpi_2", "cpi_3", "cpi_extra", "combined")),
            ("Tenant", ("default",)), ("Completion", ("delay",)),
        ):  # fmt: skip
            failed = not all(row[f"{name}_passed"] for name in scenarios)
            assert (rated[category] == HIGH) == failed, (number, category)
        assert (rated["Leverage"] == HIGH) == ("ADVANCE_FACTOR_BREACH" in row["gate_a_reasons"])
        assert (rated["Refinancing"] == NONE) == (row["balloon_pct"] == 0.0)
        assert (rated["Cost and funding"] == HIGH) == (row["full_coverage"] < 1.0)
        assert (rated["Market for the notes"] == LOW) <= bool(row["repo_eligible"])
        for category, rating in rated.items():
            found.setdefault(category, set()).add(rating)
    assert found["Market data"] == {MEDIUM}  # the fixture's market file is older than its limit
    assert {HIGH, LOW} <= set().union(*found.values())


# -- assumptions -----------------------------------------------------------------------------------
def test_every_input_stands_in_the_book_with_its_source(offer: Dossier) -> None:
    rows = {
        row[3]: row for grid in grids(assumptions_book(offer)) if len(grid.columns) == 5
        for row in grid.rows
    }  # fmt: skip
    base = offer.manifest["request"]["base"]
    numbered = [key for key in rows if str(key).startswith("_")]
    assert len(numbered) == len(base)
    assert rows["_37"][4] == LEVER
    assert rows["_46"][4] == DEFAULT
    assert rows["_22"][4] == PROJECT
    assert rows["_07"][4] == NOT_USED
    assert rows["_29"][4] == "Market file gbp, 2026-01-30"
    assert rows["mezz"][4] == LEVER and rows["trs"][4] == PROJECT


def test_the_book_has_every_leaf_of_market_and_rulebook(offer: Dossier) -> None:
    request = offer.manifest["request"]
    told = {cell.source for grid in grids(assumptions_book(offer)) for row in grid.rows
            for cell in row if isinstance(cell, Figure)}  # fmt: skip

    def leaves(document: Any, path: str) -> list[str]:
        if isinstance(document, dict):
            return [each for name, value in document.items()
                    for each in leaves(value, f"{path}.{name}")]  # fmt: skip
        if isinstance(document, list):
            return [each for n, value in enumerate(document)
                    for each in leaves(value, f"{path}[{n}]")]  # fmt: skip
        return [path]

    for name in ("market", "rulebook"):
        missing = set(leaves(request[name], name)) - told - {f"{name}.schema"}
        assert missing == set()


# -- diagram, glossary -----------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["offer", "mezzanine", "rejected", "debtless", "unsound"])
def test_the_diagram_has_the_tranches_there_are(
    run: StoredRun, numbers: dict[str, int], kind: str
) -> None:
    dossier = dossier_of(run, numbers[kind])
    diagram = structure_diagram(dossier)
    names = [box.name for box in diagram.boxes]
    assert ("Senior notes" in names) == dossier.has_senior
    assert ("Mezzanine" in names) == dossier.has_mezzanine
    assert len({(box.column, box.row) for box in diagram.boxes}) == len(names) == len(set(names))
    assert all({arrow.start, arrow.end} <= set(names) for arrow in diagram.arrows)


def test_the_glossary_is_in_order() -> None:
    terms = [term.lower() for term, _ in TERMS]
    assert terms == sorted(terms)
