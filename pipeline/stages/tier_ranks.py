"""Tiers by rank: a tier is also for the best of the survivors only, by gate_b_score.

Which those are is known when all parts are there, so it is settled at the merge. Among n survivors
the place k (from 1) is within the best p percent while (k - 1) / n < p / 100: one survivor is
within any share. Equal scores go by permutation_id; a survivor without a score has no place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kernels import codes
from pipeline.problem import TierShares
from pipeline.storage.checkpoints import Marker, read_part
from pipeline.storage.store import Store

MODE = "rank_of_gate_b_score"
_TIERS = {name: codes.TIER_NAMES.index(name.capitalize()) for name in TierShares._fields}
_COLUMNS = ["permutation_id", "gate_b_score"]


@dataclass(frozen=True)
class Cutoff:
    """The last place within a tier's share."""

    tier: str
    places: int
    gate_b_score: float
    permutation_id: int


@dataclass(frozen=True)
class TierRanks:
    """The last places of the four tiers, best tier first, among `survivors`; empty without any."""

    survivors: int
    cutoffs: tuple[Cutoff, ...]

    def settled(self, table: pa.Table) -> pa.Table:
        """The rows with `viability_tier` no better than their place allows."""
        place = table.schema.get_field_index("viability_tier")
        by_conditions = pc.index_in(table["viability_tier"], pa.array(codes.TIER_NAMES))
        allowed = self._allowed(
            table["permutation_id"].to_numpy(),
            pc.fill_null(table["gate_b_score"], -np.inf).to_numpy(),
        )
        tiers = np.minimum(by_conditions.to_numpy(), allowed)
        names = pa.array(codes.TIER_NAMES).take(pa.array(tiers))
        return table.set_column(place, table.schema.field(place), names)

    def document(self) -> dict[str, Any]:
        """What summary.json says of it."""
        return {
            "mode": MODE,
            "survivors": self.survivors,
            "last_places": {
                cutoff.tier: {
                    "places": cutoff.places,
                    "gate_b_score": cutoff.gate_b_score,
                    "permutation_id": cutoff.permutation_id,
                }
                for cutoff in self.cutoffs
            },
        }

    def _allowed(
        self, ids: npt.NDArray[np.int64], scores: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.int64]:
        """Best tier code that each row's place lets it have."""
        best = np.full(len(ids), codes.TIER_NOT_VIABLE, dtype=np.int64)
        for cutoff in reversed(self.cutoffs):
            level = scores == cutoff.gate_b_score
            within = (scores > cutoff.gate_b_score) | (level & (ids <= cutoff.permutation_id))
            best[within] = codes.TIER_NAMES.index(cutoff.tier)
        return best


def tier_ranks(store: Store, markers: Sequence[Marker], shares: TierShares) -> TierRanks | None:
    """The last places of each tier among the rows of all parts; None where rank does not matter.

    Holds two figures a survivor. Raises DamagedPartError.
    """
    if shares == TierShares():
        return None
    parts = [read_part(store, marker, _COLUMNS) for marker in markers]
    survivors = sum(part.num_rows for part in parts)
    scored = [part.filter(pc.is_valid(part["gate_b_score"])) for part in parts]
    ids = np.concatenate([part["permutation_id"].to_numpy() for part in scored] or [np.empty(0)])
    scores = np.concatenate([part["gate_b_score"].to_numpy() for part in scored] or [np.empty(0)])
    order = np.lexsort((ids, -scores))
    cutoffs = []
    for name, share in shares._asdict().items():
        places = min(places_within(share, survivors), len(order))
        if places:
            last = order[places - 1]
            tier = codes.TIER_NAMES[_TIERS[name]]
            cutoffs.append(Cutoff(tier, places, float(scores[last]), int(ids[last])))
    return TierRanks(survivors, tuple(cutoffs))


def places_within(share_pct: float, rows: int) -> int:
    """Places within the best `share_pct` of `rows`, exactly: 1 % of 250 are 3."""
    return ceil(Fraction(str(share_pct)) * rows / 100)
