"""`atlas-forge completion`: the shell's completion script."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

_KINDS: dict[str, type[ShellComplete]] = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
}


@click.command(name="completion")
@click.argument("shell", type=click.Choice(list(_KINDS)))
def command(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    Examples:
      eval "$(atlas-forge completion bash)"
      atlas-forge completion fish > ~/.config/fish/completions/atlas-forge.fish
    """
    from pipeline.cli.main import PROGRAM, cli

    kind = _KINDS[shell]
    click.echo(kind(cli, {}, PROGRAM, "_ATLAS_FORGE_COMPLETE").source())
