"""What a run leaves in the audit trail from its opening to its end, and letting go of it then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.compute.executor import PartitionsFailed, cause_of
from pipeline.logs import in_stage, run_log
from pipeline.stages.contract import Run
from pipeline.storage import audit, hold


@contextmanager
def on_the_trail(run: Run, action: str) -> Iterator[None]:
    """An opened run, by `action` (audit.RUN or audit.RESUME), until this block ends."""
    try:
        opened(run, action)
        yield
    except BaseException as error:
        closed(run, action, error)
        raise
    closed(run, action, None)


def opened(run: Run, action: str) -> None:
    """Write down that the run begins, and from whom it was taken over. Raises OSError."""
    before = hold.taken_over(run.folder)
    if before:
        audit.record(run.folder, run.settings, audit.TAKEOVER, audit.DONE, reason=before)
    audit.record(run.folder, run.settings, action, audit.BEGUN)


def closed(run: Run, action: str, error: BaseException | None) -> None:
    """Write down how the run ended, and let go of it. What cannot be written is in its log."""
    facts: dict[str, str | int] = {}
    if error is None:
        outcome = audit.DONE
    else:
        outcome = audit.FAILED if isinstance(error, Exception) else audit.INTERRUPTED
        facts["error"] = type(error).__name__  # not its text, which may repeat what a person typed
    try:
        if error is None and run.settings.mongo:
            audit.record(run.folder, run.settings, audit.MERGE, outcome, to=_database(run))
        audit.record(run.folder, run.settings, action, outcome, **facts)
    except OSError as trouble:
        run_log(run.folder, run.settings.log_level).warning(
            "audit_not_written", reason=str(trouble)
        )
    finally:
        hold.release(run.folder)


@contextmanager
def stage_told(run: Run, stage: str) -> Iterator[None]:
    """Lines of the run's log say the stage they are of, and which partitions it failed by."""
    log = run_log(run.folder, run.settings.log_level)
    with in_stage(stage):
        try:
            yield
        except PartitionsFailed as error:
            for each in error.failures:
                if each.number is None:
                    log.info("stage_failed", reason=f"{each.item}: {each.cause}")
                else:
                    log.info("partition_failed", partition=each.number, reason=each.cause)
            raise
        except Exception as error:
            log.info("stage_failed", reason=cause_of(error))
            raise


def _database(run: Run) -> str:
    from pipeline.storage.mongo_address import mongo_address  # noqa: PLC0415 - imports a driver

    return mongo_address(run.settings.mongo).shown
