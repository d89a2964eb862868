"""Closing in on the value at which something begins to hold, for many rows at once.

Chandrupatla's method (Advances in Engineering Software 28, 1997): inverse quadratic interpolation
where the three last points allow it, bisection elsewhere. It keeps a bracket throughout, so a
margin that jumps is found as well, as by plain bisection. Every row goes its own way: what it
finds does not depend on the rows beside it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.problem import FloatArray
from pipeline.space.levers import IntArray

# (which rows (n,), their values (n,)) -> margin (n,): at least 0 where it holds, never NaN.
Margin = Callable[[IntArray, FloatArray], FloatArray]
# A bracket halves at least every third step, and a float has 64 bits.
_MOST_STEPS = 200


def close_in(
    margin: Margin,
    lacking: FloatArray,
    holding: FloatArray,
    lacking_margin: FloatArray,
    holding_margin: FloatArray,
    width: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """The brackets (lacking, holding), (rows,) each, narrowed to `width` (rows,).

    `lacking` are values whose margin is negative, `holding` values where it is not.
    """
    near, far, third = holding.copy(), lacking.copy(), lacking.copy()
    near_m, far_m, third_m = holding_margin.copy(), lacking_margin.copy(), lacking_margin.copy()
    part = np.full(len(near), 0.5)
    open_rows = np.flatnonzero(np.abs(near - far) > width)
    for _ in range(_MOST_STEPS):
        if not len(open_rows):
            break
        rows = open_rows
        guess = near[rows] + part[rows] * (far[rows] - near[rows])
        found = margin(rows, guess)
        same = (found >= 0.0) == (near_m[rows] >= 0.0)
        third[rows] = np.where(same, near[rows], far[rows])
        third_m[rows] = np.where(same, near_m[rows], far_m[rows])
        far[rows] = np.where(same, far[rows], near[rows])
        far_m[rows] = np.where(same, far_m[rows], near_m[rows])
        near[rows], near_m[rows] = guess, found
        gap = np.abs(far[rows] - near[rows])
        open_rows = rows[gap > width[rows]]
        part[open_rows] = _next_part(
            near[open_rows], far[open_rows], third[open_rows],
            near_m[open_rows], far_m[open_rows], third_m[open_rows],
            width[open_rows],
        )  # fmt: skip
    holds = near_m >= 0.0
    return np.where(holds, far, near), np.where(holds, near, far)


def _next_part(
    near: FloatArray,
    far: FloatArray,
    third: FloatArray,
    near_m: FloatArray,
    far_m: FloatArray,
    third_m: FloatArray,
    width: FloatArray,
) -> FloatArray:
    """Where between `near` (0) and `far` (1) to look next."""
    with np.errstate(divide="ignore", invalid="ignore"):
        xi = (near - far) / (third - far)
        phi = (near_m - far_m) / (third_m - far_m)
        fits = (phi * phi < xi) & ((1.0 - phi) * (1.0 - phi) < 1.0 - xi)
        alpha = (third - near) / (far - near)
        part = near_m / (far_m - near_m) * (third_m / (far_m - third_m))
        part += alpha * (near_m / (third_m - near_m)) * (far_m / (third_m - far_m))
    part = np.where(fits & np.isfinite(part), part, 0.5)
    least = np.minimum(0.5, 0.5 * width / np.abs(far - near))
    return np.clip(part, least, 1.0 - least)
