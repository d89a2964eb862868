"""Helm as a library is there on Linux x86-64; CI has to have it."""

import importlib.util
import os

import pytest


@pytest.fixture(autouse=True, scope="session")
def _helm() -> None:
    if importlib.util.find_spec("helm_python") is None:
        reason = "helm-python-sdk is not installed (Linux x86-64 only)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
