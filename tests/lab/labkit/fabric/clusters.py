# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real control planes and nodes behind EKS clusters and node groups, each started and removed by its own thread.

The network namespace of each is there before its thread begins, and is kept until it has ended.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import threading
import time
import typing as t
from dataclasses import asdict, replace
from pathlib import Path

from labkit import instance_types, kube, namespaces, settings
from labkit.errors import LabError

from .addresses import Allocation, Interface, NodeAddress
from .files import write
from .model import Cluster, ClusterStatus, NodeGroup, NodeGroupStatus, State
from .plan import control_namespace, node_namespace

_RETRY = 5.0  # seconds
_LIMIT = 900.0  # seconds until what does not come up counts as failed, as on AWS in its order; it is tried further
_COREDNS_REPLICAS = 2  # https://docs.aws.amazon.com/eks/latest/userguide/managing-coredns.html


class _Superseded(Exception):
    """What is being started is no longer wanted."""


class _Worker:
    """Starts or removes one control plane or node, in a thread of its own."""

    def __init__(self, name: str, changed: t.Callable[[], None]) -> None:
        self.name = name
        self._state: State = "CREATING"
        self.message = ""
        self.changed = changed
        self._wanted = True
        self._begun = time.monotonic()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread, unless it runs."""
        if self._thread.ident is None:
            self._thread.start()

    def remove(self) -> None:
        """Begin to remove it; returns at once."""
        self._wanted = False
        self._wake.set()

    def again(self) -> None:
        """Wake the thread: the desired state has changed."""
        self._wake.set()

    @property
    def state(self) -> State:
        """Its progress."""
        return "DELETING" if not self._wanted and self._state != "DELETED" else self._state

    @property
    def wanted(self) -> bool:
        """Whether remove() has not been called."""
        return self._wanted

    def up(self) -> None:
        """Create it, unless it exists; raises LabError. Calls wait_for() to wait."""
        raise NotImplementedError

    def down(self) -> None:
        """Remove all of it that exists."""
        raise NotImplementedError

    def wait_for(self, what: str, check: t.Callable[[], bool], see: str = "") -> None:
        """Wait until `check` is true; raises LabError, with where to `see` more, after a timeout."""
        self.message = f"waiting until {what}"
        end = time.monotonic() + _LIMIT
        while not check():
            if not self._wanted:
                raise _Superseded
            if time.monotonic() > end:
                raise LabError(f"still waiting until {what} after {_LIMIT:.0f} s{see and '; see '}{see}")
            time.sleep(0.4)

    # A thread must not end by a defect: what it stands for would stay as it is, and nobody would hear of it.

    def _run(self) -> None:
        while self._wanted:
            delay: float | None = None
            try:
                self.up()
            except _Superseded:
                break
            except Exception as error:
                delay = _RETRY
                self._become("FAILED" if time.monotonic() - self._begun > _LIMIT else "CREATING", _words(error))
            else:
                self._become("ACTIVE", "")
            if self._wanted:
                self._wake.wait(delay)
                self._wake.clear()
        while self._state != "DELETED":
            try:
                self.down()
                self._state = "DELETED"
            except Exception as error:
                self.message = _words(error)
                time.sleep(_RETRY)
        self.changed()

    def _become(self, state: State, message: str) -> None:
        self._state, self.message = state, message
        self.changed()


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, (LabError, OSError)) else f"{type(error).__name__}: {error}"


class _ControlPlane(_Worker):
    def __init__(self, cluster: Cluster, interfaces: tuple[Interface, ...], owner: Clusters) -> None:
        super().__init__(control_namespace(cluster.name), owner.changed)
        self.cluster, self.interfaces = cluster, interfaces
        self._owner = owner
        self._dns_done = False

    @property
    def plane(self) -> kube.ControlPlane:
        """The control plane in its desired state."""
        cluster, addresses = self.cluster, [i.address for i in self.interfaces]
        return kube.ControlPlane(
            name=cluster.name,
            netns=self.name,
            address=addresses[0],
            service_cidr=cluster.service_cidr,
            port=443,
            host=cluster.endpoint_host,
            san_names=(cluster.endpoint_host,),
            san_addresses=tuple(addresses),
            authentication_webhook=self._webhook if cluster.token_webhook_url else None,
        )

    @property
    def _webhook(self) -> Path:
        return self._owner.directory / self.name / "webhook.conf"

    def up(self) -> None:
        if self.cluster.token_webhook_url:
            self._write_webhook(self.cluster.token_webhook_url)
        plane = self.plane
        plane.start()
        self.wait_for("the API server is ready", plane.ready, f"{settings.LOG}/{plane.name}-*.log")
        if not self._dns_done:
            plane.install_dns(settings.EKS_COREDNS_IMAGE)
            plane.kubectl("-n", "kube-system", "scale", "deployment", "coredns", f"--replicas={_COREDNS_REPLICAS}")
            self._dns_done = True

    def down(self) -> None:
        while self._owner.has_nodes(self.cluster.name):
            self.message = "waiting until its nodes are gone"
            time.sleep(0.2)
        self.message = "ending its programs"
        self.plane.stop()
        with contextlib.suppress(OSError):
            (kube.ROOT / f"{self.cluster.name}.nodes").rmdir()
        self._webhook.unlink(missing_ok=True)
        if self._webhook.parent.exists():
            self._webhook.parent.rmdir()

    def _write_webhook(self, url: str) -> None:
        directory = self._webhook.parent
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        cluster = {"server": url}
        if self.cluster.token_webhook_ca:
            (directory / "webhook.crt").write_text(self.cluster.token_webhook_ca)
            cluster["certificate-authority"] = str(directory / "webhook.crt")
        elif url.startswith("https:"):
            cluster["certificate-authority"] = str(settings.CA_CERTIFICATE)
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "aws", "cluster": cluster}],
            "users": [{"name": "apiserver", "user": {}}],
            "contexts": [{"name": "webhook", "context": {"cluster": "aws", "user": "apiserver"}}],
            "current-context": "webhook",
        }
        self._webhook.write_text(json.dumps(content))


class _Node(_Worker):
    def __init__(self, group: NodeGroup, place: NodeAddress, vpc_cidr: str, plane: _ControlPlane) -> None:
        super().__init__(node_namespace(group.cluster, place), plane.changed)
        self.group, self.place, self.vpc_cidr = group, place, vpc_cidr
        self._plane = plane
        self._node: kube.Node | None = None
        self._joined = False

    @property
    def node_name(self) -> str:
        """Its name in the cluster."""
        return self.place.name(settings.REGION)

    def up(self) -> None:
        if self._node is None:
            self.wait_for("the control plane is there", lambda: self._plane.state == "ACTIVE")
            self._begun = time.monotonic()
        self._node = node = self._make(self._plane.plane)
        if not self._joined:
            self.wait_for(f"{node.name} has a way to AWS's API", self._reaches_aws)
        node.start()
        self.wait_for(f"{node.name} has joined", node.ready, f"{settings.LOG}/{node.name}-*.log")
        self._joined = True

    def _reaches_aws(self) -> bool:
        """As on AWS, where a node asks EC2 who it is, and ECR for its images, before it can join."""
        limits = ("--connect-timeout", "2", "--max-time", "5")
        url = f"https://ec2.{settings.REGION}.amazonaws.com/"
        argv = ["curl", "--silent", "--output", "/dev/null", *limits, "--cacert", str(settings.CA_CERTIFICATE), url]
        return namespaces.run(argv, netns=self.name, check=False).returncode == 0

    def _make(self, plane: kube.ControlPlane) -> kube.Node:
        group, place = self.group, self.place
        node = kube.Node(
            control_plane=plane,
            name=self.node_name,
            netns=self.name,
            address=place.address,
            cni={},
            cluster_cidr=self.vpc_cidr,
            labels={
                **dict(group.labels),
                "eks.amazonaws.com/capacityType": "ON_DEMAND",
                "eks.amazonaws.com/nodegroup": group.name,
                "node.kubernetes.io/instance-type": group.instance_type,
                "topology.kubernetes.io/region": settings.REGION,
                "topology.kubernetes.io/zone": place.zone,
            },
            provider_id=f"aws:///{place.zone}/{instance_id(place)}",
            max_pods=min(_most_pods(group.instance_type), ipaddress.IPv4Network(place.pods).num_addresses - 3),
            kubelet_config={"kubeReserved": _reserved(group.instance_type)},
        )
        return replace(node, cni=pod_network(node.name, place.pods, node.directory / "addresses"))

    def down(self) -> None:
        node = self._node or self._make(self._plane.plane)
        node.stop()
        if self._plane.wanted and self._plane.state == "ACTIVE":
            node.control_plane.kubectl("delete", "node", self.node_name, "--ignore-not-found", "--wait=false")


def _most_pods(instance_type: str) -> int:
    kind = instance_types.TYPES.get(instance_type)
    return min(110, kind.pods) if kind else 110


def _reserved(instance_type: str) -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return instance_types.reserved(instance_type, os.cpu_count() or 1, memory)


class Clusters:
    """All control planes and nodes. `changed` is called, from their threads, when a state has changed.

    What exists is recorded, so that the next process can take it over, or remove it."""

    def __init__(self, directory: Path, changed: t.Callable[[], None]) -> None:
        self.directory = directory
        self.changed = changed
        self._lock = threading.RLock()
        self._planes: dict[str, _ControlPlane] = {}
        self._nodes: dict[tuple[str, str], list[_Node]] = {}
        self._load()

    def apply(
        self,
        clusters: t.Iterable[Cluster],
        groups: t.Iterable[NodeGroup],
        allocation: Allocation,
        vpc_cidrs: t.Mapping[str, str],
        ready: t.Container[str],
    ) -> None:
        """Start and stop threads for the desired clusters and nodes. `vpc_cidrs` maps subnets to their VPC's block;
        `ready` holds the network namespaces that are finished."""
        with self._lock:
            self._forget_ended()
            found = [*self._planes.values(), *(n for nodes in self._nodes.values() for n in nodes)]
            wanted = {c.name: c for c in clusters}
            wanted_groups = {(g.cluster, g.name): g for g in groups if g.cluster in wanted}
            self._remove_or_change(wanted, {k: allocation.nodes.get(k, ()) for k in wanted_groups})
            for name, cluster in wanted.items():
                interfaces = allocation.control_planes.get(name, ())
                if name not in self._planes and interfaces and control_namespace(name) in ready:
                    self._planes[name] = _ControlPlane(cluster, interfaces, self)
                    self._save()
                    self._planes[name].start()
            for key, group in wanted_groups.items():
                control = self._planes.get(group.cluster)
                if control is None or not control.wanted:
                    continue
                nodes = self._nodes.setdefault(key, [])
                for place in allocation.nodes.get(key, ()):
                    taken = any(node.place == place for node in nodes)
                    if not taken and node_namespace(group.cluster, place) in ready:
                        nodes.append(_Node(group, place, vpc_cidrs[place.subnet], control))
                        self._save()
                        nodes[-1].start()
            for worker in found:
                if worker.name in ready or not worker.wanted:
                    worker.start()

    def _remove_or_change(
        self, wanted: t.Mapping[str, Cluster], places: t.Mapping[tuple[str, str], tuple[NodeAddress, ...]]
    ) -> None:
        for key, nodes in self._nodes.items():
            for node in nodes:
                if node.place not in places.get(key, ()):
                    node.remove()
        for name, plane in self._planes.items():
            if name not in wanted:
                plane.remove()
            elif wanted[name] != plane.cluster:
                plane.cluster = wanted[name]
                plane.again()

    def _forget_ended(self) -> None:
        self._planes = {k: p for k, p in self._planes.items() if p.state != "DELETED"}
        alive = {k: [n for n in nodes if n.state != "DELETED"] for k, nodes in self._nodes.items()}
        self._nodes = {k: nodes for k, nodes in alive.items() if nodes}
        self._save()

    @property
    def _file(self) -> Path:
        return self.directory / "clusters.json"

    def _save(self) -> None:
        planes = [[asdict(p.cluster), [asdict(i) for i in p.interfaces]] for p in self._planes.values()]
        nodes = [[asdict(n.group), asdict(n.place), n.vpc_cidr] for nodes in self._nodes.values() for n in nodes]
        write(self._file, json.dumps({"planes": planes, "nodes": nodes}))

    def _load(self) -> None:
        if not self._file.exists():
            return
        found = _tuples(json.loads(self._file.read_text()))
        for cluster, interfaces in found["planes"]:
            self._planes[cluster["name"]] = _ControlPlane(
                Cluster(**cluster), tuple(Interface(**i) for i in interfaces), self
            )
        for group, place, vpc_cidr in found["nodes"]:
            node = _Node(NodeGroup(**group), NodeAddress(**place), vpc_cidr, self._planes[group["cluster"]])
            self._nodes.setdefault((group["cluster"], group["name"]), []).append(node)

    def has_nodes(self, cluster: str) -> bool:
        """Whether any part of the cluster's nodes still exists."""
        with self._lock:
            return any(n.state != "DELETED" for k, nodes in self._nodes.items() if k[0] == cluster for n in nodes)

    def present(self) -> tuple[list[tuple[Cluster, tuple[Interface, ...]]], list[tuple[NodeGroup, NodeAddress]]]:
        """Everything that still needs its network, wanted or not."""
        with self._lock:
            self._forget_ended()
            planes = [(p.cluster, p.interfaces) for p in self._planes.values()]
            return planes, [(n.group, n.place) for nodes in self._nodes.values() for n in nodes]

    def cluster_status(self, name: str) -> ClusterStatus | None:
        """The state of one that has a thread, else None."""
        with self._lock:
            plane = self._planes.get(name)
            if plane is None or plane.state == "DELETED":
                return None
            finished = plane.state == "ACTIVE"
            return ClusterStatus(
                state=plane.state,
                certificate_authority=plane.plane.ca_certificate.read_text() if finished else "",
                addresses=tuple(i.address for i in plane.interfaces),
                admin_kubeconfig=str(plane.plane.admin_kubeconfig) if finished else "",
                message=plane.message,
            )

    def nodegroup_status(self, cluster: str, name: str, desired: int | None) -> NodeGroupStatus | None:
        """The state of a group of which `desired` nodes are wanted (None: the group is not); None: nothing is there."""
        with self._lock:
            nodes = [n for n in self._nodes.get((cluster, name), ()) if n.state != "DELETED"]
            if not nodes and not desired:
                return None
            kept = [n for n in nodes if n.wanted]
            states = {n.state for n in kept}
            state: State = "CREATING"
            if desired is None:
                state = "DELETING"
            elif "FAILED" in states:
                state = "FAILED"
            elif len(kept) == desired and states <= {"ACTIVE"}:
                state = "ACTIVE"
            message = "; ".join(n.message for n in nodes if n.message)
            if state == "FAILED":
                message = f"Instances failed to join the kubernetes cluster: {message}"
            return NodeGroupStatus(
                state=state,
                nodes=tuple((n.node_name, n.place.subnet, n.place.address) for n in nodes),
                message=message,
            )


def _tuples(value: t.Any) -> t.Any:
    """JSON with tuples where it has lists."""
    if isinstance(value, dict):
        return {k: _tuples(v) for k, v in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def instance_id(place: NodeAddress) -> str:
    """An id as EC2 gives them, made from the node's address."""
    return f"i-{int(ipaddress.IPv4Address(place.address)):017x}"


def pod_network(name: str, pods: str, directory: Path) -> dict[str, t.Any]:
    """CNI configuration of a node, to the effect of the VPC CNI: every pod has an address of the node's subnet, and the
    node alone is its neighbour. `directory` keeps which addresses are taken."""
    return {
        "cniVersion": "0.4.0",
        "name": name,
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": pods}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                    "dataDir": str(directory),
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}, "snat": False},
        ],
    }
