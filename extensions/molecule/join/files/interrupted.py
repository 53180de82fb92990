# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kills joins and leaves after each of their calls in turn, and looks what the next run makes of the rest.

interrupted.py HOST_CONTEXT MEMBER_CONTEXT: prints what was tried as JSON; exits with 1 when a run ended elsewhere than
an undisturbed one does.

Each try has a namespace of its own with a KubeFedConfig in it, so that many go side by side. No controller looks after
these namespaces, but the API servers and KubeFed's webhook are the lab's. The same steps are then left by kubefedctl's
hand: by its program for the whole way, and object by object as its source makes them for a part of it.
"""

from __future__ import annotations

import concurrent.futures
import copy
import itertools
import json
import os
import re
import subprocess
import sys
import threading
import typing as t

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.client import Client
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.connect import connect_as
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.diff import Changes
from ansible_collections.cloudburst.federation.plugins.module_utils._kube.objects import Object, decoded
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.api import DEFAULT_NAMESPACE, path_of
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.membership import manifests
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.membership.join import join
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.membership.model import Membership
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.membership.session import Session
from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.membership.unjoin import unjoin
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.wait import Waiter

HOST_CONTEXT, MEMBER_CONTEXT = sys.argv[1:3]
SCOPES = ("Cluster", "Namespaced")
NAMED = ("ClusterRole", "ClusterRoleBinding")
INSIDE = ("ServiceAccount", "Secret", "Role", "RoleBinding")


class Killed(BaseException):
    """What a SIGKILL is to a process: nothing catches it."""


class Calls:
    """Counts the calls of one run to both API servers, and ends the run after some of them."""

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self.made = 0

    def client(self, whole: Client) -> Client:
        client = copy.copy(whole)
        plain = client.request

        def request(*args: t.Any, **kwargs: t.Any) -> Object:
            try:
                return plain(*args, **kwargs)
            finally:
                with self._lock:
                    self.made += 1
                    over = self._limit is not None and self.made >= self._limit
                if over:
                    raise Killed

        client.request = request
        return client


NOTHING = dict.fromkeys(("kubeconfig", "host", "api_key", "ca_cert", "validate_certs"))
HOST = connect_as({**NOTHING, "context": HOST_CONTEXT}, label="host")
MEMBER = connect_as({**NOTHING, "context": MEMBER_CONTEXT}, label="member")


class Try:
    """One membership with a name and a namespace that nobody else has."""

    numbers = itertools.count(1)

    def __init__(self, scope: str) -> None:
        self.name = f"killed-{os.getpid()}-{next(self.numbers):03}"
        self.scope = scope
        HOST.create(path_of("Namespace", None), {"metadata": {"name": self.name}})
        source = HOST.get(path_of("KubeFedConfig", DEFAULT_NAMESPACE, "kubefed")) or {}
        config = {
            "apiVersion": source["apiVersion"],
            "kind": "KubeFedConfig",
            "metadata": {"name": "kubefed", "namespace": self.name},
            "spec": {**source["spec"], "scope": scope},
        }
        HOST.create(path_of("KubeFedConfig", self.name), config)

    def _run(self, limit: int | None, action: t.Callable[[Session], t.Any]) -> tuple[int, bool]:
        """:returns: calls made, and whether the run came to its end."""
        calls, changes = Calls(limit), Changes()
        session = Session(
            Membership(name=self.name, namespace=self.name, host_name="earth", default_host_name="earth"),
            calls.client(HOST),
            calls.client(MEMBER),
            waiter=Waiter(timeout=60, sleep=1),
            check_mode=False,
            changes=changes,
            slice_state={},
        )
        try:
            action(session)
        except Killed:
            return calls.made, False
        return calls.made, True

    def join(self, limit: int | None = None) -> tuple[int, bool]:
        return self._run(limit, lambda session: join(session, wait=False))

    def leave(self, limit: int | None = None) -> tuple[int, bool]:
        return self._run(limit, lambda session: unjoin(session, wait=False))

    def kubefedctl(self, command: str, *more: str) -> None:
        words = ["kubefedctl", command, self.name, "--kubefed-namespace", self.name, "--host-cluster-name", "earth"]
        words += ["--host-cluster-context", HOST_CONTEXT, "--cluster-context", MEMBER_CONTEXT, *more]
        subprocess.run(words, check=True, capture_output=True, text=True)

    def kubefedctl_until(self, step: int) -> None:
        """The first steps of kubefedctl join, in its order and with its objects."""
        account = manifests.account_name(self.name, "earth")
        made = manifests.member_manifests(account, self.name, self.scope)
        for manifest in made[:step]:
            MEMBER.create(path_of(manifest["kind"], self.name), manifest)
        if step > len(made):
            secret = path_of("Secret", self.name, account)
            token = ""
            while not token:
                token = decoded(MEMBER.get(secret), "token")
            manifest = manifests.host_secret(f"{self.name}-", self.name, token)
            manifest["metadata"] = {"generateName": f"{self.name}-", "namespace": self.name}
            HOST.create(path_of("Secret", self.name), manifest)

    def objects(self) -> dict[str, t.Any]:
        """All there is of the membership on both sides, without what differs from one time to the next."""
        found: dict[str, t.Any] = {}
        namespace = MEMBER.get(path_of("Namespace", None, self.name))
        if namespace and not namespace["metadata"].get("deletionTimestamp"):
            found["member Namespace"] = {}
            for kind in INSIDE:
                self._add(found, "member", kind, MEMBER.list(path_of(kind, self.name)))
        for kind in NAMED:
            mine = [item for item in MEMBER.list(path_of(kind, None)) if self.name in item["metadata"]["name"]]
            self._add(found, "member", kind, mine)
        for kind in ("Secret", "KubeFedCluster"):
            self._add(found, "host", kind, HOST.list(path_of(kind, self.name)))
        return found

    def _add(self, found: dict[str, t.Any], side: str, kind: str, items: list[Object]) -> None:
        for item in items:
            metadata = item.pop("metadata")
            if metadata["name"] in ("default", "kube-root-ca.crt"):
                continue
            labels = dict(metadata.get("labels") or {})
            # Kubernetes notes there when a token was used
            labels.pop("kubernetes.io/legacy-token-last-used", None)
            annotations = {
                key: "" if key in (manifests.ACCOUNT_UID_ANNOTATION, manifests.TOKEN_ANNOTATION) else value
                for key, value in (metadata.get("annotations") or {}).items()
            }
            data = item.pop("data", None)
            if data is not None:
                item["keys"] = sorted(data)
                item["token of"] = manifests.account_of_token(decoded({"data": data}, "token"))
            item.pop("status", None)
            text = json.dumps({**item, "labels": labels, "annotations": annotations}).replace(self.name, "NAME")
            found[f"{side} {kind} {metadata['name']}".replace(self.name, "NAME")] = json.loads(text)

    def clear(self) -> None:
        """Take away what the test has made, without waiting."""
        HOST.delete(path_of("Namespace", None, self.name))
        MEMBER.delete(path_of("Namespace", None, self.name))
        for kind in NAMED:
            for item in MEMBER.list(path_of(kind, None)):
                if self.name in item["metadata"]["name"]:
                    MEMBER.delete(path_of(kind, None, item["metadata"]["name"]))


def mended(objects: dict[str, t.Any]) -> dict[str, t.Any]:
    """With a health check's verb as it was meant: v0.10.0 writes "Get"."""
    return t.cast("dict[str, t.Any]", json.loads(json.dumps(objects).replace('"Get"', '"get"')))


