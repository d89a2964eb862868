"""Does a run on an S3 store come to the same ranked file whatever the store does meanwhile?

A proxy stands between the run and a real S3 server and disturbs their talk at several moments. What
passes is survived within the run; what lasts ends it with exit code 1 and one sentence, what is
finished stays, and `resume` ends in the same bytes.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.main import run_command
from pipeline.inputs import load_request
from tests.faults.s3_proxy import S3Proxy
from tests.run_projects import log_of, run_here, write_project, write_rough_project
from tests.services.moto_server import BUCKET, MotoServer, free_port

Told = Callable[[str], None]
STORE = f"s3://{BUCKET}/faults"
# Six partitions of pruning, and at least as many requests of each kind.
LIMIT, ROWS = 1_200, "200"
ROUGH_ROWS = "400"

# Which requests: verb and part of the path.
PLAN, MARKERS, PARTS = "plan.json", "checkpoints/pruning/", "evaluated/"
ANALYSED, SEALED = "checkpoints/analysis/part-", "manifest.json"


@pytest.fixture(scope="module")
def proxy(s3_server: MotoServer) -> Iterator[S3Proxy]:
    found = S3Proxy(s3_server.port)
    yield found
    found.stop()


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("reference")
    _, run = run_here(load_request(write_project(folder, LIMIT)), folder)
    return (run / "ranked.parquet").read_bytes()


@pytest.fixture(scope="module")
def rough_reference(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("rough")
    _, run = run_here(load_request(write_rough_project(folder)), folder)
    return (run / "ranked.parquet").read_bytes()


class Line:
    """The command line over the proxied store, in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.project = write_project(folder, LIMIT)
        self.place = ("--out", str(folder / "runs"), "--store", f"{STORE}/{folder.name}",
                      "--workers", "2", "--json")  # fmt: skip
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str]:
        """Exit code and standard error of `run FILE`, or of the command that is given."""
        asked = arguments or ("run", str(self.project), "--direct", "--partition-rows", ROWS)
        self._capsys.readouterr()
        code = run_command([*asked, *self.place])
        return code, self._capsys.readouterr().err

    @property
    def run(self) -> Path:
        return next((self.folder / "runs").glob("trial-*"))

    @property
    def ranked(self) -> Path:
        return self.run / "ranked.parquet"

    def reused(self) -> dict[str, tuple[int, int]]:
        """By stage, of the last attempt: partitions that were finished before, and all."""
        done = [each for each in log_of(self.run) if each["event"] == "stage_done"]
        return {each["stage"]: (each["reused"], each["partitions"]) for each in done}


@pytest.fixture
def line(
    tmp_path: Path,
    proxy: S3Proxy,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Line]:
    monkeypatch.setenv("ATLAS_FORGE_STORE_ENDPOINT", proxy.url)
    monkeypatch.setenv("ATLAS_FORGE_STORE_ATTEMPTS", "5")
    monkeypatch.setenv("ATLAS_FORGE_STORE_TIMEOUT_S", "2")
    # A store that is gone keeps the lease, and this process, that held it, goes on.
    monkeypatch.setenv("ATLAS_FORGE_LEASE_SECONDS", "3")
    yield Line(tmp_path, capsys)
    proxy.heal()


def once(kind: str, verb: str, path: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "verbs": (verb,), "path": path, "times": 1, **more}


