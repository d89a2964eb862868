"""Does the waterfall kernel keep its promises for any structure, month and shortage?

Structures and streams are drawn freely, cash far short and far ahead of what is due included, so
that accounts run dry, fill and are set free in every order.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.waterfall import LATE_MONTHS

from . import kernel_cash, waterfall
from .senior import loan_of, present_value

MONTHS = 60
COVENANT = {"window_months": 12, "first_test_month": 12, "test_interval_months": 3}

rates = st.floats(0.0, 0.012)
shares = st.floats(0.0, 1.0)


class Drawn(tuple[Any, ...]):
    """A case that a failure shows by its terms alone, not by its streams."""

    def __repr__(self) -> str:
        return f"terms {self[0]}, DSRA and reserve {self[2]['dsra'], self[2]['rent_free_reserve']}"


@st.composite
def structures(draw: st.DrawFn) -> kernel_cash.Case:
    """A case of MONTHS months or less whose loans are repaid by their schedules."""
    coupon, mezz_coupon = draw(st.floats(0.0005, 0.01)), draw(rates)
    maturity = draw(st.integers(13, MONTHS - 4))
    mezz_maturity = draw(st.integers(7, MONTHS - 4))
    lease = draw(st.integers(maturity, MONTHS - 2))
    bullet, mezz_bullet = draw(st.booleans()), draw(st.booleans())
    window = draw(st.sampled_from((0, 0, 6)))
    senior = 1e8
    mezz = draw(st.sampled_from((0.0, 1e7, 6e7)))
    weights = [draw(st.floats(0.2, 2.0)) for _ in range(4)]
    shape = [weights[4 * k // maturity] for k in range(maturity)]
    dues = [coupon] * maturity if bullet else [s / present_value(shape, coupon) for s in shape]
    service = dues[0] * senior
    pace = mezz_maturity - window
    terms = waterfall.BLANK_TERMS | COVENANT | {
        "coupon": coupon,
        "maturity": maturity,
        "senior_balloon": bullet,
        "senior_fee": draw(st.floats(0.0, 0.001)),
        "wrap_on_mezz": draw(st.floats(0.0, 0.0005)),
        "hedge": draw(st.floats(0.0, 0.0005)),
        "fees_shared": draw(st.booleans()),
        "mezz_coupon": mezz_coupon,
        "mezz_maturity": mezz_maturity,
        "mezz_window": window,
        "mezz_balloon": mezz_bullet,
        "mezz_fee": draw(st.floats(0.0, 0.001)),
        "mezz_waits": draw(st.booleans()),
        "mezz_needs_cover": draw(st.booleans()),
        "insurance": draw(st.floats(0.0, 0.2)) * service,
        "maintenance": draw(st.floats(0.0, 0.1)),
        "lease": lease,
        "tax_rate": draw(st.sampled_from((0.0, 0.25))),
        "depreciation": draw(st.floats(0.0, 0.5)) * service,
        "reinvestment": draw(st.sampled_from((0.0, 0.002))),
        "dsra_months": draw(st.sampled_from((0.0, 3.0, 6.0))),
        "facility": draw(st.sampled_from((0.0, 3.0))) * service,
        "facility_fee": draw(st.floats(0.0, 0.0005)),
        "reserve_first": draw(st.booleans()),
        "trap_below": draw(st.floats(0.9, 1.6)),
        "turbo_below": draw(st.sampled_from((float("-inf"), 0.8, 1.2))),
        "turbo_from": draw(st.sampled_from((None, None, 20.0))),
        "trap_share": draw(st.sampled_from((0.5, 1.0))),
        "trap_ahead_of_mezz": draw(st.booleans()),
        "excess": draw(st.sampled_from(("PayDown", "Reserve", "DistToEquity"))),
        "clean_tests": draw(st.sampled_from((1, 2))),
        "oc_floor": draw(st.sampled_from((0.05, 0.3))),
        "value": draw(st.floats(0.8, 3.0)) * senior,
        "penalty": draw(st.sampled_from((0.0, 0.02))),
        "trs_fee": draw(st.sampled_from((0.0, 0.1))) * service,
        "trs_months": 24,
        "mezz_reserve_months": draw(st.sampled_from((0.0, 0.0, 3.0, 12.0))),
        "every": draw(st.sampled_from((1, 1, 3))),
    }  # fmt: skip
    quarters = [draw(st.floats(-0.3, 3.0)) for _ in range(MONTHS // 3)]
    gross = [0.0] + [max(0.0, quarters[m // 3]) * service if m < lease else 0.0
                     for m in range(MONTHS)]  # fmt: skip
    costs = draw(st.floats(0.0, 0.6)) * service
    paying = [costs if 0 < m <= lease else 0.0 for m in range(MONTHS + 1)]
    lag = draw(st.integers(0, 2))
    settles, settled = draw(st.integers(1, MONTHS)), draw(st.floats(-4.0, 4.0)) * service
    streams = {
        "cash_in": [0.0] * (lag + 1) + gross[1 : MONTHS + 1 - lag],
        "costs": paying,
        "net": [g - c for g, c in zip(gross, paying, strict=True)],
        "gross": gross,
        "senior_share": fractions(dues, coupon, bullet),
        "mezz_share": fractions(
            [0.0] * window + [mezz_dues(mezz_coupon, window, pace, mezz_bullet)] * pace,
            mezz_coupon,
            mezz_bullet,
            window,
        ),
        "swap": [settled if m == settles else 0.0 for m in range(MONTHS + 1)],
    }
    opening = waterfall.opening_accounts(
        senior,
        mezz,
        dsra=draw(shares) * terms["dsra_months"] * service,
        rent_free_reserve=draw(st.sampled_from((0.0, 4.0))) * service,
    )
    return Drawn((terms, streams, opening))


def mezz_dues(coupon: float, window: int, pace: int, bullet: bool) -> float:
    grown = (1 + coupon) ** window
    return grown * coupon if bullet else grown / present_value([1.0] * pace, coupon)


def fractions(dues: list[float], rate: float, bullet: bool, quiet: int = 0) -> list[float]:
    loan = loan_of(1.0, rate, dues)
    part = [0.0] * (MONTHS + 1)
    for m in range(quiet + 1, len(dues) + 1):
        part[m] = loan["principal"][m] / loan["opening"][m] if not bullet else 0.0
    if not bullet:
        part[len(dues)] = 1.0
    return part


def played(case: kernel_cash.Case) -> list[waterfall.Month]:
    ((history, _),) = kernel_cash.run([case], MONTHS)
    return history


Period = tuple[waterfall.Month, list[int], waterfall.Accounts]


def payments(case: kernel_cash.Case) -> Iterator[Period]:
    """Every payment date's row, the months it pays for, and the accounts before it.

    In a month without one, nothing flows and no account moves.
    """
    terms, _, accounts = case
    paid_for: list[int] = []
    for row in played(case):
        paid_for.append(row["month"])
        put_forward = row["month"] == terms["lease"] + LATE_MONTHS and len(paid_for) > 1
        if row["month"] % terms["every"] and not put_forward:
            assert all(row[name] == 0 for name in kernel_cash.FLOW_SLOTS)
            assert {n: accounts[n] for n in row["accounts"]} == row["accounts"]
            continue
        yield row, paid_for, accounts
        accounts, paid_for = row["accounts"], []


def part(shares: list[float], months: list[int]) -> float:
    """Scheduled principal of the months over the balance before them."""
    left = 1.0
    for m in months:
        left *= 1.0 - shares[m]
    return 1.0 - left


def scale_of(case: kernel_cash.Case) -> float:
    """Money that a month moves; rounding is measured against it."""
    return max(1e6, *case[1]["cash_in"])


STEPS_DOWN_TO_PRINCIPAL = ("paid_operating", "paid_fees", "paid_interest", "paid_swap")
SENIOR_RESERVES = ("rent_free_reserve", "trapped", "dsra")
RESERVES = (*SENIOR_RESERVES, "mezz_reserve")
EXAMPLES = settings(max_examples=150, deadline=None, derandomize=True)


@EXAMPLES
@given(structures())
def test_cash_is_conserved_in_every_month(case: kernel_cash.Case) -> None:
    terms, streams, _ = case
    for row, months, before in payments(case):
        after = row["accounts"]
        opened = sum(before[name] for name in RESERVES)
        came = sum(streams["cash_in"][m] for m in months)
        came += len(months) * terms["reinvestment"] * opened
        came += max(0.0, sum(streams["swap"][m] for m in months)) + row["from_facility"] + opened
        went = sum(row[name] for name in kernel_cash.FLOW_SLOTS if name.startswith("paid_"))
        went += row["prepaid"] + row["equity"] + sum(after[name] for name in RESERVES)
        flows = max(came, abs(went), 1.0)
        assert abs(came - went) <= 1e-6 * flows
        assert abs(row["imbalance"]) <= 1e-6 * flows


@EXAMPLES
@given(structures())
def test_no_account_and_no_payment_is_negative(case: kernel_cash.Case) -> None:
    dust = 1e-9 * case[2]["senior_owed"]
    for row in played(case):
        for name, balance in row["accounts"].items():
            assert balance >= -dust, f"{name} in month {row['month']}"
        for name in kernel_cash.FLOW_SLOTS:
            if name not in ("equity", "paid_principal", "paid_mezz_principal"):
                assert row[name] >= -dust, f"{name} in month {row['month']}"


def senior_unpaid(row: waterfall.Month) -> float:
    return sum(row["accounts"][name] for name in ("senior_late", "interest_late", "costs_late"))


@EXAMPLES
@given(structures())
def test_equity_gets_nothing_while_something_before_it_is_unpaid(case: kernel_cash.Case) -> None:
    dust = 1e-9 * scale_of(case)
    for row in played(case):
        accounts = row["accounts"]
        assert min(row["equity"], senior_unpaid(row)) <= dust
        late = accounts["mezz_late"] + accounts["mezz_interest_late"]
        assert min(row["equity"], late + accounts["mezz_fees_late"]) <= dust
        assert min(row["equity"], accounts["trs_late"]) <= dust
        assert min(row["paid_trs"], senior_unpaid(row)) <= dust


@EXAMPLES
@given(structures())
def test_a_lower_step_waits_until_a_higher_one_is_paid_and_reserves_are_used(
    case: kernel_cash.Case,
) -> None:
    terms, streams, _ = case
    dust = 1e-9 * scale_of(case)
    for row, months, before in payments(case):
        m, after = row["month"], row["accounts"]
        owed, mezz_owed = before["senior_owed"], before["mezz_owed"]
        rate = len(months) * terms["coupon"]
        interest_due = rate * (owed + before["senior_late"] + before["interest_late"])
        interest_due += before["interest_late"]
        late = {
            "interest": after["interest_late"],
            "principal": after["senior_late"],
            "costs": after["costs_late"],
        }
        assert abs(row["paid_interest"] + late["interest"] - interest_due) <= dust
        hedge = len(months) * terms["hedge"] * (owed + mezz_owed)
        swap_due = max(0.0, -sum(streams["swap"][k] for k in months)) + hedge
        if late["interest"] > dust:
            assert row["paid_swap"] <= dust
        if row["paid_swap"] < swap_due - dust:
            assert max(0.0, row["paid_principal"]) <= dust
        lower = ("paid_facility", "to_trap", "paid_mezz_interest", "paid_mezz_principal",
                 "paid_mezz_fees", "paid_trs")  # fmt: skip
        if late["interest"] + late["principal"] > dust:
            beside = before["mezz_late"] + part(streams["mezz_share"], months) * mezz_owed
            beside = 0.0 if terms["mezz_waits"] else beside
            if terms["maturity"] not in months and terms["mezz_maturity"] not in months:
                # The mezzanine has its own reserve, whatever the senior lacks. Paid alongside, it
                # gets no larger a part of its principal than the senior, whose part may have to
                # fill the DSRA first.
                below = sum(row[name] for name in (*lower, "to_mezz_reserve"))
                below -= row["from_mezz_reserve"]
                grows = max(0.0, -part(streams["senior_share"], months) * owed)
                repaid = row["paid_principal"] + grows
                due = repaid + late["principal"]
                assert below <= beside + dust
                assert row["prepaid"] <= row["to_trap"] + dust  # out of what was trapped just now
                first = row["to_dsra"] if terms["reserve_first"] else 0.0
                assert due <= dust or below <= beside * (repaid + first) / due + dust
                assert late["interest"] <= dust or below <= dust
            # Draws go in order, each account empty before the next is touched; what was set aside
            # for the mezzanine may be trapped.
            if not terms["reserve_first"] and m < terms["maturity"]:
                assert sum(after[name] for name in SENIOR_RESERVES) <= row["to_trap"] + dust
        if row["from_facility"] > dust:
            spent = sum(row[f"from_{name}"] for name in SENIOR_RESERVES)
            assert abs(spent - sum(before[name] for name in SENIOR_RESERVES)) <= dust
        if row["from_dsra"] > dust and terms["maturity"] not in months:
            for name in ("rent_free_reserve", "trapped"):
                assert abs(row[f"from_{name}"] - before[name]) <= dust
        # The mezzanine's reserve is for its interest and principal alone, and filled behind them.
        if after["mezz_interest_late"] > dust:
            assert after["mezz_reserve"] <= dust
        if row["to_mezz_reserve"] > dust:
            assert after["mezz_interest_late"] + after["mezz_fees_late"] <= dust
            assert row["from_mezz_reserve"] <= dust


@EXAMPLES
@given(structures())
def test_a_loan_ends_at_maturity_however_it_was_prepaid(case: kernel_cash.Case) -> None:
    terms, _, opening = case
    rows = played(case)
    (last,) = [row["accounts"] for row, months, _ in payments(case) if terms["maturity"] in months]
    assert abs(last["senior_owed"]) <= 1e-9 * opening["senior_owed"]
    if terms["mezz_maturity"] > 0 and opening["mezz_owed"]:
        (end,) = [
            row["accounts"] for row, months, _ in payments(case) if terms["mezz_maturity"] in months
        ]
        assert abs(end["mezz_owed"]) <= 1e-9 * opening["mezz_owed"]
    repaid = sum(r["paid_principal"] + r["paid_balloon"] + r["prepaid"] for r in rows)
    late = rows[-1]["accounts"]["senior_late"]
    assert repaid + late == pytest.approx(opening["senior_owed"], rel=1e-9)


COMPARED = sorted(kernel_cash.FLOW_SLOTS)


@settings(EXAMPLES, max_examples=300)
@given(structures())
def test_the_kernel_pays_what_the_sequential_waterfall_pays(case: kernel_cash.Case) -> None:
    dust = 1e-9 * max(scale_of(case), case[2]["senior_owed"])
    plain, _ = waterfall.run(*case, MONTHS)
    ((history, totals),) = kernel_cash.run([case], MONTHS)
    for mine, theirs in zip(plain, history, strict=True):
        told = {
            name: (mine[name], theirs[name])
            for name in COMPARED
            if abs(mine[name] - theirs[name]) > dust
        }
        told |= {
            name: (balance, theirs["accounts"][name])
            for name, balance in mine["accounts"].items()
            if name in theirs["accounts"] and abs(balance - theirs["accounts"][name]) > dust
        }
        assert not told, f"month {mine['month']}: {told}"
        assert (mine["covenant_dscr"] is None) == (theirs["covenant_dscr"] is None)
        assert mine["trap"] == theirs["trap"]
    # months in trap or turbo, and what is unpaid, are counted to the last late receipt
    living = plain[: int(case[0]["lease"]) + LATE_MONTHS]
    while_living = waterfall.totals(living, case[2]["senior_owed"])
    over_life = waterfall.totals(plain, case[2]["senior_owed"])
    over_life |= {n: while_living[n] for n in ("trap_months", "turbo_months", "unpaid_max")}
    for name, figure in totals.items():
        assert figure == pytest.approx(over_life[name], rel=1e-9, abs=MONTHS * dust), name


def test_a_mezzanine_reserve_by_hand() -> None:
    """1,200 repaid by 100 a month out of 150, two months without income, two months held."""
    income = [0.0] + [0.0 if m in (5, 6) else 150.0 for m in range(1, 14)] + [0.0] * (MONTHS - 13)
    streams = dict.fromkeys(waterfall.STREAMS, [0.0] * (MONTHS + 1)) | {
        "cash_in": income, "net": income, "gross": income,
        "mezz_share": [0.0] + [1 / (13 - m) for m in range(1, 13)] + [0.0] * (MONTHS - 12),
    }  # fmt: skip
    terms = waterfall.BLANK_TERMS | {"mezz_maturity": 12, "lease": 13, "mezz_reserve_months": 2.0}
    opening = waterfall.opening_accounts(0.0, 1200.0)
    held = [50, 100, 150, 200, 100, 0, 50, 100, 150, 200, 200, 0, 0]
    equity = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 50, 50 + 200, 150]
    # by quarter: 450 - 300 = 150 of 200 held, all of it drawn, held again and set free
    by_quarter = {3: (150, 0), 6: (0, 0), 9: (150, 0), 12: (0, 150 + 150), 15: (0, 150)}
    for every in (1, 3):
        case = (terms | {"every": every}, streams, opening)
        for rows in (played(case), waterfall.run(*case, MONTHS)[0]):
            for row in rows:
                m = row["month"]
                if every == 3:
                    wanted = by_quarter.get(m, (0, 0))
                else:
                    wanted = (held[m - 1], equity[m - 1]) if m <= 13 else (0, 0)
                if m % every == 0:
                    found = (row["accounts"]["mezz_reserve"], row["equity"])
                    assert found == pytest.approx(wanted, abs=1e-9), f"every {every}, month {m}"
                assert row["accounts"]["mezz_late"] == pytest.approx(0, abs=1e-9)
            assert sum(row["paid_mezz_principal"] for row in rows) == pytest.approx(1200.0)


def growing(**changes: Any) -> kernel_cash.Case:
    """A sculpted loan that grows for six months: its service is under its interest."""
    dues = [0.5] * 6 + [1.0] * 30
    coupon = 0.03
    dues = [due / present_value(dues, coupon) for due in dues]
    senior = 1e8
    flow = [0.0] + [1.1 * due * senior for due in dues] + [0.0] * (MONTHS - len(dues))
    terms = waterfall.BLANK_TERMS | {"coupon": coupon, "maturity": 36, "lease": 36} | changes
    streams = dict.fromkeys(waterfall.STREAMS, [0.0] * (MONTHS + 1)) | {
        "cash_in": flow, "net": flow, "gross": flow,
        "senior_share": fractions(dues, coupon, bullet=False),
    }  # fmt: skip
    return terms, streams, waterfall.opening_accounts(senior, 0.0)


def test_a_sculpted_loan_that_grows_pays_its_interest_with_what_it_lends() -> None:
    terms, _, _ = case = growing()
    rows = played(case)
    assert rows[0]["paid_principal"] < 0
    for plain, row in zip(waterfall.run(*case, MONTHS)[0], rows, strict=True):
        assert senior_unpaid(row) <= 1e-3, f"month {row['month']}"
        for name in COMPARED:
            assert row[name] == pytest.approx(plain[name], abs=1e-3), f"{name}, {row['month']}"
    assert rows[terms["maturity"] - 1]["accounts"]["senior_owed"] == 0
