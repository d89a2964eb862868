"""Covenants, conditions precedent and security of a deal, from its structure and project file."""

from __future__ import annotations

from typing import Final

from pipeline.reports.pack.document import (
    Blank,
    Block,
    Bullets,
    Cell,
    Grid,
    GridColumn,
    Prose,
)
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.terms_in_words import is_on

_COLUMNS: Final = (
    GridColumn("Covenant", 2.4, right=False),
    GridColumn("From", 1.5, right=False),
    GridColumn("Required", 0.9, right=False),
    GridColumn("Limit", 1.2, more_digits=1),
    GridColumn("At close", 1.2, more_digits=1),
    GridColumn("Headroom", 1.2, more_digits=1),
    GridColumn("Result", 0.9, right=False),
)
# Steps of `explain` that hold a figure against a limit which lenders keep over the life.
_TESTS: Final = (
    ("gate_b.dscr_below_minimum", "Least DSCR for the rating sought"),
    ("gate_b.icr_below_minimum", "Interest cover"),
    ("gate_b.fccr_below_minimum", "Fixed charge cover"),
    ("gate_a.advance_factor_breach", "Advance factor (loan to value)"),
    ("gate_b.leverage_too_high", "Debt share of the cost"),
    ("gate_b.first_loss_shortfall", "Equity share of the cost"),
    ("gate_a.tenor_exceeds_limit", "Tenor"),
    ("gate_b.wal_exceeds_limit", "Weighted average life"),
    ("gate_b.balloon_exceeds_limit", "Balloon"),
)
_SIDES: Final = {">=": "at least", "<=": "at most", "=": "equal to"}


def covenants(dossier: Dossier) -> tuple[Block, ...]:
    """Limits of the rulebook and of the project file beside what the structure has at close."""
    rows: list[tuple[Cell, ...]] = []
    for step_id, label in _TESTS:
        step = dossier.steps.get(step_id)
        if step is None or step.bound is None:
            continue
        rows.append(
            (label, step.bound.rule, _SIDES[step.bound.side], dossier.test(step_id, "limit"),
             dossier.test(step_id, "actual"), dossier.test(step_id, "headroom"),
             dossier.verdict(step_id))
        )  # fmt: skip
    if not rows:
        return (Prose(("No covenant can be tested: the structure is not sound.",)),)
    own = _of_the_project(dossier)
    blocks: list[Block] = [Grid(_COLUMNS, tuple(rows))]
    if own:
        blocks.append(Bullets(own))
    return tuple(blocks)


def _of_the_project(dossier: Dossier) -> tuple[tuple[Cell, ...], ...]:
    """Covenants of the project file, which size the senior beside its target coverage."""
    items: list[tuple[Cell, ...]] = [
        ("Sizing: least DSCR of", dossier.input(37, "times"), "in every month that is tested.")
    ]
    covenants_ = dossier.manifest["request"]["covenants"]
    if covenants_["max_ltv_pct"] is not None:
        most = dossier.fact("request.covenants.max_ltv_pct", "share")
        items.append(("Sizing: loan to value of at most", most, "at close."))
    if covenants_["min_icr"] is not None:
        least = dossier.fact("request.covenants.min_icr", "times")
        items.append(("Sizing: interest cover of at least", least, "in every month tested."))
    if dossier.has_senior:
        items.append(("Binding in the sizing:", dossier.column("binding_constraint"), "."))
    return tuple(items)


def conditions_precedent(dossier: Dossier) -> tuple[Block, ...]:
    """What follows from the structure; then what the project file adds, or a blank."""
    given = dossier.names_of("deal.conditions_precedent")
    from_structure: tuple[Block, ...] = (
        Prose(("None follows from the structure, which is not sound.",)),
    )
    if dossier.case.sound:
        from_structure = (
            Prose(("From the structure:",)),
            Bullets((*_of_the_deal(dossier), *_of_the_debt(dossier)), numbered=True),
        )
    return (
        *from_structure,
        Prose(("Further conditions, as the project file gives them:",)),
        Bullets(tuple((each,) for each in given)),
    )


