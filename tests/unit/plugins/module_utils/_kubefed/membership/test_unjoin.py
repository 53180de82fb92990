# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps KubeFed's namespace in a member when it leaves."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.discovery import Type
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.membership.unjoin import foreign_objects


def found(plural: str, name: str, **metadata: t.Any) -> list[str]:
    return foreign_objects({Type("", "v1", plural): [{"metadata": {"name": name, **metadata}}]}, ["vulcan-earth"])


@pytest.mark.parametrize(
    ("plural", "name", "metadata"),
    [
        ("serviceaccounts", "default", {}),
        ("configmaps", "kube-root-ca.crt", {}),
        ("serviceaccounts", "vulcan-earth", {}),
        ("secrets", "vulcan-earth", {}),
        ("roles", "kubefed-controller-manager:vulcan-earth", {}),
        ("rolebindings", "kubefed-controller-manager:vulcan-earth", {}),
        ("secrets", "token-x", {"annotations": {"kubernetes.io/service-account.name": "vulcan-earth"}}),
        ("secrets", "token-y", {"annotations": {"kubernetes.io/service-account.name": "default"}}),
        # It goes with its owner
        ("pods", "web-1", {"ownerReferences": [{"kind": "ReplicaSet", "name": "web"}]}),
    ],
)
def test_what_a_join_or_kubernetes_has_put_there(plural: str, name: str, metadata: dict[str, t.Any]) -> None:
    assert found(plural, name, **metadata) == []


@pytest.mark.parametrize(
    ("plural", "name", "metadata"),
    [
        ("configmaps", "notes", {}),
        ("configmaps", "default", {}),
        ("serviceaccounts", "mars-earth", {}),
        ("secrets", "token-z", {"annotations": {"kubernetes.io/service-account.name": "mars-earth"}}),
        ("configmaps", "x", {"annotations": {"kubernetes.io/service-account.name": "default"}}),
    ],
)
def test_what_somebody_else_has_put_there(plural: str, name: str, metadata: dict[str, t.Any]) -> None:
    assert found(plural, name, **metadata) == [f"{plural}/{name}"]
