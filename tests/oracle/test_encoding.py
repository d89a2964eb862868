"""Does a project file reach the kernels as the arrays that its words mean?"""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from kernels import layout
from pipeline.inputs import Request, load_request
from pipeline.inputs.encode import problem_of

from . import books
from .kernel_side import Structure, input_column, market_of, rules_of
from .scenarios import CHOICES, NUMBERS, TENANTS, default_facts, default_values, plausible

SETTABLE = sorted(NUMBERS.keys() | CHOICES.keys())
OURS = sorted(
    {int(name.rpartition("_")[2]) for name in SETTABLE}
    | {
        layout.MEZZ_ON, layout.ZCIS_5Y_ON, layout.ZCIS_10Y_ON, layout.TRS_ON, layout.FLOOR_ON,
        layout.STRIP_ON, layout.MAX_LTV_PCT, layout.MIN_ICR, layout.LOCAL_CURRENCY,
        layout.TENANT_NOTCH, layout.TENANT_SHARE_PCT, layout.JURISDICTION, layout.ASSET_TYPE,
        layout.RENT_BASIS, layout.RENT_RATE, layout.INSURER_NOTCH, layout.DSRA_LETTER_OF_CREDIT,
        layout.QUARTERLY_PAYMENT, layout.MEZZ_RESERVE_MONTHS,
    }
)  # fmt: skip


def document(values: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """The project file that says what `values` and `facts` say."""
    base = {name: values[name] for name in SETTABLE if name != "SeniorCoupon_38"}
    if facts["rent"]:
        del base["GrossMonthlyRent_07"]
    covenants = {name: facts[name] for name in ("max_ltv_pct", "min_icr") if facts[name]}
    paid = ("dsra_funding", "payment_frequency", "mezz_reserve_months")
    covenants |= {name: facts[name] for name in paid}
    project = {
        "id": "from-the-oracle",
        "title": "From the oracle",
        "country": facts["country"],
        "asset_type": facts["asset_type"],
        "local_currency": facts["local_currency"],
        "tenant": {
            "name": "The tenant",
            "rating": facts["tenant_rating"],
            "share_pct": facts["tenant_share_pct"],
        },
    }
    if facts["rent"]:
        project["rent"] = facts["rent"]
    parties = {"insurer_rating": facts["insurer_rating"]} if facts["insurer_rating"] else {}
    return {
        "schema": 1,
        "project": project,
        "base": base,
        "covenants": covenants,
        "levers": {
            "mezz": [facts["mezz"]],
            "SeniorCoupon_38": [values["SeniorCoupon_38"]],
        },
        "run": {"seed": 1, "hard_filters": values["HardFilters_111"]},
        "deal": facts["deal"],
        "parties": parties,
        "market": "builtin:gbp",
        "rulebook": "builtin:v1",
    }


def loaded(structure: Structure, folder: Path) -> Request:
    path = folder / "project.yaml"
    path.write_text(yaml.safe_dump(document(*structure)), encoding="utf-8")
    return load_request(path)


def first_row(request: Request) -> np.ndarray:
    """The one structure of a space whose levers have one value each."""
    problem = problem_of(request)
    column = problem.base.copy()
    for lever in problem.levers:
        column[list(lever.rows)] = lever.values[0]
    return column


def test_rules_and_market_are_those_of_the_files(tmp_path: Path) -> None:
    values, facts = default_values(), default_facts(country="GB", tenant_rating="AA")
    problem = problem_of(loaded((values, facts), tmp_path))
    wanted = rules_of(books.rulebook(), values["CompositeWeights_110"])
    for name in wanted._fields:
        np.testing.assert_array_equal(getattr(problem.rules, name), getattr(wanted, name), name)
    prices = market_of(books.market())
    for name in prices._fields:
        np.testing.assert_allclose(
            getattr(problem.market, name), getattr(prices, name), rtol=1e-15, err_msg=name
        )


@pytest.mark.parametrize("seed", range(25))
def test_inputs_are_those_of_the_file(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    values, facts = plausible(draw)
    values["Currency_01"] = "GBP"
    facts |= {
        "country": draw.choice(("GB", "DE", "US", "NO")),
        "tenant_rating": draw.choice(TENANTS),
        "overlays": set(),
        "payment_frequency": draw.choice(("Monthly", "Quarterly")),
        "mezz_reserve_months": draw.choice((0, 6, 24)),
    }
    column = first_row(loaded((values, facts), tmp_path))
    wanted = input_column(values, facts)
    if facts["rent"]:
        assert column[layout.RENT_BASIS] != layout.RENT_MONTHLY
        column[layout.GROSS_MONTHLY_RENT] = wanted[layout.GROSS_MONTHLY_RENT]
    different = {row: (column[row], wanted[row]) for row in OURS if column[row] != wanted[row]}
    assert not different
