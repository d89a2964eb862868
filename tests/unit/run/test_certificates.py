"""Who may talk to a Dask cluster over TLS: holders of its certificates, while they are valid."""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from queue import Queue

import pytest
from distributed import Client, LocalCluster, Scheduler

from pipeline.cli.main import run_command
from pipeline.compute.certificates import Certificates, given_certificates, make_certificates
from pipeline.compute.dask_executor import SchedulerLostError, connected
from pipeline.compute.executor import open_executor
from pipeline.runner import run_direct
from pipeline.settings import BadSettingError, Settings, load_settings
from tests.run_projects import quiet, request_of

HOUR = timedelta(hours=1)
# Not valid before five minutes ago, for clocks that differ; over since one.
EXPIRED = timedelta(minutes=-1)


@pytest.fixture(scope="module")
def ours() -> Certificates:
    return make_certificates(HOUR)


@pytest.fixture(scope="module")
def address(ours: Certificates) -> Iterator[str]:
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tls",
        security=ours.security(), dashboard_address=None, memory_limit=0,
    ) as cluster:  # fmt: skip
        yield cluster.scheduler_address


def settings_of(folder: Path, certificates: Certificates, **others: str) -> Settings:
    files = zip(
        ("scheduler_ca_file", "scheduler_cert_file", "scheduler_key_file"),
        map(str, certificates.write(folder)),
        strict=True,
    )
    return load_settings({}, pack="no", **{"compute": "tls://127.0.0.1:1", **dict(files), **others})


def test_who_holds_the_certificates_gets_in(address: str, ours: Certificates) -> None:
    with connected(address, ours.security(), 10) as client:
        assert client.submit(abs, -1).result() == 1


def test_a_client_without_a_certificate_is_refused(address: str, ours: Certificates) -> None:
    host, port = address.removeprefix("tls://").split(":")
    context = ssl.create_default_context(cadata=ours.authority)
    context.check_hostname = False
    with (
        socket.create_connection((host, int(port)), timeout=5) as plain,
        context.wrap_socket(plain) as encrypted,
    ):
        assert encrypted.version() == "TLSv1.3"
        # That side has a certificate we trust; ours is asked for with the first bytes.
        with pytest.raises(OSError, match=r"certificate required|reset"):
            encrypted.recv(1)


def test_a_certificate_of_another_authority_is_refused(address: str) -> None:
    other = make_certificates(HOUR).security()
    with (
        pytest.raises(SchedulerLostError, match="certificate verify failed"),
        connected(address, other, 2),
    ):
        pass


def test_plain_connections_are_refused(address: str) -> None:
    host, port = address.removeprefix("tls://").split(":")
    with pytest.raises(OSError, match=r"."), Client(f"tcp://{host}:{port}", timeout=2):
        pass


@pytest.fixture
def expired_scheduler() -> Iterator[tuple[str, Certificates]]:
    old = make_certificates(EXPIRED)
    addresses: Queue[str] = Queue()
    over = threading.Event()

    async def serve() -> None:
        security = old.security()
        async with Scheduler(
            protocol="tls", host="127.0.0.1", port=0, security=security, dashboard=False,
            dashboard_address="127.0.0.1:0",
        ) as scheduler:  # fmt: skip
            addresses.put(scheduler.address)
            while not over.is_set():
                await asyncio.sleep(0.05)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    yield addresses.get(timeout=20), old
    over.set()
    thread.join(20)


def test_an_expired_scheduler_is_refused(expired_scheduler: tuple[str, Certificates]) -> None:
    address, old = expired_scheduler
    with (
        pytest.raises(SchedulerLostError, match="certificate has expired"),
        connected(address, old.security(), 2),
    ):
        pass


def test_expired_files_are_told_before_anything_is_reached(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "tls", make_certificates(EXPIRED))
    with pytest.raises(BadSettingError) as caught, open_executor(settings):
        pass
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "scheduler_ca_file", "scheduler_cert_file",
    ]  # fmt: skip
    assert all("expired on 20" in line for line in lines)


def test_a_run_with_expired_files_writes_nothing(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "tls", make_certificates(EXPIRED), out=str(tmp_path / "runs"))
    with pytest.raises(BadSettingError, match="expired on"):
        run_direct(request_of(tmp_path), settings, quiet)
    assert not (tmp_path / "runs").exists()


def test_files_that_do_not_fit_each_other_are_told(tmp_path: Path, ours: Certificates) -> None:
    other = make_certificates(HOUR)
    mixed = Certificates(ours.authority, ours.certificate, other.key)
    with pytest.raises(BadSettingError, match="is not the key of scheduler_cert_file"):
        given_certificates(settings_of(tmp_path / "mixed", mixed))
    broken = Certificates("nothing", ours.certificate, "nothing")
    with pytest.raises(BadSettingError) as caught:
        given_certificates(settings_of(tmp_path / "broken", broken))
    assert len(str(caught.value).splitlines()) == 2
    assert "nothing" not in str(caught.value)


def test_a_key_is_shown_nowhere(ours: Certificates) -> None:
    assert "PRIVATE" not in repr(ours)


def test_processes_of_this_machine_talk_tls() -> None:
    with open_executor(load_settings({}, pack="no", compute="processes", workers=1)) as executor:
        assert executor._client.scheduler.address.startswith("tls://127.0.0.1:")


def test_the_command_writes_files_for_their_owner_and_never_over_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "tls"
    assert run_command(["certificates", str(folder), "--host", "dask.example.org", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["days"], sorted(told["files"])) == (90, ["ca", "certificate", "key"])
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    before = (folder / "tls.key").read_bytes()
    assert run_command(["certificates", str(folder)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (folder / "tls.key").read_bytes() == before
    assert run_command(["certificates", str(tmp_path / "other"), "--host", "a b"]) == 2
    assert not (tmp_path / "other").exists()
