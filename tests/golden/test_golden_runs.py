"""Do the golden projects give what the plan expects of them, and is the rest explained?

The bands are written here again, as the plan's section 17 has them, so that they cannot be moved
in the projects without a test that says so.
"""

from __future__ import annotations

import json

import pytest

from pipeline.cli.main import run_command
from pipeline.golden import outcomes
from pipeline.inputs import load_request
from tests.run_projects import run_here

SECTION_17 = {
    "small": {
        "fully_funded": (1_200, 1_500),
        "gold_or_better": (3, None),
        "optimal_dscr": (1.30, 1.35),
        "day_one_pct": (8, 10),
    },
    "medium": {
        "fully_funded": (8_000, 10_000),
        "diamond": (1, None),
        "gold": (10, None),
        "optimal_has_mezzanine": True,
        "day_one_pct": (10, 12),
    },
    "large": {
        "fully_funded": (25_000, 30_000),
        "diamond": (5, None),
        "optimal_derivatives": (4, None),  # "complex": more than three
        "optimal_repo_eligible": True,
        "day_one_pct": (12, 15),
    },
}
# The inputs that section 17 gives: load, PUE, rent per kWh, opex, capex, lease, tenant, country.
GIVEN = {
    "small": (5, 1.2, 0.12, 15, 8_000_000, 15, "A", "UK", "GBP"),
    "medium": (50, 1.1, 0.10, 12, 7_000_000, 20, "AA", "EU", "EUR"),
    "large": (200, 1.05, 0.09, 10, 6_000_000, 25, "AAA", "US", "USD"),
}
NAMES = sorted(SECTION_17)


@pytest.mark.parametrize("name", NAMES)
def test_the_expected_block_has_the_plans_bands(name):
    given = load_request(f"builtin:{name}").expected.given()
    for outcome, band in SECTION_17[name].items():
        claim = given[outcome]
        assert claim.source.startswith("plan 17")
        assert (claim.value if band is True else (claim.min, claim.max)) == band


@pytest.mark.parametrize("name", NAMES)
def test_what_the_plan_gives_is_as_it_gives_it(name):
    request = load_request(f"builtin:{name}")
    base, project = request.base, request.project
    found = (
        base["GrossITLoad_02"], base["PUE_03"], project.rent.per_kwh, base["OPEX_08"],
        base["CapexMarketRate_05"], base["LeaseTermYears_22"], project.tenant.rating,
        project.country, request.currency,
    )  # fmt: skip
    assert found == GIVEN[name]
    assert base["CapexCostPrice_04"] == base["CapexMarketRate_05"]


def test_small_is_met_and_told(tmp_path, capsys):
    arguments = ["golden", "small", "--out", str(tmp_path)]
    assert run_command([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["met_or_explained"] is True
    (project,) = told["projects"]
    status = {each["name"]: each["status"] for each in project["outcomes"]}
    assert {name: status[name] for name in SECTION_17["small"]} == dict.fromkeys(
        SECTION_17["small"], "met"
    )
    unmet = [each for each in project["outcomes"] if each["status"] != "met"]
    assert all(each["why_not"] for each in unmet)

    ranked = tmp_path / project["run_id"] / "ranked.parquet"
    written = ranked.stat().st_mtime_ns
    assert run_command(arguments) == 0
    assert "1,200 to 1,500" in capsys.readouterr().out
    assert ranked.stat().st_mtime_ns == written, "a finished run is not run again"


@pytest.mark.full
@pytest.mark.parametrize("name", ["medium", "large"])
def test_medium_and_large_are_met(name, tmp_path):
    request = load_request(f"builtin:{name}")
    found = {each.name: each for each in outcomes(request.expected, run_here(request, tmp_path)[0])}
    assert {each for each, outcome in found.items() if outcome.status == "failed"} == set()
    for each in SECTION_17[name]:
        assert found[each].status == "met", found[each]
