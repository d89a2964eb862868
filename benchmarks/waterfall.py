"""Kernels on one core: base case with its return, the whole scenario set, sizing; and others.

Each figure is measured between two measurements of the C loop: a machine that others load slows
both, and the ratio stays.
"""

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks import blocks, calibration, others
from benchmarks.machine import Row, best_of
from kernels import waterfall as w
from pipeline import engine
from pipeline.space.levers import LeverSpace

BEST_OF = 3
ROWS = 1200  # about an analysis partition
SIZED_ROWS = 20_000
_LIVES = 40


def measure() -> Iterator[Row]:
    """Every figure of this module, as soon as it is known."""
    machine = calibration.compiled()
    yield Row("multiplications and additions", machine.gflops(), "GFLOP/s", note="measured, 1 core")
    problems = {name: blocks.project(name) for name in ("small", "medium", "large")}
    large = blocks.base_of(problems["large"], blocks.survivors(problems["large"], ROWS))
    block = blocks.block_of(large)
    months = len(block.net)
    _same_bits(block, machine)

    def by_c() -> float:
        return w.BLOCK / machine.seconds_of_block(block)

    yield _beside(
        f"months and return, {months - 4}-month lease",
        lambda: blocks.life(block, _LIVES),
        w.BLOCK * _LIVES,
        by_c,
        "base waterfall with IRR, buffers ready",
    )
    for name, problem in problems.items():
        base = (
            large if name == "large" else blocks.base_of(problem, blocks.survivors(problem, ROWS))
        )
        rows = base.inputs.shape[1]
        own_block = blocks.block_of(base)
        yield _beside(
            f"base case with return, {name}",
            lambda base=base: blocks.rates(base),
            rows,
            lambda own=own_block: w.BLOCK / machine.seconds_of_block(own),
            "schedules, terms and mezzanine as well",
        )
    size = LeverSpace(problems["large"].levers).size
    for how, ids in (
        ("as a run has them", blocks.survivors_in_a_row(problems["large"], 2 * ROWS, size // 3)),
        ("far apart", blocks.survivors(problems["large"], ROWS)),
    ):
        yield _beside(
            f"all scenarios, large, {how}",
            lambda ids=ids: engine.figures_of_ids(problems["large"], ids),
            len(ids),
            lambda: by_c() / blocks.N_WATERFALLS,
            f"{blocks.N_WATERFALLS} cases, every figure; C: as many base waterfalls a row",
        )
    for how, some in (
        ("as a run has them", np.arange(size // 3, size // 3 + SIZED_ROWS)),
        ("far apart", np.linspace(0, size - 1, SIZED_ROWS).astype(np.int64)),
    ):
        seconds = best_of(
            BEST_OF, lambda ids=some: engine.sized_figures_of_ids(problems["large"], ids)
        )
        yield Row(
            f"sizing and gates, large, {how}", len(some) / seconds, "rows/s", note="no waterfall"
        )
    yield from others.measure(large, block)


def _beside(
    what: str, work: Callable[[], object], rows: int, by_c: Callable[[], float], note: str
) -> Row:
    """Best of three of `work`, each between two measurements of the C loop."""
    work()
    ours, limit = 0.0, by_c()
    for _ in range(BEST_OF):
        ours = max(ours, rows / best_of(1, work))
        limit = max(limit, by_c())
    return Row(what, ours, "rows/s", limit, note)


def _same_bits(block: blocks.Block, machine: calibration.Machine) -> None:
    """The yardstick must do the kernel's arithmetic, or its speed says nothing."""
    blocks.life(block, 1)
    for library in machine.libraries:
        np.testing.assert_array_equal(machine.life(block, library), block.flows)
