# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric itself: stores the last World, and keeps network, tunnels and clusters in its state."""

from __future__ import annotations

import json
import logging
import threading
import time
import typing as t
from dataclasses import replace
from pathlib import Path

from labkit import namespaces, settings
from labkit.errors import LabError

from . import addresses, plan
from .apply import Network
from .clusters import Clusters
from .files import write
from .model import Cluster, ClusterStatus, NodeGroup, NodeGroupStatus, TunnelStatus, World
from .tunnels import Tunnels

logger = logging.getLogger("lab.fabric")

_RETRY = 3.0  # seconds

INTERNET = plan.Internet(
    switch=settings.NS_INET,
    bridge=namespaces.CLOUD_BRIDGE,
    gateway=settings.CLOUD_GATEWAY,
    prefix=settings.PREFIX,
    name_server=settings.DNS,
    infrastructure=tuple(f"198.51.100.{i}" for i in range(2, 10)),
    aws_namespace=settings.NS_AWS,
    aws_address=settings.AWS_API,
    ecr=f"{settings.ECR_ADDRESS}:{settings.REGISTRY_PORT}",
    region=settings.REGION,
)


class FabricError(LabError):
    """Parts of the network could not be created; the text has the reasons."""


class Fabric:
    """Keeps network, tunnels and clusters in the state of the last `World`.

    One instance for a lab, used inside the sandbox as root. All methods may be called from any thread."""

    def __init__(self, state_dir: Path = settings.STATE) -> None:
        """`state_dir`: the lab's state directory; the fabric keeps its own things below `fabric/`, and writes
        `fabric.json` and `dns/hosts`."""
        self._state = state_dir
        self._directory = state_dir / "fabric"
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._world = World()
        self._allocation = addresses.Allocation()
        self._errors: dict[str, str] = {}
        self._network = Network()
        self._tunnels = Tunnels(self._directory, self._reconcile)
        self._clusters = Clusters(self._directory, self._reconcile)
        left = self._clusters.present()
        _world, self._allocation = _with_present(self._world, self._allocation, *left, anywhere=True)
        self._failed = threading.Event()
        threading.Thread(target=self._retry, name="fabric", daemon=True).start()

    def apply(self, world: World) -> None:
        """Brings the lab into the state of `world`: networks at once, clusters and nodes by threads in the background.

        Idempotent; a part that failed is tried again with the next call, and by the fabric itself each few seconds.
        Raises FabricError naming what could not be made of the network, after having made the rest."""
        with self._lock:
            self._world = addresses.tidy(world)
            self._reconcile()
            if self._errors:
                raise FabricError("; ".join(f"{k}: {v}" for k, v in sorted(self._errors.items())))

    def cluster_status(self, name: str) -> ClusterStatus:
        """The state of the control plane behind cluster `name`; DELETED for one that is not known (any more)."""
        with self._lock:
            status = self._clusters.cluster_status(name)
            failure = self._allocation.failures.get((name,))
            if failure:
                return ClusterStatus("FAILED", message=failure)
            known = any(c.name == name for c in self._world.clusters)
            return status or ClusterStatus("CREATING" if known else "DELETED")

    def nodegroup_status(self, cluster: str, name: str) -> NodeGroupStatus:
        """The state of the nodes of node group `name`; DELETED for one that is not known (any more)."""
        with self._lock:
            group = self._group(cluster, name)
            status = self._clusters.nodegroup_status(cluster, name, group.desired if group else None)
            failure = self._allocation.failures.get((cluster, name))
            if failure:
                return replace(status or NodeGroupStatus("FAILED"), state="FAILED", message=failure)
            if status is None:
                return NodeGroupStatus("ACTIVE" if group else "DELETED")
            return status

    def tunnel_status(self, vpn_id: str) -> tuple[TunnelStatus, ...]:
        """The tunnels of a VPN connection in the order of `VpnConnection.tunnels`; empty when it is not known."""
        return self._tunnels.status(vpn_id)

    def _group(self, cluster: str, name: str) -> NodeGroup | None:
        return next((g for g in self._world.node_groups if (g.cluster, g.name) == (cluster, name)), None)

    def _reconcile(self) -> None:
        with self._lock:
            try:
                self._errors = self._make()
            except (addresses.PlanError, LabError, OSError) as error:
                self._errors = {"plan": str(error)}
            except Exception as error:  # a defect here must not end a thread that calls
                logger.exception("the fabric's plan")
                self._errors = {"plan": f"{type(error).__name__}: {error}"}
            if self._errors:
                self._failed.set()
            self._write_names()
            self._write_status()

    def _make(self) -> dict[str, str]:
        world = self._world
        allocation = addresses.allocate(world, self._allocation, INTERNET.infrastructure)
        # What is still being taken away needs its network until it has ended.
        planes, nodes = self._clusters.present()
        whole, everything = _with_present(world, allocation, planes, nodes)
        names = addresses.for_names(whole, self._allocation.vpcs, INTERNET.infrastructure)
        everything = replace(everything, vpcs=names)
        wanted = plan.network(whole, everything, INTERNET, self._tunnels.active())
        errors = self._network.apply(wanted)
        errors |= self._tunnels.apply(c for c in world.vpn_connections if plan.tunnel_namespace(c.id, 0) in wanted)
        subnet_vpc = {s.id: v.cidr for s in world.subnets for v in world.vpcs if v.id == s.vpc_id}
        ready = set(wanted) - set(errors)
        self._clusters.apply(world.clusters, world.node_groups, allocation, subnet_vpc, ready)
        self._allocation = everything
        return errors

    def _retry(self) -> None:
        while self._failed.wait():
            self._failed.clear()
            time.sleep(_RETRY)
            self._reconcile()

    def _write_names(self) -> None:
        """The private end points' names. (Of a public end point there is no more than AWS's own "no such host".)"""
        lines = [
            f"{interface.address} {cluster.endpoint_host}\n"
            for cluster in sorted(self._world.clusters, key=lambda c: c.name)
            if cluster.private_access
            for interface in self._allocation.control_planes.get(cluster.name, ())
        ]
        write(self._state / "dns" / "hosts", "".join(lines))

    def _write_status(self) -> None:
        world = self._world
        active = self._tunnels.active()
        status: dict[str, t.Any] = {
            "vpcs": {v.id: v.cidr for v in world.vpcs if v.id in self._allocation.vpcs},
            "vpn_connections": {
                c.id: [
                    {
                        "address": s.outside_address,
                        "up": s.up,
                        "since": s.last_change,
                        "active": active.get(c.id) == index,
                        "message": s.message,
                    }
                    for index, s in enumerate(self.tunnel_status(c.id))
                ]
                for c in world.vpn_connections
            },
            "clusters": {},
            "node_groups": {},
            "errors": self._errors,
        }
        planes, nodes = self._clusters.present()
        for name in sorted({c.name for c, _i in planes} | {c.name for c in world.clusters}):
            one = self.cluster_status(name)
            status["clusters"][name] = {"state": one.state, "addresses": one.addresses, "message": one.message}
        groups = {(g.cluster, g.name) for g, _p in nodes} | {(g.cluster, g.name) for g in world.node_groups}
        for cluster, name in sorted(groups):
            group = self.nodegroup_status(cluster, name)
            status["node_groups"][f"{cluster}/{name}"] = {
                "state": group.state,
                "nodes": [list(n) for n in group.nodes],
                "message": group.message,
            }
        write(self._state / "fabric.json", json.dumps(status, indent=1) + "\n")


