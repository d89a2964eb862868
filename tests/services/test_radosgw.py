"""Do checkpoints work on Ceph: are credentials, rights and bytes held to, is all there afterwards?

moto takes any credentials and forgets everything; this server does not.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import s3fs

from pipeline.inputs import load_request
from pipeline.storage.object_store import StoreError
from pipeline.storage.store import open_store
from pipeline.storage.store_address import StoreAddress
from tests.faults.s3_proxy import S3Proxy
from tests.run_projects import log_of, run_here, write_project
from tests.services.radosgw import Radosgw

pytestmark = pytest.mark.full

Told = Callable[[str], None]
OWNER = ("OWNERKEY", "secret-of-the-owner")
INFRA = ("INFRAKEY", "secret-of-infra")
BUCKET = "atlas"
LIMIT, ROWS = 3_000, "500"
DOCS = Path(__file__).parents[2] / "docs" / "storage.md"


@pytest.fixture(scope="module")
def radosgw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radosgw]:
    server = Radosgw(tmp_path_factory.mktemp("radosgw"))
    server.user("forge", *OWNER)
    server.user("infra", *INFRA)
    files_of(server, OWNER).mkdir(BUCKET)
    yield server
    server.kill()


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("reference")
    _, run = run_here(load_request(write_project(folder, LIMIT)), folder)
    return (run / "ranked.parquet").read_bytes()


def files_of(server: Radosgw, user: tuple[str, str]) -> s3fs.S3FileSystem:
    return s3fs.S3FileSystem(
        endpoint_url=server.url, key=user[0], secret=user[1], use_listings_cache=False
    )


def secret_file(folder: Path, user: tuple[str, str]) -> str:
    path = folder / f"{user[0]}.ini"
    path.touch(0o600)
    path.write_text(f"[default]\naws_access_key_id={user[0]}\naws_secret_access_key={user[1]}\n")
    return str(path)


def address(server: Radosgw, folder: Path, user: tuple[str, str], prefix: str) -> StoreAddress:
    return StoreAddress(
        f"s3://{BUCKET}/{prefix}", server.url, secret_file=secret_file(folder, user), attempts=4
    )


def atlas_forge(
    url: str, secret: str, store: str, out: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """The command line in a process that has credentials from the secret file alone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    told = {
        "ATLAS_FORGE_STORE_ENDPOINT": url,
        "ATLAS_FORGE_STORE_SECRET_FILE": secret,
        "ATLAS_FORGE_STORE_ATTEMPTS": "4",
    }
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli.main", *arguments, "--out", str(out),
         "--store", store, "--json"],
        env={**kept, **told}, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


def running(project: Path) -> tuple[str, ...]:
    return ("run", str(project), "--direct", "--partition-rows", ROWS, "--workers", "2")


def ranked(out: Path) -> bytes:
    return (next(out.glob("trial-*")) / "ranked.parquet").read_bytes()


@pytest.mark.parametrize(
    ("user", "told"),
    [
        ((OWNER[0], "another-secret"), "it refuses the credentials (403 SignatureDoesNotMatch)"),
        (("NOBODY", "any"), "it refuses the credentials (403 InvalidAccessKeyId)"),
    ],
    ids=["wrong secret", "unknown key"],
)
@pytest.mark.fault("S3 store", "Ceph: credentials refused, {told}")
def test_wrong_credentials_are_refused_and_right_ones_go_on(
    radosgw: Radosgw,
    reference: bytes,
    tmp_path: Path,
    user: tuple[str, str],
    told: str,
    came_of_it: Told,
) -> None:
    project, store = write_project(tmp_path, LIMIT), f"s3://{BUCKET}/{tmp_path.name}"
    wrong = secret_file(tmp_path, user)
    refused = atlas_forge(radosgw.url, wrong, store, tmp_path / "runs", *running(project))
    assert refused.returncode == 1
    assert told in refused.stderr
    assert "Traceback" not in refused.stderr
    assert user[1] not in refused.stderr + refused.stdout
    right = secret_file(tmp_path, OWNER)
    done = atlas_forge(radosgw.url, right, store, tmp_path / "runs", *running(project))
    assert done.returncode == 0, done.stderr
    assert ranked(tmp_path / "runs") == reference
    came_of_it("exit 1, no traceback, no secret told; with the right ones as undisturbed")


