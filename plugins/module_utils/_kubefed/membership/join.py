# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Joins a cluster to a federation, also after an interrupted attempt: plan, write, wait, result.

The source is pkg/kubefedctl/join.go of KubeFed v0.10.0.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..._kube.client import Client
from ..._kube.objects import Object
from ..._kube.urls import PROXY_SCHEMES, check_url
from ..._runtime.errors import FederationError, InvalidOption
from .. import host as kubefed
from ..conditions import is_ready
from . import credentials, manifests, rights
from .credentials import Token
from .model import Membership
from .readiness import note_change, wait_ready
from .session import Session


@dataclass(frozen=True)
class JoinPlan:
    """What a join will write, based on the state of both clusters.

    :ivar scope: ``Cluster`` or ``Namespaced``, from the host's KubeFedConfig.
    :ivar registered: the KubeFedCluster as it is; ``None`` where there is none.
    :ivar secret: name of the Secret on the host that is to hold the token.
    :ivar deposited: that Secret as it is; ``None`` where there is none.
    :ivar account: name of the service account in the member.
    :ivar types: what KubeFed's rights in the member are limited to; ``None`` for all rights.
    :ivar obsolete_secrets: the other Secrets on the host for this member.
    :ivar obsolete_accounts: the other accounts in the member.
    """

    scope: str
    registered: Object | None
    secret: str
    deposited: Object | None
    account: str
    types: t.Collection[str] | None
    obsolete_secrets: tuple[str, ...]
    obsolete_accounts: tuple[str, ...]


def join(session: Session, *, wait: bool) -> Object:
    """Make the cluster a member, and repair what differs from the desired state.

    :param wait: until KubeFed reports it Ready.
    :returns: the KubeFedCluster as the module returns it.
    """
    plan = plan_join(session)
    token = _grant_access(session, plan)
    cluster = _register(session, plan, token)
    _remove_obsolete(session, plan)
    if wait and not session.check_mode:
        cluster = wait_ready(session)
    return as_result(session.request, plan, cluster)


# -- plan -------------------------------------------------------------------------------------------------------------


def plan_join(session: Session) -> JoinPlan:
    """Decide what to write, without writing anything.

    :raises InvalidOption: the Secret belongs to somebody else, KubeFed's webhook would reject the address, or the
        member is the host cluster under another name.
    """
    request = session.request
    scope = _scope(session)
    members = kubefed.clusters(session.host_client, request.namespace)
    registered = members.get(request.name)
    found = credentials.find_credentials(session, members)
    secret = request.secret_name or credentials.secret_of(registered) or manifests.default_secret_name(request.name)
    deposited = credentials.usable_secret(session, secret, members, found)
    if session.member_client is not None:
        _check_way(request, session.member_client)
        if request.host_name not in (None, request.name):
            in_member = session.member.get("Namespace", request.namespace)
            # Without the namespace, it is not the cluster that KubeFed runs on
            on_host = in_member and session.host.get("Namespace", request.namespace)
            check_is_another(request, on_host, in_member)
    in_use = {account for account in found.values() if account}
    account = choose_account(request, in_use)
    return JoinPlan(
        scope=scope,
        registered=registered,
        secret=secret,
        deposited=deposited,
        account=account,
        types=_types(session, scope),
        obsolete_secrets=tuple(sorted(set(found) - {secret})),
        obsolete_accounts=tuple(sorted(in_use - {account})),
    )


def _scope(session: Session) -> str:
    try:
        return kubefed.scope_of(session.host_client, session.request.namespace)
    except FederationError:
        # In check mode KubeFed may not be there yet
        if not session.check_mode:
            raise
        return "Cluster"


def _check_way(request: Membership, member: Client) -> None:
    """Reject what KubeFed's webhook would reject in the end."""
    connection = member.connection
    if request.api_endpoint is None:
        check_url(connection.server, f"the server of {member.label}", ("http", "https"))
    if request.proxy_url is None and connection.proxy:
        check_url(connection.proxy, f"the proxy of {member.label}", PROXY_SCHEMES)


def check_is_another(request: Membership, on_host: Object | None, in_member: Object | None) -> None:
    """Reject the host cluster as another member than the one that it is.

    KubeFed would delete from it what is withdrawn from that other member, and so remove what the host should keep.

    :param on_host: KubeFed's namespace in the host cluster.
    :param in_member: that in the cluster that is to join.
    :raises InvalidOption: they are one and the same.
    """
    if on_host and in_member and on_host["metadata"]["uid"] == in_member["metadata"]["uid"]:
        raise InvalidOption(
            f"name is {request.name!r}, but the cluster that is to join is the host cluster itself, "
            f"{request.host_name} (host_cluster_name); allowed is another cluster: set member_context, or member_host "
            "and member_api_key."
        )


