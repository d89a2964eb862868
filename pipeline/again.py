"""A part of a run once more: its ranking from the checkpoints, or its report from the ranking.

For a file that was lost or changed by hand, and to see a report of a newer version. The figures are
those of before, bit for bit; another question is another run.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.run_trail import on_the_trail
from pipeline.runner import resume_direct
from pipeline.settings import Settings
from pipeline.stages.contract import OnProgress
from pipeline.stages.input import reopen, stored
from pipeline.stages.output import Summary, output_stage, seal, write_report
from pipeline.stages.permutation import permutation_stage
from pipeline.storage import audit
from pipeline.storage.manifest import MANIFEST_PATH, read_json, write_json
from pipeline.storage.results import SUMMARY_PATH


class RunNotFinishedError(Exception):
    """A report is made of a finished run alone."""


def rank_again(run_id: str, settings: Settings, on_progress: OnProgress) -> Summary:
    """Merge and rank a run's parts anew and write all outputs; missing parts are computed.

    Raises what `pipeline.runner.resume_direct` does.
    """
    folder, _ = stored(run_id, settings)
    manifest = read_json(folder / MANIFEST_PATH)
    if manifest.pop("outputs", None):
        write_json(folder / MANIFEST_PATH, manifest)
    return resume_direct(run_id, settings, on_progress)


def report_again(run_id: str, settings: Settings, on_progress: OnProgress) -> Summary:
    """Write the report of a finished run anew, and bring it into the database if one is set.

    Raises RunNotFinishedError and what `reopen` and `output_stage` do.
    """
    run = reopen(run_id, settings)
    with on_the_trail(run, audit.REPORT):
        summary = _finished(run.folder)
        write_report(run, summary)
        seal(run, summary["written"]["files"])
        return output_stage(run, permutation_stage(run), on_progress)


def _finished(folder: Path) -> Summary:
    if not read_json(folder / MANIFEST_PATH).get("outputs"):
        raise RunNotFinishedError(
            f"run {folder.name} is not finished: a report needs its ranking; resume it first"
        )
    return read_json(folder / SUMMARY_PATH)
