"""Where finished runs are read: from the database of results if one is set, else from a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.settings import load_settings

if TYPE_CHECKING:
    from pipeline.storage.results import ResultsStore
    from pipeline.storage.store import Store


def results_of(
    out: str | None = None,
    mongo: str | None = None,
    everything: bool = False,
    store: str | None = None,
) -> ResultsStore:
    """The store of results that is meant; None: not given.

    A folder that was given means the folder, unless a database was given as well. `everything`
    lists runs that are being merged too; `store` is where others may be at work on runs of the
    folder. Raises BadSettingError.
    """
    settings = load_settings(out=out, mongo=mongo, store=store, desk="")
    if settings.mongo and (mongo or out is None):
        from pipeline.storage.mongo_results import MongoResults  # noqa: PLC0415 - imports a driver

        return MongoResults(settings.mongo, everything)
    from pipeline.storage.desk import at_its_desk  # noqa: PLC0415 - these import Arrow
    from pipeline.storage.results import LocalResults  # noqa: PLC0415
    from pipeline.storage.store import open_store  # noqa: PLC0415

    def store_of(folder: Path) -> Store:
        return open_store(at_its_desk(folder, settings).checkpoints_of(folder))

    return LocalResults(Path(settings.out), store_of)
