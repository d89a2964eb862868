"""The senior loan: a schedule for a notional of one, and its size by trial and halving.

A loan is a dict of lists by month (index 0 unused): `opening` balance, `interest`, `principal`
(scheduled, without the balloon), `service` (interest and principal), `balloon`.
"""

from collections.abc import Callable, Sequence

Loan = dict[str, list[float]]

COARSE_TOLERANCE = 1000.0
TIGHT_STEPS = 200


def loan_of(opening_balance: float, rate: float, due: Sequence[float]) -> Loan:
    """The loan on which `due` is paid at each month's end; what is left at the end is a balloon."""
    columns = ("opening", "interest", "principal", "service", "balloon")
    loan: Loan = {name: [0.0] for name in columns}
    balance = opening_balance
    for paid in due:
        interest = balance * rate
        loan["opening"].append(balance)
        loan["interest"].append(interest)
        loan["principal"].append(paid - interest)
        loan["service"].append(paid)
        loan["balloon"].append(0.0)
        balance -= paid - interest
    # What rounding leaves is not a balloon.
    loan["balloon"][-1] = balance if abs(balance) > 1e-6 * abs(opening_balance) else 0.0
    return loan


def present_value(flows: Sequence[float], rate: float) -> float:
    """Value one period before the first flow."""
    value = 0.0
    for flow in reversed(flows):
        value = (value + flow) / (1 + rate)
    return value


def annuity_payment(principal: float, rate: float, periods: int) -> float:
    return principal / present_value([1.0] * periods, rate)


def unit_loan(
    profile: str,
    rate: float,
    months: int,
    grace: int,
    rent_free: int,
    net: Sequence[float],
    step_weights: Sequence[float],
) -> Loan:
    """The schedule of a notional of one at the monthly `rate`."""
    k = months - grace
    if profile == "Annuity":
        due = [rate] * grace + [annuity_payment(1.0, rate, k)] * k
    elif profile == "LevelPrincipal":
        due = [rate] * grace + [1 / k + rate * (1 - j / k) for j in range(k)]
    elif profile == "StepDown":
        weights = [step_weights[3 * j // k] for j in range(k)]
        due = [rate] * grace + [w / present_value(weights, rate) for w in weights]
    elif profile == "Bullet":
        due = [rate] * months
    elif profile == "Sculpted":
        quiet = max(grace, rent_free)
        shape = list(net[quiet + 1 : months + 1])
        worth = present_value(shape, rate)
        due = [rate] * quiet + [flow / worth for flow in shape]
    else:
        raise ValueError(profile)
    return loan_of(1.0, rate, due)


def scaled(loan: Loan, notional: float) -> Loan:
    return {name: [notional * x for x in series] for name, series in loan.items()}


def largest(broken_at: Callable[[float], list[str]], tight: bool) -> tuple[float, str]:
    """The largest notional at which nothing is broken, and the first thing that then breaks."""
    low, high = 0.0, 1e6
    while not broken_at(high):
        low, high = high, 2 * high
    for _ in range(TIGHT_STEPS if tight else 50):
        if high - low <= (2e-15 * high if tight else COARSE_TOLERANCE):
            break
        trial = (low + high) / 2
        if broken_at(trial):
            high = trial
        else:
            low = trial
    # A step beyond the limit breaks every covenant that ties with the binding one.
    return low, broken_at(high * (1 + 1e-10))[0]


def size(
    unit: Loan,
    net: Sequence[float],
    test_months: Sequence[int],
    rate: float,
    market_costs: float,
    target_dscr: float,
    max_ltv_pct: float | None,
    min_icr: float | None,
    tight: bool = True,
) -> tuple[float, str]:
    """Senior notional and the covenant that binds it."""
    if any(net[m] <= 0 for m in test_months):
        return 0.0, "DSCR"
    owed = [(net[m], target_dscr * unit["service"][m]) for m in test_months]
    thinnest = min(net[m] for m in test_months)

    def broken_at(notional: float) -> list[str]:
        broken = []
        if any(have < notional * due for have, due in owed):
            broken.append("DSCR")
        if max_ltv_pct is not None and 100 * notional > max_ltv_pct * market_costs:
            broken.append("LTV")
        if min_icr is not None and min_icr > 0 and thinnest < min_icr * notional * rate:
            broken.append("ICR")
        return broken

    return largest(broken_at, tight)


def cover(net: Sequence[float], charge: Sequence[float], months: Sequence[int]) -> dict[int, float]:
    """Net income over the charge by month, where there is a charge."""
    return {m: net[m] / charge[m] for m in months if charge[m] > 0}


def weighted_average_life(principal: Sequence[float], periods_per_year: int = 12) -> float:
    """Years, from repayments at each period's end (index 0 is the first period)."""
    repaid = sum(principal)
    return sum(p * t / periods_per_year for t, p in enumerate(principal, 1)) / repaid


def figures(
    loan: Loan, net: Sequence[float], tests: Sequence[int], tail_months: int
) -> dict[str, float]:
    months = len(loan["service"]) - 1
    by_month = cover(net, loan["service"], tests)
    repaid = [p + b for p, b in zip(loan["principal"], loan["balloon"], strict=True)][1:]
    return {
        "dscr_min": min(by_month.values()),
        "dscr_avg": sum(by_month.values()) / len(by_month),
        "dscr_tail": min(ratio for m, ratio in by_month.items() if m > months - tail_months),
        "senior_wal": weighted_average_life(repaid),
        "icr_min": min(cover(net, loan["interest"], tests).values()),
        "peak_balance": max(loan["opening"]),
        "balloon_pct": 100 * loan["balloon"][-1] / loan["opening"][1],
    }
