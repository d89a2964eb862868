"""Options that several commands share, and the settings they make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pipeline.settings import PROCESSES, THREADS, Settings, load_settings

Function = TypeVar("Function", bound=Callable[..., Any])


def out_option(function: Function) -> Function:
    """`--out`: the folder that holds the run folders."""
    return click.option("--out", metavar="DIR", help="Folder of the runs (default: runs).")(
        function
    )


def desk_option(function: Function) -> Function:
    """`--desk`: whose runs."""
    return click.option(
        "--desk", metavar="NAME", help="Desk of the run; the store keeps its parts under this name."
    )(function)


def mongo_option(function: Function) -> Function:
    """`--mongo`: the database of results."""
    return click.option(
        "--mongo",
        metavar="URI",
        help="MongoDB database of results; rather by ATLAS_FORGE_MONGO or ATLAS_FORGE_MONGO_FILE, "
        "since other users see command lines.",
    )(function)


def database_options(function: Function) -> Function:
    """`--database` and `--mongo`: the database of results is meant, not the folder."""
    flag = click.option(
        "--database", is_flag=True, help="In the database of ATLAS_FORGE_MONGO(_FILE) or --mongo."
    )
    return flag(mongo_option(function))


def database_of(database: bool, mongo: str | None) -> str | None:
    """The address that `database_options` mean; None: the folder. Raises click.UsageError."""
    if not database and mongo is None:
        return None
    uri = settings_of(mongo=mongo).mongo
    if not uri:
        raise click.UsageError(
            "--database: no database is set; ATLAS_FORGE_MONGO or ATLAS_FORGE_MONGO_FILE names it"
        )
    return uri


def execution_options(function: Function) -> Function:
    """How a run is carried out; none of these changes a figure."""
    for option in (
        click.option(
            "--no-pack",
            "pack",
            flag_value="no",
            help="Without the documents that the project asks for; `pack` makes them later.",
        ),
        click.option(
            "--partition-rows", metavar="N", help="Permutations a partition of a new run."
        ),
    ):
        function = option(function)
    return place_options(function)


def place_options(function: Function) -> Function:
    """Where work is done and kept."""
    for option in reversed(
        (
            click.option("--workers", metavar="N", help="Threads or processes (default: cores)."),
            click.option(
                "--compute",
                "compute",
                metavar="WHERE",
                help="threads (default), processes, serial, kubernetes, or tls://host:port of a "
                "Dask scheduler.",
            ),
            click.option("--threads", "compute", flag_value=THREADS, help="--compute threads."),
            click.option(
                "--processes", "compute", flag_value=PROCESSES, help="--compute processes."
            ),
            click.option(
                "--store", metavar="URL", help="Where checkpoints go, such as s3://bucket/prefix."
            ),
            mongo_option,
            click.option(
                "--scheduler",
                "compute",
                metavar="URL",
                help="--compute URL, such as tls://host:8786.",
            ),
            click.option("--dashboard", metavar="ADDRESS", help="Dask dashboard, such as :8787."),
            desk_option,
            click.option(
                "--no-wait",
                "wait",
                flag_value="no",
                help="Do not wait for another process that works on the same; exit 1.",
            ),
        )
    ):
        function = option(function)
    return function


def question_options(function: Function) -> Function:
    """What overrides the project's own `run:` block and makes another run of it."""
    for option in (
        click.option("--max-permutations", metavar="N", help="Sample size (default: project's)."),
        click.option("--seed", metavar="N", help="Seed of the sample (default: project's)."),
    ):
        function = option(function)
    return function


def settings_of(**given: Any) -> Settings:
    """Settings from options (None: not given), environment and defaults. Raises BadSettingError."""
    return load_settings(**given)


def formats_of(text: str) -> tuple[str, ...]:
    """Formats of documents in one order, whatever order they were given in.

    Raises click.UsageError.
    """
    from pipeline.reports.pack.rendering import FORMATS

    given = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in given if name not in FORMATS]
    if unknown or not given:
        raise click.UsageError(
            f"--formats {text!r}: has to be some of {', '.join(FORMATS)}, with commas between them"
        )
    return tuple(name for name in FORMATS if name in given)
