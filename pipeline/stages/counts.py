"""What partitions record: counts by name, lists of counts by reason, and extremes.

A whole number or a list of them is added up over partitions. A float is an extreme, of which the
largest stands: sums of floats would depend on the order in which partitions end.
"""

from __future__ import annotations

Counts = dict[str, int | float | list[int]]


def add_counts(total: Counts, record: Counts) -> None:
    """Take a partition's record into the totals, in place."""
    for name, value in record.items():
        before = total.get(name)
        if isinstance(value, list):
            sums = before if isinstance(before, list) else [0] * len(value)
            total[name] = [one + other for one, other in zip(sums, value, strict=True)]
        elif isinstance(value, float):
            total[name] = max(value, before) if isinstance(before, float) else value
        else:
            total[name] = value + (before if isinstance(before, int) else 0)


def whole(counts: Counts, name: str) -> int:
    """A count; 0 if nothing was counted under that name."""
    value = counts.get(name, 0)
    return sum(value) if isinstance(value, list) else int(value)


def each_of(counts: Counts, name: str) -> list[int]:
    """The counts by reason under a name."""
    value = counts[name]
    return value if isinstance(value, list) else [int(value)]


def extreme(counts: Counts, name: str) -> float:
    """The largest value recorded under a name."""
    return float(counts[name])  # type: ignore[arg-type]
