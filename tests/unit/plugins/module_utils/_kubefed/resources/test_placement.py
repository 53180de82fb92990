# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""What a placement means, and what it is without clusters and with them."""

from __future__ import annotations

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import Object
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.placement import (
    check_selector,
    restored,
    selected,
    with_clusters,
    without_clusters,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption
from ansible_collections.cloudburst.federation.tests.unit.plugins.module_utils._kubefed.resources.samples import (
    federated,
)

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
    assert selected(spec, CLUSTERS) == names


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
        check_selector(selector)


MEMBERS = {"earth": {}, "vulcan": {"cloud": "yes"}, "mercury": {"cloud": "yes"}}


def names(federated: Object) -> list[str] | None:
    clusters = federated["spec"]["placement"].get("clusters")
    return None if clusters is None else [entry["name"] for entry in clusters]


@pytest.mark.parametrize("selector", [{}, {"matchLabels": {"cloud": "yes"}}])
def test_a_selector_counts_again_when_what_was_withdrawn_has_left(selector: Object) -> None:
    before = federated("FederatedConfigMap", "x", "shop", placement={"clusterSelector": selector})
    one = without_clusters(before, {"vulcan"}, MEMBERS)
    assert selected(one["spec"], MEMBERS) == selected(before["spec"], MEMBERS) - {"vulcan"}
    assert without_clusters(one, {"vulcan"}, MEMBERS) == one
    both = without_clusters(one, {"mercury"}, MEMBERS)
    assert selected(both["spec"], MEMBERS) <= {"earth"}
    # They leave one after the other
    assert restored(both, set()) is None
    later = restored(both, {"vulcan"})
    assert later is not None
    assert names(later) == names(both)
    after = restored(later, {"vulcan", "mercury"})
    assert after is not None
    assert after["spec"] == before["spec"]
    assert not after["metadata"]["annotations"]
    assert restored(after, {"vulcan", "mercury"}) is None


def test_names_are_withdrawn_without_a_trace() -> None:
    before = federated(
        "FederatedConfigMap", "x", "shop", placement={"clusters": [{"name": "earth"}, {"name": "vulcan"}]}
    )
    after = without_clusters(before, {"vulcan"}, MEMBERS)
    assert after == federated("FederatedConfigMap", "x", "shop", placement={"clusters": [{"name": "earth"}]})


def test_a_cluster_is_placed_again_by_the_selector_that_it_was_withdrawn_from() -> None:
    before = federated("FederatedConfigMap", "x", "shop", placement={"clusterSelector": {}})
    one = without_clusters(before, {"vulcan"}, MEMBERS)
    assert with_clusters(one, ["vulcan"], MEMBERS) == before["spec"]["placement"]
    both = without_clusters(one, {"mercury"}, MEMBERS)
    assert with_clusters(both, ["vulcan"], MEMBERS) == {"clusters": [{"name": "earth"}, {"name": "vulcan"}]}
