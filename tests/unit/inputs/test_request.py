"""Where does each value of a request come from, and what makes two requests the same?"""

import json
import pickle

import pytest
import yaml

from pipeline.inputs import InputErrors, load_request
from tests.unit.inputs.sound import ROOT, document, loaded, project


def test_a_request_stands_before_the_market_and_the_market_before_the_catalogue(tmp_path):
    market = document("markets/gbp")
    market["credit_spreads_bps"]["BBB"] = 210
    market["inflation"]["spot_pct"] = 3.5
    (tmp_path / "market.yaml").write_text(yaml.safe_dump(market))
    base = {"InflationSpot_33": 2.5}
    found = loaded(tmp_path, project(market="market.yaml", base=base)).base
    assert found["CreditSpreadBBB_bps_32"] == 210
    assert found["InflationSpot_33"] == 2.5
    assert found["SeniorCoupon_38"] == 5.0
    assert found["ZCiS_ImpliedRate_93"] == 3.0
    base = {"ZCiS_TermY_92": 5}
    assert loaded(tmp_path, project(base=base)).base["ZCiS_ImpliedRate_93"] == 3.3


def test_every_settable_variable_has_a_value_in_catalogue_order(tmp_path):
    numbers = [int(name.rpartition("_")[2]) for name in loaded(tmp_path, project()).base]
    assert numbers == [n for n in range(1, 117) if n not in (9, 10, 11, 12, 13, 15, 16)]


def test_run_settings_come_from_the_run_the_base_or_the_catalogue(tmp_path):
    run = loaded(tmp_path, project()).run
    assert (run.max_permutations, run.objective) == (150_000, "Composite")
    assert run.hard_filters == ("DSCR>=1.30", "RepoEligible=Yes", "SeniorRating>=AAA")
    base = {"RankingObjective_109": "WACC", "MaxPermutations_108": 2000}
    run = loaded(tmp_path, project(base=base)).run
    assert (run.max_permutations, run.objective) == (2000, "WACC")
    given = {"objective": "DSCR", "weights": {"WACC": 0.4, "DSCR": 0.6}, "max_permutations": 7}
    run = loaded(tmp_path, project(run=given)).run
    assert (run.max_permutations, run.objective) == (7, "DSCR")
    assert run.weights == {"SeniorRaise": 0, "WACC": 0.4, "Day1": 0, "DSCR": 0.6, "Rating": 0}


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("RankingObjective_109", "objective", "WACC"),
        ("MaxPermutations_108", "max_permutations", 2000),
        ("HardFilters_111", "hard_filters", ["DSCR>=1.2"]),
        ("CompositeWeights_110", "weights", {"WACC": 1}),
    ],
)
def test_a_run_setting_is_given_once(name, field, value, tmp_path):
    with pytest.raises(InputErrors, match=f"run.{field}: is given twice"):
        loaded(tmp_path, project(base={name: value}, run={field: value}))


def test_content_does_not_know_how_a_file_is_written(tmp_path):
    text = yaml.safe_dump(project(base={"SeniorCoupon_38": 5.5, "OPEX_08": 20}))
    turned = dict(reversed(list(project(base={"OPEX_08": 20, "SeniorCoupon_38": 5.5}).items())))
    first, second = loaded(tmp_path, text), loaded(tmp_path, turned)
    third = loaded(tmp_path, text.replace("5.5", "5.50").replace("20", "2.0e1"))
    assert first.content() == second.content() == third.content()
    assert first.document_hashes()["project"] != third.document_hashes()["project"]


@pytest.mark.parametrize(
    "change",
    [
        {"run": {"seed": 2}},
        {"base": {"GrossITLoad_02": 6}},
        {"levers": {"SeniorTenorY_39": [5, 10]}},
        {"covenants": {"min_icr": 2}},
        {"deal": {"true_sale": False}},
        {"parties": {"insurer_rating": "AAA"}},
        {"run": {"hard_filters": []}},
    ],
)
def test_content_knows_what_can_change_a_figure(change, tmp_path):
    assert loaded(tmp_path, project(**change)).content() != loaded(tmp_path, project()).content()


@pytest.mark.parametrize(
    "change",
    [
        {"run": {"partition_rows": 500}},
        {"parties": {"trustee": "T"}},
        {"expected": {"diamond": {"min": 1, "source": "plan"}}},
    ],
)
def test_content_knows_nothing_of_how_a_run_is_cut(change, tmp_path):
    assert loaded(tmp_path, project(**change)).content() == loaded(tmp_path, project()).content()


def test_a_request_can_be_sent_to_another_process():
    request = load_request("builtin:large")
    assert pickle.loads(pickle.dumps(request)) == request  # noqa: S301 - our own bytes


def test_content_is_plain_json(tmp_path):
    content = loaded(tmp_path, project(levers={"overlays": "all", "mezz": [False, True]})).content()
    assert json.loads(json.dumps(content, allow_nan=False)) == content


@pytest.mark.parametrize(
    ("country", "currency", "market", "jurisdiction"),
    [
        ("UK", "GBP", "gbp", "UK"),
        ("DE", "EUR", "eur", "EU"),
        ("US", "USD", "usd", "US"),
        ("JP", "JPY", "jpy", "Global"),
        ("AE", "AED", "aed", "Global"),
    ],
)
def test_jurisdiction_and_local_currency_follow_the_country(
    country, currency, market, jurisdiction, tmp_path
):
    content = project(base={"Currency_01": currency}, market=f"builtin:{market}")
    content["project"]["country"] = country
    request = loaded(tmp_path, content)
    assert (request.currency, request.local_currency) == (currency, currency)
    assert request.jurisdiction == jurisdiction


def test_another_local_currency_needs_a_rate_and_a_market_may_bring_it(tmp_path):
    content = project()
    content["project"]["country"] = "JP"
    with pytest.raises(InputErrors, match=r"base.FXSpot_35: is needed: JPY is converted to GBP"):
        loaded(tmp_path, content)
    market = document("markets/gbp")
    market["fx"] |= {"local_currency": "JPY", "spot": 0.005, "low": 0.001, "high": 0.05}
    market["fx"] |= {"date": "2025-12-01", "stale_after_days": 30}
    (tmp_path / "market.yaml").write_text(yaml.safe_dump(market))
    request = loaded(tmp_path, content | {"market": "market.yaml"})
    assert request.base["FXSpot_35"] == 0.005
    assert "60 days older" in request.warnings[0].message


def test_a_project_without_rent_says_that_it_stands_at_the_default(tmp_path):
    content = project()
    del content["project"]["rent"]
    assert [warning.path for warning in loaded(tmp_path, content).warnings] == ["project.rent"]


def test_a_run_above_a_million_is_warned_of(tmp_path):
    run = {"max_permutations": 2_000_000}
    (warning,) = loaded(tmp_path, project(run=run)).warnings
    assert warning.path == "run.max_permutations"
    assert "minutes" in warning.message


def test_references_are_relative_to_the_file(tmp_path, monkeypatch):
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    (tmp_path / "deep" / "m.yaml").write_text((ROOT / "fixtures/markets/gbp.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    assert loaded(folder, project(market="../m.yaml")).market.name == "gbp"


def test_a_built_in_project_needs_no_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_request("builtin:small").project.id == "small"


def test_assumed_deal_flags_are_said(tmp_path):
    request = loaded(tmp_path, project(deal={"true_sale": True}))
    assert request.assumed_deal_flags() == ("governing_law", "rule_144a")
