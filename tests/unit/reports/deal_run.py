"""A small run whose space holds structures of every kind, and names to write documents with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from pipeline.columns import survivor_table
from pipeline.engine import figures_of_ids
from pipeline.explain.run import StoredRun, open_run
from pipeline.inputs import load_request
from pipeline.inputs.deal import Parties
from pipeline.reports.pack.document import Document
from tests.pack_sources import Told, same
from tests.run_projects import run_here

PROJECT: dict[str, Any] = {
    "schema": 1,
    "project": {
        "id": "kinds",
        "title": "Every kind",
        "country": "GB",
        "asset_type": "data_centre",
        "tenant": {"name": "Tenant", "rating": "AA", "share_pct": 100},
        "rent": {"per_kwh": 0.28},
    },
    "base": {
        "GrossITLoad_02": 5,
        "MinSeniorRatingTarget_75": "BBB",
        "LeaseTermYears_22": 20,
        "IndexationMode_18": "CPI_Linked",
        "OPEXMode_17": "Absolute",
    },
    "levers": {
        "OPEX_08": [2e6, 9e7],
        "TargetDSCRSenior_37": [1.30, 1.80],
        "SeniorTenorY_39": [5, 15],
        "SeniorAmortType_40": ["annuity", "bullet"],
        "SeniorGracePeriod_41": [0, 60],
        "MonolineWrapFlag_57": ["None", "WholeStack"],
        "mezz": [False, {"MezzAmortType_48": "PIKWindow"}, {"MezzAmortType_48": "Bullet"}],
        "overlays": ["zcis_5y", "strip"],
    },
    "run": {"seed": 1, "max_permutations": 1000},
    "market": "builtin:gbp",
    "rulebook": "builtin:v1",
}
HOSTILE = "=cmd|'/C calc'!A0 <script>alert(1)</script> [x](y) ../../etc/passwd {0} %s \u0627"
LONG = "Sixty characters of a name that is as long as names may be A"
KINDS = ("offer", "mezzanine", "rejected", "debtless", "unsound")


def deal_run(folder: Path, **changes: Any) -> StoredRun:
    """The run of PROJECT with changes to its blocks."""
    content = {**PROJECT, **changes}
    path = folder / "kinds.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    _, made = run_here(load_request(path), folder)
    return open_run(folder, made.name)


def numbers_by_kind(run: StoredRun) -> dict[str, int]:
    """One structure of each of KINDS, the first there is."""
    plan = run.plan
    ids = np.arange(plan.size, dtype=np.int64)
    figures = figures_of_ids(plan.problem, ids)
    table = survivor_table(plan.problem.levers, plan.space.digits(ids), ids, figures)
    found: dict[str, int] = {}
    for row in table.to_pylist():
        found.setdefault(kind_of(row), int(row["permutation_id"]))
    return found


def assert_every_figure(document: Document, told: Told, elsewhere: Sequence[Told] = ()) -> int:
    """Every figure is what its source says, or undefined with a reason; how many there are.

    `elsewhere` are structures one of which has to know a source that this one does not.
    """
    count = 0
    for figure in document.figures():
        unknown = not told.knows(figure.source)
        if elsewhere:
            unknown = told.is_missing(figure.source, elsewhere)
        if figure.value is None and unknown:
            assert figure.note, figure.source
            continue
        assert same(figure.value, told.value(figure.source)), figure
        count += 1
    return count


def told_of(run: StoredRun, number: int, names: dict[str, Any], folder: Path) -> Told:
    """What the run tells of a structure, read independently; `names` as a file in `folder`."""
    path = folder / "names.yaml"
    path.write_text(yaml.safe_dump(names, allow_unicode=True), encoding="utf-8")
    return Told(Path(run.results.where), run.manifest["run_id"], number, path)


def kind_of(row: dict[str, Any]) -> str:
    """Of KINDS, by the columns of a row."""
    if row["senior_notional"] is None:
        return "unsound"
    if not row["senior_notional"]:
        return "debtless"
    if row["gate_a_reasons"] or row["gate_b_reasons"]:
        return "rejected"
    return "mezzanine" if row["mezz_notional"] else "offer"


def named(text: str) -> dict[str, Any]:
    """`parties` and `deal` with the text wherever a name or a text stands."""
    parties: dict[str, Any] = dict.fromkeys(Parties.model_fields, text)
    parties |= {"rating_agencies": [text, text], "insurer_rating": None}
    parties["hedge_counterparty_rating"] = None
    texts = (
        "name", "form", "denomination", "listing", "clearing", "governing_law_text",
        "call_protection", "call_price", "withholding_tax", "transfer_restrictions",
        "inflation_index", "index_base_level",
    )  # fmt: skip
    deal: dict[str, Any] = dict.fromkeys(texts, text)
    deal |= {"security": [text], "conditions_precedent": [text, text], "notices": [text]}
    deal["documents"] = {"term_sheet": {"status": "draft", "owner": text, "deadline": None}}
    return {"parties": parties, "deal": deal}
