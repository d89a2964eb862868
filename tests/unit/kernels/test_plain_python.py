"""Do the kernels give the same bits as plain Python as compiled?

Run in a lane of its own with NUMBA_DISABLE_JIT=1, where coverage sees the kernels' lines; the
compiled figures come from a second process, since the switch is read when Numba is imported.
"""

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kernels import figures as f
from kernels.bijection import permute, round_keys, unpermute
from kernels.normal import lognormal_option, normal_option
from pipeline.engine import figures_of_inputs
from tests.oracle.books import market, rulebook
from tests.oracle.kernel_side import input_column, problem_of
from tests.oracle.scenarios import anywhere, plausible

pytestmark = pytest.mark.plain

ROWS = 120
SIZES = (1, 2, 1000, 87_040, 10**15)


def _figures() -> np.ndarray:
    """Figures (N_FIGURES, rows) of structures from all over the catalogue and of likely ones."""
    draw = random.Random(20260121)
    structures = [(plausible if row % 2 else anywhere)(draw) for row in range(ROWS)]
    inputs = np.stack([input_column(*structure) for structure in structures], axis=1)
    return figures_of_inputs(problem_of(structures, rulebook(), market()), inputs)


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


def _write(path: Path) -> None:
    np.savez(path, figures=_figures(), ids=_ids(), curves=_curves())


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


def test_every_figure_has_the_same_bits(compiled: dict[str, np.ndarray]) -> None:
    with np.errstate(all="ignore"):  # compiled code divides by zero silently
        plain = _figures()
    different = np.argwhere((plain != compiled["figures"]) & ~np.isnan(plain + compiled["figures"]))
    assert different.size == 0
    np.testing.assert_array_equal(np.isnan(plain), np.isnan(compiled["figures"]))


def test_the_structures_reach_every_profile_and_outcome(compiled: dict[str, np.ndarray]) -> None:
    found = compiled["figures"]
    assert set(found[f.BINDING_CONSTRAINT][~np.isnan(found[f.BINDING_CONSTRAINT])]) == {0, 1, 2}
    assert (found[f.MEZZ_NOTIONAL] > 0).any()
    assert (found[f.STATUS] != 0).any()
    assert (found[f.GATE_A_FAILED] == 0).any()


def test_sampled_ids_are_the_same(compiled: dict[str, np.ndarray]) -> None:
    np.testing.assert_array_equal(_ids(), compiled["ids"])


def test_curve_tables_and_option_prices_have_the_same_bits(
    compiled: dict[str, np.ndarray],
) -> None:
    np.testing.assert_array_equal(_curves(), compiled["curves"])


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
