"""The rulebook and market files, read as plain dicts."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


@cache
def rulebook() -> dict[str, Any]:
    return yaml.safe_load((FIXTURES / "rulebooks" / "v1.yaml").read_text(encoding="utf-8"))


@cache
def market() -> dict[str, Any]:
    return yaml.safe_load((FIXTURES / "markets" / "gbp.yaml").read_text(encoding="utf-8"))
