"""Does the sources' API payload become the same request as a project file?"""

import json

import numpy as np

from pipeline.inputs import load_request
from pipeline.inputs.encode import problem_of
from tests.unit.inputs.sound import loaded, project

PAYLOAD = {
    "project_id": "proj_12345",
    "user_email": "user@example.com",
    "mode": "all",
    "variables": [
        {"name": "SeniorCoupon_38", "type": "discrete", "values": [4.0, 4.5, 5.0], "priority": 1},
        {"name": "GrossMonthlyRent_07", "type": "continuous", "min_value": 2000000,
         "max_value": 3000000, "step_size": 100000, "priority": 3},
    ],
    "base_scenario": {"OPEX_08": 20, "SeniorCoupon_38": 6, "min_icr": 1.5, "mezz": True},
    "RankingObjective_109": "WACC",
    "MaxPermutations_108": 50000,
    "batch_size": 1000,
    "max_workers": 4,
    "store_results": True,
}  # fmt: skip


def request_of(folder, **changes):
    (folder / "payload.json").write_text(json.dumps(PAYLOAD | changes))
    return load_request(folder / "payload.json")


def test_the_sources_own_example_is_understood(tmp_path):
    request = request_of(tmp_path)
    assert request.space_size == 33
    assert [lever.name for lever in request.levers] == ["GrossMonthlyRent_07", "SeniorCoupon_38"]
    assert [lever.priority for lever in request.levers] == [3, 1]
    assert (request.run.objective, request.run.max_permutations) == ("WACC", 50_000)
    assert request.run.partition_rows == 1000
    assert (request.project.id, request.currency) == ("proj-12345", "GBP")
    assert request.covenants.min_icr == 1.5
    assert request.switches["mezz"]
    assert [warning.path for warning in request.warnings] == ["max_workers"]


def test_a_payload_and_a_project_give_the_same_levers(tmp_path):
    levers = {
        "SeniorCoupon_38": [4.0, 4.5, 5.0],
        "GrossMonthlyRent_07": {"min": 2000000, "max": 3000000, "step": 100000},
    }
    content = project(levers=levers)
    del content["project"]["rent"]
    ours = problem_of(loaded(tmp_path, content)).levers
    theirs = problem_of(request_of(tmp_path)).levers
    assert [lever.name for lever in ours] == [lever.name for lever in theirs]
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one.values, other.values)


def test_boundary_mode_takes_the_ends(tmp_path):
    rent, coupon = problem_of(request_of(tmp_path, mode="boundary")).levers
    assert rent.values[:, 0].tolist() == [2e6, 3e6]
    assert coupon.values[:, 0].tolist() == [4, 4.5, 5]


def test_manual_mode_is_one_permutation(tmp_path):
    assert request_of(tmp_path, mode="manual", variables=[]).space_size == 1


def test_priority_orders_nothing(tmp_path):
    turned = [{**variable, "priority": 9} for variable in reversed(PAYLOAD["variables"])]
    assert request_of(tmp_path, variables=turned).content() == request_of(tmp_path).content()


def test_switches_can_be_variables(tmp_path):
    variables = [{"name": name, "type": "discrete", "values": [False, True]}
                 for name in ("trs", "zcis_5y")]  # fmt: skip
    names = [lever.name for lever in request_of(tmp_path, variables=variables).levers]
    assert names == ["zcis_5y", "trs"]


def test_without_a_market_the_catalogues_figures_hold(tmp_path):
    own = request_of(tmp_path, base_scenario={"Currency_01": "EUR"})
    assert own.market.currency == "EUR"
    assert own.base["ZCiS_ImpliedRate_93"] == 2.0
    given = request_of(tmp_path, market="builtin:gbp")
    assert given.base["ZCiS_ImpliedRate_93"] == 3.0
