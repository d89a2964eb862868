"""The structured log of a run: JSON lines in its folder, and a plain line for people on stderr.

Fields are those of the project's plan, section 16: timestamp, level, component, event, and what
the event is about; `run_id` is in every line, `stage` in those of a stage and `partition` in those
of a partition. Secrets are taken out before anything is written.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final, TextIO, cast

import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from pipeline.escape import log_text
from pipeline.redaction import redacted

LOG_PATH: Final = "log.jsonl"

_LEVELS: Final = {name: getattr(logging, name.upper()) for name in ("debug", "info", "warning",
                                                                      "error")}  # fmt: skip


@lru_cache(maxsize=8)
def run_log(folder: Path, human_level: str) -> FilteringBoundLogger:
    """The log of the run in `folder`; lines of `human_level` and above go to stderr as well."""
    path = folder / LOG_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    return cast(
        FilteringBoundLogger,
        structlog.wrap_logger(
            structlog.WriteLogger(cast(TextIO, _LogFile(path))),
            processors=[
                merge_contextvars,
                structlog.processors.add_log_level,
                _level_in_capitals,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
                redact,
                _Echo(_LEVELS[human_level]),
                _of_run(folder.name),
                structlog.processors.JSONRenderer(),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(
                min(logging.INFO, _LEVELS[human_level])
            ),
        ).bind(component="pipeline"),
    )


@contextmanager
def in_stage(stage: str) -> Iterator[None]:
    """What is logged in this block, by whatever code, is of this stage."""
    with bound_contextvars(stage=stage):
        yield


def told_on_stderr(text: str) -> None:
    """A line for people beside the progress, whatever the level of the log."""
    print(log_text(text), file=sys.stderr, flush=True)


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Take secrets out: by the name they go under, in URLs, and by their known values."""
    return cast(EventDict, redacted(event))


def _of_run(run_id: str) -> Processor:
    """Names the run in each line of its file; people at its terminal know which it is."""

    def name(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["run_id"] = run_id
        return event

    return name


def _level_in_capitals(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["level"] = str(event["level"]).upper()
    return event


class _LogFile:
    """Appends whole lines, each at once, so that the log of a killed run is complete.

    A disk that is full must not end a run in its log's name, and the log must not keep a run from
    saying why it ended: what cannot be written is left out, and that is said once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)  # for good
        self._told = False

    def write(self, line: str) -> None:
        data = line.encode()
        try:
            before = os.fstat(self._file).st_size
            if os.write(self._file, data) < len(data):
                os.ftruncate(self._file, before)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            if not self._told:
                self._told = True
                print(f"warning: {self._path} lacks lines: {error.strerror}", file=sys.stderr)

    def flush(self) -> None:
        """Nothing is held back."""


class _Echo:
    """Repeats an event in plain words on stderr."""

    def __init__(self, level: int) -> None:
        self._level = level

    def __call__(self, _: WrappedLogger, method: str, event: EventDict) -> EventDict:
        if _LEVELS.get(method, logging.ERROR) >= self._level:
            facts = " ".join(
                f"{name}={log_text(str(value))}"
                for name, value in event.items()
                if name not in ("event", "level", "timestamp", "component")
            )
            print(f"{event['level'].lower()}: {event['event']} {facts}".rstrip(), file=sys.stderr)
        return event
