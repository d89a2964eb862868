"""Do the arrays of a request say what its files say?

The oracle makes the same arrays from the files in its own way; both have to agree.
"""

import dataclasses

import numpy as np
import pytest
import yaml

from kernels import codes, figures, layout
from kernels import rules as place
from pipeline.inputs import load_request
from pipeline.inputs.encode import base_of, filters_of, problem_of
from pipeline.inputs.encode_rules import rules_of
from tests.oracle import kernel_side
from tests.unit.inputs.sound import ROOT, document, loaded, project


def test_the_rulebook_becomes_the_arrays_that_the_oracle_makes():
    request = load_request(ROOT / "fixtures" / "projects" / "small.yaml")
    book = document("rulebooks/v1")
    expected = kernel_side.rules_of(book, book["composite"]["weights"])
    found = problem_of(request).rules
    for name in found._fields:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


@pytest.mark.parametrize("name", ["gbp", "eur", "usd", "jpy", "aed"])
def test_a_market_becomes_the_arrays_that_the_oracle_makes(name, tmp_path):
    market = document(f"markets/{name}")
    content = project(base={"Currency_01": market["currency"]}, market=f"builtin:{name}")
    content["project"]["local_currency"] = market["currency"]
    found = problem_of(loaded(tmp_path, content)).market
    for field, expected in kernel_side.market_of(market)._asdict().items():
        np.testing.assert_allclose(getattr(found, field), expected, rtol=1e-15, err_msg=field)


@pytest.mark.parametrize(
    ("rule", "setting", "code"),
    [
        ("RK-DSCR-001", {"enabled": False}, place.ACTION_OFF),
        ("RK-DSCR-001", {"action": "warn"}, place.ACTION_WARN),
        ("RK-DSCR-001", {}, place.ACTION_REJECT),
    ],
)
def test_a_rule_rejects_warns_or_is_off(rule, setting, code, tmp_path):
    book = document("rulebooks/v1")
    book["rules"][rule] |= setting
    (tmp_path / "book.yaml").write_text(yaml.safe_dump(book))
    rules = problem_of(loaded(tmp_path, project(rulebook="book.yaml"))).rules
    assert rules.actions[codes.DSCR_BELOW_MINIMUM] == code
    assert rules.actions[codes.ICR_BELOW_MINIMUM] == place.ACTION_REJECT


def test_rules_that_are_off_limit_nothing(tmp_path):
    book = document("rulebooks/v1")
    for name in ("RK-CONC-001", "RK-REPO-002", "RK-WRAP-001"):
        book["rules"][name]["enabled"] = False
    (tmp_path / "book.yaml").write_text(yaml.safe_dump(book))
    request = loaded(tmp_path, project(rulebook="book.yaml"))
    rules = rules_of(request.rulebook, request.run.weights)
    assert np.isinf(rules.concentration_max_pct).all()
    assert (rules.concentration_tenant_notch == 99).all()
    assert np.isnan(rules.haircut_pct).all()
    assert (rules.wrap_insurer_notch == 0).all()  # good enough for no wrap


def test_base_facts_stand_in_their_rows(tmp_path):
    content = project(
        base={"mezz": {"MezzCoupon_46": 9}, "zcis": True, "DSCR_TriggerLevels_101": "1.3|1.1"},
        covenants={"max_ltv_pct": 65, "min_icr": 2, "dsra_funding": "LetterOfCredit"},
        deal={"governing_law": False, "fee_rebate_pct": 1},
        parties={"insurer_rating": "AA"},
    )
    base = base_of(loaded(tmp_path, content))
    expected = {
        layout.MEZZ_ON: 1, layout.MEZZ_COUPON_PCT: 9, layout.ZCIS_10Y_ON: 1,
        layout.ZCIS_5Y_ON: 0, layout.MAX_LTV_PCT: 65, layout.MIN_ICR: 2,
        layout.DSRA_LETTER_OF_CREDIT: 1, layout.CAPITALISE_INTEREST: 1,
        layout.TRAP_TRIGGER_DSCR: 1.3, layout.TURBO_TRIGGER_DSCR: 1.1,
        layout.GOVERNING_LAW_OK: 0, layout.TRUE_SALE: 1, layout.FEE_REBATE_PCT: 1,
        layout.INSURER_NOTCH: 3, layout.TENANT_NOTCH: 6, layout.TENANT_SHARE_PCT: 30,
        layout.RENT_BASIS: layout.RENT_PER_KWH, layout.RENT_RATE: 0.12,
        layout.JURISDICTION: layout.UK, layout.LOCAL_CURRENCY: layout.GBP,
        layout.ASSET_TYPE: layout.DATA_CENTRE,
    }  # fmt: skip
    assert {row: base[row] for row in expected} == expected


def test_no_covenant_is_no_limit(tmp_path):
    base = base_of(loaded(tmp_path, project()))
    assert (base[layout.MAX_LTV_PCT], base[layout.MIN_ICR]) == (np.inf, 0)


def test_a_flag_that_the_rulebook_does_not_ask_for_cannot_fail(tmp_path):
    book = document("rulebooks/v1")
    book["rules"]["RK-REPO-001"]["threshold"]["UK"]["needs"] = []
    (tmp_path / "book.yaml").write_text(yaml.safe_dump(book))
    content = project(rulebook="book.yaml", deal={"governing_law": False})
    assert base_of(loaded(tmp_path, content))[layout.GOVERNING_LAW_OK] == 1


PLACES = [("GB", "London", "A", 30), ("GB", "Leeds", "B", 30), ("FR", "Paris", "C", 40)]


@pytest.mark.parametrize(
    ("places", "sovereign", "concentrated"),
    [
        ([*PLACES[:2], ("FR", "Paris", "C", 20), ("FR", "Lille", "D", 20)], "A", False),
        (PLACES, "A", True),  # a site of 40 %
        (PLACES, "AA", False),  # but of a strong sovereign
        ([("GB", "London", c, 20) for c in "ABC"] + [("FR", "Paris", c, 20) for c in "DE"], "A",
         True),  # a city of 60 %
        ([("GB", f"Town {c}", c, 20) for c in "ABCDE"], "A", True),  # a country of 100 %
    ],
)  # fmt: skip
def test_places_are_held_against_the_rule(places, sovereign, concentrated, tmp_path):
    content = project()
    content["project"]["locations"] = [
        {"country": c, "city": t, "site": s, "share_pct": p, "sovereign_rating": sovereign}
        for c, t, s, p in places
    ]
    assert base_of(loaded(tmp_path, content))[layout.GEO_CONCENTRATION] == concentrated


def test_filters_become_figure_test_and_value():
    found = filters_of(("DSCR>=1.30", "RepoEligible=No", "SeniorWAL<=12", "SeniorRating>=BBB"))
    assert found.tolist() == [
        [figures.DSCR_MIN, codes.FILTER_AT_LEAST, 1.3],
        [figures.REPO_ELIGIBLE, codes.FILTER_EQUAL, 0],
        [figures.SENIOR_WAL, codes.FILTER_AT_MOST, 12],
        [figures.SENIOR_RATING, codes.FILTER_AT_LEAST, layout.RATING_BBB],
    ]
    assert filters_of(()).shape == (0, 3)


def test_equal_requests_give_equal_problems(tmp_path):
    first, second = (problem_of(loaded(tmp_path, project())) for _ in range(2))
    np.testing.assert_array_equal(first.base, second.base)
    assert [dataclasses.astuple(lever)[0] for lever in first.levers] == ["SeniorTenorY_39"]
