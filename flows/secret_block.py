"""Secrets of a run from a Prefect Secret block: a parameter names the block, never a value.

The block holds a JSON object of environment variables, saved as text: Prefect 3.8 hides a text, but
shows the values of an object to everybody who may read blocks. They are set in the process of the
flow run alone, before a cluster of this machine starts, and are gone with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from pipeline.redaction import hide

ALLOWED: Final = (
    "ATLAS_FORGE_MONGO",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)


class BadSecretBlockError(Exception):
    """A block that cannot be used; the text tells names, never values."""


@contextmanager
def secrets_of_block(name: str) -> Iterator[None]:
    """The variables of the block `name` are in the environment; an empty name changes nothing.

    Raises BadSecretBlockError.
    """
    found = _read(name) if name else {}
    before = {variable: os.environ.get(variable) for variable in found}
    os.environ.update(found)
    try:
        yield
    finally:
        for variable, value in before.items():
            if value is None:
                os.environ.pop(variable, None)
            else:
                os.environ[variable] = value


def _read(name: str) -> dict[str, str]:
    from prefect.blocks.system import Secret

    load: Any = Secret.load  # its types know only the coroutine
    try:
        block = load(name, _sync=True)
    except ValueError:  # also what a block of another shape gives
        raise BadSecretBlockError(f"secrets: there is no Prefect Secret block {name!r}") from None
    if not isinstance(block.value.get_secret_value(), str):
        raise BadSecretBlockError(
            f"secrets: the block {name!r} was saved as an object, which Prefect's server shows to "
            "everybody; change its secrets, and save a text: Secret(value=json.dumps(…))"
        )
    content: Any = block.get()
    if not isinstance(content, dict) or not content:
        raise BadSecretBlockError(
            f"secrets: the block {name!r} has to hold a JSON object of {', '.join(ALLOWED)}"
        )
    problems = [str(key) for key in content if key not in ALLOWED]
    if problems:
        raise BadSecretBlockError(
            f"secrets: the block {name!r} holds {', '.join(map(repr, problems))}; "
            f"allowed are {', '.join(ALLOWED)}"
        )
    if not all(isinstance(value, str) and value for value in content.values()):
        raise BadSecretBlockError(f"secrets: each value in the block {name!r} has to be a text")
    hide(*content.values())
    return dict(content)
