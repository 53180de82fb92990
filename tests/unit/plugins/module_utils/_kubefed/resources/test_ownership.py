# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was set and is not said any more goes, and what others have set stays."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import Object
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources import ownership
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.model import (
    RETAIN_ANNOTATION,
    DesiredObject,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.overrides import ANNOTATIONS_PATH
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.plan import planned_spec
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.types.model import FederatedType, read_type


def type_of(kind: str) -> FederatedType:
    plural = f"{kind.lower()}s"
    target = {"group": "", "version": "v1", "kind": kind, "pluralName": plural, "scope": "Namespaced"}
    made = {**target, "group": "types.kubefed.io", "kind": f"Federated{kind}", "pluralName": f"federated{plural}"}
    return read_type({"metadata": {"name": plural}, "spec": {"targetType": target, "federatedType": made}})


def want(kind: str = "ConfigMap", *, complete: bool = True, **fields: t.Any) -> DesiredObject:
    spec = {"template": fields.pop("template", {}), "placement": {"clusters": []}, **fields.pop("spec", {})}
    return DesiredObject(type_of(kind), "shop", "x", spec, complete=complete, **fields)


def override(cluster: str, path: str, value: t.Any) -> Object:
    return {"clusterName": cluster, "clusterOverrides": [{"path": path, "value": value}]}


def written(
    wish: DesiredObject, found: Object | None = None, host: dict[str, str] | None = None, **how: bool
) -> Object:
    """The object after a task, as plan.py makes it."""
    before: Object = found or {"metadata": {}}
    own = ownership.owned(
        before, wish, host or {}, scheduled=how.get("scheduled", False), settled=how.get("settled", False)
    )
    planned = own.object
    planned["spec"] = planned_spec(planned.get("spec") or {}, wish.spec, scheduled=how.get("scheduled", False))
    for key, values in (("labels", wish.labels), ("annotations", wish.annotations)):
        if values:
            planned["metadata"][key] = {**(planned["metadata"].get(key) or {}), **values}
    ownership.recorded(planned, before, own.record)
    return planned


def overrides_of(found: Object) -> dict[tuple[str, str], t.Any]:
    return {
        (entry["clusterName"], item["path"]): item.get("value")
        for entry in found["spec"].get("overrides") or []
        for item in entry["clusterOverrides"]
    }


def test_what_a_task_has_set_goes_with_it() -> None:
    full = want(
        spec={"overrides": [override("vulcan", "/data/a", "1")], "retainReplicas": True},
        labels={"a": "1"},
        annotations={"b": "2"},
    )
    first = written(full)
    assert written(full, first) == first
    second = written(want(), first)
    assert overrides_of(second) == {}
    assert "overrides" not in second["spec"]
    assert "retainReplicas" not in second["spec"]
    assert second["metadata"] == {"labels": {}, "annotations": {}}
    assert written(want(), second) == second


def test_what_others_have_set_stays() -> None:
    first = written(want(spec={"overrides": [override("vulcan", "/data/a", "1")]}, labels={"a": "1"}))
    others = copy.deepcopy(first)
    others["spec"]["overrides"][0]["clusterOverrides"].append({"path": "/data/b", "value": "theirs"})
    others["spec"]["overrides"].append(override("earth", "/data/a", "theirs"))
    others["metadata"]["labels"]["theirs"] = "1"
    second = written(want(), others)
    assert overrides_of(second) == {("vulcan", "/data/b"): "theirs", ("earth", "/data/a"): "theirs"}
    assert second["metadata"]["labels"] == {"theirs": "1"}


def test_what_others_have_changed_is_theirs() -> None:
    first = written(want(spec={"overrides": [override("vulcan", "/data/a", "1")]}))
    first["spec"]["overrides"][0]["clusterOverrides"][0]["value"] = "theirs"
    assert overrides_of(written(want(), first)) == {("vulcan", "/data/a"): "theirs"}


def test_nothing_of_an_object_without_a_record_goes() -> None:
    found: Object = {"metadata": {"labels": {"a": "1"}}, "spec": {"overrides": [override("vulcan", "/data/a", "1")]}}
    second = written(want(), found)
    assert overrides_of(second) == {("vulcan", "/data/a"): "1"}
    assert second["metadata"] == {"labels": {"a": "1"}}
    # What was there before, and a task says too, is not the task's
    same = written(want(spec={"overrides": [override("vulcan", "/data/a", "1")]}, labels={"a": "1"}), found)
    assert ownership.record_of(same) == {}
    assert overrides_of(written(want(), same)) == {("vulcan", "/data/a"): "1"}


def test_annotations_are_emptied_in_the_clusters_before_their_override_goes() -> None:
    path = ANNOTATIONS_PATH
    first = written(want(spec={"overrides": [override("vulcan", path, {"a": "1"})]}))
    emptied = written(want(), first)
    assert overrides_of(emptied) == {("vulcan", path): {}}
    # Not while a cluster may not have it yet
    assert written(want(), emptied) == emptied
    assert overrides_of(written(want(), emptied, settled=True)) == {}


def test_a_task_that_does_not_say_all_takes_nothing_away() -> None:
    first = written(want(spec={"overrides": [override("vulcan", "/data/a", "1")]}))
    more = written(want(complete=False, spec={"overrides": [override("earth", "/data/a", "2")]}), first)
    assert overrides_of(more) == {("vulcan", "/data/a"): "1", ("earth", "/data/a"): "2"}
    assert overrides_of(written(want(), more)) == {}


def test_the_replicas_of_a_schedule_are_its_own() -> None:
    first = written(want("Deployment", spec={"overrides": [override("vulcan", "/spec/replicas", 2)]}))
    assert overrides_of(written(want("Deployment"), first, scheduled=True)) == {("vulcan", "/spec/replicas"): 2}


def test_what_an_autoscaler_asks_for_is_not_the_tasks() -> None:
    retained = want("Deployment", spec={"retainReplicas": True}, annotations={RETAIN_ANNOTATION: "true"})
    first = written(retained)
    assert ownership.record_of(first) == {}
    assert written(want("Deployment"), first)["spec"]["retainReplicas"] is True


def test_labels_of_the_hosts_namespace_are_not_taken_from_it_again() -> None:
    labelled = want("Namespace", template={"metadata": {"labels": {"tier": "1", "team": "x"}}})
    first = written(labelled, host={"team": "x"})
    own = ownership.owned(first, want("Namespace"), {"tier": "1", "team": "x"}, scheduled=False, settled=True)
    assert own.namespace_labels == {"tier"}
    # In a later slice of a wait KubeFed may not have taken it away yet
    later = written(want("Namespace"), first, host={"tier": "1", "team": "x"})
    own = ownership.owned(later, want("Namespace"), {"tier": "1", "team": "x"}, scheduled=False, settled=True)
    assert own.namespace_labels == {"tier"}
    assert written(want("Namespace"), later, host={"team": "x"}) == later


@pytest.mark.parametrize("value", ["", "no JSON", "[]", '{"label a": 5}'])
def test_a_broken_record_is_none(value: str) -> None:
    assert ownership.record_of({"metadata": {"annotations": {ownership.ANNOTATION: value}}}) == {}
