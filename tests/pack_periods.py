"""Quarters, years and the life of a waterfall, added up from the months that `explain` prints."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

# Of the months of a waterfall: what stands at the end of a period. All else is paid and adds up.
_AT_THE_END = re.compile(
    r"\w*balance|\w*_late|rent_free_reserve|trapped|dsra|mezz_reserve|facility_drawn"
    r"|trap_trigger|turbo_trigger|trap_on|turbo_on|oc_\w*pct"
)
_KEPT = ("rent_free_reserve", "trapped", "dsra", "mezz_reserve")
_PAID = {
    "operating": ("operating_paid",),
    "fees": ("fees_paid",),
    "interest": ("interest_paid",),
    "hedges": ("swap_paid", "trs_paid"),
    "principal": ("principal_paid", "balloon_paid", "prepaid", "penalty_paid"),
    "facility_repaid": ("facility_repaid",),
    "mezzanine": ("mezz_interest_paid", "mezz_principal_paid", "mezz_fees_paid"),
    "facility": ("from_facility",),
    "put_in": ("equity_put_in",),
    "distributed": ("equity_before_sales", "equity_put_in"),
}


@dataclass(frozen=True)
class Worked:
    """A value that is worked out here: equal but for the rounding of sums."""

    value: float


def over(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A period: what is paid added up, what is owed and kept at its end, the least coverage."""
    found: dict[str, Any] = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        if name == "month":
            continue
        if name in ("year", "opening_reserves"):
            found[name] = values[0]
        elif _AT_THE_END.fullmatch(name):
            found[name] = values[-1]
        elif name == "covenant_dscr":
            found[name] = min((value for value in values if value is not None), default=None)
        else:
            found[name] = Worked(math.fsum(value or 0.0 for value in values))
    return found


def cash(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Where the cash of a period came from and went."""

    def paid(*names: str) -> float:
        return math.fsum(row[name] or 0.0 for row in rows for name in names)

    closing = math.fsum(rows[-1][name] or 0.0 for name in _KEPT)
    return {
        **{name: Worked(paid(*columns)) for name, columns in _PAID.items()},
        "received": Worked(paid("received") - paid("senior_lent")),
        "to_reserves": Worked(closing - (rows[0]["opening_reserves"] or 0.0)),
        "reserves": Worked(closing),
        "trapped": any(row["trap_on"] for row in rows),
        "prepaying": any(row["turbo_on"] for row in rows),
    }
