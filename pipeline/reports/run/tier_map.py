"""Which lever values lead to which tier: survivors counted by value, and by pairs of values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kernels import codes
from pipeline.problem import Label, Lever
from pipeline.reports.numbers import text_of
from pipeline.space.levers import LeverSpace

MAX_LEVERS: Final = 12  # 66 pairs; a map of more would only make the page heavy
MAX_VALUES: Final = 30  # what a map has room for on a screen
TIERS: Final = tuple(reversed(codes.TIER_NAMES))  # the best first
COLUMNS: Final = ("permutation_id", "viability_tier")
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LeverTiers:
    """A lever's values, and how many survivors of each tier of TIERS have each: (values, tiers)."""

    name: str
    values: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class PairTiers:
    """Survivors by the values of two levers, given by their places: (first, second, tiers)."""

    first: int
    second: int
    counts: tuple[tuple[tuple[int, ...], ...], ...]


@dataclass(frozen=True)
class TierMap:
    """All survivors of the run by lever values. `telling` is the place of the pair to show first.

    `left_out` names levers that vary and are not counted: beyond MAX_LEVERS, or of more than
    MAX_VALUES values.
    """

    levers: tuple[LeverTiers, ...]
    pairs: tuple[PairTiers, ...]
    telling: int | None
    left_out: tuple[str, ...]


def tier_map(levers: Mapping[str, Sequence[Label]], tables: Iterable[pa.Table]) -> TierMap:
    """Count `tables`, which have COLUMNS of all survivors; `levers` are those of the plan."""
    varying = [name for name, labels in levers.items() if len(labels) > 1]
    names = [name for name in varying if len(levers[name]) <= MAX_VALUES][:MAX_LEVERS]
    space = LeverSpace(
        [
            Lever(name, (), np.empty((len(labels), 0)), tuple(labels))
            for name, labels in levers.items()
        ]
    )
    places = [list(levers).index(name) for name in names]
    radices = [len(levers[name]) for name in names]
    singles: list[Counts] = [np.zeros((radix, len(TIERS)), dtype=np.int64) for radix in radices]
    chosen = list(combinations(range(len(names)), 2))
    doubles: list[Counts] = [
        np.zeros((radices[i], radices[j], len(TIERS)), dtype=np.int64) for i, j in chosen
    ]
    for table in tables:
        digits = space.digits(table["permutation_id"].to_numpy())[places]
        tiers = _tier_places(table["viability_tier"])
        for lever, counts in enumerate(singles):
            _count(counts, digits[lever] * len(TIERS) + tiers)
        for (i, j), counts in zip(chosen, doubles, strict=True):
            _count(counts, (digits[i] * radices[j] + digits[j]) * len(TIERS) + tiers)
    return TierMap(
        levers=tuple(
            LeverTiers(name, tuple(map(_text, levers[name])), _rows(counts))
            for name, counts in zip(names, singles, strict=True)
        ),
        pairs=tuple(
            PairTiers(i, j, tuple(_rows(row) for row in counts))
            for (i, j), counts in zip(chosen, doubles, strict=True)
        ),
        telling=_most_telling(doubles),
        left_out=tuple(name for name in varying if name not in names),
    )


def _text(label: Any) -> str:
    return text_of(label, "text")


def _tier_places(column: pa.ChunkedArray) -> Counts:
    places = {name: place for place, name in enumerate(TIERS)}
    return np.array([places[name] for name in column.to_pylist()], dtype=np.int64)


def _count(counts: Counts, cells: Counts) -> None:
    counts += np.bincount(cells, minlength=counts.size).reshape(counts.shape)


def _rows(counts: Counts) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(row) for row in counts.tolist())


def _most_telling(doubles: Sequence[Counts]) -> int | None:
    """The pair whose values tell most of a survivor's tier; ties go to the earlier pair.

    Pairs of levers with more than two values go first: a map of a switch has little to show.
    """
    ranked = [
        (min(counts.shape[:2]) > 2, _told_share(counts.reshape(-1, len(TIERS))), -place)
        for place, counts in enumerate(doubles)
    ]
    return -max(ranked)[2] if ranked else None


def _told_share(cells: Counts) -> float:
    """Share of the variance of the tier's place that lies between `cells` (cells, tiers).

    Adjusted for their number: more cells tell more by chance as well.
    """
    rows, sums = cells.sum(axis=1), cells @ np.arange(len(TIERS))
    held, total = rows > 0, int(rows.sum())
    free = total - int(held.sum())
    if free <= 0:
        return 0.0
    squares = float((cells @ np.arange(len(TIERS)) ** 2).sum())
    around = squares - float(sums.sum()) ** 2 / total
    within = squares - float((sums[held] ** 2 / rows[held]).sum())
    return 1.0 - within / around * (total - 1) / free if around > 0.0 else 0.0
