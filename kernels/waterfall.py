"""The monthly cash waterfall of a block of structures.

Cash goes down the steps of kernels.steps in order; what a step cannot be paid is drawn from the
rent-free reserve, trapped cash, the DSRA and the liquidity facility (down to senior principal), or
from the mezzanine's own reserve, then stays unpaid, is recorded and carried with interest. In every
month

    cash in + draws on the facility + equity put in + opening reserves
        = everything paid + closing reserves

Source: the model's section 8. Months count from COD, payments fall at month end on opening
balances, receipts come with their collection lag. Scheduled principal is a fraction `SENIOR_SHARE`
of the performing balance, so a prepaid loan keeps its shape and still ends at maturity.

One flat scratch buffer holds a block's terms, accounts and the month's flows, slot after slot of
BLOCK rows: the body then reads and writes one array at constant distances, which is what lets the
compiler run several rows in one instruction. Nothing in the loops branches on a row.
"""

import numba
import numpy as np

from kernels import mezz_reserve
from kernels.waterfall_slots import *

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}


@numba.njit(**_JIT)
def _share_fees(s, month):
    """Mezzanine's part of the fee line, by balances, in blocks where any row shares it."""
    b = BLOCK
    shares = 0.0
    for c in range(BLOCK):
        shares += s[FEES_SHARED * b + c]
    if shares == 0.0:
        for c in range(BLOCK):
            s[FEES_SHARED_DUE * b + c] = 0.0
        return
    for c in range(BLOCK):
        owed = s[SENIOR_OWED * b + c]
        mezz_owed = s[MEZZ_OWED * b + c]
        debt = owed + mezz_owed
        running = 1.0 if month <= s[MATURITY * b + c] else 0.0
        room = max(0.0, running * (s[FACILITY * b + c] - s[FACILITY_DRAWN * b + c]))
        fees = s[SENIOR_FEE * b + c] * owed + s[WRAP_ON_MEZZ * b + c] * mezz_owed
        fees = fees + s[FACILITY_FEE * b + c] * room
        part = mezz_owed / debt if debt > 0.0 else 0.0
        s[FEES_SHARED_DUE * b + c] = s[FEES_SHARED * b + c] * fees * part


