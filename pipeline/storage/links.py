"""Where a run's last attempt could be watched: Dask's dashboard, the page of its flow run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pipeline.redaction import redacted_text
from pipeline.storage.store import write_file

LINKS_PATH: Final = "checkpoints/links.json"
DASK: Final = "dask"
PREFECT: Final = "prefect"
LINK_NAMES: Final = {DASK: "Dask dashboard", PREFECT: "Prefect"}

Links = dict[str, str | None]


def keep_links(folder: Path, *, dask: str | None, prefect: str | None) -> Links:
    """Keep what an attempt has of these, in place of the attempt before; returned as kept.

    Without what is secret in an address: a server behind a password may be set with it. Raises
    OSError.
    """
    given = {DASK: dask, PREFECT: prefect}
    links: Links = {name: redacted_text(link) if link else None for name, link in given.items()}
    if links != kept_links(folder):
        write_file(folder / LINKS_PATH, json.dumps(links).encode())
    return links


def kept_links(folder: Path) -> Links:
    """The links of a run's last attempt, null for each that it did not have."""
    try:
        found = json.loads((folder / LINKS_PATH).read_bytes())
    except (OSError, ValueError):
        found = None
    known = found if isinstance(found, dict) else {}
    links = {name: known.get(name) for name in (DASK, PREFECT)}
    return {name: link if isinstance(link, str) else None for name, link in links.items()}
