# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown to an API server before it is federated."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources import dry_run
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.resources.model import DesiredObject
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.types import manifests
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.types.model import read_type
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.types.served import ApiResource

RESOURCE = ApiResource("apps", "v1", "Deployment", "deployments", namespaced=True)
DEPLOYMENT = read_type(manifests.type_config(RESOURCE, "kubefed"))


def spec(*overrides: tuple[str, str, t.Any]) -> dict[str, t.Any]:
    return {
        "template": {"metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}, "spec": {"replicas": 1}},
        "overrides": [
            {"clusterName": cluster, "clusterOverrides": [{"path": path, "value": value}]}
            for cluster, path, value in overrides
        ],
    }


def shown(given: dict[str, t.Any], *, exists: bool = True) -> list[dry_run.DryRun]:
    return dry_run.dry_runs(DesiredObject(DEPLOYMENT, "shop", "web", {}), given, ["earth", "vulcan"], exists=exists)


def test_what_is_the_same_everywhere_is_shown_once() -> None:
    (found,) = shown(spec())
    assert found.path == "/apis/apps/v1/namespaces/shop/deployments"
    assert found.body == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"a": "b"}},
        "spec": {"replicas": 1},
    }


def test_overrides_are_shown_too() -> None:
    one, two = shown(spec(("vulcan", "/spec/replicas", "many")))
    assert one.body["spec"] == {"replicas": 1}
    assert two.body["spec"] == {"replicas": "many"}


def test_where_there_is_no_such_namespace_yet() -> None:
    (found,) = shown(spec(), exists=False)
    assert found.path == "/apis/apps/v1/namespaces/default/deployments"
    assert found.body["metadata"]["namespace"] == "default"


def test_what_has_no_template_is_not_shown() -> None:
    assert shown({"placement": {}}) == []
