"""What a model workbook is made from: one structure of a run, its case and its recorded months."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kernels import scenarios
from pipeline.columns import flat
from pipeline.explain import waterfall
from pipeline.explain.case import ROW, Case
from pipeline.explain.model import Table
from pipeline.explain.run import StoredRun, case_of
from pipeline.explain.waterfall import Recording


@dataclass(frozen=True, eq=False)
class Subject:
    """A structure; an unsound one has no recording.

    `figures` are the engine's, by the names of `pipeline.columns`.
    """

    manifest: Mapping[str, Any]
    permutation_id: int
    case: Case
    recording: Recording | None
    levers: Mapping[str, object]
    figures: Mapping[str, Any]

    @property
    def request(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.manifest["request"]
        return found

    @property
    def currency(self) -> str:
        return self.case.currency

    @property
    def made_at(self) -> datetime:
        """When the run was planned, UTC: the date of the file."""
        return datetime.fromisoformat(self.manifest["created_at"]).astimezone(UTC)

    @property
    def months(self) -> Table:
        """The base waterfall by month as the engine ran it. Raises ValueError without one."""
        if self.recording is None:
            raise ValueError("an unsound structure has no waterfall")
        return waterfall.table(self.recording, scenarios.BASE)

    @property
    def by_quarter(self) -> bool:
        """Whether debt is paid by the quarter, which the live waterfall does not do."""
        return bool(self.request["covenants"]["payment_frequency"] == "Quarterly")


def subject_of(run: StoredRun, permutation_id: int, case: Case | None = None) -> Subject:
    """The subject of a permutation, whose `case` its maker may have at hand already.

    Raises ValueError for a number outside the run's space.
    """
    case = case_of(run, permutation_id) if case is None else case
    return Subject(
        run.manifest,
        permutation_id,
        case,
        waterfall.record(case, scenarios.BASE) if case.sound else None,
        run.plan.space.labels(permutation_id),
        flat(case.figures[:, ROW]),
    )
