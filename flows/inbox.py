"""The flow `atlas-forge-watch-inbox`: asks for a run of each project file dropped into an inbox.

Deployed on an interval; a look takes seconds. What it does with a file: `pipeline.inbox`.
"""

# No `from __future__ import annotations`: see flows/flow.py
from typing import Annotated, Final

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.logging import get_run_logger
from pydantic import Field

from flows.asking import DEPLOYMENT, submit
from flows.flow import BlockName, StoreAddress
from flows.hooks import STATE_HOOKS
from flows.secret_block import secrets_of_block

INBOX_KEY: Final = "atlas-forge-inbox"


@flow(
    name="atlas-forge-watch-inbox",
    flow_run_name="inbox",
    persist_result=False,
    description="Asks for a run of each project file in an inbox: INBOX/new, a folder or a prefix "
    "of an S3 store.",
    **STATE_HOOKS,
)
def watch_inbox(
    inbox: StoreAddress,
    deployment: Annotated[str, Field(max_length=200, pattern=r"^[^/]+/[^/]+$")] = DEPLOYMENT,
    out: Annotated[str, Field(max_length=1_000)] = "",
    store: StoreAddress = "",
    secrets: BlockName = "",
) -> int:
    """Take what is in the inbox, ask for its runs, and return how many there are.

    Args:
        inbox: Folder or s3://bucket/prefix. Files are dropped into new/ below it, and go to taken/
            or, with their errors beside them, to refused/.
        deployment: FLOW/DEPLOYMENT that carries the runs out.
        out: Folder that holds their run folders; empty is what ATLAS_FORGE_OUT says there.
        store: Where their checkpoints go; empty is what ATLAS_FORGE_STORE says there.
        secrets: Name of the Prefect Secret block that this flow and the runs take.
    """
    from pipeline.escape import path_part
    from pipeline.inbox import Refused, done, look
    from pipeline.inputs.carried import CarriedProject
    from pipeline.settings import load_settings
    from pipeline.storage.store import open_store

    log = get_run_logger()
    rows = []
    with secrets_of_block(secrets):
        place = open_store(load_settings(store=inbox).store_address)
        given = {"out": out, "store": store, "secrets": secrets}
        parameters = {name: value for name, value in given.items() if value}
        for found in look(place):
            if isinstance(found, Refused):
                log.warning("refused/%s: %d errors", found.name, len(found.errors))
                rows.append({"file": found.name, "what": f"refused, {len(found.errors)} errors"})
                continue
            carried = CarriedProject(found.text)
            # Under the inbox, so that two inboxes with one file are two requests.
            key = f"{path_part(inbox)}/{found.key}"
            asked = submit(carried, found.project_id, parameters, deployment, key)
            done(place, found, {"flow_run_id": asked.id, "flow_run": asked.name})
            log.info("taken/%s: flow run %s", found.key, asked.id)
            rows.append({"file": found.key, "what": f"flow run {asked.id}"})
    if rows:
        create_table_artifact(rows, key=INBOX_KEY, description="what this look took")
    return len(rows)
