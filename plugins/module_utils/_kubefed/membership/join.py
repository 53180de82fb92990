# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Joining a cluster to a federation and taking it out again, from whatever state an earlier try has left."""

from __future__ import annotations

import base64
import re
import socket
import typing as t
from dataclasses import dataclass, field

from ..._kube.client import Client
from ..._kube.diff import Changes, differences
from ..._kube.discovery import namespace_objects
from ..._kube.errors import ApiError
from ..._kube.objects import Object, condition, decoded, without_secrets
from ..._kube.urls import PROXY_SCHEMES, check_url, host_and_port
from ..._kube.waiting import wait_absent
from ..._runtime.errors import FederationError, InvalidOption, TerminalState, WaitTimeout, without_login
from ..._runtime.wait import PollResult, Waiter
from ..api import path_of
from ..controller import controller_outage, pod_addresses
from ..host import clusters, federated_to, scope_of, through_webhook, type_configs
from ..listing import some
from . import manifests, rights
from .conditions import is_ready, last_probe, last_transition, readiness

# In every namespace, made by Kubernetes itself
_NATIVE = {("serviceaccounts", "default"), ("configmaps", "kube-root-ca.crt")}
# What KubeFed's controller says, from Go's net, and what it means, and whether waiting may mend it
_CLUES = (
    (
        "x509:",
        False,
        "It does not trust the certificate there: set ca_bundle to its authority's certificates, or"
        " disabled_tls_validations to what of it is not to be verified",
    ),
    (
        "Unauthorized",
        False,
        "The API server there refuses the token of {cluster}: it is another cluster's; check api_endpoint",
    ),
    ("connection refused", True, "Nothing listens there, or a firewall on the way refuses"),
    ("no such host", True, "The name server of the {host} does not know that name"),
    ("no route to host", True, "There is no route"),
    ("network is unreachable", True, "There is no route"),
    ("context deadline exceeded", True, "Nothing comes back: a firewall or security group drops it, or the way back"),
    ("i/o timeout", True, "Nothing comes back: a firewall or security group drops it, or the way back"),
    ("Client.Timeout", True, "Nothing comes back: a firewall or security group drops it, or the way back"),
)


@dataclass(frozen=True)
class Membership:
    """What is asked for.

    :ivar name: name of the member in the federation.
    :ivar host_name: the host's name in names of objects; ``None`` to keep the one in use, or else take the default.
    :ivar default_host_name: taken where host_name is ``None`` and none is in use.
    :ivar secret_name: name of the Secret on the host; ``None`` to keep the one in use, or else take the default.
    :ivar api_endpoint: URL by which KubeFed reaches the member; ``None`` for the one by which it is reached here, and
        so for the following.
    :ivar ca_bundle: certificates in PEM.
    :ivar proxy_url: of KubeFed's proxy.
    :ivar disabled_tls_validations: what of the member's certificate KubeFed does not verify.
    :ivar types: what KubeFed's rights in the member are limited to, beside the types that it propagates already;
        ``None`` for all rights.
    """

    name: str
    namespace: str
    host_name: str | None
    default_host_name: str
    secret_name: str | None = None
    api_endpoint: str | None = None
    ca_bundle: str | None = None
    proxy_url: str | None = None
    disabled_tls_validations: t.Sequence[str] | None = None
    labels: t.Mapping[str, str] = field(default_factory=dict)
    annotations: t.Mapping[str, str] = field(default_factory=dict)
    types: t.Collection[str] | None = None