# What passes: name -> disturbance. Each is over within the attempts of one operation.
PASSING: dict[str, dict[str, Any]] = {
    "503 SlowDown to every third request": {"kind": "503 SlowDown", "every": 3},
    "503 SlowDown to every sixth request": {"kind": "503 SlowDown", "every": 6},
    "500 to the first three PUTs": {"kind": "500 InternalError", "verbs": ("PUT",), "times": 3},
    "500 to the first three GETs": {"kind": "500 InternalError", "verbs": ("GET",), "times": 3},
    "503 to three requests in a row among the survivors' parts": {
        "kind": "503 ServiceUnavailable", "path": ANALYSED, "after": 2, "times": 3,
    },
    "the first part's upload cut in the middle": once("cut upload", "PUT", PARTS),
    "a marker's upload cut in the middle": once("cut upload", "PUT", MARKERS, after=2),
    "the plan's upload cut in the middle": once("cut upload", "PUT", PLAN),
    "every fourth upload cut": {"kind": "cut upload", "verbs": ("PUT",), "every": 4},
    "every fourth download cut": {"kind": "cut answer", "verbs": ("GET",), "every": 4},
    "a part's download cut in the middle": once("cut answer", "GET", PARTS),
    "the plan's download cut in the middle": once("cut answer", "GET", PLAN, after=1),
    "a survivors' part's download cut in the middle of the merge": once(
        "cut answer", "GET", ANALYSED, after=1
    ),
    "the answer to a part's PUT lost": once("lost answer", "PUT", PARTS),
    "the answer to every fifth PUT lost": {"kind": "lost answer", "verbs": ("PUT",), "every": 5},
    "a bit of a part changed on its way down": once("flip download", "GET", PARTS),
    "a bit of a marker changed on its way down": once("flip download", "GET", MARKERS, after=7),
    "a bit of the plan changed on its way down": once("flip download", "GET", PLAN, after=1),
    "a bit of a survivors' part changed on its way into the merge": once(
        "flip download", "GET", ANALYSED, after=1
    ),
    "every answer 0.1 s late": {"kind": "slow", "seconds": 0.1},
    "a part's PUT answered after the time limit": once("slow", "PUT", PARTS, seconds=2.5),
    "a GET never answered": once("silent", "GET", PARTS, seconds=2.5),
}  # fmt: skip
QUICK = (
    "503 SlowDown to every sixth request",
    "every fourth upload cut",
    "every fourth download cut",
    "a bit of a part changed on its way down",
)


def quick_first(names: Any, quick: tuple[str, ...]) -> list[Any]:
    return [name if name in quick else pytest.param(name, marks=pytest.mark.full) for name in names]


@pytest.mark.parametrize("what", quick_first(PASSING, QUICK))
@pytest.mark.fault("S3 store", "{what}")
def test_what_passes_is_survived_within_the_run(
    line: Line, proxy: S3Proxy, reference: bytes, what: str, came_of_it: Told
) -> None:
    found = proxy.disturb(**PASSING[what])
    code, said = line()
    assert code == 0, said
    assert found.struck, "nothing was disturbed"
    assert line.ranked.read_bytes() == reference
    came_of_it(
        f"the same run went on: {len(found.struck)} of {proxy.requests} requests struck, "
        "ranked.parquet as undisturbed"
    )


# What lasts: name -> disturbance without its moment, and the words of the sentence.
LASTING: dict[str, tuple[dict[str, Any], str]] = {
    "500 to everything": ({"kind": "500 InternalError"}, "answers 500 InternalError, 5 times"),
    "503 to everything": ({"kind": "503 SlowDown"}, "answers 503 SlowDown, 5 times in a row"),
    "every connection cut": ({"kind": "cut upload"}, "the connection is cut, 5 times in a row"),
    "the bucket gone": ({"kind": "404 NoSuchBucket"}, "there is no bucket atlas (NoSuchBucket)"),
    "the credentials revoked": (
        {"kind": "403 InvalidAccessKeyId"},
        "refuses the credentials (403 InvalidAccessKeyId)",
    ),
    "the right to write withdrawn": (
        {"kind": "403 AccessDenied", "verbs": ("PUT",)},
        "access is denied (403 AccessDenied)",
    ),
    "no answer to anything": (
        {"kind": "silent", "seconds": 1.5},
        "it does not answer in time, 2 times in a row",
    ),
}
MOMENTS: dict[str, dict[str, Any]] = {
    "from the first request": {"after": 0},
    "while the first gate is passed": {"path": "-", "after": 12},
    "while survivors are analysed": {"path": "checkpoints/analysis/", "after": 1},
    "at the end": {"path": SEALED, "verbs": ("PUT",), "after": 1},
}
STRUCK = [
    pytest.param(
        what,
        when,
        marks=()
        if (what, when)
        in (
            ("503 to everything", "while survivors are analysed"),
            ("the bucket gone", "while the first gate is passed"),
            ("the credentials revoked", "from the first request"),
        )
        else pytest.mark.full,
    )
    for what in LASTING
    for when in MOMENTS
]


