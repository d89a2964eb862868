"""Questions to finished runs: filter, sort, show, compare, export, sensitivity of levers."""