def like_kubefedctl(objects: dict[str, t.Any]) -> dict[str, t.Any]:
    """Without what kubefedctl does otherwise: the Secret's generated name, no mark, an empty proxy."""
    text = re.sub(r'NAME-(token|[a-z0-9]{5})"', 'NAME-SECRET"', json.dumps(mended(objects)))
    found = json.loads(text)
    for item in found.values():
        item.get("annotations", {}).pop(manifests.TOKEN_ANNOTATION, None)
        if item.get("spec", {}).get("proxyURL") == "":
            del item["spec"]["proxyURL"]
    return t.cast("dict[str, t.Any]", found)


def differing(what: str, found: dict[str, t.Any], wanted: dict[str, t.Any]) -> list[str]:
    return [
        f"{what}: {key} is {found.get(key)} and should be {wanted.get(key)}"
        for key in sorted(found.keys() | wanted.keys())
        if found.get(key) != wanted.get(key)
    ]


def killed_join(scope: str, limit: int, wanted: dict[str, t.Any]) -> list[str]:
    one = Try(scope)
    try:
        one.join(limit)
        one.join()
        found = differing(f"{scope}: join killed after call {limit}, joined again", one.objects(), wanted)
        one.leave()
        return found + differing(f"{scope}: join killed after call {limit}, joined again, left", one.objects(), {})
    finally:
        one.clear()


