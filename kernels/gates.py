"""Gate A (feasibility) and Gate B (credit): every test, its bit when it fails.

Source: the model's section 10. Figures come from the row's column of the output matrix
(kernels.figures); a coverage that is undefined fails its minimum. A rule switched off sets no bit,
a rule that warns sets its bit among the warnings, and so does one that downgrades: it takes the
senior rating down by a category besides. Tests carry TOLERANCE in the structure's favour.
"""

import numba
import numpy as np

from kernels import codes
from kernels import figures as f
from kernels import layout as x
from kernels import rules as r
from kernels.rating import TOLERANCE, by_wrap, wrap_relief

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}


@numba.njit(**_JIT)
def _bit(reason, failed):
    return 1 << reason if failed else 0


@numba.njit(**_JIT)
def advance_limit_pct(inputs, row, rules):
    """Most senior debt over market cost [%] for the target rating and jurisdiction."""
    target = int(inputs[x.SENIOR_RATING_TARGET, row])
    return (
        rules[r.ADVANCE_MAX_PCT + target]
        * rules[r.ADVANCE_MODIFIER + int(inputs[x.JURISDICTION, row])]
    )


@numba.njit(**_JIT)
def benchmark_coupon_pct(inputs, row, market):
    """Zero rate at the anchor on the shifted curve plus the spread of the target rating [%]."""
    target = int(inputs[x.SENIOR_RATING_TARGET, row])
    spread_row = x.SPREAD_AAA_BPS + (x.RATING_AAA - target)
    zero = market[r.ANCHOR_ZERO_PCT + int(inputs[x.CURVE_ANCHOR, row])]
    return zero + (inputs[x.CURVE_SHIFT_BPS, row] + inputs[spread_row, row]) / 100.0


@numba.njit(**_JIT)
def gate_a(inputs, row, out, rules, market):
    """Bit mask of the Gate A tests that fail in column `row` of `out` (N_FIGURES, rows)."""
    if out[f.STATUS, row] == codes.INVALID_STRUCTURE:
        return _bit(codes.MATH_ERROR, True)
    target = int(inputs[x.SENIOR_RATING_TARGET, row])
    asset_type = int(inputs[x.ASSET_TYPE, row])
    failed = 0

    short = not out[f.CAPEX_COVERAGE, row] >= rules[r.CAPEX_COVERAGE_MIN] - TOLERANCE
    failed |= _bit(codes.INSUFFICIENT_CAPITAL, short)

    by_lease = inputs[x.LEASE_YEARS, row] - rules[r.LEASE_TAIL_YEARS]
    longest = min(by_lease, rules[r.TENOR_MAX_YEARS + 3 * target + asset_type])
    too_long = inputs[x.SENIOR_TENOR_YEARS, row] > longest + TOLERANCE
    failed |= _bit(codes.TENOR_EXCEEDS_LIMIT, too_long)

    over = out[f.SENIOR_LTV_PCT, row] > advance_limit_pct(inputs, row, rules) + TOLERANCE
    failed |= _bit(codes.ADVANCE_FACTOR_BREACH, over)

    off_market = inputs[x.SENIOR_COUPON_PCT, row] - benchmark_coupon_pct(inputs, row, market)
    outside = abs(off_market) * 100.0 > rules[r.COUPON_BAND_BPS] + TOLERANCE
    failed |= _bit(codes.COUPON_OUT_OF_MARKET, outside)

    cost = out[f.TOTAL_COST, row]
    senior = out[f.SENIOR_NOTIONAL, row]
    mezz = out[f.MEZZ_NOTIONAL, row]
    rest = rules[r.MEZZ_MAX_SHARE_OF_REST] * (cost - senior)
    gap = abs(senior + mezz + out[f.EQUITY_NOTIONAL, row] - cost)
    sound = cost > 0.0 and senior <= cost * (1.0 + TOLERANCE)
    sound = sound and mezz <= rest + 1e-6 and gap <= 1e-6 * max(1.0, cost)
    return failed | _bit(codes.MATH_ERROR, not sound)


