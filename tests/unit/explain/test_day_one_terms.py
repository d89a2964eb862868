"""Do bumps, strikes and fees of the derivatives say what the engine's formulas give by hand?"""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.evaluation import checked
from pipeline.explain.model import Explanation, Step, Table
from pipeline.explain.scenario import explain_scenario
from pipeline.inputs.scenarios import default_request

BASE = {
    "GrossMonthlyRent_07": 12e6, "SeniorTenorY_39": 15, "MinSeniorRatingTarget_75": "BBB",
    "CapexMarketRate_05": 18e6, "TargetDSCRSenior_37": 1.3, "ZCiS_ImpliedRate_93": 3.0,
    "MonolineWrapFlag_57": "SeniorOnly", "SeniorCoupon_38": 5.5,
}  # fmt: skip
OVERLAYS = dict.fromkeys(("zcis_5y", "zcis_10y", "trs", "floor", "strip"), True)


def told(**settings: Any) -> Explanation:
    scenario = checked(default_request(), [(None, {**BASE, **settings})], "test")[0]
    return explain_scenario(scenario, {})


@pytest.fixture(scope="module")
def rich() -> Explanation:
    return told(**OVERLAYS)


def step(explanation: Explanation, name: str) -> Step:
    return next(each for each in explanation.steps() if each.id == name)


def given(explanation: Explanation, name: str) -> dict[str, Any]:
    return {each.symbol: each.value for each in step(explanation, name).inputs}


def tables(explanation: Explanation) -> dict[str, Table]:
    return {table.id: table for section in explanation.sections for table in section.tables}


def bumps(explanation: Explanation) -> dict[str, dict[str, Any]]:
    table = tables(explanation)["day_one.bumps"]
    names = [column.name for column in table.columns]
    return {str(row[0]): dict(zip(names, row, strict=True)) for row in table.rows}


@pytest.mark.parametrize("name", ["zcis5", "zcis10"])
def test_bumps_of_inflation_swaps_are_their_formulas_difference(
    rich: Explanation, name: str
) -> None:
    g = given(rich, f"day_one.{name}")
    assert g["counterparty"] == "AA"
    rate = 1.0 + (g["implied"] - g["basis"] / 100.0) / 100.0
    grown = g["X"] * ((rate + 0.001) ** g["T"] - rate ** g["T"]) * g["DF"]
    moved = bumps(rich)
    assert moved["breakeven_10"][name] == pytest.approx(grown, rel=1e-9)
    assert moved["credit_charge_10"][name] == pytest.approx(-g["X"] * 0.001, rel=1e-9)
    # the curve moves the discount factor alone: dV = -V T / (1 + z) x 1 bp
    worth = g["X"] * (rate ** g["T"] - g["E"]) * g["DF"]
    zero = g["DF"] ** (-1.0 / g["T"])
    assert moved["curve_1"][name] == pytest.approx(-worth * g["T"] / zero / 1e4, rel=1e-2)


def test_bumps_move_what_they_should_and_nothing_else(rich: Explanation) -> None:
    moved = bumps(rich)
    assert moved["volatility_5"]["option"] > 0.0
    assert moved["volatility_5"]["zcis10"] == moved["volatility_5"]["strip"] == 0.0
    assert moved["strip_spread_10"]["strip"] < 0.0
    assert moved["strip_spread_10"]["zcis5"] == 0.0
    assert moved["curve_10"]["strip"] == pytest.approx(moved["strip_spread_10"]["strip"])
    assert moved["curve_down_10"]["total"] > 0.0 > moved["curve_10"]["total"]
    wrap = given(rich, "day_one.wrap")
    saved = wrap["S"] * min(wrap["WAL"], wrap["most"]) * 0.001
    assert moved["unwrapped_spread_10"]["wrap"] == pytest.approx(saved, rel=1e-9)
    parts = ("wrap", "zcis5", "zcis10", "option", "trs", "strip", "ccy")
    for name, row in moved.items():
        assert sum(row[part] for part in parts) == pytest.approx(row["total"], abs=1e-3), name


def test_the_schedule_of_the_rate_option_adds_up_to_its_value(rich: Explanation) -> None:
    schedule = tables(rich)["day_one.option_schedule"]
    names = [column.name for column in schedule.columns]
    rows = [dict(zip(names, row, strict=True)) for row in schedule.rows]
    assert len(rows) == 7
    assert sum(row["floor"] for row in rows) == pytest.approx(step(rich, "day_one.option").result)
    for row in rows:
        assert row["cap_strike"] - row["floor_strike"] == pytest.approx(1.5)


def test_strikes_and_fees(rich: Explanation) -> None:
    for years in (5, 10):
        growth = given(rich, f"day_one.zcis{years}")["E"]
        fixed = step(rich, f"day_one.zcis{years}_strike").result
        assert isinstance(fixed, float)
        assert (1.0 + fixed / 100.0) ** years == pytest.approx(growth)
    fee = step(rich, "day_one.trs_fee")
    assert fee.result == pytest.approx(given(rich, "day_one.trs_fee")["X"] * 0.03)


def test_the_share_is_told_beside_the_aim(rich: Explanation) -> None:
    share = step(rich, "day_one.share")
    g = given(rich, "day_one.share")
    assert share.result == pytest.approx(100.0 * g["D"] / g["F"])
    assert (g["low"], g["high"]) == (8.0, 15.0)
    none = step(told(), "day_one.share")
    assert none.note.startswith("under")


def test_nothing_is_bumped_or_scheduled_without_debt_or_option() -> None:
    without = told(OPEXMode_17="Absolute", OPEX_08=200e6)
    assert "day_one.bumps" not in tables(without)
    assert "day_one.option_schedule" not in tables(told(zcis_5y=True))
