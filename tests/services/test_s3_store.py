"""Do checkpoints work on an S3 store? A real S3 server process (moto) is spoken to over HTTP."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import s3fs

from pipeline.storage.state import run_state
from pipeline.storage.store import ObjectStore, open_store
from tests.run_projects import log_of, request_of, run_here

BUCKET = "s3://atlas"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (
        pytest.MonkeyPatch.context() as patch,
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server,
    ):
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        url = f"http://127.0.0.1:{port}"
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    assert server.poll() is None, "the S3 server did not start"
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
            files = s3fs.S3FileSystem(client_kwargs={"endpoint_url": url})
            files.mkdir("atlas")
            yield url
        finally:
            server.terminate()


def test_bytes_come_back_and_missing_ones_are_missing(endpoint: str) -> None:
    store = open_store(f"{BUCKET}/plain", endpoint)
    assert isinstance(store, ObjectStore)
    store.put("folder/one", b"first")
    store.put("folder/one", b"second")
    store.put("folder/two", b"")
    assert store.get("folder/one") == b"second"
    assert store.get("folder/two") == b""
    assert store.names("folder") == ["one", "two"]
    assert store.names("nothing") == []
    store.delete("folder/one")
    store.delete("folder/one")
    with pytest.raises(FileNotFoundError):
        store.get("folder/one")


def test_a_run_keeps_its_checkpoints_on_s3_and_redoes_damaged_ones(
    endpoint: str, tmp_path: Path
) -> None:
    request = request_of(tmp_path, limit=4_000)
    options = {"store": f"{BUCKET}/runs", "store_endpoint": endpoint, "compute": "threads",
               "workers": 2, "partition_rows": 1_000}  # fmt: skip
    _, run = run_here(request, tmp_path / "s3", **options)
    _, local = run_here(request, tmp_path / "local", partition_rows=1_000)
    ranked = (local / "ranked.parquet").read_bytes()
    assert (run / "ranked.parquet").read_bytes() == ranked
    assert not list((run / "evaluated").iterdir()), "parts belong into the store"

    store = open_store(f"{BUCKET}/runs/{run.name}", endpoint)
    assert store.names("evaluated") == [f"part-{number:05d}.parquet" for number in range(4)]
    assert json.loads(store.get("manifest.json"))["run_id"] == run.name
    assert run_state(run, store).state == "finished"

    part = store.get("evaluated/part-00002.parquet")
    store.put("evaluated/part-00002.parquet", part[:-1])
    (run / "ranked.parquet").unlink()
    run_here(request, tmp_path / "s3", **options)
    assert (run / "ranked.parquet").read_bytes() == ranked
    assert store.get("evaluated/part-00002.parquet") == part
    redone = [event for event in log_of(run) if event["event"] == "partition_redone"]
    assert [event["partition"] for event in redone] == [2]


def test_another_machine_goes_on_with_a_run_of_the_store(endpoint: str, tmp_path: Path) -> None:
    """The run folder is lost, the store is not: nothing is computed again."""
    request = request_of(tmp_path, limit=3_000)
    options = {"store": f"{BUCKET}/shared", "store_endpoint": endpoint, "partition_rows": 1_000}
    _, first = run_here(request, tmp_path / "one", **options)
    shutil.rmtree(tmp_path / "one")
    _, second = run_here(request, tmp_path / "two", **options)
    done = [event for event in log_of(second) if event["event"] == "stage_done"]
    assert [event["reused"] for event in done] == [event["partitions"] for event in done]
    assert first.name == second.name
