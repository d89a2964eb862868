"""Search: the best structures of a lever space far too large to sweep."""