@numba.njit(**_JIT)
def _draw(s, month, year_end):
    """What falls due down to senior principal, and the cash for it: receipts, then draws."""
    b = BLOCK
    _share_fees(s, month)
    for c in range(BLOCK):
        coupon = s[COUPON * b + c]
        owed = s[SENIOR_OWED * b + c]
        late_principal = s[SENIOR_LATE * b + c]
        late_interest = s[INTEREST_LATE * b + c]
        mezz_owed = s[MEZZ_OWED * b + c]
        reserve = s[RENT_FREE_RESERVE * b + c]
        trapped = s[TRAPPED * b + c]
        dsra = s[DSRA * b + c]
        opening = reserve + trapped + dsra
        in_reserve = opening + s[MEZZ_RESERVE * b + c]  # the mezzanine's own earns as well
        leased = 1.0 if month <= s[LEASE * b + c] else 0.0
        running = 1.0 if month <= s[MATURITY * b + c] else 0.0

        interest = coupon * owed
        scheduled = s[SENIOR_SHARE * b + c] * owed
        interest_due = interest + coupon * (late_principal + late_interest) + late_interest
        # a sculpted loan that grows pays out, and that is cash before anything is due
        lent = max(0.0, -scheduled)
        principal_due = scheduled + lent + late_principal
        room = max(0.0, running * (s[FACILITY * b + c] - s[FACILITY_DRAWN * b + c]))
        fees = s[SENIOR_FEE * b + c] * owed + s[WRAP_ON_MEZZ * b + c] * mezz_owed
        fees = fees + s[FACILITY_FEE * b + c] * room
        debt = owed + mezz_owed
        shared = s[FEES_SHARED_DUE * b + c]
        accrued = s[MEZZ_COUPON * b + c] * mezz_owed
        profit = s[PROFIT_OF_YEAR * b + c] + s[NET * b + c] - interest - accrued
        profit = profit - leased * s[DEPRECIATION * b + c]
        closes = max(year_end, 1.0 if month == s[LEASE * b + c] else 0.0)
        taxable = profit + s[LOSS_CARRIED * b + c]
        tax = closes * s[TAX_RATE * b + c] * max(0.0, taxable)
        s[LOSS_CARRIED * b + c] = min(0.0, taxable) if closes > 0.0 else s[LOSS_CARRIED * b + c]
        s[PROFIT_OF_YEAR * b + c] = 0.0 if closes > 0.0 else profit
        operating = s[COSTS * b + c] + leased * s[INSURANCE * b + c]
        operating = operating + s[MAINTENANCE * b + c] * s[GROSS * b + c] + tax
        operating = operating + s[COSTS_LATE * b + c]
        senior_fees = fees - shared
        swap = s[SWAP * b + c]
        swap_due = max(0.0, -swap) + s[HEDGE * b + c] * debt
        need = operating + senior_fees + interest_due + swap_due + principal_due

        received = s[CASH_IN * b + c] + s[REINVESTMENT * b + c] * in_reserve
        received = received + max(0.0, swap) + lent
        # alongside: the mezzanine's share of the project's own cash for principal, by what is due
        alongside = s[MEZZ_SHARE * b + c] * mezz_owed + s[MEZZ_LATE * b + c]
        alongside = (1.0 - s[MEZZ_NEEDS_CURRENT * b + c]) * alongside
        both = principal_due + alongside
        part = alongside / both if both > 0.0 else 0.0
        aside = min(alongside, part * max(0.0, received - (need - principal_due)))
        at_hand = received - aside
        short = max(0.0, need - at_hand)
        from_reserve = min(short, reserve)
        from_trapped = min(max(0.0, short - reserve), trapped)
        from_dsra = min(max(0.0, short - (reserve + trapped)), dsra)
        from_facility = min(max(0.0, short - opening), room)

        s[NEGLIGIBLE * b + c] = TOLERANCE * need
        s[OPENING_RESERVES * b + c] = in_reserve
        s[RECEIVED * b + c] = received
        s[OPERATING_DUE * b + c] = operating
        s[FEES_DUE * b + c] = senior_fees
        s[FEES_ALL * b + c] = fees
        s[INTEREST * b + c] = interest
        s[INTEREST_DUE * b + c] = interest_due
        s[SWAP_DUE * b + c] = swap_due
        s[SCHEDULED * b + c] = scheduled
        s[PRINCIPAL_DUE * b + c] = principal_due
        s[MEZZ_ACCRUED * b + c] = accrued
        s[TAX * b + c] = tax
        s[FROM_RENT_FREE_RESERVE * b + c] = from_reserve
        s[FROM_TRAPPED * b + c] = from_trapped
        s[FROM_DSRA * b + c] = from_dsra
        s[FROM_FACILITY * b + c] = from_facility
        s[RENT_FREE_RESERVE * b + c] = reserve - from_reserve
        s[TRAPPED * b + c] = trapped - from_trapped
        s[DSRA * b + c] = dsra - from_dsra
        s[FACILITY_DRAWN * b + c] = s[FACILITY_DRAWN * b + c] + from_facility
        s[SET_ASIDE * b + c] = aside
        s[CASH * b + c] = at_hand + (from_reserve + from_trapped) + (from_dsra + from_facility)


