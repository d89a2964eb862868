"""How fast the kernels and whole runs are, beside this machine's limit and other programs."""
