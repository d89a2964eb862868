"""Removing runs, and what dead processes and older engines left behind.

A run is removed in an order that never leaves half a run to be taken for a whole one: it is locked,
its audit trail goes to the folder of runs, its manifest is renamed to REMOVED_PATH (from then on it
is no run), then its parts in a store of their own go, then its folder. Whatever is cut off on the
way, `leftovers` finds and finishes.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pipeline.logs import told_on_stderr
from pipeline.settings import Settings
from pipeline.storage import audit, hold, lock
from pipeline.storage.desk import at_its_desk
from pipeline.storage.fingerprint import engine_fingerprint
from pipeline.storage.manifest import MANIFEST_PATH, UnreadableDocumentError, read_json
from pipeline.storage.results import LocalResults
from pipeline.storage.store import TEMPORARY, Store, open_folder

REMOVED_PATH: Final = "removed.json"
CHECKPOINTS: Final = ("checkpoints/pruning", "checkpoints/analysis")

RUN, CUT_OFF, TEMPORARIES, PARTS, KERNELS = (
    "run", "removal cut off", "temporary files", "checkpoints", "compiled kernels",
)  # fmt: skip


@dataclass(frozen=True)
class Leftover:
    """Something that may go: what it is, where, how many bytes."""

    kind: str
    path: Path
    bytes: int


def remove_run(
    out: Path,
    run_id: str,
    store: Store | None = None,
    settings: Settings | None = None,
    action: str = audit.REMOVE,
    say: hold.Say = told_on_stderr,
) -> Leftover:
    """Remove a run's folder and, if they are elsewhere, the parts in its `store`.

    Its audit trail goes on in `out`, with `action` by the owner of the `settings`. Where a process
    of another machine has left a lease, `say` hears that it is looked whether it still renews it.
    Raises NoSuchRunError, RunIsBusyError, OSError.
    """
    folder = LocalResults(out).folder(run_id)
    size = folder_bytes(folder)
    lock.acquire(folder)
    try:
        hold.ensure_idle(folder, store or open_folder(folder), say)
        at_home = at_its_desk(folder, replace(settings or Settings(), desk=""))
        event = audit.event_of(folder, at_home, action, audit.DONE, {"bytes": size})
        audit.move_lines(folder, out)
        audit.append(out / audit.AUDIT_PATH, [event])
        audit.keep_in_store(event, at_home)
        (folder / MANIFEST_PATH).replace(folder / REMOVED_PATH)
        if store is not None:
            store.clear()
        shutil.rmtree(folder)
    finally:
        lock.release(folder)
    return Leftover(RUN, folder, size)


def leftovers(out: Path) -> Iterator[Leftover]:
    """What no run needs: removals cut off half way, temporary files of runs nobody works on."""
    for folder in sorted(path for path in _folders(out)):
        if not (folder / MANIFEST_PATH).is_file():
            if (folder / REMOVED_PATH).is_file():
                yield Leftover(CUT_OFF, folder, folder_bytes(folder))
            continue
        temporary = folder / TEMPORARY
        if _entries(temporary) and hold.holder_of(folder) is None:
            yield Leftover(TEMPORARIES, temporary, folder_bytes(temporary))


def parts_of_finished(out: Path) -> Iterator[Leftover]:
    """Checkpoints of finished runs: their results stay, and a run asked for again computes anew."""
    for run_id in LocalResults(out).runs():
        folder = out / run_id
        if _is_finished(folder) and hold.holder_of(folder) is None:
            for name in CHECKPOINTS:
                if _entries(folder / name):
                    yield Leftover(PARTS, folder / name, folder_bytes(folder / name))


def expired_runs(
    out: Path, older_than: timedelta | None, keep: int | None, unfinished: bool
) -> list[str]:
    """Runs that retention lets go, newest first: beyond the newest `keep`, or older.

    Where both are given a run must be beyond both. Runs somebody works on stay, and unfinished ones
    unless `unfinished`.
    """
    if older_than is None and keep is None:
        return []
    limit = datetime.now(UTC) - older_than if older_than is not None else None
    dated = []
    for run_id in LocalResults(out).runs():
        try:
            manifest = read_json(out / run_id / MANIFEST_PATH)
        except UnreadableDocumentError:
            continue
        dated.append((datetime.fromisoformat(str(manifest["created_at"])), run_id, manifest))
    dated.sort(key=lambda each: each[:2], reverse=True)
    found = []
    for place, (created, run_id, manifest) in enumerate(dated):
        beyond = (limit is None or created < limit) and (keep is None or place >= keep)
        done = bool(manifest.get("outputs")) or unfinished
        if beyond and done and hold.holder_of(out / run_id) is None:
            found.append(run_id)
    return found


def old_kernels(cache: Path, unused_for: timedelta) -> Iterator[Leftover]:
    """Compiled kernels of other engines, beside `cache`, that nothing has loaded for a while.

    `cache` is the folder of this engine. A folder counts as used when its newest file was read or
    written.
    """
    limit = time.time() - unused_for.total_seconds()
    for folder in sorted(_folders(cache.parent)):
        name = folder.name
        if name == engine_fingerprint() or len(name) != len(engine_fingerprint()):
            continue
        times = [max(each.stat().st_atime, each.stat().st_mtime) for each in folder.rglob("*")]
        if max(times, default=folder.stat().st_mtime) < limit:
            yield Leftover(KERNELS, folder, folder_bytes(folder))


def remove(leftover: Leftover, store: Store | None = None) -> None:
    """Remove a leftover; of a removal that was cut off also what is in its `store`.

    Raises OSError.
    """
    if leftover.kind == CUT_OFF and store is not None:
        store.clear()
    shutil.rmtree(leftover.path)
    if leftover.kind in (TEMPORARIES, PARTS):
        leftover.path.mkdir()  # the run's own folders stay


def folder_bytes(folder: Path) -> int:
    """Bytes of the files below `folder`; a file that goes meanwhile counts nothing."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(path) / name).stat().st_size
            except FileNotFoundError:
                continue
    return total


def _is_finished(folder: Path) -> bool:
    try:
        return bool(read_json(folder / MANIFEST_PATH).get("outputs"))
    except UnreadableDocumentError:
        return False


def _folders(parent: Path) -> list[Path]:
    return [path for path in _entries(parent) if path.is_dir() and not path.is_symlink()]


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
