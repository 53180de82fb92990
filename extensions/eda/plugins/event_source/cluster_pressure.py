# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An event source that tells when a burst should begin, grow or end.

It judges as the module of the same name does, with the same code. ansible-rulebook runs this file by its path
(start_source() in its engine.py), so the collection is not on Python's path by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import sys
import threading
import typing as t
from datetime import UTC, datetime
from pathlib import Path

DOCUMENTATION = r"""
---
short_description: Tell when a cluster is full, and when a burst is no longer needed
description:
  - Looks at a Kubernetes cluster every few seconds, and sends one event for each look, with what it found and what
    should be done.
  - The key C(action) is C(up), C(grow), C(down) or C(none), and C(why) is the reason in one line. The other keys are
    the return values of the module C(cloudburst.federation.cluster_pressure), and C(name) and C(dry).
  - An action is sent once. It is sent again only after C(retry_seconds), if it turns out that it had no effect.
  - What must be remembered is written to the C(ConfigMap) C(cloudburst-NAME-demand) in the namespace C(kube-system) of
    that cluster. The rulebook can be stopped and started at any time, on any machine, in the midst of a burst too.
  - If the cluster cannot be reached, or rejects the credentials or a request, when the source starts, it ends with one
    line that says why. Later, it reports a cluster that cannot be reached once, and continues when it answers again.
  - Pods that wait but that a burst cannot help are named once, with the reason, and so are autoscalers of such pods.
options:
  name:
    description: Name of the burst.
    type: str
    required: true
  interval:
    description: Seconds between two looks.
    type: float
    default: 30
  dry:
    description: Only say what should be done. Nothing is written to the cluster, and the key dry of each event is true.
    type: bool
    default: false
  kubefed_namespace:
    description: The namespace of KubeFed.
    type: str
    default: kube-federation-system
  namespaces:
    description:
      - Namespaces whose pods will be placed on the burst's cluster. Those that a C(FederatedNamespace) places there, by
        name or by a cluster selector, count as well. If none is given and none is federated, all count except those of
        the system.
    type: list
    elements: str
    default: []
  node_labels:
    description: Labels that the burst's nodes will have, in addition to those of every Linux node.
    type: dict
    default: {}
  node_taints:
    description: Taints that the burst's nodes will have, each with key, effect and, if it has one, value.
    type: list
    elements: dict
    default: []
  node_allocatable:
    description:
      - What each of the burst's nodes will have for pods, as C(cpu), C(memory) or both, with quantities as Kubernetes
        writes them. Pods that request more do not count. If not set, the size of a pod does not matter.
    type: dict
    default: {}
  signals:
    description: What a burst begins for.
    type: list
    elements: str
    choices: [pods, autoscalers, nodes]
    default: [pods, autoscalers]
  pending_seconds:
    description: How many seconds a pod must have waited before it counts.
    type: int
    default: 120
  limited_seconds:
    description: How many seconds an autoscaler must have wanted more pods before it counts.
    type: int
    default: 180
  full_percent:
    description: How many percent of the nodes must be requested before they count as full.
    type: float
    default: 90
  full_seconds:
    description: How many seconds the nodes must have been full before that counts.
    type: int
    default: 600
  idle_margin_percent:
    description: How many percent of each node in the data centre must stay free after everything has moved back.
    type: float
    default: 15
  idle_seconds:
    description: How many seconds there must have been room for everything in the data centre before the burst ends.
    type: int
    default: 1800
  lifetime_seconds:
    description: How many seconds a burst lasts at least.
    type: int
    default: 3600
  retry_seconds:
    description: How many seconds must pass after an attempt, whether it succeeded or failed, before the next one.
    type: int
    default: 900
  growing:
    description: Whether a burst that is up should grow while there is still too little room.
    type: bool
    default: false
  node_max:
    description: How many nodes the burst may have. Once it has them, it is not told to grow. 0 means unknown.
    type: int
    default: 0
  kubeconfig:
    description:
      - Path of the kubeconfig with access to the cluster, or its content. This and the following options, and the
        environment variables K8S_AUTH_*, are those of kubernetes.core.
    type: raw
  context:
    description: Its context in the kubeconfig.
    type: str
  host:
    description: URL of the API server.
    type: str
  api_key:
    description: A bearer token for the API server.
    type: str
  ca_cert:
    description: Path of a PEM file with the certificates to verify the API server with.
    type: path
    aliases: [ssl_ca_cert]
  validate_certs:
    description: Whether to verify the certificate of the API server.
    type: bool
    aliases: [verify_ssl]
  client_cert:
    description: Path of the client certificate.
    type: path
    aliases: [cert_file]
  client_key:
    description: Path of the key of the client certificate.
    type: path
    aliases: [key_file]
  proxy:
    description: URL of the proxy through which this machine reaches the cluster.
    type: str
  no_proxy:
    description: Hosts that are reached without the proxy, separated by commas.
    type: str
  impersonate_user:
    description: The user as whom the requests are made.
    type: str
  impersonate_groups:
    description: The groups of that user.
    type: list
    elements: str
"""

EXAMPLES = r"""
- cloudburst.federation.cluster_pressure:
    name: vulcan
    context: kubernetes-admin@kubernetes
    namespaces: [shop]
    interval: 30
"""

Result = t.TypeVar("Result")
logger = logging.getLogger("cloudburst.federation")

_HERE = Path(__file__).absolute()
# The directory that holds ansible_collections, where the collection is installed
_ROOT = _HERE.parents[min(7, len(_HERE.parents) - 1)]
if (_ROOT / "ansible_collections" / "cloudburst" / "federation").is_dir() and str(_ROOT) not in sys.path:
    sys.path.append(str(_ROOT))

