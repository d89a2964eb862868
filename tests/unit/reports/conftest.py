"""A run with structures of every kind, made once for the tests of documents."""

import pytest

from pipeline.explain.run import StoredRun
from tests.unit.reports.deal_run import KINDS, deal_run, numbers_by_kind


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    return deal_run(tmp_path_factory.mktemp("kinds"))


@pytest.fixture(scope="session")
def numbers(run: StoredRun) -> dict[str, int]:
    """Numbers of structures by KINDS."""
    found = numbers_by_kind(run)
    assert set(found) == set(KINDS)
    return found
