# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who uses a Service that has no pods in the cluster."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._burst.dependencies import missing_services


def app(namespace: str, placement: t.Sequence[str], *resources: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"namespace": namespace, "placement": list(placement), "resources": list(resources)}


def workload(name: str, *values: str, kind: str = "Deployment") -> dict[str, t.Any]:
    container = {"name": name, "image": name, "env": [{"name": f"V{n}", "value": v} for n, v in enumerate(values)]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"jobTemplate": {"spec": {"template": template}}} if kind == "CronJob" else {"template": template}
    version = {"CronJob": "batch/v1", "Deployment": "apps/v1"}[kind]
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def service(name: str) -> dict[str, t.Any]:
    return {"kind": "Service", "metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": [{"port": 80}]}}


DATABASE = app("shop", ["earth"], service("db"), workload("db"))


@pytest.mark.parametrize(
    "value",
    ["db", "db:5432", "http://db/path", "postgres://user:x@db:5432/shop", "db.shop", "http://db.shop.svc:80",
     "db.shop.svc.cluster.local"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["Deployment", "CronJob"])
def test_what_is_used_and_not_there_is_named(value: str, kind: str) -> None:
    (line,) = missing_services([DATABASE, app("shop", ["vulcan"], workload("web", value, kind=kind))], "vulcan")
    assert line == (
        "an application in the namespace shop uses the Service shop/db, which has no pods in vulcan."
        " Place it there, too"
    )


def test_a_service_of_which_nothing_is_known_is_named_by_its_full_name() -> None:
    apps = [app("shop", ["vulcan"], workload("web", "queue.base.svc.cluster.local:5672", "queue.base"))]
    assert "uses the Service base/queue" in "".join(missing_services(apps, "vulcan"))


def test_a_config_map_is_read() -> None:
    config = {"kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"web.ini": "timeout=3\nhost=db:5432\n"}}
    assert len(missing_services([DATABASE, app("shop", ["vulcan"], config)], "vulcan")) == 1


@pytest.mark.parametrize(
    "value", ["a db of ours", "/var/lib/db", "http://db.example.com/", "db-2:80", "https://example.com/db"]
)
def test_other_words_are_no_service(value: str) -> None:
    assert missing_services([DATABASE, app("shop", ["vulcan"], workload("web", value))], "vulcan") == []


def test_what_is_there_is_fine() -> None:
    both = app("shop", ["earth", "vulcan"], service("db"), workload("db"))
    web = app("shop", ["vulcan"], workload("web", "db:5432"))
    assert missing_services([both, web], "vulcan") == []
    # The Service is there, and none of its pods
    assert len(missing_services([app("shop", ["earth", "vulcan"], service("db")), web], "vulcan")) == 1
    assert missing_services([DATABASE, app("shop", ["earth"], workload("web", "db:5432"))], "vulcan") == []
