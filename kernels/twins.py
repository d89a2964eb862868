"""Twins: rows that differ in overlays alone, and so share one debt structure.

Senior, mezzanine, their schedules and every coverage are the same for twins; their waterfalls
differ only by the total return swap's fee and, under a stress, by what the swaps settle. Twins
stand side by side when a lever space is walked in order (overlays are its fastest digit), so
neighbours are all that is looked at. Nothing here changes a figure: each is computed from the
row's own inputs, only not twice. Source: the model's section 12.
"""

import numba

from kernels import layout as x
from kernels import scenarios

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}

_FIRST_OVERLAY = x.ZCIS_5Y_ON
_AFTER_OVERLAYS = x.STRIP_ON + 1
N_KEYS = 16  # of `waterfall_key`
N_EQUITY_KEYS = 4  # of `equity_key`

# With fewer rows a structure, sharing leaves blocks half empty and costs more than it saves.
_FEWEST_ROWS_A_STRUCTURE = 4


@numba.njit(**_JIT)
def _are_twins(inputs, row, other):
    for place in range(_FIRST_OVERLAY):
        if inputs[place, row] != inputs[place, other]:
            return False
    for place in range(_AFTER_OVERLAYS, x.N_INPUTS):
        if inputs[place, row] != inputs[place, other]:
            return False
    return True


@numba.njit(**_JIT)
def take_structures(inputs, first, starts):
    """The next structures among the columns of inputs (N_INPUTS, rows), from row `first`.

    Fills starts (most + 1,) int64: structure k is rows starts[k] … starts[k + 1] - 1. Returns how
    many there are, at most `most`. Where few rows are twins, each row counts as a structure.
    """
    rows = inputs.shape[1]
    most = starts.shape[0] - 1
    found = 0
    row = first
    while row < rows and found < most:
        starts[found] = row
        found += 1
        row += 1
        while row < rows and _are_twins(inputs, row - 1, row):
            row += 1
    if row - first < _FEWEST_ROWS_A_STRUCTURE * found:
        found = min(most, row - first)
        for place in range(found):
            starts[place] = first + place
        row = first + found
    starts[found] = row
    return found


@numba.njit(**_JIT)
def settles_inflation(scenario):
    """Whether inflation takes another path than expected, so that inflation swaps settle."""
    stressed = scenario >= scenarios.CPI_LOW and scenario <= scenarios.CPI_EXTRA
    return stressed or scenario == scenarios.COMBINED


@numba.njit(**_JIT)
def settles_rates(scenario):
    """Whether rates move, so that a rate option may settle."""
    shocked = scenario >= scenarios.RATES_UP and scenario <= scenarios.RATES_LONG
    return shocked or scenario == scenarios.COMBINED


@numba.njit(**_JIT)
def waterfall_key(inputs, row, scenario):
    """Number below N_KEYS that twins with the same waterfall under `scenario` share."""
    key = int(inputs[x.TRS_ON, row])
    if settles_inflation(scenario):
        key += 2 * int(inputs[x.ZCIS_5Y_ON, row]) + 4 * int(inputs[x.ZCIS_10Y_ON, row])
    if settles_rates(scenario):
        key += 8 * int(inputs[x.FLOOR_ON, row])
    return key


@numba.njit(**_JIT)
def equity_key(inputs, row):
    """Number below N_EQUITY_KEYS that twins with the same equity capacity share."""
    return int(inputs[x.TRS_ON, row]) + 2 * int(inputs[x.STRIP_ON, row])
