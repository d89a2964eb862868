"""A small sound project for the tests of inputs, and helpers to write and load variants of it."""

from pathlib import Path
from typing import Any

import yaml

from pipeline.inputs import Request, load_request

ROOT = Path(__file__).resolve().parents[3]


def project(**changes: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "project": {
            "id": "demo",
            "title": "Demo",
            "country": "GB",
            "asset_type": "data_centre",
            "tenant": {"name": "Tenant", "rating": "A", "share_pct": 30},
            "rent": {"per_kwh": 0.12},
        },
        "base": {"GrossITLoad_02": 5},
        "levers": {"SeniorTenorY_39": [10, 5]},
        "market": "builtin:gbp",
        "rulebook": "builtin:v1",
        **changes,
    }


def loaded(folder: Path, content: dict[str, Any] | str) -> Request:
    path = folder / "project.yaml"
    path.write_text(
        content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True),
        encoding="utf-8",
    )
    return load_request(path)


def document(name: str) -> dict[str, Any]:
    """A file of `fixtures/` as it stands."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "fixtures" / f"{name}.yaml").read_text())
    return content
