"""Does the sidecar tell instruments apart: on, idle with the reason, off; and do its sums hold?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.reports.pack.document import Blank, Document, Field, Fields, Figure, Grid
from pipeline.reports.pack.dossier import Dossier, dossier_of
from pipeline.reports.pack.instruments import instruments
from pipeline.reports.pack.sidecar import sidecar
from tests.pack_sources import Told
from tests.unit.reports.deal_run import PROJECT, assert_every_figure, deal_run

BASE = {"GrossITLoad_02": 5, "MinSeniorRatingTarget_75": "BBB", "LeaseTermYears_22": 20,
        "IndexationMode_18": "CPI_Linked", "SeniorTenorY_39": 15,
        "TargetDSCRSenior_37": 1.6}  # fmt: skip
ALL = dict.fromkeys(("zcis_5y", "zcis_10y", "trs", "floor", "strip"), True)
WRAPPED = {
    "MonolineWrapFlag_57": "SeniorOnly",
    "TargetDSCRSenior_37": 1.3,
    "CapexMarketRate_05": 2.2e7,
}
ABROAD = {
    "country": "GB", "local_currency": "EUR", "id": "abroad", "title": "Abroad",
    "asset_type": "data_centre", "rent": {"per_kwh": 0.28},
    "tenant": {"name": "Tenant", "rating": "AA", "share_pct": 100},
}  # fmt: skip
HEDGED = {"CurrencyPolicy_25": "HedgedTo_01", "CCY_SwapTenorY_96": 7, "FXSpot_35": 0.85,
          "PowerPassThroughMode_70": "Landlord", "PowerHedgeMode_24": "PPA_Plus_Swap",
          "PPA_TermYears_71": 5, "PowerSwapTenorY_73": 10, "PowerHedgeCoveragePct_74": 50,
          "TotalStructuringFees_14": 500_000}  # fmt: skip
CASES: dict[str, dict[str, Any]] = {
    "none": {"base": BASE},
    "all": {"base": {**BASE, **ALL, **WRAPPED, **HEDGED}, "project": ABROAD,
            "deal": {"rate_option": "collar", "fee_rebate_pct": 20, "advance_uplift_pct": 1}},
    "idle": {"base": {**BASE, **ALL, "SeniorTenorY_39": 4}, "deal": {"rate_option": "cap"}},
    "world": {"base": {**BASE, "zcis_5y": True},
              "project": {**PROJECT["project"], "country": "NO", "local_currency": "GBP"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Dossier, Told]]:
    kept: dict[str, tuple[Dossier, Told]] = {}

    def of(name: str) -> tuple[Dossier, Told]:
        if name not in kept:
            folder: Path = tmp_path_factory.mktemp(name)
            run = deal_run(folder, levers={}, **CASES[name])
            kept[name] = dossier_of(run, 0), Told(folder, run.manifest["run_id"], 0)
        return kept[name]

    return of


Made = Callable[[str], tuple[Dossier, Told]]


def states(dossier: Dossier) -> dict[str, str]:
    return {each.key: each.state for each in instruments(dossier)}


def fields(document: Document, heading: str) -> dict[str, Field]:
    section = next(each for each in document.sections if each.heading == heading)
    block = section.blocks[0]
    assert isinstance(block, Fields)
    return {each.label: each for each in block.fields}


def grids(document: Document) -> dict[str, Grid]:
    """Tables by their titles; one without a title by the heading it stands under."""
    found = {each.title: each for each in document.summary if isinstance(each, Grid)}
    for section in document.sections:
        grids = [block for block in section.blocks if isinstance(block, Grid)]
        found |= {each.title or section.heading: each for each in grids}
    return found


@pytest.mark.parametrize("name", CASES)
def test_every_figure_is_the_runs(made: Made, name: str) -> None:
    dossier, told = made(name)
    assert dossier.has_senior
    assert assert_every_figure(sidecar(dossier), told) > 40


def test_without_overlays_all_are_off_and_said_to_be(made: Made) -> None:
    dossier, _ = made("none")
    assert set(states(dossier).values()) == {"off"}
    rows = grids(sidecar(dossier))["Not in this structure, or worth nothing in it"].rows
    assert [row[2] for row in rows] == ["not in this structure"] * 10


def test_all_at_once_have_terms_of_their_own(made: Made) -> None:
    dossier, _ = made("all")
    assert {key for key, state in states(dossier).items() if state != "on"} == set()
    document = sidecar(dossier)
    headings = [each.heading for each in document.sections]
    assert not [each for each in headings if each.startswith("Not in")]
    for instrument in instruments(dossier):
        assert instrument.title in headings
    swap = fields(document, "Currency swap")["Upfront value"].values[0]
    assert isinstance(swap, Figure) and isinstance(swap.value, float) and swap.value < 0.0


def test_idle_ones_say_why_they_are_worth_nothing(made: Made) -> None:
    dossier, _ = made("idle")
    found = {each.key: each for each in instruments(dossier)}
    for key in ("zcis5", "zcis10", "trs"):
        assert found[key].state == "idle"
        assert "longer than the senior's" in found[key].why
        assert isinstance(found[key].value, Figure) and found[key].value.value == 0.0
    tenor = found["option"].head[1]
    assert isinstance(tenor, Figure) and tenor.value == 4.0  # shorter than the rulebook's term
    cap = found["option"].value
    assert isinstance(cap, Figure) and isinstance(cap.value, float) and cap.value < 0.0


@pytest.mark.parametrize("name", CASES)
def test_parts_add_up_to_the_total(made: Made, name: str) -> None:
    document = sidecar(made(name)[0])
    *parts, total = grids(document)["Day-one value by part"].rows
    values = [row[4].value for row in parts if isinstance(row[4], Figure)]
    assert isinstance(total[4], Figure)
    assert sum(float(str(value)) for value in values) == pytest.approx(total[4].value)


def test_the_index_is_its_places_and_blank_where_there_is_none(made: Made) -> None:
    index = fields(sidecar(made("all")[0]), "Inflation swap, 5 years")
    assert "RPI" in str(index["Index"].values[0])
    assert index["Base level of the index"].values == (Blank("deal.index_base_level"),)
    world = made("world")[0]
    assert world.jurisdiction == "Global"
    index = fields(sidecar(world), "Inflation swap, 5 years")
    assert index["Index"].values == (Blank("deal.inflation_index"),)


def test_bumps_are_those_of_the_table_and_leave_out_what_nothing_moves(made: Made) -> None:
    dossier, _ = made("world")
    bumps = grids(sidecar(dossier))["Change of value at close"]
    titles = [column.title for column in bumps.columns]
    assert "Inflation swap, 5 y" in titles and "Total return swap" not in titles
    assert len(bumps.rows) == len(dossier.tables["day_one.bumps"].rows)
