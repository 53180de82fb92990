# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What a context of a kubeconfig leads to, field by field as kubectl has it.

The kubernetes library for Python reads some fields in another way, and leaves out others without a word: ``as`` and its
like, so that a request is made with more rights than its user meant. What is here follows client-go v1.35:

- tools/clientcmd/loader.go (Load, ResolveLocalPaths): of several files the first that has an entry, or a current
  context, counts; relative paths begin at the file that they are in;
- tools/clientcmd/validation.go (validateAuthInfo, validateClusterInfo): what cannot go together;
- tools/clientcmd/client_config.go (ClientConfig): an API server without TLS gets no credentials;
- transport/round_trippers.go (NewImpersonatingRoundTripper, NewBearerAuthWithRefreshRoundTripper);
- plugin/pkg/client/auth/exec/exec.go.
"""

from __future__ import annotations

import os
import typing as t

from ..._runtime.errors import FederationError, InvalidOption
from ..objects import Object
from . import entries
from .files import paths, read
from .identity import impersonation

GIVEN = "the given kubeconfig"

_TEXT, _TRUTH, _LIST, _MAPPING = "a string", "true or false", "a list", "a mapping"
_FIELDS: dict[str, dict[str, str]] = {
    "cluster": {
        "server": _TEXT,
        "tls-server-name": _TEXT,
        "insecure-skip-tls-verify": _TRUTH,
        "certificate-authority": _TEXT,
        "certificate-authority-data": _TEXT,
        "proxy-url": _TEXT,
        # Nothing to be done: no answer is ever asked for in compressed form here.
        "disable-compression": _TRUTH,
        "extensions": _LIST,
    },
    "user": {
        "client-certificate": _TEXT,
        "client-certificate-data": _TEXT,
        "client-key": _TEXT,
        "client-key-data": _TEXT,
        "token": _TEXT,
        "tokenFile": _TEXT,
        "as": _TEXT,
        "as-uid": _TEXT,
        "as-groups": _LIST,
        "as-user-extra": _MAPPING,
        "username": _TEXT,
        "password": _TEXT,
        "auth-provider": _MAPPING,
        "exec": _MAPPING,
    },
    "exec": {
        "apiVersion": _TEXT,
        "command": _TEXT,
        "args": _LIST,
        "env": _LIST,
        "installHint": _TEXT,
        "interactiveMode": _TEXT,
        "provideClusterInfo": _TRUTH,
    },
}
_PATHS = {"cluster": ("certificate-authority",), "user": ("client-certificate", "client-key", "tokenFile")}


class Access(t.NamedTuple):
    """A cluster, and as whom it is reached: what a kubeconfig says, without its empty fields, with absolute paths.

    :ivar where: the context, for messages.
    """

    where: str
    cluster: Object
    user: Object


def load(kubeconfig: t.Any) -> list[tuple[Object, str]]:
    """What is in a kubeconfig's files, each with the folder where its relative paths begin.

    :param kubeconfig: a path, a dictionary with the content, or ``None`` for the files in KUBECONFIG, else
        ~/.kube/config. As in kubernetes.core, a path may be several, with colons between.
    :raises FederationError: one cannot be read, or is none.
    """
    if isinstance(kubeconfig, dict):
        return [(entries.check(kubeconfig, GIVEN), "")]
    path = path_of(kubeconfig)
    files = paths(path, os.environ)
    if path and os.pathsep in path and not os.path.exists(path):
        files = paths(None, {"KUBECONFIG": path})
    there = [file for file in files if os.path.exists(file)]
    if not there:
        raise FederationError(f"there is no file {' or '.join(files)}.")
    return [(entries.parse(read(file), file), os.path.dirname(os.path.abspath(file))) for file in there]


def path_of(kubeconfig: t.Any) -> str | None:
    """The path of a kubeconfig that is a file."""
    return os.path.expanduser(os.path.expandvars(str(kubeconfig))) if kubeconfig else None


def source_of(kubeconfig: t.Any) -> str:
    """What a kubeconfig is called in messages."""
    return GIVEN if isinstance(kubeconfig, dict) else (path_of(kubeconfig) or "the default kubeconfig")


def choose(files: t.Sequence[tuple[Object, str]], context: str | None, source: str) -> Access:
    """What a context leads to.

    :param files: of :func:`load`.
    :param context: ``None`` for the current one.
    :param source: what the kubeconfig is called in messages.
    :raises InvalidOption: there is no such context, or it is incomplete, or a field of it is not of its type.
    """
    for data, _folder in files:
        _check_unique(data, source)
    merged = entries.view([data for data, _folder in files])
    known, current = names(files)
    listed = ", ".join(sorted(known)) or "none"
    name = context or current
    if not name:
        raise InvalidOption(f"{source} has no current context. Choose one of its contexts: {listed}.")
    chosen = entries.find(merged, "contexts", name)
    if chosen is None:
        raise InvalidOption(f"there is no context {name!r} in {source}. It has: {listed}.")
    where = f"context {name} of {source}"
    parts: dict[str, Object] = {}
    for key in ("cluster", "user"):
        wanted = chosen.get(key) or ""
        folder = next((folder for data, folder in files if entries.find(data, f"{key}s", wanted) is not None), None)
        if folder is None and (wanted or key == "cluster"):
            raise InvalidOption(f"{where} names the {key} {wanted!r}, which does not exist.")
        content = entries.find(merged, f"{key}s", wanted) or {}
        parts[key] = _absolute(key, typed(key, content, f"{key} {wanted} of {source}"), folder or "")
    access = Access(where, parts["cluster"], parts["user"])
    _check(access)
    return access


def names(files: t.Sequence[tuple[Object, str]]) -> tuple[list[str], str | None]:
    """The names of all contexts, and of the current one."""
    merged = entries.view([data for data, _folder in files])
    return [entry["name"] for entry in merged["contexts"]], merged[entries.CURRENT] or None


def _check_unique(data: Object, source: str) -> None:
    for list_name in entries.LISTS:
        names = [entry["name"] for entry in data.get(list_name) or []]
        twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
        if twice:
            raise InvalidOption(f"{source} has {twice[0]!r} more than once in {list_name}, which kubectl rejects.")


def typed(kind: str, content: Object, where: str) -> Object:
    """The fields that say something, each of its type.

    :raises InvalidOption: one is of another type, which kubectl rejects too. Its value may be a secret.
    """
    types = {_TEXT: str, _TRUTH: bool, _LIST: list, _MAPPING: dict}
    result: Object = {}
    for key, value in content.items():
        wanted = _FIELDS[kind].get(key)
        if not wanted or value is None:
            continue
        if not isinstance(value, types[wanted]):
            hint = "; put it in quotes" if wanted == _TEXT and isinstance(value, (int, float)) else ""
            raise InvalidOption(f"{key} in {where} is a {entries.kind_of(value)}, it must be {wanted}{hint}.")
        if value not in ("", [], {}, False):
            result[key] = value
    return result


def _absolute(kind: str, content: Object, folder: str) -> Object:
    result = {**content, **{key: os.path.join(folder, content[key]) for key in _PATHS[kind] if key in content}}
    command = content.get("exec", {}).get("command")
    # Another one is looked for in PATH.
    if isinstance(command, str) and os.sep in command:
        result["exec"] = {**content["exec"], "command": os.path.join(folder, command)}
    return result


def _check(access: Access) -> None:
    cluster, user, where = access.cluster, access.user, access.where
    if "server" not in cluster:
        raise InvalidOption(f"{where}: its cluster has no server.")
    if cluster.get("insecure-skip-tls-verify") and {"certificate-authority", "certificate-authority-data"} & set(
        cluster
    ):
        raise InvalidOption(
            f"{where}: its cluster has insecure-skip-tls-verify and a certificate authority, which kubectl rejects."
            " Remove one of them."
        )
    if "as" not in user and {"as-uid", "as-groups", "as-user-extra"} & set(user):
        raise InvalidOption(
            f"{where}: its user has as-uid, as-groups or as-user-extra without as, which must name the user."
        )
    if ("token" in user or "tokenFile" in user) and ("username" in user or "password" in user):
        raise InvalidOption(f"{where}: its user has a token and a password; kubectl accepts only one of them.")
    if "exec" in user and "auth-provider" in user:
        raise InvalidOption(f"{where}: its user has exec and auth-provider; kubectl accepts only one of them.")
    if {"client-certificate", "client-certificate-data"} & set(user) and not (
        {"client-key", "client-key-data"} & set(user)
    ):
        raise InvalidOption(f"{where}: its user has a client certificate without a client-key.")
    impersonation(user, where)


__all__ = ("GIVEN", "Access", "choose", "load", "names", "path_of", "source_of", "typed")
