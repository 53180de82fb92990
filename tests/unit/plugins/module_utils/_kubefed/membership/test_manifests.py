# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and manifests of a join."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.membership import manifests


def token(subject: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"sub": subject}).encode()).decode().rstrip("=")
    return f"header.{payload}.signature"


def test_names_are_those_of_kubefedctl() -> None:
    assert manifests.account_name("vulcan", "earth") == "vulcan-earth"
    assert manifests.role_name("vulcan-earth") == "kubefed-controller-manager:vulcan-earth"
    assert (
        manifests.healthcheck_role_name("vulcan-earth", "kube-federation-system")
        == "kubefed-controller-manager:kube-federation-system:healthcheck-vulcan-earth"
    )


def test_cluster_scope_makes_a_cluster_role() -> None:
    made = manifests.member_manifests("vulcan-earth", "ns", "Cluster")
    assert [entry["kind"] for entry in made] == [
        "Namespace",
        "ServiceAccount",
        "Secret",
        "ClusterRole",
        "ClusterRoleBinding",
    ]
    account, secret, role, binding = made[1:]
    assert account["automountServiceAccountToken"] is False
    assert account["metadata"]["annotations"] == {"kubernetes.io/enforce-mountable-secrets": "true"}
    assert secret["type"] == "kubernetes.io/service-account-token"
    assert secret["metadata"]["annotations"] == {"kubernetes.io/service-account.name": "vulcan-earth"}
    assert role["rules"] == [
        {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
        {"verbs": ["get"], "nonResourceURLs": ["*"]},
    ]
    assert "namespace" not in role["metadata"]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "vulcan-earth", "namespace": "ns"}]


def test_namespaced_scope_makes_a_role_and_a_health_check() -> None:
    made = manifests.member_manifests("vulcan-earth", "ns", "Namespaced")
    assert [(entry["kind"], entry["metadata"].get("namespace")) for entry in made[3:]] == [
        ("Role", "ns"),
        ("RoleBinding", "ns"),
        ("ClusterRole", None),
        ("ClusterRoleBinding", None),
    ]
    assert made[5]["rules"][0] == {"verbs": ["get"], "nonResourceURLs": ["/healthz"]}


def test_all_that_is_made_is_removed_too() -> None:
    for scope in ("Cluster", "Namespaced"):
        made = {
            (entry["kind"], entry["metadata"]["name"])
            for entry in manifests.member_manifests("vulcan-earth", "ns", scope)
            if entry["kind"] != "Namespace"
        }
        assert made <= set(manifests.member_leftovers("vulcan-earth", "ns"))


def cluster(**changes: t.Any) -> dict[str, t.Any]:
    options: dict[str, t.Any] = {
        "server": "https://10.11.0.10:443",
        "ca": b"PEM",
        "disabled_tls_validations": [],
        "proxy": "",
        "secret": "vulcan-token",
        "token": "t",
        "labels": {},
        "annotations": {},
    }
    return manifests.kubefed_cluster("vulcan", "ns", **{**options, **changes})


def test_kubefed_cluster() -> None:
    assert cluster()["spec"] == {
        "apiEndpoint": "https://10.11.0.10:443",
        "secretRef": {"name": "vulcan-token"},
        "caBundle": base64.b64encode(b"PEM").decode(),
    }
    spec = cluster(ca=b"", disabled_tls_validations=["*"], proxy="http://proxy:3128")["spec"]
    assert spec == {
        "apiEndpoint": "https://10.11.0.10:443",
        "secretRef": {"name": "vulcan-token"},
        "disabledTLSValidations": ["*"],
        "proxyURL": "http://proxy:3128",
    }


def test_another_token_is_another_annotation_that_does_not_give_it_away() -> None:
    one, two = cluster(token="secret-one"), cluster(token="secret-two")
    assert one["metadata"] != two["metadata"]
    assert "secret-one" not in json.dumps(one)


def test_without_a_token_there_is_no_mark() -> None:
    assert "annotations" not in cluster(token=None)["metadata"]
    assert cluster(token=None, annotations={"a": "b"})["metadata"]["annotations"] == {"a": "b"}


def test_the_secret_on_the_host_bears_the_same_mark() -> None:
    secret = manifests.host_secret("vulcan-token", "ns", "t")
    assert secret["metadata"]["annotations"] == cluster()["metadata"]["annotations"]


def test_the_account_of_a_token() -> None:
    assert manifests.account_of_token(token("system:serviceaccount:ns:vulcan-earth")) == ("ns", "vulcan-earth")


@pytest.mark.parametrize(
    "value", ["", "x", "a.b.c", "a.!!.c", token("system:node:x"), token(7), token("a:b:c:d"), token(None), "a.e30.c"]
)
def test_what_is_no_token_of_a_service_account(value: str) -> None:
    assert manifests.account_of_token(value) is None
