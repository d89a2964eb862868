"""One small run that all questions are asked of."""

from pathlib import Path

import pytest

from pipeline.query.rows import RankedRows, open_ranked
from tests.run_projects import request_of, run_here


@pytest.fixture(scope="package")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    return run_here(request_of(folder, limit=3_000), folder)[1]


@pytest.fixture
def ranked(run: Path) -> RankedRows:
    return open_ranked(run)
