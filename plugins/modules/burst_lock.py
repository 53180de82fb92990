#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: burst_lock
version_added: 1.0.0
short_description: Lock a burst for one run of ansible-playbook
author:
  - cloudburst.federation contributors (@cloudburst)
description:
  - Locks the burst for this run of C(ansible-playbook), or fails and names the run that holds it, on which machine and
    since when.
  - The lock is a C(Lease) in the namespace C(kube-system) of the data centre's cluster, so it does not matter where the
    runs are started.
  - A background process renews the C(Lease) every 2 seconds, and releases it when C(ansible-playbook) ends, for
    whatever reason. If that process dies too, for example together with the machine, the next run takes the C(Lease)
    over after it has not been renewed for 15 seconds.
  - The collection's playbooks release the burst as their last step, since in a container nothing may outlive
    C(ansible-playbook).
  - A run that has lost the burst to another one, for example while its machine slept, is stopped as if by Ctrl-C, with
    a line on standard error that names the current holder. While it is unknown whether the run still holds the burst,
    the collection's own modules neither start nor continue to wait.
  - Within one run of C(ansible-playbook), the burst can be locked any number of times.
extends_documentation_fragment:
  - cloudburst.federation._attributes
  - cloudburst.federation._attributes.actiongroup_k8s
  - cloudburst.federation._attributes.progress
  - cloudburst.federation._kube
attributes:
  diff_mode:
    support: none
    details:
      - Whatever it writes is gone when the run has ended.
options:
  name:
    description:
      - Name of the burst.
    type: str
    required: true
  kubefed_namespace:
    description:
      - The namespace of KubeFed in the data centre's cluster.
    type: str
    default: kube-federation-system
  wait_timeout:
    description:
      - How many seconds to wait for the burst of a run that has died.
    type: int
    default: 60
  wait_sleep:
    description:
      - How many seconds to sleep between checks, at most one.
    type: int
    default: 1
notes:
  - It never reports a change, since nothing is left of it afterwards.
  - On a host with a connection other than C(local), it cannot tell whether C(ansible-playbook) is still running. It
    then fails if another run holds the burst, but does not hold the burst itself, and warns about this.
seealso:
  - module: cloudburst.federation.burst_check
"""

EXAMPLES = r"""
- name: Lock the burst while this playbook runs
  cloudburst.federation.burst_lock:
    context: kubernetes-admin@kubernetes
    name: vulcan
"""

RETURN = r"""
holder:
  description: This run, as other runs will name it.
  returned: success
  type: str
  sample: deploy@management, process 4711/129831
cluster_uid:
  description:
    - The UID of the namespace C(kube-system), which every cluster has, and which stays the same for as long as the
      cluster exists.
  returned: success
  type: str
  sample: 5c1b7d2e-7f0a-4b8e-9a53-0d6c1e2f3a4b
ovn_kubernetes:
  description:
    - How OVN-Kubernetes treats the addresses of pods, if the data centre's cluster is OpenShift. Null without
      OVN-Kubernetes, or if the user may not read the configuration of the Network operator.
  returned: success
  type: dict
  contains:
    pod_networks:
      description: The networks of the pods.
      type: list
      elements: str
    routing_via_host:
      description: Whether the routes of the nodes apply to packets of pods.
      type: bool
    advertised:
      description: Whether the addresses of pods are announced by BGP.
      type: bool
  sample:
    pod_networks:
      - 10.128.0.0/14
    routing_via_host: false
    advertised: false
openshift:
  description: Whether the data centre's cluster is OpenShift.
  returned: success
  type: bool
  sample: false
members:
  description: The names of the clusters in the federation. Empty if KubeFed is not installed.
  returned: success
  type: list
  elements: str
  sample:
    - earth
    - vulcan
"""

import contextlib
import getpass
import json
import os
import platform
import signal
import sys
import threading
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._burst.lock import Lock
from ..module_utils._burst.state import HoldFile, now
from ..module_utils._kube import openshift
from ..module_utils._kube.connect import connect_as
from ..module_utils._kube.module import prepare
from ..module_utils._kube.names import check_name
from ..module_utils._kube.objects import Object
from ..module_utils._kubefed import host as kubefed
from ..module_utils._kubefed.api import DEFAULT_NAMESPACE, path_of
from ..module_utils._runtime.argspec import kube_spec
from ..module_utils._runtime.module import QuietModule, Run, run_module

# Must be kept in sync with plugins/action/burst_lock.py
RUN_VARIABLE = "CLOUDBURST_FEDERATION_RUN"
_LABEL = "host cluster"


def holder_of(process: int) -> str:
    """A readable name of a run, different for each; process ids are reused after a while."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{platform.node()}, process {process}{_started(process)}"


