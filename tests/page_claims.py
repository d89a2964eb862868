"""Which test types which commands of a page: said once, at the test that gets them to type.

    @types("docs/runbook.md", needs="mongo")
    def test_…(…, typed: Typed) -> None: …

gives a test the blocks of a page, and says of them that they are typed. What no test says that it
types is found by tests/unit/test_page_claims.py, which asks all tests and keeps no list of its own.
A block that a test was given and did not take fails the test.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.page_blocks import Block, blocks
from tests.page_commands import ROOT, why_not_typed

Test = Callable[..., None]
MONGOSH = "javascript"


class Typed(Sequence[Block]):
    """Blocks in the order of their page, which remember whether they were taken."""

    def __init__(self, found: Sequence[Block]) -> None:
        self._found = tuple(found)
        self._taken: set[str] = set()

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, index: Any) -> Any:
        found = self._found[index]
        self._taken.update(each.place for each in ([found] if isinstance(found, Block) else found))
        return found

    def under(self, heading: str) -> list[Block]:
        """The blocks under a heading; there is one at least."""
        places = [place for place, each in enumerate(self._found) if each.heading == heading]
        assert places, f"nothing to type under {heading!r}"
        return [self[place] for place in places]

    def script(self, heading: str) -> str:
        """The commands under a heading, as one text."""
        return "\n".join(block.text for block in self.under(heading))

    @property
    def left(self) -> list[str]:
        """The places of blocks that nobody took."""
        return [each.place for each in self._found if each.place not in self._taken]


@functools.cache
def of_page(page: str) -> tuple[Block, ...]:
    """The blocks of a page, read once: claims and what they are held beside are of one reading."""
    return tuple(blocks(ROOT / page))


def typeable(page: str) -> dict[str, Block]:
    """By place: every block of a page that holds commands, of a shell or of mongosh."""
    return {
        f"{page}:{each.line}": each
        for each in of_page(page)
        if each.is_shell or each.language == MONGOSH
    }


def types(
    *pages: str,
    needs: str = "",
    language: str = "",
    under: Sequence[str] = (),
    each: bool = False,
) -> Any:
    """Gives a test the blocks of pages that say they need this, as `typed`.

    Without `needs` these are the blocks that need nothing but the programs of a machine, and the
    files that a page has a reader write. `under` takes those under some headings alone; with `each`
    the test is called once a block. Raises AssertionError where a page has none.
    """

    def mine(block: Block) -> bool:
        if under and block.heading not in under:
            return False
        if language:
            return block.language == language
        if needs:
            return block.is_shell and block.needs == needs
        return bool(block.file) or (block.is_shell and not why_not_typed(block))

    found: list[Block] = []
    places: set[str] = set()
    for page in pages:
        here = [block for block in of_page(page) if mine(block)]
        assert here, f"{page} has no block that needs {needs or language or 'nothing'}"
        found += here
        places |= {f"{page}:{block.line}" for block in here}
    groups = [(block,) for block in found] if each else [tuple(found)]
    names = [group[0].place if each else ",".join(Path(page).name for page in pages)
             for group in groups]  # fmt: skip

    def given(test: Test) -> Test:
        @functools.wraps(test)
        def checked(*args: Any, typed: Sequence[Block], **rest: Any) -> None:
            taken = Typed(typed)
            test(*args, typed=taken, **rest)
            assert taken.left == [], "the test says that it types these, and did not"

        checked.__dict__["page_blocks"] = places
        return pytest.mark.parametrize("typed", groups, ids=names)(checked)

    return given


@functools.cache
def claimed() -> dict[str, list[str]]:
    """By place of a block: the tests that type it, asked of the tests themselves."""
    told: dict[str, list[str]] = {}
    for name, test in _tests():
        for place in getattr(test, "page_blocks", ()):
            told.setdefault(place, []).append(name)
    return told


def _tests() -> Iterator[tuple[str, Any]]:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if "page_claims import" not in path.read_text(encoding="utf-8"):
            continue
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for name, test in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_"):
                yield f"{path.relative_to(ROOT)}::{name}", test
