"""A headless Chromium driven over its debugging protocol: pages opened, used and photographed."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import websockets

NONE_HERE = "no Chromium here: install one, or name it in CHROMIUM"
WIDTH, HEIGHT = 1400, 900


def program() -> str | None:
    """The browser's program, if there is one."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chrome")


@contextmanager
def browser() -> Iterator[str]:
    """The address of a headless Chromium's debugging protocol."""
    found = program()
    if found is None:
        raise SystemExit(NONE_HERE)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        chromium = subprocess.Popen(
            [found, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--no-first-run", "--disable-extensions", "--disable-background-networking",
             "--remote-debugging-port=0", f"--user-data-dir={profile}",
             f"--window-size={WIDTH},{HEIGHT}", "about:blank"],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            for line in chromium.stderr or ():
                if address := re.search(r"ws://\S+", line):
                    yield address.group()
                    return
            raise SystemExit("Chromium did not start")
        finally:
            chromium.terminate()
            chromium.wait(20)
            if chromium.stderr:
                chromium.stderr.close()


class Page:
    """One page of the browser, and what it said: its console, and every address it asked for."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._last = 0
        self._session: str | None = None
        self._loaded = False
        self.complaints: list[str] = []
        self.requests: list[str] = []

    async def open(self) -> None:
        made = await self.call("Target.createTarget", url="about:blank")
        attached = await self.call("Target.attachToTarget", targetId=made["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        await self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(await self._socket.recv())
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return dict(answer.get("result", {}))
            self._hear(answer.get("method", ""), answer.get("params", {}))

    def _hear(self, event: str, told: dict[str, Any]) -> None:
        match event:
            case "Page.loadEventFired":
                self._loaded = True
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(str(told["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if told["type"] in ("error", "warning", "assert"):
                self.complaints.append(str(told["args"]))
            case "Log.entryAdded" if told["entry"]["level"] in ("error", "warning"):
                self.complaints.append(str(told["entry"]))

    async def sized(self, width: int, height: int = HEIGHT, scale: float = 1.0) -> None:
        """Make the page so wide, also narrower than a window can be."""
        await self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                        deviceScaleFactor=scale, mobile=False)  # fmt: skip

    async def go(self, url: str) -> None:
        """Open an address and wait until the page is loaded."""
        self._loaded = False
        await self.call("Page.navigate", url=url)
        while not self._loaded:
            await self.run("0")
            await asyncio.sleep(0.02)

    async def run(self, script: str) -> Any:
        """What a script gives, awaited. Raises RuntimeError with what it threw."""
        answer = await self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    async def until(self, condition: str, within_s: float = 20.0) -> None:
        """Wait until a script gives something true. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while not await self.run(condition):
                await asyncio.sleep(0.03)

    async def picture(self, path: Path, *, whole: bool = False) -> None:
        """Photograph what is in sight, or the whole length of the page, as PNG."""
        shot = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))


@asynccontextmanager
async def page_of(address: str) -> AsyncIterator[Page]:
    """A new page of the browser at `address`."""
    async with websockets.connect(address, max_size=None) as socket:
        page = Page(socket)
        await page.open()
        yield page
