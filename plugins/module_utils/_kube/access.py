# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What a context of a kubeconfig leads to, field by field as kubectl has it.

The kubernetes library for Python reads some fields in another way, and leaves out others without a word: ``as`` and its
like, so that a request is made with more rights than its user meant. What is here follows client-go v1.35:

- tools/clientcmd/loader.go (Load, ResolveLocalPaths): of several files the first that has an entry, or a current
  context, counts; relative paths begin at the file that they are in;
- tools/clientcmd/validation.go (validateAuthInfo, validateClusterInfo): what can't go together;
- tools/clientcmd/client_config.go (ClientConfig): an API server without TLS gets no credentials;
- transport/round_trippers.go (NewImpersonatingRoundTripper, NewBearerAuthWithRefreshRoundTripper);
- plugin/pkg/client/auth/exec/exec.go.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import json
import os
import shutil
import time
import typing as t
from urllib.parse import quote, urlsplit

from .._runtime.errors import FederationError, InvalidOption, Unavailable
from .kubeconfig import entries
from .kubeconfig.files import paths, read

Object = dict[str, t.Any]
Headers = t.Sequence[tuple[str, str]]

GIVEN = "the given kubeconfig"
# Some plugins ask a person in a browser; kubectl would wait for ever.
PLUGIN_PATIENCE = 120.0
# A token has to last for the request that it is for.
SPARE_SECONDS = 10.0

_API = "client.authentication.k8s.io/"
_PLUGIN_VERSIONS = (f"{_API}v1", f"{_API}v1beta1")
_CLUSTER_CONFIG = f"{_API}exec"
_MODES = ("Never", "IfAvailable", "Always")

_TEXT, _TRUTH, _LIST, _MAPPING = "a text", "true or false", "a list", "a mapping"
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


class Token(t.NamedTuple):
    """What goes into the header Authorization.

    :ivar value: all of it, or empty.
    :ivar expires: when it does, in seconds since 1970, or ``None``.
    """

    value: str
    expires: float | None = None


class PluginFailed(Unavailable):
    """A command that gets credentials has failed: it may have asked somebody who did not answer."""


# -- reading


def contents(kubeconfig: t.Any) -> list[tuple[Object, str]]:
    """What is in a kubeconfig's files, each with the folder where its relative paths begin.

    :param kubeconfig: a path, a dictionary with the content, or ``None`` for the files in KUBECONFIG, else
        ~/.kube/config. As in kubernetes.core, a path may be several, with colons between.
    :raises FederationError: one can't be read, or is none.
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


def place_of(kubeconfig: t.Any) -> str:
    """What a kubeconfig is called in messages."""
    return GIVEN if isinstance(kubeconfig, dict) else (path_of(kubeconfig) or "the default kubeconfig")


def choose(files: t.Sequence[tuple[Object, str]], context: str | None, place: str) -> Access:
    """What a context leads to.

    :param files: of :func:`contents`.
    :param context: ``None`` for the current one.
    :param place: what the kubeconfig is called in messages.
    :raises InvalidOption: there is no such context, or it is incomplete, or a field of it is not of its type.
    """
    for data, _folder in files:
        _refuse_twice(data, place)
    merged = entries.view([data for data, _folder in files])
    known, current = names(files)
    listed = ", ".join(sorted(known)) or "none"
    name = context or current
    if not name:
        raise InvalidOption(f"{place} has no current context. Name one of its contexts: {listed}.")
    chosen = entries.find(merged, "contexts", name)
    if chosen is None:
        raise InvalidOption(f"there is no context {name!r} in {place}. It has: {listed}.")
    where = f"context {name} of {place}"
    parts: dict[str, Object] = {}
    for key in ("cluster", "user"):
        wanted = chosen.get(key) or ""
        folder = next((folder for data, folder in files if entries.find(data, f"{key}s", wanted) is not None), None)
        if folder is None and (wanted or key == "cluster"):
            raise InvalidOption(f"{where} names the {key} {wanted!r}, and there is none of this name.")
        content = entries.find(merged, f"{key}s", wanted) or {}
        parts[key] = _absolute(key, _typed(key, content, f"{key} {wanted} of {place}"), folder or "")
    access = Access(where, parts["cluster"], parts["user"])
    _check(access)
    return access


def names(files: t.Sequence[tuple[Object, str]]) -> tuple[list[str], str | None]:
    """The names of all contexts, and of the current one."""
    merged = entries.view([data for data, _folder in files])
    return [entry["name"] for entry in merged["contexts"]], merged[entries.CURRENT] or None


def _refuse_twice(data: Object, place: str) -> None:
    for list_name in entries.LISTS:
        names = [entry["name"] for entry in data.get(list_name) or []]
        twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
        if twice:
            raise InvalidOption(f"{place} has {twice[0]!r} more than once in {list_name}, which kubectl refuses.")


def _typed(kind: str, content: Object, where: str) -> Object:
    """The fields that say something, each of its type.

    :raises InvalidOption: one is of another type, which kubectl refuses too. Its value may be a secret.
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
            f"{where}: its cluster has insecure-skip-tls-verify and a certificate authority, which kubectl refuses."
            " Take one of them out."
        )
    if "as" not in user and {"as-uid", "as-groups", "as-user-extra"} & set(user):
        raise InvalidOption(
            f"{where}: its user has as-uid, as-groups or as-user-extra without as, which says for whom."
        )
    if ("token" in user or "tokenFile" in user) and ("username" in user or "password" in user):
        raise InvalidOption(f"{where}: its user has a token and a password; kubectl takes only one of them.")
    if "exec" in user and "auth-provider" in user:
        raise InvalidOption(f"{where}: its user has exec and auth-provider; kubectl takes only one of them.")
    if {"client-certificate", "client-certificate-data"} & set(user) and not (
        {"client-key", "client-key-data"} & set(user)
    ):
        raise InvalidOption(f"{where}: its user has a client certificate without a client-key.")
    impersonation(access)