class Join:
    """One membership, looked at from both sides.

    :param host: the cluster that KubeFed runs on.
    :param member: the cluster that joins; ``None`` where there is no way to it.
    :param check_mode: write nothing, but record what would be written.
    :param slice_state: survives from one slice of a wait to the next.
    """

    def __init__(
        self,
        membership: Membership,
        host: Client,
        member: Client | None,
        *,
        waiter: Waiter,
        check_mode: bool,
        changes: Changes,
        slice_state: dict[str, t.Any],
    ) -> None:
        self._as = membership
        self._host = host
        self._member = member
        self._waiter = waiter
        self._check_mode = check_mode
        self._changes = changes
        self._slice_state = slice_state

    # -- joining ------------------------------------------------------------------------------------------------

    def join(self, *, wait: bool) -> Object:
        """Make the cluster a member, and mend what is not as it should be.

        :param wait: until KubeFed reports it Ready.
        :returns: the KubeFedCluster as the module returns it.
        """
        try:
            scope = scope_of(self._host, self._as.namespace)
        except FederationError:
            if not self._check_mode:
                raise
            scope = "Cluster"
        members = clusters(self._host, self._as.namespace)
        existing = members.get(self._as.name)
        credentials = self._credentials(members)
        secret = self._as.secret_name or _reference(existing) or manifests.default_secret_name(self._as.name)
        deposited = self._usable_secret(secret, members, credentials)
        self._check_endpoint()
        stale = {account for account in credentials.values() if account}
        account = self._account(stale)
        token, ca = self._grant(account, scope)
        # The Secret first: KubeFed reads it when it sees the KubeFedCluster
        marked = self._deposit(secret, deposited, token)
        cluster = self._register(existing, secret, token if marked else None, ca)
        for name in sorted(set(credentials) - {secret}):
            self._delete(self._host, "Secret", name)
        if self._member is not None:
            for old in sorted(stale - {account}):
                self._revoke(old)
        if wait and not self._check_mode:
            cluster = self._wait_ready()
        return self._told(cluster, secret=secret, account=account, scope=scope)

    def _path(self, kind: str, name: str | None = None) -> str:
        return path_of(kind, self._as.namespace, name)

    def _credentials(self, members: t.Mapping[str, Object]) -> dict[str, str]:
        """The Secrets on the host which are credentials for this member, and the account that each is for, if it says.

        These are the one referred to, and those that a join which was not finished has left: kubefedctl names its own
        by generateName, so that each new try makes one more.
        """
        reference = _reference(members.get(self._as.name))
        others = {_reference(cluster) for name, cluster in members.items() if name != self._as.name}
        generated = re.compile(rf"{re.escape(self._as.name)}-[a-z0-9]{{5}}")
        expected = manifests.account_name(self._as.name, self._as.host_name or self._as.default_host_name)
        found = {}
        for secret in self._host.list(self._path("Secret"), fieldSelector="type=Opaque"):
            name = secret["metadata"]["name"]
            if name in others:
                continue
            namespace, account = manifests.account_of_token(decoded(secret, "token")) or ("", "")
            if namespace != self._as.namespace or not account.startswith(f"{self._as.name}-"):
                account = ""
            alone = set(secret.get("data") or {}) == {"token"}
            named = name in (self._as.secret_name, manifests.default_secret_name(self._as.name))
            if name == reference or (
                alone and (named or account == expected or (account and generated.fullmatch(name)))
            ):
                found[name] = account
        return found

    def _usable_secret(
        self, name: str, members: t.Mapping[str, Object], credentials: t.Collection[str]
    ) -> Object | None:
        """The Secret on the host that is to hold the token, if there is one already.

        :raises InvalidOption: when it is somebody else's.
        """
        for other, cluster in members.items():
            if other != self._as.name and _reference(cluster) == name:
                raise InvalidOption(
                    f"secret_name is {name!r}; that Secret belongs to member {other}: name another one."
                )
        found = self._host.get(self._path("Secret", name))
        if found is not None and name not in credentials and name != _reference(members.get(self._as.name)):
            raise InvalidOption(
                f"secret_name is {name!r}; there is such a Secret in namespace {self._as.namespace} of the"
                f" {self._host.label}, and it holds no token for {self._as.name}: name another one."
            )
        return found

    def _check_endpoint(self) -> None:
        """Refuse what KubeFed's webhook would refuse in the end."""
        if self._member is None:
            return
        connection = self._member.connection
        if self._as.api_endpoint is None:
            check_url(connection.server, f"the server of {self._member.label}", ("http", "https"))
        if self._as.proxy_url is None and connection.proxy:
            check_url(connection.proxy, f"the proxy of {self._member.label}", PROXY_SCHEMES)

    def _account(self, in_use: t.Collection[str]) -> str:
        if self._as.host_name:
            return manifests.account_name(self._as.name, self._as.host_name)
        default = manifests.account_name(self._as.name, self._as.default_host_name)
        return default if default in in_use or not in_use else sorted(in_use)[0]

    def _grant(self, account: str, scope: str) -> tuple[str, bytes]:
        """Make the account and its rights in the member.

        :returns: its token, and the certificate authority which Kubernetes put beside it.
        """
        new_namespace = self._ensure_namespace()
        made = {
            (manifest["kind"], manifest["metadata"]["name"]): manifest
            for manifest in manifests.member_manifests(account, self._as.namespace, scope, self._types(scope))[1:]
        }
        kept = False
        for (kind, _name), manifest in made.items():
            if kind == "Secret":
                kept = not new_namespace and self._has_token(account)
            self._ensure(self._member, manifest, absent=new_namespace and "namespace" in manifest["metadata"])
        token, ca = self._token(account)
        if kept and token and self._is_refused(token):
            self._delete(t.cast(Client, self._member), "Secret", account)
            self._ensure(self._member, made["Secret", account], absent=True)
            token, ca = self._token(account)
        return token, ca

    def _types(self, scope: str) -> set[str] | None:
        """What KubeFed's rights in the member are limited to; ``None`` for all rights."""
        if self._as.types is None:
            return None
        return rights.propagated(type_configs(self._host, self._as.namespace), scope) | set(self._as.types)

    def _ensure_namespace(self) -> bool:
        """:returns: whether the namespace is new, or would be."""
        manifest = manifests.member_manifests("", self._as.namespace, "Cluster")[0]
        if self._member is None:
            self._ensure(None, manifest)
            return True
        path = path_of("Namespace", None, self._as.namespace)
        existing = self._member.get(path)
        if existing and (existing["metadata"].get("deletionTimestamp")):
            if not self._check_mode:
                self._wait_absent(
                    self._member, path, f"namespace {self._as.namespace} in {self._member.label} to be gone"
                )
            existing = None
        self._ensure(self._member, manifest, absent=existing is None)
        return existing is None

    def _has_token(self, account: str) -> bool:
        """Whether the member has a Secret for the account's token.

        One whose token is for an earlier account of the same name, or that is for no token at all, is deleted.
        """
        secret = None if self._member is None else self._member.get(self._path("Secret", account))
        if self._member is None or secret is None:
            return False
        owner = self._member.get(self._path("ServiceAccount", account))
        annotations = secret["metadata"].get("annotations") or {}
        uid = annotations.get(manifests.ACCOUNT_UID_ANNOTATION)
        fits = (
            secret.get("type") == manifests.SERVICE_ACCOUNT_TOKEN
            and annotations.get(manifests.ACCOUNT_ANNOTATION) == account
            and (uid is None or (owner is not None and uid == owner["metadata"]["uid"]))
        )
        if not fits:
            self._delete(self._member, "Secret", account)
        return fits

    def _is_refused(self, token: str) -> bool:
        """Whether the member does not accept a token, as after a change of the key by which tokens are signed."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
        try:
            review = t.cast(Client, self._member).create("/apis/authentication.k8s.io/v1/tokenreviews", body)
        except ApiError as error:
            if error.status == 403:
                # Not everybody may ask; KubeFed will say it when it tries
                return False
            raise
        return (review.get("status") or {}).get("authenticated") is not True

    def _token(self, account: str) -> tuple[str, bytes]:
        found: Object = {}

        def poll() -> PollResult:
            secret = None if self._member is None else self._member.get(self._path("Secret", account))
            found.update(token=decoded(secret, "token"), ca=decoded(secret, "ca.crt"))
            return PollResult(
                bool(found["token"]), "Kubernetes has not filled it in; is its controller manager running?"
            )

        if self._check_mode:
            poll()
        else:
            label = self._member.label if self._member else self._as.name
            self._waiter.until(f"the token of service account {account} in {label}", poll, sleep=1)
        return found["token"], found["ca"].encode()

    def _deposit(self, name: str, existing: Object | None, token: str) -> bool:
        """Put the token on the host.

        :param existing: the Secret as it is.
        :returns: whether the KubeFedCluster has to be marked with the token. It has not where kubefedctl has put the
            same token there, as KubeFed knows that one.
        """
        if existing is not None and (not token or _is_unmarked(existing, token)):
            return False
        manifest = manifests.host_secret(name, self._as.namespace, token)
        if existing is not None:
            # It can't be changed, and to KubeFed any is good
            del manifest["type"]
        self._ensure(self._host, manifest, secret=True)
        return True

    def _register(self, existing: Object | None, secret: str, token: str | None, ca: bytes) -> Object:
        connection = self._member.connection if self._member else None
        wanted = self._as
        own_ca = wanted.ca_bundle.encode() if wanted.ca_bundle is not None else b""
        disabled = wanted.disabled_tls_validations
        if disabled is None:
            disabled = ["*"] if connection and not connection.verify else []
        manifest = manifests.kubefed_cluster(
            wanted.name,
            wanted.namespace,
            server=wanted.api_endpoint or (connection.server if connection else ""),
            ca=own_ca or (connection.ca if connection and connection.verify else b"") or ca,
            disabled_tls_validations=disabled,
            proxy=wanted.proxy_url if wanted.proxy_url is not None else (connection.proxy if connection else ""),
            secret=secret,
            token=token,
            labels=wanted.labels,
            annotations=wanted.annotations,
        )
        cluster = self._ensure(self._host, manifest, through_kubefed=True)
        if self._changes and existing is not None and "probe" not in self._slice_state:
            # What KubeFed said until now is about what was there until now
            self._slice_state["probe"] = last_probe(cluster)
            if _client_of(cluster) != _client_of(existing):
                self._slice_state["transition"] = last_transition(cluster)
        return cluster

    def _wait_ready(self) -> Object:
        path = self._path("KubeFedCluster", self._as.name)
        answer: Object = {}

        def poll() -> PollResult:
            cluster = self._host.get(path)
            if cluster is None:
                raise TerminalState(f"KubeFedCluster {self._as.name} was removed while its Ready was waited for.")
            answer.clear()
            answer.update(cluster)
            outage = controller_outage(self._host, self._as.namespace)
            if outage:
                return PollResult(False, outage)
            if self._predates_change(cluster):
                return PollResult(False, "KubeFed's controller has not looked at it since it was changed")
            told = readiness(cluster)
            if _is_hopeless(cluster):
                # Said twice, it was not said by a client that KubeFed had made before the change
                if self._slice_state.setdefault("hopeless", last_probe(cluster)) != last_probe(cluster):
                    raise TerminalState(f"KubeFed can't use {self._as.name}: {told}. {self._advice(cluster)}")
            else:
                self._slice_state.pop("hopeless", None)
            return PollResult(is_ready(cluster), told)

        try:
            self._waiter.until(f"cluster {self._as.name} to be Ready", poll, sleep=1)
        except WaitTimeout as error:
            raise WaitTimeout(f"{error.message}. {self._advice(answer)}", **error.details) from error
        return answer

    def _predates_change(self, cluster: Object) -> bool:
        """Whether KubeFed's last word of the cluster is of what there was before it was changed."""
        return any(
            self._slice_state.get(key) and self._slice_state[key] == now
            for key, now in (("probe", last_probe(cluster)), ("transition", last_transition(cluster)))
        )

    def _advice(self, cluster: Object) -> str:
        """What to look at when a cluster does not become Ready: addresses and ports, and where KubeFed stands."""
        if not last_probe(cluster) or self._predates_change(cluster):
            return f"Does kubefed-controller-manager run in namespace {self._as.namespace} of the {self._host.label}?"
        if condition(cluster, "ConfigMalformed").get("status") == "True":
            return f"See the events of the KubeFedCluster in namespace {self._as.namespace} of the {self._host.label}."
        endpoint = str((cluster.get("spec") or {}).get("apiEndpoint") or "")
        host, port = host_and_port(endpoint)
        addresses = _addresses(host)
        resolved = f" ({', '.join(addresses)})" if addresses and addresses != [host] else ""
        sources = ", ".join(pod_addresses(self._host, self._as.namespace)) or "none runs"
        clue = next((meaning for text, _mends, meaning in _CLUES if text in readiness(cluster)), "")
        proxy = (cluster.get("spec") or {}).get("proxyURL")
        through = f" through {without_login(str(proxy))}" if proxy else ""
        told = [f"KubeFed asks {host}:{port}{resolved}{through} from its pods in the {self._host.label}: {sources}."]
        if clue:
            told.append(f"{clue.format(cluster=self._as.name, host=self._host.label)}.")
        if self._member is not None:
            address = self._member.connection.address
            told.append(
                f"This machine gets an answer from {address}: look at the way between those pods and it, both ways."
                if self._answers(self._member)
                else f"This machine gets no answer from {address} either."
            )
        return " ".join(told)

    def _answers(self, member: Client) -> bool:
        try:
            member.get("/version")
        except ApiError:
            return True
        except FederationError:
            return False
        return True

    def _told(self, cluster: Object, *, secret: str, account: str, scope: str) -> Object:
        spec, status = cluster.get("spec") or {}, cluster.get("status") or {}
        return {
            "name": self._as.name,
            "endpoint": spec.get("apiEndpoint", ""),
            "ready": is_ready(cluster),
            "conditions": status.get("conditions") or [],
            "kubernetes_version": status.get("kubernetesVersion") or "",
            "secret": secret,
            "service_account": account,
            "scope": scope,
        }

    # -- leaving ------------------------------------------------------------------------------------------------

    def leave(self, *, wait: bool, clean_member: bool = True, no_member: str = "") -> list[str]:
        """Take the cluster out of the federation.

        The member first, while the host still knows of it; a member that can't be reached does not keep the host from
        being cleaned.

        :param wait: until all of it is gone.
        :param clean_member: remove what was put into the member.
        :param no_member: why there is no client for the member.
        :returns: what is left in the member, as lines for the user.
        """
        members = clusters(self._host, self._as.namespace)
        existing = members.get(self._as.name)
        credentials = self._credentials(members)
        host_name = self._as.host_name or self._as.default_host_name
        accounts = {account for account in credentials.values() if account} | {
            manifests.account_name(self._as.name, host_name)
        }
        if "left" not in self._slice_state:
            # Once only: else each slice of the wait would wait for a member that is dead, and name it again
            no_member = no_member if clean_member else "clean_member is false"
            known = existing is not None or bool(credentials)
            left = self._orphaned() if existing is not None else []
            going, kept = self._clean_member(accounts, no_member, known=known)
            self._slice_state.update(left=[*left, *kept], going=going)
        for name in sorted(credentials):
            self._delete(self._host, "Secret", name)
        if existing is not None:
            self._delete(self._host, "KubeFedCluster", self._as.name)
        if wait and not self._check_mode:
            path = self._path("KubeFedCluster", self._as.name)
            self._wait_absent(self._host, path, f"KubeFedCluster {self._as.name} to be gone")
            if self._slice_state["going"] and self._member is not None:
                path = path_of("Namespace", None, self._as.namespace)
                self._wait_absent(
                    self._member, path, f"namespace {self._as.namespace} in {self._member.label} to be gone"
                )
        return list(self._slice_state["left"])

    def _orphaned(self) -> list[str]:
        """What KubeFed has put into the member and was not withdrawn from it, in a line for the user."""
        placed = federated_to(self._host, self._as.namespace, self._as.name)
        if not placed:
            return []
        return [
            f"what KubeFed has put into {self._as.name} and was not withdrawn: {some(placed)}."
            " KubeFed looks after it no more"
        ]

    def _clean_member(self, accounts: set[str], no_member: str, *, known: bool) -> tuple[bool, list[str]]:
        """Remove what was put into the member.

        :param no_member: why it is not to be cleaned; empty when it is.
        :param known: the host knows of the member, so that something may be there.
        :returns: whether KubeFed's namespace is on its way, and what is left, as lines for the user.
        """
        why = no_member
        if not why:
            try:
                for account in sorted(accounts):
                    self._revoke(account)
            except FederationError as error:
                why = error.message
            else:
                return self._leave_namespace(accounts)
        return False, [self._unreached(accounts, why)] if known else []

    def _unreached(self, accounts: set[str], why: str) -> str:
        names = ", ".join(sorted(accounts))
        return (
            f"service account, token, roles and bindings of {names}, and namespace {self._as.namespace},"
            f" in {self._as.name}: {why}"
        )

    def _revoke(self, account: str) -> None:
        """Remove an account and its rights from the member."""
        member = t.cast(Client, self._member)
        leftovers = manifests.member_leftovers(account, self._as.namespace)
        others = {name for kind, name in leftovers if kind == "ClusterRoleBinding" and self._is_others(member, name)}
        for kind, name in leftovers:
            if not (kind in ("ClusterRoleBinding", "ClusterRole") and name in others):
                self._delete(member, kind, name)

    def _is_others(self, member: Client, binding: str) -> bool:
        """Whether a cluster role binding is for an account in another namespace.

        The names say nothing of the namespace, so another federation of the same host with the same member has the
        same ones. kubefedctl unjoin takes its rights away.
        """
        found = member.get(path_of("ClusterRoleBinding", None, binding)) or {}
        namespaces = {subject.get("namespace") for subject in found.get("subjects") or []}
        return bool(namespaces) and self._as.namespace not in namespaces

    def _leave_namespace(self, accounts: set[str]) -> tuple[bool, list[str]]:
        """Delete KubeFed's namespace in the member, unless it is the host's or holds what is not KubeFed's.

        :returns: whether it is on its way, and what is left.
        """
        member = t.cast(Client, self._member)
        path = path_of("Namespace", None, self._as.namespace)
        where = f"namespace {self._as.namespace} in {self._as.name}"
        try:
            namespace = member.get(path)
            if namespace is None:
                return False, []
            on_host = self._host.get(path)
            if on_host is not None and on_host["metadata"]["uid"] == namespace["metadata"]["uid"]:
                return False, []
            if namespace["metadata"].get("deletionTimestamp"):
                return True, []
            foreign = self._foreign(member, accounts)
            if foreign:
                return False, [f"{where}, because it also holds {some(foreign)}"]
            self._delete(member, "Namespace", self._as.namespace)
        except FederationError as error:
            return False, [f"{where}: {error.message}"]
        return True, []

    def _foreign(self, member: Client, accounts: set[str]) -> list[str]:
        """What in KubeFed's namespace of the member was put there by neither a join nor Kubernetes.

        In scope Namespaced, that is where the workloads are: those that KubeFed has put there count too, as it adopts
        those that were there before it.
        """
        ours = {
            (path_plural, name)
            for account in accounts
            for path_plural, name in (
                ("serviceaccounts", account),
                ("secrets", account),
                ("roles", manifests.role_name(account)),
                ("rolebindings", manifests.role_name(account)),
            )
        }
        found = []
        for type_, items in namespace_objects(member, self._as.namespace).items():
            for item in items:
                metadata = item["metadata"]
                one = (type_.plural, metadata["name"])
                owner = (metadata.get("annotations") or {}).get(manifests.ACCOUNT_ANNOTATION)
                if (
                    one in _NATIVE
                    or one in ours
                    or (type_.plural == "secrets" and owner in accounts | {"default"})
                    or metadata.get("ownerReferences")
                ):
                    continue
                found.append("/".join(one))
        return sorted(found)

    # -- both ---------------------------------------------------------------------------------------------------

    def _where(self, client: Client | None, kind: str, name: str) -> str:
        side = "host" if client is self._host else "member"
        return f"{side}: {kind} {name}"

    def _ensure(
        self,
        client: Client | None,
        manifest: Object,
        *,
        absent: bool = False,
        secret: bool = False,
        through_kubefed: bool = False,
    ) -> Object:
        """Bring an object into the wanted form.

        :param absent: it is known not to exist.
        :param secret: its data is not shown.
        :param through_kubefed: KubeFed's webhook is asked, which may not be up yet.
        :returns: the object as it is now, or would be.
        """
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        existing = None if client is None or absent else client.get(self._path(kind, name))
        patch = differences(existing, manifest) if existing else manifest
        if not patch:
            return t.cast(Object, existing)
        anew = existing is not None and bool({"roleRef", "type"} & set(patch))
        shown = without_secrets if secret else _shown
        before = {key: _old_part(existing.get(key), value) for key, value in patch.items()} if existing else None
        change = (
            self._where(client, kind, name),
            shown(before) if before is not None and not anew else None,
            shown(patch if existing and not anew else manifest),
        )
        if self._check_mode or client is None:
            self._changes.record(*change)
            return {**(existing or {}), **manifest}
        if anew and existing is not None:
            # Neither can be changed: kubefedctl too deletes and creates a binding whose role is another
            client.delete(self._path(kind, name), uid=existing["metadata"]["uid"])
            existing = None

        def write() -> Object:
            if existing is not None:
                return client.patch(self._path(kind, name), patch)
            try:
                return client.create(self._path(kind), manifest)
            except ApiError as error:
                if error.reason != "AlreadyExists":
                    raise
            found = client.get(self._path(kind, name)) or {}
            rest = differences(found, manifest)
            return client.patch(self._path(kind, name), rest) if rest else found

        written = through_webhook(self._waiter, write) if through_kubefed else write()
        self._changes.record(*change)
        return written

    def _delete(self, client: Client, kind: str, name: str) -> None:
        path = self._path(kind, name)
        there = client.get(path) is not None if self._check_mode else client.delete(path)
        if there:
            self._changes.record(self._where(client, kind, name), {"state": "present"}, {"state": "absent"})

    def _wait_absent(self, client: Client, path: str, what: str) -> None:
        wait_absent(self._waiter, client, path, what, sleep=1)


