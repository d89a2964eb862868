"""`atlas-forge completion`: the shell's completion script."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command(name="completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    Examples:
      eval "$(atlas-forge completion bash)"
      atlas-forge completion fish > ~/.config/fish/completions/atlas-forge.fish
    """
    from pipeline.cli.main import PROGRAM, cli

    kind = get_completion_class(shell)
    assert kind is not None, "the choice above lists what click has"
    click.echo(kind(cli, {}, PROGRAM, "_ATLAS_FORGE_COMPLETE").source())