def _with_present(
    world: World,
    allocation: addresses.Allocation,
    planes: t.Iterable[tuple[Cluster, tuple[addresses.Interface, ...]]],
    nodes: t.Iterable[tuple[NodeGroup, addresses.NodeAddress]],
    *,
    anywhere: bool = False,
) -> tuple[World, addresses.Allocation]:
    """World and allocation with what is no longer in them but not yet gone: as long as its subnets are there, or
    `anywhere`."""
    subnets = {s.id for s in world.subnets}
    clusters = {c.name: c for c in world.clusters}
    control_planes = dict(allocation.control_planes)
    for cluster, interfaces in planes:
        if anywhere or all(i.subnet in subnets for i in interfaces):
            clusters.setdefault(cluster.name, cluster)
            control_planes.setdefault(cluster.name, interfaces)
    groups = {(g.cluster, g.name): g for g in world.node_groups}
    places = {k: list(v) for k, v in allocation.nodes.items()}
    for group, place in nodes:
        if anywhere or place.subnet in subnets:
            key = (group.cluster, group.name)
            groups.setdefault(key, group)
            if place not in places.setdefault(key, []):
                places[key].append(place)
    whole = replace(world, clusters=tuple(clusters.values()), node_groups=tuple(groups.values()))
    return whole, replace(allocation, control_planes=control_planes, nodes={k: tuple(v) for k, v in places.items()})
