"""Do levers become exactly the values written, in the one order that ids rest on?"""

import pytest

from pipeline.inputs import InputErrors, load_request
from pipeline.inputs.encode import problem_of
from tests.unit.inputs.sound import ROOT, loaded, project

OVERLAYS = ["zcis_5y", "zcis_10y", "trs", "floor", "strip"]


def values(request, name):
    (lever,) = [lever for lever in problem_of(request).levers if lever.name == name]
    return lever.values[:, 0].tolist()


def test_a_range_is_made_in_decimal(tmp_path):
    levers = {"TargetDSCRSenior_37": {"min": 1.15, "max": 1.50, "step": 0.05}}
    request = loaded(tmp_path, project(levers=levers))
    assert values(request, "TargetDSCRSenior_37") == [
        1.15, 1.20, 1.25, 1.30, 1.35, 1.40, 1.45, 1.50,
    ]  # fmt: skip


def test_a_range_without_a_step_takes_that_of_the_granularity(tmp_path):
    levers = {"SeniorCoupon_38": {"min": 5, "max": 6}}
    request = loaded(tmp_path, project(levers=levers))
    assert values(request, "SeniorCoupon_38") == [5, 5.25, 5.5, 5.75, 6]
    base = {"PermutationGranularity_107": {"coupon_step_pct": 0.5}}
    request = loaded(tmp_path, project(levers=levers, base=base))
    assert values(request, "SeniorCoupon_38") == [5, 5.5, 6]


def test_a_boundary_has_two_values_and_a_list_its_own_order(tmp_path):
    levers = {"OPEX_08": {"low": 20, "high": 30}, "SeniorTenorY_39": [10, 5, 7]}
    request = loaded(tmp_path, project(levers=levers))
    assert values(request, "OPEX_08") == [20, 30]
    assert values(request, "SeniorTenorY_39") == [10, 5, 7]


def test_a_range_that_misses_its_end_says_so(tmp_path):
    levers = {"SeniorCoupon_38": {"min": 5, "max": 6, "step": 0.4}}
    request = loaded(tmp_path, project(levers=levers))
    assert values(request, "SeniorCoupon_38") == [5, 5.4, 5.8]
    assert "last value is 5.8" in request.warnings[0].message


def test_levers_stand_in_canonical_order_whatever_the_file_says(tmp_path):
    levers = {
        "overlays": ["strip", "zcis_5y"],
        "mezz": [True, False],
        "SeniorTenorY_39": [5, 10],
        "TargetDSCRSenior_37": [1.3, 1.2],
    }
    names = [lever.name for lever in loaded(tmp_path, project(levers=levers)).levers]
    assert names == ["TargetDSCRSenior_37", "SeniorTenorY_39", "mezz", "zcis_5y", "strip"]
    turned = dict(reversed(list(levers.items())))
    assert (
        loaded(tmp_path, project(levers=turned)).content()
        == loaded(tmp_path, project(levers=levers)).content()
    )


def test_an_option_of_the_mezzanine_stands_at_the_base_for_what_it_leaves_out(tmp_path):
    mezz = [False, {"MezzCoupon_46": 9}, {"MezzCoupon_46": 8, "TargetDSCRMezz_45": 1.10}]
    request = loaded(tmp_path, project(levers={"mezz": mezz}, base={"MezzTenorY_47": 7}))
    (lever,) = problem_of(request).levers
    assert lever.rows == (117, 46, 45)
    assert lever.values.tolist() == [[0, 8, 1.15], [1, 9, 1.15], [1, 8, 1.10]]
    assert lever.labels[0] == "none"
    assert problem_of(request).base[47] == 7


def test_an_overlay_is_off_then_on(tmp_path):
    request = loaded(tmp_path, project(levers={"overlays": "all"}))
    levers = problem_of(request).levers
    assert [lever.name for lever in levers] == OVERLAYS
    assert [lever.rows for lever in levers] == [(118,), (119,), (120,), (121,), (122,)]
    assert all(lever.values.tolist() == [[0], [1]] for lever in levers)


def test_triggers_and_ratings_can_be_levers(tmp_path):
    levers = {
        "DSCR_TriggerLevels_101": ["1.20|1.05", "1.30|1.10"],
        "TenantRatingFloor_77": ["A-", "BBB"],
    }
    by_name = {
        lever.name: lever for lever in problem_of(loaded(tmp_path, project(levers=levers))).levers
    }
    assert by_name["DSCR_TriggerLevels_101"].rows == (101, 133)
    assert by_name["DSCR_TriggerLevels_101"].values.tolist() == [[1.2, 1.05], [1.3, 1.1]]
    assert by_name["TenantRatingFloor_77"].values.tolist() == [[7], [9]]


def test_absolute_operating_cost_may_be_a_sum_of_money(tmp_path):
    base = {"OPEXMode_17": "Absolute"}
    request = loaded(tmp_path, project(base=base, levers={"OPEX_08": [1_000_000, 2_000_000]}))
    assert values(request, "OPEX_08") == [1e6, 2e6]
    both = {"OPEXMode_17": ["Absolute", "PercentOfRevenue"], "OPEX_08": [1_000_000, 20]}
    with pytest.raises(InputErrors, match=r"levers.OPEX_08\[0\]: is out of range"):
        loaded(tmp_path, project(levers=both))


@pytest.mark.parametrize(
    ("name", "size", "run", "mezz"),
    [
        ("small", 87_040, 100_000, 0),
        ("medium", 174_080, 175_000, 2),
        ("large", 261_120, 250_000, 3),
    ],
)
def test_the_golden_spaces_are_those_of_the_plan(name, size, run, mezz):
    request = load_request(ROOT / "fixtures" / "projects" / f"{name}.yaml")
    levers = {lever.name: lever for lever in problem_of(request).levers}
    assert request.space_size == size
    assert request.run.max_permutations == run
    assert levers["TargetDSCRSenior_37"].values[:, 0].tolist() == [
        float(f"1.{cents}") for cents in range(15, 51, 5)
    ]
    assert levers["SeniorCoupon_38"].values[:, 0].tolist() == [3 + k / 4 for k in range(17)]
    assert levers["SeniorTenorY_39"].values[:, 0].tolist() == [5, 10, 15, 20, 25]
    assert set(levers["SeniorAmortType_40"].labels) == {
        "Annuity", "LevelPrincipal", "Sculpted", "Bullet",
    }  # fmt: skip
    assert list(levers)[-5:] == OVERLAYS
    assert (len(levers["mezz"].labels) if "mezz" in levers else 0) == mezz
    assert request.warnings == ()
    permutations = request.expected.permutations
    assert permutations is not None
    assert permutations.value == min(size, run)
