"""Does every figure of a rulebook and a market move what `pipeline.inputs.effects` says it moves?

Nothing in a file is read and ignored: each leaf is raised and lowered over a pool of structures,
and every effect named for it has to be seen, in the direction named, and never in the other.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml

from kernels import codes, reverse
from kernels import figures as f
from pipeline.inputs.effects import Effect, effects_of
from pipeline.inputs.encode import problem_of, tier_shares_of
from pipeline.inputs.errors import Collector, InputErrors
from pipeline.inputs.leaves import leaves_of
from pipeline.inputs.market import MarketFile
from pipeline.inputs.market_check import check_market
from pipeline.inputs.models import StrictModel, build
from pipeline.inputs.ratings import NOTCH
from pipeline.inputs.request import Request
from pipeline.inputs.rulebook import RulebookFile
from pipeline.inputs.settings import resolved
from pipeline.stages.reverse_check import ReverseCheckError, compare, is_checked
from pipeline.stages.tier_ranks import tier_ranks
from pipeline.storage.checkpoints import ANALYSIS, Owner, write_part
from pipeline.storage.plan import Plan, problem_json
from pipeline.storage.store import LocalStore
from tests.unit.inputs.leaf_contexts import context_of
from tests.unit.inputs.sound import document, loaded, project
from tests.unit.inputs.structures import KINDS, changed_model, drawn, figures, pool

Document = dict[str, Any]


def text_keys(value: Any) -> Any:
    """The document as our reader gives it: years of a curve are words there."""
    if isinstance(value, dict):
        return {str(key): text_keys(inner) for key, inner in value.items()}
    return value


V1 = text_keys(document("rulebooks/v1"))
GBP = text_keys(document("markets/gbp"))
# A market that says all a market may say.
FULL_MARKET = GBP | {
    "inflation": GBP["inflation"] | {"forward_term": "10Y"},
    "fx": GBP["fx"]
    | {"spot": 0.85, "low": 0.5, "high": 2.0, "local_currency": "EUR", "date": "2026-01-29",
       "stale_after_days": 30},
}  # fmt: skip
SPECIAL = {"text", "identity", "fixed", "action", "staleness", "reverse_check", "accepted"}
RATINGS = {name: place for place, name in enumerate(codes.RATING_NAMES)}
TIERS = {name: place for place, name in enumerate(codes.TIER_NAMES)}
REMOVED = object()
OTHERS: dict[str, tuple[Any, ...]] = {
    "currency": ("EUR", "USD", "GBP"),
    "BBB[2]": (25.0,),
    "needs[0]": (REMOVED,),
    "forward_term": ("5Y",),
}
# Effects that only the waterfalls and day-one value show.
OF_CASH = ("day1_", "equity_irr", "equity_multiple", "viability_tier", "composite_score",
           "covenant_", "expected_wal", "default_", "cpi_extra_", "RESERVES_UNFUNDED",
           "rate_200_passed")  # fmt: skip


def leaf_paths(model: type[StrictModel], content: Document, *special: str) -> list[str]:
    """Leaves whose effects are among `special`, or, without any, effects on figures."""
    wanted = set(special)
    found = []
    for path in leaves_of(made(model, content)):
        names = {effect.name for effect in effects_of(path)} & SPECIAL
        of_rank = path == "tiers.mode" or path.startswith("tiers.best_pct")
        if names & wanted if special else not names and not of_rank:
            found.append(path)
    return found


def made(model: type[StrictModel], content: Document) -> Any:
    found = changed_model(model, content)
    assert found is not None
    return found


def with_leaf(content: Document, path: str, value: Any) -> Document:
    """The document with one leaf set, or removed."""
    changed = copy.deepcopy(content)
    *way, last = [
        int(each[1:-1]) if each[0] == "[" else each for each in re.findall(r"\[\d+\]|[^.\[]+", path)
    ]
    place: Any = changed
    for step in way:
        place = place[step]
    if value is REMOVED:
        del place[last]
    else:
        place[last] = value
    return changed


def amount(found: dict[str, Any], name: str) -> float | None:
    """How much of an effect a structure shows."""
    if name in codes.WARNING_NAMES:
        masks = ("gate_a_reasons", "gate_b_reasons", "warnings")
        return float(any(name in (found[each] or ()) for each in masks))
    if name in codes.REPO_LEG_NAMES:
        return float(name in (found["repo_reasons"] or ()))
    value = found[name]
    if isinstance(value, str):
        return float(TIERS[value] if value in TIERS else RATINGS[value])
    return None if value is None else float(value)


def moves(low: list[Any], high: list[Any], effect: Effect) -> tuple[int, int]:
    """Structures that moved, and those among them that moved against the effect's sign."""
    moved = against = 0
    for before, after in zip(low, high, strict=True):
        a, b = amount(before, effect.name), amount(after, effect.name)
        if a == b:
            continue
        moved += 1
        if a is not None and b is not None and effect.sign != "~":
            slight = abs(b - a) <= 1e-7 * max(abs(a), abs(b), 1e-6)
            against += (b < a) == (effect.sign == "+") and not slight
    return moved, against


