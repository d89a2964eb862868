"""A pack as files: its documents in the formats asked for, a folder sealed by its list, a ZIP.

The same dossier gives the same bytes. A folder whose `pack.json` is missing, or names a file with
another digest, was cut off or changed: it is written last.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipeline.escape import path_part
from pipeline.reports.pack import contents
from pipeline.reports.pack.checklist import checklist
from pipeline.reports.pack.compliance import compliance
from pipeline.reports.pack.document import Document
from pipeline.reports.pack.dossier import Dossier
from pipeline.reports.pack.investor_pack import investor_pack
from pipeline.reports.pack.rendering import FORMATS, in_workbook, rendered
from pipeline.reports.pack.sidecar import sidecar
from pipeline.reports.pack.stress_grid import stress_grid
from pipeline.reports.pack.term_sheet import term_sheets
from pipeline.reports.pack.waterfall_summary import waterfall_detail, waterfall_summary
from pipeline.storage.manifest import UnreadableDocumentError, json_bytes, read_json
from pipeline.storage.store import write_file

FOLDER: Final = "reports/packs"  # of the pack that a run makes at its end
LIST_NAME: Final = "pack.json"
SCHEMA: Final = 1
WORKBOOK: Final = "pack.xlsx"
Builder = Callable[[Dossier], Document]
# Words of DocumentPackFlags_113 and the documents each asks for, in the order of the pack. The
# information memorandum is what investors and their agencies read.
_TERM_SHEETS: Final = "TermSheets"
_WATERFALL: Final = "WaterfallPDF"
_MEMORANDUM: Final = "IM"
_MODEL: Final = "ModelExport"
FLAGS: Final = (_MEMORANDUM, _TERM_SHEETS, _WATERFALL, _MODEL)
_DOCUMENTS: Final[tuple[tuple[str, Builder], ...]] = (
    (_TERM_SHEETS, term_sheets),
    (_MEMORANDUM, compliance),
    (_MEMORANDUM, stress_grid),
    (_WATERFALL, waterfall_summary),
    (_MEMORANDUM, sidecar),
    (_MEMORANDUM, checklist),
    (_MEMORANDUM, investor_pack),
)
_IN_WORD: Final = frozenset((term_sheets,))


@dataclass(frozen=True)
class WrittenPack:
    """A pack on disk: its folder, its ZIP, and its files in the order of the contents page."""

    permutation_id: int
    folder: Path
    archive: Path
    files: tuple[str, ...]

    @property
    def paths(self) -> list[Path]:
        """All that was written."""
        return [self.archive, self.folder / LIST_NAME, *(self.folder / each for each in self.files)]


def pack_files(
    dossier: Dossier, formats: Sequence[str] = FORMATS, flags: Sequence[str] = FLAGS
) -> dict[str, bytes]:
    """The files of a structure's pack by name; `flags` choose documents as the catalogue does."""
    builders = [build for flag, build in _DOCUMENTS if flag in flags]
    documents = [build(dossier) for build in builders]
    named = {
        document.key: [
            f"{document.key}.{each}"
            for each in ("pdf", "docx", "html")
            if each in formats and (each != "docx" or build in _IN_WORD)
        ]
        for build, document in zip(builders, documents, strict=True)
    }
    in_excel = "xlsx" in formats
    if in_excel:
        for names in named.values():
            names.append(WORKBOOK)
        if _MODEL in flags:
            named[contents.MODEL] = [contents.MODEL]
    first = contents.contents(dossier, documents, named)
    files: dict[str, bytes] = {}
    for each in formats:
        if each in ("pdf", "html"):
            files[f"{first.key}.{each}"] = rendered(first, each)
    for document in documents:
        for name in named[document.key]:
            if name != WORKBOOK:
                files[name] = rendered(document, name.rpartition(".")[2])
    if in_excel and documents:
        detailed = [waterfall_detail(dossier)] if _WATERFALL in flags else []
        files[WORKBOOK] = in_workbook([first, *documents, *detailed])
    if contents.MODEL in named:
        from pipeline.reports.workbook.model import model_workbook  # noqa: PLC0415

        files[contents.MODEL] = model_workbook(dossier)
    return files


def write_pack(
    parent: Path, dossier: Dossier, formats: Sequence[str], flags: Sequence[str] = FLAGS
) -> WrittenPack:
    """Make a structure's pack and write its folder and ZIP under `parent`. Raises OSError.

    What an earlier pack of this structure had and this one has not is removed.
    """
    files = pack_files(dossier, formats, flags)
    name = f"{path_part(dossier.run_id)}-{dossier.permutation_id}"
    folder, archive = parent / name, parent / f"{name}.zip"
    listed = _list(dossier, formats, flags, files)
    _remove_earlier(folder, keep=files)
    for file, data in files.items():
        write_file(folder / file, data)
    write_file(archive, zipped(name, {LIST_NAME: listed, **files}, dossier))
    write_file(folder / LIST_NAME, listed)
    return WrittenPack(dossier.permutation_id, folder, archive, tuple(files))


def zipped(name: str, files: dict[str, bytes], dossier: Dossier) -> bytes:
    """The files as a ZIP of one folder, dated as the run."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for file, data in files.items():
            entry = zipfile.ZipInfo(f"{name}/{file}", dossier.made_at.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, whatever wrote it
            archive.writestr(entry, data)
    return buffer.getvalue()


def intact(folder: Path) -> bool:
    """Whether a pack's folder holds what its list names, byte by byte."""
    try:
        listed = read_json(folder / LIST_NAME)
        return all(
            hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
            for name, digest in listed["files"].items()
        )
    except (UnreadableDocumentError, OSError, KeyError, AttributeError):
        return False


def _list(
    dossier: Dossier, formats: Sequence[str], flags: Sequence[str], files: dict[str, bytes]
) -> bytes:
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "run_id": dossier.run_id,
        "permutation_id": dossier.permutation_id,
        "made_at": dossier.manifest["created_at"],
        "formats": list(formats),
        "documents": list(flags),
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    }
    return json_bytes(told)


def _remove_earlier(folder: Path, keep: Iterable[str]) -> None:
    """Take the list away first: from here on the folder is not sealed."""
    try:
        earlier = read_json(folder / LIST_NAME)["files"]
    except (UnreadableDocumentError, KeyError):
        earlier = {}
    (folder / LIST_NAME).unlink(missing_ok=True)
    for name in set(earlier) - set(keep):
        if Path(name).name == name:
            (folder / name).unlink(missing_ok=True)
