"""A finished run with as many survivors as a test of size needs: real rows under new numbers."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.storage.manifest import file_digest

_GROUP = 50_000  # rows of a row group, about as many as a large run's ranked.parquet has


def grown(finished: Path, folder: Path, rows: int) -> Path:
    """A sealed copy of the run with `rows` survivors, its own over and over, in `folder`."""
    run = folder / finished.name
    shutil.copytree(finished, run, ignore=shutil.ignore_patterns("checkpoints", "evaluated"))
    table = pq.read_table(finished / "ranked.parquet")
    step = int(max(table["permutation_id"].to_numpy())) + 1
    copies = pa.concat_tables([table] * -(-_GROUP // table.num_rows)).slice(0, _GROUP)
    places = np.arange(_GROUP) // table.num_rows
    rounds = int(places[-1]) + 1
    with pq.ParquetWriter(run / "ranked.parquet", table.schema, write_page_checksum=True) as writer:
        for start in range(0, rows, _GROUP):
            ids = copies["permutation_id"].to_numpy() + (places + start // _GROUP * rounds) * step
            ranks = np.arange(start + 1, start + 1 + _GROUP)
            some = _with(_with(copies, "permutation_id", ids), "rank", ranks)
            writer.write_table(some.slice(0, min(_GROUP, rows - start)), row_group_size=_GROUP)
    summary = json.loads((run / "summary.json").read_bytes()) | {"survivors": rows}
    (run / "summary.json").write_text(json.dumps(summary))
    manifest = json.loads((run / "manifest.json").read_bytes())
    for name in ("ranked.parquet", "summary.json"):
        manifest["outputs"][name] = file_digest(run / name)
    (run / "manifest.json").write_text(json.dumps(manifest))
    return run


def _with(table: pa.Table, name: str, values: np.ndarray) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(name), pa.array(values, pa.int64()))
