"""Inflation swaps: which terms are on, and who stands on the other side of each.

`zcis: true` is one swap of the term ZCiS_TermY_92; zcis_5y and zcis_10y are one of each term.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from pipeline.inputs import catalogue
from pipeline.inputs.catalogue import Value
from pipeline.inputs.ratings import CATEGORY_NUMBER, NOTCH, category_number
from pipeline.inputs.request import Request
from pipeline.inputs.settings import SWITCHES, Settings

TERM = catalogue.BY_NUMBER[92].name
ROUTING = catalogue.BY_NUMBER[114].name
BY_TERM: tuple[tuple[str, str], ...] = (("5", "zcis_5y"), ("10", "zcis_10y"))


def switches_of(
    given: Settings,
    base: Mapping[str, Value],
    below: Mapping[str, bool] | None = None,
    was_single: bool = False,
) -> tuple[dict[str, bool], bool]:
    """(switches, whether a single swap is on) of settings, on top of switches `below` them.

    A single swap stands at the term of `base`, and moves with it. `was_single` says that the swap
    in `below` is one, which a swap of a named term replaces.
    """
    switches = dict.fromkeys(SWITCHES, False) | dict(below or {})
    names = [name for _, name in BY_TERM]
    single = given.zcis
    if single is None:
        single = was_single and not any(name in given.switches for name in names)
    if was_single:
        switches |= dict.fromkeys(names, False)
    switches |= dict(given.switches)
    if single or given.zcis is False:
        switches[dict(BY_TERM)[str(base[TERM])]] = single
    return switches, single


def counterparty_rating(request: Request, term_years: int) -> int:
    """Rating number of the counterparty of a swap of `term_years`.

    CounterpartyRouting_114 routes a swap to the best rated of those who take its term; what nobody
    takes goes to the hedge counterparty of `parties`, else to that of the rulebook.
    """
    ratings = routed(request, term_years)
    if ratings:
        return category_number(min(ratings, key=NOTCH.__getitem__))
    named = request.parties.hedge_counterparty_rating
    if named:
        return category_number(named)
    return CATEGORY_NUMBER[request.rulebook.day_one.counterparty_rating]


def routed(request: Request, term_years: int) -> list[str]:
    """Least ratings of the routed counterparties that take a swap of `term_years`."""
    routing = cast("Mapping[str, Mapping[str, object]]", request.base[ROUTING])
    return [
        str(rule["min_rating"])
        for rule in routing.values()
        if cast("float", rule["max_tenor_years"]) >= term_years
    ]
