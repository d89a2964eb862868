"""The fixed text of the summary."""

from __future__ import annotations

KICKER = "ATLAS FORGE  ·  STRUCTURE SEARCH SUMMARY"
PURPOSE = (
    "This summary compares financing structures under the assumptions of its input files. It is not"
    " an offer, a credit opinion or a rating by an agency; ratings here are the outcome of the"
    " rulebook's matrix."
)
FUNNEL = (
    "Gate A asks whether a structure is feasible, Gate B whether it is good credit. Shares are of"
    " all structures examined."
)
CONSTRAINTS = (
    "The first test that each rejected structure fails, in the fixed order of the gates: relaxing"
    " one that ranks high frees the most structures, until the next test binds."
)
SCATTER = (
    "One dot for a combination of senior debt and cost of capital, {shown} of them drawn; they"
    " stand for all that passed both gates ({survivors}). Derivative overlays change neither."
)
NO_SURVIVOR = "No structure passed both gates; the constraints above say why."
TOP = (
    "In the order of the run's objective, then coverage and return to equity; a tie goes to the"
    " lower structure number. The objective is not the tier: a structure further down may have a"
    " better one. Senior, mezzanine, equity and day-one value in {currency} million; WAL in years."
)
BEST_TITLE = "The best structure: number {number}"
BEST = "Best tier first, then the objective: {tier}, rank {rank} of the ranking above."
MONEY = (
    "In {currency}. Negative parts of day-one value are costs. Financing is senior, mezzanine and"
    " equity; sources meet uses, and the equity cheque is what the others leave."
)
STRESSES = (
    "Debt held as sized, one change at a time; {passed} of {stresses} stresses pass. A stress"
    " passes when its least coverage reaches what the rulebook asks of the achieved rating; the"
    " one without tenant and the late completion when reserves last. Ratings are the matrix's on"
    " the coverage shown."
)
SWITCHES: dict[str, str] = {
    "zcis_5y": "ZCIS\u00a05",
    "zcis_10y": "ZCIS\u00a010",
    "trs": "TRS",
    "floor": "floor",
    "strip": "strip",
}
WARNINGS: dict[str, str] = {
    "MARGINAL_CREDIT": "coverage close to the rating's floor",
    "LIMITED_UNIVERSE": "rated under A, fewer buyers",
    "HIGH_COMPLEXITY": "many derivatives",
    "LEVERAGE_LOW": "little debt",
    "CONCENTRATION": "one large tenant",
    "GEO_CONCENTRATION": "one large place",
    "MEZZ_BEFORE_SENIOR": "mezzanine matures before the senior",
    "WRAP_COST_OUT_OF_RANGE": "wrap premium outside its usual range",
    "INFLATION_UNHEDGED": "inflation swap on a lease without indexation",
    "OVERHEDGED": "inflation swaps on more than the senior debt",
    "OVERLAY_IDLE": "an overlay outlives the senior debt and is worth nothing",
    "RESERVES_UNFUNDED": "funded, but not with reserves and interest in construction",
}
LEVERS = "What the search chose for this structure; everything else is as in the project file."
NO_LEVERS = "The project file lets nothing vary: this is the one structure it describes."
NEAR_MISSES = (
    "The smallest relative change of one input alone that raises capital coverage to 100 %, for "
    "the best structures that passed both gates without it. Lines stand for structures that need "
    "the same changes. * makes another test fail; – no change within the bounds of the method "
    "suffices."
)
CHANGES = {
    "rent": "Rent",
    "capex": "Capex",
    "coupon": "Coupon",
    "tenor": "Tenor",
    "target_dscr": "Target DSCR",
}
NOT_MODELLED = "No figure above takes account of:"
HOW_TO_READ: dict[str, str] = {
    "DSCR": (
        "net income over senior debt service in the weakest month that is tested. Senior debt "
        "is sized backwards from the target, so the least coverage often equals it exactly"
    ),
    "Interest cover and LTV": (
        "net income over senior interest in the weakest month; senior debt over the market "
        "value of the project"
    ),
    "WACC": (
        "coupons of senior and mezzanine debt and the target return of equity, weighted by amount"
    ),
    "Capital coverage and Funded": (
        "debt and what equity can pay at its target return, over what the project needs at "
        "close; Funded adds day-one value. Below 85 % a structure is rejected, below 100 % it "
        "is a near miss"
    ),
    "Equity IRR": (
        "yearly return on the equity cheque at close: monthly distributions of the cash waterfall "
        "and the value at the end of the lease"
    ),
    "Day-one value": (
        "cash that swaps, options, sales and rebates bring at close, less what they cost then. "
        "What they cost later is in the waterfall"
    ),
    "Covenant DSCR": (
        "net income after senior fees over debt service and reserve top-up, over twelve months, "
        "as lenders test it; under its triggers cash is trapped or prepays the senior"
    ),
    "Tier": (
        "Diamond, Gold and Silver are fully funded with falling demands on rating, stresses "
        "and day-one value; Bronze passed both gates and is not fully funded"
    ),
    "Hard filters": (
        "conditions of the project file that a structure must meet to count as viable; they "
        "are apart from the tiers"
    ),
    "Structure number": (
        "the place in the lever space. The same number means the same structure in every run "
        "of the same project file, whatever the seed or sample"
    ),
}

TIERS_BY: dict[str, str] = {
    "conditions": "their conditions",
    "rank_of_gate_b_score": "their conditions and rank by gate_b_score",
}
