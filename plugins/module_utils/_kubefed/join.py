# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Joining a cluster to a federation and taking it out again, from whatever state an earlier try has left."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from .._errors import FederationError, TerminalState, WaitTimeout
from .._kube.client import ApiError, Client, Object, decoded
from .._kube.objects import Changes, differences, without_secrets
from .._wait import State, Waiter
from . import manifests
from .host import clusters, path_of, scope_of, through_webhook
from .status import condition, is_ready, last_probe, readiness

# kubefedctl waits as long for the token (serviceAccountSecretTimeout in pkg/kubefedctl/join.go)
TOKEN_SECONDS = 30
# In every namespace, made by Kubernetes itself
_NATIVE = {("serviceaccounts", "default"), ("configmaps", "kube-root-ca.crt")}


@dataclass(frozen=True)
class Membership:
    """What is asked for.

    :ivar name: name of the member in the federation.
    :ivar host_name: the host's name in names of objects; ``None`` to keep the one in use, or else take the default.
    :ivar default_host_name: taken where host_name is ``None`` and none is in use.
    :ivar secret_name: name of the Secret on the host; ``None`` to keep the one in use, or else take the default.
    """

    name: str
    namespace: str
    host_name: str | None
    default_host_name: str
    secret_name: str | None = None
    labels: t.Mapping[str, str] = field(default_factory=dict)
    annotations: t.Mapping[str, str] = field(default_factory=dict)


