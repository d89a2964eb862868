"""Do checkpoints work on an S3 store? A real S3 server process (moto) is spoken to over HTTP."""

import json
import pickle
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.cli.main import run_command
from pipeline.compute.certificates import make_certificates
from pipeline.settings import BadSettingError, load_settings
from pipeline.storage.object_store import ObjectStore, StoreError
from pipeline.storage.state import run_state
from pipeline.storage.store import open_store
from pipeline.storage.store_address import StoreAddress
from tests.run_projects import log_of, request_of, run_here, write_project
from tests.services.moto_server import BUCKET, KEY, SECRET, MotoServer

STORE = f"s3://{BUCKET}"


def address(server: MotoServer, prefix: str, **more: object) -> StoreAddress:
    return StoreAddress(f"{STORE}/{prefix}", server.url, **more)


def test_bytes_come_back_and_missing_ones_are_missing(s3_server: MotoServer) -> None:
    store = open_store(address(s3_server, "plain"))
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
    s3_server: MotoServer, tmp_path: Path
) -> None:
    request = request_of(tmp_path, limit=4_000)
    options = {"store": f"{STORE}/runs", "store_endpoint": s3_server.url, "compute": "threads",
               "workers": 2, "partition_rows": 1_000}  # fmt: skip
    _, run = run_here(request, tmp_path / "s3", **options)
    _, local = run_here(request, tmp_path / "local", partition_rows=1_000)
    ranked = (local / "ranked.parquet").read_bytes()
    assert (run / "ranked.parquet").read_bytes() == ranked
    assert not list((run / "evaluated").iterdir()), "parts belong into the store"

    store = open_store(address(s3_server, f"runs/{run.name}"))
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


def test_another_machine_goes_on_with_a_run_of_the_store(
    s3_server: MotoServer, tmp_path: Path
) -> None:
    """The run folder is lost, the store is not: nothing is computed again."""
    request = request_of(tmp_path, limit=3_000)
    options = {"store": f"{STORE}/shared", "store_endpoint": s3_server.url, "partition_rows": 1_000}
    _, first = run_here(request, tmp_path / "one", **options)
    shutil.rmtree(tmp_path / "one")
    _, second = run_here(request, tmp_path / "two", **options)
    done = [event for event in log_of(second) if event["event"] == "stage_done"]
    assert [event["reused"] for event in done] == [event["partitions"] for event in done]
    assert first.name == second.name


@pytest.mark.parametrize("count", [12, pytest.param(1_205, marks=pytest.mark.full)])
def test_all_objects_are_listed_and_cleared_and_no_sibling_is_touched(
    s3_server: MotoServer, count: int
) -> None:
    """A page of a listing holds 1,000; `run-1` is the beginning of `run-10`."""
    files = s3_server.files()
    names = [f"part-{number:05d}.json" for number in range(count)]
    files.pipe({f"{BUCKET}/many/run-1/checkpoints/pruning/{name}": b"1" for name in names})
    store = open_store(address(s3_server, "many/run-1"))
    siblings = ["many/run-10/plan.json", "many/run-1.json", "many/run-2/plan.json", "many/run-1"]
    for sibling in siblings:
        files.pipe_file(f"{BUCKET}/{sibling}", b"another's")
    assert store.names("checkpoints/pruning") == names
    assert store.names("checkpoints") == []
    assert store.names("checkpoints/prun") == []
    store.clear()
    store.clear()
    assert sorted(files.find(f"{BUCKET}/many")) == sorted(f"{BUCKET}/{each}" for each in siblings)


def test_a_store_taken_to_another_process_carries_no_credentials(
    s3_server: MotoServer, tmp_path: Path
) -> None:
    secret = secret_file(tmp_path)
    store = open_store(address(s3_server, "pickled", secret_file=str(secret)))
    store.put("one", b"1")
    data = pickle.dumps(store)
    assert SECRET.encode() not in data
    assert KEY.encode() not in data
    assert pickle.loads(data).get("one") == b"1"  # noqa: S301 - our own bytes


