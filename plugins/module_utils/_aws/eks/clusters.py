# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.
"""EKS clusters: the call that describes one, and the kubeconfig entries that lead to it."""

from __future__ import annotations

import os.path
import re
import typing as t

from ..._kube.kubeconfig.entries import CURRENT, Config, Edit, find
from ..._runtime.errors import FederationError, InvalidOption, TerminalState, without_login
from ..._runtime.wait import PollResult, Waiter
from ..errors import AwsError, calling
from . import token_helper

# https://docs.aws.amazon.com/eks/latest/APIReference/API_Cluster.html (status)
_COMING = {"CREATING", "PENDING"}
_USABLE = {"ACTIVE", "UPDATING"}
# What a cluster's entry must not keep beside the certificate of EKS.
_OTHER_TRUST = ("certificate-authority", "insecure-skip-tls-verify")
_GET_TOKEN = ("eks", "get-token")
# What a user's entry may keep beside the way to a token: whom to act as.
_KEPT_OF_USER = ("as", "as-uid", "as-groups", "as-user-extra", "extensions")
_MANAGED_OF_EXEC = ("apiVersion", "args", "command", "env")
# What update-kubeconfig gives to aws eks get-token, in all its versions.
_CLUSTER_OPTIONS = ("--cluster-name", "--cluster-id")
_OWN_OPTIONS = (*_CLUSTER_OPTIONS, "--region", "--role", "--role-arn", "--output")
_V1 = "client.authentication.k8s.io/v1"
_V1BETA1 = "client.authentication.k8s.io/v1beta1"
_ARN = re.compile(r"arn:[^:]+:eks:(?P<region>[^:]+):[0-9]+:cluster/(?P<name>.+)")
# https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html (name)
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")
_ROLE = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:role/[\w+=,.@/-]+")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")
# What EKS says of a cluster goes into a file that other programs believe.
_ENDPOINT = re.compile(r"https://[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?/?")
_DATA = re.compile(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_PROXY = re.compile(r"(https?|socks5)://[^/\s]+/?")


# What botocore's session takes of a module's connection.
_SETTINGS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "profile_name")


class Names(t.NamedTuple):
    """The names of a cluster's three entries."""

    cluster: str
    context: str
    user: str


def describe(client: t.Any, name: str, region: str) -> Config:
    """A cluster as EKS describes it.

    :raises FederationError: there is none of this name, or AWS denies the call.
    """
    try:
        with calling(f"describe the EKS cluster {name}"):
            return dict(client.describe_cluster(name=name)["cluster"])
    except AwsError as error:
        if error.code == "ResourceNotFoundException":
            raise FederationError(
                f"There is no EKS cluster {name} in {region} in the account of these credentials. Check name, region "
                "and profile, or create it first.",
            ) from error
        raise


def active(client: t.Any, name: str, region: str, waiter: Waiter | None) -> Config:
    """A cluster that can be used.

    :param waiter: waits for a cluster that is being created; ``None`` does not wait.
    :raises TerminalState: it cannot be used, and waiting for it is no use or not wanted.
    """
    found: Config = {}

    def poll() -> PollResult:
        found.update(describe(client, name, region))
        status = str(found["status"])
        if status in _USABLE:
            return PollResult(True, status)
        if status in _COMING and waiter is not None:
            return PollResult(False, status)
        hint = "Wait until it is, for example with wait=true." if status in _COMING else "It can no longer be used."
        raise TerminalState(f"The EKS cluster {name} in {region} is {status}, not ACTIVE. {hint}")

    if waiter is None:
        poll()
    else:
        waiter.until(f"the EKS cluster {name} to be ACTIVE", poll)
    return checked(found)


def checked(cluster: Config) -> Config:
    """A cluster as EKS describes it, where what leads to it has the form that EKS gives it.

    :raises FederationError: it has not.
    """
    authority = cluster.get("certificateAuthority")
    found = {
        "arn": (cluster.get("arn"), _ARN),
        "endpoint": (cluster.get("endpoint"), _ENDPOINT),
        "certificateAuthority": (authority.get("data") if isinstance(authority, dict) else None, _DATA),
    }
    for key, (value, rule) in found.items():
        if not isinstance(value, str) or not value or not rule.fullmatch(value):
            raise FederationError(
                f"EKS describes the cluster with {key} {str(value)[:100]!r}, which is not in EKS's format. Is this "
                "really AWS?"
            )
    return cluster


