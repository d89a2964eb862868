"""A proxy on loopback in front of a real S3 server that disturbs what passes, until it is healed.

Requests are told apart by verb and by a part of their path, and counted; a disturbance begins
after some of them, and strikes all, every n-th, or so many in a row. Everything else is passed on
unchanged, Host header included, so that signatures stay valid.
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

_XML: Final = '<?xml version="1.0"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'
_HOP_BY_HOP: Final = {"connection", "transfer-encoding", "keep-alive"}


@dataclass
class Disturbance:
    """What is done to which requests. `times` None: until it is healed.

    kind: "<status> <code>" answers this error without asking the server; or one of
        slow          passes on after `seconds`
        silent        waits `seconds` and closes without an answer
        cut upload    reads half of the request and closes
        cut answer    passes on, gives half of the answer and closes
        lost answer   passes on and closes without an answer
        flip download changes a bit of the answer's body
        flip upload   changes a bit of the request's body
        stale         answers once what the object was before it was written last
    """

    kind: str
    verbs: tuple[str, ...] = ("GET", "PUT")
    path: str = ""
    after: int = 0
    every: int = 1
    times: int | None = None
    seconds: float = 0.0
    seen: int = 0
    struck: list[str] = field(default_factory=list)

    def strikes(self, verb: str, path: str) -> bool:
        """Count a request in; whether it is to be disturbed."""
        if verb not in self.verbs or self.path not in path:
            return False
        self.seen += 1
        beyond = self.seen - self.after
        if beyond < 1 or beyond % self.every or len(self.struck) == self.times:
            return False
        self.struck.append(f"{verb} {path}")
        return True


class S3Proxy:
    """The proxy. `url` is its address; nothing is disturbed at first."""

    def __init__(self, upstream_port: int) -> None:
        self.upstream_port = upstream_port
        self.requests = 0
        self.before: dict[str, bytes] = {}
        self._latest: dict[str, bytes] = {}
        self._disturbance: Disturbance | None = None
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def disturb(self, kind: str, **how: Any) -> Disturbance:
        """Begin with this disturbance, in place of another."""
        with self._lock:
            self.requests = 0
            self.before.clear()
            self._disturbance = Disturbance(kind, **how)
            return self._disturbance

    def heal(self) -> None:
        """Pass everything on from now on."""
        with self._lock:
            self._disturbance = None

    def striking(self, verb: str, path: str) -> Disturbance | None:
        """The disturbance, if it strikes this request."""
        with self._lock:
            self.requests += 1
            found = self._disturbance
            if found is None or (found.kind == "stale" and path not in self.before):
                return None
            return found if found.strikes(verb, path) else None

    def written(self, path: str, body: bytes) -> None:
        """Keep in mind what an object is, and what it was before."""
        with self._lock:
            if path in self._latest:
                self.before[path] = self._latest[path]
            self._latest[path] = body

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what this is for."""


class _Handler(BaseHTTPRequestHandler):
    proxy: S3Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _pass(self) -> None:
        path = self.path.partition("?")[0]
        found = self.proxy.striking(self.command, path)
        kind = found.kind if found else ""
        length = int(self.headers.get("Content-Length", 0))
        if kind == "cut upload":
            self.rfile.read(length // 2)
            return self._hang_up()
        body = self.rfile.read(length)
        if found and kind in ("slow", "silent"):
            time.sleep(found.seconds)
        if kind == "silent":
            return self._hang_up()
        if kind[:3].isdigit():
            status, code = kind.split(" ")
            return self._answer(int(status), [], _XML.format(code=code).encode())
        if self.command == "PUT":
            self.proxy.written(path, body)
        if kind == "stale":
            return self._answer(200, [], self.proxy.before.pop(path))
        if kind == "flip upload":
            body = _flipped(body)
        status, headers, data = self._asked(self.command, self.path, body)
        if kind == "lost answer":
            return self._hang_up()
        if kind == "flip download":
            data = _flipped(data)
        return self._answer(status, headers, data, whole=kind != "cut answer")

    do_GET = do_PUT = do_DELETE = do_POST = do_HEAD = _pass  # noqa: N815 - names of http.server

    def _asked(self, verb: str, path: str, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the server answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.upstream_port, timeout=60)
        try:
            connection.putrequest(verb, path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            headers = [each for each in answer.getheaders() if each[0].lower() not in _HOP_BY_HOP]
            return answer.status, headers, answer.read()
        finally:
            connection.close()

    def _answer(
        self, status: int, headers: list[tuple[str, str]], data: bytes, whole: bool = True
    ) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() != "content-length" or self.command == "HEAD":
                self.send_header(name, value)
        if self.command != "HEAD" and status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(data if whole else data[: len(data) // 2])
        if not whole:
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - of http.server
        """Nothing is told."""


def _flipped(data: bytes) -> bytes:
    """The bytes with one bit in their middle changed; none stay none."""
    changed = bytearray(data)
    if changed:
        changed[len(changed) // 2] ^= 1
    return bytes(changed)
