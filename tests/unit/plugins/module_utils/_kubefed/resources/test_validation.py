# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What does not fit is rejected before anything is written, with document, field and value."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources import validation
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.validation import flatten
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption


def plain(kind: str = "ConfigMap", api_version: str = "v1", **fields: t.Any) -> dict[str, t.Any]:
    metadata = {"name": "x", **fields.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def deployment(container: dict[str, t.Any] | None = None, **pod: t.Any) -> dict[str, t.Any]:
    spec = {"containers": [container or {}], **pod}
    return plain("Deployment", "apps/v1", spec={"template": {"spec": spec}})


def federated(kind: str, **spec: t.Any) -> dict[str, t.Any]:
    return plain(f"Federated{kind}", "types.kubefed.io/v1beta1", spec=spec)


def test_documents_are_flattened() -> None:
    first, second, third = (plain(metadata={"name": name}) for name in "abc")
    found = flatten([first, None, {"apiVersion": "v1", "kind": "List", "items": [second]}, [third]])
    assert [entry["metadata"]["name"] for entry in found] == ["a", "b", "c"]
    assert flatten([{"apiVersion": "v1", "kind": "List", "items": None}]) == []


def test_items_of_a_list_of_a_type_are_of_that_type() -> None:
    given = {"apiVersion": "v1", "kind": "ConfigMapList", "items": [{"metadata": {"name": "a"}}]}
    assert flatten([given]) == [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("just text", "is the string 'just text': a Kubernetes object"),
        (7, "is the number 7"),
        ({}, "no apiVersion and no kind"),
        ({"kind": "ConfigMap"}, "no apiVersion"),
        ({"apiVersion": "v1", "kind": "ConfigMap"}, "has no metadata.name"),
        ({"apiVersion": 1, "kind": "ConfigMap", "metadata": {"name": "x"}}, "apiVersion is the number 1; .* in quotes"),
        ({"apiVersion": "v1", "kind": True, "metadata": {"name": "x"}}, "kind is the boolean true"),
        ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": [{"name": "x"}]}, "metadata is a list"),
        (plain(metadata={"name": 20260131}), "metadata.name is the number 20260131"),
        (plain(metadata={"name": "Shop_1"}), "metadata.name is 'Shop_1'; allowed are"),
        (
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "shop:reader"}},
            "a Role may have other names, but not what KubeFed federates it with",
        ),
        (plain(metadata={"namespace": 2026}), "metadata.namespace is the number 2026"),
        (plain(metadata={"name": None, "generateName": "x-"}), "metadata.generateName gives another name"),
        (plain(metadata={"labels": {"tier": 1}}), r"\(ConfigMap x\): metadata.labels.tier is the number 1; .*quotes"),
        (plain(metadata={"labels": {"on": False}}), "metadata.labels.on is the boolean false"),
        (plain(metadata={"labels": {"a": None}}), "metadata.labels.a is empty; it must be a string: write ''"),
        (plain(metadata={"labels": [{"app": "x"}]}), "metadata.labels is a list; it must be a mapping"),
        (plain(metadata={"labels": {"app": "two words"}}), "metadata.labels has the value 'two words'"),
        (plain(metadata={"annotations": {"a": 5}}), "metadata.annotations.a is the number 5"),
        (plain(metadata={"annotations": "text"}), "metadata.annotations is the string"),
        (plain(data={"port": 3306}), "data.port is the number 3306"),
        (plain(data=["a"]), "data is a list"),
        (plain(binaryData={"a": "no base64!"}), "binaryData.a is not base64; data takes text"),
        (plain("Secret", data={"a": "hunter2"}), "data.a is not base64; stringData takes the plain value"),
        (plain("Service", spec={"selector": {"app": 5}}), "spec.selector.app is the number 5"),
        (plain("Service", spec={"ports": {"port": 80}}), "spec.ports is a mapping; it must be a list"),
        (plain("Service", spec=[]), "spec is a list"),
        (
            plain("Deployment", "apps/v1", spec={"selector": {"matchLabels": {"v": 1}}}),
            "spec.selector.matchLabels.v is the number",
        ),
        (deployment(nodeSelector={"gpu": True}), r"spec\.template\.spec\.nodeSelector\.gpu is the boolean true"),
        (deployment({"env": [{"name": "A", "value": 5}]}), r"containers\[0\]\.env\[0\]\.value is the number 5"),
        (deployment({"env": {"A": "5"}}), r"containers\[0\]\.env is a mapping; it must be a list"),
        (deployment({"args": ["--port", 80]}), r"args\[1\] is the number 80"),
        (deployment({"command": "run"}), "command is the string 'run'; it must be a list of strings"),
        (
            plain("Deployment", "apps/v1", spec={"template": {"metadata": {"labels": {"v": 1.5}}}}),
            "spec.template.metadata.labels.v is the number 1.5",
        ),
        (
            plain("CronJob", "batch/v1", spec={"jobTemplate": {"spec": {"template": {"metadata": {"labels": ["a"]}}}}}),
            "spec.jobTemplate.spec.template.metadata.labels is a list",
        ),
        (federated("ConfigMap", template={"metadata": {"labels": {"v": 1}}}), "spec.template.metadata.labels.v"),
        (federated("ConfigMap", template={"data": {"v": 1}}), "spec.template.data.v is the number 1"),
        (federated("ConfigMap", template=[]), "spec.template is a list"),
        (federated("ConfigMap", placement={"clusters": ["earth"]}), r"spec.placement.clusters\[0\] is the string"),
        (federated("ConfigMap", placement={"clusters": [{"name": 1}]}), r"clusters\[0\].name is the number 1"),
        (federated("ConfigMap", overrides=[{"clusterName": "earth", "clusterOverrides": {}}]), "clusterOverrides is a"),
        (plain("R", "scheduling.kubefed.io/v1alpha1", spec={"clusters": ["*"]}), "spec.clusters is a list"),
        (plain("R", "scheduling.kubefed.io/v1alpha1", spec={"clusters": {"a": 1}}), "spec.clusters.a is the number 1"),
        (plain("R", "scheduling.kubefed.io/v1alpha1", spec="x"), "spec is the string"),
        ({"apiVersion": "v1", "kind": "List", "items": [plain(), "x"]}, r"of definition: items\[1\] is the"),
        ([plain(), 5], r"of definition\[1\] is the number 5"),
    ],
)
def test_what_does_not_fit_is_named(document: t.Any, says: str) -> None:
    with pytest.raises(InvalidOption, match=f"Document 1.*{says}"):
        flatten([document])