def _shown(manifest: Object) -> Object:
    """A manifest, or a patch of one, as it can be read: certificates by their fingerprint."""
    spec = manifest.get("spec")
    if not isinstance(spec, dict) or not spec.get("caBundle"):
        return manifest
    return {**manifest, "spec": {**spec, "caBundle": f"(certificates, {manifests.fingerprint(spec['caBundle'])})"}}


def _client_of(cluster: Object) -> tuple[Object, ...]:
    """What KubeFed makes its client of a cluster by: when it changes, there is a new one."""
    metadata = cluster["metadata"]
    return cluster["spec"], metadata.get("labels") or {}, metadata.get("annotations") or {}


def _reference(cluster: Object | None) -> str | None:
    """Name of the Secret with the token of a KubeFedCluster."""
    return (((cluster or {}).get("spec") or {}).get("secretRef") or {}).get("name")


def _is_unmarked(secret: Object, token: str) -> bool:
    """Whether a Secret holds this token without our mark, so that kubefedctl has put it there."""
    marked = manifests.TOKEN_ANNOTATION in (secret["metadata"].get("annotations") or {})
    return not marked and (secret.get("data") or {}).get("token") == base64.b64encode(token.encode()).decode()


def _is_hopeless(cluster: Object) -> bool:
    """Whether KubeFed's controller says what waiting does not mend."""
    if condition(cluster, "ConfigMalformed").get("status") == "True":
        return True
    return any(not mends and text in readiness(cluster) for text, mends, _meaning in _CLUES)


def _addresses(host: str) -> list[str]:
    """The addresses of a host as this machine knows them."""
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)})
    except OSError:
        return []


def _old_part(found: t.Any, patch: t.Any) -> t.Any:
    """The part of an object that a patch changes."""
    if isinstance(found, dict) and isinstance(patch, dict):
        return {key: _old_part(found.get(key), value) for key, value in patch.items() if key in found}
    return found


__all__ = ("Join", "Membership")
