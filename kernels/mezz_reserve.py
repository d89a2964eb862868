"""The mezzanine's own reserve: months of its scheduled service, filled behind its fees.

    target = months held x (interest + scheduled principal of the month)  while the loan runs

It pays what cash does not of mezzanine interest, principal and balloon, and is set free to the
steps behind once the loan is repaid and nothing before them is late or held back. Works on the
buffer of kernels.waterfall, between its steps, where any column of a block asks for one: other
blocks do nothing here. Source: the model's section 8, "mezzanine fees and reserve"; rules ours.
"""

import numba

from kernels.waterfall_slots import *

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}


@numba.njit(**_JIT)
def is_asked_for(s):
    """Whether any column of `s` asks for a reserve: the same for every month of a life."""
    b = BLOCK
    most = 0.0
    for c in range(BLOCK):
        most = max(most, s[MEZZ_RESERVE_MONTHS * b + c])
    return most > 0.0


@numba.njit(**_JIT)
def rests(s, month):
    """Whether no reserve has to be filled or set free in a month without trouble."""
    b = BLOCK
    restless = 0.0
    for c in range(BLOCK):
        reserve = s[MEZZ_RESERVE * b + c]
        service = s[PAID_MEZZ_INTEREST * b + c] + s[PAID_MEZZ_PRINCIPAL * b + c]
        target = s[MEZZ_RESERVE_MONTHS * b + c] * service
        over = reserve if month > s[MEZZ_MATURITY * b + c] else 0.0
        missing = target - reserve if target - reserve > TOLERANCE * target else 0.0
        restless = max(restless, over + missing)
        s[FROM_MEZZ_RESERVE * b + c] = 0.0
        s[TO_MEZZ_RESERVE * b + c] = 0.0
    return restless == 0.0


@numba.njit(**_JIT)
def note_opening(s):
    """Keep what the mezzanine's turn changes and `use` asks for."""
    b = BLOCK
    for c in range(BLOCK):
        s[MEZZ_OPENING * b + c] = s[MEZZ_OWED * b + c]
        s[PUT_IN_BEFORE * b + c] = s[EQUITY_IN * b + c]


@numba.njit(**_JIT)
def use(s, month):
    """Pay interest, principal and balloon that cash did not; then top up, or set free.

    Principal that has to wait is not drawn for.
    """
    b = BLOCK
    for c in range(BLOCK):
        reserve = s[MEZZ_RESERVE * b + c]
        cash = s[CASH * b + c]
        late_interest = s[MEZZ_INTEREST_LATE * b + c]
        late_principal = s[MEZZ_LATE * b + c]
        may_pay = 1.0 - s[MEZZ_WAITS * b + c]
        for_interest = min(late_interest, reserve)
        reserve = reserve - for_interest
        for_principal = min(may_pay * late_principal, reserve)
        reserve = reserve - for_principal
        late_interest = late_interest - for_interest
        late_principal = late_principal - for_principal
        put_in = s[EQUITY_IN * b + c]
        for_balloon = min(max(0.0, put_in - s[PUT_IN_BEFORE * b + c]), reserve)
        reserve = reserve - for_balloon

        in_window = 1.0 if month <= s[MEZZ_WINDOW * b + c] else 0.0
        service = (1.0 - in_window) * s[MEZZ_ACCRUED * b + c]
        service = service + s[MEZZ_SHARE * b + c] * s[MEZZ_OPENING * b + c]
        target = s[MEZZ_RESERVE_MONTHS * b + c] * service
        target = target if month < s[MEZZ_MATURITY * b + c] else 0.0
        missing = target - reserve if target - reserve > TOLERANCE * target else 0.0
        top_up = min(cash, missing)
        reserve = reserve + top_up

        left = s[MEZZ_OWED * b + c] + late_interest + late_principal + s[MEZZ_FEES_LATE * b + c]
        repaid = 1.0 if left <= TOLERANCE * reserve else 0.0
        senior = s[SENIOR_OWED * b + c] + s[SENIOR_LATE * b + c]
        covered = s[VALUE * b + c] - senior >= s[OC_FLOOR * b + c] * senior - TOLERANCE
        held = s[TRAP_ON * b + c] * s[TRAP_AHEAD_OF_MEZZ * b + c]
        held = held if covered else 1.0
        held = held * (1.0 if senior > s[NEGLIGIBLE * b + c] else 0.0)
        clear = s[CURRENT * b + c] * (1.0 - held)
        clear = clear if s[COSTS_LATE * b + c] <= s[NEGLIGIBLE * b + c] else 0.0
        freed = repaid * clear * reserve

        s[MEZZ_RESERVE * b + c] = reserve - freed
        s[MEZZ_INTEREST_LATE * b + c] = late_interest
        s[MEZZ_LATE * b + c] = late_principal
        s[PAID_MEZZ_INTEREST * b + c] = s[PAID_MEZZ_INTEREST * b + c] + for_interest
        s[PAID_MEZZ_PRINCIPAL * b + c] = s[PAID_MEZZ_PRINCIPAL * b + c] + for_principal
        s[FROM_MEZZ_RESERVE * b + c] = for_interest + for_principal + for_balloon
        s[TO_MEZZ_RESERVE * b + c] = top_up
        s[EQUITY_IN * b + c] = put_in - for_balloon
        s[RELEASED * b + c] = s[RELEASED * b + c] + freed
        s[CASH * b + c] = cash - top_up + freed


@numba.njit(**_JIT)
def settled_at_the_end(s, c):
    """Debt left in column `c` [money], less a reserve never set free, which is then gone."""
    b = BLOCK
    debt = s[SENIOR_OWED * b + c] + s[SENIOR_LATE * b + c]
    debt += s[INTEREST_LATE * b + c] + s[FACILITY_DRAWN * b + c]
    debt += s[MEZZ_OWED * b + c] + s[MEZZ_LATE * b + c]
    debt += s[MEZZ_INTEREST_LATE * b + c]
    held = s[MEZZ_RESERVE * b + c]
    s[MEZZ_RESERVE * b + c] = 0.0
    return debt - held
