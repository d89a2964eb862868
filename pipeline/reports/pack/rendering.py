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
            from pipeline.reports.pdf.document import render as in_pdf  # noqa: PLC0415

            return in_pdf(document)
        case "docx":
            from pipeline.reports.word.document import render as in_word  # noqa: PLC0415

            return in_word(document)
        case "html":
            from pipeline.reports.html.pack_document import render as in_html  # noqa: PLC0415

            return in_html(document).encode()
        case "xlsx":
            return in_workbook([document])
    raise ValueError(f"{form}: has to be one of {', '.join(FORMATS)}")


def in_workbook(documents: Sequence[Document]) -> bytes:
    """Documents as the sheets of one workbook."""
    from pipeline.reports.workbook.documents import render  # noqa: PLC0415

    return render(documents)