def _started(process: int) -> str:
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: starttime is field 22, the second one is in
            # brackets and may hold anything
            return f"/{file.read().rpartition(')')[2].split()[19]}"
    except (OSError, IndexError):
        return ""


def lives(process: int, started: str) -> bool:
    """Whether a process still runs, and its id was not reused."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _started(process) == started


def detach() -> bool:
    """Fork a detached process without output; returns whether this is that process."""
    if os.fork():
        return False
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        os.dup2(nothing, stream.fileno())
    return True


def end_run(process: int, started: str, why: str) -> None:
    """End a run of ansible-playbook, and say why on its standard error.

    First as Ctrl-C does, which ends the tasks with it and works where it is a container's first process too.
    """
    with contextlib.suppress(OSError):
        error = os.open(f"/proc/{process}/fd/2", os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY)
        os.write(error, f"\n[ERROR]: {why}\n".encode())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(OSError):
            os.kill(process, number)
        for _turn in range(50):
            if not lives(process, started):
                return
            time.sleep(0.1)


def keep(module: AnsibleModule, holder: str, run: Object, lease: Object) -> None:
    """Hold the burst until the run ends, releases it or loses it; a run that has lost it is ended."""
    process = run["process"]
    started = _started(process)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    hold_file = HoldFile(run["folder"], module.params["name"])
    hold_file.write(now())
    lock = Lock(connect_as(module.params, label=_LABEL), module.params["name"], holder, pause=stop.wait)
    lost = lock.keep(lease, lambda: not stop.is_set() and lives(process, started), hold_file.write)
    if lost:
        # For the slices, which look there
        hold_file.write(now(), lost)
        end_run(process, started, lost)
    hold_file.remove()


def keeper(module: AnsibleModule, holder: str, run: Object) -> t.Callable[[Object], None]:
    """Start the process that holds the burst; returns a function that hands the Lease over to it.

    It has to be started before this process reaches the cluster: the library writes certificates to files, which it
    shares within a process and removes at its end.
    """
    read_end, write_end = os.pipe()
    if detach():
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            lease = pipe.read()
        if lease:
            keep(module, holder, run, json.loads(lease))
        module.exit_json()
    os.close(read_end)

    def hand_over(lease: Object) -> None:
        with os.fdopen(write_end, "w") as pipe:
            json.dump(lease, pipe)

    return hand_over


def call(run: Run) -> None:
    """One burst."""
    params = run.module.params
    check_name(params["name"], "name", limit=63, dots=False)
    of = json.loads(os.environ.get(RUN_VARIABLE) or "{}")
    holder = holder_of(of.get("process", 0))
    hand_over = keeper(run.module, holder, of) if of and not run.check_mode else None
    client = connect_as(params, label=_LABEL)
    lock = Lock(client, params["name"], holder)
    found = lock.find_free(run.waiter, run.slice_state)
    run.result["holder"] = holder
    # In the same process, since each one takes longer to start than this to answer
    run.result["cluster_uid"] = client.request("GET", path_of("Namespace", None, "kube-system"))["metadata"]["uid"]
    run.result["openshift"] = openshift.is_openshift(client)
    run.result["ovn_kubernetes"] = openshift.ovn_kubernetes(client)
    run.result["members"] = sorted(kubefed.clusters(client, params["kubefed_namespace"]))
    if run.check_mode:
        return
    if hand_over is None:
        run.warn(
            "The burst is not held against other runs: this host's connection is not local, so nothing here can tell"
            " whether ansible-playbook lives."
        )
        return
    while (lease := lock.take(found)) is None:
        run.slice_state.clear()
        found = lock.find_free(run.waiter, run.slice_state)
    hand_over(lease)


def main() -> None:
    """Options in, one call, result out."""
    spec: dict[str, t.Any] = {
        **kube_spec(),
        "name": {"type": "str", "required": True},
        "kubefed_namespace": {"type": "str", "default": DEFAULT_NAMESPACE},
        "wait_timeout": {"type": "int", "default": 60},
        "wait_sleep": {"type": "int", "default": 1},
    }
    module = QuietModule(argument_spec=spec, supports_check_mode=True)
    prepare(module)
    run_module(module, call)


if __name__ == "__main__":
    main()
