# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Removes a cluster from a federation, also after an interrupted attempt: plan, write, wait, result.

The source is pkg/kubefedctl/unjoin.go of KubeFed v0.10.0.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..._kube.client import Client
from ..._kube.discovery import namespace_objects
from ..._kube.objects import Object
from ..._runtime.errors import FederationError
from .. import host as kubefed
from ..listing import shortened
from . import credentials, manifests
from .session import Session

# Kubernetes creates these in every namespace
_NATIVE = {("serviceaccounts", "default"), ("configmaps", "kube-root-ca.crt")}
# Keys of what survives from one slice to the next: whether KubeFed's namespace in the member is being deleted, and what
# was not removed from the member
_DELETING, _NOT_REMOVED = "deleting", "not_removed"


@dataclass(frozen=True)
class UnjoinPlan:
    """What exists of a membership.

    :ivar registered: its KubeFedCluster; ``None`` where there is none.
    :ivar secrets: names of the Secrets on the host with a token for it.
    :ivar accounts: names of the service accounts in it that may be KubeFed's.
    """

    registered: Object | None
    secrets: tuple[str, ...]
    accounts: tuple[str, ...]

    @property
    def is_known(self) -> bool:
        """Whether the host knows the member, so that something may exist there."""
        return self.registered is not None or bool(self.secrets)


def unjoin(session: Session, *, wait: bool, clean_member: bool = True, no_member: str = "") -> list[str]:
    """Remove the cluster from the federation.

    The member is cleaned first, while the host still knows it. If the member cannot be reached, the host is cleaned all
    the same.

    :param wait: whether to wait until everything is deleted.
    :param clean_member: whether to delete what a join has created in the member.
    :param no_member: why there is no client for the member.
    :returns: what was not removed from the member, as lines for the user.
    """
    plan = plan_unjoin(session)
    if _NOT_REMOVED not in session.slice_state:
        # Only once, or each slice of the wait would try a dead member and report it again
        orphaned = _orphaned(session, plan)
        deleting, not_removed = _clean_member(session, plan, no_member if clean_member else "clean_member is false")
        session.slice_state.update({_NOT_REMOVED: [*orphaned, *not_removed], _DELETING: deleting})
    _clean_host(session, plan)
    if wait:
        _wait_absent(session)
    return list(session.slice_state[_NOT_REMOVED])


def plan_unjoin(session: Session) -> UnjoinPlan:
    """Read what exists of the membership, without writing anything."""
    request = session.request
    members = kubefed.clusters(session.host_client, request.namespace)
    found = credentials.find_credentials(session, members)
    accounts = {account for account in found.values() if account} | {request.account}
    return UnjoinPlan(members.get(request.name), tuple(sorted(found)), tuple(sorted(accounts)))


def _orphaned(session: Session, plan: UnjoinPlan) -> list[str]:
    """A line for the user about federated objects that were not withdrawn from the member."""
    name = session.request.name
    if plan.registered is None:
        return []
    placed = kubefed.federated_to(session.host_client, session.request.namespace, name)
    if not placed:
        return []
    return [
        f"what KubeFed has put into {name} and was not withdrawn: {shortened(placed)}. KubeFed no longer manages it"
    ]


# -- write ------------------------------------------------------------------------------------------------------------


def _clean_member(session: Session, plan: UnjoinPlan, no_member: str) -> tuple[bool, list[str]]:
    """Delete what a join has created in the member.

    :param no_member: why it cannot be cleaned; empty if it can.
    :returns: whether KubeFed's namespace is being deleted, and what was not removed, as lines for the user.
    """
    why = no_member
    if not why:
        try:
            for account in plan.accounts:
                credentials.revoke(session.member, account, session.request.namespace)
        except FederationError as error:
            why = error.message
        else:
            return _delete_namespace(session, plan)
    return False, [_unreached(session, plan, why)] if plan.is_known else []


def _unreached(session: Session, plan: UnjoinPlan, why: str) -> str:
    return (
        f"service account, token, roles and bindings of {', '.join(plan.accounts)}, and namespace"
        f" {session.request.namespace}, in {session.request.name}: {why}"
    )


def _delete_namespace(session: Session, plan: UnjoinPlan) -> tuple[bool, list[str]]:
    """Delete KubeFed's namespace in the member, unless it is the host's or holds what is not KubeFed's.

    :returns: whether it is being deleted, and what was not removed.
    """
    name = session.request.namespace
    where = f"namespace {name} in {session.request.name}"
    try:
        namespace = session.member.get("Namespace", name)
        if namespace is None:
            return False, []
        on_host = session.host.get("Namespace", name)
        if on_host is not None and on_host["metadata"]["uid"] == namespace["metadata"]["uid"]:
            return False, []
        if namespace["metadata"].get("deletionTimestamp"):
            return True, []
        foreign = foreign_objects(namespace_objects(t.cast(Client, session.member_client), name), plan.accounts)
        if foreign:
            return False, [f"{where}, because it also holds {shortened(foreign)}"]
        session.member.delete("Namespace", name)
    except FederationError as error:
        return False, [f"{where}: {error.message}"]
    return True, []


def foreign_objects(found: t.Mapping[t.Any, list[Object]], accounts: t.Collection[str]) -> list[str]:
    """Objects in KubeFed's namespace of the member that neither a join nor Kubernetes has created.

    In scope Namespaced, the workloads are in this namespace. Those that KubeFed has created count too, as it also
    adopts objects that existed before.

    :param found: what the namespace holds, by type.
    :param accounts: names of KubeFed's service accounts.
    """
    known = _NATIVE | {
        (plural, name)
        for account in accounts
        for plural, name in (
            ("serviceaccounts", account),
            ("secrets", account),
            ("roles", manifests.role_name(account)),
            ("rolebindings", manifests.role_name(account)),
        )
    }
    foreign = []
    for type_, items in found.items():
        for item in items:
            metadata = item["metadata"]
            owner = (metadata.get("annotations") or {}).get(manifests.ACCOUNT_ANNOTATION)
            of_account = type_.plural == "secrets" and owner in {*accounts, "default"}
            if (type_.plural, metadata["name"]) not in known and not of_account and not metadata.get("ownerReferences"):
                foreign.append(f"{type_.plural}/{metadata['name']}")
    return sorted(foreign)


def _clean_host(session: Session, plan: UnjoinPlan) -> None:
    for name in plan.secrets:
        session.host.delete("Secret", name)
    if plan.registered is not None:
        session.host.delete("KubeFedCluster", session.request.name)


# -- wait -------------------------------------------------------------------------------------------------------------


def _wait_absent(session: Session) -> None:
    request = session.request
    session.host.wait_absent("KubeFedCluster", request.name, f"KubeFedCluster {request.name} to be deleted")
    if session.slice_state[_DELETING] and session.member_client is not None:
        label = session.member_client.label
        what = f"namespace {request.namespace} in {label} to be deleted"
        session.member.wait_absent("Namespace", request.namespace, what)


__all__ = ("UnjoinPlan", "foreign_objects", "plan_unjoin", "unjoin")