def pairs_of(path: str, value: Any) -> Iterator[tuple[Any, Any]]:
    """(lower, higher) settings to compare, one of which is the file's own."""
    if isinstance(value, bool):
        yield False, True
    elif isinstance(value, str) and value in NOTCH:
        for name in sorted(NOTCH, key=lambda name: abs(NOTCH[name] - NOTCH[value])):
            yield (name, value) if NOTCH[name] > NOTCH[value] else (value, name)
    elif isinstance(value, str) or value is None:
        last = path.rpartition(".")[2]
        for other in OTHERS[last]:
            yield value, other
    else:
        shares = (0.01, 0.1, 0.5, 3.0, 10.0, 1e3, 1e7)
        steps: list[Any] = [abs(value) * share for share in shares if value]
        steps += [0.3, 1, 5, 15, 100 - value]
        for step in [1, 3, 12, 40] if isinstance(value, int) else steps:
            yield value, value + step
            yield value - step, value


TURNS = 8


@cache
def structures(path: str, turn: int = 0) -> tuple[Request, ...]:
    """The structures on which a leaf is tried; others in each turn."""
    context = context_of(path)
    if context is None:
        return pool(turn) if is_sized(path) else pool(turn)[::2]
    known = dict(context.known)
    local = known.pop("local_currency", None)
    found = drawn(KINDS, 6, context.settings, known, turn)
    return tuple(replace(r, local_currency=local) if local else r for r in found)


def is_sized(path: str) -> bool:
    return not any(effect.name.startswith(OF_CASH) for effect in effects_of(path))


def book_around(path: str, content: Document) -> Document:
    context = context_of(path)
    for place, value in (context.book if context else {}).items():
        content = with_leaf(content, place, value)
    return content


def assert_effects_are_seen(
    path: str,
    model: type[StrictModel],
    content: Document,
    ask: Callable[[Request, Any], Request],
) -> None:
    """Every effect of a leaf shows in some structure, none of them against its sign."""
    content = book_around(path, content)
    effects = effects_of(path)
    assert effects, "no line of pipeline.inputs.effects fits"
    own = leaves_of(made(model, content)).get(path)
    missing = {str(effect) for effect in effects}
    for turn in range(TURNS):
        known: dict[str, list[Any]] = {}
        for pair in pairs_of(path, own):
            both = [changed_model(model, with_leaf(content, path, each)) for each in pair]
            if None in both:
                continue
            found = []
            for book in both:
                text = json.dumps(book.model_dump(mode="json", by_alias=True))
                if text not in known:
                    asked = [ask(request, book) for request in structures(path, turn)]
                    known[text] = figures(asked, is_sized(path))
                found.append(known[text])
            for effect in effects:
                moved, against = moves(*found, effect)
                assert not against, f"{effect} against its sign in {against} of {moved}"
                missing -= {str(effect)} if moved else set()
            if not missing:
                return
    raise AssertionError(f"not seen: {', '.join(missing)}")


def with_book(request: Request, book: RulebookFile) -> Request:
    # weights that a request leaves out are the rulebook's, see pipeline.inputs.assembly
    weights = book.composite.weights.model_dump()
    return replace(request, rulebook=book, run=replace(request.run, weights=weights))


def with_market(request: Request, market: MarketFile) -> Request:
    given = {name: request.base[name] for name in request.given}
    base = resolved(given, market, request.run.weights)
    return replace(request, market=market, base=base)


@pytest.mark.parametrize("path", leaf_paths(RulebookFile, V1))
def test_every_leaf_of_the_rulebook_moves_what_it_is_said_to_move(path: str) -> None:
    assert_effects_are_seen(path, RulebookFile, V1, with_book)


@pytest.mark.parametrize("path", leaf_paths(MarketFile, FULL_MARKET))
def test_every_leaf_of_a_market_moves_what_it_is_said_to_move(path: str) -> None:
    assert_effects_are_seen(path, MarketFile, FULL_MARKET, with_market)


# -- leaves that no figure of a structure shows ---------------------------------------------------
def same_arrays(one: Request, other: Request) -> bool:
    return problem_json(problem_of(one)) == problem_json(problem_of(other))


