# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Comparing objects with what is wanted of them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.connect import secrets_of
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.diff import Changes, differences
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import lingering, without_secrets
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.paths import resource_path


@pytest.mark.parametrize(
    ("existing", "wanted", "patch"),
    [
        ({"kind": "A", "metadata": {"uid": "1"}}, {"kind": "A", "metadata": {"name": "x"}}, {}),
        ({"metadata": {"labels": {"a": "1", "b": "2"}}}, {"metadata": {"labels": {"a": "1"}}}, {}),
        (
            {"metadata": {"labels": {"a": "1", "b": "2"}}},
            {"metadata": {"labels": {"a": "3"}}},
            {"metadata": {"labels": {"a": "3"}}},
        ),
        ({"metadata": {}}, {"metadata": {"annotations": {"a": "3"}}}, {"metadata": {"annotations": {"a": "3"}}}),
        ({"rules": [1, 2]}, {"rules": [1]}, {"rules": [1]}),
        ({"spec": {"a": 1, "proxyURL": "x"}}, {"spec": {"a": 2}}, {"spec": {"a": 2, "proxyURL": None}}),
        ({"spec": {"a": 1, "proxyURL": ""}}, {"spec": {"a": 1}}, {}),
        ({"data": {"token": "1", "other": "2"}}, {"data": {"token": "1"}}, {}),
        ({"data": {"token": "1", "other": "2"}}, {"data": {"token": "3"}}, {"data": {"token": "3"}}),
        ({}, {"automountServiceAccountToken": False}, {"automountServiceAccountToken": False}),
    ],
)
def test_differences(existing: dict[str, t.Any], wanted: dict[str, t.Any], patch: dict[str, t.Any]) -> None:
    assert differences(existing, wanted) == patch


def test_changes() -> None:
    changes = Changes()
    assert not changes
    changes.record("host: Secret a", None, {"x": 1})
    changes.record("host: Secret b", {"x": 1}, None)
    assert changes
    assert changes.diff == {"before": {"host: Secret b": {"x": 1}}, "after": {"host: Secret a": {"x": 1}}}


def test_secrets_are_not_shown() -> None:
    shown = without_secrets({"kind": "Secret", "data": {"token": "abc"}, "stringData": {"p": "abc"}, "type": "Opaque"})
    assert "abc" not in str(shown)
    assert shown["data"].keys() == {"token"}


def test_secrets_of_a_kubeconfig() -> None:
    user = {"token": "t", "password": "p", "client-key-data": "k", "exec": {"env": [{"name": "A", "value": "e"}]}}
    assert secrets_of({"users": [{"name": "u", "user": user}, {"name": "empty", "user": None}]}) == {"t", "p", "k", "e"}
    assert secrets_of("~/.kube/config") == set()
    assert secrets_of(None) == set()


def test_paths() -> None:
    assert resource_path("", "v1", "namespaces", name="a") == "/api/v1/namespaces/a"
    assert resource_path("apps", "v1", "deployments", namespace="n") == "/apis/apps/v1/namespaces/n/deployments"
    assert resource_path("x", "v1", "ys", name="a:b/../c") == "/apis/x/v1/ys/a:b%2F..%2Fc"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"metadata": {}}, "still there"),
        (
            {"metadata": {"deletionTimestamp": "2026-11-25T05:00:00Z", "finalizers": ["example.com/hold"]}},
            "being deleted since 2026-11-25T05:00:00Z: held by the finalizers example.com/hold",
        ),
        (
            {
                "metadata": {"deletionTimestamp": "2026-11-25T05:00:00Z"},
                "status": {
                    "conditions": [
                        {"status": "False", "message": "fine"},
                        {"status": "True", "message": "Some content has finalizers: example.com/hold in 1 instances"},
                    ]
                },
            },
            "being deleted since 2026-11-25T05:00:00Z: Some content has finalizers: example.com/hold in 1 instances",
        ),
    ],
)
def test_what_keeps_an_object(found: dict[str, t.Any], said: str) -> None:
    assert lingering(found) == said