def secret_file(folder: Path, secret: str = SECRET, mode: int = 0o600) -> Path:
    path = folder / "credentials"
    path.write_text(f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {secret}\n")
    path.chmod(mode)
    return path


def test_credentials_come_from_a_file_where_the_environment_has_none(
    s3_server: MotoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    without = open_store(address(s3_server, "secret", region="eu-west-1"))
    with pytest.raises(StoreError, match="no usable credentials were found"):
        without.put("one", b"1")
    file = str(secret_file(tmp_path))
    settings = load_settings(
        {"ATLAS_FORGE_STORE_SECRET_FILE": file, "ATLAS_FORGE_STORE_ENDPOINT": s3_server.url},
        store=f"{STORE}/secret",
    )
    with_file = open_store(settings.store_address)
    with_file.put("one", b"1")
    assert with_file.get("one") == b"1"


@pytest.mark.parametrize(
    ("text", "mode", "told"),
    [
        ("[default]\naws_access_key_id = hunter2\n", 0o600, "is not a section"),
        ("aws_secret_access_key = hunter2", 0o600, "is not a section"),
        ("[default]\nhunter2\n", 0o600, "is not a section"),
        ("[default]\naws_access_key_id=hunter2\naws_secret_access_key=\n", 0o600, "is not a sec"),
        (
            "[default]\naws_access_key_id=a\naws_secret_access_key=hunter2\n",
            0o644,
            "can be read or changed by others",
        ),
    ],
)
def test_a_secret_file_that_cannot_be_used_is_told_without_its_content(
    tmp_path: Path, text: str, mode: int, told: str
) -> None:
    path = tmp_path / "credentials"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(BadSettingError, match=told) as caught:
        load_settings({}, pack="no", store="s3://bucket/runs", store_secret_file=str(path))
    assert "hunter2" not in str(caught.value)
    with pytest.raises(BadSettingError, match=r"store_secret_file: .*cannot be read"):
        load_settings({}, pack="no", store_secret_file=str(tmp_path / "absent"))


def test_only_a_server_whose_certificate_is_trusted_is_spoken_to(
    s3_server: MotoServer, tmp_path: Path
) -> None:
    files = make_certificates(timedelta(hours=1)).write(tmp_path / "tls")
    others = make_certificates(timedelta(hours=1)).write(tmp_path / "others")
    server = MotoServer(tmp_path / "log", files)
    try:
        trusted = open_store(address(server, "tls", ca_file=str(files[0])))
        trusted.put("one", b"1")
        assert trusted.get("one") == b"1"
        for wrong in ("", str(others[0])):
            with pytest.raises(StoreError, match="TLS certificate is not trusted") as caught:
                open_store(address(server, "tls", ca_file=wrong)).get("one")
            assert "in a row" not in str(caught.value), "nothing is gained by trying again"
        empty = tmp_path / "empty.pem"
        empty.write_text("no certificate")
        with pytest.raises(BadSettingError, match=r"store_ca_file: .* holds no certificate"):
            load_settings({}, pack="no", store=f"{STORE}/tls", store_ca_file=str(empty))
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("store", "s3://hunter2:hunter2@bucket/runs"),
        ("store", "s3://hunter2@bucket/runs"),
        ("store", "s3://bucket/runs?secret=hunter2"),
        ("store", "s3://bucket/a/../hunter2"),
        ("store", "s3://bucket//hunter2"),
        ("store", "s3://bucket/hunter2*"),
        ("store", "s3://bucket/hunter2 x"),
        ("store", "s3://b/hunter2"),
        ("store", "s3:///hunter2"),
        ("store", "https://bucket/hunter2"),
        ("store", "memory://hunter2"),
        ("store", "file://hunter2/x"),
        ("store_endpoint", "https://hunter2:hunter2@host"),
        ("store_endpoint", "https://host/?hunter2"),
        ("store_endpoint", "https://host/hunter2"),
        ("store_endpoint", "hunter2:9000"),
        ("store_endpoint", "https://host:hunter2"),
        ("store_endpoint", "http://[hunter2"),
    ],
)
def test_an_address_that_is_none_is_bad_input_and_is_not_repeated(
    name: str, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv(f"ATLAS_FORGE_{name.upper()}", url)
    project = str(write_project(tmp_path, 10))
    assert run_command(["run", project, "--direct", "--out", str(tmp_path / "runs")]) == 2
    said = capsys.readouterr().err
    assert f"ATLAS_FORGE_{name.upper()}: the address " in said
    assert "hunter2" not in said
    assert not (tmp_path / "runs").exists()


def test_addresses_that_are_some_are_taken_as_they_are(tmp_path: Path) -> None:
    for store in ("s3://bucket", "s3://my.bucket-1/runs/of_2026/Zürich", f"file://{tmp_path}"):
        assert load_settings({}, pack="no", store=store).store == store
    for endpoint in ("https://s3.example", "http://127.0.0.1:9000", "https://[::1]:9000"):
        assert load_settings({}, pack="no", store_endpoint=endpoint).store_endpoint == endpoint
    settings = load_settings(
        {"ATLAS_FORGE_STORE_ADDRESSING": "path", "ATLAS_FORGE_STORE_REGION": "eu-west-1"},
        store="s3://bucket/runs", store_timeout_s=5, store_attempts=2,
    )  # fmt: skip
    assert settings.checkpoints_of(tmp_path / "run-1") == StoreAddress(
        "s3://bucket/runs/run-1", region="eu-west-1", addressing="path", timeout_s=5, attempts=2
    )
    with pytest.raises(BadSettingError, match="store_addressing"):
        load_settings({}, pack="no", store_addressing="sideways")
