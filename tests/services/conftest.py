"""Servers and a finished run that several service tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.run_projects import request_of, run_here
from tests.services.mongod import Mongod


@pytest.fixture(scope="session")
def mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mongod]:
    server = Mongod(tmp_path_factory.mktemp("mongod"))
    yield server
    server.kill()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run with some two thousand survivors; nobody changes it."""
    folder = tmp_path_factory.mktemp("finished")
    _, run = run_here(request_of(folder, limit=4_000), folder / "runs")
    return run
