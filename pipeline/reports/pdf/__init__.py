"""PDF by reportlab: pages, charts, fonts."""
