"""Where a document comes from: the last section of every one."""

from __future__ import annotations

from datetime import date
from typing import Final

from pipeline.not_modelled import NOT_MODELLED
from pipeline.reports.pack.document import Bullets, Field, Fields, Figure, Prose, Section
from pipeline.reports.pack.dossier import Dossier
from pipeline.staleness import age_of

HEADING: Final = "Where these figures come from"
PURPOSE: Final = (
    "Made from a run of Atlas Forge under the assumptions of its input files. It is not an offer, "
    "a credit opinion or a rating by an agency: ratings here are the outcome of the rulebook's "
    "matrix. Fields marked as to be completed are not known to the run."
)
_FILES: Final = ("project", "market", "rulebook")


def provenance(dossier: Dossier) -> Section:
    """Run, inputs, versions, dates, whether the stored figures agree, and what is not modelled."""
    fact = dossier.fact
    fields = (
        Field("Run", (fact("run_id"),)),
        Field("Structure", (Figure(dossier.permutation_id, "count", "row.permutation_id"),)),
        Field("Date of the run", (Figure(dossier.made_at.date(), "date", "run.created_at"),)),
        Field("Seed", (fact("seed"),)),
        Field(
            "Structures examined",
            (fact("permutations", "count"), " of ", fact("space_size", "count")),
        ),
        Field("Ranked by", (fact("objective"),)),
        Field("Engine", (fact("fingerprint"),)),
        Field("Libraries", _versions(dossier)),
        Field(
            "Rulebook",
            (
                fact("rulebook.name"),
                " ",
                fact("rulebook.version"),
                " of ",
                _dated(dossier, "rulebook"),
            ),
        ),
        Field("Market file", (fact("market.name"), " of ", _dated(dossier, "market"))),
        Field("Age of the market file", _age(dossier)),
        *(
            Field(f"SHA-256 of the {name} file", (fact(f"documents.{name}"),))
            for name in _FILES
            if name in dossier.manifest["documents"]
        ),
    )
    return Section(
        HEADING,
        (
            Fields(fields),
            Prose((_agreement(dossier),)),
            Bullets(tuple((f"Not modelled: {each}.",) for each in NOT_MODELLED)),
            Prose((PURPOSE,), "small"),
        ),
    )


def _versions(dossier: Dossier) -> tuple[str | Figure, ...]:
    cells: list[str | Figure] = []
    for name in dossier.manifest["versions"]:
        cells += [f"{', ' if cells else ''}{name} ", dossier.fact(f"versions.{name}")]
    return tuple(cells)


def _dated(dossier: Dossier, book: str) -> Figure:
    text = str(dossier.manifest[book]["date"])
    return Figure(date.fromisoformat(text), "date", f"run.{book}.date")


def _age(dossier: Dossier) -> tuple[str | Figure, ...]:
    market = dossier.manifest["market"]
    age = age_of(
        date.fromisoformat(market["date"]), dossier.made_at.date(), market["stale_after_days"]
    )
    days = Figure(age.days, "days", "run.market.age_days")
    limit = dossier.fact("market.stale_after_days", "days")
    ending = "stale, over the limit of " if age.stale else "within the limit of "
    return (days, " at the run: ", ending, limit)


def _agreement(dossier: Dossier) -> str:
    """Whether the figures computed for the document are those that the run stored."""
    stored = dossier.explanation.stored
    notes = [f"{note[:1].upper()}{note[1:]}." for note in dossier.explanation.notes]
    if stored is not None and stored.equal:
        notes.insert(
            0,
            "Every figure of the structure was computed again for this document and equals the "
            f"row stored in {stored.file} to the last bit.",
        )
    return " ".join(notes)
