"""Does registering again leave what people set of a deployment, and bring up to date the rest?"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.actions import DeploymentUpdate

from tests import charts
from tests.services.prefect_site import ROOT, Site, prefect_site

NIGHTLY, RUN, INBOX = (
    "atlas-forge-run/nightly",
    "atlas-forge-run/run",
    "atlas-forge-watch-inbox/inbox",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with prefect_site(tmp_path_factory.mktemp("site")) as running:
        yield running


def program(site: Site, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={**site.environment, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_schedules_and_parameters_stay_and_the_form_is_new(site: Site) -> None:
    nightly = site.client.read_deployment_by_name(NIGHTLY)
    [schedule] = nightly.schedules
    site.prefect("deployment", "schedule", "resume", NIGHTLY, str(schedule.id))
    own = DeploymentUpdate(parameters={"project": "builtin:medium"}, tags=["mine"])
    site.client.update_deployment(nightly.id, own)
    run = site.client.read_deployment_by_name(RUN)
    form = run.parameter_openapi_schema
    old: dict[str, Any] = {"type": "object", "properties": {}}
    site.client.update_deployment(
        run.id, DeploymentUpdate(parameter_openapi_schema=old, pull_steps=[], description="old")
    )
    site.client.delete_deployment(site.client.read_deployment_by_name(INBOX).id)

    done = program(site, sys.executable, "-m", "flows.register", "prefect.yaml")

    assert done.returncode == 0, done.stdout + done.stderr
    after = site.client.read_deployment_by_name(NIGHTLY)
    assert [(each.id, each.active) for each in after.schedules] == [(schedule.id, True)]
    assert after.parameters == {"project": "builtin:medium"}
    assert after.tags == ["mine"]
    updated = site.client.read_deployment_by_name(RUN)
    assert updated.id == run.id
    for part in ("properties", "required"):
        assert updated.parameter_openapi_schema[part] == form[part]
    assert updated.description == run.description
    assert updated.pull_steps == run.pull_steps
    [made] = site.client.read_deployment_by_name(INBOX).schedules
    assert not made.active


@pytest.mark.full
def test_the_charts_work_pool_is_made_once_and_then_kept_up_to_date(
    site: Site, tmp_path: Path
) -> None:
    """The script of the chart's register job, as rendered, with Prefect's own command."""
    found = charts.objects(charts.OUTSIDE)
    job = charts.one(found, "Job", "-register")
    text = charts.one(found, "ConfigMap", "-job-template")["data"]["base-job-template.json"]
    [container] = [
        each
        for each in job["spec"]["template"]["spec"]["initContainers"]
        if each["name"] == "work-pool"
    ]
    template = tmp_path / "base-job-template.json"
    [script] = container["args"]
    script = script.replace("/etc/atlas-forge/job-template", str(tmp_path))
    path = f"{Path(sys.executable).parent}:{site.environment['PATH']}"

    def registered(content: dict[str, Any]) -> Any:
        template.write_text(json.dumps(content))
        done = program(site, *container["command"], script, POOL="forge", PATH=path)
        assert done.returncode == 0, done.stdout + done.stderr
        return site.client.read_work_pool("forge")

    first = registered(json.loads(text))
    assert (first.type, first.base_job_template) == ("kubernetes", json.loads(text))
    site.prefect("work-pool", "pause", "forge")
    site.prefect("work-pool", "set-concurrency-limit", "forge", "3")
    changed = json.loads(text)
    changed["variables"]["properties"]["finished_job_ttl"]["default"] = 60

    second = registered(changed)

    assert second.base_job_template == changed
    assert (second.id, second.is_paused, second.concurrency_limit) == (first.id, True, 3)
