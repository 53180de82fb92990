# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens for the cluster, and its kubeconfig entry."""

from __future__ import annotations

import base64
import dataclasses
import json
import time
import typing as t
from pathlib import Path

from labkit import settings
from labkit.bench.report import CACHED, COLD, OURS_ENTRY, PEER_ENTRY, PEER_TOKEN, Results, Row, Sample
from labkit.bench.run import Bench, Task, turned
from labkit.errors import LabError

CLUSTER = "vulcan"
MODULE = "cloudburst.federation.eks_kubeconfig"
# As kubectl starts an exec plugin
EXEC_INFO = json.dumps(
    {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "kind": "ExecCredential",
        "spec": {"interactive": False},
    }
)
NEW, UNCHANGED = "kubeconfig entry, new", "kubeconfig entry, unchanged"
NO_HELPER = "eks_kubeconfig's own helper"


@dataclasses.dataclass(frozen=True)
class Way:
    """A way to get tokens: what a client runs, and the file and options by which the module makes it so."""

    who: str
    command: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    file: str = ""
    options: tuple[tuple[str, str], ...] = ()


def choices(documentation: dict[str, t.Any]) -> list[dict[str, str]]:
    """Options that may make the module write another way of access: each choice of each option but its state.

    Asked of the module's documentation: which ways there are is the module's business. First its defaults.
    """
    options = documentation[MODULE]["doc"]["options"]
    found: list[dict[str, str]] = [{}]
    for name, option in sorted(options.items()):
        if name != "state":
            found += [{name: choice} for choice in option.get("choices") or [] if isinstance(choice, str)]
    return found


def way_of(kubeconfig: dict[str, t.Any], file: str, options: dict[str, str]) -> Way | None:
    """The way of access that a kubeconfig with one user has; None if no command is run for it."""
    users = kubeconfig.get("users") or []
    entry = users[0]["user"].get("exec") if users else None
    if not entry:
        return None
    command = (entry["command"], *(str(argument) for argument in entry.get("args") or []))
    env = tuple((variable["name"], variable["value"]) for variable in entry.get("env") or [])
    named = ", ".join(f"{name}={value}" for name, value in options.items())
    return Way(f"{OURS_ENTRY}'s entry{f', {named}' if named else ''}", command, env, file, tuple(options.items()))


def is_peers(way: Way) -> bool:
    """Whether it runs what the peer is."""
    return way.command[0].rpartition("/")[2] == "aws" and "get-token" in way.command


# -- tokens -----------------------------------------------------------------------------------------------------


def measure_tokens(bench: Bench, results: Results, runs: int) -> None:
    """Time the token command of each method of the module and of the peer, without and with a cache."""
    ways = [way for way in _ways(bench) if not is_peers(way)]
    peer = Way(PEER_TOKEN, ("aws", "--region", settings.REGION, "eks", "get-token", "--cluster-name", CLUSTER))
    if not ways:
        results.lack(Row(COLD, NO_HELPER), "not offered")
    results.expect(*(Row(COLD, way.who) for way in (*ways, peer)), *(Row(CACHED, way.who) for way in ways))
    if not ways:
        results.lack(Row(CACHED, NO_HELPER), "not offered")
    before: dict[Way, str] = {}
    for turn in range(runs):
        for way in turned([*ways, peer], turn):
            home = str(bench.emptied("home"))
            if way == peer:
                results.add(Row(COLD, way.who), _token(bench, way, home)[0])
                continue
            _written(bench, Path(way.file), dict(way.options))
            time.sleep(1.1)  # a token that is made anew differs by its second
            sample, cold = _token(bench, way, home)
            if cold == before.get(way):
                raise LabError(f"{way.who} has its cache neither beside the kubeconfig nor in the home directory")
            results.add(Row(COLD, way.who), sample)
            before[way] = cold
            time.sleep(1.1)
            sample, again = _token(bench, way, home)
            if again == cold:
                results.add(Row(CACHED, way.who), sample)
                results.helper = way.who
            else:
                results.lack(Row(CACHED, way.who), "not cached")


def _ways(bench: Bench) -> list[Way]:
    documentation = json.loads(bench.read("ansible-doc", "-t", "module", "-j", MODULE))
    ways: dict[tuple[str, ...], Way] = {}
    for number, options in enumerate(choices(documentation)):
        file = bench.scratch / f"way-{number}" / "config"
        try:
            kubeconfig = _written(bench, file, options)
        except LabError:
            if not options:
                raise
            continue  # a choice that asks for other options too
        way = way_of(kubeconfig, str(file), options)
        if way is not None:
            same = tuple(word.replace(str(file.parent), "") for word in way.command)
            ways.setdefault(same, way)
    return list(ways.values())


def _written(bench: Bench, file: Path, options: dict[str, str]) -> dict[str, t.Any]:
    """A new kubeconfig of the module, in a directory with nothing else: what is run for a token may lie there too."""
    bench.emptied(file.parent.name)
    bench.do(_entry(str(file), **options))
    return t.cast("dict[str, t.Any]", json.loads(bench.read("kubectl", "--kubeconfig", str(file), *_VIEW)))


_VIEW = ("config", "view", "--raw", "-o", "json")


def _token(bench: Bench, way: Way, home: str) -> tuple[Sample, str]:
    """A token, got as kubectl would, with a home directory for what is cached."""
    env = {"HOME": home, "XDG_CACHE_HOME": f"{home}/.cache", "KUBERNETES_EXEC_INFO": EXEC_INFO, **dict(way.env)}
    sample, output = bench.command(*way.command, env=env)
    token = str(json.loads(output)["status"]["token"])
    if not token.startswith("k8s-aws-v1.") or b"X-Amz-Signature" not in base64.urlsafe_b64decode(f"{token[11:]}=="):
        raise LabError(f"{way.who} gave no token of EKS")
    return sample, token


# -- kubeconfig entries -----------------------------------------------------------------------------------------


def measure_entries(bench: Bench, results: Results, runs: int) -> None:
    """Write the entry into a file that is not there, and again."""
    who = (OURS_ENTRY, PEER_ENTRY)
    results.expect(*(Row(what, name) for what in (NEW, UNCHANGED) for name in who))
    for turn in range(runs):
        for name in turned(who, turn):
            file = str(bench.emptied("entry") / "config")
            for what, changed in ((NEW, True), (UNCHANGED, False)):
                if name == OURS_ENTRY:
                    sample = bench.task(_entry(file), changed=changed)
                else:
                    update = ("aws", "--region", settings.REGION, "eks", "update-kubeconfig", "--name", CLUSTER)
                    sample = bench.command(*update, "--alias", CLUSTER, "--kubeconfig", file)[0]
                results.add(Row(what, name), sample)


def _entry(file: str, **options: str) -> Task:
    return {MODULE: {"name": CLUSTER, "region": settings.REGION, "alias": CLUSTER, "kubeconfig": file, **options}}