@numba.njit(**_JIT)
def stress_breached(row, out, rules):
    """Whether a Gate B stress falls under RK-DSCR-002, or an early year under the quick floor."""
    rating = out[f.SENIOR_RATING, row]
    if np.isnan(rating):
        return True
    floor = rules[r.STRESS_FLOOR + int(rating)] - TOLERANCE
    quick = rules[r.QUICK_STRESS_DSCR] - TOLERANCE
    breached = not out[f.DSCR_CPI_0, row] >= floor
    breached = breached or not out[f.DSCR_RATE_200, row] >= floor
    breached = breached or not out[f.DSCR_COMBINED, row] >= floor
    # no test month in the early years leaves these undefined, which is no breach
    breached = breached or out[f.DSCR_CPI_0_EARLY, row] < quick
    return breached or out[f.DSCR_RATE_100_EARLY, row] < quick


@numba.njit(**_JIT)
def gate_b(inputs, row, out, rules):
    """Bit mask of the Gate B tests that fail in column `row` of `out` (N_FIGURES, rows)."""
    if out[f.STATUS, row] == codes.INVALID_STRUCTURE:
        return 0
    target = int(inputs[x.SENIOR_RATING_TARGET, row])
    place = int(inputs[x.JURISDICTION, row])
    dscr = out[f.DSCR_MIN, row]
    rating = out[f.SENIOR_RATING, row]
    failed = 0

    floor = rules[r.DSCR_FLOOR + 4 * target + place] - wrap_relief(inputs, row, target, rules)
    failed |= _bit(codes.DSCR_BELOW_MINIMUM, not dscr >= floor - TOLERANCE)

    low = True
    if not np.isnan(rating):
        below = rules[r.NOTCH + int(rating)] - rules[r.NOTCH + target]
        low = below > rules[r.RATING_NOTCH_TOLERANCE]
    failed |= _bit(codes.RATING_BELOW_TARGET, low)

    mezz_rating = out[f.MEZZ_RATING, row]
    mezz_target = int(inputs[x.MEZZ_RATING_TARGET, row])
    if not np.isnan(mezz_rating) and mezz_target != x.UNRATED:
        below = rules[r.NOTCH + int(mezz_rating)] - rules[r.NOTCH + mezz_target]
        low = below > rules[r.MEZZ_RATING_NOTCH_TOLERANCE]
        failed |= _bit(codes.MEZZ_RATING_BELOW_TARGET, low)

    cost = out[f.TOTAL_COST, row]
    debt = out[f.SENIOR_NOTIONAL, row] + out[f.MEZZ_NOTIONAL, row]
    high = 100.0 * debt / cost > rules[r.DEBT_MAX_PCT] + TOLERANCE
    failed |= _bit(codes.LEVERAGE_TOO_HIGH, high)
    first_loss = 100.0 * out[f.EQUITY_NOTIONAL, row] / cost
    short = first_loss < inputs[x.FIRST_LOSS_PCT, row] - TOLERANCE
    failed |= _bit(codes.FIRST_LOSS_SHORTFALL, short)
    icr_short = not out[f.ICR_MIN, row] >= rules[r.ICR_FLOOR] - TOLERANCE
    failed |= _bit(codes.ICR_BELOW_MINIMUM, icr_short)
    fccr_short = not out[f.FCCR_MIN, row] >= rules[r.FCCR_FLOOR] - TOLERANCE
    failed |= _bit(codes.FCCR_BELOW_MINIMUM, fccr_short)

    failed |= _bit(codes.STRESS_DSCR_BREACH, stress_breached(row, out, rules))

    longest = inputs[x.MAX_SENIOR_WAL_YEARS, row] + TOLERANCE
    failed |= _bit(codes.WAL_EXCEEDS_LIMIT, out[f.SENIOR_WAL, row] > longest)

    balloon = out[f.BALLOON_PCT, row]
    failed |= _bit(
        codes.BALLOON_EXCEEDS_LIMIT, balloon > rules[r.BALLOON_MAX_PCT + target] + TOLERANCE
    )
    pace = (100.0 - balloon) / inputs[x.SENIOR_TENOR_YEARS, row]
    slow = pace < rules[r.AMORT_MIN_PCT + target] - TOLERANCE
    grows = out[f.PEAK_BALANCE, row] > out[f.SENIOR_NOTIONAL, row] * (1.0 + TOLERANCE)
    return failed | _bit(codes.AMORTISATION_TOO_SLOW, slow or grows)


