"""The waterfall kernel run on the oracle's own terms, streams and accounts, in its words."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kernels import quarterly
from kernels import waterfall as w
from kernels.mezz_reserve import is_asked_for

from .waterfall import STREAMS, Accounts, Month, Streams, Terms

Case = tuple[Terms, Streams, Accounts]
B = w.BLOCK

TERM_SLOTS = {
    "coupon": w.COUPON, "maturity": w.MATURITY, "senior_balloon": w.BALLOON,
    "senior_fee": w.SENIOR_FEE, "wrap_on_mezz": w.WRAP_ON_MEZZ, "hedge": w.HEDGE,
    "fees_shared": w.FEES_SHARED, "mezz_coupon": w.MEZZ_COUPON,
    "mezz_maturity": w.MEZZ_MATURITY, "mezz_window": w.MEZZ_WINDOW,
    "mezz_balloon": w.MEZZ_BALLOON, "mezz_fee": w.MEZZ_FEE, "mezz_waits": w.MEZZ_NEEDS_CURRENT,
    "mezz_needs_cover": w.MEZZ_NEEDS_COVER,
    "insurance": w.INSURANCE, "maintenance": w.MAINTENANCE, "lease": w.LEASE,
    "tax_rate": w.TAX_RATE, "depreciation": w.DEPRECIATION, "reinvestment": w.REINVESTMENT,
    "dsra_months": w.DSRA_MONTHS, "facility": w.FACILITY, "facility_fee": w.FACILITY_FEE,
    "reserve_first": w.RESERVE_FIRST, "trap_below": w.TRAP_BELOW, "turbo_below": w.TURBO_BELOW,
    "turbo_from": w.TURBO_FROM, "trap_share": w.TRAP_SHARE,
    "trap_ahead_of_mezz": w.TRAP_AHEAD_OF_MEZZ, "excess": w.EXCESS_PAYS_DOWN,
    "clean_tests": w.CLEAN_TESTS, "oc_floor": w.OC_FLOOR, "value": w.VALUE,
    "penalty": w.PENALTY, "trs_fee": w.TRS_FEE, "trs_months": w.TRS_MONTHS,
    "mezz_reserve_months": w.MEZZ_RESERVE_MONTHS, "every": w.PAYMENT_MONTHS,
}  # fmt: skip
ACCOUNT_SLOTS = {
    "senior_owed": w.SENIOR_OWED, "senior_late": w.SENIOR_LATE, "interest_late": w.INTEREST_LATE,
    "costs_late": w.COSTS_LATE, "mezz_owed": w.MEZZ_OWED, "mezz_late": w.MEZZ_LATE,
    "mezz_interest_late": w.MEZZ_INTEREST_LATE, "mezz_fees_late": w.MEZZ_FEES_LATE,
    "trs_late": w.TRS_LATE, "rent_free_reserve": w.RENT_FREE_RESERVE, "trapped": w.TRAPPED,
    "dsra": w.DSRA, "mezz_reserve": w.MEZZ_RESERVE, "facility_drawn": w.FACILITY_DRAWN,
}  # fmt: skip
STREAM_SLOTS = dict(
    zip(
        STREAMS,
        (w.CASH_IN, w.COSTS, w.NET, w.GROSS, w.SENIOR_SHARE, w.MEZZ_SHARE, w.SWAP),
        strict=True,
    )
)
FLOW_SLOTS = {
    "from_rent_free_reserve": w.FROM_RENT_FREE_RESERVE, "from_trapped": w.FROM_TRAPPED,
    "from_dsra": w.FROM_DSRA, "from_facility": w.FROM_FACILITY,
    "from_mezz_reserve": w.FROM_MEZZ_RESERVE, "to_mezz_reserve": w.TO_MEZZ_RESERVE,
    "paid_operating": w.PAID_OPERATING, "paid_fees": w.PAID_FEES,
    "paid_interest": w.PAID_INTEREST, "paid_swap": w.PAID_SWAP,
    "paid_principal": w.PAID_PRINCIPAL, "paid_balloon": w.PAID_BALLOON,
    "paid_facility": w.PAID_FACILITY, "to_dsra": w.TO_DSRA, "to_trap": w.TO_TRAP,
    "paid_mezz_interest": w.PAID_MEZZ_INTEREST, "paid_mezz_principal": w.PAID_MEZZ_PRINCIPAL,
    "paid_mezz_fees": w.PAID_MEZZ_FEES, "prepaid": w.PREPAID, "paid_penalty": w.PAID_PENALTY,
    "released": w.RELEASED, "paid_trs": w.PAID_TRS, "equity": w.EQUITY,
}  # fmt: skip
TOTAL_SLOTS = {
    "covenant_dscr_min": w.COVENANT_MIN, "trap_months": w.TRAP_MONTHS,
    "turbo_months": w.TURBO_MONTHS, "unpaid_max": w.UNPAID_MOST, "equity_put_in": w.PUT_IN,
    "dsra_drawn": w.DSRA_DRAWS, "facility_drawn": w.FACILITY_DRAWS,
}  # fmt: skip
WINDOW = ("window_months", "first_test_month", "test_interval_months")


def as_figure(name: str, value: Any) -> float:
    if name == "excess":
        return float(value == "PayDown")
    if name == "turbo_from":
        return np.inf if value is None else float(value)
    return float(value)


def run(cases: Sequence[Case], horizon: int) -> list[tuple[list[Month], dict[str, Any]]]:
    """Each case's months and totals by the kernel; at most BLOCK cases of one covenant window.

    A row has the payments, the covenant ratio and `accounts` under the oracle's names, and
    `imbalance`, the kernel's own proof of conservation.
    """
    (window, first, interval), *others = {tuple(terms[n] for n in WINDOW) for terms, _, _ in cases}
    assert not others, "the covenant's months are the same for a block"
    s = np.zeros(w.N_SLOTS * B)
    for c, (terms, _, accounts) in enumerate(cases):
        for name, slot in TERM_SLOTS.items():
            s[slot * B + c] = as_figure(name, terms[name])
        for name, slot in ACCOUNT_SLOTS.items():
            s[slot * B + c] = accounts[name]
    if hasattr(w, "FACILITY_RATE"):
        s[w.FACILITY_RATE * B : (w.FACILITY_RATE + 1) * B] = s[w.COUPON * B : (w.COUPON + 1) * B]
    s[w.PREPAID_PER_CASH * B : (w.PREPAID_PER_CASH + 1) * B] = 1.0 / (
        1.0 + s[w.PENALTY * B : (w.PENALTY + 1) * B]
    )
    s[w.COVENANT_MIN * B : (w.COVENANT_MIN + 1) * B] = np.inf
    by_quarter = any(terms["every"] > 1 for terms, _, _ in cases)
    calendar = quarterly.opened(s, by_quarter)
    sums = [np.zeros((2, B))]  # the covenant's running sums at the end of months 0, 1, …
    histories: list[list[Month]] = [[] for _ in cases]
    for m in range(1, horizon + 1):
        before = sums[max(0, m - window)]
        s[w.INCOME_BEFORE * B : (w.INCOME_BEFORE + 1) * B] = before[0]
        s[w.SERVICE_BEFORE * B : (w.SERVICE_BEFORE + 1) * B] = before[1]
        for c, (_, streams, _) in enumerate(cases):
            for name, slot in STREAM_SLOTS.items():
                s[slot * B + c] = streams[name][m]
        when = float(m), float(m % 12 == 0), float(m % interval == 0), float(first)
        if by_quarter:
            quarterly.pay_month(s, calendar, *when, True)
        else:
            w.pay_month(s, *when, is_asked_for(s))
            w.add_up(s, float(m))
        kept = (w.COVENANT_INCOME, w.COVENANT_SERVICE)
        sums.append(np.stack([s[slot * B : (slot + 1) * B] for slot in kept]))
        for c, history in enumerate(histories):
            ratio = s[w.COVENANT_DSCR * B + c]
            row: Month = {name: float(s[slot * B + c]) for name, slot in FLOW_SLOTS.items()}
            row |= {
                "month": m,
                "covenant_dscr": None if np.isnan(ratio) else float(ratio),
                "trap": bool(s[w.TRAP_ON * B + c]),
                "imbalance": float(s[w.IMBALANCE * B + c]),
                "accounts": {n: float(s[k * B + c]) for n, k in ACCOUNT_SLOTS.items()},
            }
            history.append(row)
    found = []
    for c, history in enumerate(histories):
        totals = {name: float(s[slot * B + c]) for name, slot in TOTAL_SLOTS.items()}
        if totals["covenant_dscr_min"] == np.inf:
            totals["covenant_dscr_min"] = None
        found.append((history, totals))
    return found
