# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replicas divided over clusters."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import Object
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources import schedules
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption


def preference(**spec: t.Any) -> Object:
    return {
        "apiVersion": "scheduling.kubefed.io/v1alpha1",
        "kind": "ReplicaSchedulingPreference",
        "metadata": {"name": "web"},
        "spec": {"targetKind": "FederatedDeployment", "totalReplicas": 6, **spec},
    }


def target(**given: int) -> Object:
    return {
        "overrides": [
            {"clusterName": name, "clusterOverrides": [{"path": "/spec/replicas", "value": count}]}
            for name, count in given.items()
        ]
    }


def test_a_preference_is_read() -> None:
    made = schedules.read_schedule(preference(), namespace="shop")
    assert made.key == ("FederatedDeployment", "shop", "web")
    assert schedules.is_schedule(preference())
    assert not schedules.is_schedule({"apiVersion": "v1", "kind": "Pod"})


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"targetKind": "FederatedStatefulSet"}, "schedules only FederatedDeployment and FederatedReplicaSet"),
        ({"totalReplicas": "six"}, "totalReplicas 'six'"),
        ({"totalReplicas": None}, "totalReplicas None"),
        ({"clusters": {"earth": {"weight": -1}}}, "weight: -1 for earth"),
        ({"clusters": {"earth": {"wieght": 1}}}, "wieght: 1 for earth"),
        ({"clusters": {"earth": {"minReplicas": 3, "maxReplicas": 2}}}, "3 above maxReplicas 2"),
    ],
)
def test_what_kubefed_would_do_otherwise_is_rejected(spec: Object, message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        schedules.read_schedule(preference(**spec), namespace="shop")


def test_a_preference_needs_a_namespace() -> None:
    with pytest.raises(InvalidOption, match="has no namespace"):
        schedules.read_schedule(preference(), namespace=None)


def test_what_others_wrote_onto_it_stays() -> None:
    found: Object = {
        "metadata": {"name": "web", "labels": {"theirs": "x"}, "resourceVersion": "7"},
        "spec": {"intersectWithClusterSelector": False, "totalReplicas": 1},
    }
    manifest = preference()
    manifest["metadata"]["labels"] = {"mine": "y"}
    made = schedules.read_schedule(manifest, namespace="shop").manifest(found)
    record = made["metadata"].pop("annotations").pop("cloudburst.federation/set")
    assert list(json.loads(record)) == ["label mine"]
    assert made["metadata"] == {"name": "web", "labels": {"theirs": "x", "mine": "y"}, "resourceVersion": "7"}
    assert made["spec"] == {**manifest["spec"], "intersectWithClusterSelector": False}
    assert found["spec"]["totalReplicas"] == 1


def labelled(found: Object | None, labels: Object, annotations: Object) -> Object:
    manifest = preference()
    manifest["metadata"].update(labels=labels, annotations=annotations)
    return schedules.read_schedule(manifest, namespace="shop").manifest(found)


def test_what_is_not_asked_for_any_more_goes_and_what_others_set_stays() -> None:
    made = labelled(None, {"tier": "web", "team": "a"}, {"note": "x"})
    assert labelled(made, {"tier": "web", "team": "a"}, {"note": "x"}) == made
    made["metadata"]["labels"].update(theirs="x", team="b")
    made["metadata"]["annotations"]["theirs"] = "x"
    less = labelled(made, {"tier": "web"}, {})
    # Somebody else has changed the team since
    assert less["metadata"]["labels"] == {"tier": "web", "team": "b", "theirs": "x"}
    assert set(less["metadata"]["annotations"]) == {"theirs", "cloudburst.federation/set"}
    none = labelled(less, {}, {})
    assert none["metadata"]["labels"] == {"team": "b", "theirs": "x"}
    assert none["metadata"]["annotations"] == {"theirs": "x"}
    assert labelled(none, {}, {}) == none


@pytest.mark.parametrize(
    ("made_of", "scaled", "kept"),
    [("12", 3, 3), ("12", 40, 40), ("11", 3, 12), (None, 3, 12), ("12", None, 12)],
)
def test_who_scales_between_reading_and_writing_is_not_overruled(
    made_of: str | None, scaled: int | None, kept: int
) -> None:
    """What overflow_schedule has read may be old when it is written."""
    wanted = preference(totalReplicas=12, clusters={"earth": {"minReplicas": 5}})
    wanted["metadata"]["annotations"] = {schedules.REPLICAS_ANNOTATION: "12"}
    there = preference(totalReplicas=scaled, clusters={"earth": {"minReplicas": 4}})
    there["metadata"]["annotations"] = {} if made_of is None else {schedules.REPLICAS_ANNOTATION: made_of}
    written = schedules.read_schedule(wanted, namespace="shop").manifest(there)
    assert (written["spec"]["totalReplicas"], written["spec"]["clusters"]["earth"]) == (kept, {"minReplicas": 5})


def test_a_label_that_was_there_before_is_not_taken_away() -> None:
    found = {"metadata": {"name": "web", "labels": {"tier": "web"}}, "spec": preference()["spec"]}
    asked = labelled(found, {"tier": "web"}, {})
    assert asked == found
    assert labelled(asked, {}, {}) == found


BOTH = ("earth", "vulcan")
LIMITED = {"earth": {"weight": 1, "minReplicas": 1, "maxReplicas": 2}, "vulcan": {"weight": 1, "maxReplicas": 3}}


@pytest.mark.parametrize(
    ("spec", "given", "done"),
    [
        ({}, {}, False),
        ({}, {"earth": 3, "vulcan": 3}, True),
        ({}, {"earth": 6}, False),
        ({}, {"earth": 2, "vulcan": 3}, False),
        ({}, {"earth": 4, "vulcan": 4}, False),
        # What found no room stays where it is
        ({"rebalance": True}, {"earth": 4, "vulcan": 4}, True),
        # All are full
        ({"clusters": LIMITED}, {"earth": 2, "vulcan": 3}, True),
        ({"clusters": LIMITED}, {"earth": 3, "vulcan": 3}, False),
        # Named clusters alone
        ({"clusters": {"earth": {"weight": 1}}}, {"earth": 6, "vulcan": 0}, True),
        ({"clusters": {"earth": {"weight": 1}}}, {"earth": 3, "vulcan": 3}, False),
        # The minimum without a weight
        ({"rebalance": True, "clusters": {"earth": {"minReplicas": 2}}}, {"earth": 2, "vulcan": 0}, True),
        ({"rebalance": True, "clusters": {"earth": {"minReplicas": 2}}}, {"earth": 6, "vulcan": 0}, False),
    ],
)
def test_when_replicas_are_divided(spec: Object, given: dict[str, int], done: bool) -> None:
    assert schedules.divided(preference(**spec)["spec"], target(**given), BOTH).done is done


def test_clusters_that_are_not_ready_do_not_count() -> None:
    assert schedules.divided(preference()["spec"], target(earth=6, vulcan=3), ["earth"]).done


def test_a_cluster_is_shut_out() -> None:
    shut = schedules.excluded(preference()["spec"], ["vulcan"])
    assert not schedules.allows(shut, "vulcan")
    assert schedules.allows(shut, "earth")
    assert schedules.divided(shut, target(earth=6, vulcan=0), BOTH).done
    assert not schedules.divided(shut, target(earth=3, vulcan=3), BOTH).done
    assert not schedules.allows({"clusters": {"earth": {"weight": 1}}}, "vulcan")


def merged(old: t.Any, patch: t.Any) -> t.Any:
    """As an API server applies a merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    found = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = merged(found.get(key), value)
    return found


@pytest.mark.parametrize(
    "clusters",
    [
        None,
        {},
        {"*": {"weight": 1}},
        {"earth": {"weight": 1, "maxReplicas": 4}, "vulcan": {"weight": 3}},
        {"vulcan": {"minReplicas": 2}, "mercury": {}},
    ],
)
def test_a_schedule_is_given_back_as_it_was(clusters: Object | None) -> None:
    before = preference() if clusters is None else preference(clusters=clusters)
    one = merged(before, schedules.without_clusters(before, {"vulcan"}))
    assert not schedules.allows(one["spec"], "vulcan")
    assert schedules.without_clusters(one, {"vulcan"}) is None
    both = merged(one, schedules.without_clusters(one, {"mercury"}))
    # They leave one after the other
    assert schedules.restored(both, set()) is None
    assert schedules.restored(both, {"pluto"}) is None
    later = merged(both, schedules.restored(both, {"vulcan"}))
    assert not schedules.allows(later["spec"], "mercury")
    after = merged(later, schedules.restored(later, {"vulcan", "mercury"}))
    assert after["spec"].get("clusters") == clusters
    assert not after["metadata"].get("annotations")
    assert schedules.restored(after, {"vulcan", "mercury"}) is None


def test_what_somebody_wrote_into_a_schedule_meanwhile_stays() -> None:
    before = preference(clusters={"*": {"weight": 1}})
    one = merged(before, schedules.without_clusters(before, {"vulcan"}))
    one["spec"]["clusters"]["earth"] = {"weight": 5}
    after = merged(one, schedules.restored(one, {"vulcan"}))
    assert after["spec"] == one["spec"]
    assert not after["metadata"]["annotations"]


def test_a_schedule_that_is_written_anew_keeps_nothing_in_mind() -> None:
    before = preference(clusters={"*": {"weight": 1}})
    one = merged(before, schedules.without_clusters(before, {"vulcan"}))
    again = schedules.read_schedule(before, namespace="shop").manifest(one)
    assert again["spec"] == before["spec"]
    assert schedules.restored(again, {"vulcan"}) is None


@pytest.mark.parametrize("memory", ["", "x", "5", "[1]", '{"clusters": "x"}', '{"clusters": null}'])
def test_a_memory_that_is_none_is_no_matter(memory: str) -> None:
    found = preference(clusters={"*": {"weight": 1}})
    found["metadata"]["annotations"] = {"cloudburst.federation/withdrawn-from": memory}
    assert schedules.restored(found, {"vulcan"}) is None