# -- as whom


def impersonation(access: Access) -> Headers:
    """The headers by which an API server takes a request as somebody else's.

    :raises InvalidOption: as-groups or as-user-extra hold what is no text.
    """
    user = access.user
    if "as" not in user:
        return []
    groups, extra = user.get("as-groups") or [], user.get("as-user-extra") or {}
    values = [group for group in groups if not isinstance(group, str)]
    values += [
        v for each in extra.values() for v in (each if isinstance(each, list) else [None]) if not isinstance(v, str)
    ]
    if values or not all(isinstance(key, str) for key in extra):
        raise InvalidOption(
            f"{access.where}: as-groups must be a list of texts, and as-user-extra lists of texts by name."
        )
    result = [("Impersonate-User", user["as"])]
    if "as-uid" in user:
        result.append(("Impersonate-Uid", user["as-uid"]))
    result += [("Impersonate-Group", group) for group in groups]
    # headerKeyEscape() in round_trippers.go
    result += [
        (f"Impersonate-Extra-{quote(key, safe=_HEADER_MARKS)}", value) for key, each in extra.items() for value in each
    ]
    # On the wire it is UTF-8, and a header is latin-1 to Python.
    return [(name, value.encode().decode("latin-1")) for name, value in result]


_HEADER_MARKS = "!#$&'*+-.^_`|~"


class Identity:
    """As whom requests are made.

    :param token: of the header Authorization.
    :param headers: further ones.
    :param renew: gets another token, where it expires.
    """

    def __init__(
        self, token: Token | None = None, headers: Headers = (), renew: t.Callable[[], Token] | None = None
    ) -> None:
        self._token = token or Token("")
        self._headers = list(headers)
        self._renew = renew

    def with_token(self, value: str) -> Identity:
        """The same, by a token that is given."""
        return Identity(Token(f"Bearer {value}"), self._headers)

    def headers(self) -> Headers:
        """The headers of a request.

        :raises PluginFailed: the token has expired, and no other could be had.
        """
        expires = self._token.expires
        if self._renew and expires is not None and expires - SPARE_SECONDS <= time.time():
            self._token = self._renew()
        authorization = [("Authorization", self._token.value)] if self._token.value else []
        return [*authorization, *self._headers]


def check_credentials(access: Access) -> None:
    """Refuse credentials that can't be had in this way, as far as that is known without getting them.

    :raises InvalidOption: there are none, or the command that gets them is not there.
    """
    user = access.user
    if "exec" in user and not {"token", "tokenFile", "username", "client-certificate", "client-certificate-data"} & set(
        user
    ):
        Plugin(access).command()


class Credentials(t.NamedTuple):
    """What a user is known by.

    :ivar identity: what goes into requests.
    :ivar certificate: fields of a kubeconfig's user with the client's certificate and its key, or nothing.
    """

    identity: Identity
    certificate: Object


