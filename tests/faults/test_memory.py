"""Does a worker that is short of memory compute in smaller slices, to the same bytes?"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.struck import Trial, results_of

# A full lane beside other work: many whole runs, each several times slower than alone.
pytestmark = pytest.mark.timeout(1_200)
Tell = Callable[[str], None]
ROWS = "6000"

# A run that counts its slices. LIMIT is done once the kernels are compiled, LIFT undoes it.
_COUNTING = """
import json, os, resource, sys
from pathlib import Path
import numpy, psutil
from pipeline.cli.main import run_command
from pipeline.stages import partition

sizes = []
whole = partition.in_slices

def counting(ids, compute):
    def told(some):
        sizes.append(len(some))
        return compute(some)
    return whole(ids, told)

from pipeline.stages import analysis, pruning
pruning.in_slices = analysis.in_slices = counting
from pipeline import engine
warm = engine.warm_up

def limited(problem):
    warm(problem)
    LIMIT

def lifted(*given):
    # The fault is over when the partitions are done: what follows is not cut into slices.
    LIFT
    return ends(*given)

from pipeline import runner
from pipeline.stages import input
input.warm_up = limited
ends, runner.output_stage = runner.output_stage, lifted
code = run_command(sys.argv[2:])
Path(sys.argv[1]).write_text(json.dumps(sizes))
sys.exit(code)
"""
_ADDRESS_SPACE = """
    used = psutil.Process().memory_info().vms
    # Room for what comes, and yet more than 85 % used.
    limit = used + used // 8
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
"""
_NO_ADDRESS_LIMIT = """
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""
_NOTHING = """
    pass
"""
_GROUPS = Path("/sys/fs/cgroup/memory")


def sizes_of(trial: Trial, limit: str, lift: str, before: str = "") -> list[int]:
    """Rows of each slice of a run between limit and lift; `before` runs in its shell."""
    told = trial.folder.parent / f"{trial.folder.name}.sizes"
    program = _COUNTING.replace("\n    LIMIT\n", limit).replace("\n    LIFT\n", lift)
    command = [sys.executable, "-c", program, str(told),
               *trial.arguments("--direct", "--workers", "1")]  # fmt: skip
    if before:
        command = ["sh", "-c", f'{before}; exec "$@"', "sh", *command]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert ended.returncode == 0, ended.stderr
    sizes: list[int] = json.loads(told.read_text())
    return sizes


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    trial = Trial(tmp_path_factory.mktemp("undisturbed") / "run", ROWS)
    assert max(sizes_of(trial, _NOTHING, _NOTHING)) == 5_000
    return trial


@pytest.mark.full
@pytest.mark.fault("Memory", "the process has used over 85 % of its address space (RLIMIT_AS)")
def test_near_its_own_limit_a_worker_takes_smaller_slices(
    tmp_path: Path, undisturbed: Trial, came_of_it: Tell
) -> None:
    trial = Trial(tmp_path / "run", ROWS)
    sizes = sizes_of(trial, _ADDRESS_SPACE, _NO_ADDRESS_LIMIT)
    assert max(sizes) == 500
    assert results_of(trial.run) == results_of(undisturbed.run)
    came_of_it(f"{len(sizes)} slices of 500 rows and less instead of 5,000; the same files")


@pytest.mark.full
@pytest.mark.fault("Memory", "a control group's memory is over 85 % full (version 1)")
def test_near_the_limit_of_its_control_group_a_worker_takes_smaller_slices(
    tmp_path: Path, undisturbed: Trial, came_of_it: Tell
) -> None:
    group = _GROUPS / f"atlas-forge-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        # A person's machine and most runners have version 2, or do not let a test make groups.
        pytest.skip(f"no control group of memory can be made here: {error.strerror}")
    trial = Trial(tmp_path / "run", ROWS)
    # Set from inside once the kernels are there: then nothing but the limit has changed.
    limit = f"""
    # So that what is left of the limit is enough to work in.
    os.ballast = b"x" * 2**30
    group = Path({str(group)!r})
    use = int((group / "memory.usage_in_bytes").read_text())
    facts = dict(line.split() for line in (group / "memory.stat").open())
    kept = use - int(facts["total_inactive_file"])
    (group / "memory.limit_in_bytes").write_text(str(int(kept * 1.14)))
"""
    try:
        lift = f"""
    Path("{group}/memory.limit_in_bytes").write_text("-1")
    del os.ballast
"""
        sizes = sizes_of(trial, limit, lift, before=f"echo $$ > {group}/cgroup.procs")
    finally:
        group.rmdir()
    assert min(max(sizes), 5_000) == 500, sizes
    assert results_of(trial.run) == results_of(undisturbed.run)
    came_of_it(f"{len(sizes)} slices of 500 rows and less instead of 5,000; the same files")
