"""Local currency, project currency, and the share of the debt hedged between them.

Source: the model's section 13. Amounts in the local currency are multiplied by `fx_rate`; all
figures are in the project currency.
"""

import numba

from kernels import layout as x

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}


@numba.njit(**_JIT)
def fx_rate(inputs, row):
    """Units of the project currency per unit of local currency [ratio]."""
    if inputs[x.LOCAL_CURRENCY, row] != inputs[x.CURRENCY, row]:
        return inputs[x.FX_SPOT, row]
    return 1.0


@numba.njit(**_JIT)
def hedged_share(inputs, row):
    """Share of the debt whose currency risk is hedged [ratio]; 0 in the project's own currency."""
    if inputs[x.LOCAL_CURRENCY, row] == inputs[x.CURRENCY, row]:
        return 0.0
    policy = inputs[x.CURRENCY_POLICY, row]
    if policy == x.FX_HEDGED:
        return 1.0
    return 0.5 if policy == x.FX_MIXED else 0.0
