"""How a command leaves its line in the audit trail without failing for it."""

from __future__ import annotations

from pathlib import Path

from pipeline.cli.console import note
from pipeline.cli.options import settings_of
from pipeline.escape import path_part


def leave_a_line(
    out: str | None, run_id: str, action: str, /, store: str | None = None, **facts: str | int
) -> None:
    """Write down that `action` was done to a run, here or elsewhere; `facts` hold no secret.

    `store` is that of the command line, None for the one that is set.
    What cannot be written is said: a folder that may only be read is worked with as well.
    """
    from pipeline.storage import audit
    from pipeline.storage.desk import at_its_desk
    from pipeline.storage.manifest import MANIFEST_PATH, UnreadableDocumentError

    settings = settings_of(out=out, store=store)
    folder = Path(settings.out) / run_id
    try:
        if path_part(run_id) == run_id and (folder / MANIFEST_PATH).is_file():
            at_home = at_its_desk(folder, settings_of(out=out, store=store, desk=""))
            audit.record(folder, at_home, action, audit.DONE, **facts)
        else:
            audit.note_elsewhere(settings, run_id, action, audit.DONE, **facts)
    except (OSError, UnreadableDocumentError) as error:
        note(f"warning: this is not in the audit trail: {error}")
