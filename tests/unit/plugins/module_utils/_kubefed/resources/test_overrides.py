# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""What differs in a cluster."""

from __future__ import annotations

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import Object
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.model import DesiredObject
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.overrides import (
    apply_override,
    check_overrides,
    common_annotations,
    unused_overrides,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.placement import read_placement
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.template import (
    desired_object,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption
from ansible_collections.cloudburst.federation.tests.unit.plugins.module_utils._kubefed.resources.samples import (
    SERVICE,
    TYPES,
    desired,
    federated,
    plain,
)

DEPLOYMENT = plain("Deployment", "web", "apps/v1", spec={"replicas": 1, "template": {"spec": {"containers": [{}]}}})


def overridden(*entries: Object, manifest: Object = DEPLOYMENT) -> DesiredObject:
    return desired_object(
        manifest,
        TYPES,
        namespace="shop",
        placement=read_placement(["earth", "vulcan"], None, {}),
        overrides=check_overrides({"vulcan": list(entries)}),
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
    assert unused_overrides({"vulcan": [{**entry, "name": "other"}]}, made) == [
        "overrides.vulcan with path /spec/replicas"
    ]
    assert unused_overrides({"vulcan": [entry]}, made) == []


def test_overrides_come_to_those_that_annotations_make() -> None:
    made = overridden({"path": "/spec/type", "value": "ClusterIP"}, manifest=SERVICE)
    (earth, vulcan) = made.spec["overrides"]
    assert [item["path"] for item in earth["clusterOverrides"]] == ["/metadata/annotations"]
    assert [item["path"] for item in vulcan["clusterOverrides"]] == ["/metadata/annotations", "/spec/type"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"path": "/kind", "value": "x"}, "path /kind, which KubeFed rejects"),
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
        ({"path": "/spec/replicas/x", "op": "add", "value": 1}, "inside a scalar value"),
        ({"path": "/spec/template/spec/containers/x", "op": "add", "value": 1}, "not a position in a list of 1"),
    ],
)
def test_overrides_that_kubefed_would_reject(entry: Object, message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        overridden(entry)


def test_the_same_path_twice_is_rejected() -> None:
    entry = {"path": "/spec/replicas", "value": 3}
    with pytest.raises(InvalidOption, match="/spec/replicas twice"):
        overridden(entry, entry)
    twice = {"clusterName": "earth", "clusterOverrides": [entry]}
    with pytest.raises(InvalidOption, match="for earth more than once"):
        desired(federated("FederatedDeployment", "x", "shop", placement={}, overrides=[twice, twice]))


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
        assert apply_override(body, item) == ""
    assert body == {"a": [9, 2, 3], "b": {"c/d": 2}}


def test_annotations_that_all_clusters_have_in_common() -> None:
    spec = desired(SERVICE, placement=["earth", "vulcan"]).spec
    assert common_annotations(spec, {"earth", "vulcan"}) == {"note": "x"}
    assert common_annotations(spec, {"earth", "mars"}) is None
    assert common_annotations({}, {"earth"}) is None