@pytest.mark.parametrize("path", leaf_paths(RulebookFile, V1, "text", "identity"))
def test_a_text_of_the_rulebook_changes_no_figure_and_its_identity_is_another_run(
    path: str,
) -> None:
    before = pool()[0]
    value = {"version": "9.9", "date": "2030-01-01"}.get(path, "something-else")
    after = with_book(before, made(RulebookFile, with_leaf(V1, path, value)))
    before = with_book(before, made(RulebookFile, V1))
    assert same_arrays(before, after)
    is_text = {effect.name for effect in effects_of(path)} == {"text"}
    assert (before.content() == after.content()) == is_text


@pytest.mark.parametrize("path", leaf_paths(MarketFile, FULL_MARKET, "text", "identity"))
def test_a_text_of_a_market_changes_no_figure_and_its_identity_is_another_run(path: str) -> None:
    before = with_market(pool()[0], made(MarketFile, FULL_MARKET))
    value = "2030-01-01" if path == "date" else "something-else"
    after = with_market(pool()[0], made(MarketFile, with_leaf(FULL_MARKET, path, value)))
    assert same_arrays(before, after)
    is_text = {effect.name for effect in effects_of(path)} == {"text"}
    assert (before.content() == after.content()) == is_text


@pytest.mark.parametrize("path", leaf_paths(RulebookFile, V1, "fixed"))
def test_a_fixed_leaf_takes_no_other_value(path: str) -> None:
    for value in (7, "ICR_BELOW_MINIMUM" if "ICR" not in path else "MATH_ERROR"):
        collector = Collector("book")
        assert build(RulebookFile, with_leaf(V1, path, value), collector) is None
        assert [error.path for error in collector.errors] == [path]


ACTIONS = {
    "RK-DSCR-001": "reject downgrade warn",
    "RK-DSCR-002": "reject downgrade warn",
    "RK-TENOR-001": "reject warn",
    "RK-AMORT-001": "reject downgrade warn",
    "RK-REPO-001": "reject warn",
    "RK-REPO-002": "reject warn",
    "RK-WRAP-001": "warn",
    "RK-CONC-001": "downgrade warn",
    "RK-CONC-002": "downgrade warn",
    "GATE-A-CAPITAL": "reject warn",
    "GATE-A-ADVANCE": "reject warn",
    "GATE-A-COUPON": "reject warn",
    "GATE-A-MATH": "reject warn",
    "GATE-B-RATING": "reject warn",
    "GATE-B-MEZZ-RATING": "reject warn",
    "GATE-B-LEVERAGE": "reject downgrade warn",
    "GATE-B-FIRST-LOSS": "reject downgrade warn",
    "GATE-B-ICR": "reject downgrade warn",
    "GATE-B-FCCR": "reject downgrade warn",
    "GATE-B-WAL": "reject downgrade warn",
}


@pytest.mark.parametrize("key", V1["rules"])
def test_every_action_a_rule_may_carry_gives_other_verdicts_and_the_rest_is_refused(
    key: str,
) -> None:
    path, verdicts = f"rules.{key}.action", []
    # repo is where most of the pool fails by its own settings
    like = "rules.RK-REPO-001.min_dscr" if "REPO" in key else f"rules.{key}.enabled"
    # nearly all of the pool adds up: with no mezzanine allowed, what is sized does not
    content = V1
    if key == "GATE-A-MATH":
        content = with_leaf(V1, "model.mezz_min_notional", 1e12)
    if key == "RK-REPO-002":
        content = with_leaf(V1, "rules.RK-REPO-002.threshold.AAA[1]", None)
    for action in ("reject", "downgrade", "warn"):
        collector = Collector("book")
        book = build(RulebookFile, with_leaf(content, path, action), collector)
        assert (book is not None) == (action in ACTIONS[key].split())
        if book is None:
            (error,) = collector.errors
            assert error.path == path
            assert str(error).endswith(f'(given "{action}")')
            assert all(f"'{each}'" in error.message for each in ACTIONS[key].split())
        else:
            asked = [with_book(request, book) for request in structures(like)]
            verdicts.append(figures(asked, sized_only=True))
    for place, one in enumerate(verdicts):
        assert all(one != other for other in verdicts[:place])


def stale(book: Document, market: Document, as_of: dt.date) -> tuple[bool, bool]:
    """Whether the market is stale, and its exchange rate."""
    limit = made(RulebookFile, book).market.stale_after_days
    found = check_market(made(MarketFile, market), as_of, limit, Collector("market"))
    return found.age.stale, bool(found.fx_age and found.fx_age.stale)