def test_a_value_of_a_secret_is_not_shown() -> None:
    with pytest.raises(InvalidOption) as rejected:
        flatten([plain("Secret", stringData={"pin": 4711}, data={"key": "hunter2"})])
    assert "stringData.pin is the number; it must be a string" in rejected.value.message
    assert "4711" not in rejected.value.message
    assert "hunter2" not in rejected.value.message


def test_all_is_told_at_once_but_not_without_end() -> None:
    with pytest.raises(InvalidOption) as rejected:
        flatten([plain(data=dict.fromkeys("abcdefghijklmn", 1)), plain(metadata={"labels": {"a": 1}})], "src shop.yml")
    assert rejected.value.message.startswith("Document 1 of src shop.yml (ConfigMap x): data.a is the number 1")
    assert rejected.value.message.endswith("and 5 more.")


@pytest.mark.parametrize(
    "document",
    [
        plain(metadata={"labels": None, "annotations": None}, data=None),
        plain(metadata={"annotations": {"Example.com/Key": "", "other": "1"}}),
        plain(data={"empty": None, "a": ""}, binaryData={"a": "aGVs\nbG8=\n", "b": ""}),
        plain("Service", spec={"ports": [{"port": 80, "targetPort": "web"}]}),
        deployment({"env": [{"name": "A"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}),
        # What fields of types that others define take is not known here
        plain("Rule", "example.com/v1", spec=[{"matchLabels": {"a": 1}, "metadata": 5}]),
        plain("CustomResourceDefinition", "apiextensions.k8s.io/v1", spec={"nodeSelector": {"type": "object"}}),
        federated("Rule", template={"spec": [1]}, placement={"clusterSelector": {}}),
        federated("ConfigMap"),
    ],
)
def test_what_fits_is_taken(document: dict[str, t.Any]) -> None:
    assert flatten([document]) == [document]


def test_a_token_of_a_service_account_is_of_no_use_elsewhere() -> None:
    type_ = "kubernetes.io/service-account-token"
    assert "leave it out" in validation.useless_problem(plain("Secret", type=type_))
    assert "leave it out" in validation.useless_problem(federated("Secret", template={"type": type_}))
    assert validation.useless_problem(plain("Secret", type="Opaque")) == ""
    assert validation.useless_problem(plain()) == ""
