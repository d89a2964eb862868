"""The `atlas-forge` group: lazy commands, `--json` anywhere, and how every error ends.

Exit codes: 0 done, 1 the work failed, 2 bad input, 130 interrupted. A user never sees a traceback
unless ATLAS_FORGE_DEBUG=1 asks for one.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

import click

from pipeline.cli.console import BAD_INPUT, FAILED, INTERRUPTED, OK, note, print_json
from pipeline.redaction import redacted, redacted_text

PROGRAM: Final = "atlas-forge"
_COMMANDS: Final = (
    "run", "resume", "plan", "status", "runs", "audit", "top", "explain", "evaluate", "validate",
    "catalogue", "rulebook", "market", "schema", "init", "doctor", "certificates", "completion",
    "show", "open", "compare", "export", "pack", "sensitivity",
    "near-misses", "break-even", "search", "golden", "rm", "gc", "migrate", "submit",
    "cancel",
)  # fmt: skip
JSON_FLAG: Final = "--json"


class LazyGroup(click.Group):
    """Imports a command's module when the command is used or listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of use."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None if there is no such."""
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"pipeline.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command


@click.group(
    cls=LazyGroup,
    epilog="`--json` anywhere prints one JSON document on stdout. Exit codes: 0 done, 1 the work "
    "failed, 2 bad input, 130 interrupted.",
)
@click.version_option(package_name="atlas-forge", prog_name=PROGRAM)
def cli() -> None:
    """Find, rate and rank the ways to finance an infrastructure project.

    \b
    Examples:
      atlas-forge init my-project.yaml
      atlas-forge plan my-project.yaml
      atlas-forge run my-project.yaml
      atlas-forge top RUN_ID -n 10
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(run_command(list(sys.argv[1:] if arguments is None else arguments)))


def run_command(arguments: list[str]) -> int:
    """Run one command line; returns the exit code."""
    rest, wants_json = _without_json(arguments)
    try:
        code = cli.main(
            rest,
            prog_name=PROGRAM,
            standalone_mode=False,
            obj={"json": wants_json},
        )
    except BaseException as error:  # noqa: BLE001 - the last place where an error can be told
        return _end(error, wants_json)
    return code if isinstance(code, int) else OK


def _without_json(arguments: list[str]) -> tuple[list[str], bool]:
    """The arguments without `--json`, which may stand anywhere before a `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    kept = [argument for argument in arguments[:end] if argument != JSON_FLAG]
    return kept + arguments[end:], len(kept) < end


def _end(error: BaseException, wants_json: bool) -> int:
    """Tell an error to the person (or the program) at the other end."""
    if os.environ.get("ATLAS_FORGE_DEBUG") == "1":
        sys.stderr.write(redacted_text("".join(traceback.format_exception(error))))
    match error:
        case SystemExit():
            return error.code if isinstance(error.code, int) else FAILED
        case click.exceptions.Exit():
            return error.exit_code
        case KeyboardInterrupt() | click.Abort():
            note("interrupted; the same command goes on from where it stopped")
            if wants_json:
                print_json(_document("interrupted", ["interrupted"]))
            return INTERRUPTED
        case BrokenPipeError():
            # The reader of our output has gone: nothing to tell it, and no error of ours.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return FAILED
    code, kind, messages = _told(error)
    if wants_json:
        print_json(redacted(_document(kind, messages, _records(error))))
    for message in messages:
        note(f"error: {message}")
    return code


def _told(error: BaseException) -> tuple[int, str, list[str]]:
    """Exit code, kind, and one message a problem."""
    if isinstance(error, click.UsageError):
        where = f" (see {error.ctx.command_path} --help)" if error.ctx else ""
        return BAD_INPUT, "bad input", [error.format_message() + where]
    if isinstance(error, click.ClickException):
        return error.exit_code, "failed", [error.format_message()]
    kinds = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    if kinds & _BAD_INPUT_KINDS:
        problems: Any = getattr(error, "errors", None) or str(error).splitlines()
        return BAD_INPUT, "bad input", [str(problem) for problem in problems]
    notes = list(getattr(error, "__notes__", []))
    if kinds & _EXPECTED_KINDS:
        failures: Any = getattr(error, "failures", None)
        return FAILED, "failed", [*(_by_cause(failures or ()) or [str(error)]), *notes]
    if isinstance(error, OSError):
        return FAILED, "failed", [str(error) or type(error).__name__, *notes]
    line = " ".join(str(error).split())
    return FAILED, "unexpected", [
        f"unexpected: {type(error).__name__}: {line}; ATLAS_FORGE_DEBUG=1 shows where",
        *notes,
    ]  # fmt: skip


def _by_cause(failures: Any) -> list[str]:
    """A message a cause: a store that is gone fails every partition under way alike."""
    items: dict[str, list[str]] = {}
    for each in failures:
        items.setdefault(each.cause, []).append(each.item)
    return [
        f"{first}{f' and {len(others)} more' if others else ''}: {cause}"
        for cause, (first, *others) in items.items()
    ]


# By name, so that telling an error does not import what the command did not use.
_BAD_INPUT_KINDS: Final = frozenset(
    {
        "pipeline.inputs.errors.InputErrors",
        "pipeline.settings.BadSettingError",
        "pipeline.storage.desk.OtherDeskError",
        "pipeline.storage.results.NoSuchRunError",
    }
)
_EXPECTED_KINDS: Final = frozenset(
    {
        "pipeline.compute.executor.PartitionsFailed",
        "pipeline.stages.analysis.StageIncompleteError",
        "pipeline.stages.input.OtherEngineError",
        "pipeline.storage.checkpoints.DamagedPartError",
        "pipeline.storage.lock.RunIsBusyError",
        "pipeline.storage.manifest.UnreadableDocumentError",
        "pipeline.storage.merge.MergeRefusedError",
        "pipeline.storage.mongo_connect.MongoRefusedError",
        "pipeline.storage.mongo_documents.UnstorableRowsError",
        "pipeline.storage.plan.UnreadablePlanError",
        "flows.asking.AskingError",
        "flows.server.ServerStartError",
    }
)


def _records(error: BaseException) -> list[dict[str, Any]]:
    """The parts of each problem, where the error has such: file, path, value, what is allowed."""
    problems: Any = getattr(error, "errors", None) or getattr(error, "failures", None) or ()
    return [asdict(problem) for problem in problems]


def _document(
    kind: str, messages: list[str], records: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {"schema": 1, "error": kind, "messages": messages, "problems": records or []}


if __name__ == "__main__":
    main()
