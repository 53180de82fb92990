# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many federated resources, new and unchanged."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from labkit import settings
from labkit.bench import report
from labkit.bench.report import OURS_RESOURCES, PEER_APPLY, PEER_TASK, Results, Row, Sample, resources_named
from labkit.bench.run import Bench, Task, turned
from labkit.errors import LabError

HOST = settings.HOST_CONTEXT
NAMESPACE = "bench"
LOOP = 20
API = "types.kubefed.io/v1beta1"
PATH = f"/apis/{API}/namespaces/{NAMESPACE}/federatedconfigmaps"
PODS = "kubefed-control-plane=controller-manager"
# Placed on no cluster: what is timed is the writing, not KubeFed
NOWHERE: dict[str, t.Any] = {"clusters": []}

Object = dict[str, t.Any]


def config_map(number: int) -> Object:
    """One federated object."""
    data = {"number": str(number), "greeting": "hello", "settings.ini": "[web]\nport = 80\nworkers = 4\n"}
    template = {"metadata": {"labels": {"app": "bench"}}, "data": data}
    metadata = {"name": f"bench-{number:04}", "namespace": NAMESPACE}
    return {
        "apiVersion": API,
        "kind": "FederatedConfigMap",
        "metadata": metadata,
        "spec": {"template": template, "placement": NOWHERE},
    }


def documents(objects: t.Iterable[Object]) -> str:
    """A YAML file for all contenders; JSON is YAML."""
    return "".join(f"---\n{json.dumps(each)}\n" for each in objects)


def measure(bench: Bench, results: Results, runs: int, count: int, *, loop: bool) -> None:
    """Write so many with each contender, and again.

    :param loop: also a loop, which is far slower than all others: of 20, and scaled.
    """
    file = bench.scratch / "resources.yml"
    file.write_text(documents(config_map(number) for number in range(count)))
    looped = report.loop_named(LOOP, count)
    who = [OURS_RESOURCES, PEER_TASK, *([looped] if loop else []), PEER_APPLY]
    new, unchanged = resources_named(count, "new"), resources_named(count, "unchanged")
    results.expect(*(Row(what, name) for what in (new, unchanged) for name in who))
    metadata = {"name": NAMESPACE, "namespace": NAMESPACE}
    federated = {"apiVersion": API, "kind": "FederatedNamespace", "metadata": metadata, "spec": {"placement": NOWHERE}}
    namespace = bench.scratch / "namespace.yml"
    plain = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    namespace.write_text(documents([plain, federated]))
    try:
        _kubectl(bench, "apply", "-f", str(namespace))
        _clear(bench)  # a bench that was killed may have left some
        _scale(bench, 0)
        for turn in range(runs):
            for name in turned(who, turn):
                for what, changed in ((new, True), (unchanged, False)):
                    if name == PEER_APPLY:
                        sample = _apply(bench, str(file), changed=changed)
                    elif name == looped:
                        sample = dataclasses.replace(bench.task(_loop(), changed=changed), times=count // LOOP)
                    else:
                        sample = bench.task(_task(name, str(file)), changed=changed)
                    results.add(Row(what, name), sample)
                _clear(bench)
    finally:
        _scale(bench, 1)
        _clear(bench)
        _kubectl(bench, "-n", NAMESPACE, "delete", "--ignore-not-found", "federatednamespace", NAMESPACE)
        _kubectl(bench, "delete", "--ignore-not-found", "namespace", NAMESPACE)


def _task(who: str, file: str) -> Task:
    if who == OURS_RESOURCES:
        return {"cloudburst.federation.federated_resource": {"context": HOST, "src": file, "wait": False}}
    return {"kubernetes.core.k8s": {"context": HOST, "src": file}}


def _loop() -> Task:
    return {
        "kubernetes.core.k8s": {"context": HOST, "definition": "{{ item }}"},
        "loop": [config_map(number) for number in range(LOOP)],
        "loop_control": {"label": "{{ item.metadata.name }}"},
    }


def _apply(bench: Bench, file: str, *, changed: bool) -> Sample:
    sample, output = bench.command("kubectl", "--context", HOST, "apply", "-f", file)
    word = "created" if changed else "unchanged"
    if not all(line.endswith(f" {word}") for line in output.splitlines()):
        raise LabError(f"kubectl apply was to say {word!r} of each object\n{output[-2000:]}")
    return sample


def _scale(bench: Bench, replicas: int) -> None:
    """Stop KubeFed's controller, or start it: it would work on what was written while the next contender is timed."""
    where = ("-n", "kube-federation-system", "deployment", "kubefed-controller-manager")
    _kubectl(bench, "scale", *where, f"--replicas={replicas}")
    _kubectl(bench, "rollout", "status", *where, "--timeout=120s")
    bench.until(
        f"{replicas} pods of KubeFed's controller",
        lambda: len(_kubectl(bench, "get", "pods", *where[:2], "-l", PODS, "-o", "name").split()) == replicas,
    )


def _clear(bench: Bench) -> None:
    _kubectl(bench, "delete", "--raw", PATH)
    bench.until("all resources to be gone", lambda: not _found(bench))


def _found(bench: Bench) -> list[Object]:
    return t.cast("list[Object]", json.loads(_kubectl(bench, "get", "--raw", PATH))["items"])


def _kubectl(bench: Bench, *arguments: str) -> str:
    return bench.read("kubectl", "--context", HOST, *arguments)
