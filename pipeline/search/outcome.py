"""What a search leaves behind: best.parquet, with the columns of a ranking, and search.json."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import pyarrow as pa

from kernels import codes
from kernels import figures as f
from pipeline.columns import merge_fields, names_of_mask, survivor_fields, survivor_table
from pipeline.engine import figures_of_ids, sized_figures_of_ids
from pipeline.search.archive import Archive
from pipeline.search.compare import Swept, comparison
from pipeline.search.distance import failed_tests
from pipeline.space.levers import IntArray
from pipeline.stages.frontier import Frontier
from pipeline.storage.checkpoints import parquet_bytes
from pipeline.storage.manifest import write_json
from pipeline.storage.plan import Plan
from pipeline.storage.store import write_file

if TYPE_CHECKING:
    from pipeline.inputs import Request
    from pipeline.search.islands import Round
    from pipeline.search.run import Choices

SCHEMA: Final = 1
SEARCH_PATH: Final = "search.json"
BEST_PATH: Final = "best.parquet"
LIBRARIES: Final = ("pymoo", "numpy")


@dataclass
class Story:
    """How a search went, told while it goes."""

    request: Request
    choices: Choices
    plan: Plan
    archive: Archive
    sweep: Swept | None
    rounds: list[Round] = field(default_factory=list)
    stopped_by: str = ""
    asked: int = 0
    batches: int = 0
    reused: int = 0
    seconds: float = 0.0


def write_outcome(story: Story, folder: Path) -> dict[str, Any]:
    """Write both files whole; returns search.json. Raises OSError."""
    plan, archive = story.plan, story.archive
    best = archive.answers(story.choices.top)
    table = _ranked(plan, best)
    write_file(folder / BEST_PATH, parquet_bytes(table))
    row = table.slice(0, 1).to_pylist()[0] if len(best) else None
    found = archive.told(archive.best) if archive.best is not None and row else None
    evaluated = len(archive)
    now = evaluated - story.reused
    document = {
        "schema": SCHEMA,
        "search_id": plan.run_id,
        "project": _project(story.request),
        "seed": plan.seed,
        "objective": plan.problem.objective,
        "viable_only": story.choices.viable,
        "finer": story.choices.finer,
        "budget": story.choices.budget,
        "space_size": plan.size,
        "lever_values": {lever.name: len(lever.labels) for lever in plan.problem.levers},
        "evaluations": {
            "distinct": evaluated,
            "share_of_space_pct": 100.0 * evaluated / plan.size,
            "with_all_figures": archive.survivors,
            "asked": story.asked,
            "batches": story.batches,
        },
        "stopped_by": story.stopped_by,
        "repeatable": story.choices.time_limit_s is None,
        "found": found and {**found, **_how_it_is_set(story.request, plan, int(best[0]))},
        "optimal": row,
        "nearest": None if row else _nearest(story),
        "best_over_time": archive.over_time,
        "rounds": [_round(story, each) for each in story.rounds],
        "agreement": _agreement(story, found),
        "against": story.sweep and comparison(story.sweep, plan.problem, found, evaluated),
        "fingerprint": plan.fingerprint,
        "versions": {name: version(name) for name in LIBRARIES},
        "measured": {
            "seconds": round(story.seconds, 3),
            "evaluated_now": now,
            "from_kept_batches": story.reused,
            "evaluations_per_second": round(now / story.seconds, 1) if story.seconds else None,
        },
    }
    write_json(folder / SEARCH_PATH, document)
    return document


def _ranked(plan: Plan, ids: IntArray) -> pa.Table:
    """The structures as rows of a ranking, rank from 1; on the frontier among themselves."""
    problem = plan.problem
    schema = pa.schema([*merge_fields(), *survivor_fields(problem.levers)])
    if not len(ids):
        return schema.empty_table()
    table = survivor_table(
        problem.levers, plan.space.digits(ids), ids, figures_of_ids(problem, ids)
    )
    ranks = pa.array(np.arange(1, len(ids) + 1))
    frontier = Frontier()
    frontier.add(table)
    return pa.Table.from_arrays([ranks, frontier.marks(table), *table.columns], schema=schema)


def _project(request: Request) -> dict[str, Any]:
    project = request.project
    return {
        "id": project.id if project else None,
        "title": project.title if project else None,
        "file": request.file,
    }


def _how_it_is_set(request: Request, plan: Plan, permutation_id: int) -> dict[str, Any]:
    """Lever values of a structure, and the command that evaluates it alone."""
    digits = plan.space.digits(np.array([permutation_id], dtype=np.int64))[:, 0]
    settings: list[str] = []
    for lever, digit in zip(request.levers, digits, strict=True):
        option = dict(lever.options[digit])
        if lever.name == "mezz" and option.pop("mezz"):
            settings.append(f"mezz={json.dumps(option) if option else 'true'}")
        elif lever.name == "mezz":
            settings.append("mezz=false")
        else:
            settings += [f"{name}={json.dumps(value)}" for name, value in option.items()]
    words = ["atlas-forge", "evaluate", request.file]
    for setting in settings:
        words += ["--set", setting]
    return {"levers": plan.space.labels(permutation_id), "evaluate": shlex.join(words)}


def _nearest(story: Story) -> dict[str, Any]:
    """Where nothing passes: the structure that came nearest, and which tests it fails."""
    archive, plan = story.archive, story.plan
    told = archive.told(cast("int", archive.best))
    permutation_id = told["permutation_id"]
    figures = sized_figures_of_ids(plan.problem, np.array([permutation_id], dtype=np.int64))
    return {
        "permutation_id": permutation_id,
        "reasons": names_of_mask(int(failed_tests(figures)[0]), codes.REASON_NAMES),
        "viable": bool(figures[f.VIABLE, 0] == 1.0),
        **_how_it_is_set(story.request, plan, permutation_id),
    }


def _round(story: Story, each: Round) -> dict[str, Any]:
    return {
        "island": each.island,
        "starts": each.role,
        "aim": None if each.aim is None else codes.TIER_NAMES[each.aim],
        "generations": each.generations,
        "converged": each.converged,
        "evaluations_at_end": each.evaluations,
        "best": story.archive.told_of(each.best_id),
    }


def _agreement(story: Story, found: dict[str, Any] | None) -> dict[str, int]:
    """How many rounds that came to an end ended at a structure as good as the answer."""
    ended = [story.archive.told_of(each.best_id) for each in story.rounds if each.converged]
    same = [
        each
        for each in ended
        if found and each and all(each[name] == found[name] for name in ("tier", "objective"))
    ]
    return {"rounds_ended": len(ended), "at_the_answer": len(same)}