class Join:
    """One membership, looked at from both sides.

    :param host: the cluster that KubeFed runs on.
    :param member: the cluster that joins; ``None`` where there is no way to it.
    :param check_mode: write nothing, but record what would be written.
    :param carry: survives from one slice of a wait to the next.
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
        carry: dict[str, t.Any],
    ) -> None:
        self._as = membership
        self._host = host
        self._member = member
        self._waiter = waiter
        self._check_mode = check_mode
        self._changes = changes
        self._carry = carry

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
        existing = self._host.get(self._path("KubeFedCluster", self._as.name))
        stale = self._accounts(existing)
        account = self._account(stale)
        token, ca = self._grant(account, scope)
        secret = self._secret_name(existing)
        # The Secret first: KubeFed reads it when it sees the KubeFedCluster
        self._ensure(
            self._host, manifests.host_secret(secret, self._as.namespace, token), secret=True, through_kubefed=False
        )
        cluster = self._register(existing, secret, token, ca)
        self._tidy_up(secret, stale - {account})
        if wait and not self._check_mode:
            cluster = self._wait_ready()
        return self._told(cluster, secret=secret, account=account, scope=scope)

    def _path(self, kind: str, name: str | None = None) -> str:
        return path_of(kind, self._as.namespace, name)

    def _accounts(self, cluster: Object | None) -> set[str]:
        """Service accounts of this membership which the host has credentials of."""
        reference = (((cluster or {}).get("spec") or {}).get("secretRef") or {}).get("name")
        found = set()
        for secret in self._secrets(reference):
            account = manifests.account_of_token(decoded(secret, "token"))
            if account and account[0] == self._as.namespace and account[1].startswith(f"{self._as.name}-"):
                found.add(account[1])
        return found

    def _account(self, in_use: set[str]) -> str:
        if self._as.host_name:
            return manifests.account_name(self._as.name, self._as.host_name)
        default = manifests.account_name(self._as.name, self._as.default_host_name)
        return default if default in in_use or not in_use else sorted(in_use)[0]

    def _secrets(self, reference: str | None) -> list[Object]:
        """The Secrets on the host which are credentials for this member: the one referred to, ours, and kubefedctl's.

        kubefedctl names them by generateName, and a join that it did not finish leaves one that nothing refers to.
        """
        names = re.compile(rf"{re.escape(self._as.name)}-[a-z0-9]{{5}}")
        default = manifests.default_secret_name(self._as.name)
        found = []
        for secret in self._host.list(self._path("Secret")):
            name = secret["metadata"]["name"]
            if name in (reference, self._as.secret_name) or (
                set(secret.get("data") or {}) == {"token"} and (name == default or names.fullmatch(name))
            ):
                found.append(secret)
        return found

    def _secret_name(self, cluster: Object | None) -> str:
        reference = (((cluster or {}).get("spec") or {}).get("secretRef") or {}).get("name")
        return self._as.secret_name or reference or manifests.default_secret_name(self._as.name)

    def _grant(self, account: str, scope: str) -> tuple[str, bytes]:
        """Make the account and its rights in the member.

        :returns: its token, and the certificate authority which Kubernetes put beside it.
        """
        new_namespace = self._ensure_namespace()
        for manifest in manifests.member_manifests(account, self._as.namespace, scope)[1:]:
            if manifest["kind"] == "Secret":
                self._drop_stale_token(account)
            self._ensure(self._member, manifest, absent=new_namespace and "namespace" in manifest["metadata"])
        return self._token(account)

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
                self._wait_gone(
                    self._member, path, f"namespace {self._as.namespace} in {self._member.label} to be gone"
                )
            existing = None
        self._ensure(self._member, manifest, absent=existing is None)
        return existing is None

    def _drop_stale_token(self, account: str) -> None:
        """Delete the member's Secret when its token is for an earlier account of the same name, or is no token."""
        if self._member is None:
            return
        path = self._path("Secret", account)
        secret = self._member.get(path)
        if secret is None:
            return
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

    def _token(self, account: str) -> tuple[str, bytes]:
        found: Object = {}

        def poll() -> State:
            secret = None if self._member is None else self._member.get(self._path("Secret", account))
            found.update(token=decoded(secret, "token"), ca=decoded(secret, "ca.crt"))
            return State(bool(found["token"]), "Kubernetes has not filled it in; is its controller manager running?")

        if self._check_mode:
            poll()
        else:
            label = self._member.label if self._member else self._as.name
            self._waiter.until(f"the token of service account {account} in {label}", poll, sleep=1)
        return found["token"], found["ca"].encode()

    def _register(self, existing: Object | None, secret: str, token: str, ca: bytes) -> Object:
        connection = self._member.connection if self._member else None
        wanted = manifests.kubefed_cluster(
            self._as.name,
            self._as.namespace,
            server=connection.server if connection else "",
            ca=(connection.ca if connection and connection.verify else b"") or ca,
            verify=connection.verify if connection else True,
            proxy=connection.proxy if connection else "",
            secret=secret,
            token=token,
            labels=self._as.labels,
            annotations=self._as.annotations,
        )
        cluster = self._ensure(self._host, wanted, through_kubefed=True)
        if self._changes and existing is not None and "probe" not in self._carry:
            # What KubeFed said until now is about what was there until now
            self._carry["probe"] = last_probe(existing)
        return cluster

    def _tidy_up(self, secret: str, stale_accounts: set[str]) -> None:
        """Remove what earlier tries have left: Secrets that nothing refers to, accounts with another host name."""
        referenced = {
            ((cluster.get("spec") or {}).get("secretRef") or {}).get("name")
            for cluster in clusters(self._host, self._as.namespace).values()
        }
        for found in self._secrets(None):
            name = found["metadata"]["name"]
            if name != secret and name not in referenced:
                self._delete(self._host, "Secret", name)
        if self._member is not None:
            for account in sorted(stale_accounts):
                self._revoke(account)

    def _wait_ready(self) -> Object:
        path = self._path("KubeFedCluster", self._as.name)
        answer: Object = {}

        def poll() -> State:
            cluster = self._host.get(path)
            if cluster is None:
                raise TerminalState(f"KubeFedCluster {self._as.name} was removed while its Ready was waited for.")
            answer.clear()
            answer.update(cluster)
            if self._carry.get("probe") and last_probe(cluster) == self._carry["probe"]:
                return State(False, "KubeFed's controller has not looked at it since it was changed")
            if condition(cluster, "ConfigMalformed").get("status") == "True":
                raise TerminalState(
                    f"KubeFed can't use the configuration of {self._as.name}: {readiness(cluster)}."
                    f" See the events of the KubeFedCluster in namespace {self._as.namespace}."
                )
            return State(is_ready(cluster), readiness(cluster))

        try:
            self._waiter.until(f"cluster {self._as.name} to be Ready", poll)
        except WaitTimeout as error:
            raise WaitTimeout(f"{error.message}. {self._advice(answer)}", **error.details) from error
        return answer

    def _advice(self, cluster: Object) -> str:
        """What to look at when a cluster does not become Ready."""
        if not last_probe(cluster) or last_probe(cluster) == self._carry.get("probe"):
            return f"Does kubefed-controller-manager run in namespace {self._as.namespace} of the {self._host.label}?"
        address = self._member.connection.address if self._member else "Its API server"
        return (
            f"{address} answers this module, but KubeFed reaches it from its pods in the {self._host.label}: check the"
            " way from the pods there, the way back to them, and that firewalls and security groups let them in."
        )

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

    def leave(self, *, wait: bool, no_member: str = "") -> list[str]:
        """Take the cluster out of the federation.

        The member first, while the host still knows of it; a member that can't be reached does not keep the host from
        being cleaned.

        :param wait: until all of it is gone.
        :param no_member: why there is no client for the member.
        :returns: what is left in the member, as lines for the user.
        """
        existing = self._host.get(self._path("KubeFedCluster", self._as.name))
        reference = (((existing or {}).get("spec") or {}).get("secretRef") or {}).get("name")
        secrets = [secret["metadata"]["name"] for secret in self._secrets(reference)]
        host_name = self._as.host_name or self._as.default_host_name
        accounts = self._accounts(existing) | {manifests.account_name(self._as.name, host_name)}
        known = bool(existing or secrets)
        left: list[str] = []
        going = False
        if self._member is None:
            left = self._unreached(accounts, no_member) if known else []
        else:
            try:
                for account in sorted(accounts):
                    self._revoke(account)
                going, left = self._leave_namespace(accounts)
            except FederationError as error:
                left = self._unreached(accounts, error.message) if known else []
        for name in secrets:
            self._delete(self._host, "Secret", name)
        if existing is not None:
            self._delete(self._host, "KubeFedCluster", self._as.name)
        if wait and not self._check_mode:
            path = self._path("KubeFedCluster", self._as.name)
            self._wait_gone(self._host, path, f"KubeFedCluster {self._as.name} to be gone")
            if going and self._member is not None:
                path = path_of("Namespace", None, self._as.namespace)
                self._wait_gone(
                    self._member, path, f"namespace {self._as.namespace} in {self._member.label} to be gone"
                )
        return left

    def _unreached(self, accounts: set[str], why: str) -> list[str]:
        names = ", ".join(sorted(accounts))
        return [
            f"service account, roles and bindings of {names}, and namespace {self._as.namespace},"
            f" in {self._as.name}: {why}"
        ]

    def _revoke(self, account: str) -> None:
        """Remove an account and its rights from the member."""
        member = t.cast(Client, self._member)
        for kind, name in manifests.member_leftovers(account, self._as.namespace):
            self._delete(member, kind, name)

    def _leave_namespace(self, accounts: set[str]) -> tuple[bool, list[str]]:
        """Delete KubeFed's namespace in the member, unless it is the host's or holds what is not KubeFed's.

        :returns: whether it is on its way, and what is left.
        """
        member = t.cast(Client, self._member)
        path = path_of("Namespace", None, self._as.namespace)
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
            return False, [
                f"namespace {self._as.namespace} in {self._as.name}, because it also holds {', '.join(foreign)}"
            ]
        self._delete(member, "Namespace", self._as.namespace)
        return True, []

    def _foreign(self, member: Client, accounts: set[str]) -> list[str]:
        """What in KubeFed's namespace of the member was put there by neither KubeFed nor Kubernetes."""
        found = []
        base = f"/namespaces/{self._as.namespace}/"
        for api, plural in (
            ("/api/v1", "serviceaccounts"),
            ("/api/v1", "secrets"),
            ("/api/v1", "configmaps"),
            ("/api/v1", "persistentvolumeclaims"),
            ("/api/v1", "services"),
            ("/api/v1", "pods"),
            ("/apis/apps/v1", "deployments"),
        ):
            for item in member.list(f"{api}{base}{plural}", metadata_only=True):
                metadata = item["metadata"]
                owner = (metadata.get("annotations") or {}).get(manifests.ACCOUNT_ANNOTATION)
                if (
                    (plural, metadata["name"]) in _NATIVE
                    or metadata["name"] in accounts
                    or (plural == "secrets" and owner in accounts | {"default"})
                    or (metadata.get("labels") or {}).get("kubefed.io/managed") == "true"
                    or metadata.get("ownerReferences")
                ):
                    continue
                found.append(f"{plural}/{metadata['name']}")
        return found

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

    def _wait_gone(self, client: Client, path: str, what: str) -> None:
        def poll() -> State:
            found = client.get(path)
            conditions = ((found or {}).get("status") or {}).get("conditions") or []
            told = [
                str(entry.get("message"))
                for entry in conditions
                if entry.get("status") == "True" and entry.get("message")
            ]
            return State(found is None, "; ".join(told) or "still there")

        self._waiter.until(what, poll, sleep=2)


def _shown(manifest: Object) -> Object:
    """A manifest, or a patch of one, as it can be read: certificates by their fingerprint."""
    spec = manifest.get("spec")
    if not isinstance(spec, dict) or not spec.get("caBundle"):
        return manifest
    return {**manifest, "spec": {**spec, "caBundle": f"(certificates, {manifests.fingerprint(spec['caBundle'])})"}}


def _old_part(found: t.Any, patch: t.Any) -> t.Any:
    """The part of an object that a patch changes."""
    if isinstance(found, dict) and isinstance(patch, dict):
        return {key: _old_part(found.get(key), value) for key, value in patch.items() if key in found}
    return found


__all__ = ("Join", "Membership")