@numba.njit(**_JIT)
def _pay_senior(s, month):
    """Operating costs to senior principal, balloon, facility, DSRA; reserves set free at the end.

    Dues are summed and each step's shortfall taken from the sum: the steps do not wait for one
    another, and a step paid in full is unpaid by exactly nought.
    """
    b = BLOCK
    for c in range(BLOCK):
        maturity = s[MATURITY * b + c]
        matures = 1.0 if month == maturity else 0.0
        running = 1.0 if month <= maturity else 0.0
        over = 1.0 if month >= maturity else 0.0
        operating = s[OPERATING_DUE * b + c]
        fees = s[FEES_DUE * b + c]
        interest_due = s[INTEREST_DUE * b + c]
        swap_due = s[SWAP_DUE * b + c]
        principal_due = s[PRINCIPAL_DUE * b + c]
        dsra = s[DSRA * b + c]
        trapped = s[TRAPPED * b + c]
        reserve = s[RENT_FREE_RESERVE * b + c]
        cash = s[CASH * b + c]

        by_fees = operating + fees
        by_interest = by_fees + interest_due
        by_swap = by_interest + swap_due
        unpaid_operating = max(0.0, operating - cash)
        unpaid_fees = max(0.0, min(fees, by_fees - cash))
        late_interest = max(0.0, min(interest_due, by_interest - cash))
        unpaid_swap = max(0.0, min(swap_due, by_swap - cash))
        service = s[INTEREST * b + c] + s[SCHEDULED * b + c]
        target = s[DSRA_MONTHS * b + c] * service * (running - matures)
        missing = target - dsra if target - dsra > TOLERANCE * target else 0.0
        for_principal = max(0.0, cash - by_swap)
        first = s[RESERVE_FIRST * b + c] * min(for_principal, missing)
        for_principal = for_principal - first
        late_principal = max(0.0, principal_due - for_principal)
        cash = max(0.0, for_principal - principal_due)
        unpaid = unpaid_operating + unpaid_fees + unpaid_swap
        arrears = late_interest + late_principal
        current = 1.0 if arrears <= s[NEGLIGIBLE * b + c] else 0.0
        owed = s[SENIOR_OWED * b + c] - s[SCHEDULED * b + c]

        # a balloon is met by cash at hand, trapped cash and the DSRA, then by equity
        balloon = matures * s[BALLOON * b + c] * owed
        by_cash = min(cash, balloon)
        by_trapped = min(trapped, balloon - by_cash)
        by_dsra = min(dsra, balloon - by_cash - by_trapped)
        cash = cash - by_cash
        trapped = trapped - by_trapped
        dsra = dsra - by_dsra

        # what was drawn this month costs from the next
        drawn = s[FACILITY_DRAWN * b + c]
        drawn_before = drawn - s[FROM_FACILITY * b + c]
        facility_due = drawn + s[FACILITY_RATE * b + c] * drawn_before
        paid_facility = min(cash, facility_due)
        cash = cash - paid_facility
        top_up = min(cash, missing - first)
        cash = cash - top_up
        dsra = dsra + first + top_up

        # what the senior no longer needs is set free
        freed = over * (dsra + trapped)
        past_rent_free = (current if s[NET * b + c] > 0.0 else 0.0) * reserve
        past_rent_free = max(past_rent_free, over * reserve)

        s[COSTS_LATE * b + c] = unpaid * (1.0 + s[COUPON * b + c])
        s[INTEREST_LATE * b + c] = late_interest
        s[SENIOR_LATE * b + c] = late_principal
        s[SENIOR_OWED * b + c] = owed - balloon
        s[RENT_FREE_RESERVE * b + c] = reserve - past_rent_free
        s[DSRA * b + c] = dsra - over * dsra
        s[TRAPPED * b + c] = trapped - over * trapped
        s[FACILITY_DRAWN * b + c] = facility_due - paid_facility
        s[CURRENT * b + c] = current
        s[MISSING * b + c] = missing
        s[PAID_OPERATING * b + c] = operating - unpaid_operating
        s[PAID_FEES * b + c] = fees - unpaid_fees
        s[PAID_INTEREST * b + c] = interest_due - late_interest
        s[PAID_SWAP * b + c] = swap_due - unpaid_swap
        lent = max(0.0, -s[SCHEDULED * b + c])
        s[PAID_PRINCIPAL * b + c] = principal_due - late_principal - lent
        s[PAID_BALLOON * b + c] = balloon
        s[FROM_TRAPPED * b + c] = s[FROM_TRAPPED * b + c] + by_trapped
        s[FROM_DSRA * b + c] = s[FROM_DSRA * b + c] + by_dsra
        s[PAID_FACILITY * b + c] = paid_facility
        s[TO_DSRA * b + c] = first + top_up
        s[RELEASED * b + c] = freed
        s[EQUITY_IN * b + c] = balloon - by_cash - by_trapped - by_dsra
        s[CASH * b + c] = cash + freed + past_rent_free


