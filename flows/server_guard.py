"""The process that serves the Prefect API for one run and never outlives the program it serves.

Started by ``flows.server`` as ``python -m flows.server_guard --parent PID``. Its standard input
is the leash: a pipe whose other end only the parent holds. The kernel closes that end however the
parent ends, SIGKILL included, on Linux and macOS alike, and then this process leaves. The
parent's process id is watched as well, since a child that the parent forked could hold a copy of
the pipe. The API runs inside this very process, so nothing else has to be found and killed.

Lines on the leash: ``run ID`` a flow run to mark as crashed if the parent dies, ``bye`` a clean
end. One JSON line, ``{"port": N}``, goes to standard output when requests are answered.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import uvicorn

PARENT_POLL_S = 1.0
# uvicorn waits for open event streams; whatever is left after this is not worth waiting for
SHUTDOWN_LIMIT_S = 4.0
CRASH_NOTE_LIMIT_S = 2.0


class Leash:
    """Watches the parent from a thread and ends this process with it."""

    def __init__(self, parent_pid: int) -> None:
        self._parent_pid = parent_pid
        self._runs: list[str] = []
        self._clean = False
        self._server: uvicorn.Server | None = None
        self._api_url = ""

    def start(self) -> None:
        """Watch from now on: before the slow imports, so that a parent killed early is noticed."""
        threading.Thread(target=self._watch, name="leash", daemon=True).start()

    def serve(self, server: uvicorn.Server, port: int) -> None:
        """From now on the end of the parent stops `server` instead of leaving at once."""
        self._api_url = f"http://127.0.0.1:{port}/api"
        self._server = server

    def _watch(self) -> None:
        descriptor = sys.stdin.fileno()
        pending = b""
        while os.getppid() == self._parent_pid:
            if not select.select([descriptor], [], [], PARENT_POLL_S)[0]:
                continue
            chunk = os.read(descriptor, 4096)
            if not chunk:
                break
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                self._obey(line.decode("ascii", "replace"))
        self._leave()

    def _obey(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "run":
            self._runs.append(rest)
        elif word == "bye":
            self._clean = True

    def _leave(self) -> None:
        if self._server is None:  # still starting: SQLite rolls an open migration back
            os._exit(0)
        last_resort = threading.Timer(SHUTDOWN_LIMIT_S, os._exit, args=(0,))
        last_resort.daemon = True
        last_resort.start()
        if not self._clean:
            self._mark_crashed()
        self._server.should_exit = True

    def _mark_crashed(self) -> None:
        """The history must not show a dead run as running for ever."""
        import httpx

        state = {"type": "CRASHED", "message": "The process of this run was killed."}
        user, _, secret = os.environ.get("PREFECT_SERVER_API_AUTH_STRING", "").partition(":")
        for run_id in self._runs:
            try:
                httpx.post(
                    f"{self._api_url}/flow_runs/{run_id}/set_state",
                    json={"state": state, "force": True},
                    auth=(user, secret),
                    timeout=CRASH_NOTE_LIMIT_S,
                ).raise_for_status()
            except httpx.HTTPError as error:
                print(f"run {run_id} could not be marked as crashed: {error}", file=sys.stderr)


@contextmanager
def _one_start_at_a_time(home: Path) -> Iterator[None]:
    """Two servers that migrate one fresh database together break it; they take turns here."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "atlas-forge-start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _listening_socket(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener


def serve(leash: Leash, announce_to: int, port: int, ui: bool) -> None:
    """Run the API until the leash goes or SIGTERM arrives. Port 0 takes a free one."""
    import uvicorn
    from prefect.server.api.server import create_app

    listener = _listening_socket(port)
    bound_port: int = listener.getsockname()[1]
    app = create_app(ephemeral=not ui, final=True)

    class AnnouncingServer(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                leash.serve(self, bound_port)
                os.write(announce_to, json.dumps({"port": bound_port}).encode() + b"\n")
                os.close(announce_to)
                turn.close()

    config = uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1)
    with ExitStack() as turn:
        turn.enter_context(_one_start_at_a_time(Path(os.environ["PREFECT_HOME"])))
        AnnouncingServer(config).run(sockets=[listener])


def main() -> None:
    """Serve until the parent is gone."""
    parser = argparse.ArgumentParser(description="Serve the Prefect API for one parent process.")
    parser.add_argument("--parent", type=int, required=True, help="process id of the parent")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--ui", action="store_true", help="serve the user interface as well")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    leash = Leash(options.parent)
    leash.start()
    # standard output carries the one announcement; whatever a library prints goes to the log
    announce_to = os.dup(1)
    os.dup2(2, 1)
    try:
        serve(leash, announce_to, options.port, options.ui)
    finally:
        # the database's own threads can hold a normal interpreter exit back
        sys.stderr.flush()
        os._exit(0)


if __name__ == "__main__":
    main()
