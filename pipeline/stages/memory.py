"""How full the memory is that this worker may use: the machine's, its container's, its own limit.

In a container the machine's figure says nothing: the group of processes is killed at a limit of its
own, which the kernel keeps in the control group's files (version 1 or 2, whichever is mounted).
"""

from __future__ import annotations

import resource
import sys
from functools import lru_cache
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]

_GROUPS: Final = Path("/sys/fs/cgroup")
_MEMBERSHIP: Final = Path("/proc/self/cgroup")


def memory_used_pct() -> float:
    """The highest share used [%] of the machine, its control groups, and this process's limits."""
    used = [float(psutil.virtual_memory().percent)]
    for group in _limited_groups():
        used += group.used_pct()
    process = psutil.Process()
    address_space = resource.getrlimit(resource.RLIMIT_AS)[0]
    if address_space != resource.RLIM_INFINITY:
        used.append(100.0 * process.memory_info().vms / address_space)
    of_worker = _limit_of_dask_worker()
    if of_worker:
        used.append(100.0 * process.memory_info().rss / of_worker)
    return max(used)


class _Group:
    """A control group: the files of its limit and its use, and what of the use can be dropped."""

    def __init__(self, limit: Path, use: Path, droppable: str) -> None:
        self._limit, self._use, self._droppable = limit, use, droppable

    def used_pct(self) -> list[float]:
        """The share used [%]; none without a limit, or where the files cannot be read."""
        try:
            text = self._limit.read_text().strip()
            # No limit is "max", or in version 1 a number beyond any machine.
            limit = 0 if text == "max" else int(text)
            if not 0 < limit < psutil.virtual_memory().total:
                return []
            facts = dict(line.split() for line in (self._use.parent / "memory.stat").open())
            used = int(self._use.read_text()) - int(facts.get(self._droppable, 0))
        except (OSError, ValueError):
            return []
        return [100.0 * used / limit]


@lru_cache(maxsize=1)
def _limited_groups() -> tuple[_Group, ...]:
    """The control groups of memory that this process is in, from its own up to the root."""
    try:
        lines = _MEMBERSHIP.read_text().splitlines()
    except OSError:
        return ()
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, names = _GROUPS, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            root = _GROUPS / "memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        # Inside a container the path may be the machine's: the root is then the container's own.
        own = root / path.lstrip("/")
        for folder in (own, *own.parents):
            if folder.is_relative_to(root) and (folder / names[0]).is_file():
                found.append(_Group(folder / names[0], folder / names[1], names[2]))
    return tuple(found)


def _limit_of_dask_worker() -> int:
    """Bytes that Dask lets this worker process use; 0: no limit, or no worker of Dask."""
    module = sys.modules.get("distributed.worker")
    if module is None:
        return 0
    try:
        return int(module.get_worker().memory_manager.memory_limit or 0)
    except ValueError:  # this thread computes no task of Dask
        return 0
