"""What a run writes beside its ranking: variants, sensitivities, and the optimal's trace and pack.

The request says which (OutputVariants_112, DocumentPackFlags_113, SensitivityExportSet_115,
AuditTraceFlag_116). ranked.parquet always holds every scenario, since tiers and filters need them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from kernels import scenarios
from pipeline.columns import BY_NAME
from pipeline.storage.checkpoints import parquet_bytes
from pipeline.storage.manifest import json_bytes
from pipeline.storage.results import head
from pipeline.storage.store import write_file

if TYPE_CHECKING:
    from pipeline.reports.pack.dossier import Dossier

SCENARIOS_PATH: Final = "reports/scenarios.parquet"
TRACE_PATH: Final = "reports/trace.json"
PACK_FORMATS: Final = ("pdf", "xlsx", "docx")  # HTML is made when somebody asks for it
STRUCTURES: Final = 100  # whose scenarios are written, the best first

_VARIANTS: Final[dict[str, tuple[int, ...]]] = {
    "Flat": (scenarios.FLAT,),
    "Indexed": (scenarios.INDEXED,),
    "Hybrid": (scenarios.HYBRID,),
    "Stress": tuple(range(scenarios.FIRST_STRESS, scenarios.N_SCENARIOS)),
}
_SENSITIVITIES: Final[dict[str, tuple[int, ...]]] = {
    "CPI": (scenarios.CPI_LOW, scenarios.CPI_MIDDLE, scenarios.CPI_HIGH, scenarios.CPI_EXTRA),
    "Rates": (scenarios.RATES_UP, scenarios.RATES_DOWN, scenarios.RATES_LONG),
    "OPEX": (scenarios.OPEX,),
    "Rent": (scenarios.RENT,),
    "Delay": (scenarios.DELAY,),
}
_ARROW: Final = {"number": pa.float64(), "count": pa.int64(), "code": pa.string(),
                 "flag": pa.bool_()}  # fmt: skip
Rows = Sequence[Mapping[str, Any]]


def asked_scenarios(written: Mapping[str, Any]) -> list[int]:
    """Numbers of the scenarios that `written` (`request.written` of a manifest) asks for."""
    variants, sensitivities = written["OutputVariants_112"], written["SensitivityExportSet_115"]
    asked = {number for name in variants for number in _VARIANTS[name]}
    asked |= {number for name in sensitivities for number in _SENSITIVITIES[name]}
    return sorted(asked)


def scenarios_table(rows: Rows, numbers: Sequence[int]) -> pa.Table:
    """Rows of ranked.parquet told scenario by scenario: the base case, then those of `numbers`."""
    told = [scenarios.BASE, *numbers]
    of_base = ("dscr_min", "dscr_avg", "equity_irr", "dscr_worst_month", "months_under_1",
               "matrix_rating", None)  # fmt: skip
    found: dict[str, list[Any]] = {"rank": [], "permutation_id": [], "scenario": []}
    found |= {metric: [] for metric in scenarios.METRIC_NAMES}
    for row in rows:
        for number in told:
            name = scenarios.NAMES[number]
            found["rank"].append(row["rank"])
            found["permutation_id"].append(row["permutation_id"])
            found["scenario"].append(name)
            for metric, base in zip(scenarios.METRIC_NAMES, of_base, strict=True):
                column = base if number == scenarios.BASE else f"{name}_{metric}"
                # nothing is asked of the base case and of the lease's variants
                unasked = metric == "passed" and number < scenarios.FIRST_STRESS
                found[metric].append(None if unasked or column is None else row[column])
    kinds = {"rank": pa.int64(), "permutation_id": pa.int64(), "scenario": pa.string()}
    fields = [pa.field(name, kind, False) for name, kind in kinds.items()]
    for metric in scenarios.METRIC_NAMES:
        shown = BY_NAME[f"{scenarios.NAMES[scenarios.FIRST_STRESS]}_{metric}"]
        about = {"unit": shown.unit, "description": shown.description.partition(",")[0]}
        fields.append(pa.field(metric, _ARROW[shown.kind], True, about))
    return pa.Table.from_pydict(found, schema=pa.schema(fields))


def write_asked(
    folder: Path, ranked: Path, written: Mapping[str, Any], optimal: int | None, *, pack: bool
) -> dict[str, Any]:
    """Write what `written` asks for into a run's folder; returns what was and was not, by name.

    `optimal` is the permutation of trace and pack; without `pack` documents are left for later.
    What an earlier attempt wrote and nobody asks for is removed. Raises OSError.
    """
    numbers = asked_scenarios(written)
    flags = written["DocumentPackFlags_113"]
    documents, trace = pack and bool(flags), written["AuditTraceFlag_116"]
    files = {}
    packed: list[str] = []
    if optimal is not None and (documents or trace):
        dossier = _dossier(folder, optimal)
        if trace:
            files[TRACE_PATH] = _trace(dossier)
        if documents:
            packed = _pack(folder, dossier, flags)
    if numbers:
        table = scenarios_table(head(ranked, STRUCTURES), numbers)
        files[SCENARIOS_PATH] = parquet_bytes(table)
    for path in (SCENARIOS_PATH, TRACE_PATH):
        if path in files:
            write_file(folder / path, files[path])
        else:
            (folder / path).unlink(missing_ok=True)
    return {
        "files": sorted([*files, *packed]),
        "scenarios": [scenarios.NAMES[number] for number in numbers],
        # left for later, or of a run without a survivor: no structure to write documents about
        "not_written": [] if packed else list(flags),
    }


# What follows is imported only where a run's end needs it.


def _dossier(folder: Path, permutation_id: int) -> Dossier:
    from pipeline.explain.run import open_run  # noqa: PLC0415
    from pipeline.reports.pack.dossier import dossier_of  # noqa: PLC0415

    return dossier_of(open_run(folder.parent, folder.name), permutation_id)


def _trace(dossier: Dossier) -> bytes:
    from pipeline.explain.document import document  # noqa: PLC0415

    return json_bytes(document(dossier.explanation))


def _pack(folder: Path, dossier: Dossier, flags: Sequence[str]) -> list[str]:
    """Write a structure's pack; returns its files' paths in the run's folder."""
    from pipeline.reports.pack.bundle import FOLDER, write_pack  # noqa: PLC0415

    pack = write_pack(folder / FOLDER, dossier, PACK_FORMATS, flags)
    return [path.relative_to(folder).as_posix() for path in pack.paths]
