"""Execution checklist: who does what, which papers there have to be, and the critical path.

Tasks, papers and lengths are an assumption of ours that the project file changes, never facts of
the run; what the structure needs of them (mezzanine, wrap, hedges, facility) is the run's.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from pipeline.inputs.timetable import PAPERS, SOURCE, VERSION, Paper
from pipeline.reports.pack.document import (
    Blank,
    Block,
    Cell,
    Document,
    Field,
    Fields,
    Figure,
    Grid,
    GridColumn,
    Milestone,
    Prose,
    Section,
    TimePlan,
)
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.provenance import provenance
from pipeline.reports.pack.standing import standing
from pipeline.reports.pack.term_common import deal_name
from pipeline.reports.pack.term_conditions import conditions_precedent
from pipeline.reports.pack.timetable import Timetable, needed_in, timetable_of

KEY: Final = "6-checklist"
_PROVIDERS: Final = (
    ("Arranger", "arranger", "mandate, structure, placement"),
    ("Issuer's counsel", "issuer_counsel", "documents, due diligence, opinions"),
    ("Investors' counsel", "investor_counsel", "review for investors, intercreditor terms"),
    ("Rating agencies", "rating_agencies", "rating of the tranches"),
    ("Trustee and security agent", "trustee", "holds security, confirms conditions"),
    ("Paying agent", "paying_agent", "payments to investors"),
    ("Administrator", "administrator", "runs the issuer, reports, waterfall"),
    ("Account bank", "account_bank", "accounts and reserves"),
    ("Technical adviser", "technical_adviser", "technical and environmental report"),
    ("Auditor of the model", "model_auditor", "audit of the financial model"),
    ("Valuer", "valuer", "value of site and lease"),
    ("Liquidity facility bank", "liquidity_provider", "liquidity facility, letter of credit"),
    ("Insurer", "insurer", "financial guarantee"),
    ("Hedge counterparty", "hedge_counterparty", "derivatives of the structure"),
)
_NEEDED: Final = {
    "liquidity_provider": "facility", "insurer": "wrap", "hedge_counterparty": "hedges",
}  # fmt: skip
_CRITICAL: Final = "Critical tasks stand out."
_IN_DAYS: Final = "Days are working days after the start, T."
_GIVEN: Final = {
    "deal.start_date": "Dates are counted from the start date of the project file.",
    "deal.target_close_date": (
        "Dates are counted back from the target close date of the project file."
    ),
    "deal.issue_date": "Dates are counted back from the issue date of the project file.",
    "": (
        "The project file gives no date, so times are working days after the start: 0 is the day "
        "T on which work starts, 5 is T+5."
    ),
}


def checklist(dossier: Dossier) -> Document:
    """The document. Raises ValueError where tasks wait for one another, which none of ours do."""
    plan = timetable_of(dossier)
    return Document(
        key=KEY,
        title="Execution checklist",
        project=str(dossier.manifest["project"]["title"]),
        subtitle=f"Structure {dossier.permutation_id:,}",
        run_id=dossier.run_id,
        made_at=dossier.made_at,
        style=dossier.style,
        summary=(*standing(dossier), *_summary(dossier, plan)),
        sections=(
            Section("Critical path", _critical(plan)),
            Section("Milestones", _milestones(plan)),
            Section("Documents", _papers(dossier, plan)),
            Section("Providers", (_providers(dossier),)),
            Section("Conditions precedent", conditions_precedent(dossier)),
            provenance(dossier),
        ),
    )


def _summary(dossier: Dossier, plan: Timetable) -> tuple[Block, ...]:
    fields = [
        Field("Deal", (deal_name(dossier),)),
        Field(f"Start of work{_since(plan)}", (plan.start(plan.path[0]),)),
        Field(f"Financial close{_since(plan)}", (plan.end(plan.path[-1]),)),
        Field("Length", (Figure(plan.days, "count", "plan.days"), "working days")),
        Field("Working days", (plan.calendar.name,)),
    ]
    target = dossier.name("deal.target_close_date", "date")
    if isinstance(target, Figure):
        fields.append(Field("Target close date", (target,)))
    return (
        Fields(tuple(fields)),
        Prose((_GIVEN[plan.given],)),
        *_spare(plan),
        Prose((_about(plan),), "small"),
    )


def _spare(plan: Timetable) -> tuple[Block, ...]:
    """Whether the plan fits between the dates of the project file."""
    if plan.spare is None:
        return ()
    days = Figure(abs(plan.spare), "count", "plan.spare")
    if plan.spare < 0:
        return (Prose(("The plan does not fit: it ends", days, "working days too late."), "lead"),)
    return (Prose(("The plan ends", days, "working days before the date asked for.")),)


def _about(plan: Timetable) -> str:
    changed = [each.task.title for each in plan.milestones if each.changed]
    own = f" The project file sets the length of: {'; '.join(changed)}." if changed else ""
    return (
        f"Tasks, their order and lengths: timetable version {VERSION}, {SOURCE}. They are no "
        f"facts of the run; deal.milestone_days of the project file changes lengths.{own}"
    )


def _critical(plan: Timetable) -> tuple[Block, ...]:
    rows = tuple(
        (
            str(place),
            plan.milestone(task).task.title,
            plan.length(task),
            plan.start(task),
            plan.end(task),
        )
        for place, task in enumerate(plan.path, 1)
    )
    others = [
        each.task.title
        for each in plan.milestones
        if each.times.critical and each.task.id not in plan.path
    ]
    also = f" As critical, on other chains: {'; '.join(others)}." if others else ""
    return (
        Prose((f"A day lost on any of these tasks is a day lost for the close.{also}",)),
        Grid(
            (
                GridColumn("", 0.3),
                GridColumn("Task", 3.0, right=False),
                GridColumn("Working days", 0.9),
                GridColumn(f"Start{_since(plan)}", 1.1),
                GridColumn(f"End{_since(plan)}", 1.1),
            ),
            rows,
        ),
        TimePlan(
            "Time plan",
            tuple(
                Milestone(
                    each.task.title,
                    plan.start(each.task.id),
                    plan.end(each.task.id),
                    each.times.critical,
                )
                for each in plan.milestones
            ),
            _CRITICAL if plan.given else f"{_CRITICAL} {_IN_DAYS}",
        ),
    )


def _since(plan: Timetable) -> str:
    """What a heading of days says where there are no dates."""
    return "" if plan.given else ", T+"


def _milestones(plan: Timetable) -> tuple[Block, ...]:
    numbers = {each.task.id: place for place, each in enumerate(plan.milestones, 1)}
    rows = tuple(
        (
            str(numbers[each.task.id]),
            each.task.title,
            plan.start(each.task.id),
            plan.end(each.task.id),
            plan.length(each.task.id),
            ", ".join(str(numbers[name]) for name in each.after) or "–",
            plan.slack(each.task.id),
            "yes" if each.times.critical else "",
        )
        for each in plan.milestones
    )
    return (
        Grid(
            (
                GridColumn("No", 0.4),
                GridColumn("Milestone", 3.0, right=False),
                GridColumn(f"Start{_since(plan)}", 1.1),
                GridColumn(f"End{_since(plan)}", 1.1),
                GridColumn("Working days", 0.8),
                GridColumn("After", 0.8, right=False),
                GridColumn("Slack, days", 0.7),
                GridColumn("Critical", 0.7, right=False),
            ),
            rows,
            caption="Slack: working days that a task may slip without moving the close.",
        ),
    )


def _papers(dossier: Dossier, plan: Timetable) -> tuple[Block, ...]:
    needs = needed_in(dossier)
    states = dossier.named("deal.documents")
    rows = tuple(
        _paper(dossier, plan, paper, states.get(paper.id) or {})
        for paper in PAPERS
        if paper.needed in needs
    )
    return (
        Grid(
            (
                GridColumn("Document", 2.6, right=False),
                GridColumn("Status", 0.9, right=False),
                GridColumn("Owner", 1.8, right=False),
                GridColumn("Deadline" if plan.given else "Deadline, T+ or date", 1.2),
            ),
            rows,
            caption="Status, and another owner or deadline, come from deal.documents of the "
            "project file; a deadline of ours is the end of the milestone.",
        ),
    )


def _paper(
    dossier: Dossier, plan: Timetable, paper: Paper, state: dict[str, Any]
) -> tuple[Cell, ...]:
    path = f"deal.documents.{paper.id}"
    status, owner, deadline = (state.get(each) for each in ("status", "owner", "deadline"))
    return (
        paper.title,
        Blank(f"{path}.status") if status is None else Figure(status, "text", f"{path}.status"),
        _owner(dossier, paper.owner) if owner is None else Figure(owner, "text", f"{path}.owner"),
        plan.end(paper.due)
        if deadline is None
        else Figure(date.fromisoformat(deadline), "date", f"{path}.deadline"),
    )


def _owner(dossier: Dossier, party: str) -> Cell:
    """The party's name, else its role."""
    names = (
        dossier.names_of(f"parties.{party}")
        if party == "rating_agencies"
        else (dossier.name(f"parties.{party}"),)
    )
    if len(names) == 1 and isinstance(names[0], Figure):
        return names[0]
    return next(role for role, each, _ in _PROVIDERS if each == party)


def _providers(dossier: Dossier) -> Grid:
    needs = needed_in(dossier)
    rows: list[tuple[Cell, ...]] = []
    for role, party, task in _PROVIDERS:
        if _NEEDED.get(party, "always") not in needs:
            continue
        path = f"parties.{party}"
        many = party == "rating_agencies"
        for name in dossier.names_of(path) if many else (dossier.name(path),):
            rows.append((role, name, task))
    return Grid(
        (
            GridColumn("Provider", 1.6, right=False),
            GridColumn("Name", 2.4, right=False),
            GridColumn("For", 2.4, right=False),
        ),
        tuple(rows),
    )
