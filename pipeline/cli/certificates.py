"""`atlas-forge certificates`: TLS files for a Dask scheduler, its workers and their clients."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from pipeline.cli.console import print_json, say, wants_json

_DEFAULT_DAYS: Final = 90
_MOST_DAYS: Final = 3_650
_HOST = re.compile(r"[A-Za-z0-9*]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?")


@click.command(name="certificates")
@click.argument("folder", metavar="DIR")
@click.option(
    "--days", type=click.IntRange(1, _MOST_DAYS), default=_DEFAULT_DAYS, show_default=True,
    help="How long they are valid.",
)  # fmt: skip
@click.option("--host", "hosts", metavar="NAME", multiple=True, help="Also for this host name.")
def command(folder: str, days: int, hosts: tuple[str, ...]) -> None:
    """Make an authority's certificate, a certificate and its key in DIR, for a cluster over TLS.

    The authority's key is not kept: renewing means a new set on every machine. Dask looks at the
    authority alone, so who holds the key file may compute on the cluster.

    \b
    Examples:
      atlas-forge certificates tls --host dask.example.org
      kubectl create secret generic atlas-forge-dask-tls --from-file=tls
    """
    from pipeline.compute.certificates import LOCAL_HOSTS, make_certificates

    for host in hosts:
        if not _HOST.fullmatch(host):
            raise click.BadParameter(f"{host!r} is no host name", param_hint="--host")
    made = make_certificates(timedelta(days=days), (*LOCAL_HOSTS, *hosts))
    try:
        authority, certificate, key = made.write(Path(folder))
    except (FileExistsError, NotADirectoryError) as error:
        raise click.BadParameter(str(error), param_hint="DIR") from None
    files = {"ca": authority, "certificate": certificate, "key": key}
    if wants_json():
        print_json(
            {"schema": 1, "days": days, "files": {name: str(file) for name, file in files.items()}}
        )
        return
    tls = f"--tls-ca-file {authority} --tls-cert {certificate} --tls-key {key}"
    say(f"""\
{authority}, {certificate}, {key}: valid for {days} days
scheduler:  dask scheduler --protocol tls {tls}
worker:     dask worker tls://HOST:8786 {tls}
here:       export ATLAS_FORGE_COMPUTE=tls://HOST:8786 ATLAS_FORGE_SCHEDULER_CA_FILE={authority} \
ATLAS_FORGE_SCHEDULER_CERT_FILE={certificate} ATLAS_FORGE_SCHEDULER_KEY_FILE={key}""")
