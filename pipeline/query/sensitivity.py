"""What each lever does over a run: survival, figures, and the rules it runs into.

Read from what the run stored: `evaluated/` for all permutations in the order of the plan,
ranked.parquet for the figures of survivors. Lever values are recomputed from permutation ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pipeline.inputs.errors import InputError, InputErrors, shown
from pipeline.problem import FloatArray, Lever
from pipeline.query.rows import RankedRows, levers_of, open_ranked
from pipeline.query.variance import CellSums, IntArray, Share, pairs_of
from pipeline.space.levers import LeverSpace
from pipeline.storage.checkpoints import PRUNING, DamagedPartError, Owner, read_marker, read_part
from pipeline.storage.fingerprint import engine_fingerprint
from pipeline.storage.manifest import read_json
from pipeline.storage.plan import PLAN_PATH
from pipeline.storage.results import LocalResults
from pipeline.storage.store import Store

SURVIVAL: Final = "survival"
OF_ALL: Final = ("capex_coverage", "dscr_min")
# Figures of survivors, and whether more of it is better.
OF_SURVIVORS: Final[Mapping[str, bool]] = {
    "senior_notional": True,
    "wacc": False,
    "dscr_min": True,
    "equity_irr": True,
    "day1_cash": True,
    "composite_score": True,
}
_EVALUATED_COLUMNS: Final = ["permutation_id", "first_reason", "reasons", "survivor", *OF_ALL]
_ROWS_AT_ONCE: Final = 50_000


@dataclass(frozen=True)
class LeverTable:
    """A lever's values and what became of the permutations that have each.

    `first_reasons` and `failing` are (values, rules): the rule that bound, and every rule failed.
    """

    name: str
    labels: tuple[Any, ...]
    evaluated: IntArray
    survivors: IntArray
    first_reasons: IntArray
    failing: IntArray


class Gathered:
    """Counts and sums over a run, a table of rows at a time."""

    def __init__(self, levers: Sequence[Lever], rules: Sequence[str]) -> None:
        self.space = LeverSpace(levers)
        self.rules = tuple(rules)
        radices = self.space.radices
        pairs = pairs_of(radices)
        self.left_out = [
            (levers[i].name, levers[j].name)
            for i in range(len(levers))
            for j in range(i + 1, len(levers))
            if (i, j) not in pairs
        ]
        self.of_all = {name: CellSums(radices, pairs) for name in (SURVIVAL, *OF_ALL)}
        self.of_rules = {name: CellSums(radices) for name in rules}
        self.of_survivors = {name: CellSums(radices, pairs) for name in OF_SURVIVORS}
        self.best = {name: [np.full(radix, np.nan) for radix in radices] for name in OF_SURVIVORS}
        shapes = [(radix, len(self.rules)) for radix in radices]
        self._first = [np.zeros(shape, dtype=np.int64) for shape in shapes]
        self._failing = [np.zeros(shape, dtype=np.int64) for shape in shapes]
        self._survivors = [np.zeros(radix, dtype=np.int64) for radix in radices]

    def add_evaluated(self, table: pa.Table) -> None:
        """Rows of `evaluated/`, in the order of the plan."""
        digits = self.space.digits(table["permutation_id"].to_numpy())
        survivor = table["survivor"].to_numpy()
        masks = table["reasons"].to_numpy()
        self.of_all[SURVIVAL].add(digits, survivor.astype(np.float64))
        for name in OF_ALL:
            self.of_all[name].add(digits, _floats(table, name))
        places = {name: place for place, name in enumerate(self.rules)}
        first = np.array([places.get(name, -1) for name in table["first_reason"].to_pylist()])
        for lever, radix in enumerate(self.space.radices):
            self._survivors[lever] += np.bincount(digits[lever, survivor], minlength=radix)
            bound = first >= 0
            cell = digits[lever, bound] * len(self.rules) + first[bound]
            counted = np.bincount(cell, minlength=radix * len(self.rules))
            self._first[lever] += counted.reshape(self._first[lever].shape)
        for bit, name in enumerate(self.rules):
            fails = masks >> bit & 1 == 1
            self.of_rules[name].add(digits, fails.astype(np.float64))
            for lever, radix in enumerate(self.space.radices):
                found = np.bincount(digits[lever, fails], minlength=radix)
                self._failing[lever][:, bit] += found

    def add_survivors(self, table: pa.Table) -> None:
        """Rows of ranked.parquet, in the order of rank."""
        digits = self.space.digits(table["permutation_id"].to_numpy())
        for name, more_is_better in OF_SURVIVORS.items():
            values = _floats(table, name)
            self.of_survivors[name].add(digits, values)
            better = np.fmax if more_is_better else np.fmin
            for lever, best in enumerate(self.best[name]):
                better.at(best, digits[lever], values)

    def tables(self) -> list[LeverTable]:
        """One table a lever, in the order of the levers."""
        return [
            LeverTable(
                lever.name,
                lever.labels,
                self.of_all[SURVIVAL].count[place],
                self._survivors[place],
                self._first[place],
                self._failing[place],
            )
            for place, lever in enumerate(self.space.levers)
        ]


def sensitivity(
    results: LocalResults, run_id: str, store: Store, only: str | None = None
) -> dict[str, Any]:
    """The whole analysis as one JSON document; `only` keeps one lever and its pairs.

    `store` holds the run's parts. Raises InputErrors for a lever that the run does not vary,
    NoSuchRunError, UnreadableDocumentError, DamagedPartError, OSError.
    """
    summary = results.summary(run_id)
    folder = results.folder(run_id)
    ranked = open_ranked(folder)
    chosen = None if only is None else _lever_named(ranked, only)
    rules = [name for gate in summary["gates"].values() for name in gate["reasons"]]
    levers = [
        Lever(name, (), np.empty((len(labels), 0)), tuple(labels))
        for name, labels in levers_of(folder).items()
    ]
    gathered = Gathered(levers, rules)
    for table in _evaluated(store, read_json(folder / PLAN_PATH)):
        gathered.add_evaluated(table)
    for _, table in ranked.tables(["permutation_id", *OF_SURVIVORS]):
        gathered.add_survivors(table)
    document = _document(gathered)
    if chosen is not None:
        document["levers"] = [each for each in document["levers"] if each["name"] == chosen]
        document["interactions"] = [
            each for each in document["interactions"] if chosen in each["levers"]
        ]
    return {"schema": 1, "run_id": run_id, **document}


def _lever_named(ranked: RankedRows, name: str) -> str:
    field = ranked.fields.find(name)
    names = ", ".join(each.name for each in ranked.fields.levers)
    if field is None or not field.is_lever:
        message = ranked.fields.unknown(name) if field is None else "is no lever"
        raise InputErrors([InputError("--lever", "", shown(name), message, names)])
    return field.name


def _evaluated(store: Store, plan: Mapping[str, Any]) -> Iterator[pa.Table]:
    """Pruning's parts in the order of the plan, verified, several at a time."""
    owner = Owner(plan["plan_hash"], plan["fingerprint"])
    waiting: list[pa.Table] = []
    held = 0
    for number in range(plan["partitions"]):
        checked = read_marker(store, owner, PRUNING, number)
        if checked.marker is None:
            raise DamagedPartError(
                f"pruning part {number}: {checked.reason or 'it is missing'}{_if_other(owner)}"
            )
        waiting.append(read_part(store, checked.marker, _EVALUATED_COLUMNS))
        held += waiting[-1].num_rows
        if held >= _ROWS_AT_ONCE:
            yield pa.concat_tables(waiting)
            waiting, held = [], 0
    if waiting:
        yield pa.concat_tables(waiting)


