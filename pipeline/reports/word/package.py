"""A Word file's bytes without a clock: members in their order, all with one date."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime


def settled(data: bytes, made_at: datetime) -> bytes:
    """The same package with every member dated `made_at`, so that the same content is the same."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as target,
    ):
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, made_at.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, whatever wrote it
            entry.external_attr = 0o644 << 16
            target.writestr(entry, source.read(name))
    return buffer.getvalue()
