"""The monthly cash waterfall of a block of structures.

Cash goes down the steps of STEPS in order; what a step cannot be paid is drawn from the rent-free
reserve, trapped cash, the DSRA and the liquidity facility (down to senior principal), then stays
unpaid, is recorded and carried with interest. In every month

    cash in + draws on the facility + equity put in + opening reserves
        = everything paid + closing reserves

Source: the model's section 8. Months count from COD, payments fall at month end on opening
balances, receipts come with their collection lag. Scheduled principal is a fraction `SENIOR_SHARE`
of the performing balance, so a prepaid loan keeps its shape and still ends at maturity.

One flat scratch buffer holds a block's terms, accounts and the month's flows, slot after slot of
BLOCK rows: the body then reads and writes one array at constant distances, which is what lets the
compiler run eight rows at once. Nothing in the body branches.
"""

import numba
import numpy as np

_JIT = {"cache": True, "nogil": True, "error_model": "numpy"}
BLOCK = 32
TOLERANCE = 1e-9

# -- terms: constant over a structure's life --------------------------------------------------
(
    COUPON,  # senior, monthly decimal
    MATURITY,  # senior, months
    BALLOON,  # 1: what is still performing at maturity falls due then
    SENIOR_FEE,  # senior fees and wrap premium, monthly decimal of the senior balance
    WRAP_ON_MEZZ,  # wrap premium on the mezzanine balance, monthly decimal
    HEDGE,  # currency hedge, monthly decimal of senior and mezzanine balance
    FEES_SHARED,  # 1: the fee line is shared between senior and mezzanine
    MEZZ_COUPON,
    MEZZ_MATURITY,
    MEZZ_WINDOW,  # months in which mezzanine interest capitalises
    MEZZ_BALLOON,
    MEZZ_FEE,
    MEZZ_NEEDS_CURRENT,  # 1: mezzanine principal waits while the senior is in arrears
    INSURANCE,  # money a month while the lease runs
    MAINTENANCE,  # decimal of gross income
    LEASE,  # months
    TAX_RATE,  # decimal; 0: untaxed
    DEPRECIATION,  # money a month
    REINVESTMENT,  # monthly decimal earned on reserves and trapped cash
    DSRA_MONTHS,  # months of service held in cash
    FACILITY,  # liquidity facility limit, money
    FACILITY_FEE,  # monthly decimal of the undrawn limit
    FACILITY_RATE,  # monthly decimal on what is drawn
    RESERVE_FIRST,  # 1: the DSRA is topped up before senior principal
    TRAP_BELOW,  # covenant DSCR under which cash is trapped
    TURBO_BELOW,  # covenant DSCR under which cash prepays the senior
    TURBO_FROM,  # month from which it does in any case; +inf never
    TRAP_SHARE,  # share of the cash that a trap keeps
    TRAP_AHEAD_OF_MEZZ,  # 1: a trap holds the mezzanine's cash too
    EXCESS_PAYS_DOWN,  # 1: trapped cash prepays the senior at every test
    CLEAN_TESTS,  # clean tests in a row that release trapped cash
    OC_FLOOR,  # least over-collateralisation, decimal
    VALUE,  # market cost that the over-collateralisation is measured on
    PENALTY,  # prepayment penalty, decimal of the principal prepaid
    TRS_FEE,  # money a month, subordinated
    TRS_MONTHS,
) = range(36)

# -- accounts: carried from month to month -------------------------------------------------------
(
    SENIOR_OWED,  # performing balance
    SENIOR_LATE,  # unpaid principal
    INTEREST_LATE,
    COSTS_LATE,
    MEZZ_OWED,
    MEZZ_LATE,
    MEZZ_INTEREST_LATE,
    MEZZ_FEES_LATE,
    TRS_LATE,
    RENT_FREE_RESERVE,
    TRAPPED,
    DSRA,
    FACILITY_DRAWN,
    PROFIT_OF_YEAR,
    LOSS_CARRIED,
    TRAP_ON,
    TURBO_ON,
    CLEAN_RUN,
    COVENANT_INCOME,  # running sums of the covenant's numerator and denominator
    COVENANT_SERVICE,
) = range(36, 56)

