"""The project that `atlas-forge init` writes: small, sound, and explained line by line."""

STARTER = """\
# An Atlas Forge project. `atlas-forge catalogue` lists every variable; `atlas-forge validate`
# checks this file; `atlas-forge run` finds the best ways to finance the project.
schema: 1

project:
  id: my-project               # small letters, digits and dashes
  title: My data centre
  country: GB                  # ISO code; UK and EU are understood
  asset_type: data_centre      # or renewable, infrastructure
  tenant: {name: Main tenant, rating: A, share_pct: 100}
  rent: {per_kw_month: 95}     # or monthly: 950000, or per_kwh: 0.13 (money of the country)

# What is known. Everything left out stands at the catalogue's default, or the market file's.
base:
  Currency_01: GBP
  GrossITLoad_02: 10           # MW
  CapexMarketRate_05: 8000000  # per MW
  CapexCostPrice_04: 7000000
  LandPurchaseFees_06: 2000000
  OPEX_08: 15                  # percent of revenue
  LeaseTermYears_22: 20
  EquityIRRTarget_55: 15
  MinSeniorRatingTarget_75: BBB

# Optional covenants that may size the senior debt beside its target coverage.
covenants:
  max_ltv_pct: 75

# What the run varies. Three ways: a Range, a Boundary (two values), or a list.
levers:
  TargetDSCRSenior_37: {min: 1.20, max: 1.50, step: 0.05}
  SeniorCoupon_38: {low: 5.0, high: 6.0}
  SeniorTenorY_39: [10, 15, 18]
  SeniorAmortType_40: [annuity, level, sculpted]
  mezz: [false, {TargetDSCRMezz_45: 1.15, MezzCoupon_46: 9}]
  overlays: [zcis_10y, floor]  # each off and on; or: all

run:
  seed: 1                      # decides the sample when the space is larger than the maximum
  max_permutations: 100000
  objective: Composite         # or SeniorRaise, WACC, EquityIRR, Day1Cash, DSCR
  hard_filters: ["DSCR>=1.25", "SeniorRating>=BBB"]

# Names and facts for the documents; what is left out is a blank there (docs/project-file.md).
# parties:
#   issuer: My issuer plc
#   trustee: My trustee Ltd
# deal:
#   target_close_date: 2026-09-15
#   security: [First legal charge over the site]

market: builtin:gbp            # or a path relative to this file
rulebook: builtin:v1
"""
