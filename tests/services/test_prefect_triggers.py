"""What starts runs through Prefect, what holds them back, and what is told of them: does a schedule
fire, an inbox take a file once, `submit` end as `run` would, a project's runs take turns, and does
no secret reach the server?
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.blocks.system import Secret
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.exceptions import PrefectHTTPStatusError

from flows.turns import limit_of
from tests.run_projects import PROJECT
from tests.services.prefect_site import ROOT, Site, wait_for
from tests.services.secret_scan import files_below, found_in

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]
RUN = "atlas-forge-run/run"
SMALL = PROJECT.replace("LIMIT", "300")


def atlas_forge(site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli.main", *arguments],
        env=site.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def under_project(site: Site, name: str) -> list[Any]:
    chosen = FlowRunFilter.model_validate({"tags": {"all_": [f"project:{name}"]}})
    return site.client.read_flow_runs(flow_run_filter=chosen)


@contextmanager
def every(site: Site, deployment: str, seconds: int, **parameters: Any) -> Iterator[None]:
    """A schedule of a deployment, switched on for the block."""
    found = site.client.read_deployment_by_name(deployment)
    site.client.update_deployment(found.id, DeploymentUpdate(parameters=parameters))
    schedule = IntervalSchedule(interval=timedelta(seconds=seconds))
    (made,) = site.client.create_deployment_schedules(
        found.id, [DeploymentScheduleCreate(schedule=schedule, active=True)]
    )
    try:
        yield
    finally:
        site.client.delete_deployment_schedule(found.id, made.id)


def test_a_schedule_looks_into_the_inbox_and_each_file_is_run_once(
    site: Site, tmp_path: Path
) -> None:
    inbox, out = tmp_path / "inbox", tmp_path / "runs"
    (inbox / "new").mkdir(parents=True)
    (inbox / "new" / "dropped.yaml").write_text(SMALL.replace("id: trial", "id: dropped"))
    (inbox / "new" / "bad.yaml").write_text(SMALL.replace("[8, 12]", "[8, -1]"))
    (inbox / "new" / "half.yaml.part").write_text(SMALL)
    with (
        site.working(),
        every(site, "atlas-forge-watch-inbox/inbox", 8, inbox=str(inbox), out=str(out)),
    ):
        wait_for(lambda: under_project(site, "dropped"))
        (run,) = under_project(site, "dropped")
        assert site.ended(run.id).state_name == "Completed"
        looks = [each for each in site.client.read_flow_runs() if each.name == "inbox"]
        assert any(each.auto_scheduled for each in looks)
    assert len(under_project(site, "dropped")) == 1
    assert len(list(out.glob("dropped-*/ranked.parquet"))) == 1
    (note,) = (inbox / "taken").glob("*.run.json")
    assert json.loads(note.read_text())["flow_run_id"] == str(run.id)
    (errors,) = (inbox / "refused").glob("*bad.yaml.errors.txt")
    assert "SeniorTenorY_39" in errors.read_text()
    assert [path.name for path in (inbox / "new").iterdir()] == ["half.yaml.part"]


def test_submit_carries_the_files_and_ends_as_run_would(site: Site, tmp_path: Path) -> None:
    project = tmp_path / "p.yaml"
    project.write_text(SMALL.replace("builtin:gbp", "m.yaml").replace("id: trial", "id: sent"))
    (tmp_path / "m.yaml").write_text((ROOT / "fixtures" / "markets" / "gbp.yaml").read_text())
    with site.working():
        done = atlas_forge(
            site, "submit", str(project), "--watch", "--json", "--out", str(tmp_path / "runs")
        )
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)["flow_run"]
        assert told["state"] == "Completed"
        assert told["name"].startswith("sent-")
        assert "output" in done.stderr or "done" in done.stderr
        (summary,) = (tmp_path / "runs").glob("sent-*/summary.json")
        assert json.loads(summary.read_text())["total_scenarios"] == 300
        # found out only where it is run: the setting is the worker's
        failed = atlas_forge(site, "submit", str(project), "--watch", "--compute", "kubernetes")
        assert failed.returncode == 2, failed.stderr
    waiting = atlas_forge(site, "submit", str(project), "--json")
    assert waiting.returncode == 0, waiting.stderr
    flow_run = json.loads(waiting.stdout)["flow_run"]
    cancelled = atlas_forge(site, "cancel", flow_run["id"])
    assert cancelled.returncode == 0, cancelled.stderr
    assert site.ended(flow_run["id"]).state_name == "Cancelled"
    unknown = atlas_forge(site, "cancel", "no-such-run")
    assert unknown.returncode == 1 and "no flow run called no-such-run" in unknown.stderr
    bad = atlas_forge(site, "submit", str(project), "--workers", "5000")
    assert bad.returncode == 1 and "5000" in bad.stderr
    nobody = atlas_forge(site, "submit", str(project), "--deployment", "no/such")
    assert nobody.returncode == 1 and "no deployment 'no/such'" in nobody.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("workers", -1),
        ("workers", "many"),
        ("compute", "tls://host"),
        ("compute", "somewhere"),
        ("partition_rows", 0),
        ("max_permutations", 10**13),
        ("log_level", "loud"),
        ("secrets", "MONGO=mongodb://u:p@h"),
        ("store", "s3://KEY:SECRET@bucket/prefix"),
        ("project", ""),
    ],
)
def test_the_server_refuses_a_bad_parameter_by_its_name(site: Site, name: str, value: Any) -> None:
    before = len(site.client.read_flow_runs())
    with pytest.raises(PrefectHTTPStatusError) as refused:
        site.start(RUN, **{"project": SMALL, name: value})
    answer = refused.value.response
    assert answer.status_code in (409, 422)
    assert name in answer.text or str(value) in answer.text
    assert len(site.client.read_flow_runs()) == before


def test_the_form_of_every_deployment_tells_types_limits_and_meaning(site: Site) -> None:
    deployments = site.client.read_deployments()
    assert {each.name for each in deployments} >= {
        "run", "nightly", "rank-again", "report-again", "inbox",
    }  # fmt: skip
    for deployment in deployments:
        fields = deployment.parameter_openapi_schema["properties"]
        assert all(field["description"] for field in fields.values())
        assert deployment.enforce_parameter_schema
        assert "atlas-forge" in deployment.tags
        assert not any(each.active for each in deployment.schedules)
    run = site.client.read_deployment_by_name(RUN).parameter_openapi_schema["properties"]
    assert run["log_level"]["enum"] == ["debug", "info", "warning", "error"]
    assert run["workers"]["maximum"] == 1024
    assert {"atlas-forge-run/nightly"} == {
        f"atlas-forge-run/{each.name}"
        for each in deployments
        for schedule in each.schedules
        if getattr(schedule.schedule, "cron", None) == "0 2 * * *"
    }


def test_single_stages_are_done_again(site: Site, tmp_path: Path) -> None:
    given = {"project": SMALL.replace("id: trial", "id: again"), "out": str(tmp_path)}
    with site.working():
        assert site.ended(site.start(RUN, **given)).state_name == "Completed"
        (folder,) = tmp_path.iterdir()
        (folder / "ranked.parquet").unlink()
        asked = {"run_id": folder.name, "out": str(tmp_path)}
        ranked = site.ended(site.start("atlas-forge-rank-again/rank-again", **asked))
        assert ranked.state_name == "Completed" and ranked.name == folder.name
        assert (folder / "ranked.parquet").exists()
        report = folder / "reports" / "summary.pdf"
        before = report.stat().st_mtime_ns
        reported = site.start("atlas-forge-report-again/report-again", **asked)
        assert site.ended(reported).state_name == "Completed"
        assert report.stat().st_mtime_ns > before


def test_runs_of_one_project_take_turns(site: Site, tmp_path: Path) -> None:
    project = SMALL.replace("id: trial", "id: shared")
    given = {"project": project, "out": str(tmp_path), "log_level": "info"}
    with site.working():
        asked = [site.start(RUN, **given, seed=seed) for seed in (1, 2, 3)]
        assert [site.ended(run).state_name for run in asked] == ["Completed"] * 3
    spans = []
    for run in asked:
        tasks = site.client.read_task_runs(
            flow_run_filter=FlowRunFilter.model_validate({"id": {"any_": [run]}})
        )
        spans.append((min(t.start_time for t in tasks), max(t.end_time for t in tasks)))
    spans.sort()
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))
    limit = site.client.read_global_concurrency_limit_by_name(limit_of("shared"))
    assert (limit.limit, limit.active_slots) == (1, 0)


@contextmanager
def webhook() -> Iterator[tuple[str, list[str]]]:
    """An address, and what is posted there."""
    posted: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", posted
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_people_are_told_and_no_secret_is_known_to_the_server(site: Site, tmp_path: Path) -> None:
    mongo, key, access = (f"S-{token_hex(16)}" for _ in range(3))
    secrets = {"the mongo password": mongo, "the secret key": key, "the token": access}
    held = json.dumps(
        {
            "ATLAS_FORGE_MONGO": f"mongodb://forge:{mongo}@127.0.0.1:9/atlas?"
            "serverSelectionTimeoutMS=500&replicaSet=rs0",
            "AWS_SECRET_ACCESS_KEY": key,
            "AWS_SESSION_TOKEN": access,
        }
    )
    Secret(value=held).save("deal-desk")
    Secret(value=json.dumps({"PATH": "/evil"})).save("not-allowed")
    Secret(value={"ATLAS_FORGE_MONGO": "mongodb://h/db"}).save("in-the-open")
    project = SMALL.replace("id: trial", "id: secretive")
    with webhook() as (address, posted):
        CustomWebhookNotificationBlock(
            name="desk", url=address, json_data={"text": "{{subject}} {{body}}"}
        ).save("desk")
        with site.working(ATLAS_FORGE_NOTIFY="custom-webhook/desk"):
            given = {"project": project, "out": str(tmp_path), "log_level": "debug"}
            failed = site.ended(site.start(RUN, **given, secrets="deal-desk"))
            assert failed.state_name == "Failed"  # no such database answers: it was used
            assert "127.0.0.1:9" in str(failed.state and failed.state.message)
            refused = site.ended(site.start(RUN, **given, secrets="not-allowed"))
            message = str(refused.state and refused.state.message)
            assert "'PATH'" in message and "/evil" not in message
            shown = site.ended(site.start(RUN, **given, secrets="in-the-open"))
            assert "saved as an object" in str(shown.state and shown.state.message)
            missing = site.ended(site.start(RUN, **given, secrets="no-such"))
            assert "no Prefect Secret block 'no-such'" in str(
                missing.state and missing.state.message
            )
            wait_for(lambda: len(posted) == 4)
    assert failed.name in posted[0] and "Failed" in posted[0]
    everything = [(kind, page.encode()) for kind, page in read_back(site)]
    everything += files_below(tmp_path, site.folder)
    assert found_in(everything, secrets) == []
    assert found_in([("itself", f"x{mongo}x".encode())], secrets)  # the search can find one


def read_back(site: Site) -> Iterator[tuple[str, str]]:
    """All that the server's API holds, as JSON, with what it is."""
    kinds = [
        "flows", "flow_runs", "task_runs", "flow_run_states", "task_run_states", "deployments",
        "artifacts", "logs", "variables", "automations", "block_documents", "work_pools",
    ]  # fmt: skip
    with httpx.Client(base_url=site.environment["PREFECT_API_URL"]) as api:
        token = api.get("/csrf-token", params={"client": "test"})
        headers = {"Prefect-Csrf-Client": "test"}
        if token.status_code == 200:
            headers["Prefect-Csrf-Token"] = token.json()["token"]
        seen = 0
        for kind in kinds:
            offset = 0
            while True:
                page = api.post(
                    f"/{kind}/filter", json={"limit": 200, "offset": offset}, headers=headers
                )
                if page.status_code in (404, 405):  # this kind is read one by one only
                    break
                page.raise_for_status()
                yield kind, page.text
                found = len(page.json())
                seen += found
                offset += found
                if found < 200:
                    break
        events = api.post("/events/filter", json={"limit": 50}, headers=headers)
        events.raise_for_status()
        yield "events", events.text
        assert seen > 10
