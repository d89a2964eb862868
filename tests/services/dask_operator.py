"""`python -m tests.services.dask_operator NAMESPACE`: the Dask operator, with a cluster's names.

Names of services are known to no resolver of this machine; here the test's API server says them.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

import kopf.cli
import kr8s
from kr8s.objects import Service


def main() -> None:
    namespace = sys.argv[1]
    ending = f".{namespace}"
    plain = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        if isinstance(host, str) and host.endswith(ending):
            service: Any = Service(host.removesuffix(ending), namespace=namespace, api=kr8s.api())
            service.refresh()
            host = service.spec.clusterIP
        return plain(host, *rest, **named)

    socket.getaddrinfo = getaddrinfo
    kopf.cli.main(
        ["run", "-m", "dask_kubernetes.operator.controller", "--standalone", "-n", namespace]
    )


if __name__ == "__main__":
    main()
