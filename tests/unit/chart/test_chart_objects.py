"""Is what the chart installs as safe, connected and upgradable as it says?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import charts
from tests.charts import OUTSIDE, Object, at, merged

ENVIRONMENTS = {name: charts.environment(name) for name in charts.ENVIRONMENTS}
every_environment = pytest.mark.parametrize("values", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
# who asks the Kubernetes API, and so holds a token
WITH_TOKEN = {
    "Deployment/forge-atlas-forge-prefect-worker",
    "Job/of a flow",
    "Pod/forge-atlas-forge-test",
}


@every_environment
def test_every_pod_is_locked_down(values: Object, tmp_path: Path) -> None:
    pods = dict(charts.workloads(charts.objects(values), tmp_path))

    assert {"Job/of a flow", "DaskCluster/scheduler", "DaskCluster/worker"} <= pods.keys()
    for name, pod in pods.items():
        spec = pod["spec"]
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True and security.get("runAsUser", 10001) >= 999, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is (name in WITH_TOKEN), name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys(), name
        assert all("hostPath" not in each for each in spec.get("volumes", [])), name
        for each in charts.containers(spec):
            own = each["securityContext"]
            assert own["allowPrivilegeEscalation"] is False, (name, each["name"])
            assert own["readOnlyRootFilesystem"] is True, (name, each["name"])
            assert own["capabilities"] == {"drop": ["ALL"]}, (name, each["name"])


@every_environment
def test_every_container_has_requests_and_a_memory_limit(values: Object, tmp_path: Path) -> None:
    for name, pod in charts.workloads(charts.objects(values), tmp_path):
        for each in charts.containers(pod["spec"]):
            resources = each["resources"]
            assert resources["requests"].keys() >= {"cpu", "memory"}, (name, each["name"])
            assert "memory" in resources["limits"], (name, each["name"])


@every_environment
def test_no_image_is_without_a_version(values: Object, tmp_path: Path) -> None:
    for name, pod in charts.workloads(charts.objects(values), tmp_path):
        for each in charts.containers(pod["spec"]):
            assert re.search(r":[\w.-]+$|@sha256:[0-9a-f]{64}$", each["image"]), name
            assert not each["image"].endswith(":latest"), name


def test_a_digest_wins_over_the_tag_everywhere(tmp_path: Path) -> None:
    digest = f"sha256:{'ab' * 32}"
    values = merged(
        OUTSIDE, {"image": {"repository": "r.example/forge", "digest": digest, "tag": "7"}}
    )

    for name, pod in charts.workloads(charts.objects(values), tmp_path):
        images = {each["image"] for each in charts.containers(pod["spec"])}
        assert images == {f"r.example/forge@{digest}"}, name


@every_environment
def test_names_fit_and_labels_are_the_standard_ones(values: Object) -> None:
    for each in charts.objects(
        values, name="a-release-with-a-name-of-53-characters-is-the-longest"
    ):
        metadata = each["metadata"]
        assert len(metadata["name"]) <= 63
        assert metadata["labels"].keys() >= {
            "app.kubernetes.io/name",
            "app.kubernetes.io/instance",
            "app.kubernetes.io/component",
            "app.kubernetes.io/version",
            "app.kubernetes.io/managed-by",
            "app.kubernetes.io/part-of",
            "helm.sh/chart",
        }
        assert all(len(str(value)) <= 63 for value in metadata["labels"].values())
        assert "namespace" not in metadata  # Helm's --namespace decides


@every_environment
def test_selectors_find_what_they_are_for(values: Object, tmp_path: Path) -> None:
    found = charts.objects(values)
    pods = [pod for _, pod in charts.workloads(found, tmp_path)]

    def selected(labels: Object) -> list[Object]:
        return [each for each in pods if labels.items() <= each["metadata"]["labels"].items()]

    for each in found:
        spec, name = each.get("spec", {}), each["metadata"]["name"]
        if each["kind"] == "Service":
            [pod] = selected(spec["selector"])
            ports = {p["name"] for c in pod["spec"]["containers"] for p in c.get("ports", [])}
            assert {port["targetPort"] for port in spec["ports"]} <= ports, name
        if each["kind"] in ("NetworkPolicy", "PodDisruptionBudget"):
            selector = spec.get("podSelector", spec.get("selector"))
            assert selected(selector.get("matchLabels", {})), name
        if each["kind"] == "NetworkPolicy":
            for labels in _own_peers(spec):
                assert selected(labels), (name, labels)
        if each["kind"] in ("Deployment", "StatefulSet"):
            labels = spec["selector"]["matchLabels"]
            assert len(selected(labels)) == 1, name
            assert labels.items() <= spec["template"]["metadata"]["labels"].items(), name


def _own_peers(spec: Object) -> Iterator[Object]:
    for rule in [*spec.get("ingress", []), *spec.get("egress", [])]:
        for peer in [*rule.get("from", []), *rule.get("to", [])]:
            if "namespaceSelector" not in peer and "podSelector" in peer:
                yield peer["podSelector"]["matchLabels"]


@every_environment
def test_every_reference_leads_to_an_object_or_a_named_secret(
    values: Object, tmp_path: Path
) -> None:
    found = charts.objects(values)
    made = {(each["kind"], each["metadata"]["name"]): each for each in found}
    # by cert-manager
    made |= {
        ("Secret", each["spec"]["secretName"]): {
            "data": dict.fromkeys(("ca.crt", "tls.crt", "tls.key"))
        }
        for each in found
        if each["kind"] == "Certificate"
    }
    given = {
        value
        for path, value in _leaves(values)
        if path.endswith(("existingSecret", "caSecret", "tlsSecret", "pullSecrets"))
    }

    pods = list(charts.workloads(found, tmp_path))
    references = {found for _, pod in pods for found in _references(pod["spec"])}
    for kind, name, key in references:
        if (kind, name) in made:
            if key:
                object_ = made[kind, name]
                assert key in {**object_.get("data", {}), **object_.get("stringData", {})}, name
        else:
            assert kind == "Secret" and name in given, (kind, name)
    assert any(kind == "Secret" for kind, _, _ in references)

    accounts = {each["spec"].get("serviceAccountName", "") for _, each in pods} - {""}
    assert accounts and all(("ServiceAccount", each) in made for each in accounts)


def _references(spec: Object) -> Iterator[tuple[str, str, str]]:
    for each in charts.containers(spec):
        for variable in each.get("env", []):
            source = variable.get("valueFrom", {}).get("secretKeyRef")
            if source:
                yield "Secret", source["name"], source["key"]
    for volume in spec.get("volumes", []):
        secret, config = volume.get("secret"), volume.get("configMap")
        if secret:
            keys = [item["key"] for item in secret.get("items", [])] or [""]
            yield from (("Secret", secret["secretName"], key) for key in keys)
        if config:
            yield "ConfigMap", config["name"], ""
    for pull in spec.get("imagePullSecrets", []):
        yield "Secret", pull["name"], ""


def _leaves(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, f"{path}.{key}")
    elif isinstance(node, list):
        for each in node:
            yield from _leaves(each, path)
    else:
        yield path, str(node)


@every_environment
def test_mounts_have_volumes_and_volumes_are_mounted(values: Object, tmp_path: Path) -> None:
    for name, pod in charts.workloads(charts.objects(values), tmp_path):
        spec = pod["spec"]
        mounted = {m["name"] for c in charts.containers(spec) for m in c.get("volumeMounts", [])}
        claimed = {"data"} if name.startswith("StatefulSet") else set()
        assert mounted == {each["name"] for each in spec.get("volumes", [])} | claimed, name
        for each in charts.containers(spec):
            paths = [mount["mountPath"] for mount in each.get("volumeMounts", [])]
            assert len(paths) == len(set(paths)), name
            variables = [variable["name"] for variable in each.get("env", [])]
            assert len(variables) == len(set(variables)), (name, each["name"])


def test_rights_are_exactly_these() -> None:
    found = charts.objects(OUTSIDE)

    rules = {each["metadata"]["name"]: each["rules"] for each in found if each["kind"] == "Role"}
    assert rules == {
        "forge-atlas-forge-flow": [
            {
                "apiGroups": ["kubernetes.dask.org"],
                "resources": ["daskclusters"],
                "verbs": ["get", "create", "delete"],
            },
            {
                "apiGroups": ["kubernetes.dask.org"],
                "resources": ["daskautoscalers"],
                "verbs": ["get", "create", "patch"],
            },
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
            {"apiGroups": [""], "resources": ["services"], "verbs": ["get"]},
        ],
        "forge-atlas-forge-prefect-worker": [
            {
                "apiGroups": ["batch"],
                "resources": ["jobs"],
                "verbs": ["get", "list", "watch", "create", "delete"],
            },
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
        ],
    }
    assert not [each for each in found if each["kind"].startswith("ClusterRole")]
    for each in found:
        if each["kind"] == "RoleBinding":
            [subject] = each["subjects"]
            assert each["roleRef"]["name"] == subject["name"] == each["metadata"]["name"]
            assert subject["namespace"] == charts.NAMESPACE


def test_the_flows_rights_are_those_that_the_page_on_computing_asks_for() -> None:
    page = (charts.ROOT / "docs" / "compute.md").read_text()
    rows = re.findall(r"^\| (\S+) \| `(\w+)` \| ([a-z, ]+) \|$", page, re.M)
    asked = {
        ("" if group == "(core)" else group.strip("`"), resource, verbs)
        for group, resource, verbs in rows
    }

    role = charts.one(charts.objects(OUTSIDE), "Role", "-flow")
    given = {
        (group, resource, ", ".join(rule["verbs"]))
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    assert asked == given


def test_an_upgrade_touches_nothing_that_cannot_change() -> None:
    """Another image, other sizes, more labels: selectors and claim templates stay."""
    before = charts.environment("development")
    after = merged(
        before,
        at("image.tag", "9.9.9"),
        at("commonLabels", {"team": "structuring"}),
        at("prefect.worker.replicas", 3),
        at("dask.mode", "fixed"),
        at("flow.resources.limits.memory", "9Gi"),
    )

    fixed = [
        {
            (each["kind"], each["metadata"]["name"]): [
                each["spec"].get(key)
                for key in ("selector", "serviceName", "volumeClaimTemplates", "clusterIP")
            ]
            for each in charts.objects(values, revision=revision, is_upgrade=revision > 1)
            if each["kind"] in ("Deployment", "StatefulSet", "Service")
        }
        for revision, values in ((1, before), (2, after))
    ]

    assert fixed[0] == fixed[1] and len(fixed[0]) == 9


def test_a_new_job_template_restarts_the_worker_and_a_new_chart_alone_nothing() -> None:
    def annotations(values: Object) -> Any:
        worker = charts.one(charts.objects(values), "Deployment", "-prefect-worker")
        return worker["spec"]["template"]["metadata"]["annotations"]

    first = annotations(OUTSIDE)
    assert annotations(merged(OUTSIDE, at("flow.terminationSeconds", 300))) != first
    assert annotations(merged(OUTSIDE, at("dask.fixedWorkers", 9))) == first
    for each in charts.objects(charts.environment("development")):
        if each["kind"] in ("Deployment", "StatefulSet"):
            labels = each["spec"]["template"]["metadata"]["labels"]
            assert not {"helm.sh/chart", "app.kubernetes.io/version"} & labels.keys()


def test_registration_follows_each_release_and_replaces_the_job_before() -> None:
    job = charts.one(charts.objects(OUTSIDE), "Job", "-register")

    assert job["metadata"]["annotations"] == {
        "helm.sh/hook": "post-install,post-upgrade,post-rollback",
        "helm.sh/hook-weight": "0",
        "helm.sh/hook-delete-policy": "before-hook-creation",
    }


def test_workers_may_be_on_spot_nodes_and_nothing_else(tmp_path: Path) -> None:
    found = charts.objects(charts.environment("production"))

    for name, pod in charts.workloads(found, tmp_path):
        tolerates = "node.example/spot" in json.dumps(pod["spec"].get("tolerations", []))
        assert tolerates is (name == "DaskCluster/worker"), name


def test_no_secret_of_the_users_is_in_a_manifest() -> None:
    """Existing secrets are named; the chart makes one of its own only where none was given."""
    found = charts.objects(OUTSIDE)

    secrets = [each["metadata"]["name"] for each in found if each["kind"] == "Secret"]
    assert secrets == ["forge-atlas-forge-dask-tls"]


def test_the_made_certificate_is_for_both_sides_and_of_its_own_authority() -> None:
    import base64

    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    secret = charts.one(charts.objects(OUTSIDE), "Secret", "-dask-tls")
    decoded = {key: base64.b64decode(value) for key, value in secret["data"].items()}
    authority = x509.load_pem_x509_certificate(decoded["ca.crt"])
    own = x509.load_pem_x509_certificate(decoded["tls.crt"])

    own.verify_directly_issued_by(authority)
    uses = own.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH} <= set(uses)
    assert decoded.keys() == {"ca.crt", "tls.crt", "tls.key"}


def test_two_programs_with_the_made_certificate_trust_each_other(tmp_path: Path) -> None:
    """Seen on a real node: an authority named like what it signs is refused by OpenSSL."""
    import base64
    import ssl

    secret = charts.one(charts.objects(OUTSIDE), "Secret", "-dask-tls")
    for key, value in secret["data"].items():
        (tmp_path / key).write_bytes(base64.b64decode(value))

    def side(protocol: int) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.check_hostname = False  # as Dask does: pods have no names of their own
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(tmp_path / "ca.crt")
        context.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
        return context

    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = side(ssl.PROTOCOL_TLS_SERVER).wrap_bio(to_server, to_client, server_side=True)
    client = side(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(to_client, to_server)
    waiting = [client, server]
    for _ in range(20):
        for each in list(waiting):
            try:
                each.do_handshake()
                waiting.remove(each)
            except ssl.SSLWantReadError:
                pass
    assert waiting == []
    assert client.getpeercert() == server.getpeercert()