def caller_credentials(connection: t.Mapping[str, t.Any]) -> tuple[t.Any, t.Any]:
    """The credentials by which a module calls AWS, and when they expire, or ``None``.

    :param connection: the third that amazon.aws's get_aws_connection_info returns.
    :raises FederationError: there are none.
    """
    import boto3.session

    with calling("find credentials"):
        found = boto3.session.Session(**{name: connection.get(name) for name in _SETTINGS}).get_credentials()
        frozen = found and found.get_frozen_credentials()
    if frozen is None:
        raise FederationError("There are no AWS credentials to sign a token with. Set profile, or access_key.")
    return frozen, getattr(found, "_expiry_time", None)


def check(params: t.Mapping[str, t.Any]) -> None:
    """Reject options that make no sense.

    :raises InvalidOption: with the option, its value and what is allowed.
    """
    rules = {
        "name": (_NAME, "1 to 100 letters, digits, '-' and '_', the first a letter or digit"),
        "region": (_REGION, "an AWS region, such as eu-central-1"),
        "role_arn": (_ROLE, "an IAM role's, such as arn:aws:iam::123456789012:role/operator"),
        "assume_role_arn": (_ROLE, "an IAM role's, such as arn:aws:iam::123456789012:role/operator"),
        # kubectl's, see https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/#Cluster
        "proxy_url": (_PROXY, "http://, https:// or socks5:// with host and port, or empty for none"),
        "alias": (re.compile(r".*\S.*"), "any non-empty text"),
        "user_alias": (re.compile(r".*\S.*"), "any non-empty text"),
    }
    for option, (rule, allowed) in rules.items():
        value = params[option]
        if value is not None and not rule.fullmatch(value) and not (option == "proxy_url" and not value):
            raise InvalidOption(f"{option} is {without_login(value)!r}; it must be {allowed}.")


def _identification(cluster: Config) -> list[str]:
    """How a token names its cluster: a local cluster on an Outpost by its id, as aws eks update-kubeconfig does."""
    outpost = cluster.get("outpostConfig")
    if outpost is None or outpost.get("etcdInstanceType") is not None:
        return ["--cluster-name", str(cluster["name"])]
    return ["--cluster-id", str(cluster["id"])]


def identifier(cluster: Config) -> str:
    """The name or id by which a token names its cluster."""
    return _identification(cluster)[1]


def exec_entry(
    cluster: Config, region: str, profile: str | None, role_arn: str | None, own: tuple[str, str] | None = None
) -> Config:
    """How a client gets a token: by the aws CLI, to the letter as its update-kubeconfig writes it, or by our program.

    The profile goes into the environment, as it does there. No credentials are ever part of it.

    :param own: the Python that is to run our program, and the program's path; ``None`` for the aws CLI.
    """
    command = "aws" if own is None else own[0]
    if own is None:
        args = ["--region", region, *_GET_TOKEN, *_identification(cluster), "--output", "json"]
    else:
        # Isolated: no module is taken from the program's folder, nor from where the environment says.
        args = ["-I", own[1], "--region", region, *_identification(cluster)]
    if role_arn:
        args += ["--role", role_arn]
    entry: Config = {"apiVersion": _V1BETA1, "args": args, "command": command}
    if profile:
        entry["env"] = [{"name": "AWS_PROFILE", "value": profile}]
    return entry


def names_of(data: Config, cluster: Config, region: str, alias: str | None, user_alias: str | None) -> Names:
    """The names that a cluster's entries are to have: those of aws eks update-kubeconfig, or those that they have.

    :raises InvalidOption: a name is taken by something else.
    """
    arn = str(cluster["arn"])
    context = alias or user_alias or arn
    user, cluster_entry = user_alias or arn, arn
    present = find(data, "contexts", context)
    if present is not None:
        old_user, old_cluster = str(present.get("user")), str(present.get("cluster"))
        content = find(data, "users", old_user)
        if content is not None and not _is_for(old_user, content, cluster["name"], region):
            raise InvalidOption(
                f"{'alias' if alias else 'user_alias' if user_alias else 'name'} would create the context {context}, "
                f"but one exists and is for something else (cluster {old_cluster}, user {old_user}). Choose another "
                f"alias, or remove that one first: kubectl config delete-context '{context}'",
            )
        # An ARN that is another one's belongs to a cluster of the same name in another account.
        if content is not None and not user_alias and _ARN.fullmatch(old_user) is None:
            user = old_user
        if content is not None and _serves_alone(data, old_cluster, cluster["name"], region):
            cluster_entry = old_cluster
    content = find(data, "users", user)
    if content is not None and not _is_for(user, content, cluster["name"], region):
        raise InvalidOption(
            f"user_alias is {user!r}, but the user of this name is for something else. Choose another name.",
        )
    return Names(cluster=cluster_entry, context=context, user=user)