def test_limits_of_age_decide_what_is_stale() -> None:
    day = dt.date(2026, 1, 29) + dt.timedelta(days=31)
    assert stale(V1, FULL_MARKET, day) == (False, True)
    assert stale(with_leaf(V1, "market.stale_after_days", 29), FULL_MARKET, day) == (True, True)
    patient = with_leaf(FULL_MARKET, "fx.stale_after_days", 31)
    assert stale(V1, patient, day) == (False, False)
    assert stale(V1, with_leaf(FULL_MARKET, "fx.date", "2026-01-30"), day) == (False, False)
    stale_leaves = leaf_paths(RulebookFile, V1, "staleness")
    stale_leaves += leaf_paths(MarketFile, FULL_MARKET, "staleness")
    assert set(stale_leaves) == {"market.stale_after_days", "fx.date", "fx.stale_after_days"}


def test_limits_of_the_reverse_check_decide_what_fails_and_how_much_is_checked() -> None:
    request = with_book(pool()[0], made(RulebookFile, V1))
    checked = {}
    for rows in (16, 32):
        book = made(RulebookFile, with_leaf(V1, "reverse_check.rows_per_partition", rows))
        problem = problem_of(with_book(request, book))
        plan = Plan("run", 1, 5000, 5000, False, 2500, "engine", problem)
        checked[rows] = is_checked(plan, np.arange(plan.count)).sum()
    assert checked[32] > 1.5 * checked[16]
    figures_ = np.full((f.N_FIGURES, 1), 0.0)
    figures_[f.SENIOR_NOTIONAL], figures_[f.DSCR_MIN] = 1e6, 1.3
    found = np.zeros((reverse.N_FOUND, 1))
    found[reverse.NOTIONAL], found[reverse.DSCR] = 1e6 + 900, 1.3009
    ids = np.zeros(1, np.int64)
    compare(ids, figures_, found, problem_of(request).reverse_check)
    for leaf, value in (("notional_units", 800.0), ("dscr", 0.0008)):
        strict = made(RulebookFile, with_leaf(V1, f"reverse_check.{leaf}", value))
        with pytest.raises(ReverseCheckError):
            compare(ids, figures_, found, problem_of(with_book(request, strict)).reverse_check)
    assert len(leaf_paths(RulebookFile, V1, "reverse_check")) == 3


def test_the_currencies_and_the_range_of_a_market_decide_what_it_may_be_used_for(
    tmp_path: Path,
) -> None:
    def accepted(market: Document, **base: Any) -> bool:
        (tmp_path / "market.yaml").write_text(yaml.safe_dump(market))
        content = project(market="market.yaml", base={"GrossITLoad_02": 5, **base})
        content["project"]["local_currency"] = "EUR"
        try:
            loaded(tmp_path, content)
        except InputErrors:
            return False
        return True

    assert accepted(FULL_MARKET)
    assert not accepted(with_leaf(FULL_MARKET, "currency", "USD"))
    assert not accepted(with_leaf(FULL_MARKET, "fx.local_currency", "AED"))
    low, high = (with_leaf(FULL_MARKET, f"fx.{end}", to)
                 for end, to in (("low", 0.3), ("high", 3.0)))  # fmt: skip
    assert [accepted(each, FXSpot_35=0.4) for each in (FULL_MARKET, low)] == [False, True]
    assert [accepted(each, FXSpot_35=2.5) for each in (FULL_MARKET, high)] == [False, True]
    said = set(leaf_paths(MarketFile, FULL_MARKET, "accepted"))
    assert said == {"currency", "fx.low", "fx.high", "fx.local_currency"}


def test_shares_of_the_tiers_and_their_mode_decide_how_many_a_tier_holds(tmp_path: Path) -> None:
    """Ten survivors by falling score, all Diamonds by their conditions."""
    store = LocalStore(tmp_path)
    table = pa.table(
        {
            "permutation_id": list(range(10)),
            "gate_b_score": [100.0 - place for place in range(10)],
            "viability_tier": ["Diamond"] * 10,
        }
    )
    part = write_part(store, Owner("p" * 64, "f" * 16), ANALYSIS, 0, table, {})

    def tiers(book: Document) -> dict[str, int]:
        ranks = tier_ranks(store, [part], tier_shares_of(made(RulebookFile, book).tiers))
        found = (ranks.settled(table) if ranks else table)["viability_tier"].to_pylist()
        return {name: found.count(name) for name in codes.TIER_NAMES}

    assert tiers(V1)["Diamond"] == 10
    by_rank = with_leaf(V1, "tiers.mode", "rank_of_gate_b_score")
    shares = {"diamond": 10, "gold": 30, "silver": 50, "bronze": 80}
    by_rank = with_leaf(by_rank, "tiers.best_pct", shares)
    assert tiers(by_rank) == {
        "Diamond": 1, "Gold": 2, "Silver": 2, "Bronze": 3, "Not Viable": 2,
    }  # fmt: skip
    for name, share in shares.items():
        more = tiers(with_leaf(by_rank, f"tiers.best_pct.{name}", share + 10))
        assert more[name.capitalize()] == tiers(by_rank)[name.capitalize()] + 1
