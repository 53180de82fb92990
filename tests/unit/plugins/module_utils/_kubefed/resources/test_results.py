# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a diff shows of a federated object."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import LAST_APPLIED, MASK
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.ownership import ANNOTATION
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.results import shown


@pytest.mark.parametrize("kind", ["FederatedSecret", "FederatedConfigMap"])
def test_an_object_in_an_annotation_is_masked(kind: str) -> None:
    applied = {LAST_APPLIED: '{"data":{"a":"b2xk"}}', "note": "kept", ANNOTATION: "{}"}
    found: dict[str, t.Any] = {
        "kind": kind,
        "metadata": {"annotations": dict(applied), "managedFields": [{"b2xk": 1}]},
        "spec": {"template": {"metadata": {"annotations": dict(applied), "labels": {"a": "b"}}, "type": "Opaque"}},
    }
    told = t.cast("dict[str, t.Any]", shown(found))
    assert "b2xk" not in str(told)
    assert told["metadata"]["annotations"] == {LAST_APPLIED: MASK, "note": "kept"}
    assert told["spec"]["template"]["metadata"]["labels"] == {"a": "b"}
    assert found["metadata"]["annotations"] == applied


def test_values_of_a_secret_are_masked_wherever_they_are() -> None:
    found = {
        "kind": "FederatedSecret",
        "metadata": {},
        "spec": {
            "template": {"data": {"a": "b2xk"}, "stringData": {"b": "old"}},
            "overrides": [{"clusterName": "earth", "clusterOverrides": [{"path": "/data/a", "value": "b2xk"}]}],
        },
    }
    assert "b2xk" not in str(shown(found))
    assert "old" not in str(shown(found))
    assert shown(None) is None


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        (LAST_APPLIED, '{"data":{"a":"b2xk"}}'),
        ("kapp.k14s.io/original", '{"data":{"a":"b2xk"}}'),
        ("objectset.rio.cattle.io/applied", "H4sIb2xk"),
    ],
)
def test_a_copy_of_a_secret_is_masked_in_overrides_of_its_annotations_too(key: str, kept: str) -> None:
    """There a plain Secret's annotations go."""
    items = [
        {"op": "add", "path": "/metadata/annotations", "value": {key: kept, "note": "kept"}},
        {"op": "add", "path": f"/metadata/annotations/{key.replace('/', '~1')}", "value": kept},
    ]
    found = {
        "kind": "FederatedSecret",
        "metadata": {"annotations": {key: kept}},
        "spec": {"overrides": [{"clusterName": "earth", "clusterOverrides": items}]},
    }
    told = t.cast("dict[str, t.Any]", shown(found))
    assert "b2xk" not in str(told)
    assert told["spec"]["overrides"][0]["clusterOverrides"][0]["value"] == {key: MASK, "note": "kept"}


def test_what_annotations_of_others_say_is_shown() -> None:
    found = {"kind": "FederatedConfigMap", "metadata": {"annotations": {"shape": '{"a": 1}'}}, "spec": {}}
    assert t.cast("dict[str, t.Any]", shown(found))["metadata"]["annotations"] == {"shape": '{"a": 1}'}
