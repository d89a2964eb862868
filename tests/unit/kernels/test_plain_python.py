"""Do the kernels give the same bits as plain Python as compiled?

Run in a lane of its own with NUMBA_DISABLE_JIT=1, where coverage sees the kernels' lines; the
compiled figures come from a second process, since the switch is read when Numba is imported.
"""

import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kernels import codes, irr
from kernels import figures as f
from kernels import layout as x
from kernels.bijection import permute, round_keys, unpermute
from kernels.normal import lognormal_option, normal_option
from kernels.pareto import dominated
from pipeline.engine import figures_of_inputs, sized_figures_of_ids
from pipeline.problem import Lever
from tests.oracle.books import market, rulebook
from tests.oracle.kernel_side import (
    Structure,
    input_column,
    problem_of,
    shifts_of,
    with_cash_rows,
)
from tests.oracle.scenarios import anywhere, plausible, strained, with_cash
from tests.unit.kernels.test_blocks import lived, scratch

pytestmark = pytest.mark.plain

ROWS = 120
# The eighteen scenarios of a block are walked month by month: few and short lives are enough.
COMPLETE_ROWS = 24
SIZES = (1, 2, 1000, 87_040, 10**15)


def _inputs(structures: list[Structure]) -> np.ndarray:
    shifts = shifts_of(structures)
    books = rulebook(), market()
    columns = [
        with_cash_rows(input_column(*structure), *structure, *books, shifts)
        for structure in structures
    ]
    return np.stack(columns, axis=1)


def _sized() -> np.ndarray:
    """Sizing and gates (N_FIGURES, rows) of structures from all over the catalogue and likely."""
    draw = random.Random(20260121)
    structures = [(plausible if row % 2 else anywhere)(draw) for row in range(ROWS)]
    inputs = _inputs(structures)
    labels = tuple(range(ROWS))
    rows = Lever("structure", tuple(range(x.N_INPUTS)), np.ascontiguousarray(inputs.T), labels)
    problem = replace(problem_of(structures, rulebook(), market()), levers=(rows,))
    return sized_figures_of_ids(problem, np.arange(ROWS, dtype=np.int64))


def _complete() -> np.ndarray:
    """Every figure (N_FIGURES, rows), all scenarios, of structures with leases of few years."""
    draw = random.Random(20260122)
    structures = []
    for row in range(COMPLETE_ROWS):
        values, facts = with_cash(draw, (anywhere, plausible, strained)[row % 3](draw))
        tenor = float(draw.choice((4, 5, 6)))
        short = {
            "SeniorTenorY_39": tenor,
            "LeaseTermYears_22": draw.choice((tenor, 8.0, 8.5)),
            "MezzTenorY_47": float(draw.choice((4, 6))),
            "RentFreeMonths_68": draw.choice((0.0, 3.0)),
        }
        structures.append((values | short, facts))
    return figures_of_inputs(problem_of(structures, rulebook(), market()), _inputs(structures))


def _rates() -> np.ndarray:
    """Rates and their statuses (2, columns) of flows that turn once, often, or never."""
    draw = np.random.default_rng(3)
    flows = draw.uniform(-1.0, 1.0, (25, 40))
    flows[0] = -4.0
    flows[1:, :20] = np.abs(flows[1:, :20])
    flows[0, :3] = 0.0
    return np.array([irr.irr(flows, column, 24, 1.0) for column in range(40)]).T


def _waterfalls() -> np.ndarray:
    """The scratch (months, slots) of a block's life, month by month."""
    return np.stack([s for s, _ in lived(*scratch(np.random.default_rng(2)))])


def _ids() -> np.ndarray:
    """The first ids of samples of several spaces, and their positions again."""
    keys = round_keys(7)
    found = []
    for size in SIZES:
        ids = permute(np.arange(min(size, 50), dtype=np.int64), size, keys)
        found += [ids, unpermute(ids, size, keys)]
    return np.concatenate(found)


def _curves() -> np.ndarray:
    """Every curve table, and prices over a grid, in one row."""
    structures = [plausible(random.Random(1))]
    curves = problem_of(structures, rulebook(), market()).curves
    grid = [(m, s) for m in np.linspace(-0.4, 0.05, 46) for s in (0.0, 0.001, 0.01, 0.1)]
    prices = [normal_option(m, s) for m, s in grid]
    prices += [lognormal_option(0.05, 0.04 - m, s, 0.0, m > -0.1) for m, s in grid]
    return np.concatenate([*(table.ravel() for table in curves), prices])


def _dominated() -> np.ndarray:
    """Which of many rows with ties the others, and none, beat: (2, rows)."""
    rows = np.random.default_rng(6).integers(0, 4, (200, 5)).astype(np.float64)
    found = np.empty((2, len(rows)), dtype=np.bool_)
    dominated(rows, rows, found[0])
    dominated(rows, rows[:0], found[1])
    return found.astype(np.float64)


def _write(path: Path) -> None:
    np.savez(path, **{name: figures() for name, figures in MADE.items()})


MADE = {
    "sized": _sized,
    "complete": _complete,
    "rates": _rates,
    "waterfalls": _waterfalls,
    "ids": _ids,
    "curves": _curves,
    "dominated": _dominated,
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    path = tmp_path_factory.mktemp("compiled") / "compiled.npz"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "0"}
    command = [sys.executable, "-m", "tests.unit.kernels.test_plain_python", str(path)]
    subprocess.run(command, env=environment, check=True, timeout=280)
    with np.load(path) as arrays:
        return dict(arrays)


def test_this_lane_runs_plain_python() -> None:
    assert os.environ.get("NUMBA_DISABLE_JIT") == "1"
    assert not hasattr(permute, "py_func")


@pytest.mark.parametrize("name", MADE)
def test_plain_and_compiled_have_the_same_bits(compiled: dict[str, np.ndarray], name: str) -> None:
    with np.errstate(all="ignore"):  # compiled code divides by zero silently
        plain = MADE[name]()
    found = compiled[name]
    assert plain.shape == found.shape
    different = np.argwhere((plain != found) & ~(np.isnan(plain) & np.isnan(found)))
    assert different.tolist() == []


def test_the_structures_reach_every_profile_and_outcome(compiled: dict[str, np.ndarray]) -> None:
    found = compiled["sized"]
    assert set(found[f.BINDING_CONSTRAINT][~np.isnan(found[f.BINDING_CONSTRAINT])]) == {0, 1, 2}
    assert (found[f.MEZZ_NOTIONAL] > 0).any()
    assert (found[f.STATUS] != 0).any()
    assert (found[f.GATE_A_FAILED] == 0).any()


def test_the_cash_flows_reach_traps_arrears_returns_and_day_one_value(
    compiled: dict[str, np.ndarray],
) -> None:
    found = compiled["complete"]
    sound = found[:, found[f.STATUS] != codes.INVALID_STRUCTURE]
    parts = (f.DAY1_WRAP, f.DAY1_ZCIS_5Y, f.DAY1_RATE_OPTION, f.DAY1_TRS)
    for figure in (f.TRAP_MONTHS, f.UNPAID_MAX, f.MEZZ_NOTIONAL, f.EQUITY_PUT_IN, *parts):
        assert (sound[figure] != 0).any(), figure
    assert (~np.isnan(sound[f.EQUITY_IRR])).sum() > COMPLETE_ROWS / 3
    assert set(compiled["rates"][1]) == {irr.CONVERGED, irr.NONE, irr.SEVERAL}


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
