"""The waterfall: one purse, paid out step by step in the order of the specification.

`terms` are constants of the structure by name (rates monthly, decimal), `streams` lists by month
(index 0 unused). Accounts are money by name and pass from month to month. With `every` 3 the purse
is opened in every third month only, for the months since the last time.
"""

import math
from collections.abc import Sequence
from typing import Any

Terms = dict[str, Any]
Streams = dict[str, Sequence[float]]
Accounts = dict[str, float]
Month = dict[str, Any]

TOLERANCE = 1e-9
RESERVES = ("rent_free_reserve", "trapped", "dsra")  # drawn in this order
LATEST_RECEIPT = 3  # months after the lease: 90 days
BLANK_TERMS: Terms = {
    "coupon": 0.0, "maturity": 0, "senior_balloon": False, "senior_fee": 0.0,
    "wrap_on_mezz": 0.0, "hedge": 0.0, "fees_shared": False, "mezz_coupon": 0.0,
    "mezz_maturity": 0, "mezz_window": 0, "mezz_balloon": False, "mezz_fee": 0.0,
    "mezz_waits": True, "mezz_needs_cover": False, "insurance": 0.0, "maintenance": 0.0,
    "lease": 0, "tax_rate": 0.0, "depreciation": 0.0, "reinvestment": 0.0, "dsra_months": 0.0,
    "facility": 0.0, "facility_fee": 0.0, "reserve_first": False, "trap_below": float("-inf"),
    "turbo_below": float("-inf"), "turbo_from": None, "trap_share": 1.0,
    "trap_ahead_of_mezz": False, "excess": "PayDown", "clean_tests": 2, "oc_floor": 0.0,
    "value": float("inf"), "penalty": 0.0, "trs_fee": 0.0, "trs_months": 0, "window_months": 12,
    "first_test_month": 12, "test_interval_months": 3, "mezz_reserve_months": 0.0, "every": 1,
}  # fmt: skip
STREAMS = ("cash_in", "costs", "net", "gross", "senior_share", "mezz_share", "swap")
FLOWS = (
    "received", "lent", "tax", "from_rent_free_reserve", "from_trapped", "from_dsra",
    "from_facility", "from_mezz_reserve", "paid_operating", "paid_fees", "paid_interest",
    "paid_swap", "paid_principal", "paid_balloon", "paid_facility", "to_dsra", "to_trap",
    "paid_mezz_interest", "paid_mezz_principal", "paid_mezz_fees", "to_mezz_reserve", "prepaid",
    "paid_penalty", "released", "paid_trs", "put_in", "equity", "unpaid", "covenant_income",
    "covenant_service",
)  # fmt: skip


class Purse:
    """Cash that pays what it can."""

    def __init__(self, cash: float) -> None:
        self.cash = cash

    def pay(self, due: float) -> float:
        paid = max(0.0, min(due, self.cash))
        self.cash -= paid
        return paid

    def take(self, accounts: Accounts, name: str, wanted: float) -> float:
        """Move up to `wanted` from an account into the purse."""
        moved = max(0.0, min(wanted, accounts[name]))
        accounts[name] -= moved
        self.cash += moved
        return moved


def opening_accounts(
    senior: float, mezz: float, dsra: float = 0.0, rent_free_reserve: float = 0.0,
    facility_drawn: float = 0.0,
) -> Accounts:  # fmt: skip
    names = (
        "senior_late", "interest_late", "costs_late", "mezz_late", "mezz_interest_late",
        "mezz_fees_late", "trs_late", "trapped", "mezz_reserve", "profit_of_year", "loss_carried",
        "clean_run",
    )  # fmt: skip
    return dict.fromkeys(names, 0.0) | {
        "senior_owed": senior, "mezz_owed": mezz, "dsra": dsra,
        "rent_free_reserve": rent_free_reserve, "facility_drawn": facility_drawn,
    }  # fmt: skip


def tax_due(terms: Terms, accounts: Accounts, before: int, m: int, profit: float) -> float:
    """Tax of the year that closes in the months after `before`, to m; losses are carried on."""
    accounts["profit_of_year"] += profit
    if m % 12 and not before < terms["lease"] <= m:
        return 0.0
    taxable = accounts["profit_of_year"] + accounts["loss_carried"]
    accounts["profit_of_year"] = 0.0
    accounts["loss_carried"] = min(0.0, taxable)
    return terms["tax_rate"] * max(0.0, taxable)


def covenant(terms: Terms, history: list[Month], m: int, running: bool) -> float | None:
    """Coverage over the window that ends in month m, where it is tested."""
    on_time = m >= terms["first_test_month"] and m % terms["test_interval_months"] == 0
    if not (on_time and running):
        return None
    window = history[-terms["window_months"] :]
    service = sum(row["covenant_service"] for row in window)
    return sum(row["covenant_income"] for row in window) / service if service > 0 else None


