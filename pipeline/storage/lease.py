"""The lease of a run: a small object in its store that says who works on it, renewed by a beat.

It saves work and nothing rests on it: parts are the same bytes whoever writes them. Hence plain
reads and writes are enough, and a moment with two holders does no harm. Nobody compares clocks of
machines: who waits calls a lease expired when its beat has not changed for as long as the waiter
itself has watched it, by a clock that cannot be set.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

from pipeline.storage.identity import Process, process_of
from pipeline.storage.manifest import now
from pipeline.storage.store import Store

LEASE_PATH: Final = "checkpoints/lease.json"
SCHEMA: Final = 1
# What is believed of an object anybody may have written.
_LARGEST: Final = 4_096
_LONGEST_SECONDS: Final = 3_600
# Beats within the time of a lease: two may be lost before it counts as expired.
_BEATS: Final = 3
# After which a taker looks whether another took the lease in the same moment.
_SETTLE_S: Final = 0.5
_RELEASE_S: Final = 5.0
# For people who look once: how many times its length ago a lease may have been renewed.
_FRESH: Final = 3


@dataclass(frozen=True)
class Lease:
    """What the object says. `renewed_at` is for people: nothing is decided by it."""

    token: str
    beat: int
    seconds: int
    process: Process
    renewed_at: str

    @property
    def looks_alive(self) -> bool:
        """What one look can tell: near, whether the process is there; far, the holder's clock."""
        if self.process.is_near:
            return not self.process.is_gone
        try:
            since = datetime.now(UTC) - datetime.fromisoformat(self.renewed_at)
        except (ValueError, TypeError):
            return True
        return abs(since.total_seconds()) < _FRESH * self.seconds


def read_lease(store: Store) -> Lease | None:
    """The lease in `store`; None if there is none or it cannot be read. Raises OSError."""
    try:
        data = store.get(LEASE_PATH)
    except FileNotFoundError:
        return None
    try:
        found = json.loads(data[:_LARGEST])
        lease = Lease(
            token=str(found["token"]),
            beat=int(found["beat"]),
            seconds=int(found["seconds"]),
            process=process_of(found["process"]),
            renewed_at=str(found["renewed_at"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
    return (
        lease if found.get("schema") == SCHEMA and 0 < lease.seconds <= _LONGEST_SECONDS else None
    )


class Watch:
    """Watches another's lease; `clock` counts seconds [s] and cannot be set."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: tuple[str, int] | None = None
        self._since = clock()
        self.has_moved = False

    def expired(self, lease: Lease) -> bool:
        """Whether its beat stood still for the lease's length while this looked on."""
        beat = (lease.token, lease.beat)
        if beat != self._seen:
            self.has_moved = self._seen is not None
            self._seen, self._since = beat, self._clock()
        return self._clock() - self._since >= lease.seconds

    def could_not_look(self) -> None:
        """The store did not answer: that time does not count."""
        self._seen, self._since = None, self._clock()


class Keeper:
    """Holds a lease for this process and renews it from a thread, whatever the store does.

    `on_event` hears "lease_lost" and "lease_not_renewed" with a reason, from that thread as well.
    """

    def __init__(
        self, store: Store, process: Process, seconds: int, on_event: Callable[[str, str], None]
    ) -> None:
        self.process = process
        self.lost_to: Process | None = None
        self._store = store
        self._seconds = seconds
        self._on_event = on_event
        self._token = ""
        self._beat = 0
        self._confirmed = 0.0
        self._failing = False
        self._one_at_a_time = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def take(self) -> None:
        """Write a lease of this process, whoever had it, and keep it. Raises OSError."""
        with self._one_at_a_time:
            self._token = secrets.token_hex(8)
            self._write()
            self.lost_to = None
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._keep, name="atlas-forge-lease", daemon=True
            )
            self._thread.start()

    def confirm(self) -> None:
        """Look now, if the thread has not done so for the length of the lease: it was stopped."""
        if time.monotonic() - self._confirmed >= self._seconds:
            self._renew_quietly()

    def release(self) -> None:
        """Stop renewing and take the lease away, if it is still this one.

        A store that hangs, or fails and is tried again, is left after a few seconds: the lease
        expires by itself.
        """
        self._ended.set()
        if self._thread is not None:
            letting_go = threading.Thread(
                target=self._let_go, name="atlas-forge-lease-end", daemon=True
            )
            letting_go.start()
            letting_go.join(_RELEASE_S)

    def _let_go(self) -> None:
        with self._one_at_a_time:
            try:
                found = read_lease(self._store)
                if found is not None and found.token == self._token:
                    self._store.delete(LEASE_PATH)
            except Exception as error:  # noqa: BLE001 - as in `_renew_quietly`
                self._on_event("lease_not_released", f"{type(error).__name__}: {error}")

    def _keep(self) -> None:
        wait = min(_SETTLE_S, self._seconds / _BEATS)
        while not self._ended.wait(wait):
            self._renew_quietly()
            wait = self._seconds / _BEATS

    def _renew_quietly(self) -> None:
        if not self._one_at_a_time.acquire(blocking=False):
            return  # the other of the two threads is at it
        try:
            if not self._ended.is_set() and self.lost_to is None:
                self._renew()
                self._failing = False
        except Exception as error:  # noqa: BLE001 - no error of a store may end a run for its lease
            if not self._failing:
                self._on_event("lease_not_renewed", f"{type(error).__name__}: {error}")
            self._failing = True
        finally:
            self._one_at_a_time.release()

    def _renew(self) -> None:
        found = read_lease(self._store)
        if found is not None and found.token != self._token:
            self.lost_to = found.process
            self._on_event("lease_lost", f"{found.process} has taken over")
            return
        self._write()

    def _write(self) -> None:
        self._beat += 1
        lease = Lease(self._token, self._beat, self._seconds, self.process, now())
        self._store.put(LEASE_PATH, json.dumps({"schema": SCHEMA, **asdict(lease)}).encode())
        self._confirmed = time.monotonic()
