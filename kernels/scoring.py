"""Scores, hard filters and tiers of one structure.

    gate_b    = 100 DSCR + 10 rating + 50 mean(ICR, FCCR) + 75 worst stress + 5 (10 - complexity)
    composite = 100 (w1 S/1B + w2 (20 - WACC)/20 + w3 Day1/100M + w4 min(DSCR/2, 1) + w5 rating)

with every factor from the rulebook. Source: the model's sections 10 and 11. Figures are read from
and belong to column `row` of `out` (N_FIGURES, rows), see kernels.figures.
"""

import numba
import numpy as np

from kernels import codes
from kernels import figures as f
from kernels import layout as x
from kernels import rules as r
from kernels.rating import TOLERANCE

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}


@numba.njit(**_JIT)
def gate_b_score(row, out, limits):
    """Credit score [points]; NaN without debt."""
    cover = (out[f.ICR_MIN, row] + out[f.FCCR_MIN, row]) / 2.0
    simplicity = limits[r.SCORE_COMPLEXITY_CEILING] - out[f.COMPLEXITY, row]
    score = limits[r.SCORE_DSCR] * out[f.DSCR_MIN, row]
    score += limits[r.SCORE_RATING] * out[f.SENIOR_RATING, row]
    score += limits[r.SCORE_COVERAGE] * cover
    score += limits[r.SCORE_STRESS] * out[f.STRESS_DSCR_WORST, row]
    return score + limits[r.SCORE_SIMPLICITY] * simplicity


@numba.njit(**_JIT)
def composite_score(inputs, row, out, day1, rules):
    """Ranking score [0-100 scale]; `day1` [money]; NaN without debt."""
    rating = out[f.SENIOR_RATING, row]
    if np.isnan(rating):
        return np.nan
    unit = rules[r.CURRENCY_SCALE + int(inputs[x.CURRENCY, row])]
    raised = out[f.SENIOR_NOTIONAL, row] / (rules[r.COMPOSITE_SENIOR_UNIT] * unit)
    ceiling = rules[r.COMPOSITE_WACC_CEILING]
    cover = min(out[f.DSCR_MIN, row] / rules[r.COMPOSITE_DSCR_CEILING], 1.0)
    score = rules[r.WEIGHT_SENIOR_RAISE] * raised
    score += rules[r.WEIGHT_WACC] * (ceiling - out[f.WACC, row]) / ceiling
    score += rules[r.WEIGHT_DAY1] * day1 / (rules[r.COMPOSITE_DAY1_UNIT] * unit)
    score += rules[r.WEIGHT_DSCR] * cover
    score += rules[r.WEIGHT_RATING] * rules[r.RATING_SCORE + int(rating)]
    return 100.0 * score


@numba.njit(**_JIT)
def passes_filters(row, out, filters):
    """Whether every hard filter holds; `filters` (n, 3): figure, FILTER_*, value. NaN fails."""
    for place in range(filters.shape[0]):
        figure = out[int(filters[place, 0]), row]
        test = filters[place, 1]
        value = filters[place, 2]
        if test == codes.FILTER_AT_LEAST:
            holds = figure >= value - TOLERANCE
        elif test == codes.FILTER_AT_MOST:
            holds = figure <= value + TOLERANCE
        else:
            holds = abs(figure - value) <= TOLERANCE
        if not holds:
            return False
    return True


@numba.njit(**_JIT)
def tier(row, out, day1, stresses_passed, limits):
    """Tier code of a structure; `day1` [money] counts against senior + mezzanine + equity."""
    if out[f.GATE_A_FAILED, row] != 0.0 or out[f.GATE_B_FAILED, row] != 0.0:
        return codes.TIER_NOT_VIABLE
    if out[f.STATUS, row] != codes.OK:
        return codes.TIER_NOT_VIABLE
    coverage = out[f.FULL_COVERAGE, row] + TOLERANCE
    if not coverage >= limits[r.SILVER_COVERAGE]:
        return codes.TIER_BRONZE
    rating = out[f.SENIOR_RATING, row]
    financing = out[f.SENIOR_NOTIONAL, row] + out[f.MEZZ_NOTIONAL, row]
    financing += out[f.EQUITY_NOTIONAL, row]
    day1_pct = 100.0 * day1 / financing
    day1_pct += TOLERANCE
    sound = stresses_passed or limits[r.DIAMOND_NEEDS_STRESSES] == 0.0
    sound = sound and (out[f.REPO_ELIGIBLE, row] == 1.0 or limits[r.DIAMOND_NEEDS_REPO] == 0.0)
    sound = sound and coverage >= limits[r.DIAMOND_COVERAGE]
    sound = sound and rating >= limits[r.DIAMOND_MIN_RATING]
    if sound and day1_pct >= limits[r.DIAMOND_DAY1_PCT]:
        return codes.TIER_DIAMOND
    sound = stresses_passed or limits[r.GOLD_NEEDS_STRESSES] == 0.0
    sound = sound and coverage >= limits[r.GOLD_COVERAGE]
    sound = sound and rating >= limits[r.GOLD_MIN_RATING]
    if sound and day1_pct >= limits[r.GOLD_DAY1_PCT]:
        return codes.TIER_GOLD
    if rating >= limits[r.SILVER_MIN_RATING]:
        return codes.TIER_SILVER
    return codes.TIER_NOT_VIABLE
