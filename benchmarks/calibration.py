"""This machine's limit, from C compiled when the benchmark runs: the same month, and FLOPs."""

import ctypes
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import translate
from benchmarks.blocks import Block
from kernels import waterfall as w

SOURCE = Path(__file__).with_name("calibration.c")
# -ffp-contract=off: the kernels fuse nothing either, since fused sums differ between processors
FLAGS = ["-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC"]
WIDTHS = (256, 512)  # compilers choose narrow vectors on many processors; the limit is the better
_SLOTS = [
    "CASH_IN",
    "COSTS",
    "NET",
    "GROSS",
    "SENIOR_SHARE",
    "MEZZ_SHARE",
    "SWAP",
    "INCOME_BEFORE",
    "SERVICE_BEFORE",
    "COVENANT_INCOME",
    "COVENANT_SERVICE",
    "EQUITY",
    "N_SLOTS",
]
_ROUNDS = 2_000_000


@dataclass(frozen=True)
class Machine:
    """The compiled yardsticks, one for each vector width."""

    libraries: tuple[ctypes.CDLL, ...]

    def life(self, block: Block, library: ctypes.CDLL, sweeps: int = 5) -> np.ndarray:
        """Equity's flows (months, BLOCK) of a block, by C."""
        flows = np.empty_like(block.flows)
        arrays = (block.opening, block.cash, block.gross, block.net, block.share,
                  block.mezz_share, block.swap)  # fmt: skip
        scratch = (np.ones(w.BLOCK), np.empty(w.N_SLOTS * w.BLOCK), np.empty_like(block.history),
                   flows, np.empty(w.BLOCK), np.empty(w.BLOCK))  # fmt: skip
        scratch[0][:] = 0.99
        library.life_of_block(
            *(_pointer(array) for array in arrays),
            ctypes.c_long(len(flows)),
            ctypes.c_long(block.window),
            ctypes.c_long(block.interval),
            ctypes.c_double(block.first_test),
            ctypes.c_long(sweeps),
            *(_pointer(array) for array in scratch),
        )
        return flows

    def seconds_of_block(self, block: Block) -> float:
        """Seconds of the fastest of the compiled lives."""
        return min(self._timed(block, library) for library in self.libraries)

    def _timed(self, block: Block, library: ctypes.CDLL) -> float:
        began = time.perf_counter()
        for _ in range(20):
            self.life(block, library)
        return (time.perf_counter() - began) / 20

    def gflops(self) -> float:
        """Measured 10^9 multiplications and additions a second of one core, not fused."""
        best = 0.0
        for library in self.libraries:
            library.flops.restype = ctypes.c_double
            began = time.perf_counter()
            library.flops(ctypes.c_long(_ROUNDS), ctypes.c_double(0.999), ctypes.c_double(0.1))
            best = max(best, 128 * _ROUNDS / (time.perf_counter() - began) / 1e9)
        return best


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    assert array.flags.c_contiguous
    return ctypes.c_void_p(array.ctypes.data)


def compiled() -> Machine:
    """Compile the yardsticks with this machine's `cc`."""
    with tempfile.TemporaryDirectory() as folder:
        names = "".join(f"#define {name} {getattr(w, name)}\n" for name in _SLOTS)
        header = f"#define B {w.BLOCK}\n{names}{translate.as_c()}"
        (Path(folder) / "month.h").write_text(header, encoding="utf-8")
        libraries = []
        for width in WIDTHS:
            built = Path(folder) / f"calibration_{width}.so"
            wide = f"-mprefer-vector-width={width}"
            command = ["cc", *FLAGS, "-I", folder, "-o", str(built), str(SOURCE), "-lm"]
            # a processor or compiler without wide vectors knows no such flag
            if subprocess.run([*command, wide], capture_output=True, check=False).returncode:
                subprocess.run(command, check=True)
            libraries.append(ctypes.CDLL(str(built)))
    return Machine(tuple(libraries))