@numba.njit(**_JIT)
def _test_covenant(s, month, test, first_test_month):
    """Covenant DSCR over its window; trap and turbo set in a test month, kept between tests."""
    b = BLOCK
    if test == 0.0:
        for c in range(BLOCK):
            running = 1.0 if month <= s[MATURITY * b + c] else 0.0
            service = s[INTEREST * b + c] + s[SCHEDULED * b + c] + s[MISSING * b + c]
            income = running * (s[NET * b + c] - s[FEES_ALL * b + c])
            turbo = running * s[TURBO_ON * b + c]
            s[TRAP_ON * b + c] = running * s[TRAP_ON * b + c]
            s[TURBO_ON * b + c] = turbo
            s[TURBO_NOW * b + c] = running * (1.0 if month >= s[TURBO_FROM * b + c] else turbo)
            s[TESTED * b + c] = 0.0
            s[COVENANT_DSCR * b + c] = np.nan
            s[COVENANT_INCOME * b + c] = s[COVENANT_INCOME * b + c] + income
            s[COVENANT_SERVICE * b + c] = s[COVENANT_SERVICE * b + c] + running * service
        return
    for c in range(BLOCK):
        running = 1.0 if month <= s[MATURITY * b + c] else 0.0
        service = s[INTEREST * b + c] + s[SCHEDULED * b + c] + s[MISSING * b + c]
        income = s[COVENANT_INCOME * b + c] + running * (s[NET * b + c] - s[FEES_ALL * b + c])
        service = s[COVENANT_SERVICE * b + c] + running * service
        window_service = service - s[SERVICE_BEFORE * b + c]
        ratio = (income - s[INCOME_BEFORE * b + c]) / window_service
        tested = test * running if month >= first_test_month else 0.0
        tested = tested if window_service > 0.0 else 0.0
        trap_hit = 1.0 if ratio < s[TRAP_BELOW * b + c] - TOLERANCE else 0.0
        turbo_hit = 1.0 if ratio < s[TURBO_BELOW * b + c] - TOLERANCE else 0.0
        trap = running * (trap_hit if tested > 0.0 else s[TRAP_ON * b + c])
        turbo = running * (turbo_hit if tested > 0.0 else s[TURBO_ON * b + c])
        clean = s[CLEAN_RUN * b + c]
        s[CLEAN_RUN * b + c] = (1.0 - trap_hit) * (clean + 1.0) if tested > 0.0 else clean
        s[TRAP_ON * b + c] = trap
        s[TURBO_ON * b + c] = turbo
        s[TURBO_NOW * b + c] = running * (1.0 if month >= s[TURBO_FROM * b + c] else turbo)
        s[TESTED * b + c] = tested
        s[COVENANT_DSCR * b + c] = ratio if tested > 0.0 else np.nan
        s[COVENANT_INCOME * b + c] = income
        s[COVENANT_SERVICE * b + c] = service


@numba.njit(**_JIT)
def _pay_mezzanine(s, month):
    """Release of trapped cash, then mezzanine interest, principal, fees and balloon.

    A trap ahead of the mezzanine, or thin collateral, holds all its cash back; while principal has
    to wait for collateral of its own, what its interest and fees leave is held back from equity.
    What a reserve adds to that is kernels.mezz_reserve's.
    """
    b = BLOCK
    for c in range(BLOCK):
        cash = s[CASH * b + c] + s[SET_ASIDE * b + c]
        mezz_owed = s[MEZZ_OWED * b + c]
        mezz_late = s[MEZZ_LATE * b + c]
        interest_late = s[MEZZ_INTEREST_LATE * b + c]
        senior = s[SENIOR_OWED * b + c] + s[SENIOR_LATE * b + c]
        covered = s[VALUE * b + c] - senior >= s[OC_FLOOR * b + c] * senior - TOLERANCE
        held = s[TRAP_ON * b + c] * s[TRAP_AHEAD_OF_MEZZ * b + c]
        held = held if covered else 1.0
        outstanding = 1.0 if senior > s[NEGLIGIBLE * b + c] else 0.0
        held = held * outstanding
        both = senior + mezz_owed + mezz_late
        covered = s[VALUE * b + c] - both >= s[OC_FLOOR * b + c] * both - TOLERANCE
        thin = s[MEZZ_NEEDS_COVER * b + c] * outstanding
        thin = 0.0 if covered else thin
        trap = s[TRAP_ON * b + c]
        lets_go = s[TESTED * b + c] if s[CLEAN_RUN * b + c] >= s[CLEAN_TESTS * b + c] else 0.0
        lets_go = lets_go * (1.0 - trap) * (1.0 - held) * s[CURRENT * b + c]
        released = lets_go * s[TRAPPED * b + c]
        cash = cash + released
        to_trap = held * cash
        cash = cash - to_trap

        in_window = 1.0 if month <= s[MEZZ_WINDOW * b + c] else 0.0
        matures = 1.0 if month == s[MEZZ_MATURITY * b + c] else 0.0
        accrued = s[MEZZ_ACCRUED * b + c]
        on_late = s[MEZZ_COUPON * b + c] * (mezz_late + interest_late)
        interest_due = (1.0 - in_window) * accrued + interest_late + on_late
        scheduled = s[MEZZ_SHARE * b + c] * mezz_owed
        principal_due = scheduled + mezz_late
        waits = max(thin, s[MEZZ_NEEDS_CURRENT * b + c] * (1.0 - s[CURRENT * b + c]))
        may_pay = (1.0 - waits) * principal_due
        fees_due = s[MEZZ_FEE * b + c] * mezz_owed + s[FEES_SHARED_DUE * b + c]
        fees_due = fees_due + s[MEZZ_FEES_LATE * b + c]
        by_principal = interest_due + may_pay
        by_fees = by_principal + fees_due
        unpaid_interest = max(0.0, interest_due - cash)
        unpaid_principal = max(0.0, min(may_pay, by_principal - cash))
        unpaid_fees = max(0.0, min(fees_due, by_fees - cash))
        cash = max(0.0, cash - by_fees)
        kept = thin * cash if principal_due > 0.0 else 0.0
        cash = cash - kept
        paid_principal = may_pay - unpaid_principal
        mezz_owed = mezz_owed + in_window * accrued - scheduled
        balloon = matures * s[MEZZ_BALLOON * b + c] * mezz_owed
        by_cash = min(cash, balloon)

        s[MEZZ_OWED * b + c] = mezz_owed - balloon
        s[MEZZ_LATE * b + c] = principal_due - paid_principal
        s[MEZZ_INTEREST_LATE * b + c] = unpaid_interest
        s[MEZZ_FEES_LATE * b + c] = unpaid_fees
        s[PAID_MEZZ_INTEREST * b + c] = interest_due - unpaid_interest
        s[PAID_MEZZ_PRINCIPAL * b + c] = paid_principal + balloon
        s[PAID_MEZZ_FEES * b + c] = fees_due - unpaid_fees
        s[EQUITY_IN * b + c] = s[EQUITY_IN * b + c] + balloon - by_cash
        s[TRAPPED * b + c] = s[TRAPPED * b + c] - released
        s[RELEASED * b + c] = s[RELEASED * b + c] + released
        s[TO_TRAP * b + c] = to_trap + kept
        s[MEZZ_WAITS * b + c] = waits
        s[CASH * b + c] = cash - by_cash


