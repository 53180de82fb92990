# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is rejected before anything is sent, and what becomes of the options."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.names import check_name
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.membership.model import (
    check_certificates,
    check_tls_validations,
    host_name,
    read_options,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption

OPTIONS: dict[str, t.Any] = {
    "name": "vulcan",
    "kubeconfig": None,
    "context": "kubernetes-admin@kubernetes",
    "host": None,
    "api_key": None,
    "host_cluster_name": None,
    "kubefed_namespace": "kube-federation-system",
    "secret_name": None,
    "api_endpoint": None,
    "ca_bundle": None,
    "proxy_url": None,
    "disabled_tls_validations": None,
    "labels": {},
    "annotations": {},
    "rights": "all",
    "types": [],
}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"name": "Vulcan_1"}, "^name is 'Vulcan_1'; allowed are lower-case letters, digits, '-' and '.'"),
        ({"name": "a" * 250}, "^the service account's name"),
        ({"host_cluster_name": "admin@kubernetes"}, "^host_cluster_name is 'admin@kubernetes'"),
        ({"kubefed_namespace": "shop.federation"}, "^kubefed_namespace is 'shop.federation'"),
        ({"secret_name": "a/b"}, "^secret_name is 'a/b'"),
        ({"api_endpoint": "10.11.0.10:443"}, "^api_endpoint is '10.11.0.10:443'; allowed is http:// or https://"),
        ({"proxy_url": "ftp://proxy"}, "^proxy_url is 'ftp://proxy'; allowed is http:// or https:// or socks5://"),
        ({"ca_bundle": "none"}, "^ca_bundle cannot be used"),
        ({"disabled_tls_validations": ["SubjectName", "*"]}, "cannot be combined with others"),
        ({"labels": {"place": "far away"}}, "^labels has the value 'far away' for place"),
        ({"annotations": {"": "x"}}, "^annotations has the key ''"),
        ({"types": ["jobs.batch"]}, r"^types is \['jobs.batch'\]; it has no effect without rights=types"),
        ({"rights": "types", "types": ["*"]}, r"^types has '\*'; allowed is the name of a FederatedTypeConfig"),
        ({"host": "https://earth:6443", "api_key": "x"}, "set host_cluster_name"),
    ],
)
def test_what_can_not_work(given: dict[str, t.Any], reason: str) -> None:
    with pytest.raises(InvalidOption, match=reason):
        read_options({**OPTIONS, **given})


def test_the_host_has_a_name_by_its_context() -> None:
    assert read_options(OPTIONS).default_host_name == "kubernetes-admin-kubernetes"
    assert read_options({**OPTIONS, "host_cluster_name": "earth"}).default_host_name == "earth"


def test_no_context_and_no_current_one_leave_no_name(tmp_path: Path) -> None:
    pytest.importorskip("kubernetes")
    file = tmp_path / "config"
    file.write_text("{apiVersion: v1, kind: Config, contexts: [], clusters: [], users: [], current-context: ''}")
    with pytest.raises(InvalidOption, match="set host_cluster_name"):
        read_options({**OPTIONS, "context": None, "kubeconfig": str(file)})


def test_labels_are_text_whatever_yaml_has_made_of_them() -> None:
    made = read_options({**OPTIONS, "labels": {"fast": True, "floor": 2}, "annotations": {"x": False}})
    assert made.labels == {"fast": "true", "floor": "2"}
    assert made.annotations == {"x": "false"}


def test_an_empty_proxy_is_none_at_all() -> None:
    assert read_options({**OPTIONS, "proxy_url": ""}).proxy_url == ""


@pytest.mark.parametrize(
    ("context", "name"),
    [
        ("earth", "earth"),
        ("kubernetes-admin@kubernetes", "kubernetes-admin-kubernetes"),
        (
            "arn:aws:eks:eu-central-1:000000000000:cluster/Vulcan",
            "arn-aws-eks-eu-central-1-000000000000-cluster-vulcan",
        ),
        ("Dev_Cluster", "dev-cluster"),
        ("a@.b", "a.b"),
        ("-edge-", "edge"),
        ("admin@cluster.local", "admin-cluster.local"),
    ],
)
def test_any_context_gives_a_host_name(context: str, name: str) -> None:
    assert host_name(context) == name
    check_name(name, "host_cluster_name")


@pytest.mark.parametrize("context", [None, "", "@", "::/", "ünî"])
def test_a_context_of_which_little_is_left(context: str | None) -> None:
    if context == "ünî":
        assert host_name(context) == "n"
        return
    with pytest.raises(InvalidOption, match="host_cluster_name"):
        host_name(context)


@pytest.mark.parametrize("values", [[], ["*"], ["SubjectName"], ["SubjectName", "ValidityPeriod"]])
def test_what_of_a_certificate_may_be_left_unverified(values: list[str]) -> None:
    check_tls_validations(values, "disabled_tls_validations")


def test_all_stands_alone() -> None:
    with pytest.raises(InvalidOption, match="'\\*' means all"):
        check_tls_validations(["*", "SubjectName"], "disabled_tls_validations")


@pytest.mark.parametrize("pem", ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "ünî"])
def test_what_is_no_certificate(pem: str) -> None:
    with pytest.raises(InvalidOption, match="ca_bundle cannot be used"):
        check_certificates(pem, "ca_bundle")
