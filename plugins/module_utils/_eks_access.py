# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.
"""EKS clusters: the call that describes one, and the kubeconfig entries that lead to it."""

from __future__ import annotations

import re
import typing as t

from ._aws import AwsError, calling
from ._errors import FederationError, TerminalState
from ._kubeconfig import Config, Edit, find
from ._wait import State, Waiter

# https://docs.aws.amazon.com/eks/latest/APIReference/API_Cluster.html (status)
_COMING = {"CREATING", "PENDING"}
_USABLE = {"ACTIVE", "UPDATING"}
# What a cluster's entry must not keep beside the certificate of EKS.
_OTHER_TRUST = ("certificate-authority", "insecure-skip-tls-verify")
_GET_TOKEN = ("eks", "get-token")


class Names(t.NamedTuple):
    """The names of a cluster's three entries."""

    cluster: str
    context: str
    user: str


def describe(client: t.Any, name: str, region: str) -> Config:
    """A cluster as EKS describes it.

    :raises FederationError: there is none of this name, or AWS refuses to tell.
    """
    try:
        with calling(f"describe the EKS cluster {name}"):
            return dict(client.describe_cluster(name=name)["cluster"])
    except AwsError as error:
        if error.code == "ResourceNotFoundException":
            raise FederationError(
                f"There is no EKS cluster {name} in {region} in the account of these credentials. Look at name, region "
                "and profile, or create it first.",
            ) from error
        raise


def active(client: t.Any, name: str, region: str, waiter: Waiter | None) -> Config:
    """A cluster that can be used.

    :param waiter: waits for a cluster that is being created; ``None`` does not wait.
    :raises TerminalState: it can not be used, and waiting for it is no use or not wanted.
    """
    found: Config = {}

    def poll() -> State:
        found.update(describe(client, name, region))
        status = str(found["status"])
        if status in _USABLE:
            return State(True, status)
        if status in _COMING and waiter is not None:
            return State(False, status)
        hint = "Wait until it is, for example with wait=true." if status in _COMING else "It can not be used any more."
        raise TerminalState(f"The EKS cluster {name} in {region} is {status}, not ACTIVE. {hint}")

    if waiter is None:
        poll()
    else:
        waiter.until(f"the EKS cluster {name} to be ACTIVE", poll)
    return found


def exec_entry(name: str, region: str, profile: str | None, role_arn: str | None) -> Config:
    """How a client gets a token: by the aws CLI, with the arguments that its update-kubeconfig writes.

    The profile goes into the environment, as it does there. No credentials are ever part of it.
    """
    args = ["--region", region, *_GET_TOKEN, "--cluster-name", name, "--output", "json"]
    if role_arn:
        args += ["--role-arn", role_arn]
    entry: Config = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "args": args}
    if profile:
        entry["env"] = [{"name": "AWS_PROFILE", "value": profile}]
    return entry


def edit_to_present(data: Config, cluster: Config, names: Names, entry: Config) -> Edit:
    """What makes a kubeconfig lead to a cluster.

    What the user has added to the entries (a proxy, a namespace) stays. The current context is set only where there is
    none.

    :param cluster: as EKS describes it.
    :param entry: of :func:`exec_entry`.
    """
    kept = {k: v for k, v in (find(data, "clusters", names.cluster) or {}).items() if k not in _OTHER_TRUST}
    authority = {"certificate-authority-data": cluster["certificateAuthority"]["data"], "server": cluster["endpoint"]}
    context = find(data, "contexts", names.context) or {}
    return Edit(
        {
            "clusters": {names.cluster: {**kept, **authority}},
            "contexts": {names.context: {**context, "cluster": names.cluster, "user": names.user}},
            "users": {names.user: {"exec": entry}},
        },
        None if data.get("current-context") else names.context,
    )


def edit_to_absent(data: Config, name: str, region: str | None, alias: str | None) -> Edit:
    """What takes a cluster's entries out of a kubeconfig: those that :func:`edit_to_present` or the aws CLI made.

    AWS is not asked, for the cluster may be gone. An entry is taken for the cluster's when its user gets tokens for a
    cluster of this name. Clusters and users that other contexts use as well stay.

    :param alias: the context's name; all contexts of the cluster go when it is ``None``.
    """
    users = {u["name"] for u in data.get("users") or [] if _is_for(u.get("user") or {}, name, region)}
    contexts = {c["name"]: c.get("context") or {} for c in data.get("contexts") or []}
    own = {context for context, refers in contexts.items() if refers.get("user") in users}
    gone = own if alias is None else own & {alias}
    stay = [refers for context, refers in contexts.items() if context not in gone]

    def unused(key: str) -> dict[str, Config | None]:
        names = {contexts[context].get(key) for context in gone} - {refers.get(key) for refers in stay}
        return {name: None for name in sorted(str(name) for name in names if name is not None)}

    entries = {"clusters": unused("cluster"), "contexts": dict.fromkeys(sorted(gone)), "users": unused("user")}
    return Edit(t.cast(t.Any, entries), "" if data.get("current-context") in gone else None)


def _is_for(user: Config, name: str, region: str | None) -> bool:
    entry = user.get("exec")
    args = [str(arg) for arg in (entry.get("args") or [])] if isinstance(entry, dict) else []
    if not all(word in args for word in _GET_TOKEN):
        return False
    # Both spellings of an option: in two words and in one.
    line = "\0".join(args) + "\0"

    def value(option: str) -> str | None:
        match = re.search(rf"(?:^|\0){option}[\0=]([^\0]+)\0", line)
        return match.group(1) if match else None

    return value("--cluster-name") == name and (region is None or value("--region") in (None, region))


__all__ = ("Names", "active", "describe", "edit_to_absent", "edit_to_present", "exec_entry")
