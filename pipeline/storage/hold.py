"""Holding a run: the lock of its folder, then the lease of its store.

Who does not get them waits, says for whom, and takes over when the holder has ended or its lease
expired. Who loses the lease (it was stopped for a while, or two took it at once) lets the other
work and goes on when that is done: whatever both wrote is the same.
"""

from __future__ import annotations

import atexit
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.escape import visible
from pipeline.storage import lock
from pipeline.storage.checkpoints import ANALYSIS, PRUNING
from pipeline.storage.identity import this_process
from pipeline.storage.lease import Keeper, Watch, read_lease
from pipeline.storage.lock import RunIsBusyError
from pipeline.storage.plan import PLAN_PATH
from pipeline.storage.store import Store, open_folder

_POLL_S: Final = 0.5
_NEWS_S: Final = 5.0
_SAME_NEWS_S: Final = 60.0

Say = Callable[[str], None]
OnEvent = Callable[[str, str], None]
OnPoll = Callable[[], None]


@dataclass(frozen=True)
class Terms:
    """How a run is held: for whom, how long a lease lives unrenewed [s], whether to wait."""

    owner: str
    seconds: int
    wait: bool


def acquire(folder: Path, store: Store, terms: Terms, say: Say, on_event: OnEvent) -> None:
    """Hold the run in `folder` whose parts are in `store`, for this process; again is allowed.

    Waits while another process holds it, and tells people so by `say`; `on_event` hears for the
    log, with a reason, what happened to lock and lease, later from a thread too. Raises
    RunIsBusyError where `terms` say not to wait, OSError.
    """
    key = folder.resolve()
    if key in _held:
        return
    hold = _Hold(folder, store, terms, say, on_event)
    _held[key] = hold
    try:
        hold.open()
    except BaseException:
        release(folder)
        raise
    atexit.register(release, folder)


def release(folder: Path) -> None:
    """Let go of the run in `folder`; nothing happens if this process does not hold it."""
    hold = _held.pop(folder.resolve(), None)
    if hold is not None:
        hold.keeper.release()
    lock.release(folder)


def taken_over(folder: Path) -> str:
    """How the holder before this process ended, if it did not let go of the run; else empty."""
    hold = _held.get(folder.resolve())
    return hold.taken_over if hold else ""


def keep(folder: Path, on_poll: OnPoll) -> None:
    """To be called between two partitions: waits, while another process has taken the run over.

    `on_poll` is called while it waits and may raise. Raises RunIsBusyError where the run was to be
    held without waiting, OSError.
    """
    hold = _held.get(folder.resolve())
    if hold is not None:
        hold.keep(on_poll)


def ensure_idle(folder: Path, store: Store, say: Say) -> None:
    """Raise RunIsBusyError if another process holds a lease in `store`; takes nothing.

    Of a holder on another machine that takes as long as it may leave its lease unrenewed.
    """
    _Hold(folder, store, Terms("", 1, wait=False), say, _ignore).wait_for_lease(_nothing)


def holder_of(folder: Path, store: Store | None = None) -> str | None:
    """Who works on the run now, as far as one look can tell, or None. Raises OSError."""
    lease = read_lease(store or open_folder(folder))
    if lease is None or not lease.looks_alive:
        return lock.holder_of(folder)
    if lease.process.is_near:
        return str(lease.process)
    return f"{lease.process}, last heard of at {visible(lease.renewed_at)}"


