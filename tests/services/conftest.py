"""Servers and a finished run that several service tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.storage.mongo_merge import merge_run
from tests.run_projects import request_of, run_here
from tests.services.mongod import Mongod, stored

if TYPE_CHECKING:
    from tests.services.prefect_site import Site


@pytest.fixture(scope="session")
def mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mongod]:
    server = Mongod(tmp_path_factory.mktemp("mongod"))
    yield server
    server.kill()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    from tests.services.prefect_site import prefect_site  # Prefect takes a second to import

    with prefect_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run with some two thousand survivors; nobody changes it."""
    folder = tmp_path_factory.mktemp("finished")
    _, run = run_here(request_of(folder, limit=4_000), folder / "runs")
    return run


@pytest.fixture(scope="session")
def undisturbed(mongod: Mongod, finished: Path) -> dict[str, list[bytes]]:
    """The documents that a merge leaves which nothing got in the way of, in any database."""
    merge_run(finished, mongod.uri("undisturbed"))
    return stored(mongod, "undisturbed")
