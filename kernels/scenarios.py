"""The scenarios every surviving structure is run through, and what is reported of each.

Scenario 0 is the structure as it is; three variants of its lease follow, then fourteen stresses.
Source: the model's section 9. `TABLE` gives each one's income (kernels.income) and rate shock.
"""

from kernels import income

# -- rate shocks ---------------------------------------------------------------------------------
RATE_AS_IS, RATE_UP, RATE_DOWN, RATE_LONG = range(4)
N_RATES = 4

(
    BASE,
    FLAT,
    INDEXED,
    HYBRID,
    CPI_LOW,
    CPI_MIDDLE,
    CPI_HIGH,
    CPI_EXTRA,
    RATES_UP,
    RATES_DOWN,
    RATES_LONG,
    OPEX,
    RENT,
    DEFAULT,
    REFINANCE,
    CAPEX,
    DELAY,
    COMBINED,
) = range(18)
N_SCENARIOS = 18
FIRST_STRESS = CPI_LOW

TABLE = (
    (income.AS_IS, RATE_AS_IS),
    (income.VARIANT_FLAT, RATE_AS_IS),
    (income.VARIANT_INDEXED, RATE_AS_IS),
    (income.VARIANT_HYBRID, RATE_AS_IS),
    (income.CPI_FIRST, RATE_AS_IS),
    (income.CPI_SECOND, RATE_AS_IS),
    (income.CPI_THIRD, RATE_AS_IS),
    (income.CPI_EXTRA, RATE_AS_IS),
    (income.AS_IS, RATE_UP),
    (income.AS_IS, RATE_DOWN),
    (income.AS_IS, RATE_LONG),
    (income.OPEX_UP, RATE_AS_IS),
    (income.RENT_DOWN, RATE_AS_IS),
    (income.TENANT_DEFAULT, RATE_AS_IS),
    (income.AS_IS, RATE_AS_IS),
    (income.AS_IS, RATE_AS_IS),
    (income.AS_IS, RATE_AS_IS),
    (income.CPI_NONE, RATE_LONG),
)

NAMES = (
    "base",
    "flat",
    "indexed",
    "hybrid",
    "cpi_1",
    "cpi_2",
    "cpi_3",
    "cpi_extra",
    "rate_up",
    "rate_down",
    "rate_200",
    "opex",
    "rent",
    "default",
    "refinance",
    "capex",
    "delay",
    "combined",
)

# -- figures of a scenario -----------------------------------------------------------------------
(
    DSCR_MIN,
    DSCR_AVG,
    EQUITY_IRR,
    WORST_MONTH,
    MONTHS_UNDER_1,
    RATING,
    PASSED,
) = range(7)
N_METRICS = 7
METRIC_NAMES = (
    "dscr_min",
    "dscr_avg",
    "equity_irr",
    "worst_month",
    "months_under_1",
    "rating",
    "passed",
)
