"""Who pays whom: the parties and accounts of a structure as a diagram."""

from __future__ import annotations

from kernels import layout as x
from pipeline.reports.pack.document import Arrow, Blank, Box, Cell, Diagram, Figure
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.instruments import instruments

_HEDGES = ("zcis5", "zcis10", "option", "trs", "ccy", "power")


def structure_diagram(dossier: Dossier) -> Diagram:
    """Tenant, project company, accounts, tranches; hedges and insurer where there are any.

    Names of parties are shown where the project file gives them.
    """
    on = {each.key: each.title for each in instruments(dossier) if each.state == "on"}
    step = dossier.step
    boxes = [
        Box("Tenant", _tenant(dossier), 0, 1),
        Box("Project company", _named(dossier, "parties.issuer"), 1, 1, "issuer"),
        Box(
            "Site and lease", ("market cost", step("project.market_costs", "money")), 1, 2, "asset"
        ),
        Box("Accounts", _accounts(dossier), 2, 1, "asset"),
    ]
    arrows = [
        Arrow("Tenant", "Project company", "rent"),
        Arrow("Project company", "Site and lease", "owns"),
        Arrow("Project company", "Accounts", "receipts"),
    ]
    row = 0
    if dossier.has_senior:
        notes = (step("senior.notional", "money"), ", rated", step("rating.senior"))
        boxes.append(Box("Senior notes", notes, 3, row, "debt"))
        arrows.append(Arrow("Accounts", "Senior notes", "1. interest, principal"))
        row += 1
    if dossier.has_mezzanine:
        loan = (step("mezzanine.notional", "money"), ", rated", step("mezzanine.rating"))
        boxes.append(Box("Mezzanine", loan, 3, row, "debt"))
        arrows.append(Arrow("Accounts", "Mezzanine", "2. interest, principal"))
        row += 1
    boxes.append(
        Box("Equity", (*_named(dossier, "parties.sponsor"), *_equity(dossier)), 3, row, "equity")
    )
    last = {0: "distributions", 1: "2. distributions", 2: "3. distributions"}[row]
    arrows.append(Arrow("Accounts", "Equity", last))
    hedges = [on[key] for key in _HEDGES if key in on]
    if hedges and dossier.has_senior:
        text = (*_named(dossier, "parties.hedge_counterparty"), "; ".join(hedges))
        boxes.append(Box("Hedge counterparty", text, 1, 0, "hedge"))
        arrows.append(Arrow("Hedge counterparty", "Project company", "upfront, settlements"))
    wrapped = dossier.case.input(x.WRAP_TYPE) != x.WRAP_NONE
    if wrapped and dossier.has_senior:
        boxes.append(Box("Insurer", _named(dossier, "parties.insurer"), 2, 0, "hedge"))
        arrows.append(Arrow("Insurer", "Senior notes", "guarantee"))
    return Diagram(
        "Parties and payments", tuple(boxes), tuple(arrows), "Numbers are the order of payments.",
    )  # fmt: skip


def _tenant(dossier: Dossier) -> tuple[Cell, ...]:
    tenant = (dossier.manifest["request"]["project"] or {}).get("tenant")
    if not tenant:
        return ()
    fact = dossier.fact
    return (
        fact("request.project.tenant.name"),
        "rated", fact("request.project.tenant.rating"),
    )  # fmt: skip


def _named(dossier: Dossier, path: str) -> tuple[Figure | Blank, ...]:
    return (dossier.name(path),)


def _accounts(dossier: Dossier) -> tuple[Cell, ...]:
    if not dossier.has_senior:
        return ("operating account",)
    return ("operating account, debt service reserve", dossier.step("uses.dsra", "money"))


def _equity(dossier: Dossier) -> tuple[Cell, ...]:
    return (dossier.step("uses.cheque", "money"),) if dossier.case.sound else ()
