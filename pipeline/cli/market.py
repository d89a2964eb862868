"""`atlas-forge market`: what a market file says, whether it is sound, and what changed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from pipeline.cli.console import BAD_INPUT, print_json, say, table, wants_json

if TYPE_CHECKING:
    from pipeline.inputs.market_check import MarketFindings

_RULEBOOK = "v1"


@click.group(name="market")
def command() -> None:
    """Show, check and compare market files: dated curves, spreads, inflation, power, rates.

    A market is named by its file or, when built in, by its name (gbp, eur, usd, jpy, aed).

    \b
    Examples:
      atlas-forge market show gbp
      atlas-forge market check gbp --as-of 2026-03-31
      atlas-forge market diff gbp my-market.yaml
    """


@command.command(name="show")
@click.argument("market", metavar="NAME|FILE")
def show(market: str) -> None:
    """List every figure of a market with its source.

    \b
    Examples:
      atlas-forge market show gbp
      atlas-forge market show my-market.yaml --json
    """
    from pipeline.cli.books import left_aligned, text_of
    from pipeline.cli.references import modelled, opened
    from pipeline.inputs.leaves import leaves_of
    from pipeline.inputs.market import MarketFile

    source = opened(market, "markets")
    content, _ = modelled(MarketFile, source)
    if wants_json():
        whole = content.model_dump(mode="json", by_alias=True, exclude_none=True)
        print_json({**whole, "sha256": source.digest})
        return
    say(f"Market {content.name} in {content.currency} of {content.date}, sha256 {source.digest}\n")
    rows = [[path, text_of(value)] for path, value in leaves_of(content).items() if "." in path]
    say(left_aligned(["figure", "value"], rows))


@command.command(name="check")
@click.argument("market", metavar="NAME|FILE")
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Instead of today (UTC)."
)
@click.option(
    "--rulebook",
    default=_RULEBOOK,
    show_default=True,
    metavar="NAME|FILE",
    help="Whose staleness limit holds.",
)
@click.pass_context
def check(context: click.Context, market: str, as_of: datetime | None, rulebook: str) -> None:
    """Check a market: its age, its curve, the order of its spreads, its breakevens.

    A curve that implies arbitrage, or spreads out of order, is an error; an old file is a warning.

    \b
    Examples:
      atlas-forge market check gbp
      atlas-forge market check my-market.yaml --as-of 2026-03-31 --json
    """
    from pipeline.cli.books import end_check
    from pipeline.cli.references import modelled, opened
    from pipeline.inputs.errors import InputErrors
    from pipeline.inputs.market import MarketFile
    from pipeline.inputs.market_check import check_market
    from pipeline.inputs.rulebook import RulebookFile

    try:
        limit = modelled(RulebookFile, opened(rulebook, "rulebooks"))[0].market.stale_after_days
        source = opened(market, "markets")
        content, collector = modelled(MarketFile, source)
    except InputErrors as errors:
        if not wants_json():
            raise
        end_check(context, market, {}, [], errors.errors, ())
        context.exit(BAD_INPUT)
    day = (as_of or datetime.now(UTC)).date()
    found = check_market(content, day, limit, collector)
    told = {
        "name": content.name,
        "currency": content.currency,
        "date": str(content.date),
        "sha256": source.digest,
        "as_of": str(day),
        "age_days": found.age.days,
        "stale_after_days": found.age.limit_days,
        "stale": found.age.stale,
        "fx_age_days": found.fx_age.days if found.fx_age else None,
        "fx_stale": found.fx_age.stale if found.fx_age else None,
        "lowest_forward_pct": found.lowest_forward_pct,
        "lowest_forward_month": found.lowest_forward_month,
        "curve": [asdict(node) for node in found.nodes],
    }
    head = (
        f"{market}: {content.name} in {content.currency} of {content.date}, "
        f"{found.age.days} days old on {day}"
    )
    end_check(context, market, told, [head, "", _curve(found)], found.errors, found.warnings)


@command.command(name="diff")
@click.argument("old")
@click.argument("new")
@click.option("--exit-code", is_flag=True, help="End with 1 when they differ.")
@click.pass_context
def diff(context: click.Context, old: str, new: str, exit_code: bool) -> None:
    """List every figure that two markets have differently, and what it concerns.

    \b
    Examples:
      atlas-forge market diff gbp my-market.yaml
    """
    from pipeline.cli.books import show_changes
    from pipeline.cli.references import modelled, opened
    from pipeline.inputs.leaves import changes_between
    from pipeline.inputs.market import MarketFile

    before, after = (modelled(MarketFile, opened(name, "markets"))[0] for name in (old, new))
    show_changes(context, old, new, changes_between(before, after), exit_code)


def _curve(found: MarketFindings) -> str:
    rows = [
        [
            str(node.years),
            f"{node.zero_pct:.3f} %",
            f"{node.discount:.6f}",
            f"{node.forward_pct:.3f} %",
        ]
        for node in found.nodes
    ]
    return table(["year", "zero rate", "discount factor", "forward since the node before"], rows)
