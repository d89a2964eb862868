"""`atlas-forge`: the command line. Commands are imported when they are used."""


def main() -> None:
    """The console script's door; it does the rest in pipeline.cli.main."""
    from pipeline.cli.main import main as run

    run()
