"""What partitions count: whole numbers by name, or lists of them by reason, and their sums."""

from __future__ import annotations

Counts = dict[str, int | list[int]]


def add_counts(total: Counts, record: Counts) -> None:
    """Add a partition's whole-number record to the totals, in place."""
    for name, value in record.items():
        before = total.get(name)
        if isinstance(value, list):
            sums = before if isinstance(before, list) else [0] * len(value)
            total[name] = [one + other for one, other in zip(sums, value, strict=True)]
        else:
            total[name] = value + (before if isinstance(before, int) else 0)


def whole(counts: Counts, name: str) -> int:
    """A count; 0 if nothing was counted under that name."""
    value = counts.get(name, 0)
    return value if isinstance(value, int) else sum(value)


def each_of(counts: Counts, name: str) -> list[int]:
    """The counts by reason under a name."""
    value = counts[name]
    return [value] if isinstance(value, int) else value
