"""Structures of every kind as requests, drawn once: for tests that ask what a rule changes."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from kernels import figures as f
from kernels import irr
from kernels import layout as x
from pipeline.columns import flat
from pipeline.engine import figures_of_ids, sized_figures_of_ids
from pipeline.inputs.assembly import read_market
from pipeline.inputs.countries import jurisdiction_of
from pipeline.inputs.deal import Deal, Parties
from pipeline.inputs.encode import base_of, problem_of
from pipeline.inputs.errors import Collector
from pipeline.inputs.market import MarketFile
from pipeline.inputs.models import build
from pipeline.inputs.project import Covenants, ProjectFacts
from pipeline.inputs.request import Request
from pipeline.inputs.resolve import Source
from pipeline.inputs.scenarios import default_request, scenario_of
from pipeline.inputs.yaml_reader import parse
from pipeline.problem import Lever
from tests.oracle.scenarios import plausible, strained, with_cash

Structure = tuple[dict[str, Any], dict[str, Any]]
# These come from the market file, so that its figures reach the structures.
_OF_THE_MARKET = ("CreditSpreadAAA_bps_29", "CreditSpreadAA_bps_30", "CreditSpreadA_bps_31",
                  "CreditSpreadBBB_bps_32", "InflationSpot_33", "InflationFwdTerm_34",
                  "FXHedgeCost_bps_36", "ZCiS_ImpliedRate_93", "FXSpot_35",
                  "BaseCurveShift_bps_28")  # fmt: skip
_WHOLE = ("ConstructionToCODMonths_23", "SeniorGracePeriod_41", "DSRA_Months_59",
          "LiquidityFacilityMonths_60", "RentFreeMonths_68", "RecoveryLagMonths_87",
          "COD_DelayMonths_90")  # fmt: skip
_SOVEREIGNS = ("AAA", "AA", "AA-", "A", None)


def drawn(
    kinds: Sequence[Callable[[random.Random], Structure]],
    each: int,
    settings: Mapping[str, Any] | None = None,
    known: Mapping[str, Any] | None = None,
    turn: int = 0,
) -> list[Request]:
    """`each` requests of every kind, the same ones every time, others in each `turn`.

    `settings` (catalogue names) and `known` (facts of tests.oracle.scenarios) are fixed.
    """
    draw = random.Random(20261121 + turn)
    found = []
    for kind in kinds:
        for _ in range(each):
            values, facts = kind(draw)
            values = {**values, "Currency_01": "GBP", **(settings or {})}
            found.append(_request(draw, values, {**facts, **(known or {})}))
    return [request for request in found if request is not None]


KINDS = (lambda draw: with_cash(draw, plausible(draw)), strained)


@cache
def pool(turn: int = 0) -> tuple[Request, ...]:
    """Structures that reach most figures, reasons and warnings, in pounds in every place."""
    return tuple(drawn(KINDS, 24, turn=turn))


def figures(requests: Sequence[Request], sized_only: bool = False) -> list[dict[str, Any]]:
    """Every figure of each; they share a rulebook, and those of a currency a market.

    `sized_only` leaves out what needs the waterfalls, which takes a tenth of the time.
    """
    found: list[dict[str, Any]] = [{} for _ in requests]
    groups: dict[object, list[int]] = {}
    for place, request in enumerate(requests):
        groups.setdefault((request.market.name, request.currency), []).append(place)
    compute = sized_figures_of_ids if sized_only else figures_of_ids
    for places in groups.values():
        inputs = np.stack([base_of(requests[place]) for place in places])
        # one lever that sets every input: each structure is a permutation of its own
        every = Lever("structure", tuple(range(x.N_INPUTS)), inputs, tuple(range(len(places))))
        problem = replace(problem_of(requests[places[0]]), levers=(every,))
        out = compute(problem, np.arange(len(places)))
        if sized_only:
            out[f.IRR_STATUS] = irr.NONE
        for column, place in enumerate(places):
            found[place] = flat(out[:, column])
    return found


@cache
def market(currency: str) -> MarketFile:
    collector = Collector("")
    source = Source(parse("{}", ""), "", Path())
    found = read_market(f"builtin:{currency.lower()}", source, collector)
    assert found is not None
    return found[0]


def _request(draw: random.Random, values: Mapping[str, Any], facts: dict[str, Any]) -> Any:
    currency = values["Currency_01"]
    overrides = {
        name: value
        for name, value in values.items()
        if name not in (*_OF_THE_MARKET, "Currency_01", "CompositeWeights_110")
    }
    overrides |= {name: int(values[name]) for name in _WHOLE}
    overrides |= {name: name in facts["overlays"]
                  for name in ("zcis_5y", "zcis_10y", "trs", "floor", "strip")}  # fmt: skip
    overrides["mezz"] = facts["mezz"]
    project = ProjectFacts.model_validate(
        {
            "id": "drawn",
            "title": "Drawn",
            "country": facts["country"] or "NO",
            "asset_type": facts["asset_type"],
            "tenant": {
                "name": "Tenant",
                "rating": facts["tenant_rating"] or "A",
                "share_pct": facts["tenant_share_pct"],
            },
            "locations": _locations(draw),
        }
    )
    parties = {"insurer_rating": facts["insurer_rating"],
               "hedge_counterparty_rating": facts["counterparty_rating"]}  # fmt: skip
    request = replace(
        default_request(),
        project=project,
        market=market(currency),
        market_applies=True,
        local_currency=currency,
        base={**default_request().base, "Currency_01": currency},
        given=frozenset({"Currency_01"}),
        jurisdiction=jurisdiction_of(project.country, currency),
        deal=Deal(**facts["deal"]),
        parties=Parties(**{n: v for n, v in parties.items() if v is not None}),
        covenants=Covenants(
            max_ltv_pct=facts["max_ltv_pct"],
            min_icr=facts["min_icr"],
            dsra_funding=facts["dsra_funding"],
            prepayment_penalty_pct=facts["prepayment_penalty_pct"],
            interest_during_construction=facts["capitalise_interest"],
        ),
    )
    collector = Collector("drawn")
    scenario = scenario_of(request, overrides, collector)
    return None if collector.errors else scenario


def _locations(draw: random.Random) -> list[dict[str, Any]]:
    """One to three places, with shares on and around the limits of RK-CONC-002."""
    shares = draw.choice(((100,), (80, 20), (81, 19), (50, 30, 20), (51, 29, 20), (31, 30, 39)))
    cities = draw.sample(("London", "Slough", "Leeds"), 3)
    return [
        {
            "country": draw.choice(("GB", "GB", "FR")),
            "city": cities[place],
            "site": f"Site {place}",
            "share_pct": share,
            "sovereign_rating": draw.choice(_SOVEREIGNS),
        }
        for place, share in enumerate(shares)
    ]


def changed_model(model: Any, document: dict[str, Any]) -> Any:
    """The model of a changed document, None where it is refused."""
    return build(model, document, Collector("changed"))
