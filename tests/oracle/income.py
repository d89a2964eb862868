"""Rent, operating cost and power month by month, from COD to the end of the lease.

Every series is a list whose index is the operating month (1 is the first); index 0 is unused and
months after the lease hold 0. Money is in the project currency.
"""

from typing import Any

HOURS_A_MONTH = 730
KW_IN_MW = 1000


def conversion(values: dict[str, Any], facts: dict[str, Any]) -> float:
    """Project currency units for one unit of the local currency."""
    return values["FXSpot_35"] if facts["local_currency"] != values["Currency_01"] else 1.0


def monthly_rent(values: dict[str, Any], facts: dict[str, Any]) -> float:
    rent = facts.get("rent") or {}
    kilowatts = KW_IN_MW * values["GrossITLoad_02"]
    if "per_kw_month" in rent:
        local = rent["per_kw_month"] * kilowatts
    elif "per_kwh" in rent:
        local = rent["per_kwh"] * HOURS_A_MONTH * kilowatts
    else:
        local = rent.get("monthly", values["GrossMonthlyRent_07"])
    return local * conversion(values, facts)


def expected_inflation(values: dict[str, Any], rulebook: dict[str, Any], years: int) -> list[float]:
    """Percent in each operating year: from the spot rate in a line to the long-run rate."""
    long_run = rulebook["model"]["long_run_inflation_pct"]
    fade_years = int(values["InflationFwdTerm_34"].rstrip("Y"))
    gap = values["InflationSpot_33"] - long_run
    return [long_run + gap * max(0.0, 1 - year / fade_years) for year in range(years)]


def lease_index(
    values: dict[str, Any],
    rulebook: dict[str, Any],
    years: int,
    indexed_years: int | None = None,
) -> list[float]:
    share = {"Flat": 0.0, "Partial": 0.5, "CPI_Linked": 1.0}[values["IndexationMode_18"]]
    floor, cap = values["CPI_FloorPct_63"], values["CPI_CapPct_64"]
    index = [1.0]
    for year, cpi in enumerate(expected_inflation(values, rulebook, years)):
        if indexed_years is not None and year + 1 >= indexed_years:
            step = 0.0
        elif values["IndexationBase_19"] == "FixedEscalator":
            step = values["EscalatorFixedPct_65"]
        elif values["IndexationBase_19"] == "CoreCPI":
            step = min(cap, max(floor, cpi - rulebook["model"]["core_cpi_discount_pct"]))
        else:
            step = min(cap, max(floor, cpi))
        index.append(index[-1] * (1 + share * step / 100))
    return index


def cost_index(
    values: dict[str, Any],
    rulebook: dict[str, Any],
    years: int,
    indexed_years: int | None = None,
) -> list[float]:
    index = [1.0]
    for year, cpi in enumerate(expected_inflation(values, rulebook, years)):
        still = indexed_years is not None and year + 1 >= indexed_years
        if still or values["IndexationMode_18"] == "Flat":
            index.append(index[-1])
        else:
            index.append(index[-1] * (1 + cpi / 100))
    return index


def power_price(values: dict[str, Any], market: dict[str, Any], month: int) -> float:
    """Average price of a MWh in the month, in local currency, hedges included."""
    covered = values["PowerHedgeCoveragePct_74"] / 100
    mode = values["PowerHedgeMode_24"]
    on_ppa = on_swap = 0.0
    if mode in ("PPA", "PPA_Plus_Swap") and month <= 12 * values["PPA_TermYears_71"]:
        on_ppa = covered
    if mode in ("FinancialSwap", "PPA_Plus_Swap") and month <= 12 * values["PowerSwapTenorY_73"]:
        on_swap = covered * (1 - on_ppa)
    return (
        on_ppa * values["PPA_Strike_GBP_MWh_72"]
        + on_swap * market["power"]["swap_per_mwh"]
        + (1 - on_ppa - on_swap) * market["power"]["spot_per_mwh"]
    )


def occupancy(values: dict[str, Any]) -> float:
    """Share of the rent that is counted on."""
    if values["RevenueBasis_20"] == "Contracted":
        return 1.0
    let = 1 - values["Vacancy_UtilisationPct_66"] / 100
    if values["RevenueBasis_20"] == "Underwritten":
        return let
    return let * (1 - values["Rent_DownsidePct_85"] / 100)


def lease_months(values: dict[str, Any]) -> int:
    return round(12 * values["LeaseTermYears_22"])


def income(
    values: dict[str, Any],
    facts: dict[str, Any],
    rulebook: dict[str, Any],
    market: dict[str, Any],
    months: int,
    without_indexation: bool = False,
    indexed_years: int | None = None,
) -> dict[str, list[float]]:
    """Gross and net income for `months` months.

    `without_indexation` is the CPI 0 % stress; from lease year `indexed_years` on indices stay.
    """
    fx = conversion(values, facts)
    lease = lease_months(values)
    years = lease // 12 + 1
    rent_index = lease_index(values, rulebook, years, indexed_years)
    opex_index = cost_index(values, rulebook, years, indexed_years)
    if without_indexation:
        rent_index = opex_index = [1.0] * (years + 1)
    rent = monthly_rent(values, facts) * occupancy(values)
    landlord = {"Landlord": 1.0, "Tenant": 0.0, "Share": 0.5}[values["PowerPassThroughMode_70"]]
    used = 1 - values["Vacancy_UtilisationPct_66"] / 100
    bought_mwh = landlord * values["GrossITLoad_02"] * HOURS_A_MONTH * used
    gross, net = [0.0], [0.0]
    for month in range(1, months + 1):
        if month > lease:
            gross.append(0.0)
            net.append(0.0)
            continue
        year = (month - 1) // 12
        unabated = rent * rent_index[year]
        received = 0.0 if month <= values["RentFreeMonths_68"] else unabated
        if values["OPEXMode_17"] == "PercentOfRevenue":
            opex = unabated * values["OPEX_08"] / 100
        else:
            opex = fx * values["OPEX_08"] / 12 * opex_index[year]
        power = fx * bought_mwh * power_price(values, market, month) if bought_mwh else 0.0
        gross.append(received)
        net.append(received - opex - power)
    return {"gross": gross, "net": net}