def _of_the_deal(dossier: Dossier) -> tuple[tuple[Cell, ...], ...]:
    tenant = dossier.manifest["project"]["tenant"]
    name = dossier.fact("project.tenant.name") if tenant else Blank("project.tenant.name")
    lease = dossier.input(22)
    cheque = dossier.step("uses.cheque")
    paid: tuple[tuple[Cell, ...], ...] = (("Equity cheque of", cheque, "paid in or secured."),)
    return (
        *(paid if is_on(cheque) else ()),
        ("Lease with", name, "in force for", lease, "from completion."),
        ("Insurance in force: construction and operation as the programme asks,",
         dossier.input(62), "a year on internal costs."),
    )  # fmt: skip


def _of_the_debt(dossier: Dossier) -> tuple[tuple[Cell, ...], ...]:
    if not dossier.has_senior:
        return ()
    step = dossier.step
    items: list[tuple[Cell, ...]] = [
        ("Senior rating of", step("rating.senior"), "or better confirmed by the rating agencies.")
    ]
    if dossier.manifest["request"]["covenants"]["dsra_funding"] == "LetterOfCredit":
        items.append(("Letter of credit for", dossier.input(59), "of senior debt service issued."))
    elif is_on(step("uses.dsra")):
        items.append(("Debt service reserve funded with", step("uses.dsra"), "."))
    if is_on(step("uses.rent_free_reserve")):
        items.append(("Rent-free reserve funded with", step("uses.rent_free_reserve"), "."))
    if is_on(dossier.input(60)):
        items.append(("Liquidity facility for", dossier.input(60), "of debt service signed."))
    if dossier.input(57).value != "None":
        items.append(("Financial guarantee issued by", dossier.name("parties.insurer"), "."))
    if is_on(dossier.column("derivatives")):
        overlays = dossier.column("derivatives", "count")
        items.append(("Derivative overlays documented and traded:", overlays, "."))
        items.append(("Day-one value received:", step("day_one.total"), "."))
    if dossier.has_mezzanine:
        mezzanine = step("mezzanine.notional")
        items.append(("Mezzanine of", mezzanine, "and the intercreditor agreement signed."))
    if dossier.column("repo_eligible").value is True:
        asked = "Repo eligibility confirmed, with the flags of the deal that the central bank asks."
        items.append((asked,))
    return tuple(items)


def security(dossier: Dossier) -> tuple[Block, ...]:
    """The security that the project file gives, and what of the structure it may be taken over."""
    return (
        Prose(("As the project file gives it:",)),
        Bullets(tuple((each,) for each in dossier.names_of("deal.security"))),
        Prose(("What the structure has that security may be taken over:",)),
        Bullets(tuple((each,) if isinstance(each, str) else each for each in _assets(dossier))),
    )


def _assets(dossier: Dossier) -> tuple[str | tuple[Cell, ...], ...]:
    found: list[str | tuple[Cell, ...]] = [
        ("Site and building, at market costs of", dossier.step("project.market_costs")),
        ("The lease and its rent of", dossier.step("project.gross_income"), "a year, unindexed"),
        "Shares in the issuer and shareholder loans",
        "Insurance proceeds",
    ]
    accounts = ["operating account"]
    if is_on(dossier.step("uses.dsra")):
        accounts.append("debt service reserve")
    if is_on(dossier.step("uses.rent_free_reserve")):
        accounts.append("rent-free reserve")
    if dossier.has_senior:
        accounts.append("trapped cash")
    found.append(f"Accounts: {', '.join(accounts)}")
    if dossier.has_senior and is_on(dossier.column("derivatives")):
        found.append("Rights under the derivatives")
    if dossier.input(24).value != "Unhedged":
        found.append("Power purchase agreement and power swaps")
    return tuple(found)
