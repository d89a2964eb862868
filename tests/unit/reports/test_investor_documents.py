"""Do waterfall, sidecar and investor pack say of every kind of structure what the run says?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.explain.run import StoredRun
from pipeline.reports.pack.document import Document
from pipeline.reports.pack.dossier import dossier_of
from pipeline.reports.pack.investor_pack import investor_pack
from pipeline.reports.pack.sidecar import sidecar
from pipeline.reports.pack.waterfall_summary import waterfall_detail, waterfall_summary
from tests.pack_sources import Told
from tests.unit.reports.deal_run import (
    HOSTILE,
    KINDS,
    LONG,
    PROJECT,
    assert_every_figure,
    deal_run,
    named,
    told_of,
)

BUILDERS = (waterfall_summary, waterfall_detail, sidecar, investor_pack)
NO_NAMES: dict[str, Any] = {"parties": {}, "deal": {}}
OFFER_WORDS = ("offer of", "private placement", "highlights", "invest in", "attractive")


def documents(run: StoredRun, number: int, names: dict[str, Any]) -> list[Document]:
    dossier = dossier_of(run, number, names)
    return [build(dossier) for build in BUILDERS]


def texts(document: Document) -> list[str]:
    """All that the document says itself, headings among it."""
    said = [document.title, document.subtitle, *(each.heading for each in document.sections)]
    return [*said, *(cell for cell in document.cells() if isinstance(cell, str))]


@pytest.mark.parametrize(
    ("kind", "name"),
    [*((kind, None) for kind in KINDS), ("mezzanine", HOSTILE), ("offer", LONG)],
    ids=[*KINDS, "hostile", "long"],
)
def test_every_figure_of_every_kind(
    run: StoredRun, numbers: dict[str, int], kind: str, name: str | None, tmp_path: Path
) -> None:
    names = NO_NAMES if name is None else named(name)
    told = told_of(run, numbers[kind], names, tmp_path)
    for document in documents(run, numbers[kind], names):
        assert assert_every_figure(document, told) > 0 or document.key.endswith("detail")
        assert document.made_at.tzinfo is not None


@pytest.mark.parametrize("kind", ["rejected", "debtless", "unsound"])
def test_what_is_not_viable_says_so_first_and_offers_nothing(
    run: StoredRun, numbers: dict[str, int], kind: str
) -> None:
    for document in documents(run, numbers[kind], NO_NAMES):
        first = document.summary[0]
        assert str(getattr(first, "pieces", ("",))[0]).startswith("Not viable")
        said = " ".join(texts(document)).lower()
        assert not [word for word in OFFER_WORDS if word in said], document.key


def test_a_viable_one_has_highlights(run: StoredRun, numbers: dict[str, int]) -> None:
    document = investor_pack(dossier_of(run, numbers["offer"], NO_NAMES))
    assert next(each.heading for each in document.sections) == "Highlights"


def test_the_same_dossier_gives_equal_documents(run: StoredRun, numbers: dict[str, int]) -> None:
    number = numbers["mezzanine"]
    assert documents(run, number, NO_NAMES) == documents(run, number, NO_NAMES)


def test_a_single_structure_has_no_alternative(tmp_path: Path) -> None:
    """One survivor, also under a hostile title and tenant."""
    alone = deal_run(
        tmp_path,
        project={
            "id": "alone", "title": HOSTILE[:60], "country": "GB", "asset_type": "data_centre",
            "tenant": {"name": HOSTILE[:60], "rating": "AA", "share_pct": 100},
            "rent": {"per_kwh": 0.28},
        },
        base={**PROJECT["base"], "OPEX_08": 2e6, "SeniorTenorY_39": 5},
        levers={},
    )  # fmt: skip
    dossier = dossier_of(alone, 0)
    assert [row["rank"] for row in dossier.ranking] == [1]
    told = Told(tmp_path, alone.manifest["run_id"], 0)
    for build in BUILDERS:
        document = build(dossier)
        assert document.project == HOSTILE[:60]
        assert_every_figure(document, told)
    said = texts(investor_pack(dossier))
    assert any("there is no alternative to rank" in each for each in said)