def _serves_alone(data: Config, cluster_entry: str, name: str, region: str) -> bool:
    """Whether a cluster's entry under a name that was chosen is for contexts of this cluster only."""
    users = {refers.get("user") for refers in _contexts(data).values() if refers.get("cluster") == cluster_entry}
    entries = {user: find(data, "users", str(user)) for user in users}
    return (
        find(data, "clusters", cluster_entry) is not None
        and not _ARN.fullmatch(cluster_entry)
        and all(entry is not None and _is_for(str(user), entry, name, region) for user, entry in entries.items())
    )


def edit_to_present(
    data: Config, cluster: Config, region: str, names: Names, entry: Config, proxy_url: str | None = None
) -> Edit:
    """The edit that adds a cluster's entries to a kubeconfig.

    What the user has added to the entries (a namespace, variables of the environment) stays. The current context is set
    only where there is none. A user that the context had before goes when nothing else needs it.

    :param cluster: as EKS describes it.
    :param names: of :func:`names_of`.
    :param entry: of :func:`exec_entry`.
    :param proxy_url: what to set it to; empty removes it, ``None`` leaves it.
    """
    kept = {k: v for k, v in (find(data, "clusters", names.cluster) or {}).items() if k not in _OTHER_TRUST}
    if proxy_url == "":
        kept.pop("proxy-url", None)
    authority = {"certificate-authority-data": cluster["certificateAuthority"]["data"], "server": cluster["endpoint"]}
    proxy = {"proxy-url": proxy_url} if proxy_url else {}
    context = find(data, "contexts", names.context) or {}
    user = find(data, "users", names.user) or {}
    users: dict[str, Config | None] = {
        names.user: {**{k: v for k, v in user.items() if k in _KEPT_OF_USER}, "exec": _taken_over(user, entry)}
    }
    before = context.get("user")
    others = {refers.get("user") for name, refers in _contexts(data).items() if name != names.context}
    if before not in (None, names.user) and before not in others:
        users[str(before)] = None
    return Edit(
        {
            "clusters": {names.cluster: {**kept, **authority, **proxy}},
            "contexts": {names.context: {**context, "cluster": names.cluster, "user": names.user}},
            "users": users,
        },
        None if data.get(CURRENT) else names.context,
    )


def _taken_over(user: Config, entry: Config) -> Config:
    """Our entry, with what the user added to the previous one. An apiVersion that clients no longer accept is raised.

    Where the command before has words that update-kubeconfig does not write (a profile, an endpoint, another command
    in front), somebody has added them: it stays, and of its words only those change that say for which cluster it is.
    """
    old = user.get("exec")
    if not isinstance(old, dict):
        return entry
    result = {**{key: value for key, value in old.items() if key not in _MANAGED_OF_EXEC}, **entry}
    # v1 must have an interactiveMode.
    if old.get("apiVersion") == _V1 and old.get("interactiveMode"):
        result["apiVersion"] = _V1
    words = [str(word) for word in old.get("args") or []]
    by_cli = entry["command"] == "aws"
    if by_cli and added_words(user):
        result["command"], result["args"] = old.get("command"), _with_options(words, entry)
    elif os.path.basename(str(old.get("command"))) == entry["command"]:
        result["command"] = old["command"]
    given = [v for v in old.get("env") or [] if isinstance(v, dict) and v.get("name") != "AWS_PROFILE"]
    own = entry.get("env") or []
    profile = _value_of(words[_begin(words) :], "--profile")
    if not by_cli and profile and not own:
        # Our program finds it there.
        own = [{"name": "AWS_PROFILE", "value": profile}]
    if given or own:
        result["env"] = [*given, *own]
    return result


def added_words(user: Config) -> list[str]:
    """The words that somebody added to the aws CLI command that update-kubeconfig wrote."""
    entry = user.get("exec")
    words = [str(word) for word in (entry.get("args") or [])] if isinstance(entry, dict) else []
    if not isinstance(entry, dict) or not all(word in words for word in _GET_TOKEN):
        return []
    added = [] if os.path.basename(str(entry.get("command"))) == "aws" else [str(entry.get("command"))]
    rest = iter(words)
    for word in rest:
        option, equals, _value = word.partition("=")
        if option in _OWN_OPTIONS:
            if not equals:
                next(rest, None)
        elif word not in _GET_TOKEN:
            added.append(word)
    return added