@numba.njit(**_JIT)
def _pay_equity(s, month):
    """Turbo, trap and pay-down; then subordinated hedging, and equity has the rest."""
    b = BLOCK
    for c in range(BLOCK):
        cash = s[CASH * b + c]
        owed = s[SENIOR_OWED * b + c]
        tested = s[TESTED * b + c]
        trap = s[TRAP_ON * b + c]
        penalty = 1.0 + s[PENALTY * b + c]
        per_cash = s[PREPAID_PER_CASH * b + c]
        prepaid = min(s[TURBO_NOW * b + c] * cash * per_cash, owed)
        cash = cash - prepaid * penalty
        trapping = trap * s[TRAP_SHARE * b + c] * cash
        cash = cash - trapping
        to_trap = s[TO_TRAP * b + c] + trapping
        trapped = s[TRAPPED * b + c] + to_trap
        pays_down = tested * s[EXCESS_PAYS_DOWN * b + c]
        from_trap = min(pays_down * trapped * per_cash, owed - prepaid)
        trapped = trapped - from_trap * penalty
        prepaid = prepaid + from_trap
        fee = s[TRS_FEE * b + c] if month <= s[TRS_MONTHS * b + c] else 0.0
        trs_due = s[TRS_LATE * b + c] + fee
        paid_trs = min(cash, trs_due)

        s[SENIOR_OWED * b + c] = owed - prepaid
        s[TRAPPED * b + c] = trapped
        s[TRS_LATE * b + c] = trs_due - paid_trs
        s[TO_TRAP * b + c] = to_trap
        s[PREPAID * b + c] = prepaid
        s[PAID_PENALTY * b + c] = prepaid * (penalty - 1.0)
        s[PAID_TRS * b + c] = paid_trs
        s[CASH * b + c] = cash - paid_trs
        s[EQUITY * b + c] = cash - paid_trs - s[EQUITY_IN * b + c]


