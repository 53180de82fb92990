# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task asks for, read once, and what of it makes no sense."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import Object
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.request import (
    Request,
    read_request,
)
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption

CONFIG_MAP: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "prices"}}
SCHEDULE: Object = {
    "apiVersion": "scheduling.kubefed.io/v1alpha1",
    "kind": "ReplicaSchedulingPreference",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"targetKind": "FederatedDeployment", "totalReplicas": 3},
}
TOKEN: Object = {**CONFIG_MAP, "kind": "Secret", "type": "kubernetes.io/service-account-token"}
DEFAULTS: dict[str, t.Any] = {
    "state": "present",
    "definition": None,
    "src": None,
    "template": None,
    "contents": False,
    "namespace": None,
    "placement": None,
    "cluster_selector": None,
    "overrides": None,
    "creation_labels": {},
    "clusters": None,
    "orphan": False,
    "enable_types": False,
    "wait": True,
    "wait_for_pods": False,
    "kubefed_namespace": "kube-federation-system",
}
TO_WITHDRAW = {"state": "withdrawn", "namespace": "shop", "clusters": ["vulcan"]}


def read(**options: t.Any) -> Request:
    return read_request({**DEFAULTS, **options}, lambda text: None)


def test_resources_and_schedules_are_told_apart() -> None:
    request = read(definition=[CONFIG_MAP, SCHEDULE], creation_labels={"burst": 1}, placement=["earth"])
    assert request.manifests == [CONFIG_MAP]
    assert [schedule.key for schedule in request.schedules] == [("FederatedDeployment", "shop", "web")]
    assert request.creation_labels == {"burst": "1"}
    assert (request.placement, request.clusters) == (["earth"], [])


def test_a_schedule_is_neither_placed_nor_withdrawn() -> None:
    request = read(**{**TO_WITHDRAW, "definition": [CONFIG_MAP, SCHEDULE]})
    assert (request.manifests, request.schedules) == ([CONFIG_MAP], [])


def test_without_resources_everything_in_the_namespace_is_meant() -> None:
    assert read(**TO_WITHDRAW).manifests is None
    assert read(**{**TO_WITHDRAW, "state": "restored"}).state == "restored"
    assert read(contents=True, namespace="shop").contents


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "state is present: set definition, src or template"),
        ({"contents": True}, "contents is true: set namespace"),
        ({"definition": CONFIG_MAP, "namespace": "Shop"}, "namespace is 'Shop'"),
        ({"definition": CONFIG_MAP, "placement": ["earth", "Vulcan"]}, "placement is 'Vulcan'"),
        ({"definition": CONFIG_MAP, "clusters": ["earth"]}, "clusters is for states placed, withdrawn and restored"),
        ({"definition": CONFIG_MAP, "orphan": True}, "orphan is for state absent"),
        ({"definition": CONFIG_MAP, "cluster_selector": {"labels": {}}}, "allowed are matchLabels"),
        ({"definition": CONFIG_MAP, "overrides": {"earth": {}}}, "overrides.earth must be a list"),
        ({"definition": CONFIG_MAP, "creation_labels": {"a b": ""}}, "creation_labels has the key 'a b'"),
        ({"definition": CONFIG_MAP, "wait": False, "wait_for_pods": True}, "it needs wait"),
        ({"definition": {**SCHEDULE, "spec": {}}}, "targetKind None"),
        ({"template": "web.yml.j2"}, "ad hoc or async"),
        ({**TO_WITHDRAW, "clusters": None}, "clusters must list at least one cluster"),
        ({**TO_WITHDRAW, "namespace": None}, "set definition, src, template or namespace"),
        ({**TO_WITHDRAW, "placement": ["earth"]}, "placement is for state present"),
        ({**TO_WITHDRAW, "state": "restored", "enable_types": True}, "enable_types is for state present"),
        ({**TO_WITHDRAW, "wait_for_pods": True}, "state present or placed"),
    ],
)
def test_what_makes_no_sense_is_rejected(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        read(**options)


def test_what_can_not_be_read_is_taken_out_of_the_options() -> None:
    params = {**DEFAULTS, "definition": "kind: Secret\nstringData: {pin: 4711}\n"}
    with pytest.raises(InvalidOption):
        read_request(params, lambda text: None)
    assert params["definition"] is None


def test_a_token_is_of_no_use_elsewhere_but_may_be_removed() -> None:
    with pytest.raises(InvalidOption, match="leave it out"):
        read(definition=TOKEN)
    assert read(definition=TOKEN, state="absent").manifests == [TOKEN]
