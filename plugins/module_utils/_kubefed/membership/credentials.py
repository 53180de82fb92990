# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Handles KubeFed's token for a member: its Secrets on the host and in the member, and its service account."""

from __future__ import annotations

import base64
import re
import typing as t

from ..._kube.client import Client
from ..._kube.errors import ApiError
from ..._kube.objects import SERVICE_ACCOUNT_TOKEN, Object, decoded
from ..._runtime.errors import InvalidOption
from ..._runtime.wait import PollResult
from ..api import path_of
from . import manifests
from .session import Cluster, Session


class Token(t.NamedTuple):
    """The token of a service account, as Kubernetes puts it into a Secret.

    :ivar value: empty until there is one.
    :ivar ca: certificates of the member's authority in PEM.
    """

    value: str
    ca: bytes


def secret_of(cluster: Object | None) -> str | None:
    """Name of the Secret with the token that a KubeFedCluster refers to."""
    return (((cluster or {}).get("spec") or {}).get("secretRef") or {}).get("name")


# -- on the host ------------------------------------------------------------------------------------------------------


def find_credentials(session: Session, members: t.Mapping[str, Object]) -> dict[str, str]:
    """The Secrets on the host which are credentials for this member, and the account that each is for, if it says.

    These are the one referred to, and those that a join which was not finished has left: kubefedctl names its own
    by generateName, so that each new try makes one more.

    :param members: the KubeFedClusters by name.
    """
    request = session.request
    reference = secret_of(members.get(request.name))
    of_others = {secret_of(cluster) for name, cluster in members.items() if name != request.name}
    generated = re.compile(rf"{re.escape(request.name)}-[a-z0-9]{{5}}")
    own_names = (request.secret_name, manifests.default_secret_name(request.name))
    found = {}
    for secret in session.host_client.list(path_of("Secret", request.namespace), fieldSelector="type=Opaque"):
        name = secret["metadata"]["name"]
        if name in of_others:
            continue
        account = _account_in(secret, request.namespace, request.name)
        only_token = set(secret.get("data") or {}) == {"token"}
        ours = name in own_names or account == request.account or bool(account and generated.fullmatch(name))
        if name == reference or (only_token and ours):
            found[name] = account
    return found


def _account_in(secret: Object, namespace: str, member: str) -> str:
    """The account of a member that a Secret's token is for; empty when it does not say so."""
    of_token, account = manifests.account_of_token(decoded(secret, "token")) or ("", "")
    return account if of_token == namespace and account.startswith(f"{member}-") else ""


def usable_secret(
    session: Session, name: str, members: t.Mapping[str, Object], credentials: t.Collection[str]
) -> Object | None:
    """The existing Secret on the host in which to store the token, or None.

    :param members: the KubeFedClusters by name.
    :param credentials: names of the Secrets on the host which are credentials for this member.
    :raises InvalidOption: it belongs to somebody else.
    """
    request = session.request
    for other, cluster in members.items():
        if other != request.name and secret_of(cluster) == name:
            raise InvalidOption(f"secret_name is {name!r}; that Secret belongs to member {other}: choose another one.")
    found = session.host.get("Secret", name)
    if found is not None and name not in credentials and name != secret_of(members.get(request.name)):
        raise InvalidOption(
            f"secret_name is {name!r}; there is such a Secret in namespace {request.namespace} of the"
            f" {session.host_client.label}, and it holds no token for {request.name}: choose another one."
        )
    return found


def needs_deposit(existing: Object | None, token: str) -> bool:
    """Whether the token must be written into the host's Secret, and its mark into the KubeFedCluster.

    It need not be if kubefedctl has stored the same token, which KubeFed then knows already.

    :param existing: the Secret as it is.
    """
    return existing is None or (bool(token) and not _is_unmarked(existing, token))


def _is_unmarked(secret: Object, token: str) -> bool:
    """Whether a Secret holds this token without our mark, so that kubefedctl has put it there."""
    marked = manifests.TOKEN_ANNOTATION in (secret["metadata"].get("annotations") or {})
    return not marked and (secret.get("data") or {}).get("token") == base64.b64encode(token.encode()).decode()


# -- in the member ----------------------------------------------------------------------------------------------------


def has_token_secret(member: Cluster, account: str) -> bool:
    """Whether the member has a Secret for the account's token.

    One whose token is for an earlier account of the same name, or that is for no token at all, is deleted.
    """
    secret = member.get("Secret", account)
    if secret is None:
        return False
    owner = member.get("ServiceAccount", account)
    annotations = secret["metadata"].get("annotations") or {}
    uid = annotations.get(manifests.ACCOUNT_UID_ANNOTATION)
    fits = (
        secret.get("type") == SERVICE_ACCOUNT_TOKEN
        and annotations.get(manifests.ACCOUNT_ANNOTATION) == account
        and (uid is None or (owner is not None and uid == owner["metadata"]["uid"]))
    )
    if not fits:
        member.delete("Secret", account)
    return fits


def wait_token(session: Session, account: str) -> Token:
    """Wait until Kubernetes has created the token of an account; in check mode, return what exists."""
    found: list[Token] = []

    def poll() -> PollResult:
        secret = session.member.get("Secret", account)
        found[:] = [Token(decoded(secret, "token"), decoded(secret, "ca.crt").encode())]
        return PollResult(bool(found[0].value), "Kubernetes has not filled it in; is its controller manager running?")

    if session.check_mode:
        poll()
    else:
        label = session.member_client.label if session.member_client else session.request.name
        session.waiter.until(f"the token of service account {account} in {label}", poll, sleep=1)
    return found[0]


def is_rejected(member: Client, token: str) -> bool:
    """Whether the member rejects a token, for example after the signing key has changed."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
    try:
        review = member.create("/apis/authentication.k8s.io/v1/tokenreviews", body)
    except ApiError as error:
        if error.status == 403:
            # The permission may be missing; KubeFed will report it when it tries
            return False
        raise
    return (review.get("status") or {}).get("authenticated") is not True


def revoke(member: Cluster, account: str, namespace: str) -> None:
    """Remove an account and its rights from the member."""
    granted = manifests.member_leftovers(account, namespace)
    others = {name for kind, name in granted if kind == "ClusterRoleBinding" and _is_of_others(member, name, namespace)}
    for kind, name in granted:
        if not (kind in ("ClusterRoleBinding", "ClusterRole") and name in others):
            member.delete(kind, name)


def _is_of_others(member: Cluster, binding: str, namespace: str) -> bool:
    """Whether a cluster role binding is for an account in another namespace.

    The names say nothing of the namespace, so another federation of the same host with the same member has the
    same ones. kubefedctl unjoin takes its rights away.
    """
    found = member.get("ClusterRoleBinding", binding) or {}
    namespaces = {subject.get("namespace") for subject in found.get("subjects") or []}
    return bool(namespaces) and namespace not in namespaces


__all__ = (
    "Token",
    "find_credentials",
    "has_token_secret",
    "is_rejected",
    "needs_deposit",
    "revoke",
    "secret_of",
    "usable_secret",
    "wait_token",
)
