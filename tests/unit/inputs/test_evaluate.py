"""Does evaluate give every figure of each scenario, in order, from Python and a command line?"""

import json
import os
import subprocess
import sys

import pytest

from pipeline.cli.main import run_command
from pipeline.evaluation import evaluate, evaluate_many
from pipeline.inputs import InputErrors, load_request
from tests.unit.inputs.sound import ROOT, loaded, project

# what the issue lists as the flat keys of a scenario
KEYS = """net_it_load_mw gross_income net_income market_costs internal_costs developer_profit
developer_margin_pct senior_notional binding_constraint dscr_min dscr_avg senior_wal senior_ltv_pct
senior_rating mezz_notional mezz_rating equity_notional equity_irr wacc day1_cash repo_eligible
repo_reasons composite_score viable viability_tier capex_coverage full_coverage gate_a_reasons
gate_b_reasons""".split()
TRACE = {"TargetDSCRSenior_37": 1.35, "SeniorCoupon_38": 5.5}


def test_the_catalogues_defaults_give_every_key():
    found = evaluate()
    assert set(KEYS) <= set(found)
    assert found["net_it_load_mw"] == pytest.approx(100 / 1.3)
    assert found["developer_margin_pct"] == pytest.approx(100 * 150 / 920)
    assert found["equity_irr"] == pytest.approx(-3.955, abs=5e-4)
    assert found["equity_irr_status"] == "OK"
    assert found["day1_cash"] == 0
    assert found["mezz_rating"] is None
    assert found["mezz_rating_status"] == "NO_MEZZ"


def test_the_trace_of_the_sources_has_its_right_figures():
    found = evaluate(overrides=TRACE)
    assert found["senior_notional"] == pytest.approx(226_171_173.71, abs=0.01)
    assert found["senior_wal"] == pytest.approx(15.314, abs=5e-4)
    assert found["wacc"] == pytest.approx(14.173, abs=5e-4)


def test_scenarios_come_back_in_order_whatever_they_share():
    scenarios = [
        {"Currency_01": "EUR"},
        TRACE,
        {"HardFilters_111": ["DSCR>=1.0"]},
        TRACE,
        {"Currency_01": "EUR", "CompositeWeights_110": {"DSCR": 1}},
    ]
    together = evaluate_many(None, scenarios)
    assert together == [evaluate(overrides=scenario) for scenario in scenarios]
    assert together[1] == together[3]
    assert together[2]["viable"]
    assert together[4]["composite_score"] != together[0]["composite_score"]


def test_switches_and_covenants_stand_beside_catalogue_names():
    plain, changed = evaluate_many(
        None, [{}, {"mezz": True, "MezzAmortType_48": "Annuity", "max_ltv_pct": 20, "trs": True}]
    )
    assert plain["mezz_notional"] == 0
    assert changed["mezz_notional"] > 0
    assert changed["binding_constraint"] == "LTV"
    assert changed["senior_ltv_pct"] == pytest.approx(20)
    assert changed["derivatives"] == 1
    assert evaluate(overrides={"min_icr": 9})["binding_constraint"] == "ICR"
    assert evaluate(overrides={"mezz": {"MezzCoupon_46": 9}, "max_ltv_pct": None}) != plain


def test_how_often_debt_is_paid_and_its_reserve_can_differ_from_scenario_to_scenario():
    mezz = {
        "mezz": True,
        "max_ltv_pct": 20,
        "TargetDSCRMezz_45": 1.5,
        "MezzAmortType_48": "Annuity",
    }
    scenarios = [
        mezz | {"payment_frequency": paid, "mezz_reserve_months": months}
        for paid in ("Monthly", "Quarterly")
        for months in (0, 6)
    ]
    together = evaluate_many(None, scenarios)
    assert together == [evaluate(overrides=scenario) for scenario in scenarios]
    assert len({found["equity_irr"] for found in together}) == 4
    for name in ("senior_notional", "mezz_notional", "dscr_min", "equity_capacity"):
        assert len({found[name] for found in together}) == 1
    with pytest.raises(InputErrors, match=r"payment_frequency: .*'Monthly' or 'Quarterly'"):
        evaluate(overrides={"payment_frequency": "Yearly"})
    with pytest.raises(InputErrors, match=r"mezz_reserve_months: .*less than or equal to 24"):
        evaluate(overrides={"mezz_reserve_months": 25})