# -- the month's streams, put in by the caller ---------------------------------------------------
(
    CASH_IN,
    COSTS,  # opex and power
    NET,  # accrual net income
    GROSS,  # accrual gross income
    SENIOR_SHARE,  # scheduled principal over performing balance
    MEZZ_SHARE,
    SWAP,  # swap settlement, positive to the project
    INCOME_BEFORE,  # COVENANT_INCOME and COVENANT_SERVICE at the start of the test window
    SERVICE_BEFORE,
) = range(56, 65)

# -- what was paid in the month, in order of payment ---------------------------------------------
(
    FROM_RENT_FREE_RESERVE,
    FROM_TRAPPED,
    FROM_DSRA,
    FROM_FACILITY,
    PAID_OPERATING,
    PAID_FEES,
    PAID_INTEREST,
    PAID_SWAP,
    PAID_PRINCIPAL,
    PAID_BALLOON,
    PAID_FACILITY,
    TO_DSRA,
    TO_TRAP,
    PAID_MEZZ_INTEREST,
    PAID_MEZZ_PRINCIPAL,
    PAID_MEZZ_FEES,
    PREPAID,
    PAID_PENALTY,
    RELEASED,
    PAID_TRS,
    EQUITY,  # positive: distribution; negative: put in to meet a balloon
    TAX,  # within PAID_OPERATING: tax that fell due
    COVENANT_DSCR,  # of the test month, else NaN
    IMBALANCE,  # cash in less cash out, to be nought
) = range(65, 89)

# -- totals over the life ------------------------------------------------------------------------
(
    PRINCIPAL_PAID,
    PRINCIPAL_MONTHS,  # sum of principal paid x month
    INTEREST_PAID,
    COVENANT_MIN,
    COVENANT_SUM,
    COVENANT_TESTS,
    TRAP_MONTHS,
    TURBO_MONTHS,
    UNPAID_MOST,  # largest amount unpaid to the senior or above
    PUT_IN,
    DSRA_DRAWS,
    FACILITY_DRAWS,
    IMBALANCE_MOST,
) = range(89, 102)
N_SLOTS = 102
FIRST_TOTAL = PRINCIPAL_PAID
FIRST_PAYMENT = FROM_RENT_FREE_RESERVE

STEPS = (
    ("Operating costs, insurance, maintenance, tax", PAID_OPERATING),
    ("Senior fees, wrap premium, liquidity fee", PAID_FEES),
    ("Senior interest", PAID_INTEREST),
    ("Swap payments", PAID_SWAP),
    ("Senior principal", PAID_PRINCIPAL),
    ("Senior balloon", PAID_BALLOON),
    ("Liquidity facility repayment", PAID_FACILITY),
    ("DSRA top-up", TO_DSRA),
    ("Mezzanine interest", PAID_MEZZ_INTEREST),
    ("Mezzanine principal", PAID_MEZZ_PRINCIPAL),
    ("Mezzanine fees", PAID_MEZZ_FEES),
    ("Senior prepayment (turbo, pay-down)", PREPAID),
    ("Prepayment penalty", PAID_PENALTY),
    ("Cash trapped", TO_TRAP),
    ("Total return swap fee", PAID_TRS),
    ("Equity", EQUITY),
)