def credentials(access: Access) -> Credentials:
    """The credentials of a user.

    A token goes before a command or a provider that gets one, and a file with a token before the token beside it. A
    client certificate goes along with either, but with one no command is run.

    :raises InvalidOption: there are none to be had in this way.
    :raises PluginFailed: the command that gets them has failed.
    """
    user, headers = access.user, impersonation(access)
    if urlsplit(access.cluster["server"]).scheme != "https":
        return Credentials(Identity(headers=headers), {})
    certificate = {key: user[key] for key in user if key.startswith(("client-certificate", "client-key"))}
    if "tokenFile" in user or "token" in user:
        return Credentials(Identity(Token(f"Bearer {_token_of(access)}"), headers), certificate)
    if "username" in user or "password" in user:
        pair = f"{user.get('username', '')}:{user.get('password', '')}"
        return Credentials(Identity(Token(f"Basic {base64.b64encode(pair.encode()).decode()}"), headers), certificate)
    if "auth-provider" in user:
        return Credentials(Identity(_provided(access), headers), certificate)
    if "exec" in user and not certificate:
        plugin = Plugin(access)
        token, certificate = plugin.run()
        return Credentials(Identity(token, headers, renew=lambda: plugin.run()[0]), certificate)
    return Credentials(Identity(headers=headers), certificate)


def _token_of(access: Access) -> str:
    path = access.user.get("tokenFile")
    if not path:
        return str(access.user["token"])
    try:
        found = read(path).strip()
    except FederationError as error:
        found, why = "", error.message
    else:
        why = f"{path} is empty or not there."
    if not found and "token" not in access.user:
        raise InvalidOption(f"{access.where}: the tokenFile of its user can't be used: {why}")
    return found or str(access.user["token"])


def _provided(access: Access) -> Token:
    """The token that kubectl has left with an auth-provider.

    Only oidc is left of them in client-go, and there it asks the provider for another token with a secret of the user's
    when that has expired. That is left to kubectl: what comes back has to be written into the kubeconfig.
    """
    provider = access.user["auth-provider"]
    name, config = provider.get("name"), provider.get("config") or {}
    if name != "oidc":
        raise InvalidOption(
            f"{access.where}: its user has the auth-provider {name!r}, which kubectl no longer takes either."
            " Put a command that gets tokens in its place (exec), as the provider's documentation says."
        )
    token = config.get("id-token") if isinstance(config, dict) else None
    try:
        body = str(token).split(".")[1]
        expires = float(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["exp"])
    except (LookupError, ValueError, TypeError):
        expires = 0.0
    if expires - SPARE_SECONDS <= time.time():
        raise InvalidOption(
            f"{access.where}: its user has the auth-provider oidc, and the id-token there has expired. Run a command of"
            " kubectl's with this context first: it gets another one and keeps it in the kubeconfig."
        )
    return Token(f"Bearer {token}")


# -- commands that get credentials


