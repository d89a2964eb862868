"""Is whatever is wrong with checkpoints on S3 found, said and done again, as in a folder?

The same harm as tests/faults/test_checkpoints*.py do to a folder: the run's objects are brought
down into one, harmed there, and what changed is brought up again.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import s3fs

from pipeline.inputs import Request
from tests.faults.test_checkpoints import DAMAGE
from tests.faults.test_checkpoints_changed import FILE_DAMAGE, PART_DAMAGE, part
from tests.run_projects import log_of, request_of, run_here
from tests.services.moto_server import BUCKET, MotoServer

Told = Callable[[str], None]
ROWS = 1_500
PREFIX = "checkpoints-harmed"
# Of the run's folder, not of the store.
NOT_THERE = {"the summary deleted"}
# A plan or manifest is written anew, nothing is computed again for it.
STAGES = ("pruning", "analysis")


class Shared:
    """A finished run on S3, and a folder as which its objects can be harmed."""

    def __init__(self, server: MotoServer, folder: Path) -> None:
        self.folder = folder
        self.request: Request = request_of(folder)
        self.options: dict[str, Any] = {
            "store": f"s3://{BUCKET}/{PREFIX}/{folder.name}",
            "store_endpoint": server.url,
            "partition_rows": ROWS,
        }
        self._files: s3fs.S3FileSystem = server.files()
        _, self.run = run_here(self.request, folder / "runs", **self.options)
        self._root = f"{BUCKET}/{PREFIX}/{folder.name}/{self.run.name}"
        self.objects = self.stored()
        self.ranked = (self.run / "ranked.parquet").read_bytes()
        self.log = (self.run / "log.jsonl").read_bytes()

    def stored(self) -> dict[str, bytes]:
        """All objects of the run but its lease."""
        found = {
            path.removeprefix(f"{self._root}/"): data
            for path, data in self._files.cat(self._files.find(self._root)).items()
        }
        return {path: data for path, data in found.items() if "lease" not in path}

    def put_right(self) -> None:
        """As it was when it was finished, whatever a test left."""
        self._bring_up(self.stored(), self.objects)

    def harm(self, how: Callable[[Path], object]) -> None:
        """Let `how` harm the objects as files of a folder."""
        place = self.folder / "objects" / self.run.name
        shutil.rmtree(place, ignore_errors=True)
        for path, data in self.objects.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_bytes(data)
        how(place)
        found = {
            each.relative_to(place).as_posix(): each.read_bytes()
            for each in place.rglob("*")
            if each.is_file()
        }
        assert found != self.objects, "nothing was harmed"
        self._bring_up(self.objects, found)

    def again(self) -> list[dict[str, Any]]:
        """The run again, its outputs to be made anew; what its log says of it."""
        (self.run / "ranked.parquet").unlink()
        before = len(log_of(self.run))
        run_here(self.request, self.run.parent, **self.options)
        return log_of(self.run)[before:]

    def _bring_up(self, there: dict[str, bytes], wanted: dict[str, bytes]) -> None:
        for path in there.keys() - wanted.keys():
            self._files.rm_file(f"{self._root}/{path}")
        for path, data in wanted.items():
            if there.get(path) != data:
                self._files.pipe_file(f"{self._root}/{path}", data)


@pytest.fixture(scope="module")
def finished(s3_server: MotoServer, tmp_path_factory: pytest.TempPathFactory) -> Shared:
    return Shared(s3_server, tmp_path_factory.mktemp("shared"))


@pytest.fixture
def shared(finished: Shared) -> Shared:
    finished.put_right()
    return finished


HARM: dict[str, Callable[[Path], object]] = {
    **{
        f"a part of {stage}: {name}": lambda run, how=how, stage=stage: how(part(run, stage, 1))
        for name, how in PART_DAMAGE.items()
        for stage in STAGES
    },
    **{
        f"a marker of {stage}: {name}": lambda run, how=how, stage=stage: how(run, stage)
        for name, (how, _) in DAMAGE.items()
        for stage in STAGES
    },
    **{name: how for name, (how, _) in FILE_DAMAGE.items() if name not in NOT_THERE},
}
QUICK = (
    "a part of pruning: a bit flipped in a column's data",
    "a marker of analysis: other engine",
    "parts and markers of pruning swapped",
)


@pytest.mark.parametrize(
    "harm", [name if name in QUICK else pytest.param(name, marks=pytest.mark.full) for name in HARM]
)
@pytest.mark.fault("Checkpoints on S3", "{harm}")
def test_harm_on_s3_is_found_said_and_put_right(
    shared: Shared, harm: str, came_of_it: Told
) -> None:
    shared.harm(HARM[harm])
    said = shared.again()
    assert (shared.run / "ranked.parquet").read_bytes() == shared.ranked
    after = shared.stored()
    assert after.keys() == shared.objects.keys()
    assert {path for path, data in after.items() if data != shared.objects[path]} <= {
        "manifest.json"  # the times of its outputs
    }
    redone = [each for each in said if each["event"] == "partition_redone"]
    done = {each["stage"]: each for each in said if each["event"] == "stage_done"}
    assert len(redone) == sum(each["redone"] for each in done.values())
    computed = sum(each["partitions"] - each["reused"] for each in done.values())
    if "deleted" not in harm and "plan" not in harm and "manifest" not in harm:
        assert redone, "harm that was not said"
    reasons = sorted({each["reason"] for each in said if each.get("reason")})
    came_of_it(
        f"{computed} partitions made again, every object as before; "
        f"said: {'; '.join(reasons) or 'nothing, it was just made'}"
    )


@pytest.mark.fault("Checkpoints on S3", "nothing: a run that is whole")
def test_a_run_that_is_whole_is_left_alone(shared: Shared, came_of_it: Told) -> None:
    said = shared.again()
    done = [each for each in said if each["event"] == "stage_done"]
    assert [each["reused"] for each in done] == [each["partitions"] for each in done]
    assert json.loads(shared.stored()["manifest.json"])["run_id"] == shared.run.name
    came_of_it("every partition kept")
