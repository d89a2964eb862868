"""Where a run is kept: checkpoints, plan, manifest, results; and the engine's fingerprint."""
