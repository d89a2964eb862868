"""The fenced blocks of a documentation page, and what the page tells its tests about them.

A comment right before a fence is for tests and no reader sees it: `<!-- test: exit 2 -->`. It holds
words with commas between them:

    file NAME     the block is the content of this file
    exit N        the commands end with this code; without it with 0
    names RUN_ID  the run that the commands print is what the page means by this word from here on
    needs WHAT    runs only where there is a service or a right that a test has to bring along

A block of `text` right after one of commands is what these print; a line `…` in it stands for any
number of lines that the page leaves out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

SHELL = ("bash", "sh", "shell")
LEFT_OUT = "…"
_MARK = re.compile(r"\s*<!-- test: (.*?) -->\s*")
_FENCE = re.compile(r"\s*```\s*([\w-]*)\s*$")
_HEADING = re.compile(r"#+ +(.*)")


class PageError(ValueError):
    """A page says to its tests what they do not understand."""


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, what it holds, what it says to tests."""

    page: str
    line: int  # of its first fence
    heading: str
    language: str
    text: str
    file: str = ""
    code: int = 0
    names: str = ""
    needs: str = ""
    shown: str | None = None  # what the page says that it prints

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def is_shell(self) -> bool:
        return self.language in SHELL


def blocks(path: Path) -> list[Block]:
    """All fenced blocks of a page, in order; an output is in the block that prints it."""
    found: list[Block] = []
    heading, mark, last_end = "", "", -1
    lines = path.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if fence := _FENCE.match(line):
            start, begin = number, number
            while number < len(lines) and lines[number].strip() != "```":
                number += 1
            if number == len(lines):
                raise PageError(f"{path.name}:{start}: the block has no end")
            text = "\n".join(lines[begin:number])
            number += 1
            printed = fence[1] == "text" and found and found[-1].is_shell and last_end >= 0
            if printed and not mark and not any(lines[last_end : start - 1]):
                found[-1] = _with_output(found[-1], text)
            else:
                said = _said(f"{path.name}:{start}", mark)
                found.append(Block(path.name, start, heading, fence[1], text, **said))
            mark, last_end = "", number
        elif said_here := _MARK.fullmatch(line):
            mark = said_here[1]
        elif title := _HEADING.fullmatch(line):
            heading, mark = title[1], ""
        elif line.strip() and mark:
            raise PageError(f"{path.name}:{number}: a comment for tests without a block")
    return found


def commands(text: str) -> list[str]:
    """The commands of a shell block, a line each: continued lines joined, remarks left out."""
    joined = re.sub(r"\\\n\s*", "", text)
    # a remark begins after a blank, as shells have it, outside quotation marks
    bare = (re.sub(r"""((?:^|\s)(?:[^'"#]|'[^']*'|"[^"]*"|(?<=\S)#)*?)\s+#\s.*$""", r"\1", line)
            for line in joined.splitlines())  # fmt: skip
    return [line.strip() for line in bare if line.strip() and not line.strip().startswith("#")]


def _with_output(block: Block, text: str) -> Block:
    kept = {name: getattr(block, name) for name in block.__dataclass_fields__}
    return Block(**{**kept, "shown": text})


def _said(place: str, mark: str) -> dict[str, object]:
    said: dict[str, object] = {}
    for word, _, rest in (part.strip().partition(" ") for part in mark.split(",") if part.strip()):
        if word not in ("file", "exit", "names", "needs") or not rest:
            raise PageError(f"{place}: tests do not understand {word!r}")
        said["code" if word == "exit" else word] = int(rest) if word == "exit" else rest
    return said