@numba.njit(**_JIT)
def take_down(inputs, row, out, concentrated, rules):
    """Lower SENIOR_RATING of `row` by one category if a rule that downgrades is broken.

    One category in all, however many such rules are broken, and not under B. Returns the bit mask
    of the warnings that say so, and of the tenant concentration.
    """
    told = _bit(codes.WARN_CONCENTRATION, concentrated)
    failed = gate_b(inputs, row, out, rules)
    lowered = inputs[x.GEO_CONCENTRATION, row] == 1.0 and rules[r.LOCATIONS_DOWNGRADE] == 1.0
    for reason in range(codes.N_GATE_A_REASONS, codes.N_REASONS):
        if failed >> reason & 1 and rules[r.ACTIONS + reason] == r.ACTION_DOWNGRADE:
            told |= 1 << reason
            lowered = True
    if lowered:
        out[f.SENIOR_RATING, row] = max(float(x.RATING_B), out[f.SENIOR_RATING, row] - 1.0)
        told |= 1 << codes.WARN_RATING_DOWNGRADED
    return told


@numba.njit(**_JIT)
def warnings(inputs, row, out, told, rules):
    """Bit mask of the warnings that are no rule's rejection; `told` are those of take_down."""
    if out[f.STATUS, row] == codes.INVALID_STRUCTURE:
        return 0
    target = int(inputs[x.SENIOR_RATING_TARGET, row])
    place = int(inputs[x.JURISDICTION, row])
    floor = rules[r.DSCR_FLOOR + 4 * target + place] - wrap_relief(inputs, row, target, rules)
    rating = out[f.SENIOR_RATING, row]
    raised = told
    marginal = out[f.DSCR_MIN, row] < floor + rules[r.MARGINAL_DSCR_HEADROOM] - TOLERANCE
    raised |= _bit(codes.WARN_MARGINAL_CREDIT, marginal)
    raised |= _bit(codes.WARN_LIMITED_UNIVERSE, rating < rules[r.UNIVERSE_MIN_RATING])
    complex_ = out[f.DERIVATIVES, row] > rules[r.MAX_SIMPLE_DERIVATIVES]
    raised |= _bit(codes.WARN_HIGH_COMPLEXITY, complex_)
    debt = out[f.SENIOR_NOTIONAL, row] + out[f.MEZZ_NOTIONAL, row]
    low = 100.0 * debt / out[f.TOTAL_COST, row] < rules[r.DEBT_LOW_PCT] - TOLERANCE
    raised |= _bit(codes.WARN_LEVERAGE_LOW, low)
    raised |= _bit(codes.WARN_GEO_CONCENTRATION, inputs[x.GEO_CONCENTRATION, row] == 1.0)
    early = inputs[x.MEZZ_TENOR_YEARS, row] < inputs[x.SENIOR_TENOR_YEARS, row]
    early = early and out[f.MEZZ_NOTIONAL, row] > 0.0 and out[f.SENIOR_NOTIONAL, row] > 0.0
    raised |= _bit(codes.WARN_MEZZ_BEFORE_SENIOR, early)
    if inputs[x.WRAP_TYPE, row] != x.WRAP_NONE and not np.isnan(rating):
        premium = inputs[x.WRAP_PREMIUM_BPS, row]
        shift = rules[r.MATRIX_SHIFT + int(inputs[x.HAIRCUT_RULE_SET, row])]
        insurer = inputs[x.INSURER_NOTCH, row]
        lifted = by_wrap(out[f.DSCR_MIN, row], out[f.SENIOR_LTV_PCT, row], shift, insurer, rules)
        low_bps = rules[r.WRAP_COST_LOW_BPS + int(lifted)]
        off = premium < low_bps or premium > rules[r.WRAP_COST_HIGH_BPS + int(lifted)]
        raised |= _bit(codes.WARN_WRAP_COST, off)
    return raised


@numba.njit(**_JIT)
def split_by_action(failed, rules):
    """(rejecting bits, warning bits) of the failed tests, by each rule's action."""
    rejects = 0
    warns = 0
    for reason in range(codes.N_REASONS):
        if failed >> reason & 1:
            if rules[r.ACTIONS + reason] == r.ACTION_REJECT:
                rejects |= 1 << reason
            elif rules[r.ACTIONS + reason] != r.ACTION_OFF:
                warns |= 1 << reason
    return rejects, warns
