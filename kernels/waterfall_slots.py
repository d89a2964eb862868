"""Where terms, accounts, streams, payments and totals of a waterfall stand in its flat buffer.

Slot X of row c of a block is `s[X * BLOCK + c]`, see kernels.waterfall; kernels.steps names the
order of payments. All money in project currency unless a comment says otherwise; rates are monthly
decimals.
"""

BLOCK = 32
TOLERANCE = 1e-9
LATE_MONTHS = 4  # 90 days of collection lag reach at most this far beyond the lease

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
    MEZZ_NEEDS_CURRENT,  # 1: mezzanine principal waits for the senior's; 0: it is paid alongside
    MEZZ_NEEDS_COVER,  # 1: it waits too while collateral is thin for senior and mezzanine together
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
    PREPAID_PER_CASH,  # 1 / (1 + PENALTY)
    TRS_FEE,  # money a month, subordinated
    TRS_MONTHS,
    MEZZ_RESERVE_MONTHS,  # months of scheduled mezzanine service held in cash
    PAYMENT_MONTHS,  # months from one payment date to the next: 1, or 3 (kernels.quarterly)
) = range(40)

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
    MEZZ_RESERVE,
    FACILITY_DRAWN,
    PROFIT_OF_YEAR,
    LOSS_CARRIED,
    TRAP_ON,
    TURBO_ON,
    CLEAN_RUN,
    COVENANT_INCOME,  # running sums of the covenant's numerator and denominator
    COVENANT_SERVICE,
) = range(40, 61)

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
) = range(61, 70)

# -- what was due and paid in the month, in order ------------------------------------------------
(
    RECEIVED,  # cash before draws
    OPERATING_DUE,
    FEES_DUE,  # senior's part of the fee line
    FEES_SHARED_DUE,  # mezzanine's part of it
    FEES_ALL,  # fees of the month, nothing late
    INTEREST,  # senior interest of the month, nothing late
    INTEREST_DUE,
    SWAP_DUE,
    SCHEDULED,  # senior principal of the month, nothing late
    PRINCIPAL_DUE,
    MEZZ_ACCRUED,  # mezzanine interest of the month, paid or capitalised
    NEGLIGIBLE,  # rounding of the month's dues
    CURRENT,  # 1: nothing senior is late
    MISSING,  # what the DSRA lacks
    CASH,  # left for the next step
    TESTED,  # 1: the covenant was tested
    TURBO_NOW,
    TAX,  # within OPERATING_DUE: tax that fell due
    FROM_RENT_FREE_RESERVE,
    FROM_TRAPPED,
    FROM_DSRA,
    FROM_FACILITY,
    FROM_MEZZ_RESERVE,
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
    TO_MEZZ_RESERVE,
    PREPAID,
    PAID_PENALTY,
    RELEASED,
    PAID_TRS,
    EQUITY_IN,  # put in to meet a balloon
    EQUITY,  # positive: distribution; negative: put in
    COVENANT_DSCR,  # of the test month, else NaN
    IMBALANCE,  # cash in less cash out, to be nought
) = range(70, 114)

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
) = range(114, 127)
(
    OPENING_RESERVES,
    UNTROUBLED,  # 1: every step of the month can be paid in full and nothing is held back
    OWED_NEXT,  # balances after such a month
    MEZZ_OWED_NEXT,
    SET_ASIDE,  # mezzanine's share of the cash for principal, where it is paid alongside
    MEZZ_OPENING,  # balance before the month's payment, where a reserve is held
    PUT_IN_BEFORE,  # EQUITY_IN before the mezzanine's turn, likewise
    MEZZ_WAITS,  # 1: mezzanine principal may not be paid
) = range(127, 135)
N_SLOTS = 135
FIRST_ACCOUNT = SENIOR_OWED
FIRST_FLOW = RECEIVED
FIRST_TOTAL = PRINCIPAL_PAID
