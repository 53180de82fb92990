# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Commands that get credentials: ``exec`` of a kubeconfig's user."""

from __future__ import annotations

import asyncio
import base64
import datetime
import json
import os
import shutil
import typing as t

from ..._runtime.errors import InvalidOption, Unavailable
from ..objects import Object
from .contexts import Access, typed
from .files import read
from .identity import Token

# Some plugins ask a person in a browser; kubectl would wait for ever.
PLUGIN_PATIENCE = 120.0

_API = "client.authentication.k8s.io/"
_PLUGIN_VERSIONS = (f"{_API}v1", f"{_API}v1beta1")
_CLUSTER_CONFIG = f"{_API}exec"
_MODES = ("Never", "IfAvailable", "Always")


class PluginFailed(Unavailable):
    """A command that gets credentials has failed: it may have asked somebody who did not answer."""


class Plugin:
    """A command that gets credentials.

    See https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins

    :raises InvalidOption: its entry is one that kubectl rejects, or it needs a terminal.
    """

    def __init__(self, access: Access) -> None:
        self._where = access.where
        self._entry = entry = typed("exec", access.user["exec"], f"exec of {access.where}")
        version, command = entry.get("apiVersion"), entry.get("command")
        if version not in _PLUGIN_VERSIONS:
            raise InvalidOption(
                f"{self._where}: apiVersion in its user's exec is {version!r}; kubectl takes"
                f" {' or '.join(_PLUGIN_VERSIONS)}. For an EKS cluster, the module eks_kubeconfig corrects it."
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
                f"{self._where}: {command} needs a terminal (interactiveMode: Always), and a task has none. Use a "
                "context whose credentials can be obtained without user interaction."
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
                f"{self._where}: the command {self._entry['command']}, which gets its credentials, does not exist or "
                f"cannot be executed (PATH is {os.environ.get('PATH', '')})."
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
        except TimeoutError as error:
            raise PluginFailed(
                f"{self._where}: {command} did not return credentials within {PLUGIN_PATIENCE:.0f} s."
            ) from error
        except (OSError, ValueError) as error:
            raise InvalidOption(
                f"{self._where}: {command}, which gets its credentials, cannot be run: {error}"
            ) from error
        if status:
            said = errors.decode(errors="replace").strip()
            raise PluginFailed(
                f"{self._where}: {command} returned no credentials and exited with {status}:"
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
            raise PluginFailed(f"{self._where}: {command} did not return an ExecCredential.") from error
        if version != self._entry["apiVersion"]:
            raise PluginFailed(
                f"{self._where}: {command} answered in {version!r} instead of {self._entry['apiVersion']}."
            )
        if bool(certificate) != bool(key) or not (token or certificate):
            raise PluginFailed(f"{self._where}: {command} returned neither a token nor a certificate and key.")
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
    except TimeoutError:
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


__all__ = ("PLUGIN_PATIENCE", "Plugin", "PluginFailed")
