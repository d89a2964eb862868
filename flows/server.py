"""A Prefect server for one run, when the user has none.

Prefect's own temporary server gives up after 20 s and survives a SIGKILL of its parent. Ours runs
in a child (``flows.server_guard``) that holds one end of a pipe and leaves with the parent. It is
started at once and awaited late, so that its start-up runs beside imports and kernel warm-up.

Where the history lives: ``PREFECT_HOME`` if the user set it, otherwise a folder of Atlas Forge's
own under the user's data directory. Not ``~/.prefect``: the database there belongs to whatever
Prefect version the user has elsewhere, and migrating it here could lock that version out. To see
the history afterwards: ``PREFECT_HOME=<that folder> prefect server start``.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

START_LIMIT_S = 90.0
STOP_LIMIT_S = 6.0

NO_CALLS_HOME = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}

# What a server for one run has no use for: automations, the event feed (it would grow for ever
# with nobody to vacuum it), block registration (1 s of a fresh start), the web interface.
LEAN = {
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_LOGGER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_UI_ENABLED": "false",
}

# Settings that point a client at some server; inherited, they would confuse ours.
_FOREIGN = (
    "PREFECT_API_URL",
    "PREFECT_API_KEY",
    "PREFECT_API_AUTH_STRING",
    "PREFECT_PROFILE",
    "PREFECT_SERVER_API_BASE_PATH",
)


def _for_browsers(port: int) -> dict[str, str]:
    """A web interface without credential: pages of other origins must not start runs through it."""
    return {
        "PREFECT_UI_API_URL": "/api",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{port},http://localhost:{port}",
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
    }


class ServerStartError(RuntimeError):
    """The embedded server did not come up; the message carries the end of its log."""


def default_home() -> Path:
    """The Prefect home that Atlas Forge uses: the user's, or one of its own."""
    chosen = os.environ.get("PREFECT_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser().absolute() / "atlas-forge" / "prefect"


class EmbeddedServer:
    """A Prefect API on a free loopback port, ended with this process whatever ends it.

    Each server has its own random credential: another user of the machine, or a web page that
    guesses the port, gets 401.
    """

    def __init__(self, home: Path | None = None, port: int = 0, ui: bool = False) -> None:
        """Start the child and return at once. `ui` serves the web interface, without credential
        (a browser is the client) and with all of Prefect's services."""
        self.home = home or default_home()
        self.start_seconds: float | None = None
        self._api_url: str | None = None
        self._auth = None if ui else f"atlas-forge:{secrets.token_urlsafe(24)}"
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
        self._started_at = time.monotonic()
        command = [sys.executable, "-m", "flows.server_guard"]
        command += ["--parent", str(os.getpid()), "--port", str(port)]
        self._process = subprocess.Popen(
            command + (["--ui"] if ui else []),
            env=self._server_environment(port, ui),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            bufsize=0,
            start_new_session=True,  # Ctrl-C is for the run; the server goes after it, not with it
        )
        self._leash = cast(IO[bytes], self._process.stdin)
        self._announcement = cast(IO[bytes], self._process.stdout)

    def _server_environment(self, port: int, ui: bool) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
        root = str(Path(__file__).resolve().parent.parent)
        search = os.pathsep.join(filter(None, [root, kept.get("PYTHONPATH")]))
        environment = {**kept, **NO_CALLS_HOME, "PYTHONPATH": search}
        environment["PREFECT_HOME"] = str(self.home)
        if ui:
            environment.update(_for_browsers(port))
        else:
            environment.update(LEAN)
        if self._auth:
            environment["PREFECT_SERVER_API_AUTH_STRING"] = self._auth
        return environment

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._process.pid

    def wait_ready(self, limit_s: float = START_LIMIT_S) -> str:
        """The API address, once it answers; the limit counts from the start of the child.

        Raises ServerStartError when the child ends or the limit passes; the child is gone then.
        """
        if self._api_url is None:
            port = self._announced_port(self._started_at + limit_s)
            self._api_url = f"http://127.0.0.1:{port}/api"
            self.start_seconds = time.monotonic() - self._started_at
        return self._api_url

    def _announced_port(self, deadline: float) -> int:
        line = b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._announcement], [], [], left)[0]:
                raise self._failed("did not answer within its start-up limit")
            byte = os.read(self._announcement.fileno(), 1)
            if not byte:
                raise self._failed("ended while starting")
            line += byte
        port: int = json.loads(line)["port"]
        return port

    def _failed(self, what: str) -> ServerStartError:
        self._process.kill()
        self._process.wait()
        self._log.seek(0)
        tail = self._log.read()[-2000:].decode("utf-8", "replace").strip()
        self.stop()
        return ServerStartError(
            f"The Prefect server {what}. Its home is {self.home}. "
            "Use --direct to run without Prefect, or set PREFECT_API_URL to a running server."
            + (f"\n{tail}" if tail else "")
        )

    def client_environment(self) -> dict[str, str]:
        """Environment for a Prefect client (a settings update or another process)."""
        environment = {**NO_CALLS_HOME, "PREFECT_HOME": str(self.home)}
        environment["PREFECT_API_URL"] = self.wait_ready()
        if self._auth:
            environment["PREFECT_API_AUTH_STRING"] = self._auth
        return environment

    def watch_run(self, flow_run_id: str) -> None:
        """Have this flow run marked as crashed should this process die."""
        self._say(f"run {flow_run_id}")

    def _say(self, line: str) -> None:
        # a closed pipe means that the child is gone already: nothing left to tell it
        with suppress(OSError, ValueError):
            self._leash.write(line.encode("ascii") + b"\n")

    def stop(self) -> None:
        """End the server; safe to call twice. Returns when no process is left."""
        self._say("bye")
        self._leash.close()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._announcement.close()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
