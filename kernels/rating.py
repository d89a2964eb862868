"""Ratings and repo eligibility of one structure.

matrix (coverage and LTV legs) -> wrap -> tenant below its floor -> tenant concentration. Source:
the model's section 6. Ratings are their number (AAA 6 … B 1); notch numbers run from AAA 1
downwards. Every test carries TOLERANCE, since debt sized to a target sits exactly on it.
"""

import numba
import numpy as np

from kernels import codes
from kernels import layout as x
from kernels import rules as r

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}
TOLERANCE = 1e-9


@numba.njit(**_JIT)
def by_matrix(dscr, ltv_pct, shift, rules):
    """Best rating whose coverage [x] and LTV [%] legs hold; B has neither."""
    for rating in range(x.RATING_AAA, x.RATING_B, -1):
        covered = dscr >= rules[r.MATRIX_DSCR + rating] + shift - TOLERANCE
        if covered and ltv_pct <= rules[r.MATRIX_LTV_PCT + rating] + TOLERANCE:
            return rating
    return x.RATING_B


@numba.njit(**_JIT)
def by_wrap(dscr, ltv_pct, shift, insurer_notch, rules):
    """Best rating a wrap by this insurer lifts to, 0 if none."""
    for rating in range(x.RATING_AAA, x.RATING_B, -1):
        needed = rules[r.WRAP_INSURER_NOTCH + rating]
        if needed == 0.0 or insurer_notch > needed:
            continue
        relieved = rules[r.MATRIX_DSCR + rating] + shift - rules[r.WRAP_RELIEF + rating]
        if dscr >= relieved - TOLERANCE and ltv_pct <= rules[r.MATRIX_LTV_PCT + rating] + TOLERANCE:
            return rating
    return x.UNRATED


@numba.njit(**_JIT)
def mezz_rating(inputs, row, cover, shift, rules):
    """Rating of the mezzanine by its coverage [x] alone; a wrap of the whole stack lifts it too."""
    rating = by_matrix(cover, -np.inf, shift, rules)
    if inputs[x.WRAP_TYPE, row] == x.WRAP_WHOLE_STACK:
        lifted = by_wrap(cover, -np.inf, shift, inputs[x.INSURER_NOTCH, row], rules)
        rating = max(rating, lifted)
    return rating


@numba.njit(**_JIT)
def wrap_relief(inputs, row, rating, rules):
    """Coverage relief [x] at `rating` by the row's wrap; 0 without a sufficient insurer."""
    needed = rules[r.WRAP_INSURER_NOTCH + rating]
    if inputs[x.WRAP_TYPE, row] == x.WRAP_NONE or needed == 0.0:
        return 0.0
    return rules[r.WRAP_RELIEF + rating] if inputs[x.INSURER_NOTCH, row] <= needed else 0.0


