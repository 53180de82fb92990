# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From plain resources and a placement to federated ones."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import Object
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources import model
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.types.model import read_type
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption


def type_config(kind: str, plural: str, *, group: str = "", scope: str = "Namespaced", enabled: bool = True) -> Object:
    return {
        "metadata": {"name": f"{plural}.{group}" if group else plural},
        "spec": {
            "propagation": "Enabled" if enabled else "Disabled",
            "targetType": {"group": group, "version": "v1", "kind": kind, "pluralName": plural, "scope": scope},
            "federatedType": {
                "group": "types.kubefed.io",
                "version": "v1beta1",
                "kind": f"Federated{kind}",
                "pluralName": f"federated{plural}",
                "scope": "Namespaced" if kind == "Namespace" else scope,
            },
        },
    }


TYPES = [
    read_type(config)
    for config in (
        type_config("Namespace", "namespaces", scope="Cluster"),
        type_config("Deployment", "deployments", group="apps"),
        type_config("Service", "services"),
        type_config("ConfigMap", "configmaps"),
        type_config("ServiceAccount", "serviceaccounts"),
        type_config("ClusterRole", "clusterroles", group="rbac.authorization.k8s.io", scope="Cluster"),
        type_config("Job", "jobs", group="batch", enabled=False),
    )
]

SERVICE: Object = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {
        "name": "web",
        "namespace": "shop",
        "uid": "1",
        "resourceVersion": "2",
        "labels": {"app": "web"},
        "annotations": {"note": "x", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
    },
    "spec": {
        "type": "NodePort",
        "clusterIP": "10.4.0.9",
        "clusterIPs": ["10.4.0.9"],
        "healthCheckNodePort": 30001,
        "ports": [{"name": "http", "port": 80, "nodePort": 30080}],
    },
    "status": {"loadBalancer": {}},
}


def want(manifest: Object, namespace: str | None = None, placement: list[str] | None = None) -> model.Wanted:
    return model.wanted(manifest, TYPES, namespace=namespace, placing=model.placing(placement, None, {}))


def plain(kind: str, name: str = "x", version: str = "v1", **more: t.Any) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **more.pop("metadata", {})}, **more}


def federated(kind: str, name: str, namespace: str, **spec: t.Any) -> Object:
    return {
        "apiVersion": "types.kubefed.io/v1beta1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def test_a_template_holds_nothing_of_the_object_it_was_taken_from() -> None:
    given = copy.deepcopy(SERVICE)
    assert model.template(given) == {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"type": "NodePort", "ports": [{"name": "http", "port": 80}]},
    }
    assert given == SERVICE


def test_a_headless_service_stays_headless() -> None:
    given = plain("Service", spec={"clusterIP": "None", "ports": [{"port": 80}]})
    assert model.template(given)["spec"]["clusterIP"] == "None"


def test_templates_of_accounts_and_namespaces() -> None:
    assert model.template(plain("ServiceAccount", secrets=[{"name": "t"}])) == {}
    assert model.template(plain("Namespace", spec={"finalizers": ["kubernetes"]}, status={})) == {}


def test_annotations_become_overrides_for_each_cluster() -> None:
    made = want(SERVICE, placement=["earth", "vulcan"])
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
    made = want(manifest, "shop", ["earth"])
    assert "overrides" not in made.spec
    assert "(a)" in made.warnings[0]


def test_a_namespace_is_federated_in_itself() -> None:
    made = want(plain("Namespace", "shop"), "elsewhere", ["earth"])
    assert (made.namespace, made.name) == ("shop", "shop")


def test_a_cluster_scoped_resource_has_no_namespace() -> None:
    made = want(plain("ClusterRole", version="rbac.authorization.k8s.io/v1", rules=[]), "shop", ["earth"])
    assert made.namespace == ""
    assert made.type.path("shop", "x").endswith("/apis/types.kubefed.io/v1beta1/federatedclusterroles/x")


