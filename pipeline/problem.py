"""A run's question in arrays: what the plan carries and every worker computes from.

Nothing here knows files, currencies' names or people; `pipeline.inputs` makes a Problem from a
request, `pipeline.space` walks its levers, `pipeline.engine` hands it to the kernels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kernels.rules import Market, Rules

FloatArray = npt.NDArray[np.float64]
Label = str | int | float | bool | None


@dataclass(frozen=True)
class Lever:
    """One dimension of the lever space: a few inputs that move together.

    `name` is a catalogue name, `mezz`, or an overlay (`zcis_5y` …). Value v sets the input rows
    `rows` (see kernels.layout) to `values[v]`, shape (n_values, len(rows)). `labels[v]` is what a
    person calls that value, for tables and charts.
    """

    name: str
    rows: tuple[int, ...]
    values: FloatArray
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class Problem:
    """Base inputs (N_INPUTS,), levers in canonical order (the last runs fastest), and the rules.

    `filters` is (n, 3): figure number (kernels.figures), FILTER_* code, value.
    `objective` is one of Composite, SeniorRaise, WACC, EquityIRR, Day1Cash, DSCR.
    """

    base: FloatArray
    levers: tuple[Lever, ...]
    rules: Rules
    market: Market
    filters: FloatArray
    objective: str
