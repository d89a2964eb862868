"""HTML that opens offline: documents of the pack, and the report of a run."""
