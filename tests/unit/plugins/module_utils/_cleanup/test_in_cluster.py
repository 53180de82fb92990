# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._cleanup import in_cluster
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import Object


def volume(annotation: str | None, **spec: t.Any) -> Object:
    annotations = {"pv.kubernetes.io/provisioned-by": annotation} if annotation else {}
    return {"metadata": {"name": "pvc-1", "annotations": annotations}, "spec": spec}


@pytest.mark.parametrize(
    ("item", "disk"),
    [
        (volume("ebs.csi.aws.com", csi={"driver": "ebs.csi.aws.com", "volumeHandle": "vol-1"}), "vol-1"),
        (volume("kubernetes.io/aws-ebs", awsElasticBlockStore={"volumeID": "aws://eu-central-1a/vol-2"}), "vol-2"),
        (
            volume("ebs.csi.eks.amazonaws.com", csi={"driver": "ebs.csi.eks.amazonaws.com", "volumeHandle": "vol-4"}),
            "vol-4",
        ),
        # Somebody has brought it.
        (volume(None, csi={"driver": "ebs.csi.aws.com", "volumeHandle": "vol-3"}), None),
        (volume("efs.csi.aws.com", csi={"driver": "efs.csi.aws.com", "volumeHandle": "fs-1"}), None),
        (volume("ebs.csi.aws.com"), None),
    ],
)
def test_which_disk_is_the_clusters(item: Object, disk: str | None) -> None:
    assert in_cluster.disk(item) == disk


def content(source: Object, driver: str = "ebs.csi.aws.com", handle: str | None = "snap-1") -> Object:
    return {"spec": {"driver": driver, "source": source}, "status": {"snapshotHandle": handle}}


@pytest.mark.parametrize(
    ("item", "image"),
    [
        (content({"volumeHandle": "vol-1"}), "snap-1"),
        # Somebody has brought it.
        (content({"snapshotHandle": "snap-1"}), None),
        (content({"volumeHandle": "vol-1"}, driver="efs.csi.aws.com"), None),
        (content({"volumeHandle": "vol-1"}, handle=None), None),
        ({"spec": {"driver": "ebs.csi.aws.com", "source": {"volumeHandle": "vol-1"}}}, None),
        ({}, None),
    ],
)
def test_which_snapshot_is_the_clusters(item: Object, image: str | None) -> None:
    assert in_cluster.image(item) == image


def test_which_services_have_a_load_balancer() -> None:
    assert in_cluster.is_balanced({"spec": {"type": "LoadBalancer"}})
    assert not in_cluster.is_balanced({"spec": {"type": "NodePort"}})
    assert not in_cluster.is_balanced({})


def test_which_claims_a_pod_uses() -> None:
    volumes = [
        {"name": "a", "emptyDir": {}},
        {"name": "b", "persistentVolumeClaim": {"claimName": "orders"}},
        {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {}}},
    ]
    pod = {"metadata": {"namespace": "shop", "name": "db-0"}, "spec": {"volumes": volumes}}
    assert in_cluster.claims_of(pod) == {("shop", "orders"), ("shop", "db-0-scratch")}
    assert in_cluster.claims_of({"metadata": {"namespace": "shop"}}) == set()


def test_who_starts_it_anew() -> None:
    references = [{"kind": "Node", "name": "n"}, {"kind": "ReplicaSet", "name": "db-1", "controller": True}]
    assert in_cluster.owner({"metadata": {"ownerReferences": references}}) == ("ReplicaSet", "db-1")
    assert in_cluster.owner({"metadata": {}}) is None


def owned(kind: str, name: str, *owners: tuple[str, str]) -> Object:
    references = [{"kind": kind, "name": name, "controller": True} for kind, name in owners]
    return {"kind": kind, "metadata": {"namespace": "shop", "name": name, "ownerReferences": references}}


def highest(*items: Object) -> tuple[str, str]:
    """Who has to be stopped for the first of these."""
    there = {(item["kind"].lower() + "s", item["metadata"]["name"]): item for item in items}
    asked: list[str] = []

    def find(type_: in_cluster.Type, name: str) -> Object | None:
        asked.append(name)
        assert len(asked) < 10, "it goes round and round"
        return there.get((type_.plural, name))

    type_, item = in_cluster.topmost(items[0], find)
    return type_.plural, item["metadata"]["name"]


def test_who_has_to_be_stopped() -> None:
    pod, replicas = owned("Pod", "db-1-x", ("ReplicaSet", "db-1")), owned("ReplicaSet", "db-1", ("Deployment", "db"))
    assert highest(pod, replicas, owned("Deployment", "db")) == ("deployments", "db")
    assert highest(pod, replicas) == ("replicasets", "db-1")
    assert highest(pod) == ("pods", "db-1-x")
    # Of a kind that is not known here
    assert highest(owned("Pod", "db-0", ("Postgres", "db"))) == ("pods", "db-0")


def test_owners_in_a_circle_come_to_an_end() -> None:
    pod, replicas = owned("Pod", "db-1-x", ("ReplicaSet", "db-1")), owned("ReplicaSet", "db-1", ("Deployment", "db"))
    assert highest(pod, replicas, owned("Deployment", "db", ("ReplicaSet", "db-1"))) == ("deployments", "db")
    assert highest(pod, owned("ReplicaSet", "db-1", ("ReplicaSet", "db-1"))) == ("replicasets", "db-1")


def test_names_and_paths() -> None:
    service = {"metadata": {"namespace": "shop", "name": "web"}}
    assert in_cluster.label(in_cluster.SERVICES, service) == "services shop/web"
    assert in_cluster.label(in_cluster.VOLUMES, {"metadata": {"name": "pvc-1"}}) == "persistentvolumes pvc-1"
    assert in_cluster.SERVICES.path(service) == "/api/v1/namespaces/shop/services/web"
    assert in_cluster.GATEWAYS.path() == "/apis/gateway.networking.k8s.io/v1/gateways"