class Plugin:
    """A command that gets credentials.

    See https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins

    :raises InvalidOption: its entry is one that kubectl refuses, or it needs a terminal.
    """

    def __init__(self, access: Access) -> None:
        self._where = access.where
        self._entry = entry = _typed("exec", access.user["exec"], f"exec of {access.where}")
        version, command = entry.get("apiVersion"), entry.get("command")
        if version not in _PLUGIN_VERSIONS:
            raise InvalidOption(
                f"{self._where}: apiVersion in its user's exec is {version!r}; kubectl takes"
                f" {' or '.join(_PLUGIN_VERSIONS)}. For an EKS cluster, the module eks_kubeconfig mends it."
            )
        if not command:
            raise InvalidOption(f"{self._where}: its user's exec names no command.")
        mode = entry.get("interactiveMode") or ("IfAvailable" if version == _PLUGIN_VERSIONS[1] else None)
        if mode not in _MODES:
            raise InvalidOption(
                f"{self._where}: interactiveMode in its user's exec is {mode!r}; allowed are {', '.join(_MODES)}."
            )
        if mode == "Always":
            raise InvalidOption(
                f"{self._where}: {command} needs a terminal (interactiveMode: Always), and a task has none. Use a"
                " context whose credentials can be had without a person."
            )
        self._arguments = [str(word) for word in entry.get("args") or []]
        self._environment: dict[str, str] = {}
        for variable in entry.get("env") or []:
            if not isinstance(variable, dict) or not variable.get("name"):
                raise InvalidOption(f"{self._where}: an entry of env in its user's exec has no name.")
            self._environment[str(variable["name"])] = str(variable.get("value") or "")
        self._info: Object = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
        if entry.get("provideClusterInfo"):
            self._info["spec"]["cluster"] = _cluster_info(access)

    def command(self) -> str:
        """The path of the command.

        :raises InvalidOption: there is no such command.
        """
        command = shutil.which(self._entry["command"])
        if command is None:
            hint = self._entry.get("installHint")
            raise InvalidOption(
                f"{self._where}: the command {self._entry['command']}, which gets its credentials, is not there, or"
                f" can't be executed (PATH is {os.environ.get('PATH', '')})."
                + (f" The kubeconfig says how to install it: {hint}" if hint else " Install it, or set PATH.")
            )
        return command

    def run(self) -> tuple[Token, Object]:
        """A token, and the fields of a client certificate; either may be empty, but not both.

        :raises InvalidOption: there is no such command.
        :raises PluginFailed: it ends with an error, or says what is no answer.
        """
        command = self.command()
        environment = {**os.environ, **self._environment, "KUBERNETES_EXEC_INFO": json.dumps(self._info)}
        try:
            status, output, errors = asyncio.run(_ended([command, *self._arguments], environment))
        except asyncio.TimeoutError as error:
            raise PluginFailed(
                f"{self._where}: {command} has got no credentials in {PLUGIN_PATIENCE:.0f} s."
            ) from error
        except (OSError, ValueError) as error:
            raise InvalidOption(
                f"{self._where}: {command}, which gets its credentials, can't be run: {error}"
            ) from error
        if status:
            said = errors.decode(errors="replace").strip()
            raise PluginFailed(
                f"{self._where}: {command} has got no credentials, it ended with {status}:"
                f" {said[-1000:] or 'it said nothing'}"
            )
        return self._status(command, output)

    def _status(self, command: str, answer: bytes) -> tuple[Token, Object]:
        try:
            found = json.loads(answer)
            status = found["status"]
            version = found["apiVersion"]
            token, expires = status.get("token") or "", status.get("expirationTimestamp")
            certificate, key = status.get("clientCertificateData"), status.get("clientKeyData")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise PluginFailed(f"{self._where}: {command} has answered with what is no ExecCredential.") from error
        if version != self._entry["apiVersion"]:
            raise PluginFailed(
                f"{self._where}: {command} has answered in {version!r}, and was asked for {self._entry['apiVersion']}."
            )
        if bool(certificate) != bool(key) or not (token or certificate):
            raise PluginFailed(f"{self._where}: {command} has answered with neither a token nor a certificate and key.")
        pair = {"client-certificate-data": certificate, "client-key-data": key} if certificate else {}
        encoded = {name: base64.b64encode(str(pem).encode()).decode() for name, pem in pair.items()}
        return Token(f"Bearer {token}" if token else "", _seconds(expires)), encoded


async def _ended(words: t.Sequence[str], environment: t.Mapping[str, str]) -> tuple[int, bytes, bytes]:
    """Run a command: its exit status and what it wrote. It is killed when it takes too long.

    No module is at hand whose run_command() would do, and that one knows no time limit.
    """
    process = await asyncio.create_subprocess_exec(
        *words,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(), PLUGIN_PATIENCE)
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()
        raise
    return int(process.returncode or 0), output, errors


def _cluster_info(access: Access) -> Object:
    """The cluster as a command is told of it: ConfigToExecCluster() in client-go's rest/exec.go."""
    cluster = access.cluster
    names = ("server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority-data", "proxy-url")
    info = {name: cluster[name] for name in (*names, "disable-compression") if name in cluster}
    path = cluster.get("certificate-authority")
    if path and "certificate-authority-data" not in info:
        info["certificate-authority-data"] = base64.b64encode(read(path).encode()).decode()
    for extension in cluster.get("extensions") or []:
        if isinstance(extension, dict) and extension.get("name") == _CLUSTER_CONFIG:
            info["config"] = extension.get("extension")
    return info


def _seconds(stamp: t.Any) -> float | None:
    """An RFC 3339 time in seconds since 1970; ``None`` where there is none that can be read."""
    text = str(stamp or "").strip().replace("Z", "+00:00").replace("z", "+00:00")
    head, dot, tail = text.partition(".")
    # Python 3.9 wants three or six digits of a second's parts; none are needed.
    text = head + tail.lstrip("0123456789") if dot else head
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None


__all__ = (
    *("Access", "Credentials", "Identity", "Plugin", "PluginFailed", "Token", "check_credentials", "choose"),
    *("contents", "credentials"),
    *("impersonation", "names", "path_of", "place_of"),
)
