"""A request: everything a run computes from, resolved and checked, whatever file it came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.inputs import catalogue
from pipeline.inputs.catalogue import Value
from pipeline.inputs.countries import Jurisdiction
from pipeline.inputs.deal import DEAL_TERMS, Deal, Parties
from pipeline.inputs.errors import InputError
from pipeline.inputs.expected import Expected
from pipeline.inputs.levers import LeverSetting, space_size
from pipeline.inputs.market import MarketFile
from pipeline.inputs.models import SCHEMA_VERSION, StrictModel
from pipeline.inputs.project import Covenants, ProjectFacts
from pipeline.inputs.rulebook import RulebookFile

# what a run writes beside its figures: variants, documents, sensitivities, traces
WRITTEN: tuple[str, ...] = tuple(catalogue.BY_NUMBER[n].name for n in (112, 113, 115, 116))
_TEXT_FIELDS = frozenset(("source", "title", "bank", "reason", "balloon_reason"))


@dataclass(frozen=True)
class Run:
    """How a space is walked and ranked. `partition_rows` is None where the engine decides."""

    seed: int
    max_permutations: int
    objective: str
    weights: Mapping[str, float]
    hard_filters: tuple[str, ...]
    partition_rows: int | None = None


@dataclass(frozen=True)
class Request:
    """What to compute.

    `base` has every variable that can be set at its resolved value, in catalogue order; `given`
    names those that the request itself sets. `switches` are mezz and the overlays of the base
    case. `project` is None when the catalogue's defaults are evaluated without a project.
    `market_applies` says that the market file's figures stand before the catalogue's; `zcis` that
    the inflation swap which is on has the term of ZCiS_TermY_92 and moves with it.
    """

    file: str
    project: ProjectFacts | None
    base: Mapping[str, Value]
    given: frozenset[str]
    switches: Mapping[str, bool]
    covenants: Covenants
    deal: Deal
    parties: Parties
    levers: tuple[LeverSetting, ...]
    run: Run
    market: MarketFile
    rulebook: RulebookFile
    local_currency: str
    jurisdiction: Jurisdiction
    market_applies: bool = True
    zcis: bool = False
    warnings: tuple[InputError, ...] = ()
    expected: Expected = field(default_factory=Expected)
    hashes: Mapping[str, str] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        """Currency of every figure."""
        return str(self.base[catalogue.BY_NUMBER[1].name])

    @property
    def space_size(self) -> int:
        """Permutations of the lever space."""
        return space_size(self.levers)

    def document_hashes(self) -> dict[str, str]:
        """SHA-256 of each file behind the request, by its role."""
        return dict(self.hashes)

    def assumed_deal_flags(self) -> tuple[str, ...]:
        """Flags of `deal` that nobody gave and that are therefore assumed to hold."""
        flags = ("true_sale", "governing_law", "rule_144a")
        return tuple(flag for flag in flags if getattr(self.deal, flag) is None)

    def names(self) -> dict[str, Any]:
        """What only documents show: parties, and facts of the deal that change no figure."""
        deal = _plain(self.deal)
        return {
            "parties": _plain(self.parties),
            "deal": {name: value for name, value in deal.items() if name not in DEAL_TERMS},
        }

    def content(self) -> dict[str, Any]:
        """Everything that can change a figure, a rank or what is written, and the project's names.

        Names of parties, sources, `expected` and partition rows are not in it; neither is the
        order of the file, nor the way a number or a reference is written.
        """
        settings = {n: v for n, v in self.base.items() if catalogue.BY_NAME[n].number < 107}
        return {
            "schema": SCHEMA_VERSION,
            "project": _plain(self.project) if self.project else None,
            "base": _plain(settings),
            "switches": _plain(self.switches),
            "zcis": self.zcis,
            "counterparties": _plain(self.base[catalogue.BY_NUMBER[114].name]),
            "written": _plain({n: self.base[n] for n in WRITTEN}),
            "covenants": _plain(self.covenants),
            "deal": {name: _plain(getattr(self.deal, name)) for name in DEAL_TERMS},
            "insurer_rating": self.parties.insurer_rating,
            "hedge_counterparty_rating": self.parties.hedge_counterparty_rating,
            "local_currency": self.local_currency,
            "jurisdiction": self.jurisdiction,
            "levers": [
                {"name": lever.name, "options": _plain(lever.options)} for lever in self.levers
            ],
            "run": {
                "seed": self.run.seed,
                "max_permutations": self.run.max_permutations,
                "objective": self.run.objective,
                "weights": _plain(self.run.weights),
                "hard_filters": list(self.run.hard_filters),
            },
            "market": _figures(_plain(self.market)),
            "rulebook": _figures(_plain(self.rulebook)),
        }


def _plain(value: Any) -> Any:
    if isinstance(value, StrictModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value


def _figures(value: Any) -> Any:
    """A dumped model without the texts that only explain it."""
    if isinstance(value, dict):
        return {key: _figures(inner) for key, inner in value.items() if key not in _TEXT_FIELDS}
    if isinstance(value, list):
        return [_figures(inner) for inner in value]
    return value
