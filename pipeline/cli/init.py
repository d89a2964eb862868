"""`atlas-forge init`: a commented project file to start from."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.console import print_json, say, wants_json


@click.command(name="init")
@click.argument("file", default="project.yaml")
def command(file: str) -> None:
    """Write a starter project to FILE (default: project.yaml); never overwrites.

    \b
    Examples:
      atlas-forge init
      atlas-forge init my-project.yaml
    """
    from pipeline.inputs.errors import InputError, InputErrors
    from pipeline.inputs.starter import STARTER

    try:
        with Path(file).open("x", encoding="utf-8") as stream:
            stream.write(STARTER)
    except FileExistsError:
        raise InputErrors(
            [InputError(file, "", "", "exists already; nothing is changed")]
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputErrors([InputError(file, "", "", f"cannot be written: {reason}")]) from None
    if wants_json():
        print_json({"schema": 1, "file": file})
    else:
        say(f"{file} is written. Next: atlas-forge validate {file}, then atlas-forge run {file}")