def _if_other(owner: Owner) -> str:
    """Markers of another engine may have another form."""
    if owner.fingerprint == engine_fingerprint():
        return ""
    return (
        f"; the run was made by engine {owner.fingerprint}, this is {engine_fingerprint()}: start "
        "it again from its project file"
    )


def _document(gathered: Gathered) -> dict[str, Any]:
    survival = gathered.of_all[SURVIVAL]
    rows = survival.rows
    names = [lever.name for lever in gathered.space.levers]
    effects = [
        *[(name, "evaluated", sums) for name, sums in gathered.of_all.items()],
        *[(name, "survivors", sums) for name, sums in gathered.of_survivors.items()],
    ]
    interactions: list[dict[str, Any]] = [
        {"levers": [names[i], names[j]], "figure": name, "over": over, **_told(found)}
        for name, over, sums in effects
        for place, (i, j) in enumerate(sums.pairs)
        if (found := sums.interaction(place)).share is not None
    ]
    # The strongest first; equal ones stay in the order of figures and levers.
    interactions.sort(key=lambda each: -each["share_pct"])
    return {
        "evaluated": rows,
        "survivors": gathered.of_survivors["senior_notional"].rows,
        "space_size": gathered.space.size,
        "levers": [
            {
                "name": table.name,
                "effects": [
                    {"figure": name, "over": over, **_told(sums.main_effect(place))}
                    for name, over, sums in effects
                ],
                "runs_into": _runs_into(gathered, place, table),
                "values": _values(gathered, place, table),
            }
            for place, table in enumerate(gathered.tables())
        ],
        "interactions": interactions,
        "pairs_left_out": [list(pair) for pair in gathered.left_out],
    }


