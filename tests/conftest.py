"""Every test runs as on a stranger's machine: no settings of ours, nothing sent anywhere."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# First of all: it names the cache of compiled kernels by the engine's fingerprint, so that no test
# runs a caller compiled with an older helper.
import pipeline  # noqa: F401
from tests.services.moto_server import KEY, SECRET, MotoServer

os.environ.update(DO_NOT_TRACK="1", PREFECT_SERVER_ANALYTICS_ENABLED="false", NO_COLOR="1")
for name in [name for name in os.environ if name.startswith("ATLAS_FORGE_")]:
    del os.environ[name]
# Documents take seconds and change no figure: tests of them ask for them.
os.environ["ATLAS_FORGE_PACK"] = "no"

# Examples are the same in every run: a failure found once is found again.
settings.register_profile(
    "atlas", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("atlas")


@pytest.fixture(scope="session", autouse=True)
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Prefect keeps its database in a folder of this session, not in the person's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
        yield


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    """A real S3 server, and this session's environment with credentials that it takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        server = MotoServer(tmp_path_factory.mktemp("moto") / "log")
        yield server
        server.stop()