@pytest.mark.fault("S3 store", "Ceph: all its daemons killed, the run's folder lost")
def test_checkpoints_outlive_the_server(
    radosgw: Radosgw, reference: bytes, tmp_path: Path, came_of_it: Told
) -> None:
    project, store = write_project(tmp_path, LIMIT), f"s3://{BUCKET}/outlive"
    secret, out = secret_file(tmp_path, OWNER), tmp_path / "runs"
    assert atlas_forge(radosgw.url, secret, store, out, *running(project)).returncode == 0
    shutil.rmtree(out)
    radosgw.kill()
    gone = atlas_forge(radosgw.url, secret, store, out, *running(project))
    assert gone.returncode == 1
    assert "it cannot be reached, 4 times in a row" in gone.stderr
    radosgw.start()
    again = atlas_forge(radosgw.url, secret, store, out, *running(project))
    assert again.returncode == 0, again.stderr
    assert ranked(out) == reference
    done = [each for each in log_of(next(out.glob("trial-*"))) if each["event"] == "stage_done"]
    assert [each["reused"] for each in done] == [each["partitions"] for each in done]
    came_of_it(
        f"after the restart all {sum(each['reused'] for each in done)} partitions are there "
        "and sound; ranked.parquet as undisturbed"
    )


@pytest.mark.fault("S3 store", "Ceph: a bit of every fourth upload changed on its way")
def test_bytes_changed_on_their_way_up_are_refused_and_sent_again(
    radosgw: Radosgw, reference: bytes, tmp_path: Path, came_of_it: Told
) -> None:
    proxy = S3Proxy(radosgw.port)
    try:
        found = proxy.disturb("flip upload", verbs=("PUT",), every=4)
        project, store = write_project(tmp_path, LIMIT), f"s3://{BUCKET}/flipped"
        secret, out = secret_file(tmp_path, OWNER), tmp_path / "runs"
        done = atlas_forge(proxy.url, secret, store, out, *running(project))
    finally:
        proxy.stop()
    assert done.returncode == 0, done.stderr
    assert found.struck
    assert ranked(out) == reference
    log = log_of(next(out.glob("trial-*")))
    assert not [each for each in log if "redone" in each["event"]], "none was stored wrong"
    came_of_it(f"the server refused {len(found.struck)} of them, the same run sent them again")


def test_more_objects_than_a_listing_holds_are_listed_and_cleared(
    radosgw: Radosgw, tmp_path: Path
) -> None:
    files = files_of(radosgw, OWNER)
    names = [f"part-{number:05d}.json" for number in range(1_205)]
    files.pipe({f"{BUCKET}/many/run-1/evaluated/{name}": b"1" for name in names})
    files.pipe_file(f"{BUCKET}/many/run-10/plan.json", b"another's")
    store = open_store(address(radosgw, tmp_path, OWNER, "many/run-1"))
    assert store.names("evaluated") == names
    store.clear()
    assert files.find(f"{BUCKET}/many") == [f"{BUCKET}/many/run-10/plan.json"]


def documented_policy() -> dict[str, Any]:
    """The policy of a desk in docs/storage.md."""
    (found,) = re.findall(r"```json\n(\{.*?\})\n```", DOCS.read_text(), re.DOTALL)
    policy: dict[str, Any] = json.loads(found)
    return policy


def test_the_documented_policy_of_a_desk_gives_what_a_run_needs_and_no_more(
    radosgw: Radosgw, reference: bytes, tmp_path: Path
) -> None:
    owner = files_of(radosgw, OWNER)
    owner.pipe_file(f"{BUCKET}/forge/rates/secret", b"of another desk")
    owner.call_s3("put_bucket_policy", Bucket=BUCKET, Policy=json.dumps(documented_policy()))
    secret, out = secret_file(tmp_path, INFRA), tmp_path / "runs"
    store = f"s3://{BUCKET}/forge"
    project = write_project(tmp_path, LIMIT)
    done = atlas_forge(radosgw.url, secret, store, out, *running(project), "--desk", "infra")
    assert done.returncode == 0, done.stderr
    assert ranked(out) == reference
    run_id = next(out.glob("trial-*")).name
    assert f"{BUCKET}/forge/infra/{run_id}/plan.json" in owner.find(f"{BUCKET}/forge/infra")

    theirs = open_store(address(radosgw, tmp_path, INFRA, "forge/rates"))
    for act in (
        lambda: theirs.get("secret"),
        lambda: theirs.put("secret", b"1"),
        lambda: theirs.delete("secret"),
        theirs.clear,
        lambda: theirs.names("x"),
    ):
        with pytest.raises(StoreError, match=r"access is denied \(403 AccessDenied\)"):
            act()
    elsewhere = atlas_forge(
        radosgw.url, secret, store, tmp_path / "other", *running(project), "--desk", "rates"
    )
    assert elsewhere.returncode == 1
    assert "access is denied (403 AccessDenied)" in elsewhere.stderr
    removed = atlas_forge(radosgw.url, secret, store, out, "rm", run_id, "--yes")
    assert removed.returncode == 0, removed.stderr
    assert not owner.find(f"{BUCKET}/forge/infra/{run_id}")
    assert owner.cat_file(f"{BUCKET}/forge/rates/secret") == b"of another desk"
