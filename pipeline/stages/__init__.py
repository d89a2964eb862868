"""The five stages of a run, each a plain function; orchestrators only call them in order."""
