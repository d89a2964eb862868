"""A person at a shell who types what a page says, and holds what is printed beside the page.

`python -m tests.page_shell docs/tutorial.md` types a page and writes what is printed into it, where
the page shows an output whole.
"""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.page_blocks import LEFT_OUT, Block, blocks

ROOT = Path(__file__).resolve().parents[1]
LIMIT_S = 240
RUN = re.compile(r"\b[a-z][a-z0-9-]*-[0-9a-f]{12}\b")
# What differs from machine to machine, from day to day, or with the engine's digest.
_VARIES = (
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"\b\d+ days old"), "N days old"),
    (re.compile(r"\b[\d.,]+ (s|ms|rows/s|kB|MB|GB|bytes)(?![\w/])"), r"N \1"),
    (re.compile(r"\b(engine|plan) [0-9a-f]{12,}"), r"\1 DIGEST"),
    (re.compile(r"\bon \d+ workers"), "on N workers"),
)


class Shell:
    """A home with `atlas-forge` in its PATH, and the runs that a page has named."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.runs: dict[str, str] = {}
        (home / "bin").mkdir(parents=True)
        self.work = home / "work"
        self.work.mkdir()
        for name, module in (("python", ""), ("atlas-forge", " -m pipeline.cli.main")):
            program = home / "bin" / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n')
            program.chmod(0o755)

    def typed(self, script: str) -> subprocess.CompletedProcess[str]:
        """What comes of commands; the first that fails is the last."""
        for name, run_id in self.runs.items():
            script = re.sub(rf"\b{name}\b", run_id, script)
        kept = {name: value for name, value in os.environ.items() if "ATLAS_FORGE" not in name}
        path = f"{self.home / 'bin'}:{os.environ['PATH']}"
        # `open` finds no browser but this one, which shows nothing
        found = ":".join(filter(None, [str(ROOT), kept.get("PYTHONPATH")]))
        more = {"HOME": str(self.home), "PATH": path, "PYTHONPATH": found, "BROWSER": "true"}
        return subprocess.run(
            ["/bin/bash", "-euc", script],
            env={**kept, **more}, cwd=self.work, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=LIMIT_S, check=False,
        )  # fmt: skip

    def plain(self, text: str) -> list[str]:
        """Lines without what may differ: ids, times, sizes, folders, widths of columns."""
        text = text.replace(f"{self.work}/", "")
        for name in self.runs:
            text = re.sub(rf"\b{name}\b", "RUN", text)
        text = RUN.sub("RUN", text)
        for pattern, word in _VARIES:
            text = pattern.sub(word, text)
        return [re.sub(r"\s+", " ", line).strip() for line in text.strip().splitlines()]

    def follow(self, block: Block) -> str:
        """Do what a block says; returns what it printed. Raises AssertionError with the place."""
        if block.file:
            (self.work / block.file).write_text(block.text + "\n")
            return ""
        if not block.is_shell:
            return ""
        done = self.typed(block.text)
        printed = done.stderr if block.code else done.stdout
        if done.returncode != block.code:
            raise AssertionError(
                f"{block.place}: exit {done.returncode}, the page says {block.code}\n"
                f"{block.text}\n{done.stdout}{done.stderr}"
            )
        if block.names:
            run = RUN.search(done.stdout)
            if run is None:
                raise AssertionError(f"{block.place}: no run is named\n{done.stdout}")
            self.runs[block.names] = run[0]
        if block.shown is not None and (told := self.differs(block.shown, printed)):
            raise AssertionError(f"{block.place}: the page shows something else\n{told}")
        return printed

    def differs(self, shown: str, printed: str) -> str:
        """The difference of a page's output from the real one; empty: none."""
        page, real = self.plain(shown), self.plain(printed)
        if LEFT_OUT not in page:
            return "\n".join(difflib.unified_diff(page, real, "page", "printed", lineterm=""))
        parts = "\n".join(page).split(LEFT_OUT)
        at = 0
        for number, part in enumerate(parts):
            wanted = part.strip("\n").splitlines()
            places = [
                start
                for start in range(at, len(real) - len(wanted) + 1)
                if real[start : start + len(wanted)] == wanted
                and (number or start == 0)
                and (number < len(parts) - 1 or not wanted or start + len(wanted) == len(real))
            ]
            if not places:
                return "\n".join(["not printed:", *wanted, "printed:", *real[at:]])
            at = places[0] + len(wanted)
        return ""


def write_outputs(path: Path) -> None:
    """Type a page from its beginning and write what is printed where it shows all of it."""
    text = path.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(Path(folder))
        for block in blocks(path):
            if block.needs:
                continue
            shown, told = block.shown, block
            if shown is not None and LEFT_OUT not in shown.split():
                told = Block(**{**vars(block), "shown": None})
            printed = shell.follow(told).replace(f"{shell.work}/", "").strip("\n")
            if told is not block:
                lines = "\n".join(line.rstrip() for line in printed.splitlines())
                before = f"{block.text}\n```\n\n```text\n"
                old = f"{before}{shown}\n```" if shown else f"{before}```"
                text = text.replace(old, f"{before}{lines}\n```")
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    import pipeline  # noqa: F401  (its import names the folder of compiled kernels)

    for name in sys.argv[1:]:
        write_outputs(Path(name))
