"""Orchestration: the Prefect flow over the pipeline's stages. No finance lives here."""
