# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source against a real API server without nodes, on the loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import runpy
import socket
import subprocess
import time
import typing as t
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from labkit import settings

pytest.importorskip("kubernetes")

from ansible_collections.cloudburst.federation.plugins.module_utils._capacity import reading
from ansible_collections.cloudburst.federation.plugins.module_utils._kube import client as kube_client
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.client import Client

SOURCE = Path(__file__).resolve().parents[4] / "extensions" / "eda" / "plugins" / "event_source" / "cluster_pressure.py"
FULL = "0/1 nodes are available: 1 Insufficient cpu. preemption: No victims found for incoming pods."
STATE = "/api/v1/namespaces/kube-system/configmaps/cloudburst-vulcan-demand"
Event = dict[str, t.Any]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ApiServer:
    """etcd and an API server, which compacts every second and forgets what is older."""

    def __init__(self, directory: Path, programs: Path) -> None:
        self.directory, self._programs = directory, programs
        self.port, self._etcd_port, peer = _free_port(), _free_port(), _free_port()
        client, peers = f"http://127.0.0.1:{self._etcd_port}", f"http://127.0.0.1:{peer}"
        (directory / "tokens").write_text('admin,admin,1,"system:masters"\nweak,weak,2,""\nwatch,watch,3,""\n')
        subprocess.run(
            ["openssl", "genrsa", "-out", str(directory / "sa.key"), "2048"], check=True, capture_output=True
        )
        self._etcd = self._start(
            *("etcd", f"--data-dir={directory}/etcd", "--unsafe-no-fsync", "--log-level=error"),
            *(f"--listen-client-urls={client}", f"--advertise-client-urls={client}"),
            *(f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}"),
            f"--initial-cluster=default={peers}",
        )
        self._server: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start the API server, and wait until it is ready."""
        key = self.directory / "sa.key"
        self._server = self._start(
            *("kube-apiserver", f"--etcd-servers=http://127.0.0.1:{self._etcd_port}", "--bind-address=127.0.0.1"),
            *(f"--secure-port={self.port}", f"--cert-dir={self.directory}/pki", "--authorization-mode=RBAC"),
            *(f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}"),
            *("--service-account-issuer=https://lab", f"--token-auth-file={self.directory}/tokens"),
            *("--service-cluster-ip-range=10.4.0.0/24", "--etcd-compaction-interval=1s"),
            *("--feature-gates=ListFromCacheSnapshot=false", "--disable-admission-plugins=ServiceAccount"),
        )
        end = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError, urllib.error.HTTPError):
                self.call("GET", "/readyz")
                return
            assert time.monotonic() < end, (self.directory / "kube-apiserver.log").read_text()[-2000:]
            time.sleep(0.2)

    def _start(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.directory / f"{program}.log").open("wb") as log:
            return subprocess.Popen([self._programs / program, *arguments], stdout=log, stderr=log)

    def stop(self) -> None:
        """End the API server alone."""
        if self._server:
            self._server.kill()
            self._server.wait()
            self._server = None

    def end(self) -> None:
        """End both."""
        self.stop()
        self._etcd.kill()
        self._etcd.wait()

    def call(self, method: str, path: str, body: t.Any = None, kind: str = "application/json") -> Event:
        """A request as the administrator."""
        import ssl

        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer admin", "Content-Type": kind},
        )
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with urllib.request.urlopen(request, context=context, timeout=10) as answer:
            said = answer.read()
            return t.cast("Event", json.loads(said)) if said.startswith(b"{") else {}

    def arguments(self, **given: t.Any) -> Event:
        """The event source's."""
        reached = {"host": f"https://127.0.0.1:{self.port}", "api_key": "admin", "validate_certs": False}
        return {"name": "vulcan", "pending_seconds": 0, "interval": 0.2, **reached, **given}

    def full(self, number: int) -> None:
        """Pods that no node takes, as the scheduler says it."""
        for index in range(number):
            name = f"web-{index}"
            container = {"name": "web", "image": "web", "resources": {"requests": {"cpu": "1"}}}
            pod = {"metadata": {"name": name}, "spec": {"containers": [container]}}
            self.call("POST", "/api/v1/namespaces/shop/pods", pod)
            waits = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": FULL}
            status = {"status": {"conditions": [{**waits, "lastTransitionTime": "2026-11-27T10:00:00Z"}]}}
            path = f"/api/v1/namespaces/shop/pods/{name}/status"
            self.call("PATCH", path, status, "application/strategic-merge-patch+json")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[ApiServer]:
    programs = sorted((settings.CACHE / "bin").glob("bin-*"), key=lambda path: path.stat().st_mtime)
    if not programs:
        pytest.skip("the lab's programs are not built")
    made = ApiServer(tmp_path_factory.mktemp("api"), programs[-1])
    try:
        made.call("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
        made.full(5)
        yield made
    finally:
        made.end()


@pytest.fixture
def server(made: ApiServer) -> ApiServer:
    """With pods that wait, and nothing remembered."""
    with contextlib.suppress(urllib.error.HTTPError):
        made.call("DELETE", STATE)
    return made


@pytest.fixture(scope="module")
def source() -> Event:
    return runpy.run_path(str(SOURCE))


def events(source: Event, arguments: Event, until: t.Callable[[list[Event]], bool], seconds: float = 30) -> list[Event]:
    """What the source sends until it has sent enough."""

    async def run() -> list[Event]:
        queue: asyncio.Queue[Event] = asyncio.Queue()
        task = asyncio.create_task(source["main"](queue, arguments))
        seen: list[Event] = []
        end = time.monotonic() + seconds
        while not until(seen):
            getting = asyncio.create_task(queue.get())
            done, _left = await asyncio.wait(
                {task, getting}, timeout=max(0, end - time.monotonic()), return_when=asyncio.FIRST_COMPLETED
            )
            if getting not in done:
                getting.cancel()
                assert task in done, f"nothing more was sent after {seen}"
                task.result()
            seen.append(getting.result())
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return seen

    return asyncio.run(run())


def test_what_was_there_before_counts_and_is_acted_on_once(server: ApiServer, source: Event) -> None:
    found = events(source, server.arguments(), lambda seen: len(seen) == 4)
    assert [event["action"] for event in found] == ["up", "none", "none", "none"]
    assert found[0]["waiting"]["pods"] == 5
    assert "nothing is started for another" in found[1]["why"]


def test_one_that_is_killed_and_started_again_begins_nothing_twice(server: ApiServer, source: Event) -> None:
    assert events(source, server.arguments(), lambda seen: len(seen) == 1)[0]["action"] == "up"
    again = events(source, server.arguments(), lambda seen: len(seen) == 3)
    assert {event["action"] for event in again} == {"none"}


def test_of_two_that_look_at_once_one_acts(server: ApiServer, source: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second has looked before the first has written."""
    write = reading.write
    first: list[bool] = []

    def delayed(*arguments: t.Any) -> bool:
        if not first:
            first.append(True)
            assert events(source, server.arguments(), lambda seen: len(seen) == 1)[0]["action"] == "up"
        return write(*arguments)

    monkeypatch.setattr(reading, "write", delayed)
    (event,) = events(source, server.arguments(), lambda seen: len(seen) == 1)
    assert (event["action"], event["why"]) == ("none", "another watch of this burst has acted")


# What docs/docsite/rst/watch.rst says that a watch needs, in its table
RIGHTS = re.findall(
    r"^   \* - (?:in ([^:]+): )?(.+)\n     - (.+)$",
    (SOURCE.parents[4] / "docs" / "docsite" / "rst" / "watch.rst").read_text(),
    re.MULTILINE,
)
PLACES = {"": "", "``kube-system``": "kube-system", "KubeFed's namespace": "kube-federation-system"}


@pytest.fixture(scope="module")
def documented(made: ApiServer) -> str:
    """The token of somebody who has the documented rights, and no other."""
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    with contextlib.suppress(urllib.error.HTTPError):
        made.call("POST", "/api/v1/namespaces", {"metadata": {"name": "kube-federation-system"}})
    for index, (place, resources, verbs) in enumerate(RIGHTS):
        rules = []
        for resource in resources.split(", "):
            name, _dot, group = resource.partition(".")
            rules.append({"apiGroups": [group], "resources": [name], "verbs": verbs.split(", ")})
        namespace, name = PLACES[place], f"watch-{index}"
        at, kind = (f"/namespaces/{namespace}/roles", "Role") if namespace else ("/clusterroles", "ClusterRole")
        made.call("POST", f"{rbac}{at}", {"metadata": {"name": name}, "rules": rules})
        bound = f"{rbac}/namespaces/{namespace}/rolebindings" if namespace else f"{rbac}/clusterrolebindings"
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
        subjects = [{"kind": "User", "name": "watch", "apiGroup": "rbac.authorization.k8s.io"}]
        made.call("POST", bound, {"metadata": {"name": name}, "roleRef": reference, "subjects": subjects})
    return "watch"


Scaled = t.Callable[..., None]


@pytest.fixture
def scaled(server: ApiServer) -> t.Iterator[Scaled]:
    """Makes a Deployment that its autoscaler holds at its maximum."""
    apps = "/apis/apps/v1/namespaces/shop/deployments"
    autoscaling = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"

    def make(**spec: t.Any) -> None:
        labels = {"app": "scaled"}
        containers = [{"name": "web", "image": "web", "resources": {"requests": {"cpu": "3"}}}]
        template = {"metadata": {"labels": labels}, "spec": {"containers": containers, **spec}}
        body = {"selector": {"matchLabels": labels}, "template": template}
        server.call("POST", apps, {"metadata": {"name": "scaled"}, "spec": body})
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "scaled"}
        wanted = {"minReplicas": 1, "maxReplicas": 4, "scaleTargetRef": target}
        server.call("POST", autoscaling, {"metadata": {"name": "scaled"}, "spec": wanted})
        limit = {"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas"}
        conditions = [{**limit, "lastTransitionTime": "2026-11-27T10:00:00Z"}]
        status = {"status": {"currentReplicas": 4, "desiredReplicas": 4, "conditions": conditions}}
        server.call("PATCH", f"{autoscaling}/scaled/status", status, "application/merge-patch+json")

    yield make
    for path in (apps, autoscaling):
        with contextlib.suppress(urllib.error.HTTPError):
            server.call("DELETE", f"{path}/scaled")


def test_the_documented_rights_are_enough(server: ApiServer, source: Event, documented: str, scaled: Scaled) -> None:
    """Also when an autoscaler is held, which is when they are needed."""
    scaled()
    given = server.arguments(api_key=documented, signals=["autoscalers"])
    (event,) = events(source, given, lambda seen: len(seen) == 1)
    assert (event["action"], event["autoscalers"][0]["name"]) == ("up", "scaled")
    assert {"cpu": 3.0, "memory_mib": 0, "alone": "", "count": 1} in event["needs"]


@pytest.mark.parametrize(
    ("spec", "given", "why"),
    [
        ({"nodeSelector": {"disk": "ssd"}}, {}, "node selector"),
        ({"volumes": [{"name": "data", "hostPath": {"path": "/data"}}]}, {}, "volume data"),
        ({}, {"node_allocatable": {"cpu": "2999m"}}, "more than a node"),
        ({}, {"node_taints": [{"key": "reserved", "effect": "NoSchedule"}]}, "taints"),
        ({}, {"namespaces": ["other"]}, "not federated"),
    ],
)
def test_an_autoscaler_whose_pods_no_burst_could_help_does_not_count_and_is_named_once(
    server: ApiServer,
    source: Event,
    scaled: Scaled,
    caplog: pytest.LogCaptureFixture,
    spec: Event,
    given: Event,
    why: str,
) -> None:
    caplog.set_level(logging.WARNING, "cloudburst.federation")
    scaled(**spec)
    found = events(source, server.arguments(signals=["autoscalers"], **given), lambda seen: len(seen) == 2)
    assert [event["action"] for event in found] == ["none", "none"]
    assert why in found[0]["autoscalers"][0]["not_counted"]
    assert all(need["cpu"] == 1.0 for need in found[0]["needs"])
    assert sum("autoscaler shop/scaled" in record.getMessage() for record in caplog.records) == 1


NAMESPACES = "/apis/types.kubefed.io/v1beta1/namespaces/{0}/federatednamespaces"


@pytest.fixture
def federated(server: ApiServer) -> t.Iterator[t.Callable[[str, Event], None]]:
    """Federates a namespace, with a placement."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1beta1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "federatednamespaces", "kind": "FederatedNamespace"}
    spec = {"group": "types.kubefed.io", "scope": "Namespaced", "names": names, "versions": [version]}
    kind = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}
    types = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    server.call("POST", types, {**kind, "metadata": {"name": "federatednamespaces.types.kubefed.io"}})

    def make(name: str, placement: Event) -> None:
        body = {"apiVersion": "types.kubefed.io/v1beta1", "kind": "FederatedNamespace", "metadata": {"name": name}}
        end = time.monotonic() + 20
        while True:
            try:
                server.call("POST", NAMESPACES.format(name), {**body, "spec": {"placement": placement}})
                return
            except urllib.error.HTTPError:
                assert time.monotonic() < end
                time.sleep(0.2)

    yield make
    server.call("DELETE", f"{types}/federatednamespaces.types.kubefed.io")


@pytest.mark.parametrize(
    ("placement", "counts"),
    [
        ({"clusters": [{"name": "earth"}, {"name": "vulcan"}]}, True),
        ({"clusters": [{"name": "earth"}]}, False),
        ({"clusters": []}, False),
        # Which labels the burst's cluster will have is not known
        ({"clusterSelector": {"matchLabels": {"region": "cloud"}}}, True),
        # KubeFed looks at the selector only without a list
        ({"clusters": [{"name": "earth"}], "clusterSelector": {}}, False),
        ({}, False),
    ],
)
def test_a_federated_namespace_that_the_burst_does_not_get_does_not_count(
    server: ApiServer, source: Event, federated: t.Callable[[str, Event], None], placement: Event, counts: bool
) -> None:
    federated("shop", placement)
    given = server.arguments(namespaces=["other"])
    (event,) = events(source, given, lambda seen: len(seen) == 1)
    assert (event["action"], event["waiting"]["pods"]) == (("up", 5) if counts else ("none", 0))
    # It does if somebody says that it will be placed there
    (event,) = events(source, server.arguments(namespaces=["shop"]), lambda seen: len(seen) == 1)
    assert event["waiting"]["pods"] == 5


@pytest.fixture
def member(server: ApiServer) -> t.Iterator[str]:
    """The burst's KubeFedCluster, as far as the watch reads it; its path."""
    version = {"name": "v1beta1", "served": True, "storage": True}
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    names = {"plural": "kubefedclusters", "kind": "KubeFedCluster"}
    spec = {
        "group": "core.kubefed.io",
        "scope": "Namespaced",
        "names": names,
        "versions": [{**version, "schema": schema}],
    }
    kind = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}
    types = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    server.call("POST", types, {**kind, "metadata": {"name": "kubefedclusters.core.kubefed.io"}})
    with contextlib.suppress(urllib.error.HTTPError):
        server.call("POST", "/api/v1/namespaces", {"metadata": {"name": "kube-federation-system"}})
    path = "/apis/core.kubefed.io/v1beta1/namespaces/kube-federation-system/kubefedclusters"
    body = {
        "apiVersion": "core.kubefed.io/v1beta1",
        "kind": "KubeFedCluster",
        "metadata": {"name": "vulcan"},
        "spec": {},
    }
    end = time.monotonic() + 20
    while True:
        try:
            server.call("POST", path, body)
            break
        except urllib.error.HTTPError:
            assert time.monotonic() < end
            time.sleep(0.2)
    yield f"{path}/vulcan"
    server.call("DELETE", f"{types}/kubefedclusters.core.kubefed.io")


