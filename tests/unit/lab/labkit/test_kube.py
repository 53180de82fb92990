# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of what the lab writes down for clusters: kubeconfig, CNI, CoreDNS."""

from __future__ import annotations

import base64
import dataclasses
import json
from pathlib import Path

import pytest
import yaml

from labkit import kube, settings


def test_service_address() -> None:
    assert kube.service_address("10.4.0.0/24", 1) == "10.4.0.1"
    assert kube.service_address(settings.EARTH_SERVICES, 10) == settings.EARTH_DNS


def test_kubeconfig_is_what_kubeadm_leaves(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("ca", "crt", "key")]
    for file in files:
        file.write_text(file.name)
    text = kube.kubeconfig("https://10.10.0.10:6443", *files, cluster="kubernetes", user="kubernetes-admin")
    config = yaml.safe_load(text)
    assert config["current-context"] == settings.HOST_CONTEXT
    assert config["contexts"] == [
        {"name": settings.HOST_CONTEXT, "context": {"cluster": "kubernetes", "user": "kubernetes-admin"}}
    ]
    assert config["clusters"][0]["name"] == "kubernetes"
    user = config["users"][0]
    assert user["name"] == "kubernetes-admin"
    assert base64.b64decode(user["user"]["client-key-data"]) == b"key"


def test_bridge_cni() -> None:
    cni = kube.bridge_cni("earth", settings.EARTH_PODS)
    bridge = cni["plugins"][0]
    assert bridge["ipMasq"] is False
    assert bridge["ipam"]["ranges"] == [[{"subnet": settings.EARTH_PODS}]]
    assert Path(bridge["ipam"]["dataDir"]).is_relative_to(settings.STATE)


def test_dns_objects() -> None:
    objects = {item["kind"]: item for item in kube.dns_objects("10.4.0.10", "registry.example.com/coredns:1")}
    assert objects["Service"]["metadata"]["name"] == "kube-dns"
    assert objects["Service"]["spec"]["clusterIP"] == "10.4.0.10"
    pods = objects["Deployment"]["spec"]["template"]
    assert objects["Service"]["spec"]["selector"].items() <= pods["metadata"]["labels"].items()
    assert pods["spec"]["containers"][0]["image"] == "registry.example.com/coredns:1"


@pytest.fixture
def node() -> kube.Node:
    plane = kube.ControlPlane(name="vulcan", netns="v", address="10.11.0.10", service_cidr="10.5.0.0/24")
    return kube.Node(
        control_plane=plane,
        name="ip-10-11-100-200.eu-central-1.compute.internal",
        netns="n",
        address="10.11.100.200",
        cni={},
        cluster_cidr="10.11.0.0/16",
    )


def test_sockets_fit(node: kube.Node) -> None:
    """A unix socket's path has at most 107 bytes."""
    assert len(str(node.run / "containerd.sock.ttrpc")) < 108


def test_nodes_do_not_share(node: kube.Node) -> None:
    other = dataclasses.replace(node, name="ip-10-11-100-201.eu-central-1.compute.internal")
    assert node.directory != other.directory
    assert node.cgroup != other.cgroup
    assert not set(node.programs.values()) & set(other.programs.values())


def test_kubelet_configuration(node: kube.Node, tmp_path: Path) -> None:
    configuration = node._kubelet_configuration(tmp_path, node.control_plane)
    assert configuration["clusterDNS"] == ["10.5.0.10"]
    assert configuration["cgroupRoot"] == f"/{settings.CGROUP}/{node.cgroup}"
    assert "providerID" not in configuration
    json.dumps(configuration)