def test_a_project_with_levers_is_evaluated_at_its_base(tmp_path):
    request = loaded(tmp_path, project(levers={"TargetDSCRSenior_37": [1.2, 1.4]}))
    assert evaluate(request)["dscr_min"] == pytest.approx(1.30)
    assert evaluate(request)["gross_income"] == pytest.approx(12 * 0.12 * 730 * 1000 * 5)


def test_an_override_stands_before_the_file(tmp_path):
    request = loaded(tmp_path, project(covenants={"max_ltv_pct": 1}))
    rent = {"GrossMonthlyRent_07": 500_000, "max_ltv_pct": 90}
    found = evaluate(request, rent)
    assert found["gross_income"] == 6_000_000
    assert found["binding_constraint"] == "DSCR"
    with pytest.raises(InputErrors, match="the market file is in GBP"):
        evaluate(request, {"Currency_01": "EUR"})


def test_a_sum_of_money_is_no_percentage(tmp_path):
    money = {"OPEXMode_17": "Absolute", "OPEX_08": 1_000_000}
    request = loaded(tmp_path, project(base={"GrossITLoad_02": 5, **money}))
    assert evaluate(request)["net_income"] == pytest.approx(5_256_000 - 1_000_000)
    with pytest.raises(InputErrors, match="OPEX_08: is out of range for OPEXMode_17"):
        evaluate(request, {"OPEXMode_17": "PercentOfRevenue"})


THOUSAND = """
import time
from pipeline.evaluation import evaluate_many
scenarios = [{"SeniorCoupon_38": 3 + k / 200, "mezz": k % 2 == 0} for k in range(1000)]
evaluate_many(None, scenarios[:2])  # start-up: compiled kernels, files read
started = time.process_time()
assert len(evaluate_many(None, scenarios)) == 1000
print(time.process_time() - started)
"""


def test_a_thousand_scenarios_take_under_two_seconds():
    # In a process of its own, which coverage does not trace, by the processor time that it took:
    # neither tracing nor whatever else this machine does is counted.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", THOUSAND],
        cwd=ROOT, env=plain, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert float(done.stdout) < 2


def printed(arguments, capsys):
    assert run_command(arguments) == 0
    return capsys.readouterr().out


def test_one_scenario_is_a_table_or_one_json_object(capsys):
    settings = [part for name, value in TRACE.items() for part in ("--set", f"{name}={value}")]
    assert "226,171,174" in printed(["evaluate", *settings], capsys)
    for form in (["--format", "json"], ["--json"], ["--format", "jsonl"]):
        found = json.loads(printed(["evaluate", *settings, *form], capsys))
        assert found == json.loads(json.dumps(evaluate(overrides=TRACE)))


def test_a_file_of_scenarios_gives_a_line_each(tmp_path, capsys):
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps(TRACE) + '\n\n{"mezz": true, "SeniorTenorY_39": 20}\n')
    common = ["evaluate", "--scenarios", str(path), "--set", "SeniorTenorY_39=15"]
    lines = printed(common, capsys).splitlines()
    first, second = (json.loads(line) for line in lines)
    assert first == json.loads(json.dumps(evaluate(overrides=TRACE | {"SeniorTenorY_39": 15})))
    assert second == json.loads(
        json.dumps(evaluate(overrides={"mezz": True, "SeniorTenorY_39": 20}))
    )
    assert json.loads(printed([*common, "--json"], capsys)) == [first, second]
    assert printed([*common, "--format", "table"], capsys).startswith("figure")


def test_the_golden_project_is_evaluated_from_its_file(capsys):
    file = str(ROOT / "fixtures" / "projects" / "medium.yaml")
    found = json.loads(printed(["evaluate", file, "--set", "mezz=true", "--json"], capsys))
    assert found == json.loads(json.dumps(evaluate(load_request(file), {"mezz": True})))
    assert found["mezz_notional"] > 0
