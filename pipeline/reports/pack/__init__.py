"""The execution pack: what each of its documents says about one structure of a run."""