def killed_join_left(scope: str, limit: int) -> list[str]:
    one = Try(scope)
    try:
        one.join(limit)
        one.leave()
        return differing(f"{scope}: join killed after call {limit}, left", one.objects(), {})
    finally:
        one.clear()


def killed_leave(scope: str, limit: int, wanted: dict[str, t.Any]) -> list[str]:
    one = Try(scope)
    try:
        one.join()
        one.leave(limit)
        if limit % 2:
            one.leave()
            return differing(f"{scope}: leave killed after call {limit}, left again", one.objects(), {})
        # It may be wanted back before it was gone
        one.join()
        return differing(f"{scope}: leave killed after call {limit}, joined", one.objects(), wanted)
    finally:
        one.clear()


def half_by_kubefedctl(scope: str, step: int, wanted: dict[str, t.Any]) -> list[str]:
    one = Try(scope)
    try:
        one.kubefedctl_until(step)
        one.join()
        found = differing(f"{scope}: kubefedctl join ended after step {step}, joined", one.objects(), wanted)
        one.leave()
        return found + differing(f"{scope}: kubefedctl join ended after step {step}, left", one.objects(), {})
    finally:
        one.clear()


def with_kubefedctl(scope: str, wanted: dict[str, t.Any]) -> list[str]:
    theirs, ours = Try(scope), Try(scope)
    try:
        theirs.kubefedctl("join")
        first = theirs.objects()
        found = differing(f"{scope}: kubefedctl join", like_kubefedctl(first), like_kubefedctl(wanted))
        theirs.join()
        # Nothing but that verb is mended, and there is no second Secret
        found += differing(f"{scope}: kubefedctl join, then ours", theirs.objects(), mended(first))
        theirs.leave()
        found += differing(f"{scope}: kubefedctl join, our leave", theirs.objects(), {})
        ours.join()
        ours.kubefedctl("unjoin")
        return found + differing(f"{scope}: our join, kubefedctl unjoin", ours.objects(), {})
    finally:
        theirs.clear()
        ours.clear()


def main() -> int:
    failures: list[str] = []
    tried: dict[str, int] = {}
    jobs: list[tuple[t.Callable[..., list[str]], tuple[t.Any, ...]]] = []
    for scope in SCOPES:
        whole = Try(scope)
        joining, _ended = whole.join()
        wanted = whole.objects()
        again, _ended = whole.join()
        leaving, _ended = whole.leave()
        failures += differing(f"{scope}: left", whole.objects(), {})
        whole.clear()
        tried[f"{scope}: calls of a join, of one more, of a leave"] = [joining, again, leaving]  # type: ignore
        jobs += [(with_kubefedctl, (scope, wanted))]
        jobs += [(killed_join, (scope, limit, wanted)) for limit in range(1, joining)]
        jobs += [(killed_join_left, (scope, limit)) for limit in range(1, joining)]
        jobs += [(killed_leave, (scope, limit, wanted)) for limit in range(1, leaving)]
        steps = len(manifests.member_manifests("", "", scope)) + 1
        jobs += [(half_by_kubefedctl, (scope, step, wanted)) for step in range(1, steps + 1)]

    def run(job: tuple[t.Callable[..., list[str]], tuple[t.Any, ...]]) -> list[str]:
        call, arguments = job
        try:
            return call(*arguments)
        except Exception as error:  # pylint: disable=broad-except
            return [f"{call.__name__} {arguments[:2]}: {type(error).__name__}: {error}"]

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for found in pool.map(run, jobs):
            failures += found
    print(json.dumps({"tried": len(jobs), **tried, "failures": failures}, indent=1))
    return 1 if failures or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
