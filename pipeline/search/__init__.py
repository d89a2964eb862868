"""Search: the best structures of a lever space far too large to sweep."""

from typing import Final

# Distinct structures that a search evaluates, where nothing else is said.
BUDGET: Final = 10_000
