"""A real Prometheus, and a real Pushgateway, of this machine for tests, on loopback."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.services.moto_server import free_port, wait_until_it_answers

SCRAPE_S: Final = 0.25
PACKAGES: Final = {
    "prometheus": "prometheus",
    "pushgateway": "prometheus-pushgateway",
}


def program(name: str) -> str:
    """Its path, or skip with the reason; in CI its absence is a failure."""
    package = PACKAGES[name]
    found = shutil.which(package) or shutil.which(name)
    if found:
        return found
    reason = f"{name} is not installed (Debian: apt-get install {package})"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


class Server:
    """A program with an HTTP interface, until the block ends."""

    def __init__(self, folder: Path, name: str, *arguments: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        log = folder / f"{name}.log"
        with log.open("ab") as told:
            self._process = subprocess.Popen(
                [program(name), f"--web.listen-address=127.0.0.1:{self.port}", *arguments],
                cwd=folder, stdout=told, stderr=told,
            )  # fmt: skip
        wait_until_it_answers(self.port, lambda: self._process.poll() is None, log)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)


class Prometheus(Server):
    """Scrapes what `watch` names, with rules loaded; `jobs` are the names of the scrape jobs."""

    def __init__(
        self, folder: Path, rules: dict[str, Any], jobs: list[str], gateway: str = ""
    ) -> None:
        self._folder = folder
        (folder / "rules.yml").write_text(yaml.safe_dump(rules))
        scraped: list[dict[str, Any]] = [
            {"job_name": job, "file_sd_configs": [{"files": [f"{job}.json"]}]} for job in jobs
        ]
        if gateway:
            host = gateway.removeprefix("http://")
            targets = [{"targets": [host], "labels": {"namespace": "monitoring"}}]
            scraped.append(
                {"job_name": "pushgateway", "honor_labels": True, "static_configs": targets}
            )
        every = f"{round(1000 * SCRAPE_S)}ms"
        document = {
            "global": {"scrape_interval": every, "evaluation_interval": every},
            "rule_files": ["rules.yml"],
            "scrape_configs": scraped,
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(document))
        super().__init__(
            folder, "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data"
        )
        self.ask("status/buildinfo")

    def watch(self, job: str, ports: list[int], labels: dict[str, str]) -> None:
        """Let a job scrape these ports of this machine from now on."""
        groups = [
            {"targets": [f"127.0.0.1:{port}"], "labels": {**labels, "pod": f"{job}-{number}"}}
            for number, port in enumerate(ports)
        ]
        path = self._folder / f"{job}.json"
        path.with_suffix(".new").write_text(json.dumps(groups))
        path.with_suffix(".new").rename(path)
        deadline = time.monotonic() + 30
        wanted = {group["targets"][0] for group in groups}
        while True:
            active = self.ask("targets")["activeTargets"]
            mine = {each["discoveredLabels"]["__address__"] for each in active
                    if each["scrapePool"] == job}  # fmt: skip
            if mine == wanted:
                return
            assert time.monotonic() < deadline, (job, mine)
            time.sleep(0.1)

    def ask(self, path: str, **parameters: str | float) -> Any:
        """What its API answers; waits while it starts. Raises AssertionError with its reason."""
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        for _ in range(50):
            try:
                with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310
                    return json.load(answer)["data"]
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    raise AssertionError(error.read().decode()) from error
                time.sleep(0.2)
        raise AssertionError("Prometheus does not become ready")

    def found(self, query: str, began: float, ended: float) -> list[dict[str, Any]]:
        """Series of a query that had a number at some moment between two."""
        result = self.ask("query_range", query=query, start=began, end=ended, step=SCRAPE_S)
        return [
            each
            for each in result["result"]
            if any(math.isfinite(float(value)) for _, value in each["values"])
        ]

    def last(self, query: str, began: float, ended: float) -> dict[tuple[str, ...], float]:
        """The last values of a query between two moments, by the values of the series' labels."""
        return {
            tuple(value for name, value in sorted(each["metric"].items()) if name != "__name__"):
            float(each["values"][-1][1])
            for each in self.found(query, began, ended)
        }  # fmt: skip
