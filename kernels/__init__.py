"""Numba kernels: arrays in, arrays out. No files, no domain objects, no exceptions."""
