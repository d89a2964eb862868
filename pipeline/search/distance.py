"""How far a structure is from passing: what leads a search through structures that do not.

A failing test counts one, and up to one more by the figure it looks at: the worse the figure, the
more. The figure's own threshold is not needed for that, so a rulebook may set any. Tests without a
figure that points somewhere (tenor, coupon) count one and a half. Arrays only.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from kernels import codes, scenarios
from kernels import figures as f
from kernels import rules as r
from pipeline.problem import FloatArray

Mask = npt.NDArray[np.bool_]

_TOLERANCE: Final = 1e-9
_HALF: Final = 0.5
# Reasons whose figure has to rise to pass, and those whose figure has to fall (percent as such).
_RISING: Final = {
    codes.INSUFFICIENT_CAPITAL: f.CAPEX_COVERAGE,
    codes.DSCR_BELOW_MINIMUM: f.DSCR_MIN,
    codes.RATING_BELOW_TARGET: f.SENIOR_RATING,
    codes.MEZZ_RATING_BELOW_TARGET: f.MEZZ_RATING,
    codes.ICR_BELOW_MINIMUM: f.ICR_MIN,
    codes.FCCR_BELOW_MINIMUM: f.FCCR_MIN,
    codes.STRESS_DSCR_BREACH: f.STRESS_DSCR_WORST,
}
_FALLING: Final = {
    codes.ADVANCE_FACTOR_BREACH: (f.SENIOR_LTV_PCT, 0.01),
    codes.WAL_EXCEEDS_LIMIT: (f.SENIOR_WAL, 0.1),
    codes.BALLOON_EXCEEDS_LIMIT: (f.BALLOON_PCT, 0.01),
    codes.AMORTISATION_TOO_SLOW: (f.SENIOR_WAL, 0.1),
}
_BY_DEBT: Final = (codes.LEVERAGE_TOO_HIGH, codes.FIRST_LOSS_SHORTFALL)


def failed_tests(figures: FloatArray) -> npt.NDArray[np.int64]:
    """Bit mask of the failing tests of both gates, (rows,), of `figures` (N_FIGURES, rows)."""
    gates = figures[[f.GATE_A_FAILED, f.GATE_B_FAILED]].astype(np.int64)
    return np.asarray(gates[0] | gates[1])


def to_the_gates(figures: FloatArray) -> FloatArray:
    """Distance to passing both gates (rows,): 0 for a survivor, else 1 or more."""
    failed = failed_tests(figures)
    distance = np.zeros(figures.shape[1])
    debt = figures[f.SENIOR_NOTIONAL] + figures[f.MEZZ_NOTIONAL]
    for reason in range(codes.N_REASONS):
        if reason in _RISING:
            grade = _too_low(figures[_RISING[reason]])
        elif reason in _FALLING:
            figure, unit = _FALLING[reason]
            grade = _too_high(figures[figure] * unit)
        elif reason in _BY_DEBT:
            grade = _too_high(debt / figures[f.TOTAL_COST])
        else:
            grade = np.full(figures.shape[1], _HALF)
        distance += np.where(failed & (1 << reason) != 0, 1.0 + grade, 0.0)
    return distance


def to_the_filters(figures: FloatArray, filters: FloatArray) -> FloatArray:
    """Distance to passing every hard filter (rows,); `filters` (n, 3): figure, FILTER_*, value."""
    distance = np.zeros(figures.shape[1])
    for figure, test, value in filters:
        found = figures[int(figure)]
        missing = {
            codes.FILTER_AT_LEAST: value - found,
            codes.FILTER_AT_MOST: found - value,
            codes.FILTER_EQUAL: np.abs(found - value),
        }[int(test)]
        missing = np.where(np.isnan(missing), np.inf, missing)
        distance += np.where(missing > _TOLERANCE, 1.0 + _share(missing, abs(value)), 0.0)
    return distance


def to_the_tiers(figures: FloatArray, limits: FloatArray) -> FloatArray:
    """Distance of survivors to Silver, Gold and Diamond, (3, rows); 0 where its conditions hold."""
    rating = np.nan_to_num(figures[f.SENIOR_RATING])
    financing = figures[f.SENIOR_NOTIONAL] + figures[f.MEZZ_NOTIONAL] + figures[f.EQUITY_NOTIONAL]
    day1_pct = 100.0 * figures[f.DAY1_CASH] / financing
    cover = figures[f.FULL_COVERAGE]
    stressed = _unless(figures[f.STRESSES_PASSED] == 1.0, _share_failed(figures))
    legs = _bits_set(figures[f.REPO_FAILED_LEGS].astype(np.int64), len(codes.REPO_LEG_NAMES))
    eligible = _unless(figures[f.REPO_ELIGIBLE] == 1.0, legs / len(codes.REPO_LEG_NAMES))
    # what rates a structure is its coverage and its debt: they move where the rating does not yet
    drive = _HALF * _too_low(figures[f.DSCR_MIN])
    drive += _HALF * _too_high(figures[f.SENIOR_LTV_PCT] * 0.01)

    def funded(least: float) -> FloatArray:
        return _unless(cover >= least - _TOLERANCE, _too_low(cover))

    def rated(least: float) -> FloatArray:
        short = (least - rating) / len(codes.RATING_NAMES)
        return _unless(rating >= least, _HALF * short + _HALF * drive)

    def valued(least: float) -> FloatArray:
        return _unless(day1_pct >= least - _TOLERANCE, _too_low(day1_pct * 0.1))

    return np.stack(
        [
            funded(float(limits[r.SILVER_COVERAGE])) + rated(float(limits[r.SILVER_MIN_RATING])),
            funded(float(limits[r.GOLD_COVERAGE]))
            + stressed * limits[r.GOLD_NEEDS_STRESSES]
            + rated(float(limits[r.GOLD_MIN_RATING]))
            + valued(float(limits[r.GOLD_DAY1_PCT])),
            funded(float(limits[r.DIAMOND_COVERAGE]))
            + stressed * limits[r.DIAMOND_NEEDS_STRESSES]
            + eligible * limits[r.DIAMOND_NEEDS_REPO]
            + rated(float(limits[r.DIAMOND_MIN_RATING]))
            + valued(float(limits[r.DIAMOND_DAY1_PCT])),
        ]
    )


def _unless(holds: Mask, grade: FloatArray) -> FloatArray:
    return np.where(holds, 0.0, 1.0 + grade)


def _too_low(figure: FloatArray) -> FloatArray:
    """1 at nothing or undefined, falling towards 0 as the figure rises."""
    return 1.0 / (1.0 + np.maximum(np.nan_to_num(figure), 0.0))


def _too_high(figure: FloatArray) -> FloatArray:
    """0 at nothing, rising towards 1; 1 where undefined."""
    return np.where(np.isnan(figure), 1.0, 1.0 - _too_low(figure))


def _share(missing: FloatArray, value: float) -> FloatArray:
    """What is missing beside what is asked for, 0 to 1."""
    finite = np.minimum(np.maximum(missing, 0.0), 1e300)
    return np.asarray(finite / (finite + max(value, _TOLERANCE)))


def _share_failed(figures: FloatArray) -> FloatArray:
    first = f.FIRST_SCENARIO + scenarios.FIRST_STRESS * scenarios.N_METRICS
    last = f.FIRST_SCENARIO + scenarios.N_SCENARIOS * scenarios.N_METRICS
    passed = figures[first + scenarios.PASSED : last : scenarios.N_METRICS]
    return np.asarray(1.0 - np.nan_to_num(passed).mean(axis=0))


def _bits_set(masks: npt.NDArray[np.int64], bits: int) -> FloatArray:
    return np.asarray(sum((masks >> bit) & 1 for bit in range(bits)), dtype=np.float64)
