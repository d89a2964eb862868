"""A line to a server that is cut: TCP on loopback, byte for byte, up to the places given."""

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress


class CutProxy:
    """Forwards to a port of this machine; breaks all connections, mid-message, once so many bytes
    were sent to the server, and after so many more again. New connections are accepted."""

    def __init__(self, port: int, cut_after: Sequence[int]) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lines: list[socket.socket] = []
        self._lock = threading.Lock()
        self._cuts = list(cut_after)
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break all connections."""
        with self._lock:
            lines, self._lines = self._lines, []
        self.cuts += 1
        for line in lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listener.accept()
                there = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            with self._lock:
                self._lines += [here, there]
            for ends in ((here, there, True), (there, here, False)):
                threading.Thread(target=self._forward, args=ends, daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket, upward: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if upward and self._is_spent(len(data)):
                    sink.sendall(data[: len(data) // 2])
                    self.cut()
                    return
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def _is_spent(self, sent: int) -> bool:
        with self._lock:
            if not self._cuts:
                return False
            self._cuts[0] -= sent
            if self._cuts[0] > 0:
                return False
            del self._cuts[0]
            return True