def _runs_into(gathered: Gathered, place: int, table: LeverTable) -> list[dict[str, Any]]:
    """The rules whose failing the lever moves: most of their variance first."""
    found: list[dict[str, Any]] = []
    for bit, rule in enumerate(gathered.rules):
        effect = gathered.of_rules[rule].main_effect(place)
        if effect.share is None:
            continue
        rates = [
            100.0 * float(failing) / float(count)
            for failing, count in zip(table.failing[:, bit], table.evaluated, strict=True)
            if count
        ]
        found.append(
            {"rule": rule, **_told(effect), "least_pct": min(rates), "most_pct": max(rates)}
        )
    return sorted(found, key=lambda each: -each["share_pct"])


def _values(gathered: Gathered, place: int, table: LeverTable) -> list[dict[str, Any]]:
    means = {name: sums.means(place) for name, sums in gathered.of_survivors.items()}
    values = []
    for number, label in enumerate(table.labels):
        evaluated, survivors = int(table.evaluated[number]), int(table.survivors[number])
        values.append(
            {
                "value": label,
                "evaluated": evaluated,
                "survivors": survivors,
                "survival_pct": 100.0 * survivors / evaluated if evaluated else None,
                "first_reasons": _counts(gathered.rules, table.first_reasons[number]),
                "failing": _counts(gathered.rules, table.failing[number]),
                "figures": {
                    name: {
                        "mean": means[name][number],
                        "best": _defined(gathered.best[name][place][number]),
                    }
                    for name in OF_SURVIVORS
                },
            }
        )
    return values


def _counts(rules: Sequence[str], counts: IntArray) -> dict[str, int]:
    """Rules that anything fails, the most frequent first."""
    found = [(name, int(count)) for name, count in zip(rules, counts, strict=True) if count]
    return dict(sorted(found, key=lambda each: -each[1]))


def _told(effect: Share) -> dict[str, float | None]:
    return {
        "share_pct": None if effect.share is None else 100.0 * effect.share,
        "by_chance_pct": None if effect.by_chance is None else 100.0 * effect.by_chance,
    }


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _floats(table: pa.Table, name: str) -> FloatArray:
    values: FloatArray = table[name].to_numpy().astype(np.float64)
    return values