def choose_account(request: Membership, in_use: t.Collection[str]) -> str:
    """The account for KubeFed in the member: the one named after the host if it is given, else the one in use."""
    if request.host_name or not in_use or request.account in in_use:
        return request.account
    return sorted(in_use)[0]


def _types(session: Session, scope: str) -> set[str] | None:
    """What KubeFed's rights in the member are limited to; ``None`` for all rights."""
    request = session.request
    if request.types is None:
        return None
    configs = kubefed.type_configs(session.host_client, request.namespace)
    return rights.propagated(configs, scope) | set(request.types)


# -- write ------------------------------------------------------------------------------------------------------------


def _grant_access(session: Session, plan: JoinPlan) -> Token:
    """Create the account and its permissions in the member."""
    member, account = session.member, plan.account
    namespace, *inside = manifests.member_manifests(account, session.request.namespace, plan.scope, plan.types)
    is_new = _ensure_namespace(session, namespace)
    kept_token = False
    for manifest in inside:
        if manifest["kind"] == "Secret":
            kept_token = not is_new and credentials.has_token_secret(member, account)
        member.ensure(manifest, absent=is_new and "namespace" in manifest["metadata"])
    token = credentials.wait_token(session, account)
    if kept_token and token.value and credentials.is_rejected(t.cast(Client, session.member_client), token.value):
        member.delete("Secret", account)
        member.ensure(next(manifest for manifest in inside if manifest["kind"] == "Secret"), absent=True)
        token = credentials.wait_token(session, account)
    return token


def _ensure_namespace(session: Session, manifest: Object) -> bool:
    """Create KubeFed's namespace in the member, after one that is being deleted has disappeared.

    :returns: whether it is new, or would be.
    """
    name = session.request.namespace
    existing = session.member.get("Namespace", name)
    if existing is not None and existing["metadata"].get("deletionTimestamp"):
        label = t.cast(Client, session.member_client).label
        session.member.wait_absent("Namespace", name, f"namespace {name} in {label} to be deleted")
        existing = None
    session.member.ensure(manifest, absent=existing is None)
    return existing is None


def _register(session: Session, plan: JoinPlan, token: Token) -> Object:
    """Write the token and the KubeFedCluster on the host. The Secret is first: the other refers to it."""
    marked = credentials.needs_deposit(plan.deposited, token.value)
    if marked:
        secret = manifests.host_secret(plan.secret, session.request.namespace, token.value)
        if plan.deposited is not None:
            # It cannot be changed, and KubeFed accepts any
            del secret["type"]
        session.host.ensure(secret, secret=True)
    wanted = _kubefed_cluster(session, plan, token, marked=marked)
    cluster = session.host.ensure(wanted, through_kubefed=True)
    note_change(session, plan.registered, cluster)
    return cluster


def _kubefed_cluster(session: Session, plan: JoinPlan, token: Token, *, marked: bool) -> Object:
    """The desired KubeFedCluster. What no option sets is taken from this module's own connection to the member.

    :param marked: it bears the mark of the token.
    """
    request = session.request
    connection = session.member_client.connection if session.member_client else None
    ca = request.ca_bundle.encode() if request.ca_bundle else b""
    proxy, disabled = request.proxy_url, request.disabled_tls_validations
    if connection is not None:
        ca = ca or (connection.ca if connection.verify else b"")
        proxy = connection.proxy if proxy is None else proxy
        disabled = ([] if connection.verify else ["*"]) if disabled is None else disabled
    return manifests.kubefed_cluster(
        request.name,
        request.namespace,
        server=request.api_endpoint or (connection.server if connection else ""),
        ca=ca or token.ca,
        disabled_tls_validations=disabled or [],
        proxy=proxy or "",
        secret=plan.secret,
        token=token.value if marked else None,
        labels=request.labels,
        annotations=request.annotations,
    )


def _remove_obsolete(session: Session, plan: JoinPlan) -> None:
    """Remove objects of earlier attempts that have other names."""
    for name in plan.obsolete_secrets:
        session.host.delete("Secret", name)
    for account in plan.obsolete_accounts if session.member_client is not None else ():
        credentials.revoke(session.member, account, session.request.namespace)


# -- result -----------------------------------------------------------------------------------------------------------


def as_result(request: Membership, plan: JoinPlan, cluster: Object) -> Object:
    """The member as the module returns it.

    :param cluster: the KubeFedCluster.
    """
    spec, status = cluster.get("spec") or {}, cluster.get("status") or {}
    return {
        "name": request.name,
        "endpoint": spec.get("apiEndpoint", ""),
        "ready": is_ready(cluster),
        "conditions": status.get("conditions") or [],
        "kubernetes_version": status.get("kubernetesVersion") or "",
        "secret": plan.secret,
        "service_account": plan.account,
        "scope": plan.scope,
    }


__all__ = ("JoinPlan", "as_result", "check_is_another", "choose_account", "join", "plan_join")
