"""`atlas-forge rulebook`: what the rules are, and what two rulebooks have differently."""

from __future__ import annotations

from typing import Any

import click

from pipeline.cli.console import BAD_INPUT, print_json, say, wants_json

_DEFAULT = "v1"
_OF_A_RULE = ("title", "enabled", "action", "source", "reason", "balloon_reason")


@click.group(name="rulebook")
def command() -> None:
    """Show, compare and check rulebooks: every threshold, limit and weight with its source.

    A rulebook is named by its file or, when built in, by its name.

    \b
    Examples:
      atlas-forge rulebook show
      atlas-forge rulebook diff v1 my-rules.yaml
      atlas-forge rulebook check my-rules.yaml
    """


@command.command(name="show")
@click.argument("book", metavar="[NAME|FILE]", default=_DEFAULT)
def show(book: str) -> None:
    """List the rules with key, action, threshold and source, then every other figure.

    \b
    Examples:
      atlas-forge rulebook show
      atlas-forge rulebook show my-rules.yaml --json
    """
    from pipeline.cli.books import left_aligned, text_of
    from pipeline.cli.references import modelled, opened
    from pipeline.inputs.leaves import leaves_of
    from pipeline.inputs.rulebook import RulebookFile

    source = opened(book, "rulebooks")
    content, _ = modelled(RulebookFile, source)
    whole = content.model_dump(mode="json", by_alias=True, exclude_none=True)
    if wants_json():
        print_json({**whole, "sha256": source.digest})
        return
    say(f"Rulebook {content.name} {content.version} of {content.date}, sha256 {source.digest}")
    rows = [row for key, rule in whole["rules"].items() for row in _rule_rows(key, rule)]
    say("\n" + left_aligned(["key", "is", "action", "threshold", "source"], rows))
    others = [
        [path, text_of(value)]
        for path, value in leaves_of(content).items()
        if not path.startswith("rules.") and "." in path
    ]
    say("\n" + left_aligned(["other figures", "value"], others))


@command.command(name="diff")
@click.argument("old")
@click.argument("new")
@click.option("--exit-code", is_flag=True, help="End with 1 when they differ.")
@click.pass_context
def diff(context: click.Context, old: str, new: str, exit_code: bool) -> None:
    """List every figure that two rulebooks have differently, and what it concerns.

    The last column names the reason, warning or figure that a change moves: `+` more of it when
    the figure is raised, `-` less.

    \b
    Examples:
      atlas-forge rulebook diff v1 my-rules.yaml
      atlas-forge rulebook diff old.yaml new.yaml --exit-code --json
    """
    from pipeline.cli.books import show_changes
    from pipeline.cli.references import modelled, opened
    from pipeline.inputs.leaves import changes_between
    from pipeline.inputs.rulebook import RulebookFile

    before, after = (modelled(RulebookFile, opened(name, "rulebooks"))[0] for name in (old, new))
    show_changes(context, old, new, changes_between(before, after), exit_code)


@command.command(name="check")
@click.argument("file")
@click.pass_context
def check(context: click.Context, file: str) -> None:
    """Check a rulebook: all problems at once, and what is off or softer than a rejection.

    \b
    Examples:
      atlas-forge rulebook check my-rules.yaml
    """
    from pipeline.cli.books import end_check
    from pipeline.cli.references import modelled, opened
    from pipeline.inputs.errors import InputErrors
    from pipeline.inputs.rulebook import RulebookFile

    try:
        source = opened(file, "rulebooks")
        content, collector = modelled(RulebookFile, source)
    except InputErrors as errors:
        if not wants_json():
            raise
        end_check(context, file, {}, [], errors.errors, ())
        context.exit(BAD_INPUT)
    rules: dict[str, Any] = content.model_dump(by_alias=True)["rules"]
    for key, rule in rules.items():
        if not rule["enabled"]:
            collector.warning(f"rules.{key}.enabled", "is off: this rule changes no verdict")
    actions = {key: rule["action"] if rule["enabled"] else "off" for key, rule in rules.items()}
    told = {
        "name": content.name,
        "version": content.version,
        "date": str(content.date),
        "sha256": source.digest,
        "actions": actions,
    }
    chosen = list(actions.values())
    counted = ", ".join(
        f"{chosen.count(action)} {words}"
        for action, words in (
            ("reject", "reject"), ("downgrade", "downgrade"), ("warn", "warn"), ("off", "are off"),
        )
        if action in chosen
    )  # fmt: skip
    line = f"{file}: rulebook {content.name} {content.version} of {content.date} is sound"
    end_check(
        context, file, told, [f"{line}; of its rules {counted}"], (), tuple(collector.warnings)
    )


def _rule_rows(key: str, rule: dict[str, Any]) -> list[list[str]]:
    """A rule's rows: one a line of its threshold, the rest on the first."""
    lines = _threshold_lines({n: each for n, each in rule.items() if n not in _OF_A_RULE})
    told = [key, "on" if rule["enabled"] else "off", rule["action"], lines[0], rule["source"]]
    return [told, *(["", "", "", line, ""] for line in lines[1:])]


def _threshold_lines(parts: dict[str, Any]) -> list[str]:
    own = parts.pop("threshold", {})
    table_of_ratings = any(isinstance(each, dict) for each in own.values())
    texts = [f"{name}: {_plain(each)}" for name, each in own.items()]
    lines = texts if table_of_ratings else [", ".join(texts)] if texts else []
    lines += [f"{name}: {_plain(value)}" for name, value in parts.items()]
    return lines or ["-"]


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(each)}" for name, each in value.items())
    if isinstance(value, list):
        return "/".join(_plain(each) for each in value) or "none"
    if value is None:
        return "N/A"
    return f"{value:g}" if isinstance(value, float) else str(value)
