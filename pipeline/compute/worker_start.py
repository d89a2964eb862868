"""What a worker process of this machine does first, also one that takes a dead one's place.

Dask's nanny imports it in the new process (`preload`) and calls `dask_setup`.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from pipeline.lean_arrow import keep_pandas_out


def dask_setup(_: Any) -> None:
    """Leave signals to the run: a terminal sends Ctrl-C, and Prefect SIGTERM, to its whole group.

    The run lets what is under way finish, which takes living workers. They end with its process.
    """
    os.setpgrp()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_pandas_out()
