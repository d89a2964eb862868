"""Does a process begin with the kernels that an image compiled, and never with half of them?"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.storage.fingerprint import engine_fingerprint
from pipeline.storage.numba_cache import SEED_VARIABLE, VARIABLE, set_numba_cache


@pytest.fixture
def seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "seed" / engine_fingerprint() / "senior_1a2b"
    folder.mkdir(parents=True)
    (folder / "size.nbi").write_bytes(b"compiled")
    monkeypatch.setenv(SEED_VARIABLE, str(tmp_path / "seed"))
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("ATLAS_FORGE_CACHE", str(tmp_path / "cache"))
    return folder


def test_a_new_folder_begins_as_a_copy_of_the_image(seed: Path, tmp_path: Path) -> None:
    folder = set_numba_cache()
    assert folder == tmp_path / "cache" / engine_fingerprint()
    assert (folder / "senior_1a2b/size.nbi").read_bytes() == b"compiled"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert os.environ[VARIABLE] == str(folder)
    assert [entry.name for entry in folder.parent.iterdir()] == [folder.name]


def test_a_folder_that_is_there_is_left_as_it_is(seed: Path, tmp_path: Path) -> None:
    own = tmp_path / "cache" / engine_fingerprint()
    own.mkdir(parents=True)
    assert set_numba_cache() == own
    assert list(own.iterdir()) == []


def test_the_seed_of_another_engine_is_not_taken(seed: Path) -> None:
    seed.parent.rename(seed.parent.with_name("0123456789abcdef"))
    assert list(set_numba_cache().iterdir()) == []


def test_processes_that_start_together_share_one_copy(seed: Path, tmp_path: Path) -> None:
    code = "import pipeline"
    started = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [process.wait(timeout=60) for process in started] == [0] * 4
    cache = tmp_path / "cache"
    assert [entry.name for entry in cache.iterdir()] == [engine_fingerprint()]
    assert (cache / engine_fingerprint() / "senior_1a2b/size.nbi").read_bytes() == b"compiled"
