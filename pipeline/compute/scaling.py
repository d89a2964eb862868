"""How many workers a run wants: remaining work over target duration, within bounds."""

from __future__ import annotations

import math


def workers_wanted(
    slot_seconds: float, target_seconds: float, threads: int, minimum: int, maximum: int
) -> int:
    """Workers of `threads` slots that end `slot_seconds` of work in about `target_seconds`.

    `slot_seconds` is the remaining work in seconds of one slot. At least `minimum`, at most
    `maximum`; nothing left to do is `minimum`.
    """
    wanted = math.ceil(slot_seconds / (target_seconds * threads))
    return max(minimum, min(maximum, wanted))


def remaining_slot_seconds(
    total: int, done: int, elapsed_seconds: float, slots: float
) -> float | None:
    """Work left in `total - done` items, at the pace of the `done` ones on `slots` on average.

    None while nothing is known: no item is done.
    """
    if done <= 0:
        return None
    return (total - done) * elapsed_seconds * slots / done
