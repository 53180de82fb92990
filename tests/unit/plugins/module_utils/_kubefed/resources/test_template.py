# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""From plain resources and a placement to federated objects."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import Object
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.placement import read_placement
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.template import (
    desired_object,
    template,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption
from ansible_collections.cloudburst.federation.tests.unit.plugins.module_utils._kubefed.resources.samples import (
    SERVICE,
    TYPES,
    desired,
    federated,
    plain,
)


def test_a_template_holds_nothing_of_the_object_it_was_taken_from() -> None:
    given = copy.deepcopy(SERVICE)
    assert template(given) == {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"type": "NodePort", "ports": [{"name": "http", "port": 80}]},
    }
    assert given == SERVICE


def test_a_headless_service_stays_headless() -> None:
    given = plain("Service", spec={"clusterIP": "None", "ports": [{"port": 80}]})
    assert template(given)["spec"]["clusterIP"] == "None"


def test_templates_of_accounts_and_namespaces() -> None:
    assert template(plain("ServiceAccount", secrets=[{"name": "t"}])) == {}
    assert template(plain("Namespace", spec={"finalizers": ["kubernetes"]}, status={})) == {}


def test_the_label_that_keda_gives_is_in_the_template() -> None:
    made = template(plain("ScaledObject", "web", "keda.sh/v1alpha1", spec={"scaleTargetRef": {"name": "web"}}))
    assert made["metadata"]["labels"] == {"scaledobject.keda.sh/name": "web"}


def test_annotations_become_overrides_for_each_cluster() -> None:
    made = desired(SERVICE, placement=["earth", "vulcan"])
    assert [entry["clusterName"] for entry in made.spec["overrides"]] == ["earth", "vulcan"]
    assert made.spec["overrides"][0]["clusterOverrides"] == [
        {"op": "add", "path": "/metadata/annotations", "value": {"note": "x"}}
    ]
    assert made.spec["placement"] == {"clusters": [{"name": "earth"}, {"name": "vulcan"}]}
    assert (made.title, made.namespace, made.warnings) == ("FederatedService shop/web", "shop", [])


def test_annotations_that_a_controller_would_fight_over_stay_behind() -> None:
    manifest = plain(
        "Deployment",
        version="apps/v1",
        metadata={"annotations": {"a": "b", "deployment.kubernetes.io/revision": "3"}},
    )
    made = desired(manifest, "shop", ["earth"])
    assert "overrides" not in made.spec
    assert "(a)" in made.warnings[0]


def test_a_namespace_is_federated_in_itself() -> None:
    made = desired(plain("Namespace", "shop"), "elsewhere", ["earth"])
    assert (made.namespace, made.name) == ("shop", "shop")


def test_a_cluster_scoped_resource_has_no_namespace() -> None:
    made = desired(plain("ClusterRole", version="rbac.authorization.k8s.io/v1", rules=[]), "shop", ["earth"])
    assert made.namespace == ""
    assert made.type.path("shop", "x").endswith("/apis/types.kubefed.io/v1beta1/federatedclusterroles/x")


def test_listing_2_is_rejected_with_the_name_that_would_work() -> None:
    with pytest.raises(InvalidOption, match=r"must match the name of its containing namespace.*name it fedtestns"):
        desired(federated("FederatedNamespace", "fedns", "fedtestns", placement={"clusters": []}))


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (plain("CronJob", version="batch/v1"), "kubefedctl enable cronjobs.batch"),
        (plain("Job", version="batch/v1"), "propagation Disabled"),
        (plain("Deployment", version="apps/v1beta1"), "as v1"),
        (plain("ConfigMap"), "has no namespace"),
        (plain("Namespace", "kube-system"), "cannot be federated"),
        (federated("FederatedThing", "x", "shop"), "does not know this type"),
    ],
)
def test_what_kubefed_would_not_do_is_rejected(manifest: Object, message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        desired(manifest, placement=["earth"])


def test_a_federated_resource_is_taken_as_it_is() -> None:
    manifest = federated(
        "FederatedDeployment",
        "fedhttp",
        "shop",
        template={"metadata": {"name": "http", "annotations": {"a": "b"}}},
        placement={"clusterSelector": {}},
        retainReplicas=True,
    )
    made = desired(manifest)
    assert made.spec == manifest["spec"]
    assert "AnnotationsNotSupported" not in made.warnings[0]
    assert "override" in made.warnings[0]


def test_two_placements_are_one_too_many() -> None:
    own = {"clusters": [{"name": "earth"}]}
    manifest = federated("FederatedConfigMap", "x", "shop", placement=own)
    with pytest.raises(InvalidOption, match="its own placement"):
        desired(manifest, placement=["vulcan"])
    assert desired(manifest, placement=["earth"]).spec["placement"] == own
    assert desired(federated("FederatedConfigMap", "x", "shop"), placement=["earth"]).spec["placement"] == own


def test_a_selector_places_and_its_clusters_get_the_annotations() -> None:
    clusters = {"earth": {"place": "dc"}, "vulcan": {"place": "cloud"}}
    where = read_placement(None, {"matchLabels": {"place": "cloud"}}, clusters)
    made = desired_object(SERVICE, TYPES, namespace=None, placement=where)
    assert made.spec["placement"] == {"clusterSelector": {"matchLabels": {"place": "cloud"}}}
    assert [entry["clusterName"] for entry in made.spec["overrides"]] == ["vulcan"]
    assert read_placement(None, None, clusters) is None
