"""`python -m flows.register`: brings the deployments of prefect.yaml into a Prefect server again.

`prefect deploy` puts everything of a deployment back to what the file says: a schedule that
somebody switched on is off after an upgrade, the project that somebody gave the nightly run is
gone. So it makes those that are missing only. Of one that is there, what belongs to the code is
brought up to date (where the flow is, its form, its description); schedules, parameters, tags,
limits and job variables stay as people left them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema
from prefect.utilities.templating import apply_values

FILE: Final = Path("prefect.yaml")


def register(file: Path = FILE) -> int:
    """Make or update every deployment of `file`; flows are found from the working directory.

    Returns the exit code: 1 if the server refused one, which is said on stderr.
    """
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    # its {{ $NAME }} are variables of the environment
    steps = apply_values(content.get("pull") or [], {})
    missing: list[str] = []
    failed = False
    with get_client(sync_client=True) as client:
        for each in content["deployments"]:
            try:
                if not _update(client, each, steps):
                    missing.append(each["name"])
            except PrefectHTTPStatusError as error:
                print(f"{each['name']}: {error}", file=sys.stderr)
                failed = True
    if missing:
        names = [part for name in missing for part in ("--name", name)]
        command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy"]
        done = subprocess.run([*command, "--prefect-file", str(file), *names], check=False)
        failed = failed or done.returncode != 0
    return 1 if failed else 0


def _update(client: SyncPrefectClient, wanted: dict[str, Any], steps: Any) -> bool:
    """Bring a deployment that is there up to date; False: it is not there."""
    flow: Flow[..., Any] = load_flow_from_entrypoint(wanted["entrypoint"])
    name = f"{flow.name}/{wanted['name']}"
    try:
        found = client.read_deployment_by_name(name)
    except ObjectNotFound:
        return False
    client.update_deployment(
        found.id,
        DeploymentUpdate(
            entrypoint=wanted["entrypoint"],
            description=wanted.get("description") or flow.description,
            parameter_openapi_schema=parameter_schema(flow).model_dump_for_openapi(),
            pull_steps=steps,
        ),
    )
    print(f"{name}: brought up to date")
    return True


def main() -> None:
    """Command line of the module."""
    parser = argparse.ArgumentParser(prog="python -m flows.register", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FILE, help="a prefect.yaml")
    sys.exit(register(parser.parse_args().file))


if __name__ == "__main__":
    main()
