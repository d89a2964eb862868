"""Part of `make golden`: what the golden outcomes become when one assumption is another.

Each line is a whole run of a golden project with one thing changed that the plan leaves open.
Writes docs/golden.md between its marks.
"""

import copy
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from benchmarks.machine import ROOT, commit
from pipeline.cli.golden_text import open_page
from pipeline.golden import Outcome, outcomes
from pipeline.inputs import load_request
from pipeline.runner import run_direct
from pipeline.settings import load_settings
from pipeline.stages.contract import Progress

FIXTURES = ROOT / "fixtures"
REPORT = ROOT / "docs" / "golden.md"
MARKS = ("<!-- assumptions: begin -->", "<!-- assumptions: end -->")
HEADINGS = ("what is changed", "fully funded", "Diamond", "Gold", "day-one value", "not met of 17")
Tree = dict[str, Any]


@dataclass(frozen=True)
class Files:
    """A project and its market as read from YAML, to be changed."""

    project: Tree
    market: Tree


Change = Callable[[Files], None]


def as_it_is(_: Files) -> None:
    """The project as its file has it."""


def base(**settings: Any) -> Change:
    """Catalogue variables set otherwise."""
    return lambda files: files.project["base"].update(settings)


def breakevens(five: float, ten: float) -> Change:
    """Other breakeven inflation, in percent."""
    return lambda files: files.market["inflation"].update(breakeven_pct={5: five, 10: ten})


def mezzanines(*settings: tuple[float, float]) -> Change:
    """Other settings of the mezzanine: target DSCR and coupon in percent."""

    def change(files: Files) -> None:
        options = [{"TargetDSCRMezz_45": dscr, "MezzCoupon_46": rate} for dscr, rate in settings]
        files.project["levers"]["mezz"] = [False, *options]

    return change


def without_covenant(files: Files) -> None:
    """No covenant that may size the senior beside its target coverage."""
    del files.project["covenants"]


EVERYWHERE: list[tuple[str, Change]] = [
    ("as it is", as_it_is),
    ("breakevens at the expected 2 %", breakevens(2.0, 2.0)),
    ("`_91`: swaps on 50 % of the senior, the catalogue's default", base(ZCiS_NotionalPct_91=50)),
    ("`_55`: equity asks 17 %, the catalogue's default", base(EquityIRRTarget_55=17)),
    ("`_55`: equity asks 15 %", base(EquityIRRTarget_55=15)),
    ("`_27`: 10Y, the catalogue's default", base(BaseCurveAnchor_27="10Y")),
    ("`_75`: senior target A", base(MinSeniorRatingTarget_75="A")),
    ("`_75`: senior target AA", base(MinSeniorRatingTarget_75="AA")),
    ("`_75`: senior target AAA, the catalogue's default", base(MinSeniorRatingTarget_75="AAA")),
]
ONLY: dict[str, list[tuple[str, Change]]] = {
    "small": [
        ("breakevens 25 bps lower", breakevens(3.05, 2.75)),
        ("`_91`: swaps on 75 % of the senior", base(ZCiS_NotionalPct_91=75)),
        ("`_18`: an indexed lease", base(IndexationMode_18="CPI_Linked")),
    ],
    "medium": [
        ("breakevens 25 bps lower", breakevens(2.55, 2.65)),
        ("mezzanine at 1.10x, which rates BB", mezzanines((1.10, 8))),
        ("`_18`: a flat lease", base(IndexationMode_18="Flat")),
    ],
    "large": [
        ("breakevens 25 bps lower", breakevens(2.55, 2.55)),
        ("no LTV covenant", without_covenant),
        ("mezzanines at 1.15x and 1.10x", mezzanines((1.15, 8), (1.10, 9))),
        ("`_18`: a flat lease", base(IndexationMode_18="Flat")),
    ],
}


def silent(_: Progress) -> None:
    """Nobody looks at the progress."""


def measured(name: str, change: Change, folder: Path) -> tuple[Tree, list[Outcome]]:
    """Summary and outcomes of a golden project with one change."""
    project = yaml.safe_load((FIXTURES / "projects" / f"{name}.yaml").read_text())
    market = yaml.safe_load((FIXTURES / "projects" / project["market"]).read_text())
    files = Files(copy.deepcopy(project), market)
    change(files)
    files.project.update(market="market.yaml", rulebook="builtin:v1")
    (folder / "market.yaml").write_text(yaml.safe_dump(files.market))
    (folder / "project.yaml").write_text(yaml.safe_dump(files.project))
    request = load_request(folder / "project.yaml")
    summary = run_direct(request, load_settings({}, out=str(folder / "runs")), silent)
    return summary, outcomes(request.expected, summary)


def cells(label: str, summary: Tree, found: list[Outcome]) -> tuple[str, ...]:
    """A line of the table."""
    share = next(each.measured for each in found if each.name == "day_one_pct")
    missed = [
        each.name
        for each in found
        if each.claim.source.startswith("plan 17") and each.status != "met"
    ]
    return (
        label,
        f"{summary['fully_funded_scenarios']:,}",
        f"{summary['tiers']['Diamond']:,}",
        f"{summary['tiers']['Gold']:,}",
        "-" if share is None else f"{share:.2f} %",
        ", ".join(f"`{name}`" for name in missed) or "-",
    )


def table(name: str) -> str:
    """All changes of one project."""
    lines = [f"| {' | '.join(HEADINGS)} |", "|---|--:|--:|--:|--:|---|"]
    for label, change in (*EVERYWHERE, *ONLY[name]):
        with tempfile.TemporaryDirectory() as folder:
            line = cells(label, *measured(name, change, Path(folder)))
        print(name, *line, sep="  ", flush=True)
        lines.append(f"| {' | '.join(line)} |")
    return "\n".join(lines)


def main() -> None:
    page = open_page(REPORT, MARKS)
    parts = [f"Measured on {datetime.now(UTC).date()}, commit `{commit()}`."]
    for name in ONLY:
        parts += [f"### {name}", table(name)]
    page.write("\n\n".join(parts))


if __name__ == "__main__":
    main()
