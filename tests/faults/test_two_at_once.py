"""Do two processes of the same request at once do no harm, whoever of them stops, dies or stalls?

Real processes throughout: on one folder, where the system's lock tells, and on two folders of one
S3 store, where only the lease does.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pipeline.storage import hold, lock
from pipeline.storage.identity import Process, this_process
from pipeline.storage.lease import LEASE_PATH, Keeper, read_lease
from pipeline.storage.store import Store, open_folder, open_store
from pipeline.storage.store_address import StoreAddress
from tests.run_projects import log_of, request_of, run_here, write_project
from tests.services.moto_server import BUCKET, MotoServer

COMMAND = [sys.executable, "-m", "pipeline.cli.main"]
PARTITIONS = 256
ROWS = "40"
LEASE_S = 1
AREA = "Two at once"
Tell = Callable[[str], None]
ELSEWHERE = Process("berta", "elsewhere", 12, "another boot", "1")


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("reference")
    _, run = run_here(request_of(folder), folder)
    return (run / "ranked.parquet").read_bytes()


@dataclass
class Started:
    """A run in a process of its own, with its output in files."""

    process: subprocess.Popen[bytes]
    out: Path
    told: Path
    store: Store | None

    @property
    def run(self) -> Path:
        return next(self.out.glob("trial-*"))

    @property
    def errors(self) -> str:
        return self.told.with_suffix(".err").read_text()

    def ends(self) -> dict[str, object]:
        """Its summary, once it has ended well."""
        assert self.process.wait(120) == 0, self.errors
        assert "Traceback" not in self.errors
        summary: dict[str, object] = json.loads(self.told.read_text())
        return summary

    def until(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while not happened():
            assert self.process.poll() is None, self.errors
            assert time.monotonic() < deadline, self.errors
            time.sleep(0.005)

    def until_said(self, text: str) -> None:
        self.until(lambda: text in self.errors)

    def until_parts(self, number: int) -> None:
        """Until `number` partitions are pruned."""
        self.until(lambda: bool(list(self.out.glob("trial-*"))))
        parts = self.store or open_folder(self.run)
        self.until(lambda: len(parts.names("checkpoints/pruning")) >= number)

    def stops_after(self, parts: int) -> None:
        """SIGSTOP when so many are pruned, so that the other has time to come."""
        self.until_parts(parts)
        self.process.send_signal(signal.SIGSTOP)

    def computed(self) -> list[int]:
        """Partitions that it computed itself, by stage, of the last run in its log."""
        done = [each for each in log_of(self.run) if each["event"] == "stage_done"]
        return [each["partitions"] - each["reused"] for each in done[-2:]]


@contextmanager
def started(folder: Path, out: str, name: str, **options: str) -> Iterator[Started]:
    """`run` of the trial project into `folder/out`; ended with the test whatever happens."""
    project = write_project(folder)
    run_id = options.pop("run_id", "")
    store = options.get("store")
    endpoint = options.pop("endpoint", "")
    lease = options.pop("lease", str(LEASE_S))
    told = folder / f"{name}.json"
    command = [*COMMAND, "run", str(project), "--direct", "--json", "--out", str(folder / out),
               "--partition-rows", ROWS]  # fmt: skip
    for option, value in options.items():
        command += [f"--{option}", value]
    environment = {**os.environ, "ATLAS_FORGE_LEASE_SECONDS": lease,
                   "ATLAS_FORGE_OWNER": name, "ATLAS_FORGE_STORE_ENDPOINT": endpoint}  # fmt: skip
    with told.open("wb") as stdout, told.with_suffix(".err").open("wb") as stderr:
        process = subprocess.Popen(command, stdout=stdout, stderr=stderr, env=environment)
    address = StoreAddress(f"{store}/{run_id}", endpoint) if store else None
    try:
        yield Started(process, folder / out, told, open_store(address) if address else None)
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


@pytest.mark.fault(AREA, "the same request twice on one folder")
def test_the_second_on_a_folder_waits_and_finds_everything_done(
    tmp_path: Path, reference: bytes, came_of_it: Tell
) -> None:
    with started(tmp_path, "runs", "anna") as first:
        first.until_parts(20)
        with started(tmp_path, "runs", "bert") as second:
            second.until_said("waiting for it")
            summary = first.ends()
            assert second.ends() == summary
    assert "(anna) works on trial-" in second.errors
    assert second.computed() == [0, 0]
    assert (first.run / "ranked.parquet").read_bytes() == reference
    manifest = json.loads((first.run / "manifest.json").read_text())
    assert manifest["owner"] == "anna"
    assert lock.holder_of(first.run) is None
    assert not (first.run / LEASE_PATH).exists()
    came_of_it(f"the second waited, computed 0 of {PARTITIONS} partitions; same summary, same rows")


@pytest.mark.fault(AREA, "its holder SIGKILLed while the second waits for the folder")
def test_who_waits_for_a_killed_holder_takes_over(
    tmp_path: Path, reference: bytes, came_of_it: Tell
) -> None:
    with started(tmp_path, "runs", "anna") as first:
        first.stops_after(20)
        with started(tmp_path, "runs", "bert") as second:
            second.until_said("waiting for it")
            second.until_said("has not stirred for 1 s and still holds")
            first.process.kill()
            second.ends()
    pruned = second.computed()[0]
    assert 0 < pruned <= PARTITIONS - 20
    assert "taking over" in second.errors
    assert (second.run / "ranked.parquet").read_bytes() == reference
    stale = [each for each in log_of(second.run) if each["event"] == "stale_lock"]
    assert len(stale) == 1
    assert "(anna) ended without finishing" in stale[0]["reason"]
    lines = [json.loads(line) for line in (second.run / "audit.jsonl").read_text().splitlines()]
    assert [(line["owner"], line["action"], line["outcome"]) for line in lines] == [
        ("anna", "run", "begun"),
        ("bert", "takeover", "done"),
        ("bert", "run", "begun"),
        ("bert", "run", "done"),
    ]
    came_of_it(f"the second took over and computed {pruned} of {PARTITIONS} partitions; same rows")


@pytest.mark.full
@pytest.mark.parametrize(
    ("how", "options", "code"),
    [
        pytest.param(signal.SIGINT, [], 130, id="ctrl-c"),
        pytest.param(None, ["--no-wait"], 1, id="no-wait"),
    ],
)
def test_who_does_not_want_to_wait_ends_with_a_sentence(
    tmp_path: Path, how: signal.Signals | None, options: list[str], code: int
) -> None:
    with started(tmp_path, "runs", "anna") as first:
        first.stops_after(1)
        project = str(tmp_path / "trial.yaml")
        second = subprocess.Popen(
            [*COMMAND, "run", project, "--direct", "--out", str(first.out), *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        if how:
            assert second.stderr is not None
            assert "waiting for it" in second.stderr.readline()
            second.send_signal(how)
        _, errors = second.communicate(timeout=60)
        first.process.send_signal(signal.SIGCONT)
        first.ends()
    assert second.returncode == code
    assert ("interrupted" if how else "(anna)") in errors
    assert "Traceback" not in errors


@pytest.fixture
def shared(s3_server: MotoServer, tmp_path: Path) -> dict[str, str]:
    """Options for runs that share an S3 store, and the id that the run will have."""
    _, run = run_here(request_of(tmp_path), tmp_path / "whole")
    shutil.rmtree(run)
    place = f"s3://{BUCKET}/{tmp_path.name}"
    return {"store": place, "endpoint": s3_server.url, "run_id": run.name}


@pytest.mark.full
@pytest.mark.fault(AREA, "the same request from two folders on one S3 store")
def test_the_second_on_a_store_waits_and_finds_everything_done(
    tmp_path: Path, shared: dict[str, str], reference: bytes, came_of_it: Tell
) -> None:
    with started(tmp_path, "one", "anna", **shared) as first:
        first.until_parts(20)
        with started(tmp_path, "two", "bert", **shared) as second:
            second.until_said("waiting for it")
            first.ends()
            second.ends()
    assert second.computed() == [0, 0]
    assert first.store is not None
    assert read_lease(first.store) is None
    for each in (first, second):
        assert (each.run / "ranked.parquet").read_bytes() == reference
        assert json.loads((each.run / "manifest.json").read_text())["owner"] == "anna"
    came_of_it(f"the second waited, computed 0 of {PARTITIONS} partitions; same rows in both")


@pytest.mark.full
@pytest.mark.fault(AREA, "its holder SIGKILLed while the second, in another folder, waits")
def test_who_waits_for_a_store_takes_over_from_a_killed_holder(
    tmp_path: Path, shared: dict[str, str], reference: bytes, came_of_it: Tell
) -> None:
    with started(tmp_path, "one", "anna", **shared, lease="60") as first:
        first.stops_after(20)
        with started(tmp_path, "two", "bert", **shared) as second:
            second.until_said("waiting for it")
            first.process.kill()
            second.ends()
    pruned = second.computed()[0]
    assert 0 < pruned <= PARTITIONS - 20
    assert (second.run / "ranked.parquet").read_bytes() == reference
    came_of_it(f"the second took over and computed {pruned} of {PARTITIONS} partitions; same rows")


@pytest.mark.full  # on a busy machine the second may be done before the first is continued
@pytest.mark.fault(AREA, "its holder SIGSTOPped beyond its lease, and continued {when}")
@pytest.mark.parametrize("when", ["while the other works", "afterwards"])
def test_a_stopped_holder_loses_its_lease_and_does_no_harm(
    tmp_path: Path, shared: dict[str, str], reference: bytes, when: str, came_of_it: Tell
) -> None:
    with started(tmp_path, "one", "anna", **shared) as first:
        first.stops_after(20)
        with started(tmp_path, "two", "bert", workers="1", **shared) as second:
            second.until_said("waiting for it")
            second.until_said("has not renewed its lease for 1 s")
            if when == "afterwards":
                second.ends()
            else:
                second.until_parts(60)
            first.process.send_signal(signal.SIGCONT)
            if when != "afterwards":
                first.until_said("leaving the rest to it")
            second.ends()
            first.ends()
    for each in (first, second):
        assert (each.run / "ranked.parquet").read_bytes() == reference
    own, others = first.computed()[0], second.computed()[0]
    lost = [each for each in log_of(first.run) if each["event"] == "lease_lost"]
    assert len(lost) == (when != "afterwards")
    twice = own + others - PARTITIONS
    assert 0 <= twice < PARTITIONS // 4
    came_of_it(
        f"{others} of {PARTITIONS} partitions by the second, {own} by the first, {twice} by both; "
        "same rows in both folders"
    )


@pytest.mark.full
@pytest.mark.fault(AREA, "its holder SIGSTOPped on a network folder that carries no locks")
def test_two_on_a_folder_without_locks_end_in_the_same_bytes(
    tmp_path: Path, reference: bytes, came_of_it: Tell
) -> None:
    """The lock file is taken away, as if each machine had its own."""
    with started(tmp_path, "runs", "anna") as first:
        first.stops_after(20)
        (first.run / lock.LOCK_PATH).unlink()
        with started(tmp_path, "runs", "bert") as second:
            second.until_said("has not renewed its lease for 1 s")
            second.until_parts(60)
            first.process.send_signal(signal.SIGCONT)
            summary = second.ends()
            assert first.ends() == summary
    assert "leaving the rest to it" in first.errors
    assert (first.run / "ranked.parquet").read_bytes() == reference
    status = subprocess.run(
        [*COMMAND, "status", first.run.name, "--out", str(first.out), "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(status.stdout)["state"] == "finished"
    came_of_it("the first left the rest to the second; one sealed run, same rows, same summary")


def _leave_a_lease(store: Store, **changes: object) -> None:
    """As a process of another machine left it when it died."""
    keeper = Keeper(store, ELSEWHERE, LEASE_S, lambda *_: None)
    keeper.take()
    keeper._ended.set()
    document = json.loads(store.get(LEASE_PATH))
    store.put(LEASE_PATH, json.dumps({**document, **changes}).encode())


@pytest.mark.fault(AREA, "its holder died on another machine, whose clock said {clock}")
@pytest.mark.parametrize("clock", ["1970-01-01T00:00:00Z", "2099-12-31T23:59:59Z"])
def test_a_lease_expires_by_the_clock_of_who_waits(
    tmp_path: Path, clock: str, came_of_it: Tell
) -> None:
    store = open_folder(tmp_path)
    _leave_a_lease(store, renewed_at=clock)
    said: list[str] = []
    before = time.monotonic()
    hold.acquire(tmp_path, store, hold.Terms("anna", 30, True), said.append, lambda *_: None)
    waited = time.monotonic() - before
    try:
        lease = read_lease(store)
        assert lease is not None
        assert lease.process == this_process("anna")
    finally:
        hold.release(tmp_path)
    assert LEASE_S <= waited < LEASE_S + 3
    assert "process 12 on elsewhere (berta) works on" in said[0]
    came_of_it(f"taken over after {LEASE_S} s without a beat, as the one that waited counts")


@pytest.mark.parametrize("wait", [True, False])
def test_a_holder_on_another_machine_that_renews_is_believed(tmp_path: Path, wait: bool) -> None:
    store = open_folder(tmp_path)
    other = Keeper(store, ELSEWHERE, LEASE_S, lambda *_: None)
    other.take()
    terms = hold.Terms("anna", LEASE_S, wait)
    try:
        if wait:
            threading.Timer(2.5 * LEASE_S, other.release).start()
            before = time.monotonic()
            hold.acquire(tmp_path, store, terms, lambda _: None, lambda *_: None)
            assert time.monotonic() - before >= 2 * LEASE_S
            hold.release(tmp_path)
        else:
            with pytest.raises(lock.RunIsBusyError, match=r"12 on elsewhere \(berta\) works on"):
                hold.acquire(tmp_path, store, terms, lambda _: None, lambda *_: None)
            assert lock.holder_of(tmp_path) is None, "nothing is held after a refusal"
            assert hold.holder_of(tmp_path) is not None
    finally:
        other.release()
    assert not (tmp_path / LEASE_PATH).exists()


def test_of_two_that_take_a_lease_in_the_same_moment_one_yields(tmp_path: Path) -> None:
    events: list[tuple[str, str]] = []
    both = threading.Barrier(2)

    def take(keeper: Keeper) -> None:
        both.wait()
        keeper.take()

    keepers = [
        Keeper(open_folder(tmp_path), replace(ELSEWHERE, pid=number), 30,
               lambda *event: events.append(event))
        for number in (1, 2)
    ]  # fmt: skip
    threads = [threading.Thread(target=take, args=[keeper]) for keeper in keepers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deadline = time.monotonic() + 10
    while not events and time.monotonic() < deadline:
        time.sleep(0.05)
    holder = read_lease(open_folder(tmp_path))
    assert holder is not None
    assert [keeper.lost_to for keeper in keepers if keeper.lost_to] == [holder.process]
    assert [name for name, _ in events] == ["lease_lost"]
    for keeper in keepers:
        keeper.release()


@pytest.mark.fault(AREA, "the lease cannot be renewed: errors of the store")
def test_errors_of_the_store_while_renewing_do_not_end_a_run(
    tmp_path: Path, came_of_it: Tell
) -> None:
    store = open_folder(tmp_path)
    events: list[str] = []
    hold.acquire(
        tmp_path,
        store,
        hold.Terms("anna", LEASE_S, True),
        print,
        lambda name, _: events.append(name),
    )
    try:
        (tmp_path / LEASE_PATH).unlink()
        (tmp_path / LEASE_PATH).mkdir()
        deadline = time.monotonic() + 10
        while not events and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(LEASE_S)
        hold.keep(tmp_path, lambda: None)
        assert events == ["lease_not_renewed"], "told once"
        (tmp_path / LEASE_PATH).rmdir()
        while read_lease(store) is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert read_lease(store) is not None
    finally:
        hold.release(tmp_path)
    came_of_it("said once in the log; renewed when the store answered again; the run went on")


@pytest.mark.fault(AREA, "the lease cannot be renewed: the store hangs")
def test_a_store_that_hangs_holds_up_neither_the_run_nor_its_end(
    tmp_path: Path, came_of_it: Tell
) -> None:
    store, lease = open_folder(tmp_path), tmp_path / LEASE_PATH
    hold.acquire(tmp_path, store, hold.Terms("anna", LEASE_S, True), print, lambda *_: None)
    lease.unlink()
    os.mkfifo(lease)  # whoever reads it waits for somebody who writes
    time.sleep(1.5 * LEASE_S)
    before = time.monotonic()
    hold.keep(tmp_path, lambda: None)
    kept = time.monotonic() - before
    hold.release(tmp_path)
    released = time.monotonic() - before
    with suppress(OSError):
        os.close(os.open(lease, os.O_WRONLY | os.O_NONBLOCK))
    assert kept < 0.5
    assert released < 8
    assert lock.holder_of(tmp_path) is None
    came_of_it("no partition waited; the end of the run waited 5 s for it")