def _make_pay_month(record):
    """The month's kernel, with or without keeping what each step paid and the life's totals."""

    @numba.njit(**_JIT)
    def pay_month(s, month, year_end, test, first_months):
        """Run one month of the waterfall for a block.

        s (N_SLOTS x BLOCK,) float64, flat, with terms, accounts and the month's streams set;
        accounts and payments are replaced, totals added to. `month` is counted from COD.
        `year_end`, `test`: 1.0 in a month that closes a tax year, or tests the covenant;
        `first_months`: first month that may be tested.
        """
        b = BLOCK
        for c in range(BLOCK):
            maturity = s[MATURITY * b + c]
            coupon = s[COUPON * b + c]
            owed = s[SENIOR_OWED * b + c]
            late_principal = s[SENIOR_LATE * b + c]
            late_interest = s[INTEREST_LATE * b + c]
            mezz_owed = s[MEZZ_OWED * b + c]
            reserve = s[RENT_FREE_RESERVE * b + c]
            trapped = s[TRAPPED * b + c]
            dsra = s[DSRA * b + c]
            drawn = s[FACILITY_DRAWN * b + c]
            opening_reserves = reserve + trapped + dsra
            net = s[NET * b + c]
            leased = 1.0 if month <= s[LEASE * b + c] else 0.0
            matures = 1.0 if month == maturity else 0.0
            running = 1.0 if month <= maturity else 0.0

            # -- due
            interest = coupon * owed
            scheduled = s[SENIOR_SHARE * b + c] * owed
            service = interest + scheduled
            interest_due = interest + coupon * (late_principal + late_interest) + late_interest
            principal_due = scheduled + late_principal
            room = running * (s[FACILITY * b + c] - drawn)
            fees = s[SENIOR_FEE * b + c] * owed + s[WRAP_ON_MEZZ * b + c] * mezz_owed
            fees = fees + s[FACILITY_FEE * b + c] * max(0.0, room)
            debt = owed + mezz_owed
            shared = s[FEES_SHARED * b + c] * fees * (mezz_owed / debt if debt > 0.0 else 0.0)
            mezz_interest = s[MEZZ_COUPON * b + c] * mezz_owed
            profit = s[PROFIT_OF_YEAR * b + c] + net - interest - mezz_interest
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

            # -- cash, and draws when it falls short
            # Dues are summed first and each step's shortfall taken from the sum: the steps then do
            # not wait for one another, and a step paid in full is unpaid by exactly nought.
            earned = s[REINVESTMENT * b + c] * opening_reserves
            received = s[CASH_IN * b + c] + earned + max(0.0, swap)
            short = max(0.0, need - received)
            from_reserve = min(short, reserve)
            from_trapped = min(max(0.0, short - reserve), trapped)
            from_dsra = min(max(0.0, short - (reserve + trapped)), dsra)
            from_facility = min(max(0.0, short - opening_reserves), max(0.0, room))
            reserve = reserve - from_reserve
            trapped = trapped - from_trapped
            dsra = dsra - from_dsra
            drawn = drawn + from_facility
            cash = received + (from_reserve + from_trapped) + (from_dsra + from_facility)

            # -- senior
            by_fees = operating + senior_fees
            by_interest = by_fees + interest_due
            by_swap = by_interest + swap_due
            unpaid_operating = max(0.0, operating - cash)
            unpaid_fees = max(0.0, min(senior_fees, by_fees - cash))
            late_interest = max(0.0, min(interest_due, by_interest - cash))
            unpaid_swap = max(0.0, min(swap_due, by_swap - cash))
            target = s[DSRA_MONTHS * b + c] * service * (running - matures)
            missing = max(0.0, target - dsra)
            for_principal = max(0.0, cash - by_swap)
            first = s[RESERVE_FIRST * b + c] * min(for_principal, missing)
            for_principal = for_principal - first
            late_principal = max(0.0, principal_due - for_principal)
            cash = max(0.0, for_principal - principal_due)
            paid_principal = principal_due - late_principal
            paid_interest = interest_due - late_interest
            paid_operating = operating - unpaid_operating
            paid_fees = senior_fees - unpaid_fees
            paid_swap = swap_due - unpaid_swap
            late_costs = (unpaid_operating + unpaid_fees + unpaid_swap) * (1.0 + coupon)
            owed = owed - scheduled

            # -- senior balloon: cash at hand, trapped cash, DSRA, then equity
            balloon = matures * s[BALLOON * b + c] * owed
            owed = owed - balloon
            by_cash = min(cash, balloon)
            by_trapped = min(trapped, balloon - by_cash)
            by_dsra = min(dsra, balloon - by_cash - by_trapped)
            put_in = balloon - by_cash - by_trapped - by_dsra
            cash = cash - by_cash
            trapped = trapped - by_trapped
            dsra = dsra - by_dsra

            # -- facility, reserves; what the senior no longer needs is set free
            facility_due = drawn * (1.0 + s[FACILITY_RATE * b + c])
            paid_facility = min(cash, facility_due)
            cash = cash - paid_facility
            top_up = min(cash, missing - first)
            cash = cash - top_up
            dsra = dsra + first + top_up
            over = 1.0 if month >= maturity else 0.0
            freed = over * (dsra + trapped)
            past_rent_free = reserve if s[NET * b + c] > 0.0 else over * reserve
            reserve = reserve - past_rent_free
            dsra = dsra - over * dsra
            trapped = trapped - over * trapped
            cash = cash + freed + past_rent_free

            # -- covenant test
            covenant_income = s[COVENANT_INCOME * b + c] + running * (net - fees)
            covenant_service = s[COVENANT_SERVICE * b + c] + running * (service + missing)
            window_service = covenant_service - s[SERVICE_BEFORE * b + c]
            ratio = (covenant_income - s[INCOME_BEFORE * b + c]) / window_service
            tested = test * running if month >= first_months else 0.0
            tested = tested if window_service > 0.0 else 0.0
            trap_hit = 1.0 if ratio < s[TRAP_BELOW * b + c] - TOLERANCE else 0.0
            turbo_hit = 1.0 if ratio < s[TURBO_BELOW * b + c] - TOLERANCE else 0.0
            trap = trap_hit if tested > 0.0 else s[TRAP_ON * b + c]
            turbo = turbo_hit if tested > 0.0 else s[TURBO_ON * b + c]
            trap = trap * running
            turbo = turbo * running
            turbo_now = 1.0 if month >= s[TURBO_FROM * b + c] else turbo
            turbo_now = turbo_now * running
            clean = s[CLEAN_RUN * b + c]
            clean = (1.0 - trap_hit) * (clean + 1.0) if tested > 0.0 else clean

            # -- mezzanine, unless a trap or thin collateral holds its cash back
            owed_in_all = owed + late_principal
            covered = (
                s[VALUE * b + c] - owed_in_all >= s[OC_FLOOR * b + c] * owed_in_all - TOLERANCE
            )
            held = trap * s[TRAP_AHEAD_OF_MEZZ * b + c]
            held = held if covered else 1.0
            held = held * (1.0 if owed_in_all > 0.0 else 0.0)
            to_trap = held * cash
            cash = cash - to_trap
            in_window = 1.0 if month <= s[MEZZ_WINDOW * b + c] else 0.0
            mezz_matures = 1.0 if month == s[MEZZ_MATURITY * b + c] else 0.0
            mezz_late = s[MEZZ_LATE * b + c]
            mezz_interest_late = s[MEZZ_INTEREST_LATE * b + c]
            mezz_interest_due = (1.0 - in_window) * mezz_interest + mezz_interest_late
            mezz_interest_due = mezz_interest_due + s[MEZZ_COUPON * b + c] * (
                mezz_late + mezz_interest_late
            )
            mezz_scheduled = s[MEZZ_SHARE * b + c] * mezz_owed
            arrears = late_interest + late_principal
            waits = s[MEZZ_NEEDS_CURRENT * b + c] * (1.0 if arrears > 0.0 else 0.0)
            mezz_fees_due = s[MEZZ_FEE * b + c] * mezz_owed + shared + s[MEZZ_FEES_LATE * b + c]
            mezz_principal_due = mezz_scheduled + mezz_late
            may_pay = (1.0 - waits) * mezz_principal_due
            by_mezz_principal = mezz_interest_due + may_pay
            by_mezz_fees = by_mezz_principal + mezz_fees_due
            unpaid_mezz_interest = max(0.0, mezz_interest_due - cash)
            unpaid_mezz_principal = max(0.0, min(may_pay, by_mezz_principal - cash))
            unpaid_mezz_fees = max(0.0, min(mezz_fees_due, by_mezz_fees - cash))
            cash = max(0.0, cash - by_mezz_fees)
            paid_mezz_interest = mezz_interest_due - unpaid_mezz_interest
            paid_mezz_principal = may_pay - unpaid_mezz_principal
            paid_mezz_fees = mezz_fees_due - unpaid_mezz_fees
            mezz_owed = mezz_owed + in_window * mezz_interest - mezz_scheduled
            mezz_late = mezz_principal_due - paid_mezz_principal
            mezz_balloon = mezz_matures * s[MEZZ_BALLOON * b + c] * mezz_owed
            mezz_owed = mezz_owed - mezz_balloon
            by_cash_mezz = min(cash, mezz_balloon)
            cash = cash - by_cash_mezz
            put_in = put_in + mezz_balloon - by_cash_mezz

            # -- turbo, trap, pay-down, release
            penalty = 1.0 + s[PENALTY * b + c]
            turbo_cash = turbo_now * cash
            prepaid = min(turbo_cash / penalty, owed)
            cash = cash - prepaid * penalty
            trap_after = trap * s[TRAP_SHARE * b + c] * cash
            cash = cash - trap_after
            to_trap = to_trap + trap_after
            trapped = trapped + to_trap
            pays_down = tested * s[EXCESS_PAYS_DOWN * b + c]
            from_trap = min(pays_down * trapped / penalty, owed - prepaid)
            trapped = trapped - from_trap * penalty
            prepaid = prepaid + from_trap
            owed = owed - prepaid
            lets_go = tested if clean >= s[CLEAN_TESTS * b + c] else 0.0
            released = lets_go * (1.0 - trap) * trapped
            trapped = trapped - released
            cash = cash + released

            # -- subordinated hedging, equity
            trs_due = s[TRS_LATE * b + c]
            trs_due = trs_due + (s[TRS_FEE * b + c] if month <= s[TRS_MONTHS * b + c] else 0.0)
            paid_trs = min(cash, trs_due)
            cash = cash - paid_trs

            s[SENIOR_OWED * b + c] = owed
            s[SENIOR_LATE * b + c] = late_principal
            s[INTEREST_LATE * b + c] = late_interest
            s[COSTS_LATE * b + c] = late_costs
            s[MEZZ_OWED * b + c] = mezz_owed
            s[MEZZ_LATE * b + c] = mezz_late
            s[MEZZ_INTEREST_LATE * b + c] = unpaid_mezz_interest
            s[MEZZ_FEES_LATE * b + c] = unpaid_mezz_fees
            s[TRS_LATE * b + c] = trs_due - paid_trs
            s[RENT_FREE_RESERVE * b + c] = reserve
            s[TRAPPED * b + c] = trapped
            s[DSRA * b + c] = dsra
            s[FACILITY_DRAWN * b + c] = facility_due - paid_facility
            s[TRAP_ON * b + c] = trap
            s[TURBO_ON * b + c] = turbo
            s[CLEAN_RUN * b + c] = clean
            s[COVENANT_INCOME * b + c] = covenant_income
            s[COVENANT_SERVICE * b + c] = covenant_service

            s[EQUITY * b + c] = cash - put_in
            s[TAX * b + c] = tax

            if record:
                paid = (paid_operating + paid_fees) + (paid_interest + paid_swap)
                paid = paid + (paid_principal + balloon) + (paid_facility + paid_mezz_interest)
                paid = (
                    paid
                    + (paid_mezz_principal + paid_mezz_fees)
                    + (mezz_balloon + prepaid * penalty)
                )
                paid = paid + (paid_trs + cash)
                closing_reserves = reserve + trapped + dsra
                came = received + from_facility + put_in + opening_reserves
                imbalance = came - paid - closing_reserves
                s[FROM_RENT_FREE_RESERVE * b + c] = from_reserve
                s[FROM_TRAPPED * b + c] = from_trapped + by_trapped
                s[FROM_DSRA * b + c] = from_dsra + by_dsra
                s[FROM_FACILITY * b + c] = from_facility
                s[PAID_OPERATING * b + c] = paid_operating
                s[PAID_FEES * b + c] = paid_fees
                s[PAID_INTEREST * b + c] = paid_interest
                s[PAID_SWAP * b + c] = paid_swap
                s[PAID_PRINCIPAL * b + c] = paid_principal
                s[PAID_BALLOON * b + c] = balloon
                s[PAID_FACILITY * b + c] = paid_facility
                s[TO_DSRA * b + c] = first + top_up
                s[TO_TRAP * b + c] = to_trap
                s[PAID_MEZZ_INTEREST * b + c] = paid_mezz_interest
                s[PAID_MEZZ_PRINCIPAL * b + c] = paid_mezz_principal + mezz_balloon
                s[PAID_MEZZ_FEES * b + c] = paid_mezz_fees
                s[PREPAID * b + c] = prepaid
                s[PAID_PENALTY * b + c] = prepaid * (penalty - 1.0)
                s[RELEASED * b + c] = released + freed
                s[PAID_TRS * b + c] = paid_trs
                s[COVENANT_DSCR * b + c] = ratio if tested > 0.0 else np.nan
                s[IMBALANCE * b + c] = imbalance

                repaid = paid_principal + balloon + prepaid
                s[PRINCIPAL_PAID * b + c] = s[PRINCIPAL_PAID * b + c] + repaid
                s[PRINCIPAL_MONTHS * b + c] = s[PRINCIPAL_MONTHS * b + c] + repaid * month
                s[INTEREST_PAID * b + c] = s[INTEREST_PAID * b + c] + paid_interest
                least = s[COVENANT_MIN * b + c]
                s[COVENANT_MIN * b + c] = min(least, ratio) if tested > 0.0 else least
                counted = ratio if tested > 0.0 else 0.0
                s[COVENANT_SUM * b + c] = s[COVENANT_SUM * b + c] + counted
                s[COVENANT_TESTS * b + c] = s[COVENANT_TESTS * b + c] + tested
                s[TRAP_MONTHS * b + c] = s[TRAP_MONTHS * b + c] + trap
                s[TURBO_MONTHS * b + c] = s[TURBO_MONTHS * b + c] + turbo_now
                unpaid = late_principal + late_interest + late_costs
                s[UNPAID_MOST * b + c] = max(s[UNPAID_MOST * b + c], unpaid)
                s[PUT_IN * b + c] = s[PUT_IN * b + c] + put_in
                s[DSRA_DRAWS * b + c] = s[DSRA_DRAWS * b + c] + from_dsra + by_dsra
                s[FACILITY_DRAWS * b + c] = s[FACILITY_DRAWS * b + c] + from_facility
                s[IMBALANCE_MOST * b + c] = max(s[IMBALANCE_MOST * b + c], abs(imbalance))

    return pay_month


pay_month = _make_pay_month(True)
pay_month_unrecorded = _make_pay_month(False)


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
    return month > last and left == 0.0


@numba.njit(**_JIT)
def pay_debt_free_month(s, month, year_end):
    """`pay_month` where `debt_is_gone`: the same bits from the few sums that are left."""
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
