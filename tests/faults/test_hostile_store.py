"""Does a store that somebody filled with hostile things end in a clear error, or is it redone?

Whoever may write to a store can make digests and seals that fit; then what is read must still be
what the program expects, in type, size and place, before it is used.
"""

import hashlib
import io
import json
import random
import resource
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.compute import PartitionsFailed
from pipeline.inputs import Request
from pipeline.storage.checkpoints import (
    PRUNING,
    DamagedPartError,
    Marker,
    Owner,
    marker_bytes,
    marker_path,
    parquet_bytes,
    part_path,
    read_marker,
    read_part,
)
from pipeline.storage.manifest import UnreadableDocumentError, json_document
from pipeline.storage.plan import UnreadablePlanError, plan_bytes, plan_of
from pipeline.storage.store import LocalStore
from tests.run_projects import log_of, request_of, run_here

ROWS = 250
DEEP = b'{"a":' * 100_000


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Request, Path]:
    folder = tmp_path_factory.mktemp("finished")
    request = request_of(folder, limit=1_000)
    _, run = run_here(request, folder, partition_rows=ROWS)
    return request, run


@pytest.fixture
def copied(finished: tuple[Request, Path], tmp_path: Path) -> tuple[Request, Path]:
    """The finished run without its outputs, so that asking for it again reads the store."""
    request, run = finished
    shutil.copytree(run, tmp_path / run.name)
    for name in ("log.jsonl", "ranked.parquet"):
        (tmp_path / run.name / name).unlink()
    return request, tmp_path / run.name


def again(request: Request, run: Path) -> None:
    run_here(request, run.parent)


def forge(run: Path, stage: str, data: bytes | None = None, **changes: Any) -> None:
    """Part 1 of a stage as `data`, with a marker whose digest and seal fit."""
    store = LocalStore(run)
    told = json.loads(store.get(marker_path(stage, 1)))
    told.pop("seal")
    if data is not None:
        store.put(part_path(stage, 1), data)
        told["digest"] = hashlib.sha256(data).hexdigest()
    store.put(marker_path(stage, 1), marker_bytes(Marker(**{**told, **changes})))


def events(run: Path) -> set[str]:
    return {event["event"] for event in log_of(run)}


SOUND = {"survivors": 10}
MARKERS: dict[str, dict[str, Any]] = {
    "a record that is a list": {"record": []},
    "a count of text": {"record": {"survivors": "many"}},
    "a truth value": {"record": {"survivors": True}},
    "no count of survivors": {"record": {"near_misses": 3}},
    "more survivors than rows": {"record": {"survivors": ROWS + 1}},
    "fewer than none": {"record": {"survivors": -1}},
    "a number of 400 digits": {"record": {**SOUND, "near_misses": 10**400}},
    "something nested": {"record": {**SOUND, "first_reasons": [[1]]}},
    "no number": {"record": {**SOUND, "reverse_dscr_gap": float("nan")}},
    "rows that are none": {"rows": float(ROWS)},
    "a digest that is none": {"digest": 7},
}


@pytest.mark.fault("Hostile store", "a pruning marker of part 1, sealed, with {kind}")
@pytest.mark.parametrize("kind", MARKERS)
def test_a_forged_marker_is_done_again(
    copied: tuple[Request, Path],
    finished: tuple[Request, Path],
    kind: str,
    came_of_it: Callable[[str], None],
) -> None:
    request, run = copied
    forge(run, PRUNING, **MARKERS[kind])
    again(request, run)
    redone = [event for event in log_of(run) if event["event"] == "partition_redone"]
    assert [(each["stage"], each["partition"]) for each in redone] == [(PRUNING, 1)]
    words = "more survivors" if kind == "more survivors than rows" else "values that no part has"
    assert words in redone[0]["reason"]
    name = "ranked.parquet"
    assert (run / name).read_bytes() == (finished[1] / name).read_bytes()
    came_of_it(f"1 partition redone; {redone[0]['reason']}; same ranked rows")


