"""Is the list of steps the order of payments that the kernel follows?"""

import ast
import inspect
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from kernels import steps, waterfall
from kernels import waterfall_slots as w
from kernels.steps import RESERVES, STEPS, Rank
from tests.unit.kernels.test_blocks import B, lived, scratch

# The model's section 8, and where what it leaves open has been put.
ORDER = [
    "Operating costs, insurance, maintenance, tax",
    "Senior fees, wrap premium, liquidity fee",
    "Senior interest",
    "Swap payments",
    "Senior principal",
    "Senior balloon",
    "Liquidity facility repayment",
    "DSRA top-up",
    "Mezzanine interest",
    "Mezzanine principal and balloon",
    "Mezzanine fees",
    "Mezzanine reserve top-up",
    "Senior prepayment (turbo, pay-down)",
    "Prepayment penalty",
    "Cash trapped",
    "Total return swap fee",
    "Equity",
]


def test_the_order_is_the_models() -> None:
    assert [step.name for step in STEPS] == ORDER
    assert {step.rank for step in STEPS} == set(Rank)
    assert Rank.SENIOR < Rank.MEZZANINE < Rank.EQUITY


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ((*STEPS[:3], STEPS[2], *STEPS[3:]), "twice"),
        ((*STEPS[:-1], replace(STEPS[3], name="Other"), STEPS[-1]), "twice"),
        ((STEPS[8], *STEPS[:8], *STEPS[9:]), "rank is lower"),
        ((*STEPS[:7], STEPS[-1], *STEPS[7:-1]), "rank is lower"),
        (STEPS[:-1], "equity"),
        ((replace(STEPS[0], paid=w.SENIOR_OWED), *STEPS[1:]), "does not hold a payment"),
        ((replace(STEPS[0], into=w.SENIOR_OWED), *STEPS[1:]), "no reserve"),
    ],
)
def test_a_wrong_order_is_refused(wrong: tuple[steps.Step, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        steps._checked(wrong)


def test_every_payment_of_the_kernel_is_a_step() -> None:
    named = {name for name in vars(w) if name.startswith(("PAID_", "TO_", "PREPAID"))}
    slots = {getattr(w, name) for name in named - {"PREPAID_PER_CASH"}} | {w.EQUITY}
    assert {step.paid for step in STEPS} == slots
    within = range(w.FIRST_ACCOUNT, w.CASH_IN)
    assert all(step.late in within for step in STEPS if step.late is not None)


def test_the_kernel_adds_up_exactly_the_steps_in_which_cash_leaves() -> None:
    """Equity stands there as CASH: what is left, before what it put in is taken off."""
    (function,) = ast.parse(inspect.getsource(waterfall.add_up)).body
    read = {
        ast.unparse(node.slice).split(" * ")[0]
        for statement in ast.walk(function)
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "paid"
        for node in ast.walk(statement.value)
        if isinstance(node, ast.Subscript)
    }
    leaving = {step.paid for step in STEPS if step.into is None}
    assert {getattr(w, name) for name in read} == leaving - {w.EQUITY} | {w.CASH}


@pytest.mark.parametrize("seed", range(3))
def test_steps_and_reserves_account_for_all_cash_of_every_month(seed: int) -> None:
    months = [s.reshape(-1, B) for s, _ in lived(*scratch(np.random.default_rng(seed)))]
    moved = np.zeros(len(STEPS))
    for before, after in pairwise(months):
        came = after[w.RECEIVED] - np.maximum(0.0, -after[w.SCHEDULED]) + after[w.FROM_FACILITY]
        left = sum(after[step.paid] for step in STEPS if step.into is None)
        kept = sum(after[slot] - before[slot] for slot in RESERVES)
        np.testing.assert_allclose(came - left - kept, after[w.IMBALANCE], atol=1e-11)
        np.testing.assert_allclose(after[w.IMBALANCE], 0.0, atol=1e-11)
        moved += [np.abs(after[step.paid]).sum() for step in STEPS]
    assert (moved > 0).all(), [s.name for s, m in zip(STEPS, moved, strict=True) if m == 0]
