"""Are the plain manifests in k8s/ what the chart makes, and whole?"""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import charts

K8S = charts.ROOT / "k8s"


def resources(folder: Path) -> list[dict[str, Any]]:
    """All objects of a kustomization, as `kubectl apply -k` takes them."""
    listed = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    found = []
    for each in listed:
        path = folder / each
        found += resources(path) if path.is_dir() else [yaml.safe_load(path.read_text())]
    files = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert files == {each for each in listed if each.endswith(".yaml")}
    return found


def test_they_are_in_step_with_the_chart() -> None:
    done = subprocess.run(
        [sys.executable, charts.ROOT / "scripts" / "manifests", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", charts.ENVIRONMENTS)
def test_an_overlay_holds_the_whole_installation(name: str) -> None:
    found = resources(K8S / "overlays" / name)

    keys = [(each["kind"], each["metadata"]["name"]) for each in found]
    assert len(keys) == len(set(keys))
    values = charts.merged(
        charts.environment(name), yaml.safe_load((K8S / "values" / f"{name}.yaml").read_text())
    )
    from_chart = {
        (each["kind"], each["metadata"]["name"])
        for each in charts.objects(values, name="atlas-forge")
        if each["metadata"]["labels"]["app.kubernetes.io/component"] != "test"
    }
    plain = {(kind, re.sub("-register-[0-9a-f]{8}$", "-register", own)) for kind, own in keys}
    assert plain == from_chart
    assert "helm" not in json.dumps(found).lower()
    assert {each["metadata"]["namespace"] for each in found} == {"atlas-forge"}


def test_the_job_template_in_git_is_the_one_of_production() -> None:
    template = json.loads((K8S / "prefect" / "base-job-template.json").read_text())

    assert template["job_configuration"]["namespace"] == "atlas-forge"
    assert "service_account_name" not in template["variables"]["properties"]


def test_the_local_recipe_makes_every_secret_that_is_named(tmp_path: Path) -> None:
    """With a stand-in for kubectl that keeps what it is told to make."""
    kubectl = tmp_path / "bin" / "kubectl"
    kubectl.parent.mkdir()
    kubectl.write_text(
        "#!/bin/bash\n"
        f'case "$*" in\n'
        "  *'create secret'*)\n"
        f'    folder="{tmp_path}/made/$6"; mkdir -p "$folder"\n'
        '    for each in "${@:7}"; do\n'
        "      each=${each#--from-file=}\n"
        '      cp "${each#*=}" "$folder/${each%%=*}"\n'
        "    done ;;\n"
        "  *'get secret'*) exit 1 ;;\n"
        "esac\n"
    )
    kubectl.chmod(kubectl.stat().st_mode | stat.S_IXUSR)

    environment = {**os.environ, "PATH": f"{kubectl.parent}:{os.environ['PATH']}"}
    subprocess.run([K8S / "local" / "secrets"], check=True, env=environment, capture_output=True)

    made = {
        (folder.name, file.name): file.read_text()
        for folder in (tmp_path / "made").iterdir()
        for file in folder.iterdir()
    }
    # the same keys as the chart's own secrets have
    expected = set()
    for each in charts.objects(charts.environment("development"), name="atlas-forge"):
        if each["kind"] == "Secret":
            keys = {**each.get("data", {}), **each.get("stringData", {})}
            expected |= {(each["metadata"]["name"], key) for key in keys}
    assert made.keys() == expected
    assert made["atlas-forge-mongo", "password"] in made["atlas-forge-mongo", "uri"]
    [identity] = json.loads(made["atlas-forge-s3", "s3.json"])["identities"]
    assert identity["credentials"][0]["secretKey"] in made["atlas-forge-s3", "credentials"]
    assert len({made["atlas-forge-mongo", key] for key in ("password", "root-password")}) == 2


def test_the_charts_trial_store_gives_server_and_client_the_same_key() -> None:
    found = charts.objects(charts.environment("development"))
    secret = charts.one(found, "Secret", "-s3")["stringData"]

    [identity] = json.loads(secret["s3.json"])["identities"]
    key = identity["credentials"][0]["secretKey"]
    assert len(key) == 40
    assert f"aws_secret_access_key = {key}\n" in secret["credentials"]
    mongo = charts.one(found, "Secret", "-mongo")["stringData"]
    assert f":{mongo['password']}@" in mongo["uri"]