@pytest.mark.fault("Hostile store", "a JSON document 100,000 levels deep as {name}")
@pytest.mark.parametrize("name", ["plan.json", "manifest.json", marker_path(PRUNING, 1)])
def test_a_deep_document_is_written_anew(
    copied: tuple[Request, Path],
    finished: tuple[Request, Path],
    name: str,
    came_of_it: Callable[[str], None],
) -> None:
    request, run = copied
    (run / name).write_bytes(DEEP)
    run_here(request, run.parent, partition_rows=ROWS)
    said = events(run) & {"plan_rewritten", "manifest_rewritten", "partition_redone"}
    assert len(said) == 1
    kept = "ranked.parquet"
    assert (run / kept).read_bytes() == (finished[1] / kept).read_bytes()
    came_of_it(f"told as {said.pop()} and written anew; same ranked rows")


def table_of(run: Path) -> pa.Table:
    return pq.read_table(run / part_path(PRUNING, 1))


def _other_ids(table: pa.Table) -> pa.Table:
    return table.set_column(
        0, table.schema.field(0), pa.array(np.full(table.num_rows, 10**14, dtype=np.int64))
    )


def _all_survive(table: pa.Table) -> pa.Table:
    return table.set_column(6, table.schema.field(6), pa.array([True] * table.num_rows))


def _ids_as_text(table: pa.Table) -> pa.Table:
    return table.set_column(0, "permutation_id", table["permutation_id"].cast(pa.string()))


PARTS: dict[str, tuple[Callable[[pa.Table], pa.Table], str]] = {
    "ids beyond the lever space": (_other_ids, "other ids than the plan"),
    "text for ids": (_ids_as_text, "columns are not those"),
    "a column less": (lambda table: table.drop_columns(["survivor"]), "columns are not those"),
    "every row a survivor": (_all_survive, "does not pass the gates"),
}


@pytest.mark.fault("Hostile store", "a pruning part 1, digest and seal fitting, with {kind}")
@pytest.mark.parametrize("kind", PARTS)
def test_a_forged_part_ends_in_a_clear_error(
    copied: tuple[Request, Path], kind: str, came_of_it: Callable[[str], None]
) -> None:
    request, run = copied
    change, words = PARTS[kind]
    table = change(table_of(run))
    told = json.loads((run / marker_path(PRUNING, 1)).read_bytes())["record"]
    if kind == "every row a survivor":
        told["survivors"] = table.num_rows
    forge(run, PRUNING, parquet_bytes(table), record=told)
    shutil.rmtree(run / "checkpoints/analysis")
    with pytest.raises(PartitionsFailed, match=words):
        again(request, run)
    assert not (run / "ranked.parquet").exists()
    came_of_it(f"the run ends: {words}; nothing ranked")


def bomb(kind: str) -> bytes:
    """A small file that unpacks to gigabytes, or says so."""
    buffer = io.BytesIO()
    if kind == "rows":
        table = pa.table({"permutation_id": pa.array(np.zeros(50_000_000, dtype=np.int64))})
        pq.write_table(table, buffer, compression="zstd")
    else:
        table = pa.table({"permutation_id": ["x" * 2**20] * ROWS})
        pq.write_table(table, buffer, compression="zstd", use_dictionary=False)
    return buffer.getvalue()


@pytest.mark.parametrize(("kind", "words"), [("rows", "it holds 50000000 rows"),
                                             ("text", "it would unpack to")])  # fmt: skip
def test_a_part_that_unpacks_to_more_than_it_may_is_not_unpacked(
    tmp_path: Path, kind: str, words: str
) -> None:
    data, store = bomb(kind), LocalStore(tmp_path)
    assert len(data) < 2_000_000
    store.put(part_path(PRUNING, 0), data)
    digest = hashlib.sha256(data).hexdigest()
    marker = Marker(1, PRUNING, 0, "p" * 64, "f" * 16, ROWS, digest, SOUND)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DamagedPartError, match=words):
        read_part(store, marker, ["permutation_id"])
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 * 1_024, f"{grown} kB"


@pytest.mark.fault("Hostile store", "a plan of this run with another problem, hash fitting")
def test_a_forged_plan_is_not_taken_for_the_request(
    copied: tuple[Request, Path], finished: tuple[Request, Path], came_of_it: Callable[[str], None]
) -> None:
    request, run = copied
    plan = plan_of((run / "plan.json").read_bytes())
    base = plan.problem.base.copy()
    base[0] += 1.0
    forged = replace(plan, problem=replace(plan.problem, base=base))
    (run / "plan.json").write_bytes(plan_bytes(forged))
    assert plan_of((run / "plan.json").read_bytes()).plan_hash != plan.plan_hash
    run_here(request, run.parent, partition_rows=ROWS)
    assert "plan_rewritten" in events(run)
    for name in ("plan.json", "ranked.parquet"):
        assert (run / name).read_bytes() == (finished[1] / name).read_bytes()
    came_of_it("the plan is written anew from the request; same ranked rows")