def _with_options(words: t.Sequence[str], entry: Config) -> list[str]:
    """A command with the options of our entry; its other words stay."""
    begin = _begin(words)
    head, tail = list(words[:begin]), list(words[begin:])
    wanted = {option: _value_of(entry["args"], option) for option in ("--region", *_CLUSTER_OPTIONS, "--role")}
    wanted["--profile"] = next((v["value"] for v in entry.get("env") or []), None)
    for option, value in wanted.items():
        spellings = ("--role", "--role-arn") if option == "--role" else (option,)
        index = next((n for n, word in enumerate(tail) if word.partition("=")[0] in spellings), None)
        if index is None:
            # The profile is in the environment.
            tail += [option, value] if value and option != "--profile" else []
            continue
        name, equals, _old = tail[index].partition("=")
        end = index + (1 if equals else 2)
        if value:
            tail[index:end] = [f"{name}={value}"] if equals else [name, value]
        elif option in _CLUSTER_OPTIONS:
            del tail[index:end]
    return head + tail


def _begin(words: t.Sequence[str]) -> int:
    """Where the arguments of the aws CLI begin: after its name, if another command runs it."""
    end = words.index(_GET_TOKEN[0]) if _GET_TOKEN[0] in words else len(words)
    return next((n + 1 for n in range(end - 1, -1, -1) if os.path.basename(words[n]) == "aws"), 0)


def edit_to_absent(data: Config, name: str, region: str | None, profile: str | None, alias: str | None) -> Edit:
    """What takes a cluster's entries out of a kubeconfig: those that :func:`edit_to_present` or the aws CLI made.

    AWS is not asked, for the cluster may be gone. An entry is taken for the cluster's when its user gets tokens for a
    cluster of this name. Clusters and users that other contexts use as well stay.

    :param profile: an entry with another profile is of another account; ``None`` for any.
    :param alias: the context's name; all contexts of the cluster go when it is ``None``, and what was left without one.
    """
    users = {
        user["name"]
        for user in data.get("users") or []
        if _is_for(user["name"], user.get("user") or {}, name, region, profile)
    }
    contexts = _contexts(data)
    gone = {context for context, refers in contexts.items() if refers.get("user") in users and alias in (None, context)}
    stay = [refers for context, refers in contexts.items() if context not in gone]
    clusters = {contexts[context].get("cluster") for context in gone}
    if alias is None:
        clusters |= {c["name"] for c in data.get("clusters") or [] if _is_arn_of(c["name"], name, region)}
    owners = users if alias is None else {contexts[context].get("user") for context in gone}

    def unused(key: str, candidates: t.Collection[t.Any]) -> dict[str, Config | None]:
        unused = set(candidates) - {refers.get(key) for refers in stay}
        there = {entry["name"] for entry in data.get(f"{key}s") or []}
        return dict.fromkeys(sorted(str(name) for name in unused & there))

    entries: dict[str, dict[str, Config | None]] = {
        "clusters": unused("cluster", clusters),
        "contexts": dict.fromkeys(sorted(gone)),
        "users": unused("user", owners),
    }
    return Edit(entries, "" if data.get(CURRENT) in gone else None)


def _is_arn_of(text: str, name: str, region: str | None) -> bool:
    arn = _ARN.fullmatch(text)
    return arn is not None and arn["name"] == name and region in (None, arn["region"])


def _contexts(data: Config) -> dict[str, Config]:
    contexts: dict[str, Config] = {}
    for entry in data.get("contexts") or []:
        contexts.setdefault(entry["name"], entry.get("context") or {})
    return contexts


def _is_for(entry_name: str, user: Config, name: str, region: str | None, profile: str | None = None) -> bool:
    """Whether a user's entry gets tokens for a cluster: by the aws CLI, in any spelling, or by our program."""
    entry = user.get("exec")
    if not isinstance(entry, dict):
        return False
    args = [str(arg) for arg in entry.get("args") or []]
    if not all(word in args for word in _GET_TOKEN) and not token_helper.program_of(args):
        return False
    args = args[_begin(args) :]
    env = {v.get("name"): v.get("value") for v in entry.get("env") or [] if isinstance(v, dict)}
    if profile is not None and (_value_of(args, "--profile") or env.get("AWS_PROFILE")) not in (None, profile):
        return False
    arn = _ARN.fullmatch(entry_name)
    called = _value_of(args, "--cluster-name") or (arn and _value_of(args, "--cluster-id") and arn["name"])
    return called == name and (region is None or _value_of(args, "--region") in (None, region))


def _value_of(words: t.Sequence[str], option: str) -> str | None:
    """The value of an option, in both its spellings: in two words and in one."""
    for number, word in enumerate(words):
        if word == option:
            return next(iter(words[number + 1 : number + 2]), None)
        if word.startswith(f"{option}="):
            return word[len(option) + 1 :]
    return None


__all__ = (
    *(
        "Names",
        "active",
        "added_words",
        "caller_credentials",
        "check",
        "checked",
        "describe",
        "edit_to_absent",
        "edit_to_present",
    ),
    *("exec_entry", "identifier", "names_of"),
)
