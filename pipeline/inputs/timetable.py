"""Tasks and papers between mandate and closing: what an execution checklist starts from.

No figure of a run depends on this table, and it is no forecast. Lengths are working days as a first
timetable of a rated private placement commonly has them: an assumption of ours, changed by the
project file's `deal.milestone_days`. `VERSION` goes up whenever a line changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

VERSION: Final = "1"
SOURCE: Final = "our assumption: a first timetable as a rated private placement commonly has one"
LONGEST_TASK: Final = 260  # working days; a year of them

# What has to be in the structure for a task or a paper to be needed.
Needed = Literal["always", "mezzanine", "wrap", "hedges", "facility"]


@dataclass(frozen=True)
class Task:
    """`days` are working days, 0 for a moment; `after` are tasks that have to be done first.

    `owner` is the party of the project file that sees to it.
    """

    id: str
    title: str
    days: int
    after: tuple[str, ...]
    owner: str
    needed: Needed = "always"


@dataclass(frozen=True)
class Paper:
    """A document of the closing: who writes it, and the task by whose end it has to be there."""

    id: str
    title: str
    owner: str
    due: str
    needed: Needed = "always"


TASKS: Final[tuple[Task, ...]] = (
    Task("mandate", "Mandate and engagement of advisers", 5, (), "arranger"),
    Task("term_sheets", "Term sheets agreed with the sponsor", 10, ("mandate",), "arranger"),
    Task("technical_report", "Technical and environmental report", 25, ("mandate",),
         "technical_adviser"),
    Task("valuation", "Valuation of site and lease", 20, ("mandate",), "valuer"),
    Task("legal_diligence", "Legal due diligence: title, lease, permits", 25, ("mandate",),
         "issuer_counsel"),
    Task("model_audit", "Audit of the financial model", 15, ("term_sheets",), "model_auditor"),
    Task("issuer_set_up", "Issuer set up, accounts opened", 15, ("term_sheets",),
         "administrator"),
    Task("rating_review", "Review and presale by the rating agencies", 30,
         ("term_sheets", "technical_report"), "rating_agencies"),
    Task("wrap_review", "Credit review by the insurer", 25, ("term_sheets", "technical_report"),
         "insurer", "wrap"),
    Task("drafting", "First drafts of the finance documents", 20,
         ("term_sheets", "issuer_set_up"), "issuer_counsel"),
    Task("negotiation", "Finance documents negotiated", 20, ("drafting", "legal_diligence"),
         "investor_counsel"),
    Task("mezzanine_terms", "Mezzanine and intercreditor terms agreed", 15,
         ("term_sheets",), "arranger", "mezzanine"),
    Task("facility_commitment", "Liquidity facility committed", 15, ("term_sheets",),
         "liquidity_provider", "facility"),
    Task("hedge_documents", "Hedging agreements and credit support agreed", 15, ("drafting",),
         "hedge_counterparty", "hedges"),
    Task("offering_document", "Offering document finished", 10,
         ("negotiation", "valuation", "model_audit"), "issuer_counsel"),
    Task("marketing", "Marketing to investors", 10, ("offering_document", "rating_review"),
         "arranger"),
    Task("pricing", "Pricing and allocation", 1, ("marketing", "mezzanine_terms"), "arranger"),
    Task("hedge_execution", "Hedges traded", 1, ("pricing", "hedge_documents"),
         "hedge_counterparty", "hedges"),
    Task("signing", "Finance documents signed, opinions dated", 3,
         ("pricing", "wrap_review", "facility_commitment"), "issuer_counsel"),
    Task("conditions", "Conditions precedent met", 3, ("signing", "hedge_execution"), "trustee"),
    Task("closing", "Financial close: notes issued, money paid", 1, ("conditions",),
         "paying_agent"),
)  # fmt: skip

PAPERS: Final[tuple[Paper, ...]] = (
    Paper("mandate_letter", "Mandate letter", "arranger", "mandate"),
    Paper("term_sheet", "Term sheets", "arranger", "term_sheets"),
    Paper("technical_report", "Technical and environmental report", "technical_adviser",
          "technical_report"),
    Paper("valuation_report", "Valuation report", "valuer", "valuation"),
    Paper("diligence_report", "Legal due diligence report", "issuer_counsel", "legal_diligence"),
    Paper("model_audit_report", "Report on the financial model", "model_auditor", "model_audit"),
    Paper("note_deed", "Trust deed and terms of the notes", "issuer_counsel", "negotiation"),
    Paper("security_deed", "Security documents", "issuer_counsel", "negotiation"),
    Paper("intercreditor", "Intercreditor agreement", "investor_counsel", "negotiation"),
    Paper("account_agreement", "Account bank and cash management agreement", "account_bank",
          "negotiation"),
    Paper("agency_agreement", "Paying agency agreement", "paying_agent", "negotiation"),
    Paper("mezzanine_agreement", "Mezzanine agreement", "investor_counsel", "mezzanine_terms",
          "mezzanine"),
    Paper("facility_agreement", "Liquidity facility agreement", "liquidity_provider",
          "facility_commitment", "facility"),
    Paper("wrap_policy", "Financial guarantee policy", "insurer", "signing", "wrap"),
    Paper("hedge_agreement", "Master agreement, schedule and credit support annex",
          "hedge_counterparty", "hedge_documents", "hedges"),
    Paper("hedge_confirmation", "Confirmations of the hedges", "hedge_counterparty",
          "hedge_execution", "hedges"),
    Paper("offering_document", "Offering document", "issuer_counsel", "offering_document"),
    Paper("rating_letter", "Rating letters", "rating_agencies", "signing"),
    Paper("legal_opinions", "Legal opinions: capacity, enforceability, true sale, tax",
          "issuer_counsel", "signing"),
    Paper("funds_flow", "Funds flow statement", "arranger", "conditions"),
    Paper("conditions_letter", "Confirmation that the conditions precedent are met", "trustee",
          "conditions"),
)  # fmt: skip

TASK_IDS: Final = tuple(task.id for task in TASKS)
PAPER_IDS: Final = tuple(paper.id for paper in PAPERS)
