"""Who works: names of owners and desks, and processes with their host, number and whereabouts."""

from __future__ import annotations

import getpass
import os
import re
import socket
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from pipeline.escape import visible

LONGEST_NAME: Final = 120
# Fields of /proc/PID/stat after the name: state first, start in ticks since boot as the twentieth.
_STATE, _START = 0, 19
_ENDED_STATES: Final = ("Z", "X")
# A folder, a prefix of keys and a database can all have such a name.
_TRAIL: Final = "audit"  # beside the desks in a store
_DESK: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,30}[a-z0-9])?")


@dataclass(frozen=True)
class Process:
    """A process that works on a run, or did.

    place: what tells machines and containers apart: boot and process namespace; empty where the
        system does not say. started: its start in ticks since boot, so that a number used again by
        another process is noticed. Neither depends on a clock that can be set.
    """

    owner: str
    host: str
    pid: int
    place: str = ""
    started: str = ""

    def __str__(self) -> str:
        named = f"process {self.pid} on {visible(self.host)}"
        return f"{named} ({visible(self.owner)})" if self.owner else named

    @property
    def is_near(self) -> bool:
        """Whether it runs (or ran) where this process can see it."""
        return bool(self.place) and self.place == _here()

    @property
    def is_gone(self) -> bool:
        """Whether it is known to have ended; of a process elsewhere nothing is known."""
        if not self.is_near:
            return False
        facts = _facts_of(self.pid)
        return facts is None or facts[_STATE] in _ENDED_STATES or facts[_START] != self.started


def this_process(owner: str = "") -> Process:
    """This process, working for `owner`."""
    facts = _facts_of(os.getpid())
    started = facts[_START] if facts else ""
    return Process(owner or default_owner(), socket.gethostname(), os.getpid(), _here(), started)


def process_of(document: Any) -> Process:
    """The process that a JSON object names. Raises ValueError."""
    try:
        texts = {
            name: str(document.get(name, "")) for name in ("owner", "host", "place", "started")
        }
        process = Process(pid=int(document["pid"]), **texts)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no process is named: {error!r}") from error
    if max(map(len, texts.values())) > LONGEST_NAME:
        raise ValueError("the names of a process are no short texts")
    return process


def checked_owner(text: str) -> str:
    """The name of an owner, without spaces around it. Raises ValueError."""
    if not text.strip() or visible(text) != text or len(text) > LONGEST_NAME:
        raise ValueError(f"is not a name of 1 to {LONGEST_NAME} printable characters in one line")
    return text.strip()


def checked_desk(text: str) -> str:
    """The name of a desk. Raises ValueError."""
    if not _DESK.fullmatch(text) or text == _TRAIL:
        raise ValueError(
            "is not 1 to 32 small letters, digits, dashes and underscores, with a letter or digit "
            f"at both ends, or is {_TRAIL!r}"
        )
    return text


@lru_cache(maxsize=1)
def default_owner() -> str:
    """The system's name for who runs this, at this machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user often has a number and no name
        user = f"uid-{os.getuid()}"
    return visible(f"{user}@{socket.gethostname()}")[:LONGEST_NAME]


@lru_cache(maxsize=1)
def _here() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _facts_of(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name stands in brackets and may hold spaces and brackets itself.
    facts = text.rpartition(")")[2].split()
    return facts if len(facts) > _START else None
