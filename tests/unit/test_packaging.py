"""Does what pyproject.toml promises match what is in the folders and in the lock?"""

import importlib.metadata
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_package_folder_is_named() -> None:
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for top in ("flows", "kernels", "pipeline")
        for path in (ROOT / top).rglob("__init__.py")
    }
    named = {
        name
        for name in PROJECT["tool"]["setuptools"]["packages"]
        if not name.startswith("pipeline.builtin")
    }
    assert found == named


def test_every_builtin_file_is_package_data() -> None:
    setuptools = PROJECT["tool"]["setuptools"]
    folder = ROOT / setuptools["package-dir"]["pipeline.builtin"]
    shipped = set()
    for package, patterns in setuptools["package-data"].items():
        if package.startswith("pipeline.builtin"):
            below = folder.joinpath(*package.split(".")[2:])
            shipped |= {path for pattern in patterns for path in below.glob(pattern)}
    there = {path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert there == shipped


def test_the_lock_was_made_from_these_dependencies() -> None:
    subprocess.run([sys.executable, "scripts/lock", "--check"], cwd=ROOT, check=True)


def test_the_lock_names_no_registry_and_hashes_everything() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "http" not in lock.replace("httpcore", "").replace("httpx", "").replace("aiohttp", "")
    assert "file:" not in lock
    pins = [line for line in lock.splitlines() if "==" in line]
    assert all(line.endswith("\\") for line in pins)
    assert len(pins) > 100


def test_what_is_installed_is_what_is_asked_for() -> None:
    project = PROJECT["project"]
    for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        requirement = Requirement(line)
        version = importlib.metadata.version(requirement.name)
        assert requirement.specifier.contains(version, prereleases=True), line
