"""Do memory pressure and a foreign scheduler leave every byte of a run as it was?"""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from distributed import LocalCluster
from distributed.security import Security

from tests.run_projects import request_of, run_here


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    return run_here(request_of(folder), folder, partition_rows=6_000)[1]


def digests(run: Path) -> dict[str, str]:
    markers = sorted((run / "checkpoints").glob("*/part-*.json"))
    return {str(path.relative_to(run)): json.loads(path.read_text())["digest"] for path in markers}


def test_smaller_slices_under_memory_pressure_change_no_byte(
    reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "pipeline.stages.memory.psutil.virtual_memory",
        lambda: SimpleNamespace(percent=97.0, total=2**40),
    )
    _, run = run_here(request_of(tmp_path), tmp_path, partition_rows=6_000)
    assert digests(run) == digests(reference)
    assert len(digests(run)) >= 3


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """A scheduler that speaks TLS only: its address, and the settings that reach it."""
    folder = tmp_path_factory.mktemp("tls")
    security = Security.temporary()
    files = {}
    for name, text in (
        ("scheduler_ca_file", security.tls_ca_file),
        ("scheduler_cert_file", security.tls_client_cert),
        ("scheduler_key_file", security.tls_client_key),
    ):
        files[name] = str(folder / name)
        (folder / name).write_text(text)
    with LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, protocol="tls", security=security,
        dashboard_address=None, memory_limit=0,
    ) as cluster:  # fmt: skip
        yield cluster.scheduler_address, files


def test_a_scheduler_over_tls_gives_the_same_file(
    reference: Path, tls: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    address, files = tls
    assert address.startswith("tls://")
    _, run = run_here(request_of(tmp_path), tmp_path, compute=address, **files)
    assert (run / "ranked.parquet").read_bytes() == (reference / "ranked.parquet").read_bytes()