@numba.njit(**_JIT)
def _try_in_full(s, month):
    """Whether every column's month is untroubled, and what it then pays.

    Untroubled: nothing drawn, late, missing, held back, trapped or falling due in one sum. Most
    months of a sound structure are; they take one loop in place of three, with the same sums in the
    same order and so the same bits. Accounts are left alone; `_settle_in_full` sets them.
    """
    b = BLOCK
    for c in range(BLOCK):
        cash = s[CASH * b + c]
        operating = s[OPERATING_DUE * b + c]
        fees = s[FEES_DUE * b + c]
        interest_due = s[INTEREST_DUE * b + c]
        swap_due = s[SWAP_DUE * b + c]
        principal_due = s[PRINCIPAL_DUE * b + c]
        scheduled = s[SCHEDULED * b + c]
        by_fees = operating + fees
        by_interest = by_fees + interest_due
        by_swap = by_interest + swap_due
        for_principal = cash - by_swap
        after_senior = for_principal - principal_due
        owed = s[SENIOR_OWED * b + c] - scheduled

        mezz_owed = s[MEZZ_OWED * b + c]
        in_window = 1.0 if month <= s[MEZZ_WINDOW * b + c] else 0.0
        accrued = s[MEZZ_ACCRUED * b + c]
        mezz_interest = (1.0 - in_window) * accrued
        mezz_principal = s[MEZZ_SHARE * b + c] * mezz_owed
        mezz_fees = s[MEZZ_FEE * b + c] * mezz_owed + s[FEES_SHARED_DUE * b + c]
        by_mezz_principal = mezz_interest + mezz_principal
        by_mezz_fees = by_mezz_principal + mezz_fees
        after_mezz = (after_senior + s[SET_ASIDE * b + c]) - by_mezz_fees
        trs = s[TRS_FEE * b + c] if month <= s[TRS_MONTHS * b + c] else 0.0
        equity = after_mezz - trs

        running = 1.0 if month <= s[MATURITY * b + c] else 0.0
        service = s[INTEREST * b + c] + scheduled
        target = s[DSRA_MONTHS * b + c] * service * running
        drawn = s[FROM_RENT_FREE_RESERVE * b + c] + s[FROM_TRAPPED * b + c]
        drawn = drawn + (s[FROM_DSRA * b + c] + s[FROM_FACILITY * b + c])
        late = s[COSTS_LATE * b + c] + s[INTEREST_LATE * b + c] + s[SENIOR_LATE * b + c]
        late = late + (s[MEZZ_LATE * b + c] + s[MEZZ_INTEREST_LATE * b + c])
        late = late + (s[MEZZ_FEES_LATE * b + c] + s[TRS_LATE * b + c])
        held = s[RENT_FREE_RESERVE * b + c] + s[TRAPPED * b + c] + s[FACILITY_DRAWN * b + c]
        held = held + (s[TRAP_ON * b + c] + s[TURBO_ON * b + c])
        calm = 1.0 if drawn + late + held == 0.0 else 0.0
        calm = calm if target - s[DSRA * b + c] <= TOLERANCE * target else 0.0
        calm = (
            calm if min(min(for_principal, after_senior), min(after_mezz, equity)) >= 0.0 else 0.0
        )
        calm = calm if scheduled >= 0.0 else 0.0
        calm = calm if s[VALUE * b + c] - owed >= s[OC_FLOOR * b + c] * owed - TOLERANCE else 0.0
        both = owed + mezz_owed
        covered = s[VALUE * b + c] - both >= s[OC_FLOOR * b + c] * both - TOLERANCE
        calm = calm if covered or s[MEZZ_NEEDS_COVER * b + c] == 0.0 else 0.0
        calm = 0.0 if month == s[MATURITY * b + c] else calm
        calm = 0.0 if month == s[MEZZ_MATURITY * b + c] else calm
        calm = 0.0 if month >= s[TURBO_FROM * b + c] and running > 0.0 else calm

        s[UNTROUBLED * b + c] = calm
        s[MISSING * b + c] = 0.0
        s[OWED_NEXT * b + c] = owed
        s[MEZZ_OWED_NEXT * b + c] = mezz_owed + in_window * accrued - mezz_principal
        s[PAID_MEZZ_INTEREST * b + c] = mezz_interest
        s[PAID_MEZZ_PRINCIPAL * b + c] = mezz_principal
        s[PAID_MEZZ_FEES * b + c] = mezz_fees
        s[PAID_TRS * b + c] = trs
        s[EQUITY * b + c] = equity
    least = 1.0
    for c in range(BLOCK):
        least = min(least, s[UNTROUBLED * b + c])
    return least == 1.0


@numba.njit(**_JIT)
def _settle_in_full(s):
    """Set the accounts and payments of a month that `_try_in_full` found untroubled."""
    b = BLOCK
    for c in range(BLOCK):
        s[SENIOR_OWED * b + c] = s[OWED_NEXT * b + c]
        s[MEZZ_OWED * b + c] = s[MEZZ_OWED_NEXT * b + c]
        s[CURRENT * b + c] = 1.0
        s[PAID_OPERATING * b + c] = s[OPERATING_DUE * b + c]
        s[PAID_FEES * b + c] = s[FEES_DUE * b + c]
        s[PAID_INTEREST * b + c] = s[INTEREST_DUE * b + c]
        s[PAID_SWAP * b + c] = s[SWAP_DUE * b + c]
        s[PAID_PRINCIPAL * b + c] = s[PRINCIPAL_DUE * b + c]
        s[CASH * b + c] = s[EQUITY * b + c]
    for slot in (PAID_BALLOON, PAID_FACILITY, TO_DSRA, TO_TRAP, PREPAID, PAID_PENALTY, RELEASED):
        s[slot * b : (slot + 1) * b] = 0.0
    s[EQUITY_IN * b : (EQUITY_IN + 1) * b] = 0.0


