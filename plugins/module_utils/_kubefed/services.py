# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Knows the fields of a Service that KubeFed and Kubernetes keep as they are in a cluster. Pure functions.

Source: retainServiceFields in pkg/controller/sync/dispatch/retain.go of KubeFed v0.10.0. It puts the cluster's IP over
what is wanted, so that an update which Kubernetes would reject goes through and changes nothing. It puts the cluster's
node port over what is wanted for each port with the same name, protocol and number.
"""

from __future__ import annotations

import typing as t

from .._kube.objects import Object

_HEADLESS = "None"


def own_fields(service: Object, *, exported: bool) -> list[str]:
    """Remove the fields of a Service that each cluster sets by itself, in place.

    :param exported: whether it was read from a cluster, which has given it its node ports; or else somebody has
        written them, for each cluster.
    :returns: the removed fields that a user may miss, for a message.
    """
    spec = service.get("spec")
    if not isinstance(spec, dict):
        return []
    missed = []
    for port in spec.get("ports") or []:
        if exported:
            port.pop("nodePort", None)
        elif port.get("nodePort") and port.get("protocol") == "TCP":
            # Without the protocol, which is the default, KubeFed does not put an older node port in its place
            del port["protocol"]
    if spec.get("clusterIP") != _HEADLESS:
        # "None" makes a service headless, which is part of what it is
        if spec.pop("clusterIP", None) and not exported:
            missed.append("spec.clusterIP")
        spec.pop("clusterIPs", None)
    if exported:
        spec.pop("healthCheckNodePort", None)
    return missed


def obstacle(desired: Object, found: Object) -> str:
    """Why a Service in a cluster cannot be changed to the desired one; empty if it can.

    :param desired: the Service as it is to be there.
    :param found: as it is there.
    """
    new, old = desired.get("spec") or {}, found.get("spec") or {}
    if "ExternalName" not in (new.get("type"), old.get("type")):
        if new.get("clusterIP") == _HEADLESS and old.get("clusterIP") not in (None, "", _HEADLESS):
            return "it has a cluster IP there, and cannot become headless"
        if new.get("clusterIP") != _HEADLESS and old.get("clusterIP") == _HEADLESS:
            return "it is headless there, and cannot get a cluster IP"
    given, kept = new.get("healthCheckNodePort"), old.get("healthCheckNodePort")
    if given and kept and given != kept:
        return f"its health check has the node port {kept} there, and cannot get {given}"
    ports = {_key(port): port.get("nodePort") for port in old.get("ports") or []}
    for port in new.get("ports") or []:
        given, kept = port.get("nodePort"), ports.get(_key(port))
        if given and kept and given != kept:
            return f"its port {port.get('port')} has the node port {kept} there, and cannot get {given}"
    return ""


def _key(port: Object) -> tuple[t.Any, ...]:
    return port.get("name"), port.get("protocol"), port.get("port")


__all__ = ("obstacle", "own_fields")
