"""What stands beside the debt: each derivative, sale and enhancement, with its state.

On: it is in the structure and has a value or an effect. Idle: it is asked for and is worth nothing,
and why. Off: it is not in this structure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from kernels import layout as x
from kernels.currency import hedged_share
from pipeline.explain.case import ROW
from pipeline.reports.pack import instrument_terms as terms
from pipeline.reports.pack.document import Cell, Fields, Figure
from pipeline.reports.pack.dossier import Dossier

State = Literal["on", "idle", "off"]
_OFF: Final = "not in this structure"
_NO_VALUE: Final = "no value at close"
_TENANT_PAYS: Final = "the tenant pays for power, so a hedge of it moves nothing"


@dataclass(frozen=True)
class Instrument:
    """`head` is notional and tenor; `why` says why it is idle or off, `later` what it costs or
    brings after close."""

    key: str
    title: str
    state: State
    head: tuple[Cell, Cell]
    value: Cell
    why: str
    later: str
    fields: Callable[[Dossier], Fields]


def instruments(dossier: Dossier) -> tuple[Instrument, ...]:
    """All of them, in the order of day-one value; power hedges, which have none, come last."""
    case = dossier.case
    parts = (
        ("zcis5", "Inflation swap, 5 years", _is_on(dossier, x.ZCIS_5Y_ON), terms.inflation_swap,
         "settles on realised inflation at its end"),
        ("zcis10", "Inflation swap, 10 years", _is_on(dossier, x.ZCIS_10Y_ON),
         terms.inflation_swap, "settles on realised inflation at its end"),
        ("option", "Rate floor, cap or collar", _is_on(dossier, x.FLOOR_ON), terms.rate_option,
         "settles when rates pass its strikes"),
        ("trs", "Total return swap on equity", _is_on(dossier, x.TRS_ON), terms.return_swap,
         "costs a fee, paid just before equity"),
        ("strip", "Residual strip", _is_on(dossier, x.STRIP_ON), terms.residual_strip,
         "takes its share of late distributions"),
        ("ccy", "Currency swap", float(hedged_share(case.inputs, ROW)) > 0.0,
         terms.currency_swap, "costs a hedge margin on the debt"),
        ("wrap", "Financial guarantee (wrap)", case.input(x.WRAP_TYPE) != x.WRAP_NONE,
         terms.wrap, "costs a premium on the balance it covers"),
        ("rebate", "Rebate of structuring fees", case.input(x.FEE_REBATE_PCT) > 0.0,
         terms.rebate, "nothing"),
        ("uplift", "Higher advance rate", case.input(x.ADVANCE_UPLIFT_PCT) > 0.0,
         terms.uplift, "nothing"),
    )  # fmt: skip
    found = [_of_part(dossier, *part) for part in parts]
    return (*found, _power(dossier))


def _is_on(dossier: Dossier, row: int) -> bool:
    return dossier.case.input(row) == 1.0


def _of_part(
    dossier: Dossier,
    key: str,
    title: str,
    asked: bool,
    fields: Callable[[Dossier, str], Fields],
    later: str,
) -> Instrument:
    step = dossier.steps.get(f"day_one.{key}")
    value = dossier.step(f"day_one.{key}", "money")
    state: State = "off"
    why = _OFF
    if asked and (step is None or not step.inputs):
        state = "idle"
        why = value.note if step is None else step.note
    elif asked:
        state, why = "on", ""
    head: tuple[Cell, Cell] = ("", "")
    if state == "on":
        head = terms.head(dossier, key)
    empty = step is not None and state == "on" and step.note
    return Instrument(
        key, title, state, head, value if state == "on" else _nought(value), why,
        f"{later}; {step.note}" if empty and step is not None else later,
        lambda of: fields(of, key),
    )  # fmt: skip


def _nought(value: Figure) -> Cell:
    """Nothing is said of what is off; what is idle is worth nought."""
    return value if value.value is not None else ""


def _power(dossier: Dossier) -> Instrument:
    case = dossier.case
    state: State = "on"
    why = ""
    if case.input(x.POWER_HEDGE_MODE) == x.HEDGE_NONE:
        state, why = "off", _OFF
    elif case.input(x.POWER_PASS_THROUGH) == x.PASS_TENANT:
        state, why = "idle", _TENANT_PAYS
    return Instrument(
        "power", "Power purchase agreement and power swap", state, ("", ""),
        _NO_VALUE if state == "on" else "", why, "fixes the price of the share it covers",
        terms.power,
    )  # fmt: skip