def run(
    terms: Terms, streams: Streams, accounts: Accounts, horizon: int
) -> tuple[list[Month], Accounts]:
    """The months 1 … horizon, each with what was paid and the closing accounts; and the latter."""
    history: list[Month] = []
    state = {"trap": False, "turbo": False}
    accounts = dict(accounts)
    before = 0  # the last payment date
    for m in range(1, horizon + 1):
        # Nothing is received in the life's last month; a date after it is put forward to it.
        last = m == terms["lease"] + LATEST_RECEIPT + 1 and before < m - 1
        if m % terms["every"] and not last:
            history.append(quiet_month(m, accounts, history))
            continue
        history.append({"month": m})
        one_month(terms, together(streams, before, m), accounts, state, history, before, m)
        before = m
    return history, accounts


def together(streams: Streams, before: int, m: int) -> dict[str, float]:
    """The streams of the months after `before`, to m: a share of the balance is of what is left."""
    found = {}
    for name in STREAMS:
        months = streams[name][before + 1 : m + 1]
        if name.endswith("_share"):
            found[name] = 1 - math.prod(1 - share for share in months)
        else:
            found[name] = sum(months)
    return found


def quiet_month(m: int, accounts: Accounts, history: list[Month]) -> Month:
    """No payment date: all stands as it was."""
    flows = dict.fromkeys(FLOWS, 0.0)
    state = {name: history[-1][name] if history else False for name in ("trap", "turbo")}
    told = {"month": m, "months": 0, "covenant_dscr": None, "accounts": dict(accounts)}
    return flows | state | told