def test_listing_2_is_refused_with_the_name_that_would_work() -> None:
    with pytest.raises(InvalidOption, match=r"must match the name of its containing namespace.*name it fedtestns"):
        want(federated("FederatedNamespace", "fedns", "fedtestns", placement={"clusters": []}))


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (plain("CronJob", version="batch/v1"), "kubefedctl enable cronjobs.batch"),
        (plain("Job", version="batch/v1"), "propagation Disabled"),
        (plain("Deployment", version="apps/v1beta1"), "as v1"),
        (plain("ConfigMap"), "names no namespace"),
        (plain("Namespace", "kube-system"), "can not be federated"),
        (federated("FederatedThing", "x", "shop"), "does not know this type"),
    ],
)
def test_what_kubefed_would_not_do_is_refused(manifest: Object, message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        want(manifest, placement=["earth"])


def test_a_federated_resource_is_taken_as_it_is() -> None:
    manifest = federated(
        "FederatedDeployment",
        "fedhttp",
        "shop",
        template={"metadata": {"name": "http", "annotations": {"a": "b"}}},
        placement={"clusterSelector": {}},
        retainReplicas=True,
    )
    made = want(manifest)
    assert made.spec == manifest["spec"]
    assert "AnnotationsNotSupported" not in made.warnings[0]
    assert "override" in made.warnings[0]


def test_two_placements_are_one_too_many() -> None:
    own = {"clusters": [{"name": "earth"}]}
    manifest = federated("FederatedConfigMap", "x", "shop", placement=own)
    with pytest.raises(InvalidOption, match="placement of its own"):
        want(manifest, placement=["vulcan"])
    assert want(manifest, placement=["earth"]).spec["placement"] == own
    assert want(federated("FederatedConfigMap", "x", "shop"), placement=["earth"]).spec["placement"] == own


CLUSTERS = {"earth": {"place": "dc"}, "vulcan": {"place": "cloud"}}


@pytest.mark.parametrize(
    ("placement", "names"),
    [
        (None, set()),
        ({}, set()),
        ({"clusters": []}, set()),
        ({"clusters": [], "clusterSelector": {}}, set()),
        ({"clusters": [{"name": "earth"}, {"name": "mars"}]}, {"earth", "mars"}),
        ({"clusterSelector": {}}, {"earth", "vulcan"}),
        ({"clusterSelector": {"matchLabels": {"place": "cloud"}}}, {"vulcan"}),
        (
            {"clusterSelector": {"matchExpressions": [{"key": "place", "operator": "NotIn", "values": ["cloud"]}]}},
            {"earth"},
        ),
        ({"clusterSelector": {"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}}, set()),
    ],
)
def test_what_a_placement_means(placement: Object | None, names: set[str]) -> None:
    spec = {} if placement is None else {"placement": placement}
    assert model.selected(spec, CLUSTERS) == names


def test_what_is_not_asked_for_is_left_as_it_is() -> None:
    by_hand = {
        "clusterName": "earth",
        "clusterOverrides": [{"path": "/spec/replicas", "value": 5}, {"path": "/metadata/annotations", "value": {}}],
    }
    existing = {
        "template": {"old": True},
        "retainReplicas": True,
        "placement": {"clusters": [{"name": "vulcan"}, {"name": "earth"}]},
        "overrides": [by_hand],
    }
    asked = {
        "template": {"new": True},
        "placement": {"clusters": [{"name": "earth"}, {"name": "vulcan"}]},
        "overrides": [
            {"clusterName": "earth", "clusterOverrides": [{"path": "/metadata/annotations", "value": {"a": "b"}}]}
        ],
    }
    planned = model.planned_spec(existing, asked, scheduled=False)
    assert planned["template"] == {"new": True}
    assert planned["retainReplicas"] is True
    assert planned["placement"] == existing["placement"]
    assert planned["overrides"][0]["clusterOverrides"] == [
        {"path": "/spec/replicas", "value": 5},
        {"path": "/metadata/annotations", "value": {"a": "b"}},
    ]


def test_a_schedule_is_not_fought() -> None:
    existing = {
        "placement": {"clusters": [{"name": "vulcan"}]},
        "overrides": [{"clusterName": "vulcan", "clusterOverrides": [{"path": "/spec/replicas", "value": 3}]}],
    }
    asked = {
        "placement": {"clusters": [{"name": "earth"}]},
        "overrides": [{"clusterName": "vulcan", "clusterOverrides": [{"path": "/spec/replicas", "value": 1}]}],
    }
    assert model.planned_spec(existing, asked, scheduled=True) == existing
    assert model.planned_spec(existing, asked, scheduled=False) == asked


def test_where_it_existed_is_known_or_not() -> None:
    def with_note(value: str) -> Object:
        return {"metadata": {"annotations": {model.EXISTED_ANNOTATION: value}}}

    assert model.existed_in({"metadata": {}}) is None
    assert model.existed_in(with_note("")) == set()
    assert model.existed_in(with_note(model.existed_value({"vulcan", "earth"}))) == {"earth", "vulcan"}


def test_a_selector_places_and_its_clusters_get_the_annotations() -> None:
    where = model.placing(None, {"matchLabels": {"place": "cloud"}}, CLUSTERS)
    made = model.wanted(SERVICE, TYPES, namespace=None, placing=where)
    assert made.spec["placement"] == {"clusterSelector": {"matchLabels": {"place": "cloud"}}}
    assert [entry["clusterName"] for entry in made.spec["overrides"]] == ["vulcan"]
    assert model.placing(None, None, CLUSTERS) is None


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ({"matchLabel": {}}, "has matchLabel; allowed are"),
        ({"matchLabels": {"a": 1}}, "in quotes"),
        ({"matchExpressions": {"key": "a"}}, "must be a list"),
        ({"matchExpressions": [{"key": "a", "operator": "Like"}]}, "In, NotIn, Exists, DoesNotExist"),
        ({"matchExpressions": [{"operator": "Exists"}]}, "needs a key"),
        ({"matchExpressions": [{"key": "a", "operator": "In"}]}, "needs values"),
        ({"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}, "needs no values"),
    ],
)
def test_what_is_no_selector(selector: Object, message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        model.check_selector(selector)


DEPLOYMENT = plain("Deployment", "web", "apps/v1", spec={"replicas": 1, "template": {"spec": {"containers": [{}]}}})


def overridden(*entries: Object, manifest: Object = DEPLOYMENT) -> model.Wanted:
    return model.wanted(
        manifest,
        TYPES,
        namespace="shop",
        placing=model.placing(["earth", "vulcan"], None, {}),
        overrides=model.check_overrides({"vulcan": list(entries)}),
    )


def test_overrides_are_for_those_that_they_name() -> None:
    entry = {"path": "/spec/replicas", "value": 3}
    items = [{"clusterName": "vulcan", "clusterOverrides": [entry]}]
    assert overridden(entry).spec["overrides"] == items
    assert overridden({**entry, "kind": "Deployment", "name": "web"}).spec["overrides"] == items
    assert "overrides" not in overridden({**entry, "name": "other"}).spec
    assert "overrides" not in overridden({**entry, "kind": "StatefulSet"}).spec
    namespace = plain("Namespace", "shop")
    assert "overrides" not in overridden(entry, manifest=namespace).spec
    made = [overridden({**entry, "name": "other"})]
    assert model.unused_overrides({"vulcan": [{**entry, "name": "other"}]}, made) == [
        "overrides.vulcan with path /spec/replicas"
    ]
    assert model.unused_overrides({"vulcan": [entry]}, made) == []


def test_overrides_come_to_those_that_annotations_make() -> None:
    made = overridden({"path": "/spec/type", "value": "ClusterIP"}, manifest=SERVICE)
    (earth, vulcan) = made.spec["overrides"]
    assert [item["path"] for item in earth["clusterOverrides"]] == ["/metadata/annotations"]
    assert [item["path"] for item in vulcan["clusterOverrides"]] == ["/metadata/annotations", "/spec/type"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"path": "/kind", "value": "x"}, "path /kind, which KubeFed refuses"),
        ({"path": "spec", "value": "x"}, "must begin with '/'"),
        ({"path": "/spec/replicas"}, "and no value"),
        ({"path": "/spec/replicas", "op": "test", "value": 1}, "allowed are add, remove, replace"),
        ({"path": "/spec/replicas", "value": 1, "when": "x"}, "has when; allowed are"),
        ({"path": "/spec/paused", "op": "remove"}, "nothing to remove"),
        ({"path": "/spec/template/spec/containers/1", "value": {}}, "nothing to replace"),
        ({"path": "/spec/strategy/type", "op": "add", "value": 1}, "there is no /spec/strategy"),
        (
            {"path": "/spec/template/spec/containers/1/image", "op": "add", "value": 1},
            "there is no /spec/template/spec",
        ),
        ({"path": "/spec/replicas/x", "op": "add", "value": 1}, "inside of a plain value"),
        ({"path": "/spec/template/spec/containers/x", "op": "add", "value": 1}, "no position in a list of 1"),
    ],
)
def test_overrides_that_kubefed_would_refuse(entry: Object, message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        overridden(entry)


def test_the_same_path_twice_is_refused() -> None:
    entry = {"path": "/spec/replicas", "value": 3}
    with pytest.raises(InvalidOption, match="/spec/replicas twice"):
        overridden(entry, entry)
    twice = {"clusterName": "earth", "clusterOverrides": [entry]}
    with pytest.raises(InvalidOption, match="for earth more than once"):
        want(federated("FederatedDeployment", "x", "shop", placement={}, overrides=[twice, twice]))


def test_a_field_that_is_missing_is_replaced_all_the_same() -> None:
    assert overridden({"path": "/spec/paused", "value": True}).spec["overrides"]


def test_an_override_is_applied_as_json_patch_says() -> None:
    body: Object = {"a": [1, 2], "b": {"c/d": 1}}
    for item in (
        {"op": "add", "path": "/a/-", "value": 3},
        {"op": "add", "path": "/a/0", "value": 0},
        {"op": "remove", "path": "/a/1"},
        {"op": "replace", "path": "/a/0", "value": 9},
        {"path": "/b/c~1d", "value": 2},
        {"op": "add", "path": "/b/e", "value": None},
        {"op": "remove", "path": "/b/e"},
    ):
        assert model.apply_override(body, item) == ""
    assert body == {"a": [9, 2, 3], "b": {"c/d": 2}}


def test_annotations_that_all_clusters_have_in_common() -> None:
    spec = want(SERVICE, placement=["earth", "vulcan"]).spec
    assert model.common_annotations(spec, {"earth", "vulcan"}) == {"note": "x"}
    assert model.common_annotations(spec, {"earth", "mars"}) is None
    assert model.common_annotations({}, {"earth"}) is None


MEMBERS = {"earth": {}, "vulcan": {"cloud": "yes"}, "mercury": {"cloud": "yes"}}


def names(federated: Object) -> list[str] | None:
    clusters = federated["spec"]["placement"].get("clusters")
    return None if clusters is None else [entry["name"] for entry in clusters]


@pytest.mark.parametrize("selector", [{}, {"matchLabels": {"cloud": "yes"}}])
def test_a_selector_counts_again_when_what_was_withdrawn_has_left(selector: Object) -> None:
    before = federated("FederatedConfigMap", "x", "shop", placement={"clusterSelector": selector})
    one = model.withdrawn(before, {"vulcan"}, MEMBERS)
    assert model.selected(one["spec"], MEMBERS) == model.selected(before["spec"], MEMBERS) - {"vulcan"}
    assert model.withdrawn(one, {"vulcan"}, MEMBERS) == one
    both = model.withdrawn(one, {"mercury"}, MEMBERS)
    assert model.selected(both["spec"], MEMBERS) <= {"earth"}
    # They leave one after the other
    assert model.chosen_again(both, set()) is None
    later = model.chosen_again(both, {"vulcan"})
    assert later is not None
    assert names(later) == names(both)
    after = model.chosen_again(later, {"vulcan", "mercury"})
    assert after is not None
    assert after["spec"] == before["spec"]
    assert not after["metadata"]["annotations"]
    assert model.chosen_again(after, {"vulcan", "mercury"}) is None


def test_names_are_withdrawn_without_a_trace() -> None:
    before = federated(
        "FederatedConfigMap", "x", "shop", placement={"clusters": [{"name": "earth"}, {"name": "vulcan"}]}
    )
    after = model.withdrawn(before, {"vulcan"}, MEMBERS)
    assert after == federated("FederatedConfigMap", "x", "shop", placement={"clusters": [{"name": "earth"}]})


def test_a_cluster_is_placed_again_by_the_selector_that_it_was_withdrawn_from() -> None:
    before = federated("FederatedConfigMap", "x", "shop", placement={"clusterSelector": {}})
    one = model.withdrawn(before, {"vulcan"}, MEMBERS)
    assert model.placed_too(one, ["vulcan"], MEMBERS) == before["spec"]["placement"]
    both = model.withdrawn(one, {"mercury"}, MEMBERS)
    assert model.placed_too(both, ["vulcan"], MEMBERS) == {"clusters": [{"name": "earth"}, {"name": "vulcan"}]}


def test_the_label_that_keda_gives_is_in_the_template() -> None:
    made = model.template(plain("ScaledObject", "web", "keda.sh/v1alpha1", spec={"scaleTargetRef": {"name": "web"}}))
    assert made["metadata"]["labels"] == {"scaledobject.keda.sh/name": "web"}
