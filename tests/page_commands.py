"""What can be said of a command on a page without running it: is there such a thing at all?

Programs that need a cluster, a server or an administrator are not started in tests of pages; here
their lines are held against the chart, the folders and the Makefile of this repository instead.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
from functools import cache
from itertools import pairwise
from pathlib import Path

import click

from pipeline.cli.main import JSON_FLAG, cli
from tests.page_blocks import Block, blocks, commands

ROOT = Path(__file__).resolve().parents[1]
# why a line with one of these is not typed by a test
NOT_TYPED = {
    "kubectl": "needs a Kubernetes cluster",
    "helm": "needs a Kubernetes cluster to install into; the chart is rendered in tests/unit/chart",
    "dask": "starts a server that does not end",
    "docker": "needs Docker",
    "k8s/local/up": "makes a cluster",
    "k8s/local/down": "removes a cluster",
    "k8s/local/secrets": "needs a Kubernetes cluster",
    "sudo": "needs an administrator",
    "apt-get": "needs an administrator",
    "git": "needs the repository's host",
    "prefect": "needs a Prefect server; tests/services starts one",
    "atlas-forge submit": "needs a Prefect server; tests/services starts one",
    "atlas-forge cancel": "needs a Prefect server; tests/services starts one",
    "make": "is about the repository; CI runs it",
}
_PLAIN = (
    "cat cd chmod cp curl echo env exit export false grep ls mkdir mv openssl ps sed sleep source "
    "tar true umask"
).split()
_KUBECTL = (
    "annotate api-resources apply auth cluster-info cordon cp create delete describe drain edit "
    "exec explain expose get label logs patch port-forward rollout scale set top uncordon version "
    "wait"
).split()
_HEREDOC = re.compile(r"(<<-?\s*['\"]?(\w+)['\"]?.*\n)(?:.*\n)*?\2(?=\n|$)")


def lines_of(block: Block) -> list[str]:
    """The commands of a block, without the text of here-documents."""
    return commands(_HEREDOC.sub(r"\1", block.text + "\n"))


def why_not_typed(block: Block) -> str:
    """The reason that a block cannot be typed here; empty: it can."""
    if block.needs:
        return block.needs
    for line in lines_of(block):
        for name, reason in NOT_TYPED.items():
            if re.search(rf"(^|[|;&(]\s*|\s){re.escape(name)}\s", f"{line} "):
                return reason
    return ""


def wrong(block: Block) -> list[str]:
    """What is wrong with a block's commands, each with its place."""
    return [f"{block.place}: {line}: {what}" for line in lines_of(block) for what in _wrong(line)]


def pages() -> list[Path]:
    """The pages for users, generated ones aside."""
    found = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "k8s/README.md")]
    found += [*(ROOT / "helm").rglob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(path for path in found if path.parent.name not in ("reference", "decisions"))


def shell_blocks(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.is_shell]


def _wrong(line: str) -> list[str]:
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        return [str(error)]
    parts: list[list[str]] = [[]]
    for word in words:
        if word in ("|", "&&", "||", ";", "do", "then", "done", "fi") or word.endswith(";"):
            parts[-1] += [word[:-1]] if word.endswith(";") and word != ";" else []
            parts.append([])
        else:
            parts[-1].append(word)
    return [what for part in parts if (what := _wrong_command(_bare(part)))]


def _bare(words: list[str]) -> list[str]:
    """Without settings before it and without what is redirected."""
    while words and re.match(r"\w+=", words[0]):
        words = words[1:]
    kept: list[str] = []
    skip = False
    for word in words:
        if skip or re.fullmatch(r"\d?(>>?|<)", word):
            skip = not skip
        elif not re.match(r"(\d?>>?|<)\S|<<|\d?>&", word):
            kept.append(word)
    return kept


def _wrong_command(words: list[str]) -> str:
    if not words:
        return ""
    program, rest = words[0].removeprefix("./"), words[1:]
    name = program.rsplit("/", 1)[-1]
    if name == "atlas-forge":
        return _wrong_arguments(cli, rest)
    if program == "make":
        targets = [word for word in rest if "=" not in word and not word.startswith("-")]
        return "".join(f"no target {each}; " for each in targets if each not in _targets())
    if name in ("python", "python3") and rest[:1] == ["-m"]:
        found = rest[1] == "venv" or importlib.util.find_spec(rest[1]) is not None
        return "" if found else f"no module {rest[1]}"
    if program.startswith(("scripts/", "k8s/", ".ci/")):
        return "" if (ROOT / program).is_file() else f"no file {program}"
    if program in ("kubectl", "helm"):
        return _wrong_places(program, rest)
    known = {*_PLAIN, *NOT_TYPED, "python", "pre-commit", "uv", "pip"}
    return "" if name in known else "a program that tests know nothing of"


def _wrong_arguments(command: click.Command, words: list[str]) -> str:
    context = click.Context(command)
    while isinstance(command, click.Group):
        words = [word for word in words if word != JSON_FLAG]
        if not words or words[0].startswith("-"):
            break
        inner = command.get_command(context, words[0])
        if inner is None:
            return f"no command {words[0]}"
        command, words = inner, words[1:]
        context = click.Context(command, parent=context, info_name=command.name)
    words = [word for word in words if word != JSON_FLAG]
    try:
        # the parser knows options and counts arguments; values are looked at when it runs
        values, extra, _ = command.make_parser(context).parse_args(list(words))
        if extra:
            return f"unexpected extra argument {extra[0]}"
        for each in command.params:
            given = values.get(each.name or "")
            if isinstance(each.type, click.Choice) and isinstance(given, str):
                each.type.convert(given, each, context)
            if isinstance(each, click.Argument) and each.required and not _given(given):
                return f"{each.name} is missing"
    except click.UsageError as error:
        return error.format_message()
    return ""


def _given(value: object) -> bool:
    return isinstance(value, (str, tuple)) and bool(value) and value != (None,)


def _wrong_places(program: str, words: list[str]) -> str:
    if program == "kubectl":
        verbs = [word for word in words if word in _KUBECTL]
        if not verbs:
            return "no such command of kubectl"
    for flag, value in pairwise(words):
        local = "/" in value and not re.match(r"[a-z]+:|/|\$|~", value)
        if flag in ("-k", "-f", "--values", "--filename") and local and not (ROOT / value).exists():
            return f"no {value} in the repository"
    if program == "helm" and words[:1] not in (["repo"], ["pull"], ["dependency"]):
        charts = [word for word in words if word.startswith("helm/")]
        for chart in charts:
            if not (ROOT / chart).exists():
                return f"no {chart} in the repository"
    return ""


@cache
def _targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