def one_month(
    terms: Terms,
    stream: dict[str, float],
    accounts: Accounts,
    state: dict[str, bool],
    history: list[Month],
    before: int,
    m: int,
) -> None:
    """Fills the last row of `history`; accounts and state move on. Pays for (before, m]."""
    row = history[-1]
    n = m - before
    i, j = n * terms["coupon"], n * terms["mezz_coupon"]
    running, matures = before < terms["maturity"], before < terms["maturity"] <= m
    owed, mezz_owed = accounts["senior_owed"], accounts["mezz_owed"]
    opening_reserves = sum(accounts[name] for name in (*RESERVES, "mezz_reserve"))

    # -- what is due
    interest, scheduled = i * owed, stream["senior_share"] * owed
    lent = max(0.0, -scheduled)  # a sculpted loan that grows is paid out, not repaid
    late = accounts["senior_late"] + accounts["interest_late"]
    interest_due = interest + i * late + accounts["interest_late"]
    principal_due = max(0.0, scheduled) + accounts["senior_late"]
    room = max(0.0, terms["facility"] - accounts["facility_drawn"]) if running else 0.0
    fees = n * terms["senior_fee"] * owed + n * terms["wrap_on_mezz"] * mezz_owed
    fees += n * terms["facility_fee"] * room
    debt = owed + mezz_owed
    shared = fees * mezz_owed / debt if terms["fees_shared"] and debt > 0 else 0.0
    mezz_interest = j * mezz_owed
    leased = max(0, min(m, terms["lease"]) - before)
    tax = tax_due(
        terms, accounts, before, m,
        stream["net"] - interest - mezz_interest - leased * terms["depreciation"],
    )  # fmt: skip
    operating = stream["costs"] + leased * terms["insurance"]
    operating += terms["maintenance"] * stream["gross"] + tax + accounts["costs_late"]
    swap_due = max(0.0, -stream["swap"]) + n * terms["hedge"] * debt

    # -- cash, what of it is the mezzanine's alongside the senior, and draws where it falls short
    earned = n * terms["reinvestment"] * opening_reserves
    received = stream["cash_in"] + earned + max(0.0, stream["swap"])
    purse = Purse(received + lent)
    need = operating + (fees - shared) + interest_due + swap_due + principal_due
    mezz_principal = stream["mezz_share"] * mezz_owed + accounts["mezz_late"]
    before_principal = need - principal_due
    aside = 0.0
    if not terms["mezz_waits"] and mezz_principal > 0:
        share = mezz_principal / (mezz_principal + principal_due)
        aside = min(mezz_principal, share * max(0.0, purse.cash - before_principal))
        purse.cash -= aside
    drawn_from = {}
    for name in RESERVES:
        drawn_from[name] = purse.take(accounts, name, need - purse.cash)
    facility_draw = max(0.0, min(need - purse.cash, room))
    purse.cash += facility_draw

    # -- senior
    paid_operating = purse.pay(operating)
    paid_fees = purse.pay(fees - shared)
    paid_interest = purse.pay(interest_due)
    paid_swap = purse.pay(swap_due)
    target = terms["dsra_months"] / n * (interest + scheduled) if running and not matures else 0.0
    missing = max(0.0, target - accounts["dsra"])
    to_dsra = purse.pay(missing) if terms["reserve_first"] else 0.0
    paid_principal = purse.pay(principal_due)
    unpaid = (operating - paid_operating) + (fees - shared - paid_fees) + (swap_due - paid_swap)
    accounts["costs_late"] = unpaid * (1 + i)
    accounts["interest_late"] = interest_due - paid_interest
    accounts["senior_late"] = principal_due - paid_principal
    accounts["senior_owed"] = owed = owed - scheduled

    # -- balloon
    balloon = put_in = 0.0
    if matures and terms["senior_balloon"]:
        balloon = owed
        met = purse.pay(balloon)
        for name in ("trapped", "dsra"):
            from_reserve = purse.take(accounts, name, balloon - met)
            drawn_from[name] += from_reserve
            met += purse.pay(from_reserve)
        put_in = balloon - met
        accounts["senior_owed"] = owed = 0.0

    # -- facility and reserves
    facility_due = accounts["facility_drawn"] * (1 + i) + facility_draw
    paid_facility = purse.pay(facility_due)
    accounts["facility_drawn"] = facility_due - paid_facility
    to_dsra += purse.pay(missing - to_dsra)
    accounts["dsra"] += to_dsra
    arrears = accounts["interest_late"] + accounts["senior_late"]
    dust = TOLERANCE * need  # what adding draws to cash leaves unpaid by rounding
    freed = 0.0
    over = m >= terms["maturity"]
    if over or (stream["net"] > 0 and arrears <= dust):
        purse.take(accounts, "rent_free_reserve", accounts["rent_free_reserve"])
    if over:
        freed = sum(purse.take(accounts, name, accounts[name]) for name in ("trapped", "dsra"))

    # -- covenant test
    row["covenant_income"] = stream["net"] - fees if running else 0.0
    row["covenant_service"] = interest + scheduled + missing if running else 0.0
    ratio = covenant(terms, history, m, running)
    if ratio is not None:
        state["trap"] = ratio < terms["trap_below"] - TOLERANCE
        state["turbo"] = ratio < terms["turbo_below"] - TOLERANCE
        accounts["clean_run"] = 0.0 if state["trap"] else accounts["clean_run"] + 1
    trap = state["trap"] and running
    turbo = state["turbo"] and running
    if terms["turbo_from"] is not None and running and m >= terms["turbo_from"]:
        turbo = True

    # -- release of trapped cash, mezzanine
    purse.cash += aside
    still_owed = owed + accounts["senior_late"]
    covered = terms["value"] - still_owed >= terms["oc_floor"] * still_owed - TOLERANCE
    held = still_owed > dust and ((trap and terms["trap_ahead_of_mezz"]) or not covered)
    released = 0.0
    lets_go = ratio is not None and accounts["clean_run"] >= terms["clean_tests"]
    if lets_go and not trap and not held and arrears <= dust:
        # Ahead of the mezzanine: what was held back from it is its own before it is equity's.
        released = purse.take(accounts, "trapped", accounts["trapped"])
    to_trap = purse.pay(purse.cash) if held else 0.0
    in_window = before < terms["mezz_window"]
    mezz_late = accounts["mezz_late"] + accounts["mezz_interest_late"]
    dues = {
        "interest": (0.0 if in_window else mezz_interest)
        + accounts["mezz_interest_late"]
        + j * mezz_late,
        "principal": stream["mezz_share"] * mezz_owed + accounts["mezz_late"],
        "fees": n * terms["mezz_fee"] * mezz_owed + shared + accounts["mezz_fees_late"],
    }
    both = still_owed + mezz_owed + accounts["mezz_late"]
    thin = terms["value"] - both < terms["oc_floor"] * both - TOLERANCE
    thin = terms["mezz_needs_cover"] and still_owed > dust and thin
    waits = thin or (terms["mezz_waits"] and arrears > dust)
    paid = {"interest": purse.pay(dues["interest"])}
    paid["principal"] = 0.0 if waits else purse.pay(dues["principal"])
    paid["fees"] = purse.pay(dues["fees"])
    if thin and dues["principal"] > 0:
        to_trap += purse.pay(purse.cash)
    own = Purse(accounts["mezz_reserve"])
    held_before = own.cash
    for name in ("interest", "principal"):
        if name == "interest" or not waits:
            paid[name] += own.pay(dues[name] - paid[name])
    accounts["mezz_owed"] += mezz_interest if in_window else 0.0
    accounts["mezz_owed"] -= stream["mezz_share"] * mezz_owed
    mezz_matures = before < terms["mezz_maturity"] <= m
    mezz_balloon = 0.0
    if mezz_matures and terms["mezz_balloon"]:
        mezz_balloon = accounts["mezz_owed"]
        accounts["mezz_owed"] = 0.0
        by_cash = purse.pay(mezz_balloon)
        put_in += mezz_balloon - by_cash - own.pay(mezz_balloon - by_cash)
    from_mezz_reserve = held_before - own.cash
    mezz_service = 0.0 if in_window else mezz_interest
    mezz_service += stream["mezz_share"] * mezz_owed
    wanted = terms["mezz_reserve_months"] / n * mezz_service if m < terms["mezz_maturity"] else 0.0
    to_mezz_reserve = purse.pay(wanted - own.cash)
    own.cash += to_mezz_reserve
    mezz_left = accounts["mezz_owed"] + sum(dues[name] - paid[name] for name in dues)
    clear = arrears <= dust and accounts["costs_late"] <= dust and not held
    mezz_freed = 0.0
    if clear and mezz_left <= TOLERANCE * own.cash:
        mezz_freed = own.pay(own.cash)
        purse.cash += mezz_freed
    accounts["mezz_reserve"] = own.cash

    # -- turbo, trap, pay-down
    cost = 1 + terms["penalty"]
    prepaid = 0.0
    if turbo:
        prepaid = min(purse.cash / cost, owed)
        purse.pay(prepaid * cost)
    if trap:
        to_trap += purse.pay(terms["trap_share"] * purse.cash)
    accounts["trapped"] += to_trap
    if ratio is not None and terms["excess"] == "PayDown":
        from_trap = min(accounts["trapped"] / cost, owed - prepaid)
        accounts["trapped"] -= from_trap * cost
        prepaid += from_trap
    accounts["senior_owed"] = owed = owed - prepaid
    accounts["mezz_interest_late"] = dues["interest"] - paid["interest"]
    accounts["mezz_late"] = dues["principal"] - paid["principal"]
    accounts["mezz_fees_late"] = dues["fees"] - paid["fees"]

    # -- total return swap fee, equity
    swapped = max(0, min(m, terms["trs_months"]) - before)
    trs_due = accounts["trs_late"] + swapped * terms["trs_fee"]
    paid_trs = purse.pay(trs_due)
    accounts["trs_late"] = trs_due - paid_trs
    rest = purse.cash

    row |= {
        "months": n,
        "received": received,
        "lent": lent,
        "tax": tax,
        "from_rent_free_reserve": drawn_from["rent_free_reserve"],
        "from_trapped": drawn_from["trapped"],
        "from_dsra": drawn_from["dsra"],
        "from_facility": facility_draw,
        "paid_operating": paid_operating,
        "paid_fees": paid_fees,
        "paid_interest": paid_interest,
        "paid_swap": paid_swap,
        "paid_principal": paid_principal - lent,
        "paid_balloon": balloon,
        "paid_facility": paid_facility,
        "to_dsra": to_dsra,
        "to_trap": to_trap,
        "paid_mezz_interest": paid["interest"],
        "paid_mezz_principal": paid["principal"] + mezz_balloon,
        "paid_mezz_fees": paid["fees"],
        "from_mezz_reserve": from_mezz_reserve,
        "to_mezz_reserve": to_mezz_reserve,
        "prepaid": prepaid,
        "paid_penalty": prepaid * (cost - 1),
        "released": released + freed + mezz_freed,
        "paid_trs": paid_trs,
        "put_in": put_in,
        "equity": rest - put_in,
        "covenant_dscr": ratio,
        "trap": trap,
        "turbo": turbo,
        "unpaid": arrears + accounts["costs_late"],
        "accounts": dict(accounts),
    }


def totals(history: list[Month], notional: float) -> dict[str, float | None]:
    """Figures over the life, named as the model's."""
    tests = [row["covenant_dscr"] for row in history if row["covenant_dscr"] is not None]
    repaid = [row["paid_principal"] + row["paid_balloon"] + row["prepaid"] for row in history]
    return {
        "expected_wal": sum(p * m for m, p in enumerate(repaid, 1)) / 12 / notional
        if notional > 0
        else None,
        "covenant_dscr_min": min(tests, default=None),
        "covenant_dscr_avg": sum(tests) / len(tests) if tests else None,
        "trap_months": sum(row["trap"] * row["months"] for row in history),
        "turbo_months": sum(row["turbo"] * row["months"] for row in history),
        "unpaid_max": max(row["unpaid"] for row in history),
        "equity_put_in": sum(row["put_in"] for row in history),
        "dsra_drawn": sum(row["from_dsra"] for row in history),
        "facility_drawn": sum(row["from_facility"] for row in history),
    }
