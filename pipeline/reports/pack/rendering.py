"""A document in one of the formats that documents are written in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipeline.reports.pack.document import Document

FORMATS: Final = ("pdf", "xlsx", "docx", "html")


def rendered(document: Document, form: str) -> bytes:
    """A document in `pdf`, `docx`, `html` or, by itself, `xlsx`."""
    # Each renderer's library takes tenths of a second to import.
    match form:
        case "pdf":
            from pipeline.reports.pdf import document as pdf  # noqa: PLC0415

            return pdf.render(document)
        case "docx":
            from pipeline.reports.word import document as word  # noqa: PLC0415

            return word.render(document)
        case "html":
            from pipeline.reports.html import pack_document as page  # noqa: PLC0415

            return page.render(document).encode()
        case "xlsx":
            return in_workbook([document])
    raise ValueError(f"{form}: has to be one of {', '.join(FORMATS)}")


def in_workbook(documents: Sequence[Document]) -> bytes:
    """Documents as the sheets of one workbook."""
    from pipeline.reports.workbook import documents as workbook  # noqa: PLC0415

    return workbook.render(documents)
