"""A real S3 server process of this machine for tests: moto, on loopback, on a free port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import s3fs

BUCKET: Final = "atlas"
KEY, SECRET = "forge-test", "hunter2-of-the-store"


class MotoServer:
    """One server with one bucket; what it holds ends with it.

    With the files of a CA, a certificate and its key it speaks TLS.
    """

    def __init__(self, log: Path, tls: tuple[Path, Path, Path] | None = None) -> None:
        self.port = free_port()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._client = {"verify": str(tls[0])} if tls else {}
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        if tls:
            command += ["--ssl-cert", str(tls[1]), "--ssl-key", str(tls[2])]
        with log.open("ab") as told:
            self._process = subprocess.Popen(command, stdout=told, stderr=told)
        wait_until_it_answers(self.port, lambda: self._process.poll() is None, log)
        self.files().mkdir(BUCKET)

    def files(self, url: str = "") -> s3fs.S3FileSystem:
        """A client beside those of the program; `url` if there is something in between."""
        import s3fs

        return s3fs.S3FileSystem(
            endpoint_url=url or self.url,
            key=KEY,
            secret=SECRET,
            client_kwargs=self._client,
            use_listings_cache=False,
        )

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def wait_until_it_answers(
    port: int, lives: Callable[[], bool], log: Path, limit_s: float = 60.0
) -> None:
    deadline = time.monotonic() + limit_s
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert lives(), log.read_text()[-2000:]
            assert time.monotonic() < deadline, f"nothing answers at port {port}"
            time.sleep(0.05)
        else:
            return


def credentials_environment() -> dict[str, str]:
    """This process' environment with the credentials of the test servers, and none of a person."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
