# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which types there may be objects of."""

from __future__ import annotations

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.discovery import (
    Type,
    from_aggregated,
    from_list,
)


def test_of_each_type_the_preferred_version() -> None:
    def resource(name: str, scope: str = "Namespaced", verbs: tuple[str, ...] = ("get", "list")) -> dict[str, object]:
        return {"resource": name, "scope": scope, "verbs": list(verbs)}

    answer = {
        "items": [
            {
                "metadata": {},
                "versions": [{"version": "v1", "resources": [resource("pods"), resource("bindings", verbs=())]}],
            },
            {
                "metadata": {"name": "autoscaling"},
                "versions": [
                    {"version": "v2", "resources": [resource("horizontalpodautoscalers")]},
                    {"version": "v1", "resources": [resource("horizontalpodautoscalers"), resource("old")]},
                ],
            },
            {"metadata": {"name": "x"}, "versions": [{"version": "v1", "resources": [resource("nodes", "Cluster")]}]},
            {"metadata": {"name": "stale"}, "versions": [{"version": "v1", "freshness": "Stale"}]},
        ]
    }
    assert from_aggregated(answer) == [
        Type("", "v1", "pods"),
        Type("autoscaling", "v2", "horizontalpodautoscalers"),
        Type("autoscaling", "v1", "old"),
    ]


def test_older_servers_list_each_group() -> None:
    resources = [
        {"name": "pods", "namespaced": True, "verbs": ["list"]},
        {"name": "pods/log", "namespaced": True, "verbs": ["get"]},
        {"name": "bindings", "namespaced": True, "verbs": ["create"]},
        {"name": "nodes", "namespaced": False, "verbs": ["list"]},
    ]
    assert from_list("", "v1", resources) == [Type("", "v1", "pods")]
