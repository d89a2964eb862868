"""Solving backwards: which change of an input makes a structure pass, or lets it fail."""
