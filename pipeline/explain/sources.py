"""Where a formula is written: the source documents and the method page, cited briefly."""

from __future__ import annotations

SENIOR_PAGE = "senior-tranche-calculation"
TREE = "variable-and-calculation-tree"
KPIS = "output-kpis"
RULES = "rule-keys-gates-performance"
PLAN = "master-execution-plan"


def cited(method_section: int, *documents: str) -> str:
    """Documents and the section of docs/method.md that settles them."""
    return "; ".join((*documents, f"method {method_section}"))
