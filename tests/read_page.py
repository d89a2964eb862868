"""A run's page read back: its elements, and its embedded rows by a decoder of their own."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import lxml.html

_FORMATS = {1: "B", 2: "H", 4: "I"}


class ReadPage:
    """The page at `path`."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text(encoding="utf-8")
        self.tree = lxml.html.document_fromstring(self.text.encode())
        self.facts: dict[str, Any] = json.loads(self.only("//script[@id='facts']").text or "")

    def only(self, path: str) -> Any:
        """The one element of an XPath."""
        (found,) = self.tree.xpath(path)
        return found

    def texts(self, path: str) -> list[str]:
        """What each element of an XPath says, blanks as one."""
        return [" ".join(each.text_content().split()) for each in self.tree.xpath(path)]

    def rows(self, section: str) -> list[list[str]]:
        """Cells of the first table's body in a section."""
        table = self.tree.xpath(f"//section[@id='{section}']//table")[0]
        return [
            [" ".join(" ".join(cell.itertext()).split()) for cell in row.xpath("./th|./td")]
            for row in table.xpath(".//tbody/tr")
        ]

    def columns(self) -> dict[str, list[Any]]:
        """Every embedded column, a value a row."""
        found: dict[str, list[Any]] = {}
        for block, about in self.facts["columns"].items():
            data = zlib.decompress(
                base64.b64decode(self.only(f"//script[@id='block-{block}']").text)
            )
            for column in about:
                found[column["name"]] = self._column(column, data)
        return found

    def _column(self, about: dict[str, Any], data: bytes) -> list[Any]:
        count, rows = about["count"], self.facts["rows"]
        values = about["values"]
        if values is None:
            values = struct.unpack_from(f"<{count}d", data, about["at"])
        places = struct.unpack_from(f"<{rows}{_FORMATS[about['width']]}", data, about["placesAt"])
        return [values[place] if place < count else None for place in places]
