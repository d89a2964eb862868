"""The order of payments of kernels.waterfall: who is paid, from which slot it is read, what helps.

Source: the model's section 8. Cash that comes in goes down STEPS; a step gets what the steps before
it leave, and what it may draw. Plain data for readers, tables and tests: the kernel writes the
slots, and adds up the same steps when it checks that cash is conserved (`add_up`).
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import pairwise

from kernels import waterfall_slots as w


class Rank(IntEnum):
    """Whose turn it is. A rank waits until the ones before it have what is due to them."""

    OPERATION = 1
    SENIOR = 2
    MEZZANINE = 3
    SURPLUS = 4  # what covenants do with the cash that is left: prepay, or hold back
    SUBORDINATED = 5
    EQUITY = 6


class Source(StrEnum):
    """What a step may draw when cash does not suffice."""

    RENT_FREE_RESERVE = "rent-free reserve"
    TRAPPED_CASH = "trapped cash"
    DSRA = "DSRA"
    FACILITY = "liquidity facility"
    MEZZ_RESERVE = "mezzanine reserve"
    EQUITY = "equity"


@dataclass(frozen=True)
class Step:
    """One step; slots are numbers of kernels.waterfall_slots, all money of the month.

    `due` is None where the kernel keeps no figure of its own: what was due is then what was paid
    and what `late` carries on. `into` is the account in which the cash stays the project's; it is
    None where cash leaves. `draws` are in the order in which they are drawn.
    """

    name: str
    payee: str
    rank: Rank
    paid: int
    due: int | None = None
    late: int | None = None
    into: int | None = None
    draws: tuple[Source, ...] = ()


_SENIOR_HELP = (Source.RENT_FREE_RESERVE, Source.TRAPPED_CASH, Source.DSRA, Source.FACILITY)

STEPS: tuple[Step, ...] = (
    Step(
        "Operating costs, insurance, maintenance, tax", "suppliers, insurers, tax office",
        Rank.OPERATION, w.PAID_OPERATING, w.OPERATING_DUE, w.COSTS_LATE, draws=_SENIOR_HELP,
    ),
    Step(
        "Senior fees, wrap premium, liquidity fee", "agents, insurer, facility bank",
        Rank.SENIOR, w.PAID_FEES, w.FEES_DUE, w.COSTS_LATE, draws=_SENIOR_HELP,
    ),
    Step(
        "Senior interest", "senior lenders",
        Rank.SENIOR, w.PAID_INTEREST, w.INTEREST_DUE, w.INTEREST_LATE, draws=_SENIOR_HELP,
    ),
    Step(
        "Swap payments", "hedge counterparties",
        Rank.SENIOR, w.PAID_SWAP, w.SWAP_DUE, w.COSTS_LATE, draws=_SENIOR_HELP,
    ),
    Step(
        "Senior principal", "senior lenders",
        Rank.SENIOR, w.PAID_PRINCIPAL, w.PRINCIPAL_DUE, w.SENIOR_LATE, draws=_SENIOR_HELP,
    ),
    Step(
        "Senior balloon", "senior lenders",
        Rank.SENIOR, w.PAID_BALLOON, draws=(Source.TRAPPED_CASH, Source.DSRA, Source.EQUITY),
    ),
    Step(
        "Liquidity facility repayment", "facility bank",
        Rank.SENIOR, w.PAID_FACILITY, late=w.FACILITY_DRAWN,
    ),
    Step("DSRA top-up", "reserve", Rank.SENIOR, w.TO_DSRA, w.MISSING, into=w.DSRA),
    Step(
        "Mezzanine interest", "mezzanine lenders",
        Rank.MEZZANINE, w.PAID_MEZZ_INTEREST, late=w.MEZZ_INTEREST_LATE,
        draws=(Source.MEZZ_RESERVE,),
    ),
    Step(
        "Mezzanine principal and balloon", "mezzanine lenders",
        Rank.MEZZANINE, w.PAID_MEZZ_PRINCIPAL, late=w.MEZZ_LATE,
        draws=(Source.MEZZ_RESERVE, Source.EQUITY),
    ),
    Step(
        "Mezzanine fees", "mezzanine agent",
        Rank.MEZZANINE, w.PAID_MEZZ_FEES, late=w.MEZZ_FEES_LATE,
    ),
    Step(
        "Mezzanine reserve top-up", "reserve",
        Rank.MEZZANINE, w.TO_MEZZ_RESERVE, into=w.MEZZ_RESERVE,
    ),
    Step(
        "Senior prepayment (turbo, pay-down)", "senior lenders",
        Rank.SURPLUS, w.PREPAID, draws=(Source.TRAPPED_CASH,),
    ),
    Step(
        "Prepayment penalty", "senior lenders",
        Rank.SURPLUS, w.PAID_PENALTY, draws=(Source.TRAPPED_CASH,),
    ),
    # a trap by MezzBlock and thin collateral hold back ahead of the mezzanine
    Step("Cash trapped", "reserve", Rank.SURPLUS, w.TO_TRAP, into=w.TRAPPED),
    Step(
        "Total return swap fee", "swap counterparty",
        Rank.SUBORDINATED, w.PAID_TRS, late=w.TRS_LATE,
    ),
    Step("Equity", "shareholders", Rank.EQUITY, w.EQUITY),
)  # fmt: skip

# Accounts in which cash stays the project's from month to month.
RESERVES = (w.RENT_FREE_RESERVE, w.TRAPPED, w.DSRA, w.MEZZ_RESERVE)


def _checked(steps: tuple[Step, ...]) -> None:
    """Raises ValueError where a list of steps cannot be an order of payments."""
    paid = [step.paid for step in steps]
    if len(set(paid)) != len(paid) or len({step.name for step in steps}) != len(steps):
        raise ValueError("a step or its slot stands twice")
    for one, other in pairwise(steps):
        if one.rank > other.rank:
            raise ValueError(f"{other.name} stands behind {one.name}, whose rank is lower")
    for step in steps:
        if not w.FIRST_FLOW <= step.paid < w.FIRST_TOTAL:
            raise ValueError(f"{step.name}: its slot does not hold a payment of the month")
        if step.into is not None and step.into not in RESERVES:
            raise ValueError(f"{step.name} goes into an account that is no reserve")
    if steps[-1].rank is not Rank.EQUITY:
        raise ValueError("equity has to be the last")


_checked(STEPS)