@numba.njit(**_JIT)
def _something_trips(s):
    """Whether the covenant test has just set a trap or turbo in any column."""
    b = BLOCK
    tripped = 0.0
    for c in range(BLOCK):
        tripped = max(tripped, s[TRAP_ON * b + c] + s[TURBO_NOW * b + c])
    return tripped > 0.0


@numba.njit(**_JIT)
def pay_month(s, month, year_end, test, first_test_month, reserved):
    """Run one month of the waterfall for a block.

    s (N_SLOTS x BLOCK,) float64, flat, with terms, accounts and the month's streams set; accounts
    and payments are replaced. `month` is counted from COD. `year_end`, `test`: 1.0 in a month that
    closes a tax year, or tests the covenant; `first_test_month`: first month that may be tested;
    `reserved`: whether any column has a mezzanine reserve, see kernels.mezz_reserve.
    Five loops, not one: each is short enough for several groups of rows to be in flight at once;
    three of them are spared in a month that no column of the block finds trouble in.
    """
    _draw(s, month, year_end)
    if _try_in_full(s, month) and (not reserved or mezz_reserve.rests(s, month)):
        _test_covenant(s, month, test, first_test_month)
        if test == 0.0 or not _something_trips(s):
            _settle_in_full(s)
            return
        _pay_senior(s, month)
    else:
        _pay_senior(s, month)
        _test_covenant(s, month, test, first_test_month)
    if reserved:
        mezz_reserve.note_opening(s)
    _pay_mezzanine(s, month)
    if reserved:
        mezz_reserve.use(s, month)
    _pay_equity(s, month)


@numba.njit(**_JIT)
def add_up(s, month):
    """Check that the month's cash is conserved and add its payments to the totals of the life.

    A column's life ends with its own last late receipt, however long the block's longest is.
    """
    b = BLOCK
    for c in range(BLOCK):
        living = 1.0 if month <= s[LEASE * b + c] + LATE_MONTHS else 0.0
        paid = s[PAID_OPERATING * b + c] + s[PAID_FEES * b + c] + s[PAID_INTEREST * b + c]
        paid = paid + s[PAID_SWAP * b + c] + s[PAID_PRINCIPAL * b + c] + s[PAID_BALLOON * b + c]
        paid = paid + s[PAID_FACILITY * b + c] + s[PAID_MEZZ_INTEREST * b + c]
        paid = paid + s[PAID_MEZZ_PRINCIPAL * b + c] + s[PAID_MEZZ_FEES * b + c]
        paid = paid + s[PREPAID * b + c] + s[PAID_PENALTY * b + c] + s[PAID_TRS * b + c]
        paid = paid + s[CASH * b + c]
        closing = s[RENT_FREE_RESERVE * b + c] + s[TRAPPED * b + c] + s[DSRA * b + c]
        closing = closing + s[MEZZ_RESERVE * b + c]
        lent = max(0.0, -s[SCHEDULED * b + c])
        came = s[RECEIVED * b + c] - lent + s[FROM_FACILITY * b + c] + s[EQUITY_IN * b + c]
        imbalance = came + s[OPENING_RESERVES * b + c] - paid - closing
        s[IMBALANCE * b + c] = imbalance
        s[IMBALANCE_MOST * b + c] = max(s[IMBALANCE_MOST * b + c], abs(imbalance))

        repaid = s[PAID_PRINCIPAL * b + c] + s[PAID_BALLOON * b + c] + s[PREPAID * b + c]
        tested = s[TESTED * b + c]
        ratio = s[COVENANT_DSCR * b + c] if tested > 0.0 else 0.0
        least = s[COVENANT_MIN * b + c]
        unpaid = s[SENIOR_LATE * b + c] + s[INTEREST_LATE * b + c] + s[COSTS_LATE * b + c]
        s[PRINCIPAL_PAID * b + c] = s[PRINCIPAL_PAID * b + c] + repaid
        s[PRINCIPAL_MONTHS * b + c] = s[PRINCIPAL_MONTHS * b + c] + repaid * month
        s[INTEREST_PAID * b + c] = s[INTEREST_PAID * b + c] + s[PAID_INTEREST * b + c]
        s[COVENANT_MIN * b + c] = min(least, ratio) if tested > 0.0 else least
        s[COVENANT_SUM * b + c] = s[COVENANT_SUM * b + c] + ratio
        s[COVENANT_TESTS * b + c] = s[COVENANT_TESTS * b + c] + tested
        s[TRAP_MONTHS * b + c] = s[TRAP_MONTHS * b + c] + living * s[TRAP_ON * b + c]
        s[TURBO_MONTHS * b + c] = s[TURBO_MONTHS * b + c] + living * s[TURBO_NOW * b + c]
        s[UNPAID_MOST * b + c] = max(s[UNPAID_MOST * b + c], living * unpaid)
        s[PUT_IN * b + c] = s[PUT_IN * b + c] + s[EQUITY_IN * b + c]
        s[DSRA_DRAWS * b + c] = s[DSRA_DRAWS * b + c] + s[FROM_DSRA * b + c]
        s[FACILITY_DRAWS * b + c] = s[FACILITY_DRAWS * b + c] + s[FROM_FACILITY * b + c]


