# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secrets in the lab, and the places that are searched for them."""

from __future__ import annotations

import base64
import configparser
import contextlib
import json
import os
import re
import stat
import subprocess
import typing as t
from pathlib import Path

import yaml

from labkit import settings
from labkit.leaks.forms import TOKEN

KUBEFED = "kube-federation-system"
# Where secrets have to be, each with the reason: pattern of the place → pattern of the secrets' names, reason.
ALLOWED: tuple[tuple[str, str, str], ...] = (
    (r"mgmt: ~/\.kube/config", "kubeconfig .*", "the administrator's own file, from before the burst"),
    (r"mgmt: ~/\.kube/config\.eks/tokens/[^/]+", f"{TOKEN}.*", "the helper's cache, for 14 minutes"),
    (r"mgmt: ~/\.aws/credentials", "AWS .*", "where the AWS CLI looks for them"),
    (r"mgmt: ~/\.ssh/id_ed25519", "SSH key", "the key by which Ansible reaches the machines"),
    (r"fw: /etc/swanctl/cloudburst-[^/]+/[12]/swanctl\.conf", "pre-shared key .*", "strongSwan reads its keys there"),
    # Nobody but the user and root can read it; it is how the user gives them to Ansible.
    (r"environ of .*", "AWS default .*", "the user has exported them"),
)
_LARGEST = 64 * 2**20


def secrets() -> dict[str, str]:
    """All secrets that are known to be in the lab now, by name, from where they truly are."""
    import boto3

    found: dict[str, str] = {}
    credentials = configparser.ConfigParser()
    credentials.read(settings.HOME / ".aws" / "credentials")
    for profile in credentials.sections():
        for key in ("aws_secret_access_key", "aws_session_token"):
            if credentials.has_option(profile, key):
                found[f"AWS {profile} {key}"] = credentials[profile][key]
    connections = boto3.Session(profile_name="admin").client("ec2").describe_vpn_connections()["VpnConnections"]
    for connection in connections:
        keys = re.findall("<pre_shared_key>([^<]+)<", connection.get("CustomerGatewayConfiguration") or "")
        for number, key in enumerate(keys, 1):
            found[f"pre-shared key {number} of {connection['VpnConnectionId']}"] = key
    kubeconfig = yaml.safe_load(settings.KUBECONFIG.read_text())
    for user in kubeconfig.get("users") or []:
        data = (user.get("user") or {}).get("client-key-data")
        if data:
            found[f"kubeconfig {user['name']}"] = base64.b64decode(data).decode()
    for file in (settings.HOME / ".kube" / "config.eks" / "tokens").glob("*.json"):
        found[f"{TOKEN} {file.stem[:8]}"] = json.loads(file.read_text())["token"]
    # Any two keys have the first lines in common, and what is the public one
    found["SSH key"] = "\n".join((settings.HOME / ".ssh" / "id_ed25519").read_text().splitlines()[4:5])
    for context in kubeconfig["contexts"]:
        found.update(_of_kubefed(context["name"]))
    return found


def _of_kubefed(context: str) -> dict[str, str]:
    """The tokens and the keys of certificates in KubeFed's namespace of a cluster."""
    done = subprocess.run(
        ["kubectl", "--context", context, "-n", KUBEFED, "get", "secrets", "-o", "json", "--request-timeout=20s"],
        capture_output=True,
        text=True,
        check=False,
    )
    found = {}
    for secret in json.loads(done.stdout or '{"items": []}')["items"]:
        for key in ("token", "tls.key"):
            if (secret.get("data") or {}).get(key):
                found[f"{key} {secret['metadata']['name']} in {context}"] = base64.b64decode(
                    secret["data"][key]
                ).decode()
    return found


def texts(since: float, folder: Path) -> t.Iterator[tuple[str, bytes]]:
    """Everything that is searched: the name of the place, and its content.

    :param since: files of the machine's own folders are looked at when they are newer than this.
    :param folder: output and fact cache of the run.
    """
    yield from _files("run", folder, shown=".")
    yield from _files("mgmt", settings.HOME, shown="~")
    for place in ("/tmp", "/var/tmp", "/dev/shm"):
        yield from _files("mgmt", Path(place), since=since, without=(folder,))
    for name in (settings.NS_FW, settings.NS_EARTH):
        root = Path(f"/proc/{_init(name)}/root")
        for place in ("etc", "home", "root", "run", "tmp", "usr/local", "var/log", "var/tmp"):
            yield from _files(name, root / place, shown=f"/{place}")
        for command in ("journalctl --no-pager -o cat", "nft list ruleset", "ip address; ip route show table all"):
            yield f"{name}: {command}", _said("ssh", name, command)
    for file in settings.LOG.glob("earth-*.log"):
        yield f"log {file.name}", file.read_bytes()
    yield from _files("pods' logs", settings.STATE / "cover" / "var" / "log" / "pods")
    yield from _stacks()


def _files(
    host: str, root: Path, *, shown: str = "", since: float = 0.0, without: t.Collection[Path] = ()
) -> t.Iterator[tuple[str, bytes]]:
    for directory, folders, names in os.walk(root):
        # A checkout is no place of the run's, and may be anywhere
        folders[:] = [name for name in folders if Path(directory, name) not in (settings.REPOSITORY, *without)]
        for name in names:
            path = Path(directory, name)
            with contextlib.suppress(OSError):
                state = path.lstat()
                if stat.S_ISREG(state.st_mode) and state.st_mtime >= since and state.st_size <= _LARGEST:
                    within = path.relative_to(root)
                    yield f"{host}: {within if shown == '.' else f'{shown or root}/{within}'}", path.read_bytes()


def mode_of(place: str) -> str:
    """Mode and owner of a file that may hold a secret, as "600 root"."""
    host, _colon, path = place.partition(": ")
    if host != "mgmt":
        return _said("ssh", host, f"stat -c '%a %U' {path}").decode().strip()
    file = Path(str(path).replace("~", str(settings.HOME), 1))
    return f"{stat.S_IMODE(file.stat().st_mode):o} {file.owner()}"


def _init(machine: str) -> str:
    """The first process of a machine."""
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (path / "cmdline").read_bytes().split(b"\0")
            if words[0].endswith(b"systemd-nspawn") and f"--machine={machine}".encode() in words:
                return (path / "task" / path.name / "children").read_text().split()[0]
    raise SystemExit(f"leaks: the machine {machine} does not run")


def _said(*words: str) -> bytes:
    return subprocess.run(words, capture_output=True, check=False).stdout


def _stacks() -> t.Iterator[tuple[str, bytes]]:
    import boto3

    client = boto3.Session(profile_name="admin").client("cloudformation")
    for stack in client.describe_stacks()["Stacks"]:
        name = stack["StackName"]
        yield f"stack {name}: parameters and outputs", json.dumps(stack, default=str).encode()
        template = client.get_template(StackName=name)["TemplateBody"]
        yield f"stack {name}: template", json.dumps(template, default=str).encode()
        events = client.describe_stack_events(StackName=name)["StackEvents"]
        yield f"stack {name}: events", json.dumps(events, default=str).encode()


def allowed(place: str, name: str) -> bool:
    """Whether a secret may be there."""
    return any(re.fullmatch(where, place) and re.fullmatch(which, name) for where, which, _why in ALLOWED)
