"""Do the network policies deny by default, and let through exactly what pods say to each other?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import charts
from tests.charts import Object

ENVIRONMENTS = {name: charts.environment(name) for name in charts.ENVIRONMENTS}
every_environment = pytest.mark.parametrize("values", ENVIRONMENTS.values(), ids=ENVIRONMENTS)


def test_policies_let_in_the_ports_that_pods_listen_on(tmp_path: Path) -> None:
    found = charts.objects(charts.environment("development"))
    policies = [each["spec"] for each in found if each["kind"] == "NetworkPolicy"]

    for name, pod in charts.workloads(found, tmp_path):
        labels = pod["metadata"]["labels"].items()
        let_in = {
            port["port"]
            for spec in policies
            if spec["podSelector"].get("matchLabels", {}).items() <= labels
            for rule in spec.get("ingress", [])
            for port in rule["ports"]
        }
        listening = {
            port["containerPort"]
            for each in pod["spec"]["containers"]
            for port in each.get("ports", [])
            if port["name"] != "health"  # asked by the node alone
        }
        assert let_in == listening, name


@every_environment
def test_every_pod_is_denied_by_default_and_has_its_own_policy(
    values: Object, tmp_path: Path
) -> None:
    found = charts.objects(values)
    policies = [each for each in found if each["kind"] == "NetworkPolicy"]
    [deny] = [each for each in policies if each["metadata"]["name"].endswith("default-deny")]

    assert deny["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in deny["spec"]
    [dns] = deny["spec"]["egress"]
    assert {(port["port"], port["protocol"]) for port in dns["ports"]} == {(53, "UDP"), (53, "TCP")}
    for name, pod in charts.workloads(found, tmp_path):
        labels = pod["metadata"]["labels"].items()
        selecting = [
            each["metadata"]["name"]
            for each in policies
            if each["spec"]["podSelector"].get("matchLabels", {}).items() <= labels
        ]
        assert len(selecting) == 2 and deny["metadata"]["name"] in selecting, name


@every_environment
def test_what_one_side_may_send_the_other_may_receive(values: Object, tmp_path: Path) -> None:
    found = charts.objects(values)
    policies = [each for each in found if each["kind"] == "NetworkPolicy"]
    pods = {name: pod["metadata"]["labels"] for name, pod in charts.workloads(found, tmp_path)}

    def flows(direction: str, peers: str) -> set[tuple[str, str, int]]:
        seen = set()
        for policy in policies:
            mine = policy["spec"]["podSelector"].get("matchLabels", {}).items()
            for rule in policy["spec"].get(direction, []):
                for peer in rule[peers]:
                    if "podSelector" not in peer or "namespaceSelector" in peer:
                        continue
                    theirs = peer["podSelector"]["matchLabels"].items()
                    seen |= {
                        (a, b, port["port"])
                        for a in pods
                        for b in pods
                        for port in rule["ports"]
                        if mine <= pods[a].items() and theirs <= pods[b].items()
                    }
        return seen

    sent = flows("egress", "to")
    received = {(b, a, port) for a, b, port in flows("ingress", "from")}

    assert sent == received
    assert ("Job/of a flow", "DaskCluster/scheduler", 8786) in sent
    assert ("DaskCluster/worker", "DaskCluster/scheduler", 8786) in sent
    assert ("DaskCluster/scheduler", "DaskCluster/worker", 8788) in sent
    assert not {to for _, to, _ in sent} & {"Job/of a flow"}
