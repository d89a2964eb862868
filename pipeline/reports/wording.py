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
    "One dot for a combination of senior debt and cost of capital, {shown} of them drawn, standing"
    " for {survivors} structures that passed both gates. Derivative overlays change neither."
)
NO_SURVIVOR = "No structure passed both gates; the constraints above say why."
TOP = (
    "In the order of the run's objective, then coverage and return to equity; a tie goes to the"
    " lower structure number. Money in {currency} million; WAL in years. Rows that differ by"
    " overlays alone are equal as long as day-one value is not modelled."
)
BEST = "The optimal one: best tier first, then the objective."
LEVERS = "What the search chose for this structure; everything else is as in the project file."
NOT_MODELLED = (
    "Stated so that nobody reads a figure for more than it is; such figures are left empty, never"
    " set to zero."
)
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
