"""What the report of a whole run says."""
