"""`python -m flows.deploy`: offers the run as a Prefect deployment and carries out what is asked.

Runs are started from Prefect's web interface, its API, or `prefect deployment run`, with a form
made from the flow's parameters. With PREFECT_API_URL set the deployment is served to that server;
without, this program brings a server with web interface and ends it when it ends.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from typing import Final

from flows.server import NO_CALLS_HOME, EmbeddedServer

DEPLOYMENT_NAME: Final = "local"
UI_PORT: Final = 4200
# How often the server is asked for runs to start; Prefect's own 10 s feels broken in a browser.
POLL_S: Final = 2


def serve(port: int = UI_PORT, at_once: int = 1) -> None:
    """Serve the deployment until Ctrl-C or SIGTERM; `at_once` runs share the machine.

    Settings reach the flow runs, which are processes of their own, through the environment.
    """
    os.environ.update(NO_CALLS_HOME)
    os.environ.setdefault("PREFECT_RUNNER_POLL_FREQUENCY", str(POLL_S))
    with ExitStack() as resources:
        if not os.environ.get("PREFECT_API_URL"):
            server = resources.enter_context(EmbeddedServer(port=port, ui=True))
            os.environ.update(server.client_environment())
            print(f"Prefect is at http://127.0.0.1:{port}", file=sys.stderr)
        from prefect.types.entrypoint import EntrypointType

        from flows.client import hand_in_the_rest
        from flows.flow import atlas_forge_run

        resources.callback(hand_in_the_rest)
        atlas_forge_run.serve(
            name=DEPLOYMENT_NAME,
            limit=at_once,
            print_starting_message=False,
            entrypoint_type=EntrypointType.MODULE_PATH,
        )


def main() -> None:
    """Command line of the module."""
    parser = argparse.ArgumentParser(prog="python -m flows.deploy", description=__doc__)
    parser.add_argument("--port", type=int, default=UI_PORT, help="of the web interface")
    parser.add_argument("--at-once", type=int, default=1, help="runs at the same time")
    options = parser.parse_args()
    serve(options.port, options.at_once)


if __name__ == "__main__":
    main()