class _Hold:
    def __init__(
        self, folder: Path, store: Store, terms: Terms, say: Say, on_event: OnEvent
    ) -> None:
        self._folder = folder
        self._store = store
        self._terms = terms
        self._say = say
        self._on_event = on_event
        self._news = _News(folder.name, store, say)
        self._process = this_process(terms.owner)
        self.taken_over = ""
        self.keeper = Keeper(store, self._process, terms.seconds, on_event)

    def open(self) -> None:
        """Lock, then lease."""
        stale = self._wait_for_lock()
        ended = self.wait_for_lease(_nothing)
        self.keeper.take()
        if stale or ended:
            self.taken_over = ended or stale or ""
            self._on_event("stale_lock", stale or f"the run was taken over: {ended}")
            if self._news.began:
                self._say(f"taking over {self._folder.name}: {ended or 'its process ended'}")

    def keep(self, on_poll: OnPoll) -> None:
        """Wait if the lease was lost, then take it again."""
        self.keeper.confirm()
        rival = self.keeper.lost_to
        if rival is None:
            return
        self._say(f"{rival} works on {self._folder.name} as well: leaving the rest to it")
        ended = self.wait_for_lease(on_poll)
        self.keeper.take()
        self._on_event("lease_taken_again", ended or f"{rival} has let go of it")

    def _wait_for_lock(self) -> str | None:
        watch = Watch()
        told = False
        while True:
            try:
                return lock.acquire(self._folder, self._process)
            except RunIsBusyError:
                if not self._terms.wait:
                    raise
            self._news.tell(lock.holder_of(self._folder) or "another process")
            with suppress(OSError):
                lease = read_lease(self._store)
                if lease and lease.process.is_near and watch.expired(lease) and not told:
                    told = True
                    self._say(
                        f"{lease.process} has not stirred for {lease.seconds} s and still holds "
                        f"{self._folder}: if it is stopped, continue or end it (kill -CONT or "
                        f"-KILL {lease.process.pid})"
                    )
            time.sleep(_POLL_S)

    def wait_for_lease(self, on_poll: OnPoll) -> str | None:
        """Until nobody holds the lease; how its holder ended, if it did not let go itself."""
        watch = Watch()
        answered: float | None = None
        told = False
        while True:
            on_poll()
            try:
                lease = read_lease(self._store)
            except OSError:
                # Of a store that has answered before, a silence is waited out for a while.
                if answered is None or time.monotonic() - answered > self._terms.seconds:
                    raise
                watch.could_not_look()
                time.sleep(_POLL_S)
                continue
            answered = time.monotonic()
            if lease is None:
                return None
            holder = lease.process
            if holder.is_gone:
                return f"{holder} ended without finishing"
            if watch.expired(lease):
                return f"{holder} has not renewed its lease for {lease.seconds} s"
            if self._terms.wait:
                self._news.tell(str(holder))
            elif holder.is_near or watch.has_moved:
                raise RunIsBusyError(f"{holder} works on {self._folder.name}")
            elif not told:
                told = True
                self._say(
                    f"{holder} held {self._folder.name}: looking for up to {lease.seconds} s "
                    "whether it still does"
                )
            time.sleep(_POLL_S)


class _News:
    """Tells who is waited for and how far the run is, when there is something to tell."""

    def __init__(self, run_id: str, store: Store, say: Say) -> None:
        self._run_id = run_id
        self._store = store
        self._say = say
        self._holder = ""
        self._counts = ""
        self._looked = self._told = 0.0

    @property
    def began(self) -> bool:
        """Whether anything was told."""
        return bool(self._holder)

    def tell(self, holder: str) -> None:
        """Say that `holder` is waited for, at first, and then what has changed."""
        now = time.monotonic()
        if holder != self._holder:
            self._holder, self._counts = holder, self._counted()
            self._looked = self._told = now
            self._say(f"{holder} works on {self._run_id}{self._counts}; waiting for it")
        elif now - self._looked >= _NEWS_S:
            self._looked = now
            counts = self._counted()
            if counts != self._counts or now - self._told >= _SAME_NEWS_S:
                self._counts, self._told = counts, now
                self._say(f"still waiting for {holder}{counts}")

    def _counted(self) -> str:
        try:
            pruning, analysis = (
                sum(name.endswith(".json") for name in self._store.names(f"checkpoints/{stage}"))
                for stage in (PRUNING, ANALYSIS)
            )
            of = f" of {self._partitions():,}"
        except FileNotFoundError:
            return ", which has no plan yet"
        except (OSError, ValueError, KeyError, TypeError):
            return ""
        return f" ({pruning:,}{of} partitions pruned, {analysis:,} analysed)"

    def _partitions(self) -> int:
        return int(json.loads(self._store.get(PLAN_PATH))["partitions"])


def _ignore(_: str, __: str) -> None:
    """Nobody keeps a log of it."""


def _nothing() -> None:
    """Nobody has to be asked while waiting."""


_held: dict[Path, _Hold] = {}