@numba.njit(**_JIT)
def debt_is_gone(s, month):
    """Whether nothing but costs stands before equity in every column from `month` on.

    True once senior, mezzanine and total return swap have run out everywhere, nothing is late
    but costs, no cash is held and the facility is repaid.
    """
    b = BLOCK
    last = 0.0
    left = 0.0
    for c in range(BLOCK):
        last = max(last, max(s[MATURITY * b + c], s[MEZZ_MATURITY * b + c]))
        last = max(last, s[TRS_MONTHS * b + c])
        left += abs(s[SENIOR_OWED * b + c]) + s[SENIOR_LATE * b + c] + s[INTEREST_LATE * b + c]
        left += abs(s[MEZZ_OWED * b + c]) + s[MEZZ_LATE * b + c] + s[MEZZ_INTEREST_LATE * b + c]
        left += s[MEZZ_FEES_LATE * b + c] + s[TRS_LATE * b + c] + s[FACILITY_DRAWN * b + c]
        left += s[RENT_FREE_RESERVE * b + c] + s[TRAPPED * b + c] + s[DSRA * b + c]
        left += s[MEZZ_RESERVE * b + c]
    return month > last and left == 0.0


@numba.njit(**_JIT)
def pay_debt_free_month(s, month, year_end):
    """`pay_month` where `debt_is_gone`: the same bits from the few sums that are left.

    Swaps have settled by then: their terms end with the senior at the latest.
    """
    b = BLOCK
    for c in range(BLOCK):
        leased = 1.0 if month <= s[LEASE * b + c] else 0.0
        profit = s[PROFIT_OF_YEAR * b + c] + s[NET * b + c]
        profit = profit - leased * s[DEPRECIATION * b + c]
        closes = max(year_end, 1.0 if month == s[LEASE * b + c] else 0.0)
        taxable = profit + s[LOSS_CARRIED * b + c]
        tax = closes * s[TAX_RATE * b + c] * max(0.0, taxable)
        s[LOSS_CARRIED * b + c] = min(0.0, taxable) if closes > 0.0 else s[LOSS_CARRIED * b + c]
        s[PROFIT_OF_YEAR * b + c] = 0.0 if closes > 0.0 else profit
        operating = s[COSTS * b + c] + leased * s[INSURANCE * b + c]
        operating = operating + s[MAINTENANCE * b + c] * s[GROSS * b + c] + tax
        operating = operating + s[COSTS_LATE * b + c]
        swap = s[SWAP * b + c]
        due = operating + max(0.0, -swap)
        cash = s[CASH_IN * b + c] + max(0.0, swap)
        s[COSTS_LATE * b + c] = max(0.0, due - cash) * (1.0 + s[COUPON * b + c])
        s[EQUITY * b + c] = max(0.0, cash - due)
        s[TAX * b + c] = tax


@numba.njit(**_JIT)
def add_up_debt_free(s, month):
    """`add_up` after `pay_debt_free_month`: only unpaid costs can still change a total."""
    b = BLOCK
    for c in range(BLOCK):
        living = 1.0 if month <= s[LEASE * b + c] + LATE_MONTHS else 0.0
        unpaid = living * s[COSTS_LATE * b + c]
        s[UNPAID_MOST * b + c] = max(s[UNPAID_MOST * b + c], unpaid)