@pytest.mark.parametrize(("what", "when"), STRUCK)
@pytest.mark.fault("S3 store", "{what} {when}")
def test_what_lasts_ends_the_run_with_a_sentence_and_resume_goes_on(
    line: Line,
    proxy: S3Proxy,
    reference: bytes,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    when: str,
    came_of_it: Told,
) -> None:
    kind, words = LASTING[what]
    if "seconds" in kind:
        monkeypatch.setenv("ATLAS_FORGE_STORE_TIMEOUT_S", "1")
        monkeypatch.setenv("ATLAS_FORGE_STORE_ATTEMPTS", "2")
    found = proxy.disturb(**{**kind, **MOMENTS[when]})
    code, said = line()
    assert code == 1
    assert found.struck
    errors = [each for each in said.splitlines() if each.startswith("error: ")]
    assert f"store {STORE}/{line.folder.name}" in errors[0]
    assert words in errors[0]
    assert "Traceback" not in said
    others = [each for each in errors[1:] if not each.startswith("error: the run's log is ")]
    assert others == [], "one sentence"
    proxy.heal()
    planned = (line.run / "plan.json").is_file()
    code, said = line("resume", line.run.name) if planned else line()
    assert code == 0, said
    assert line.ranked.read_bytes() == reference
    counted = ", ".join(
        f"{reused} of {all_} {stage} partitions kept"
        for stage, (reused, all_) in line.reused().items()
    )
    came_of_it(f"exit 1, “{words}”; then `resume`: {counted}, ranked.parquet as undisturbed")


# What a server takes in damaged although the run sent it whole. (Those that compare the MD5
# refuse it: tests/services/test_radosgw.py.)
STORED_WRONG: dict[str, tuple[str, int, str]] = {
    "the plan": (PLAN, 0, "the plan "),
    "a part": (PARTS, 3, "bytes do not have the digest"),
    "a marker": (MARKERS, 3, "marker"),
    "a survivors' part": (ANALYSED, 0, "digest"),
}


@pytest.mark.parametrize("what", quick_first(STORED_WRONG, ("a part",)))
@pytest.mark.fault("S3 store", "a bit of {what} changed on its way up, and stored so")
def test_what_was_stored_wrong_is_found_and_done_again(
    line: Line, proxy: S3Proxy, reference: bytes, what: str, came_of_it: Told
) -> None:
    path, after, words = STORED_WRONG[what]
    found = proxy.disturb(**once("flip upload", "PUT", path, after=after))
    code, said = line()
    assert len(found.struck) == 1
    assert code == 1, "wrong bytes were taken for right ones"
    assert words in said
    assert not line.ranked.exists()
    proxy.heal()
    code, said = line()
    assert code == 0, said
    assert line.ranked.read_bytes() == reference
    redone = [
        each
        for each in log_of(line.run)
        if "redone" in each["event"] or "rewritten" in each["event"]
    ]
    assert len(redone) == 1
    came_of_it(f"found when read, exit 1; the rerun says “{redone[0]['reason']}” and does it again")


