"""An inbox for project files: a folder, or a prefix of an S3 store, that people drop files into.

They drop them into `new/`. `look` takes what is there, each file once: a sound one goes to
`taken/`, any other to `refused/` with its errors beside it. What was taken is to be asked for under
its key, and `done` notes that beside it; whatever dies in between, the next look gives the same key
again. A key asked for twice has to be one run (Prefect's idempotency keys do that), so nothing here
needs a lock or a clock.

The same content dropped again, once the first drop is noted, has a key of its own.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pipeline.escape import path_part, visible
from pipeline.inputs import InputErrors
from pipeline.inputs.carried import CarriedProject, load_carried
from pipeline.inputs.errors import InputError
from pipeline.inputs.yaml_reader import MAX_BYTES
from pipeline.storage.manifest import json_bytes
from pipeline.storage.store import LocalStore, Store

NEW: Final = "new"
TAKEN: Final = "taken"
REFUSED: Final = "refused"
SETTLE_S: Final = 2.0
_NOTE: Final = ".run.json"
_ERRORS: Final = ".errors.txt"
_ENDINGS: Final = (".yaml", ".yml", ".json")
# What programs call a file that they still write.
_UNFINISHED: Final = re.compile(r"^[.~]|(?:\.(?:part|partial|tmp|temp|crdownload|filepart)|~)$")
_DIGITS: Final = 12
# Stands for what a link leads to: that may be a file its maker has no right to.
_LINK: Final = b"\0a link"


@dataclass(frozen=True)
class Taken:
    """A sound project file: its key, the project's id and the file's text."""

    key: str
    project_id: str
    text: str


@dataclass(frozen=True)
class Refused:
    """A file that is no sound project: its name in `refused/`, and what is wrong."""

    name: str
    errors: tuple[str, ...]


def look(store: Store, settle_s: float = SETTLE_S) -> Iterator[Taken | Refused]:
    """Take every file of the inbox, and those taken before whose run is not noted.

    A file that changes within `settle_s`, or is called like one that is being written, is left for
    the next look. Raises OSError.
    """
    names = [name for name in store.names(NEW) if not _UNFINISHED.search(name)]
    before = {name: _dropped(store, name) for name in names}
    if names:
        time.sleep(settle_s)
    for name, content in before.items():
        if content is not None and _dropped(store, name) == content:
            yield from _take(store, f"{NEW}/{name}", content)
    for place in _waiting(store):
        yield from _open(store, place)


def done(store: Store, taken: Taken, run: dict[str, Any]) -> None:
    """Note what came of a taken file: its key is not given again. Raises OSError."""
    store.put(f"{TAKEN}/{taken.key}{_NOTE}", json_bytes({"schema": 1, "key": taken.key, **run}))


def _dropped(store: Store, name: str) -> bytes | None:
    """A file of the inbox; None if it is gone: another look was faster."""
    path = f"{NEW}/{name}"
    try:
        if not isinstance(store, LocalStore):
            return store.get(path)
        with open(os.open(store.root / path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:  # noqa: PTH123
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return _LINK
        raise


def _take(store: Store, path: str, content: bytes) -> Iterator[Refused]:
    """Move a file: a whole copy first, so that a look that dies here loses nothing."""
    name = path.rpartition("/")[2]
    request = _checked(name, content)
    if isinstance(request, InputErrors):
        kept = f"{_digest(name, content)}-{path_part(name)}"
        lines = tuple(visible(str(each)) for each in request.errors)
        store.put(f"{REFUSED}/{kept}", content[:MAX_BYTES])
        store.put(f"{REFUSED}/{kept}{_ERRORS}", "".join(f"{line}\n" for line in lines).encode())
        store.delete(path)
        yield Refused(kept, lines)
        return
    drops = _drops(store, name, content)
    store.put(f"{TAKEN}/{_digest(name, content)}-{drops}-{path_part(name)}", content)
    store.delete(path)


def _drops(store: Store, name: str, content: bytes) -> int:
    """How often this file was dropped and noted before."""
    begin = f"{_digest(name, content)}-"
    return sum(each.startswith(begin) and each.endswith(_NOTE) for each in store.names(TAKEN))


def _waiting(store: Store) -> list[str]:
    """Taken files whose run is not noted."""
    names = store.names(TAKEN)
    noted = {name.removesuffix(_NOTE) for name in names if name.endswith(_NOTE)}
    return [name for name in names if not name.endswith(_NOTE) and name not in noted]


def _open(store: Store, place: str) -> Iterator[Taken | Refused]:
    content = store.get(f"{TAKEN}/{place}")
    request = _checked(place, content)
    if isinstance(request, InputErrors):  # somebody changed it there
        yield from _take(store, f"{TAKEN}/{place}", content)
        return
    yield Taken(place, request, content.decode("utf-8"))


def _checked(name: str, content: bytes) -> str | InputErrors:
    """The project's id, or what is wrong with the file."""
    shown_name = visible(name)
    if content == _LINK:
        return InputErrors([InputError(shown_name, "", "", "is a link, not a file")])
    if not name.lower().endswith(_ENDINGS):
        message = "is not called like a project file"
        return InputErrors([InputError(shown_name, "", "", message, ", ".join(_ENDINGS))])
    if len(content) > MAX_BYTES:
        message = f"is larger than {MAX_BYTES:,} bytes"
        return InputErrors([InputError(shown_name, "", "", message)])
    try:
        request = load_carried(CarriedProject(content.decode("utf-8")), shown_name)
    except UnicodeDecodeError:
        return InputErrors([InputError(shown_name, "", "", "is not UTF-8 text")])
    except InputErrors as errors:
        return errors
    return request.project.id if request.project else "unnamed"


def _digest(name: str, content: bytes) -> str:
    """Of name and content; the name of a file in the inbox is only ever hashed or cleaned."""
    question = json.dumps([name, hashlib.sha256(content).hexdigest()])
    return hashlib.sha256(question.encode()).hexdigest()[:_DIGITS]