@pytest.mark.parametrize(
    ("lease_end", "action"), [("2026-11-27T10:00:00Z", "down"), ("2199-01-01T00:00:00Z", "none"), ("", "none")]
)
def test_one_that_has_not_seen_the_burst_begin_knows_when_its_lease_is_over(
    server: ApiServer, source: Event, member: str, lease_end: str, action: str
) -> None:
    """What runs there is unknown, as AWS has removed it, and nothing is remembered."""
    noted = {"metadata": {"annotations": {"cloudburst.federation/lease-end": lease_end}}}
    server.call("PATCH", member, noted, "application/merge-patch+json")
    # Pods wait as well: a burst that is over is not the one that helps them
    (event,) = events(source, server.arguments(signals=["nodes"]), lambda seen: len(seen) == 1)
    assert (event["action"], event["burst"]["member"], event["burst"]["pods"]) == (action, True, None)


@pytest.mark.parametrize(("silent", "works"), [(50, True), (70, False)])
def test_a_playbook_works_as_long_as_it_renews_its_lock(
    server: ApiServer, source: Event, silent: int, works: bool
) -> None:
    """For a minute, as clocks differ; a run renews it every 2 seconds."""
    leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
    renewed = datetime.now(UTC) - timedelta(seconds=silent)
    spec = {"holderIdentity": "somebody", "renewTime": renewed.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    server.call("POST", leases, {"metadata": {"name": "cloudburst-vulcan"}, "spec": spec})
    try:
        (event,) = events(source, server.arguments(), lambda seen: len(seen) == 1)
    finally:
        server.call("DELETE", f"{leases}/cloudburst-vulcan")
    assert (event["burst"]["under_way"], event["action"]) == (works, "none" if works else "up")


def test_in_dry_mode_nothing_is_written(server: ApiServer, source: Event) -> None:
    found = events(source, server.arguments(dry=True), lambda seen: len(seen) == 3)
    assert [(event["action"], event["dry"]) for event in found] == [("up", True), ("none", True), ("none", True)]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        server.call("GET", STATE)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"api_key": "weak"}, "403: nodes is forbidden"),
        ({"api_key": "nobody"}, "401"),
        ({"host": "https://127.0.0.1:1"}, "no answer from 127.0.0.1:1"),
        ({"validate_certs": True}, "certificate"),
        ({"host": None, "kubeconfig": "/nowhere"}, "/nowhere"),
    ],
)
def test_it_ends_with_one_line_and_no_trace(server: ApiServer, source: Event, given: Event, says: str) -> None:
    with pytest.raises(Exception, match=says) as caught:
        events(source, server.arguments(**given), bool)
    assert "\n" not in str(caught.value)
    # ansible-rulebook shows each frame
    assert "module_utils" not in str(caught.traceback[-1].path)