@pytest.mark.fault(
    "S3 store", "outdated versions of three parts and their markers served once each"
)
def test_an_outdated_version_served_once_is_read_again(
    line: Line, proxy: S3Proxy, s3_server: MotoServer, reference: bytes, came_of_it: Told
) -> None:
    assert line()[0] == 0
    files, root = s3_server.files(proxy.url), f"{BUCKET}/faults/{line.folder.name}/{line.run.name}"
    for damaged in (
        f"{PARTS}part-00002.parquet",
        f"{MARKERS}part-00003.json",
        "checkpoints/analysis/part-00000.json",
    ):
        files.pipe_file(f"{root}/{damaged}", files.cat_file(f"{root}/{damaged}")[:-7])
    line.ranked.unlink()
    found = proxy.disturb("stale", verbs=("GET",))
    code, said = line()
    assert code == 0, said
    parts = [each for each in found.struck if "/part-" in each]
    assert len(parts) == 6, "each of the three redone as part and marker"
    assert line.ranked.read_bytes() == reference
    came_of_it(
        "parts and markers read a second time, the run went on; ranked.parquet as undisturbed"
    )


@pytest.mark.fault("S3 store", "nothing listens at the endpoint")
def test_an_endpoint_that_is_not_there_is_told(
    line: Line, reference: bytes, monkeypatch: pytest.MonkeyPatch, proxy: S3Proxy, came_of_it: Told
) -> None:
    monkeypatch.setenv("ATLAS_FORGE_STORE_ATTEMPTS", "2")
    monkeypatch.setenv("ATLAS_FORGE_STORE_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    code, said = line()
    assert code == 1
    assert "it cannot be reached, 2 times in a row" in said
    assert "Traceback" not in said
    monkeypatch.setenv("ATLAS_FORGE_STORE_ENDPOINT", proxy.url)
    assert line()[0] == 0
    assert line.ranked.read_bytes() == reference
    came_of_it("exit 1, “it cannot be reached”; the rerun ends as undisturbed")


def in_a_process(line: Line, *arguments: str) -> tuple[int, str]:
    """As `line`, in a process of its own: Prefect writes to the terminal that it was born with."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli.main", *arguments, *line.place],
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.full
@pytest.mark.parametrize("how", ["--direct --compute processes", "through Prefect"])
@pytest.mark.parametrize("what", ["503 SlowDown", "cut upload", "cut answer"])
@pytest.mark.fault("S3 store", "every fourth request “{what}” under cash flows, {how}")
def test_worker_processes_and_prefect_survive_it_too(
    line: Line, proxy: S3Proxy, rough_reference: bytes, what: str, how: str, came_of_it: Told
) -> None:
    project = write_rough_project(line.folder)
    found = proxy.disturb(what, every=4)
    options = how.split() if how.startswith("-") else []
    code, said = in_a_process(line, "run", str(project), *options, "--partition-rows", ROUGH_ROWS)
    assert code == 0, said
    assert line.ranked.read_bytes() == rough_reference
    came_of_it(f"the same run went on: {len(found.struck)} of {proxy.requests} requests struck")


@pytest.mark.full
@pytest.mark.parametrize("how", ["--direct --compute processes", "through Prefect"])
@pytest.mark.fault("S3 store", "the credentials revoked among the survivors' parts, {how}")
def test_worker_processes_and_prefect_end_with_the_sentence_too(
    line: Line, proxy: S3Proxy, reference: bytes, how: str, came_of_it: Told
) -> None:
    proxy.disturb("403 InvalidAccessKeyId", path="checkpoints/analysis/", after=1)
    options = how.split() if how.startswith("-") else []
    code, said = in_a_process(line, "run", str(line.project), *options, "--partition-rows", ROWS)
    assert code == 1
    assert "it refuses the credentials (403 InvalidAccessKeyId)" in said
    assert "Traceback" not in said
    proxy.heal()
    assert line("resume", line.run.name)[0] == 0
    assert line.ranked.read_bytes() == reference
    came_of_it("exit 1 with the sentence; `resume` ends as undisturbed")
