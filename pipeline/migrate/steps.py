"""The steps that bring a document of an earlier version up to this one: the one registry of them.

A step leads from a schema to the next, or stays within one and adds what later versions of it write
besides. A step is a pure function of the document; repeated on its own result it changes nothing.
What is written is written once, after the last step, so that no step can be left half done.

A new schema is a new entry: a `Step` from 1 to 2, and `CURRENT` of its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from pipeline.inputs.checked import MARKET, PAYLOAD, PROJECT, RULEBOOK
from pipeline.inputs.models import SCHEMA_VERSION
from pipeline.storage.manifest import SCHEMA, UnreadableDocumentError

Document = dict[str, Any]
MANIFEST: Final = "manifest"
CURRENT: Final[Mapping[str, int]] = {
    MANIFEST: SCHEMA,
    **dict.fromkeys((PROJECT, PAYLOAD, MARKET, RULEBOOK), SCHEMA_VERSION),
}
# What a document without `schema` is taken for: before there was one.
UNNAMED: Final = 0


class NewerSchemaError(UnreadableDocumentError):
    """A document of a later version: only that one, or a later one still, reads it."""


@dataclass(frozen=True)
class Step:
    """Makes a document of schema `before` one of `after`; `apply` may change what it is given.

    The registry itself writes the number. With `before == after` a step only adds what is missing.
    """

    kind: str
    name: str
    before: int
    after: int
    apply: Callable[[Document], None]


@dataclass(frozen=True)
class Upgrade:
    """A document as this version has it. `added` are the places (`market.sha256`) it lacked."""

    document: Document
    schema: int
    steps: tuple[str, ...]
    added: tuple[str, ...]


def schema_of(document: Mapping[str, Any]) -> int:
    """The schema a document names, 0 for none. Raises UnreadableDocumentError."""
    found = document.get("schema", UNNAMED)
    if isinstance(found, bool) or not isinstance(found, int) or found < UNNAMED:
        raise UnreadableDocumentError("its schema is no whole number")
    return found


def upgraded(
    kind: str,
    document: Document,
    steps: Sequence[Step] | None = None,
    current: int | None = None,
) -> Upgrade:
    """The document after all steps that it lacks, in order; what was given stays as it is.

    `steps` and `current` are those of this version unless given. Raises NewerSchemaError,
    UnreadableDocumentError where no step leads on or the document is not what a step expects.
    """
    known = CURRENT[kind] if current is None else current
    found = schema_of(document)
    if found > known:
        raise NewerSchemaError(
            f"it has schema {found}, this version reads {known}: install a newer atlas-forge"
        )
    ours = [step for step in (STEPS if steps is None else steps) if step.kind == kind]
    result = deepcopy(document)
    done = []
    for step in _in_order(ours, found, known):
        before = deepcopy(result)
        try:
            step.apply(result)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnreadableDocumentError(
                f"step {step.name!r} does not find in it what it expects"
            ) from error
        if step.after != step.before:
            result["schema"] = step.after
        if result != before:
            done.append(step.name)
    return Upgrade(result, found, tuple(done), tuple(_added(document, result)))


def _in_order(steps: Sequence[Step], found: int, known: int) -> Iterator[Step]:
    """Additions to a schema, then the step to the next one, up to the schema that is known."""
    version = found
    while True:
        yield from (step for step in steps if step.before == step.after == version)
        if version == known:
            return
        onward = [step for step in steps if step.before == version < step.after <= known]
        if not onward:
            raise UnreadableDocumentError(
                f"it has schema {version}, and no step leads from there to {known}"
                if version
                else "it names no schema, which every document of its kind has"
            )
        yield onward[0]
        version = onward[0].after


def _added(old: Any, new: Any, place: str = "") -> Iterator[str]:
    """Places of `new` that `old` lacks."""
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return
    for name, value in new.items():
        inside = f"{place}.{name}" if place else str(name)
        if name in old:
            yield from _added(old[name], value, inside)
        else:
            yield inside


def _unchanged(_: Document) -> None:
    """Only the number is missing."""


def _owner(manifest: Document) -> None:
    """Nobody was told, and there were no desks."""
    manifest.setdefault("owner", "")
    manifest.setdefault("desk", "")


def _names(manifest: Document) -> None:
    """No parties and no deal: blanks in documents."""
    manifest.setdefault("names", {})


def _books(manifest: Document) -> None:
    """Facts of the books that the manifest tells elsewhere: digests and what was asked."""
    request, digests = manifest["request"], manifest["documents"]
    for name in ("market", "rulebook"):
        manifest[name].setdefault("sha256", digests.get(name))
    market = manifest["market"]
    if "currency" not in market and "currency" in request["market"]:
        market["currency"] = request["market"]["currency"]
    limit = request["rulebook"].get("market", {}).get("stale_after_days")
    if limit is not None:
        market.setdefault("stale_after_days", limit)


STEPS: Final = (
    Step(MANIFEST, "owner and desk", 1, 1, _owner),
    Step(MANIFEST, "names of documents", 1, 1, _names),
    Step(MANIFEST, "facts of the books", 1, 1, _books),
    Step(PROJECT, "number of the schema", UNNAMED, 1, _unchanged),
    Step(PAYLOAD, "number of the schema", UNNAMED, 1, _unchanged),
    Step(MARKET, "number of the schema", UNNAMED, 1, _unchanged),
    Step(RULEBOOK, "number of the schema", UNNAMED, 1, _unchanged),
)