# What ansible-rulebook itself adds
_FEEDBACK = "eda_feedback_queue"


def _spec() -> dict[str, dict[str, t.Any]]:
    """The options, in the form of a module's."""
    from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.options import demand_spec
    from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.argspec import kube_spec

    return {
        **kube_spec(),
        **demand_spec(),
        "interval": {"type": "float", "default": 30},
        "dry": {"type": "bool", "default": False},
    }


def read_args(args: dict[str, t.Any]) -> dict[str, t.Any]:
    """The source's arguments, with the defaults and what the environment says.

    An empty text, as a variable of a rulebook may be, stands for one that is not set.

    :raises ValueError: for arguments that are unknown or cannot be used; it names them.
    """
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
    from ansible.module_utils.common.parameters import set_fallbacks

    spec = _spec()
    given = {key: value for key, value in args.items() if key != _FEEDBACK and value not in (None, "")}
    set_fallbacks(spec, given)
    result = ArgumentSpecValidator(spec).validate(given)
    if result.error_messages:
        raise ValueError(f"cluster_pressure: {'; '.join(result.error_messages)}")
    params: dict[str, t.Any] = result.validated_parameters
    if not 0 < params["interval"] < math.inf:
        raise ValueError(f"cluster_pressure: interval is {params['interval']}; it must be more than 0 (seconds).")
    return params


async def in_thread(call: t.Callable[[], Result]) -> Result:
    """Call what blocks in a thread that ends with the program, and wait for it without blocking the loop.

    Cancelled, it does not wait for the thread: the API server may keep silent for a while.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(error: BaseException | None, result: t.Any) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def run() -> None:
        outcome: tuple[BaseException | None, t.Any]
        try:
            outcome = None, call()
        except Exception as error:
            outcome = error, None
        # The loop may have ended meanwhile
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=run, daemon=True, name="cluster_pressure").start()
    return await future


class Watch:
    """The looks at one cluster. All of it is called in threads, one call at a time.

    :param params: the source's arguments, read.
    """

    def __init__(self, params: dict[str, t.Any]) -> None:
        from ansible_collections.cloudburst.federation.plugins.module_utils._capacity import options, reading
        from ansible_collections.cloudburst.federation.plugins.module_utils._kube.connect import connect_as

        self._reading = reading
        self._question = options.read_question(params)
        self._limits = options.read_limits(params)
        self._dry: bool = params["dry"]
        self._client = connect_as(params, label="host cluster")
        self._memory: t.Any = None
        self._named: set[str] = set()

    def look(self) -> dict[str, t.Any]:
        """Look once, write down what is to be remembered, and return the event."""
        from ansible_collections.cloudburst.federation.plugins.module_utils._capacity.judgement import judge, summary

        now = datetime.now(UTC)
        found = self._reading.look(self._client, self._question, now)
        # In dry mode, what was said is remembered here alone
        memory = self._memory if self._dry and self._memory else found.memory
        verdict = judge(now, found.seen, memory, self._limits)
        event = summary(now, found.seen, verdict)
        if self._dry:
            self._memory = verdict.memory
        elif not self._reading.write(self._client, self._question, verdict.memory, found.found):
            # Another one has looked at the same time, and does what is to be done
            event = {**event, "action": "none", "why": "another watch of this burst has acted"}
        self._name_once(event, found.unknown)
        return {"name": self._question.burst, "dry": self._dry, **event}

    def _name_once(self, event: dict[str, t.Any], unknown: str) -> None:
        texts = [
            f"{pod['pod']} waits for room, and a burst would not help it: {pod['why']}" for pod in event["not_counted"]
        ]
        texts += [
            f"the autoscaler {row['namespace']}/{row['name']} wants more pods, and a burst would not help it:"
            f" {row['not_counted']}"
            for row in event["autoscalers"]
            if row["not_counted"]
        ]
        if unknown:
            texts.append(f"It is unknown what runs in the burst: {unknown}")
        for text in texts:
            if text not in self._named:
                logger.warning("cluster_pressure: %s", text)
        self._named = set(texts)


def _errors() -> tuple[type[Exception], type[Exception]]:
    """What passes by itself, and all that a look raises."""
    from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import (
        FederationError,
        Unavailable,
    )

    return Unavailable, FederationError


async def main(queue: asyncio.Queue[t.Any], args: dict[str, t.Any]) -> None:
    """Send an event for each look, until it is cancelled.

    :raises ValueError: for arguments that cannot be used.
    :raises FederationError: the cluster cannot be reached at the beginning, or answers with an error.
    """
    params = read_args(args)
    passing, failing = _errors()
    silent = False
    first = True
    try:
        watch = await in_thread(lambda: Watch(params))
    except failing as error:
        raise error.with_traceback(None) from None
    while True:
        try:
            event = await in_thread(watch.look)
        except failing as error:
            if first or not isinstance(error, passing):
                # ansible-rulebook shows each frame as an error of its own
                raise error.with_traceback(None) from None
            if not silent:
                logger.warning("cluster_pressure: %s It is asked again every %g s.", error, params["interval"])
            silent = True
        else:
            if silent:
                logger.warning("cluster_pressure: the cluster answers again.")
            first = silent = False
            await queue.put(event)
        await asyncio.sleep(params["interval"])


if __name__ == "__main__":
    # What ansible-rulebook would get; for a look by hand: python3 cluster_pressure.py name=vulcan context=...
    class Printed(asyncio.Queue[t.Any]):
        """A queue that shows each event."""

        async def put(self, item: t.Any) -> None:
            """Show an event."""
            print(item)

    try:
        asyncio.run(main(Printed(), dict(word.partition("=")[::2] for word in sys.argv[1:])))
    except (ValueError, _errors()[1]) as error:
        sys.exit(str(error))
