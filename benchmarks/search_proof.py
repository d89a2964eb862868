"""`make search-proof`: the search beside a sweep of the large golden space, over 20 seeds.

Sweeps the space once as a run, then searches it, and searches it with finer levers. Writes
docs/search.md between its marks.
"""

import statistics
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from benchmarks.machine import ROOT, commit
from pipeline.inputs import Request, load_request
from pipeline.runner import run_direct
from pipeline.search import BUDGET
from pipeline.search.compare import REACHED
from pipeline.search.run import Choices, search
from pipeline.settings import Settings, load_settings
from pipeline.stages.contract import Progress

PROJECT = ROOT / "fixtures" / "projects" / "large.yaml"
REPORT = ROOT / "docs" / "search.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
SEEDS = range(20)
# Times finer than the project: itself, ten times, and as fine as makes more than 10^12.
SPACES = (1, 10, 1_000)


@dataclass(frozen=True)
class Measured:
    """One search beside the sweep. `at` is when its answer was found, in evaluations."""

    seed: int
    space: int
    evaluations: int
    at: int
    tier: str
    objective: float
    ratio: float | None
    reached: bool
    improved: bool


def silent(_: Progress) -> None:
    """Nobody looks at the progress of a proof."""


def swept(request: Request, settings: Settings) -> dict[str, Any]:
    """The summary of a run over the whole space."""
    return run_direct(request, settings, silent)


def searched(request: Request, finer: int, run_id: str, out: str) -> list[Measured]:
    """One search a seed, each beside the run `run_id`."""
    found = []
    for seed in SEEDS:
        choices = Choices(budget=BUDGET, finer=finer, top=1, against=run_id)
        document = search(request, choices, load_settings({}, out=out, seed=seed), silent)
        compared, best = document["against"], document["found"]
        found.append(
            Measured(
                seed=seed,
                space=document["space_size"],
                evaluations=document["evaluations"]["distinct"],
                at=document["best_over_time"][-1]["evaluations"],
                tier=best["tier"],
                objective=best["objective"],
                ratio=compared["objective_ratio"],
                reached=compared["reached"],
                improved=compared["improved"],
            )
        )
    return found


def section(found: list[Measured], finer: int, objective: str) -> str:
    """One space as Markdown: what held over all seeds, and each seed's row."""
    title = "the swept space itself" if finer == 1 else f"numeric levers {finer:,} times finer"
    ratios = [each.ratio for each in found if each.ratio is not None]
    least = f"{100 * min(ratios):.3f} %" if len(ratios) == len(found) else "another tier"
    reached, improved = sum(e.reached for e in found), sum(e.improved for e in found)
    places = [each.at for each in found]
    lines = [
        f"### {title[0].upper()}{title[1:]}: {found[0].space:,} structures",
        "",
        (
            f"Reached {100 * REACHED:.1f} % of the swept optimum: {reached} of {len(found)} seeds; "
            f"better than it: {improved}. Least ratio {least}. The answer was found after "
            f"{statistics.median(places):,.0f} evaluations (median), {max(places):,} at most."
        ),
        "",
        f"| seed | evaluations | of the space | answer found at | tier | {objective} | ratio |",
        "|--:|--:|--:|--:|---|--:|--:|",
    ]
    for each in found:
        share = 100 * each.evaluations / each.space
        ratio = "-" if each.ratio is None else f"{100 * each.ratio:.3f} %"
        lines.append(
            f"| {each.seed} | {each.evaluations:,} | {share:.2g} % | {each.at:,} | {each.tier} "
            f"| {each.objective:.6g} | {ratio} |"
        )
    return "\n".join(lines)


def main() -> None:
    request = load_request(PROJECT)
    with tempfile.TemporaryDirectory() as out:
        settings = load_settings({}, out=out, max_permutations=request.space_size)
        sweep = swept(request, settings)
        best, objective = sweep["optimal"], sweep["objective"]
        sections = [
            section(searched(request, finer, sweep["run_id"], out), finer, objective)
            for finer in SPACES
        ]
    text = (
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit()}, pymoo {version('pymoo')}, "
        f"numpy {version('numpy')}. Swept: {sweep['total_scenarios']:,} structures of "
        f"`fixtures/projects/large.yaml`; the optimum is structure {best['permutation_id']}, "
        f"{best['viability_tier']}, composite score {best['composite_score']:.6g}. Budget "
        f"{BUDGET:,} evaluations a search ({100 * BUDGET / sweep['total_scenarios']:.1f} % of the "
        f"sweep's).\n\n" + "\n\n".join(sections)
    )
    before, _, rest = REPORT.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    REPORT.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
