"""Project costs, running charges, tax, equity capacity and capital coverage."""

from collections.abc import Callable, Sequence
from typing import Any

from .income import conversion, lease_months
from .senior import Loan


def project_costs(values: dict[str, Any], facts: dict[str, Any]) -> dict[str, float]:
    fx = conversion(values, facts)
    size, land = values["GrossITLoad_02"], values["LandPurchaseFees_06"]
    market = fx * (values["CapexMarketRate_05"] * size + land)
    internal = fx * (values["CapexCostPrice_04"] * size + land)
    total = {
        "MarketRate_05": market,
        "CostPrice_04": internal,
        "Blend": (market + internal) / 2,
    }[values["CapexBasis_21"]]
    return {
        "market_costs": market,
        "internal_costs": internal,
        "developer_profit": market - internal,
        "developer_margin_pct": 100 * (market - internal) / market,
        "total_cost": total,
    }


def on_balance(bps: float, *loans: Loan | None) -> list[float]:
    """A yearly charge in bps on what the loans owe at the start of each month, by month."""
    longest = max((len(x["opening"]) for x in loans if x), default=1)
    owed = [0.0] * longest
    for loan in loans:
        for m, balance in enumerate(loan["opening"] if loan else ()):
            owed[m] += balance
    return [balance * bps / 10_000 / 12 for balance in owed]


def charges(
    values: dict[str, Any], facts: dict[str, Any], senior: Loan | None, mezz: Loan | None
) -> dict[str, list[float]]:
    """Fees, wrap premium and currency hedge cost, by month."""
    wrapped = {"None": (), "SeniorOnly": (senior,), "WholeStack": (senior, mezz)}
    hedged = {"LocalCurrency": 0.0, "HedgedTo_01": 1.0, "Mixed": 0.5}[values["CurrencyPolicy_25"]]
    if facts["local_currency"] == values["Currency_01"]:
        hedged = 0.0
    return {
        "senior_fees": on_balance(values["SeniorOngoingFees_bps_43"], senior),
        "mezz_fees": on_balance(values["MezzOngoingFees_bps_50"], mezz),
        "wrap_premium": on_balance(
            values["WrapPremium_bps_58"], *wrapped[values["MonolineWrapFlag_57"]]
        ),
        "currency_hedge": on_balance(hedged * values["FXHedgeCost_bps_36"], senior, mezz),
    }


def at(series: Sequence[float] | None, month: int) -> float:
    return series[month] if series and month < len(series) else 0.0


def fixed_charges(senior: Loan, mezz: Loan | None, running: dict[str, list[float]]) -> list[float]:
    """Senior and paid mezzanine interest, senior fees and wrap premium, by senior month."""
    return [
        interest
        + at(mezz["cash_interest"] if mezz else None, m)
        + at(running["senior_fees"], m)
        + at(running["wrap_premium"], m)
        for m, interest in enumerate(senior["interest"])
    ]


def tax_by_month(
    values: dict[str, Any],
    facts: dict[str, Any],
    rulebook: dict[str, Any],
    jurisdiction: str,
    net: Sequence[float],
    senior: Loan | None,
    mezz: Loan | None,
    total_cost: float,
) -> dict[int, float]:
    """Corporate tax by the month in which it is paid."""
    if not values["VAT_TaxTreatmentToggle_26"]:
        return {}
    rate = rulebook["model"]["tax_rate_pct"][jurisdiction] / 100
    lease = lease_months(values)
    depreciable = total_cost - conversion(values, facts) * values["LandPurchaseFees_06"]
    paid, losses = {}, 0.0
    for start in range(1, lease + 1, 12):
        months = range(start, min(start + 12, lease + 1))
        profit = -depreciable * len(months) / lease
        for m in months:
            profit += net[m]
            profit -= at(senior["interest"] if senior else None, m)
            profit -= at(mezz["interest"] if mezz else None, m)
        if profit < 0:
            losses -= profit
        else:
            used = min(losses, profit)
            losses -= used
            paid[months[-1]] = rate * (profit - used)
    return paid


def equity_capacity(
    values: dict[str, Any],
    rulebook: dict[str, Any],
    flows: dict[str, list[float]],
    senior: Loan | None,
    mezz: Loan | None,
    running: dict[str, list[float]],
    tax: dict[int, float],
    internal_costs: float,
    sold: Callable[[int], float] = lambda month: 0.0,
) -> float:
    """What equity that wants its target return would pay at close for what the debt leaves.

    `sold` tells which share of a month's flow before tax is another's.
    """
    lease, built = lease_months(values), int(values["ConstructionToCODMonths_23"])
    growth = (1 + values["EquityIRRTarget_55"] / 100) ** (1 / 12)
    insured = values["InsuranceProgrammeType_61"] in ("Ops", "Both")
    insurance = values["InsurancePremium_bps_62"] / 10_000 * internal_costs / 12 if insured else 0.0
    worth = 0.0
    for m in range(int(values["RentFreeMonths_68"]) + 1, lease + 1):
        left = flows["net"][m] - insurance
        left -= values["MaintenanceCapexPct_69"] / 100 * flows["gross"][m]
        left -= tax.get(m, 0.0)
        left -= sum(at(series, m) for series in running.values())
        for loan in (senior, mezz):
            if loan:
                left -= at(loan["service"], m) + at(loan["balloon"], m)
        left -= sold(m) * max(0.0, left + tax.get(m, 0.0))
        worth += left / growth ** (built + m)
    final_year = sum(flows["net"][lease - 11 : lease + 1])
    exit_value = max(0.0, final_year) / (rulebook["model"]["exit_cap_rate_pct"] / 100)
    return max(0.0, worth + exit_value / growth ** (built + lease))


def required_capital(
    values: dict[str, Any], facts: dict[str, Any], total_cost: float, senior: float, mezz: float
) -> float:
    return (
        total_cost
        + conversion(values, facts) * values["TotalStructuringFees_14"]
        + senior * values["SeniorFeesUpfront_bps_42"] / 10_000
        + mezz * values["MezzFeesUpfront_bps_49"] / 10_000
    )


def wacc_pct(values: dict[str, Any], senior: float, mezz: float, equity: float) -> float:
    cost = (
        senior * values["SeniorCoupon_38"]
        + mezz * values["MezzCoupon_46"]
        + equity * values["EquityIRRTarget_55"]
    )
    return cost / (senior + mezz + equity)
