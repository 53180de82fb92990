# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times joining until Ready, and unjoining until everything is deleted."""

from __future__ import annotations

import json
import typing as t

from labkit import settings
from labkit.bench.report import JOIN, OURS_JOIN, PEER_JOIN, UNJOIN, Results, Row
from labkit.bench.run import Bench, Task, turned

HOST = settings.HOST_CONTEXT
NAMESPACE = "kube-federation-system"
MEMBER = "vulcan"
HOST_NAME = "earth"
CLUSTERS = f"kubectl --context {HOST} -n {NAMESPACE} get kubefedcluster {MEMBER} --ignore-not-found"
# The secret of the member's token is what kubefedctl does not wait for, nor tell
JOIN_SCRIPT = f"""
kubefedctl join {MEMBER} --cluster-context {MEMBER} --host-cluster-context {HOST} --host-cluster-name {HOST_NAME}
until [ "$({CLUSTERS} -o 'jsonpath={{.status.conditions[?(@.type=="Ready")].status}}')" = True ]; do sleep 1; done
"""
UNJOIN_SCRIPT = f"""
kubefedctl unjoin {MEMBER} --cluster-context {MEMBER} --host-cluster-context {HOST} --host-cluster-name {HOST_NAME}
until [ -z "$({CLUSTERS})" ]; do sleep 1; done
until [ -z "$(kubectl --context {MEMBER} get namespace {NAMESPACE} --ignore-not-found)" ]; do sleep 1; done
"""
FEDERATED = "federatednamespaces.types.kubefed.io"


def measure(bench: Bench, results: Results, runs: int) -> None:
    """Let the member leave, join and leave with either, and leave it out; the playbook burst_up puts it back."""
    results.expect(Row(JOIN, OURS_JOIN), Row(JOIN, PEER_JOIN), Row(UNJOIN, OURS_JOIN), Row(UNJOIN, PEER_JOIN))
    namespaces = bench.read("kubectl", "--context", HOST, "get", FEDERATED, "-A", "-o", "json")
    for namespace in json.loads(namespaces)["items"]:
        bench.do(
            {
                "cloudburst.federation.federated_resource": {
                    "context": HOST,
                    "namespace": namespace["metadata"]["namespace"],
                    "state": "withdrawn",
                    "clusters": [MEMBER],
                }
            }
        )
    bench.do(_task("absent"))
    period = _period(bench)
    for turn in range(runs):
        gate = _gate(period * turn / runs)
        for who in turned((OURS_JOIN, PEER_JOIN), turn):
            if who == OURS_JOIN:
                joined = bench.task(_task("present"), changed=True, gate=gate)
                left = bench.task(_task("absent"), changed=True)
            else:
                joined = bench.script(JOIN_SCRIPT, gate=gate)
                left = bench.script(UNJOIN_SCRIPT)
            results.add(Row(JOIN, who), joined)
            results.add(Row(UNJOIN, who), left)


def _task(state: str) -> Task:
    options = {"context": HOST, "name": MEMBER, "host_cluster_name": HOST_NAME, "state": state}
    return {"cloudburst.federation.kubefed_join": options}


def _gate(delay: float) -> str:
    """A script that ends so many seconds after one of KubeFed's probes.

    A member becomes READY with a probe: how long that takes is mostly a matter of when one begins. So each turn begins
    at another moment between two probes, which is the same for both.
    """
    return f"""
probe() {{
    kubectl --context {HOST} -n {NAMESPACE} get kubefedcluster {HOST_NAME} \\
        -o 'jsonpath={{.status.conditions[0].lastProbeTime}}'
}}
before=$(probe)
while [ "$(probe)" = "$before" ]; do sleep 0.1; done
sleep {delay:.1f}
"""


def _period(bench: Bench) -> float:
    """Seconds between two of KubeFed's probes."""
    get = ("kubectl", "--context", HOST, "-n", NAMESPACE, "get", "kubefedconfig", "kubefed", "-o", "json")
    health = t.cast("dict[str, str]", json.loads(bench.read(*get))["spec"].get("clusterHealthCheck") or {})
    return seconds(health.get("period", "10s"))


def seconds(duration: str) -> float:
    """A duration as Go writes it, of minutes and seconds."""
    minutes, _m, rest = duration.rpartition("m")
    return 60 * float(minutes or 0) + float(rest.rstrip("s") or 0)
