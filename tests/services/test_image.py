"""Does the container image do the work, as ops run it: not root, the root file system read-only?"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.storage.fingerprint import engine_fingerprint

pytestmark = [pytest.mark.full, pytest.mark.timeout(2_400)]

ROOT = Path(__file__).parents[2]
# Debian's client has BuildKit built in; another may stand before it on the path without.
CLIENT = next((path for path in ("/usr/bin/docker",) if Path(path).exists()), "docker")
LOCKED_DOWN = ["--read-only", "--tmpfs", "/tmp:size=2g,mode=1777", "--cap-drop", "ALL",
               "--security-opt", "no-new-privileges", "--network", "none"]  # fmt: skip

Docker = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """The machine's container engine, or one started for this module where root may."""
    environment = dict(os.environ)

    def call(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [CLIENT, *arguments], capture_output=True, text=True, env=environment, check=False,
            **options,
        )  # fmt: skip

    call.environment = environment
    if shutil.which(CLIENT) and call("info").returncode == 0:
        yield call
        return
    daemon = shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin")
    if daemon is None or os.getuid() != 0:
        reason = "no container engine: start one, or install Debian's docker.io and be root"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    folder = tmp_path_factory.mktemp("engine")
    socket = f"unix://{folder}/socket"
    environment["DOCKER_HOST"] = socket
    command = [daemon, "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "-H",
               socket, "-p", f"{folder}/pid"]  # fmt: skip
    with (folder / "log").open("w") as log, subprocess.Popen(command, stderr=log) as engine:
        deadline = time.monotonic() + 60
        while call("info").returncode:
            assert engine.poll() is None and time.monotonic() < deadline, (
                folder / "log"
            ).read_text()
            time.sleep(0.3)
        yield call
        engine.terminate()
    shutil.rmtree(folder / "data", ignore_errors=True)


@pytest.fixture(scope="module")
def image(docker: Docker) -> str:
    built = subprocess.run(
        [ROOT / "scripts/image", "atlas-forge:under-test"], capture_output=True, text=True,
        env={**docker.environment, "DOCKER": CLIENT, "BUILD_OPTIONS": "--network host"},
        check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr[-4_000:]
    return built.stdout.strip()


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


def test_it_gives_the_same_bits_as_this_machine(docker: Docker, image: str, runs: Path) -> None:
    """The image's kernels are compiled for another processor type than those of this machine."""
    inside = docker(
        "run", "--rm", *LOCKED_DOWN, "-v", f"{runs}:/runs", image,
        "run", "builtin:small", "--direct", "--json",
    )  # fmt: skip
    assert inside.returncode == 0, inside.stderr
    summary = json.loads(inside.stdout)
    assert summary["fingerprint"] == engine_fingerprint()
    here = runs.parent / "here"
    command = [sys.executable, "-m", "pipeline.cli.main", "run", "builtin:small", "--direct",
               "--json", "--out", str(here)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    name = summary["run_id"]
    assert (runs / name / "ranked.parquet").read_bytes() == (
        here / name / "ranked.parquet"
    ).read_bytes()


def test_with_prefect_it_needs_no_more(docker: Docker, image: str, runs: Path) -> None:
    inside = docker(
        "run", "--rm", *LOCKED_DOWN, "-v", f"{runs}:/runs", image,
        "run", "builtin:small", "--max-permutations", "5000", "--json",
    )  # fmt: skip
    assert inside.returncode == 0, inside.stderr
    assert json.loads(inside.stdout)["total_scenarios"] == 5_000


def test_nothing_is_compiled_when_it_starts(docker: Docker, image: str) -> None:
    script = (
        "before=$(find /opt/atlas-forge/numba -name '*.nbc' | wc -l); "
        "python -c 'import sys; from pathlib import Path; from pipeline.runner import run_direct; "
        "from pipeline.inputs import load_request; from pipeline.settings import load_settings; "
        'run_direct(load_request("builtin:small"), load_settings(max_permutations=2000, '
        'out="/tmp/runs"), lambda _: None)\'; '
        "after=$(find /tmp/atlas-forge/numba -name '*.nbc' | wc -l); echo $before $after"
    )
    told = docker("run", "--rm", *LOCKED_DOWN, "--entrypoint", "sh", image, "-c", script)
    before, after = told.stdout.split()
    assert int(before) > 20
    assert before == after, told.stderr


def test_it_is_not_root_and_its_files_are_not_its_own(docker: Docker, image: str) -> None:
    script = (
        "id -u; find /opt/atlas-forge -not -user 0 | head; "
        "find /opt/atlas-forge -perm -o+w -not -type l | head"
    )
    told = docker("run", "--rm", *LOCKED_DOWN, "--entrypoint", "sh", image, "-c", script)
    assert told.stdout.split() == ["10001"]


def test_it_holds_what_ops_need_and_nothing_for_tests(docker: Docker, image: str) -> None:
    script = (
        "dask scheduler --version >/dev/null && dask worker --version >/dev/null && "
        "prefect version >/dev/null 2>&1 && "
        "python -c 'import dask_kubernetes, prefect_kubernetes' && "
        "for each in pytest moto fiftyone hypothesis pip setuptools; do "
        'python -c "import $each" 2>/dev/null && echo "$each is there"; done; echo done'
    )
    told = docker("run", "--rm", *LOCKED_DOWN, "--entrypoint", "sh", image, "-c", script)
    assert told.stdout == "done\n", told.stderr


def test_its_labels_tell_where_it_comes_from(docker: Docker, image: str) -> None:
    told = docker("image", "inspect", "--format", "{{json .Config}}", image)
    config = json.loads(told.stdout)
    labels = config["Labels"]
    git = shutil.which("git")
    assert git
    head = subprocess.run(
        [git, "rev-parse", "HEAD"], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout.strip()
    assert labels["org.opencontainers.image.revision"].removesuffix("-dirty") == head
    assert labels["org.opencontainers.image.version"] == "0.1.0"
    assert config["User"] == "10001:10001"
    secret = [word for word in config["Env"] if "index" in word.lower() or "cert" in word.lower()]
    assert secret == []
