# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Which applications in a cluster use a Service by a name behind which that cluster has nothing. Pure functions.

A Service's name resolves to the address in the pod's own cluster:
https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#services
"""

from __future__ import annotations

import re
import typing as t

from .._kubefed.kinds import rules_of_manifest

App = t.Mapping[str, t.Any]

# A name as it stands in an address: alone, or with a scheme, a user or a port beside it
_NAME = re.compile(r"(?:^|(?<=//)|(?<=@)|(?<=[\s,;=\"'\[]))([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*)(?=$|:\d|/)")
_SVC = re.compile(r"([a-z][a-z0-9-]*)\.([a-z0-9][a-z0-9-]*)\.svc(?:\.[a-z0-9.-]+)?")


def missing_services(apps: t.Sequence[App], cluster: str) -> list[str]:
    """The Services that an application uses and would not find on a cluster it is placed on; a line for each.

    It is read from environments, commands and ConfigMaps, so it says nothing of names that an image has in itself.

    :param apps: burst_apps, whose form has been checked.
    :param cluster: a cluster's name in the federation.
    """
    services = {
        (app["namespace"], resource["metadata"]["name"]): resource
        for app in apps
        for resource in app["resources"]
        if resource.get("kind") == "Service" and resource.get("metadata", {}).get("name")
    }
    there = [app for app in apps if cluster in app["placement"]]
    served = {key for key, service in services.items() if _is_served(key, service, there)}
    lines = []
    for app in there:
        used = set()
        for text in _texts(app["resources"]):
            used |= _used(text, app["namespace"], services)
        lines += [
            f"an application in the namespace {app['namespace']} uses the Service {namespace}/{name}, which has no pods"
            f" in {cluster}. Place it there, too"
            for namespace, name in sorted(used - served)
        ]
    return list(dict.fromkeys(lines))


def _used(text: str, own: str, services: t.Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Namespace and name of each Service that a text names: known ones, and others by their full name."""
    found = set()
    for host in _NAME.findall(text):
        full = _SVC.fullmatch(host)
        if full:
            found.add((full[2], full[1]))
            continue
        name, _dot, namespace = host.partition(".")
        key = (namespace or own, name)
        # A word that happens to be a Service's name is none, unless it is all there is or has a place in an address
        if key in services and (namespace or text == host or re.search(rf"(//|@){name}\b|\b{name}:\d", text)):
            found.add(key)
    return found


def _is_served(key: tuple[str, str], service: App, there: t.Sequence[App]) -> bool:
    namespace, name = key
    selector = (service.get("spec") or {}).get("selector") or {}
    of_namespace = [app for app in there if app["namespace"] == namespace]
    named = {
        resource["metadata"].get("name")
        for app in of_namespace
        for resource in app["resources"]
        if resource.get("kind") == "Service"
    }
    if name not in named:
        return False
    templates = [
        rules_of_manifest(resource).pod_template(resource) for app in of_namespace for resource in app["resources"]
    ]
    # Without a selector, whoever made it knows where it leads
    return not selector or any(
        selector.items() <= ((template.get("metadata") or {}).get("labels") or {}).items() for template in templates
    )


def _texts(resources: t.Iterable[App]) -> t.Iterator[str]:
    for resource in resources:
        if resource.get("kind") == "ConfigMap":
            yield from (value for value in (resource.get("data") or {}).values() if isinstance(value, str))
        spec = rules_of_manifest(resource).pod_template(resource).get("spec") or {}
        for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
            words = [*(container.get("command") or []), *(container.get("args") or [])]
            words += [variable.get("value") for variable in container.get("env") or []]
            yield from (word for word in words if isinstance(word, str))


__all__ = ("missing_services",)
