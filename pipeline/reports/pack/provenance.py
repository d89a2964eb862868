"""Where a document comes from: the last section of every one."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from pipeline.not_modelled import NOT_MODELLED
from pipeline.reports.pack.document import Bullets, Field, Fields, Figure, Prose, Section, Unit
from pipeline.reports.pack.dossier import Dossier, at_path, made_at
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
    run, *others = run_fields(dossier.manifest)
    structure = Field("Structure", (Figure(dossier.permutation_id, "count", "row.permutation_id"),))
    return Section(
        HEADING,
        (
            Fields((run, structure, *others, *_names_from(dossier))),
            Prose((_agreement(dossier),)),
            *limits(),
        ),
    )


def _names_from(dossier: Dossier) -> tuple[Field, ...]:
    """Which file gave parties and deal, where that is not the one that the run was made from."""
    sha256 = dossier.names.get("sha256")
    if sha256 is None:
        return ()
    label = "SHA-256 of the file that names parties and deal"
    return (Field(label, (Figure(str(sha256), "text", "names.sha256"),)),)


def limits() -> tuple[Bullets, Prose]:
    """What no figure takes account of, and what a document is not."""
    return (
        Bullets(tuple((f"Not modelled: {each}.",) for each in NOT_MODELLED)),
        Prose((PURPOSE,), "small"),
    )


def run_fields(manifest: dict[str, Any], source: str = "run") -> tuple[Field, ...]:
    """What a run was made from, the run itself first; `source` begins the figures' sources."""

    def fact(path: str, unit: Unit = "text") -> Figure:
        return Figure(at_path(manifest, path), unit, f"{source}.{path}")

    made_on = made_at(manifest).date()
    return (
        Field("Run", (fact("run_id"),)),
        Field("Date of the run", (Figure(made_on, "date", f"{source}.created_at"),)),
        Field("Seed", (fact("seed"),)),
        Field(
            "Structures examined",
            (fact("permutations", "count"), " of ", fact("space_size", "count")),
        ),
        Field("Ranked by", (fact("objective"),)),
        Field("Engine", (fact("fingerprint"),)),
        Field("Libraries", _versions(manifest, source)),
        Field(
            "Rulebook",
            (
                fact("rulebook.name"),
                fact("rulebook.version"),
                "of",
                _dated(manifest, "rulebook", source),
            ),
        ),
        *market_fields(manifest, source),
        *(
            Field(f"SHA-256 of the {name} file", (fact(f"documents.{name}"),))
            for name in _FILES
            if name in manifest["documents"]
        ),
    )


def market_fields(manifest: dict[str, Any], source: str = "run") -> tuple[Field, Field]:
    """Which market file, its date, and how old it was at the run."""
    name = Figure(at_path(manifest, "market.name"), "text", f"{source}.market.name")
    return (
        Field("Market file", (name, "of", _dated(manifest, "market", source))),
        Field("Age of the market file", _age(manifest, source)),
    )


def _dated(manifest: dict[str, Any], book: str, source: str) -> Figure:
    return Figure(date.fromisoformat(manifest[book]["date"]), "date", f"{source}.{book}.date")


def _versions(manifest: dict[str, Any], source: str) -> tuple[str | Figure, ...]:
    cells: list[str | Figure] = []
    for name, version in manifest["versions"].items():
        told = Figure(version, "text", f"{source}.versions.{name}")
        cells += [f"{', ' if cells else ''}{name} ", told]
    return tuple(cells)


def _age(manifest: dict[str, Any], source: str) -> tuple[str | Figure, ...]:
    market = manifest["market"]
    most = market["stale_after_days"]
    age = age_of(date.fromisoformat(market["date"]), made_at(manifest).date(), most)
    ending = "stale, over the limit of " if age.stale else "within the limit of "
    return (
        Figure(age.days, "days", f"{source}.market.age_days"),
        " at the run: ",
        ending,
        Figure(most, "days", f"{source}.market.stale_after_days"),
    )


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