@numba.njit(**_JIT)
def category_of_notch(notch):
    """Rating a notch number belongs to: AA+, AA and AA- are AA; below B- is B."""
    if notch <= 1.0:
        return x.RATING_AAA
    return max(x.RATING_B, x.RATING_AA - int((notch - 2.0) // 3.0))


@numba.njit(**_JIT)
def rating_of_mean_notch(mean_notch, rules):
    """Rating whose middle notch is nearest to `mean_notch`; the weaker on a tie."""
    best = x.RATING_B
    for rating in range(x.RATING_B + 1, x.RATING_AAA + 1):
        if abs(rules[r.NOTCH + rating] - mean_notch) < abs(rules[r.NOTCH + best] - mean_notch):
            best = rating
    return best


@numba.njit(**_JIT)
def senior_rating(inputs, row, dscr, ltv_pct, rules):
    """(matrix rating, final rating, concentration breached) of sized senior debt.

    The final one is before a rule of Gate B takes it down, see kernels.gates.take_down.
    """
    shift = rules[r.MATRIX_SHIFT + int(inputs[x.HAIRCUT_RULE_SET, row])]
    matrix = by_matrix(dscr, ltv_pct, shift, rules)
    rating = matrix
    wrapped = inputs[x.WRAP_TYPE, row] != x.WRAP_NONE
    if wrapped:
        rating = max(rating, by_wrap(dscr, ltv_pct, shift, inputs[x.INSURER_NOTCH, row], rules))
    tenant = inputs[x.TENANT_NOTCH, row]
    if tenant == 0.0:
        return matrix, rating, False
    if tenant > inputs[x.TENANT_NOTCH_FLOOR, row]:
        rating = max(x.RATING_B, rating - 1)
    share = inputs[x.TENANT_SHARE_PCT, row]
    breached = share > inputs[x.CONCENTRATION_LIMIT_PCT, row] + TOLERANCE
    breached = breached or share > rules[r.CONCENTRATION_MAX_PCT + rating] + TOLERANCE
    breached = breached or tenant > rules[r.CONCENTRATION_TENANT_NOTCH + rating]
    enhanced = wrapped
    enhanced = enhanced or inputs[x.DSRA_MONTHS, row] >= rules[r.ENHANCEMENT_DSRA_MONTHS]
    enhanced = enhanced or tenant <= rules[r.ENHANCEMENT_TENANT_NOTCH]
    if breached and not enhanced and rules[r.TENANT_SHARE_CAPS] == 1.0:
        rating = min(rating, category_of_notch(tenant))
    return matrix, rating, breached


@numba.njit(**_JIT)
def repo_failed_legs(inputs, row, rating, dscr, wal_years, advance_pct, rules):
    """Bit mask of the repo legs that fail; NaN coverage or life fails its leg.

    rating [number, 0 without debt], dscr [x], wal_years [years], advance_pct [%]. The legs of
    RK-REPO-001 are left out where that rule is off.
    """
    tenor = inputs[x.SENIOR_TENOR_YEARS, row]
    failed = 0
    if inputs[x.REPO_FLAG, row] != 1.0:
        failed |= 1 << codes.REPO_FLAG_OFF
    if not wal_years <= inputs[x.MAX_SENIOR_WAL_YEARS, row] + TOLERANCE:
        failed |= 1 << codes.REPO_WAL
    if inputs[x.JURISDICTION_ELIGIBILITY, row] != x.ELIGIBLE_CB:
        failed |= 1 << codes.REPO_JURISDICTION
    if tenor > inputs[x.LEASE_YEARS, row] + TOLERANCE:
        failed |= 1 << codes.REPO_TENOR_OVER_LEASE
    if rules[r.REPO_NEEDS_HAIRCUT] == 1.0 and np.isnan(repo_haircut_pct(rating, tenor, rules)):
        failed |= 1 << codes.REPO_NOT_FINANCEABLE
    if rules[r.REPO_ACTION] == r.ACTION_OFF:
        return failed
    if rating < rules[r.REPO_MIN_RATING]:
        failed |= 1 << codes.REPO_RATING
    if not dscr >= rules[r.REPO_MIN_DSCR] - TOLERANCE:
        failed |= 1 << codes.REPO_DSCR
    place = int(inputs[x.JURISDICTION, row])
    if rules[r.BANK_CURRENCY + place] < 0.0:
        return failed | 1 << codes.REPO_NO_CENTRAL_BANK
    if rating < rules[r.BANK_MIN_RATING + place]:
        failed |= 1 << codes.REPO_BANK_RATING
    if tenor > rules[r.BANK_MAX_TENOR_YEARS + place] + TOLERANCE:
        failed |= 1 << codes.REPO_BANK_TENOR
    if advance_pct > rules[r.BANK_MAX_ADVANCE_PCT + place] + TOLERANCE:
        failed |= 1 << codes.REPO_BANK_ADVANCE
    if inputs[x.CURRENCY, row] != rules[r.BANK_CURRENCY + place]:
        failed |= 1 << codes.REPO_BANK_CURRENCY
    if place == x.EU and inputs[x.TRUE_SALE, row] != 1.0:
        failed |= 1 << codes.REPO_TRUE_SALE
    if place == x.UK and inputs[x.GOVERNING_LAW_OK, row] != 1.0:
        failed |= 1 << codes.REPO_GOVERNING_LAW
    if place == x.US and inputs[x.RULE_144A, row] != 1.0:
        failed |= 1 << codes.REPO_144A
    return failed


@numba.njit(**_JIT)
def is_repo_eligible(failed_legs, rules):
    """Whether the failed legs leave a structure eligible: those of a rule that warns do."""
    if rules[r.REPO_ACTION] == r.ACTION_WARN:
        return failed_legs & ~codes.REPO_RULE_LEGS == 0
    return failed_legs == 0


@numba.njit(**_JIT)
def repo_haircut_pct(rating, tenor_years, rules):
    """Haircut [%] of RK-REPO-002; NaN where paper of that rating and tenor is not financeable."""
    for bucket in range(r.N_HAIRCUT_BUCKETS):
        if tenor_years <= rules[r.HAIRCUT_TENOR_YEARS + bucket]:
            return rules[r.HAIRCUT_PCT + 3 * rating + bucket]
    return np.nan