@pytest.mark.parametrize(
    "link", ["evaluated", "checkpoints/analysis", "log.jsonl", "audit.jsonl", "reports"]
)
def test_a_link_out_of_the_run_folder_is_refused(
    copied: tuple[Request, Path], tmp_path: Path, link: str
) -> None:
    request, run = copied
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"of somebody else")
    target = outside / "file" if link.endswith(".jsonl") else outside
    path = run / link
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(target)
    with pytest.raises(OSError, match=f"{link} is a link"):
        again(request, run)
    assert (outside / "file").read_bytes() == b"of somebody else"
    assert [each.name for each in outside.iterdir()] == ["file"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from([10**30, -1, 2**63, "../../etc/passwd", "\x00", "s3://x"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner,
                                                                max_size=4),
    max_leaves=8,
)  # fmt: skip
NAMES = st.sampled_from(list(Marker.__dataclass_fields__))


@settings(max_examples=150)
@given(changes=st.dictionaries(NAMES, JSON, max_size=3), raw=st.binary(max_size=40))
def test_any_marker_is_sound_or_has_a_reason(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[str, Any], raw: bytes
) -> None:
    store = LocalStore(_folder(tmp_path_factory))
    owner = Owner("p" * 64, "f" * 16)
    sound = Marker(1, PRUNING, 0, owner.plan_hash, owner.fingerprint, 9, "0" * 64, {"survivors": 1})
    store.put(marker_path(PRUNING, 0), marker_bytes(Marker(**{**asdict(sound), **changes})))
    found = read_marker(store, owner, PRUNING, 0)
    if found.marker is None:
        assert found.reason and len(found.reason) < 400
    else:
        assert type(found.marker.rows) is int and 0 <= found.marker.record["survivors"]
    store.put(marker_path(PRUNING, 0), raw)
    assert read_marker(store, owner, PRUNING, 0).marker is None


@settings(max_examples=150)
@given(data=st.data())
def test_any_plan_is_read_or_refused(finished: tuple[Request, Path], data: st.DataObject) -> None:
    document = json.loads((finished[1] / "plan.json").read_bytes())
    place = document
    for _ in range(data.draw(st.integers(0, 5))):
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        inner = place[data.draw(st.sampled_from(list(keys)))] if len(keys) else None
        if not isinstance(inner, dict | list) or not inner:
            break
        place = inner
    keys = sorted(place) if isinstance(place, dict) else range(len(place))
    place[data.draw(st.sampled_from(list(keys)))] = data.draw(JSON)
    written = json.dumps(document).encode()
    with suppress(UnreadablePlanError):
        assert plan_bytes(plan_of(written))


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_a_scrambled_part_is_refused(
    finished: tuple[Request, Path], tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """Bytes changed at random and the digest made to fit: Arrow's reader must survive it."""
    draw = random.Random(seed)
    data = bytearray((finished[1] / part_path(PRUNING, 1)).read_bytes())
    for _ in range(draw.randint(1, 20)):
        data[draw.randrange(len(data))] = draw.randrange(256)
    store = LocalStore(_folder(tmp_path_factory))
    store.put(part_path(PRUNING, 1), bytes(data))
    digest = hashlib.sha256(data).hexdigest()
    marker = Marker(1, PRUNING, 1, "p" * 64, "f" * 16, ROWS, digest, SOUND)
    with suppress(DamagedPartError):
        assert read_part(store, marker).num_rows == ROWS


@settings(max_examples=60)
@given(value=JSON)
def test_any_document_is_read_or_refused(value: Any) -> None:
    for data in (json.dumps(value).encode(), json.dumps({"schema": value}).encode(), DEEP):
        try:
            found = json_document(data, "manifest.json")
        except UnreadableDocumentError:
            continue
        assert found["schema"] == 1


_folders: list[Path] = []


def _folder(factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples of this module."""
    if not _folders:
        _folders.append(factory.mktemp("fuzzed"))
    return _folders[0]
