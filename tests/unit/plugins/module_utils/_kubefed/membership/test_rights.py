# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The smallest rights of KubeFed in a member. That KubeFed works with them is seen in the lab (Molecule: rights)."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.membership import manifests, rights
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption

HANDLE = ["create", "delete", "get", "list", "patch", "update", "watch"]
READ = ["get", "list", "watch"]


def config(plural: str, group: str = "", scope: str = "Namespaced", propagation: str = "Enabled") -> dict[str, t.Any]:
    target = {"pluralName": plural, "scope": scope, **({"group": group} if group else {})}
    return {"spec": {"targetType": target, "propagation": propagation}}


CONFIGS = [
    config("namespaces", scope="Cluster"),
    config("deployments", "apps"),
    config("secrets", propagation="Disabled"),
    config("ingresses", "networking.k8s.io"),
]


def test_what_is_propagated() -> None:
    assert rights.propagated(CONFIGS, "Cluster") == {"namespaces", "deployments.apps", "ingresses.networking.k8s.io"}
    assert rights.propagated(CONFIGS, "Namespaced") == {"deployments.apps", "ingresses.networking.k8s.io"}
    assert rights.propagated([], "Cluster") == set()


def test_rules_are_for_these_types_alone() -> None:
    assert rights.rules(["services", "ingresses.networking.k8s.io", "namespaces", "services"]) == [
        {"verbs": HANDLE, "apiGroups": [""], "resources": ["namespaces", "services"]},
        {"verbs": HANDLE, "apiGroups": ["networking.k8s.io"], "resources": ["ingresses"]},
    ]
    assert rights.rules([]) == []


@pytest.mark.parametrize("plural", ["daemonsets", "deployments", "replicasets", "statefulsets"])
def test_of_workloads_the_pods_are_read_too(plural: str) -> None:
    assert rights.rules([f"{plural}.apps"]) == [
        {"verbs": HANDLE, "apiGroups": ["apps"], "resources": [plural]},
        {"verbs": READ, "apiGroups": [""], "resources": ["events", "pods"]},
        {"verbs": READ, "apiGroups": ["apps"], "resources": ["replicasets"]},
    ]


def test_pods_of_what_is_not_waited_for_are_not_read() -> None:
    assert rights.rules(["jobs.batch"]) == [{"verbs": HANDLE, "apiGroups": ["batch"], "resources": ["jobs"]}]


@pytest.mark.parametrize("scope", ["Cluster", "Namespaced"])
def test_no_rule_of_limited_rights_stands_for_all(scope: str) -> None:
    made = manifests.member_manifests("vulcan-earth", "ns", scope, {"namespaces", "deployments.apps"})
    rules = [rule for manifest in made for rule in manifest.get("rules") or []]
    assert {
        "verbs": ["get"],
        "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/version"],
    } in rules
    for rule in rules:
        assert "*" not in [*rule["verbs"], *rule.get("apiGroups", ()), *rule.get("resources", ())]
        assert not {"secrets", "escalate", "impersonate", "bind"} & {*rule["verbs"], *rule.get("resources", ())}
    kept = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in made}
    assert kept == {
        (manifest["kind"], manifest["metadata"]["name"])
        for manifest in manifests.member_manifests("vulcan-earth", "ns", scope)
    }


@pytest.mark.parametrize(
    "name", ["", "*", "*.apps", "Deployments", "a b", "a/b", "a..b", "a.", "a\n", "pods\nsecrets", "x" * 254]
)
def test_what_names_no_type(name: str) -> None:
    with pytest.raises(
        InvalidOption, match=r"types has .*; allowed is the name of a FederatedTypeConfig, which is the plural"
    ):
        rights.check_types(["services", name], "types")


def test_names_of_types() -> None:
    rights.check_types(["services", "statefulsets.apps", "ingresses.networking.k8s.io"], "types")
