"""The audit trail: who did what to which run, when, from where, and how it ended. Append only.

A line of JSON an event, in the run's folder and, where runs share a store, as an object of its own
beside the runs (S3 cannot append): <store>/[<desk>/]audit/<time>-<run id>-<id>.json. Removing a run
moves its lines to the folder of the runs and leaves those objects. Owners' names are what they
say: a trail for colleagues, not proof against one who can write where it is kept.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pipeline.escape import path_part
from pipeline.settings import Settings
from pipeline.storage.fingerprint import engine_fingerprint
from pipeline.storage.identity import this_process
from pipeline.storage.manifest import now
from pipeline.storage.store import Store, open_store, write_file
from pipeline.storage.store_address import StoreAddress

AUDIT_PATH: Final = "audit.jsonl"
AUDIT_FOLDER: Final = "audit"
SCHEMA: Final = 1

RUN, RESUME, REPORT, TAKEOVER, MERGE, EXPORT, REMOVE, GC, CANCEL, MIGRATE = (
    "run", "resume", "report", "takeover", "merge", "export", "rm", "gc", "cancel", "migrate",
)  # fmt: skip
BEGUN, DONE, FAILED, INTERRUPTED = "begun", "done", "failed", "interrupted"
EXITS: Final = {DONE: 0, FAILED: 1, INTERRUPTED: 130}
# A store that does not answer must not hold up the end of a run for long.
_ATTEMPTS: Final = 2
_TIMEOUT_S: Final = 10
_LARGEST: Final = 16_384


@dataclass(frozen=True)
class Event:
    """One line. `exit` is that of the command, None while it goes on; `facts` are a few words and
    counts that cannot hold a secret."""

    at: str
    run_id: str
    action: str
    outcome: str
    exit: int | None
    owner: str
    desk: str
    host: str
    pid: int
    engine: str
    id: str
    facts: dict[str, Any] = field(default_factory=dict)


def event_of(
    folder: Path, settings: Settings, action: str, outcome: str, facts: Mapping[str, Any]
) -> Event:
    """What this process does now to the run in `folder`."""
    process = this_process(settings.owner)
    return Event(
        at=now(),
        run_id=folder.name,
        action=action,
        outcome=outcome,
        exit=EXITS.get(outcome),
        owner=process.owner,
        desk=settings.desk,
        host=process.host,
        pid=process.pid,
        engine=engine_fingerprint(),
        id=secrets.token_hex(8),
        facts=dict(facts),
    )


def record(
    folder: Path, settings: Settings, action: str, outcome: str, /, **facts: str | int
) -> None:
    """Write down what is done to the run in `folder`, there and in the store.

    `settings` are those of the run's desk. Raises OSError.
    """
    event = event_of(folder, settings, action, outcome, facts)
    append(folder / AUDIT_PATH, [event])
    keep_in_store(event, settings)


def note_elsewhere(
    settings: Settings, run_id: str, action: str, outcome: str, /, **facts: str | int
) -> None:
    """Write down what is asked of a run that another machine carries out. Raises OSError.

    Into the store, and into the folder of runs, where there are such.
    """
    out = Path(settings.out)
    event = event_of(out / run_id, settings, action, outcome, facts)
    if out.is_dir():
        append(out / AUDIT_PATH, [event])
    keep_in_store(event, settings)


def keep_in_store(event: Event, settings: Settings) -> None:
    """The event as an object of its own, where runs share a store. Raises OSError."""
    if settings.store:
        when = event.at.replace("-", "").replace(":", "")
        name = f"{when}-{path_part(event.run_id)}-{event.id}.json"
        path = f"{AUDIT_FOLDER}/{name}"
        shared = _shared(settings)
        if shared.folder is not None:  # one mounted here, with nothing but desks, runs and trails
            write_file(shared.folder / path, _line(event))
        else:
            open_store(shared).put(path, _line(event))


def append(path: Path, events: list[Event]) -> None:
    """Add lines by one synced write; a line that an earlier writer left half stays one line.

    Raises OSError.
    """
    data = b"".join(_line(event) for event in events)
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        length = os.fstat(file).st_size
        if length and os.pread(file, 1, length - 1) != b"\n":
            data = b"\n" + data
        if os.write(file, data) != len(data):
            raise OSError(f"{path} took only a part of a line")
        os.fsync(file)
    finally:
        os.close(file)


def move_lines(folder: Path, out: Path) -> None:
    """Add the lines of a run that is about to be removed to those of the folder of runs."""
    found = list(_lines(folder / AUDIT_PATH, _unsaid))
    if found:
        append(out / AUDIT_PATH, found)


def trail(
    out: Path, settings: Settings, run_id: str | None, on_problem: Callable[[str], None]
) -> list[Event]:
    """Events of one run or all, oldest first, from folders and the settings' store.

    `on_problem` hears of what cannot be read. Raises OSError.
    """
    paths = [out / AUDIT_PATH, *sorted(out.glob(f"{run_id or '*'}/{AUDIT_PATH}"))]
    found = [event for path in paths for event in _lines(path, on_problem)]
    if settings.store:
        found += _objects(open_store(_shared(settings)), run_id, on_problem)
    wanted = {event.id: event for event in found if run_id in (None, event.run_id)}
    return sorted(wanted.values(), key=lambda event: (event.at, event.id))


def _shared(settings: Settings) -> StoreAddress:
    """Where the runs of the settings' desk are."""
    address = replace(settings.store_address, attempts=_ATTEMPTS, timeout_s=_TIMEOUT_S)
    return address.under(settings.desk) if settings.desk else address


def _line(event: Event) -> bytes:
    document = {"schema": SCHEMA, **asdict(event)}
    return (json.dumps(document, ensure_ascii=True, allow_nan=False) + "\n").encode()


def _lines(path: Path, on_problem: Callable[[str], None]) -> Iterator[Event]:
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return
    for number, line in enumerate(lines, start=1):
        event = _event(line)
        if event is not None:
            yield event
        elif line.strip():
            on_problem(f"{path}: line {number} is no event")


def _objects(
    store: Store, run_id: str | None, on_problem: Callable[[str], None]
) -> Iterator[Event]:
    for name in store.names(AUDIT_FOLDER):
        if run_id not in (None, name.partition("-")[2].rpartition("-")[0]):
            continue
        event = _event(store.get(f"{AUDIT_FOLDER}/{name}"))
        if event is not None:
            yield event
        else:
            on_problem(f"{store.url}/{AUDIT_FOLDER}/{name} is no event")


def _event(data: bytes) -> Event | None:
    try:
        found = json.loads(data[:_LARGEST])
        if found.pop("schema") != SCHEMA:
            return None
        event = Event(**found)
    except (ValueError, TypeError, AttributeError, KeyError):
        return None
    texts = (event.at, event.run_id, event.action, event.outcome, event.owner, event.id)
    return event if all(isinstance(text, str) for text in texts) else None


def _unsaid(_: str) -> None:
    """What cannot be read cannot be moved either."""
