"""How fast the kernels and whole runs are, beside this machine's limit and other programs."""

# First of all: it names the cache of compiled kernels by the engine's fingerprint, so that no
# yardstick runs compiled with an older kernel.
import pipeline  # noqa: F401
