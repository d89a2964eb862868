"""What a term sheet of each jurisdiction usually says: day count, calendar, law, index, settlement.

Facts of markets, none of the run: proposals beside what counsel and the parties settle. `VERSION`
goes up whenever a line changes. Thresholds of finance are in the rulebook, not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

VERSION: Final = "1"


@dataclass(frozen=True)
class Said:
    """What is usual, and where that is written down."""

    text: str
    source: str


@dataclass(frozen=True)
class Conventions:
    """The usual terms of a jurisdiction. `twelve_months`: the day count gives equal months."""

    day_count: Said
    twelve_months: bool
    roll: Said
    governing_law: Said
    inflation_index: Said
    settlement: Said
    denomination: Said


_ISDA: Final = "2006 ISDA Definitions, section 4.16"
_FOLLOWING: Final = Said(
    "following working day, interest not adjusted", "usual for fixed-rate bonds"
)
_UK_CSDR: Final = "UK Central Securities Depositories Regulation, until 10 October 2027"
_CSDR: Final = "Regulation (EU) 909/2014, article 5, as it stands until 10 October 2027"

BY_JURISDICTION: Final[dict[str, Conventions]] = {
    "UK": Conventions(
        day_count=Said("Act/365 (Fixed)", f"{_ISDA}(d); usual for sterling loans"),
        twelve_months=False,
        roll=_FOLLOWING,
        governing_law=Said("the laws of England and Wales", "usual for sterling issues"),
        inflation_index=Said("UK Retail Prices Index (RPI)", "Office for National Statistics"),
        settlement=Said("two working days after the trade", _UK_CSDR),
        denomination=Said(
            "100,000 in the issue's currency", "usual for issues to professional investors"
        ),
    ),
    "EU": Conventions(
        day_count=Said("30E/360", f"{_ISDA}(g); usual for fixed-rate euro private placements"),
        twelve_months=True,
        roll=_FOLLOWING,
        governing_law=Said("the law of the issuer's member state", "usual for euro issues"),
        inflation_index=Said("HICP of the euro area excluding tobacco", "Eurostat"),
        settlement=Said("two working days after the trade", _CSDR),
        denomination=Said(
            "100,000 euros or the equivalent", "Regulation (EU) 2017/1129, article 1(4)(c)"
        ),
    ),
    "US": Conventions(
        day_count=Said("30/360", f"{_ISDA}(f); usual for fixed-rate dollar bonds"),
        twelve_months=True,
        roll=_FOLLOWING,
        governing_law=Said("the laws of the State of New York", "usual for dollar issues"),
        inflation_index=Said("CPI-U, not seasonally adjusted", "Bureau of Labor Statistics"),
        settlement=Said("one working day after the trade", "SEC rule 15c6-1, since 28 May 2024"),
        denomination=Said("250,000 in the issue's currency", "usual under rule 144A"),
    ),
    "Global": Conventions(
        day_count=Said("30/360", f"{_ISDA}(f); usual for international fixed-rate bonds"),
        twelve_months=True,
        roll=_FOLLOWING,
        governing_law=Said("the laws of England and Wales", "usual for international issues"),
        inflation_index=Said("the consumer price index that the lease names", "the lease"),
        settlement=Said("as agreed between the parties", "no one market's rule applies"),
        denomination=Said("200,000 in the issue's currency", "usual for international issues"),
    ),
}

_EQUAL: Final = (
    "The run charges interest on twelve equal months a year, month end to month end, which is what "
    "this day count gives for whole months."
)
_BY_DAYS: Final = (
    "The run charges interest on twelve equal months a year, as 30/360 does. By this day count a "
    "month of 31 days costs more and February less than shown, and a leap year one day more; the "
    "figures of this document are those of equal months."
)


def conventions_of(jurisdiction: str) -> Conventions:
    """The usual terms of UK, EU, US or Global. Raises KeyError for another."""
    return BY_JURISDICTION[jurisdiction]


def accrual(conventions: Conventions) -> str:
    """How the run's interest differs from the day count of the paper."""
    return _EQUAL if conventions.twelve_months else _BY_DAYS
