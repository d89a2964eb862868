"""Do the rulebook's cash terms, the curve and the swap rows say what the files say?"""

import numpy as np
import pytest
import yaml

from kernels import layout
from kernels.curve import discount_factor, zero_rate_pct
from pipeline.inputs import InputErrors
from pipeline.inputs.encode import base_of, problem_of
from pipeline.storage.plan import problem_json, problem_of_json
from tests.oracle import kernel_side
from tests.unit.inputs.sound import document, loaded, project

SHIFT, IMPLIED = "BaseCurveShift_bps_28", "ZCiS_ImpliedRate_93"


def test_cash_terms_become_the_arrays_that_the_oracle_makes(tmp_path):
    found = problem_of(loaded(tmp_path, project())).cash
    expected = kernel_side.cash_of(document("rulebooks/v1"))
    for name in found._fields:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


def test_the_markets_curve_becomes_nodes_in_order(tmp_path):
    book = document("markets/gbp")
    nodes = book["zero_curve"]["nodes"]
    book["zero_curve"]["nodes"] = dict(sorted(nodes.items(), reverse=True))
    (tmp_path / "market.yaml").write_text(yaml.safe_dump(book, sort_keys=False))
    found = problem_of(loaded(tmp_path, project(market="market.yaml"))).yields
    assert dict(zip(found.terms_years, found.zero_pct, strict=True)) == nodes
    assert (np.diff(found.terms_years) > 0).all()
    assert found.normal_vol_bps.tolist() == [book["volatility"]["normal_bps"]]
    assert found.shifts_bps.tolist() == [0.0]


def test_a_lever_on_the_shift_moves_the_table_with_it(tmp_path):
    problem = problem_of(loaded(tmp_path, project(levers={SHIFT: [-50, 25, 0]})))
    (lever,) = problem.levers
    assert lever.rows == (layout.CURVE_SHIFT_BPS, layout.CURVE_TABLE)
    shifts = problem.yields.shifts_bps
    assert sorted(shifts) == [-50, 0, 25]
    for shift, table in [*lever.values, problem.base[list(lever.rows)]]:
        assert shifts[int(table)] == shift
        rate = zero_rate_pct(problem.yields.terms_years, problem.yields.zero_pct, shift, 10.0)
        assert problem.curves.df[int(table), 120] == discount_factor(rate, 10.0)


@pytest.mark.parametrize(
    ("base", "rates"),
    [
        ({}, (3.3, 3.0)),  # the market's of each term
        ({"ZCiS_TermY_92": "5"}, (3.3, 3.0)),
        ({IMPLIED: 2.4}, (2.4, 2.4)),
    ],
)
def test_breakevens_are_the_requests_else_the_markets(base, rates, tmp_path):
    column = base_of(loaded(tmp_path, project(base={"GrossITLoad_02": 5, **base})))
    assert (column[layout.ZCIS_IMPLIED_5Y_PCT], column[layout.ZCIS_IMPLIED_10Y_PCT]) == rates


def test_without_a_market_the_breakeven_is_the_catalogues(tmp_path):
    content = {"project_id": "p", "base_scenario": {"GrossITLoad_02": 5}}
    column = base_of(loaded(tmp_path, yaml.safe_dump(content)))
    assert column[layout.ZCIS_IMPLIED_5Y_PCT] == column[layout.ZCIS_IMPLIED_10Y_PCT] == 2.0


def test_a_lever_on_the_breakeven_moves_both_terms(tmp_path):
    (lever,) = problem_of(loaded(tmp_path, project(levers={IMPLIED: [2, 3]}))).levers
    assert lever.rows == (
        layout.ZCIS_IMPLIED_PCT,
        layout.ZCIS_IMPLIED_5Y_PCT,
        layout.ZCIS_IMPLIED_10Y_PCT,
    )
    assert lever.values.tolist() == [[2, 2, 2], [3, 3, 3]]


def test_swap_facts_stand_in_their_rows(tmp_path):
    plain = base_of(loaded(tmp_path, project()))
    rows = [layout.COUNTERPARTY_10Y_RATING, layout.RATE_OPTION]
    assert plain[rows].tolist() == [layout.RATING_AA, layout.OPTION_FLOOR]
    content = project(
        deal={"rate_option": "collar"},
        parties={"hedge_counterparty_rating": "BBB-"},
        base={"CPI_Scenarios_82": [0, 2.5, 6]},
    )
    column = base_of(loaded(tmp_path, content))
    assert column[rows].tolist() == [layout.RATING_BBB, layout.OPTION_COLLAR]
    first = layout.CPI_STRESS_1_PCT
    assert column[first : first + 3].tolist() == [0, 2.5, 6]


def test_a_stored_problem_gives_the_same_bits(tmp_path):
    problem = problem_of(loaded(tmp_path, project(levers={SHIFT: {"min": -100, "max": 100}})))
    again = problem_of_json(problem_json(problem))
    for part in ("cash", "yields", "curves"):
        for name in getattr(problem, part)._fields:
            np.testing.assert_array_equal(
                getattr(getattr(again, part), name), getattr(getattr(problem, part), name)
            )


def test_the_counterparty_is_a_part_of_the_question(tmp_path):
    contents = {
        str(loaded(tmp_path, project(parties=parties)).content())
        for parties in ({}, {"hedge_counterparty_rating": "A"}, {"hedge_counterparty": "A bank"})
    }
    assert len(contents) == 2


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"base": {"CPI_Scenarios_82": [0, 2]}}, "base.CPI_Scenarios_82", "list 3 rates"),
        ({"parties": {"hedge_counterparty_rating": "BB+"}}, "parties.hedge_counterparty_rating",
         "below investment grade"),
        ({"deal": {"rate_option": "swaption"}}, "deal.rate_option", "floor"),
        ({"levers": {SHIFT: {"min": -300, "max": 300, "step": 0.5}}}, f"levers.{SHIFT}",
         "more than 1,000 curve shifts"),
    ],
)  # fmt: skip
def test_what_cannot_be_priced_is_refused(change, path, message, tmp_path):
    with pytest.raises(InputErrors) as caught:
        loaded(tmp_path, project(**change))
    (error,) = caught.value.errors
    assert error.path == path
    assert message in f"{error.message} {error.allowed}"


@pytest.mark.parametrize("section", ["cash", "day_one", "stress"])
def test_a_rulebook_without_its_cash_terms_is_refused(section, tmp_path):
    book = document("rulebooks/v1")
    del book[section]
    (tmp_path / "book.yaml").write_text(yaml.safe_dump(book))
    with pytest.raises(InputErrors) as caught:
        loaded(tmp_path, project(rulebook="book.yaml"))
    assert any(error.path == section for error in caught.value.errors)