def test_a_list_whose_rest_is_gone_is_begun_anew(
    server: ApiServer, source: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The API server answers 410 as soon as etcd has forgotten the revision of the first page."""
    monkeypatch.setattr(kube_client, "PAGE", 2)
    request = Client.request
    late: list[str] = []

    def slow(self: Client, method: str, path: str, **options: t.Any) -> Event:
        query = options.get("query") or {}
        if path == "/api/v1/pods" and "continue" in query and not late:
            for index in range(12):
                name = {"metadata": {"name": f"later-{index}"}}
                server.call("POST", "/api/v1/namespaces/shop/configmaps", name)
                time.sleep(0.5)
            late.append("")
            try:
                return request(self, method, path, **options)
            except Exception as error:
                late[0] = str(error)
                raise
        return request(self, method, path, **options)

    monkeypatch.setattr(Client, "request", slow)
    (event,) = events(source, server.arguments(), lambda seen: len(seen) == 1)
    assert "410" in late[0]
    assert event["waiting"]["pods"] == 5


def test_it_goes_on_when_the_server_answers_again(
    server: ApiServer, source: Event, caplog: pytest.LogCaptureFixture
) -> None:
    """It says once that nobody answers, and once that somebody does."""
    caplog.set_level(logging.WARNING, "cloudburst.federation")

    async def run() -> list[Event]:
        queue: asyncio.Queue[Event] = asyncio.Queue()
        task = asyncio.create_task(source["main"](queue, server.arguments()))
        seen = [await asyncio.wait_for(queue.get(), 20)]
        server.stop()
        await asyncio.sleep(3)
        await asyncio.to_thread(server.start)
        while not queue.empty():
            queue.get_nowait()
        seen.append(await asyncio.wait_for(queue.get(), 40))
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return seen

    found = asyncio.run(run())
    assert [event["action"] for event in found] == ["up", "none"]
    said = [record.getMessage() for record in caplog.records]
    assert sum("is asked again every 0.2 s" in text for text in said) == 1
    assert sum("answers again" in text for text in said) == 1
