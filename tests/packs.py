"""Packs for tests: documents of a structure, and projects whose structures are of every kind."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np

from kernels import figures as f
from pipeline.engine import figures_of_ids
from pipeline.explain.run import StoredRun
from pipeline.reports.pack.checklist import checklist
from pipeline.reports.pack.compliance import compliance
from pipeline.reports.pack.contents import contents
from pipeline.reports.pack.document import Document, Figure
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.investor_pack import investor_pack
from pipeline.reports.pack.sidecar import sidecar
from pipeline.reports.pack.stress_grid import stress_grid
from pipeline.reports.pack.term_sheet import term_sheets
from pipeline.reports.pack.waterfall_summary import waterfall_summary

BUILDERS: tuple[Callable[[Dossier], Document], ...] = (
    term_sheets, compliance, stress_grid, waterfall_summary, sidecar, checklist, investor_pack,
)  # fmt: skip


def documents_of(dossier: Dossier) -> list[Document]:
    """Every document of a pack, its contents page first."""
    documents = [build(dossier) for build in BUILDERS]
    named = {document.key: [f"{document.key}.pdf"] for document in documents}
    return [contents(dossier, documents, named), *documents]


def with_another(document: Document, source: str) -> Document:
    """The document with another value in every figure of one source."""
    changed = _changed(document, source)
    assert isinstance(changed, Document)
    assert changed != document
    return changed


def _changed(part: Any, source: str) -> Any:
    if isinstance(part, Figure):
        if part.source != source:
            return part
        return dataclasses.replace(part, value=_another(part.value))
    if isinstance(part, tuple):
        return tuple(_changed(each, source) for each in part)
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        fields = {each.name: getattr(part, each.name) for each in dataclasses.fields(part)}
        return dataclasses.replace(
            part, **{name: _changed(value, source) for name, value in fields.items()}
        )
    return part


def _another(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value * 1.01 + 1
        case date():
            return value + timedelta(days=1)
        case str():
            return "something else"
    raise ValueError(f"{value!r} has no other value")


# Parties and deal in full; `TEXT` is every text of them.
NAMED = """\
parties:
  issuer: TEXT
  sponsor: TEXT
  arranger: TEXT
  issuer_counsel: TEXT
  investor_counsel: TEXT
  rating_agencies: [TEXT, Another agency]
  trustee: TEXT
  paying_agent: TEXT
  administrator: TEXT
  account_bank: TEXT
  liquidity_provider: TEXT
  insurer: TEXT
  insurer_rating: AA
  hedge_counterparty: TEXT
  hedge_counterparty_rating: A
  technical_adviser: TEXT
  model_auditor: TEXT
  valuer: TEXT
deal:
  name: TEXT
  start_date: 2026-03-02
  target_close_date: 2026-12-15
  issue_date: 2026-12-17
  form: TEXT
  denomination: TEXT
  listing: TEXT
  clearing: TEXT
  isin: GB00B03MLX29
  governing_law_text: TEXT
  call_protection: TEXT
  call_price: TEXT
  withholding_tax: TEXT
  transfer_restrictions: TEXT
  inflation_index: TEXT
  index_base_level: TEXT
  security: [TEXT, Assignment of the lease]
  conditions_precedent: [TEXT]
  notices: [TEXT]
  milestone_days: {pricing: 2, rating_review: 40}
  documents: {term_sheet: {status: agreed, owner: TEXT, deadline: 2026-04-01}}
"""
# A space in which structures are of every kind: with and without mezzanine, without debt that could
# be served, and unsound ones, whose grace is as long as their tenor.
VARIED = """\
schema: 1
project:
  {id: varied, title: TITLE, country: COUNTRY, asset_type: data_centre,
   tenant: {name: TENANT, rating: A, share_pct: 100}, rent: {per_kwh: 0.28}}
base: {Currency_01: CURRENCY, GrossITLoad_02: 5, MinSeniorRatingTarget_75: BBB,
       LeaseTermYears_22: 20, IndexationMode_18: CPI_Linked, SeniorCoupon_38: 5,
       OPEXMode_17: Absolute}
levers:
  TargetDSCRSenior_37: [1.15, 1.35]
  SeniorTenorY_39: [3, 12]
  SeniorGracePeriod_41: [0, 36]
  OPEX_08: [1000000, 90000000]
  SeniorAmortType_40: [annuity, sculpted, level]
  mezz: [false, true]
  MonolineWrapFlag_57: ["None", WholeStack]
  overlays: all
run: {seed: 1, max_permutations: 2000}
market: builtin:MARKET
rulebook: builtin:v1
"""
PLACES = {"GBP": "GB", "EUR": "DE", "USD": "US", "JPY": "JP", "AED": "AE"}


def varied_project(
    currency: str = "GBP",
    *,
    title: str = "Varied",
    tenant: str = "Tenant",
    named: str | None = None,
) -> str:
    """A project file over every kind of structure; `named` stands for every name of the deal."""
    text = VARIED.replace("TITLE", json.dumps(title)).replace("TENANT", json.dumps(tenant))
    text = text.replace("CURRENCY", currency).replace("MARKET", currency.lower())
    text = text.replace("COUNTRY", PLACES[currency])
    return text if named is None else text + NAMED.replace("TEXT", json.dumps(named))


def kinds_of(run: StoredRun) -> dict[str, int]:
    """A structure of each kind, by what it is; a kind that the run has not is left out."""
    plan = run.plan
    ids = np.arange(plan.size)
    figures = figures_of_ids(plan.problem, ids)
    senior, mezz = figures[f.SENIOR_NOTIONAL], figures[f.MEZZ_NOTIONAL]
    gate_a, gate_b = figures[f.GATE_A_FAILED] > 0, figures[f.GATE_B_FAILED] > 0
    stored = np.array([plan.partition_of(int(each)) is not None for each in ids])
    best = run.results.top(str(run.manifest["run_id"]), 1)
    kinds = {
        "with mezzanine": stored & ~gate_a & ~gate_b & (mezz > 0.0),
        "without mezzanine": stored & ~gate_a & ~gate_b & (mezz == 0.0),
        "rejected by Gate A": stored & gate_a & (senior > 0.0),
        "rejected by Gate B": stored & ~gate_a & gate_b,
        "without debt": stored & (senior == 0.0),
        "unsound": stored & np.isnan(senior),
        "not in the sample": ~stored & (senior > 0.0),
    }
    found = {name: int(ids[chosen][0]) for name, chosen in kinds.items() if chosen.any()}
    return {"best": int(best[0]["permutation_id"]), **found} if best else found
