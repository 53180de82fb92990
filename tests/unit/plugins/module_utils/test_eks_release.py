# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._eks_leftovers import release

Object = dict[str, t.Any]


def volume(annotation: str | None, **spec: t.Any) -> Object:
    annotations = {"pv.kubernetes.io/provisioned-by": annotation} if annotation else {}
    return {"metadata": {"name": "pvc-1", "annotations": annotations}, "spec": spec}


@pytest.mark.parametrize(
    ("item", "disk"),
    [
        (volume("ebs.csi.aws.com", csi={"driver": "ebs.csi.aws.com", "volumeHandle": "vol-1"}), "vol-1"),
        (volume("kubernetes.io/aws-ebs", awsElasticBlockStore={"volumeID": "aws://eu-central-1a/vol-2"}), "vol-2"),
        # Somebody has brought it.
        (volume(None, csi={"driver": "ebs.csi.aws.com", "volumeHandle": "vol-3"}), None),
        (volume("efs.csi.aws.com", csi={"driver": "efs.csi.aws.com", "volumeHandle": "fs-1"}), None),
        (volume("ebs.csi.aws.com"), None),
    ],
)
def test_which_disk_is_the_clusters(item: Object, disk: str | None) -> None:
    assert release.disk(item) == disk


def test_which_services_have_a_load_balancer() -> None:
    assert release.is_balanced({"spec": {"type": "LoadBalancer"}})
    assert not release.is_balanced({"spec": {"type": "NodePort"}})
    assert not release.is_balanced({})


def test_which_claims_a_pod_uses() -> None:
    volumes = [{"name": "a", "emptyDir": {}}, {"name": "b", "persistentVolumeClaim": {"claimName": "orders"}}]
    pod = {"metadata": {"namespace": "shop", "name": "db-0"}, "spec": {"volumes": volumes}}
    assert release.claims_of(pod) == {("shop", "orders")}
    assert release.claims_of({"metadata": {"namespace": "shop"}}) == set()


def test_who_starts_it_anew() -> None:
    references = [{"kind": "Node", "name": "n"}, {"kind": "ReplicaSet", "name": "db-1", "controller": True}]
    assert release.owner({"metadata": {"ownerReferences": references}}) == ("ReplicaSet", "db-1")
    assert release.owner({"metadata": {}}) is None


def test_names_and_paths() -> None:
    service = {"metadata": {"namespace": "shop", "name": "web"}}
    assert release.label(release.SERVICES, service) == "services shop/web"
    assert release.label(release.VOLUMES, {"metadata": {"name": "pvc-1"}}) == "persistentvolumes pvc-1"
    assert release.SERVICES.path(service) == "/api/v1/namespaces/shop/services/web"
    assert release.GATEWAYS.path() == "/apis/gateway.networking.k8s.io/v1/gateways"
