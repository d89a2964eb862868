"""Terms that documents use, each in a sentence that says what this run computes."""

from __future__ import annotations

from typing import Final

from pipeline.reports.pack.document import Grid, GridColumn, Section

# Term and meaning, in alphabetical order.
TERMS: Final = (
    ("Advance factor", "senior debt over the market cost of the project; the same as LTV here"),
    ("Average life (WAL)", ("years after which principal is repaid on average, weighted by amount; "
     "scheduled, or expected with prepayments")),
    ("Balloon", "principal due in one sum at maturity"),
    ("Base case", "the run's assumptions with nothing stressed"),
    ("Breakeven inflation", "the inflation at which an inflation swap costs nothing to enter"),
    ("Bronze, Silver, Gold, Diamond", ("the run's tiers: Bronze passed both gates; the others are "
     "also fully funded, with rising demands on rating, stresses and day-one value")),
    ("Cash trap", "cash held back from equity while the covenant DSCR lies under its trigger"),
    ("Completion (COD)", "the date from which rent is earned and from which tenors run"),
    ("Composite score", ("the run's weighted score of senior debt, cost of capital, day-one value, "
     "coverage and rating")),
    ("Covenant DSCR", ("net income after senior fees over debt service and missing reserve, over "
     "twelve months")),
    ("Day-one value", ("cash that overlays bring at close, less what they cost then; what they "
     "cost later is in the waterfall")),
    ("DSCR", "debt service coverage ratio: net income of a month over senior debt service of it"),
    ("DSRA", ("debt service reserve account: months of debt service held in cash or by a letter "
     "of credit")),
    ("Equity IRR", ("yearly return of the equity cheque on distributions and the value at lease "
     "end")),
    ("FCCR", "fixed charge cover: net income over interest, fees and wrap premium"),
    ("Gate A, Gate B", ("the run's two sets of tests: whether a structure is feasible, and whether "
     "it is good credit")),
    ("Headroom", "by how much a test is passed; negative where it fails"),
    ("ICR", "interest cover: net income over senior interest"),
    ("Liquidity facility", "a committed line drawn when cash and reserves do not suffice"),
    ("LTV", "loan to value: senior debt over the market cost of the project"),
    ("Mezzanine", "debt paid after the senior and before equity"),
    ("Overlay", "a derivative, sale or enhancement beside the debt, such as an inflation swap"),
    ("Permutation", "one structure of the run's space of levers, by its number"),
    ("Rating", "the outcome of the rulebook's matrix, wrap and tenant rules: no agency's rating"),
    ("Repo eligible", "fit to be pledged to the central bank, by every leg of the rulebook's rule"),
    ("Residual strip", "a share of late distributions, sold at close"),
    ("Spread over the curve", "coupon less the zero rate at the curve's anchor"),
    ("Subordination", "mezzanine and equity over the cost that is financed"),
    ("Turbo", "all cash left after the mezzanine prepays the senior"),
    ("WACC", "coupons and the equity's target return, weighted by amount"),
    ("Wrap", "a financial guarantee of the notes by an insurer"),
    ("ZCIS", ("zero-coupon inflation swap: one payment of realised against fixed inflation at its "
     "end")),
)  # fmt: skip


def glossary() -> Section:
    """Terms and what they mean here."""
    rows = tuple((term, f"{meaning[:1].upper()}{meaning[1:]}.") for term, meaning in TERMS)
    return Section(
        "Glossary",
        (
            Grid(
                (GridColumn("Term", 1.0, right=False), GridColumn("Meaning", 3.2, right=False)),
                rows,
            ),
        ),
        new_page=True,
    )
