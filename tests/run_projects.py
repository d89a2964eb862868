"""Small projects for tests that run all stages.

`PROJECT` has a space of 10,240 with many survivors. `ROUGH` is tried under rules that warn instead
of rejecting: leases, tenors and mezzanines of several kinds survive with arrears, trapped cash and
balloons, so that nearly every column varies.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.inputs import Request, load_request
from pipeline.runner import run_direct
from pipeline.settings import load_settings
from pipeline.stages.contract import Progress

PROJECT = """\
schema: 1
project:
  {id: trial, title: Trial, country: GB, asset_type: data_centre,
   tenant: {name: Tenant, rating: A, share_pct: 100}, rent: {per_kwh: 0.28}}
base: {GrossITLoad_02: 5, MinSeniorRatingTarget_75: BBB, LeaseTermYears_22: 20,
       IndexationMode_18: CPI_Linked}
levers:
  TargetDSCRSenior_37: {min: 1.15, max: 1.50, step: 0.05}
  SeniorCoupon_38: [4, 5, 6, 7, 8]
  SeniorTenorY_39: [8, 12]
  SeniorAmortType_40: [annuity, sculpted, bullet, level]
  overlays: all
run: {seed: 1, max_permutations: LIMIT}
market: builtin:gbp
rulebook: builtin:v1
"""
SPACE = 8 * 5 * 2 * 4 * 32

ROUGH = """\
schema: 1
project:
  {id: trial, title: Rough, country: GB, asset_type: data_centre,
   tenant: {name: Tenant, rating: A, share_pct: 100}, rent: {per_kwh: 0.16}}
base: {GrossITLoad_02: 5, MaintenanceCapexPct_69: 10, SeniorOngoingFees_bps_43: 150,
       RentFreeMonths_68: 3}
levers:
  LeaseTermYears_22: [15, 18, 27]
  IndexationMode_18: [Flat, CPI_Linked]
  MonolineWrapFlag_57: ["None", WholeStack]
  TargetDSCRSenior_37: [1.10, 1.25, 1.45]
  SeniorTenorY_39: [8, 13, 18]
  SeniorAmortType_40: [annuity, sculpted, bullet]
  mezz: [false, true]
  overlays: all
run: {seed: 3, max_permutations: 2600}
market: builtin:gbp
rulebook: lenient.yaml
"""
ROUGH_ROWS = 2_600
_RULEBOOK = Path(__file__).parents[1] / "fixtures" / "rulebooks" / "v1.yaml"
_NEVER_WARNS = "  RK-REPO-001:"


def write_project(folder: Path, limit: int = SPACE) -> Path:
    """A project file over the whole space, or a sample of `limit`."""
    path = folder / "trial.yaml"
    path.write_text(PROJECT.replace("LIMIT", str(limit)))
    return path


def write_rough_project(folder: Path) -> Path:
    """A project file over a sample of `ROUGH_ROWS`, and its rulebook that rejects nothing."""
    before, after = _RULEBOOK.read_text().split(_NEVER_WARNS)
    reject, warn = "action: reject", "action: warn"
    after = after.replace(reject, warn).replace(warn, reject, 1)
    (folder / "lenient.yaml").write_text(before.replace(reject, warn) + _NEVER_WARNS + after)
    path = folder / "trial.yaml"
    path.write_text(ROUGH)
    return path


def request_of(folder: Path, limit: int = SPACE) -> Request:
    return load_request(write_project(folder, limit))


def run_here(request: Request, out: Path, **settings: Any) -> tuple[dict[str, Any], Path]:
    """Run in this process; returns the summary and the run folder."""
    chosen = load_settings({}, out=str(out), **{"compute": "serial", "pack": "no", **settings})
    summary = run_direct(request, chosen, quiet)
    return summary, out / summary["run_id"]


def quiet(_: Progress) -> None:
    """Progress nobody looks at."""


def log_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
