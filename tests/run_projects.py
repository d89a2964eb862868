"""Small projects for tests that run all stages: a space of 10,240 with many survivors."""

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


def write_project(folder: Path, limit: int = SPACE) -> Path:
    """A project file over the whole space, or a sample of `limit`."""
    path = folder / "trial.yaml"
    path.write_text(PROJECT.replace("LIMIT", str(limit)))
    return path


def request_of(folder: Path, limit: int = SPACE) -> Request:
    return load_request(write_project(folder, limit))


def run_here(request: Request, out: Path, **settings: Any) -> tuple[dict[str, Any], Path]:
    """Run in this process; returns the summary and the run folder."""
    chosen = load_settings({}, out=str(out), **{"mode": "serial", **settings})
    summary = run_direct(request, chosen, quiet)
    return summary, out / summary["run_id"]


def quiet(_: Progress) -> None:
    """Progress nobody looks at."""


def log_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
