# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command tests/lab/overflow."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

from labkit import settings
from labkit.overflow import plan
from labkit.residue import compare
from labkit.residue.__main__ import INVENTORY, PLAYBOOKS, take
from labkit.residue.load import Load

HERE = Path(__file__).parent
BURST, HOST = "vulcan", "earth"
STATE = f"cloudburst-{BURST}-demand"
RULEBOOK = "cloudburst.federation.burst"
PATIENCE = 900.0  # seconds for each event
# In the midst of burst_up, the watch and what it has started are killed so long after it has begun
KILLED_AFTER = 20.0
LOOKS_EVERY = 10.0  # of the playbook burst_watch, where there is no ansible-rulebook


class NotSeen(Exception):
    """What was waited for did not happen."""


def kubectl(*words: str, context: str = settings.HOST_CONTEXT, body: t.Any = None) -> str:
    """What kubectl says; CalledProcessError where it fails."""
    done = subprocess.run(
        ["kubectl", "--context", context, *words],
        input=None if body is None else json.dumps(body),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def works() -> bool:
    """Whether a playbook holds the burst's lock."""
    found = objects("leases", "--namespace=kube-system", f"--field-selector=metadata.name=cloudburst-{BURST}")
    return bool(found and found[0]["spec"].get("holderIdentity"))


def objects(kind: str, *words: str, context: str = settings.HOST_CONTEXT) -> list[dict[str, t.Any]]:
    """Objects of a kind; none where nobody answers."""
    with contextlib.suppress(subprocess.CalledProcessError):
        found = json.loads(kubectl("get", kind, *words, "--output=json", context=context))
        return t.cast("list[dict[str, t.Any]]", found["items"])
    return []


def remembered() -> dict[str, str]:
    """What the watch has written down."""
    found = objects("configmaps", "--namespace=kube-system", f"--field-selector=metadata.name={STATE}")
    return dict(found[0]["data"]) if found else {}


def free_cpu() -> int:
    """What earth's node has free, in thousandths of a core."""
    (node,) = objects("nodes")
    requests = [
        ((container.get("resources") or {}).get("requests") or {}).get("cpu", "0")
        for pod in objects("pods", "--all-namespaces")
        if pod["spec"].get("nodeName") and pod["status"]["phase"] not in ("Succeeded", "Failed")
        for container in pod["spec"]["containers"]
    ]
    return plan.thousandths(node["status"]["allocatable"]["cpu"]) - sum(map(plan.thousandths, requests))


def ready(context: str = settings.HOST_CONTEXT) -> int:
    """How many pods of the application are ready in a cluster."""
    pods = objects("pods", f"--namespace={plan.NAMESPACE}", context=context)
    return sum(
        condition["type"] == "Ready" and condition["status"] == "True"
        for pod in pods
        for condition in pod["status"].get("conditions") or []
    )


def waiting() -> int:
    """How many pods of the application find no room on earth."""
    pods = objects("pods", f"--namespace={plan.NAMESPACE}")
    return sum(
        condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable"
        for pod in pods
        for condition in pod["status"].get("conditions") or []
    )


class Watch:
    """Who begins and ends the burst: ansible-rulebook where it is there, else the playbook burst_watch, repeatedly."""

    def __init__(self, directory: Path, variables: Path, log: Path) -> None:
        inventory = ["--inventory", str(directory)]
        if shutil.which("ansible-rulebook"):
            self.name = "ansible-rulebook"
            self._argv = ["ansible-rulebook", "--rulebook", RULEBOOK, *inventory, "--vars", str(variables)]
        else:
            self.name = "burst_watch.yml"
            once = f"ansible-playbook {' '.join(inventory)} {PLAYBOOKS / 'burst_watch.yml'}"
            self._argv = ["sh", "-c", f"while :; do {once}; sleep {LOOKS_EVERY:.0f}; done"]
        self._log = log.open("ab")
        self._process: subprocess.Popen[bytes] | None = None
        self._another = lambda: Watch(directory, variables, log)

    def another(self) -> Watch:
        """A second one of the same burst."""
        return self._another()

    def start(self) -> None:
        """Begin, as a service would."""
        self._process = subprocess.Popen(
            self._argv, stdout=self._log, stderr=self._log, stdin=subprocess.DEVNULL, start_new_session=True
        )

    def kill(self) -> None:
        """End it, and what it has started, without a word."""
        if self._process:
            for group in _groups(self._process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
            self._process.wait()
            self._process = None


def _groups(session_leader: int) -> set[int]:
    """The process groups of a process and all its descendants."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = {session_leader}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    groups = set()
    for process in found:
        with contextlib.suppress(ProcessLookupError):
            groups.add(os.getpgid(process))
    return groups - {os.getpgid(0)}


class Events:
    """What happened, and when."""

    def __init__(self) -> None:
        self.seen: list[dict[str, t.Any]] = []
        self._began = time.monotonic()

    def await_(self, name: str, happened: t.Callable[[], bool], *, noted: bool = True) -> None:
        """Wait until something has happened, and say when.

        :param noted: whether it is one of the events that are written down.
        """
        end = time.monotonic() + PATIENCE
        while not happened():
            if time.monotonic() > end:
                raise NotSeen(f"{name} was not seen within {PATIENCE:.0f} s")
            time.sleep(1)
        if noted:
            self.seen.append({"name": name, "at_s": round(time.monotonic() - self._began, 1)})
        self.say(name)

    def say(self, text: str) -> None:
        """Show it."""
        print(f"{time.monotonic() - self._began:7.1f} s  {text}", flush=True)


def expect_nodes(number: int) -> None:
    """Fail where the burst has more or fewer nodes than its pods need."""
    found = len(objects("nodes", context=BURST))
    if found != number:
        raise NotSeen(f"{BURST} has {found} nodes; its pods need {number}")


def scale(replicas: int) -> None:
    """As whoever runs the application does while the burst is up."""
    words = ("--namespace", plan.NAMESPACE, "patch", "replicaschedulingpreference", plan.NAME, "--type=merge")
    kubectl(*words, f"--patch={json.dumps({'spec': {'totalReplicas': replicas}})}")


def peak(events: Events, watch: Watch) -> None:
    """The peak and its end; nobody types a command of the burst."""
    events.await_("pressure", lambda: waiting() >= plan.REPLICAS - plan.AT_HOME)
    events.await_("up_begins", lambda: bool(remembered().get("up_begun")))
    time.sleep(KILLED_AFTER)
    watch.kill()
    events.say(f"{watch.name} is killed in the midst of burst_up, and started again")
    watch.start()
    events.await_("up_ends", lambda: bool(remembered().get("up_ended")))
    away = plan.REPLICAS - plan.AT_HOME
    events.await_("running", lambda: ready() >= plan.AT_HOME and ready(BURST) == away)
    expect_nodes(plan.NODES)
    scale(plan.MORE)
    events.say(f"the load grows: {plan.MORE} replicas are needed")
    away = plan.MORE - plan.AT_HOME
    events.await_(f"{away} pods are ready in {BURST}", lambda: ready(BURST) == away, noted=False)
    expect_nodes(plan.MORE_NODES)
    scale(plan.FEWER)
    events.say(f"the load is gone: {plan.FEWER} replicas are enough")
    events.await_("idle", lambda: bool(remembered().get("idle_since")))
    events.await_("down_begins", lambda: bool(remembered().get("down_begun")))
    events.await_("down_ends", lambda: bool(remembered().get("down_ended")))


def killed(events: Events, watch: Watch) -> None:
    """The watch is killed in the midst of burst_up and of burst_down, and a second one watches beside it.

    Each is begun once more after it was killed, and not while it works.
    """
    beside = watch.another()
    try:
        _killed_in(events, watch, "up_begun", "up_begins")
        again = remembered()["up_begun"]
        beside.start()
        events.say(f"a second {beside.name} watches beside it")
        events.await_("up_ends", lambda: bool(remembered().get("up_ended")))
        _expect_unchanged("up_begun", again)
        away = plan.REPLICAS - plan.AT_HOME
        events.await_("running", lambda: ready() >= plan.AT_HOME and ready(BURST) == away)
        expect_nodes(plan.NODES)
        beside.kill()
        scale(plan.FEWER)
        events.say(f"the load is gone: {plan.FEWER} replicas are enough")
        _killed_in(events, watch, "down_begun", "down_begins")
        again = remembered()["down_begun"]
        events.await_("down_ends", lambda: bool(remembered().get("down_ended")))
        _expect_unchanged("down_begun", again)
    finally:
        beside.kill()


def _killed_in(events: Events, watch: Watch, key: str, name: str) -> None:
    """The watch and the playbook are killed once it works; the watch, started again, begins it once more."""
    events.await_(name, lambda: bool(remembered().get(key)))
    begun = remembered()[key]
    events.await_("a playbook works", works, noted=False)
    time.sleep(KILLED_AFTER)
    _expect_unchanged(key, begun)
    watch.kill()
    events.say(f"{watch.name} is killed, and started again")
    watch.start()
    events.await_("it is begun again", lambda: remembered().get(key) != begun, noted=False)


def _expect_unchanged(key: str, begun: str) -> None:
    found = remembered().get(key)
    if found != begun:
        raise NotSeen(f"{key} is {found}, and was {begun}: a playbook was started while one was at work")


def clear() -> None:
    """Take away what was made here."""
    kubectl("delete", "namespace", plan.NAMESPACE, "--ignore-not-found")
    kubectl("--namespace=kube-system", "delete", "configmap", STATE, "--ignore-not-found")


def run(file: Path, play: t.Callable[[Events, Watch], None], wanted: t.Sequence[str]) -> int:
    """Returns the exit status: 0 if all of it was seen, no request has failed and nothing is left.

    :param play: what happens.
    :param wanted: the events that are to be seen, in this order.
    """
    subprocess.run(["ansible-playbook", "-i", str(INVENTORY), str(HERE / "data_centre.yml")], check=True)
    before = json.loads(json.dumps(take(), default=str))
    cpu = plan.request(free_cpu())
    directory = Path(tempfile.mkdtemp(prefix="overflow-"))
    # ansible-rulebook does not hand its own variables on to playbooks
    inventory = Path(shutil.copytree(INVENTORY, directory / "inventory"))
    variables = inventory / "group_vars" / "all" / "overflow.yml"
    variables.write_text(json.dumps(plan.variables(cpu, HOST, BURST)))
    kubectl("create", "namespace", plan.NAMESPACE)
    deployment, service = plan.application(cpu)
    for manifest in ({**deployment, "spec": {**deployment["spec"], "replicas": 1}}, service):
        kubectl("apply", "--namespace", plan.NAMESPACE, "--filename=-", body=manifest)
    kubectl("--namespace", plan.NAMESPACE, "rollout", "status", f"deployment/{plan.NAME}", "--timeout=120s")
    template = "{.spec.ports[0].nodePort}"
    port = kubectl("--namespace", plan.NAMESPACE, "get", "service", plan.NAME, f"--output=jsonpath={template}")
    watch = Watch(inventory, _whole(variables), file.with_suffix(".log"))
    said = ""
    with Load([f"http://{settings.EARTH}:{port}/get"]) as load:
        events = Events()
        events.say(f"each pod requests {cpu}m; {watch.name} watches, its output is in {file.with_suffix('.log')}")
        watch.start()
        try:
            kubectl("--namespace", plan.NAMESPACE, "scale", f"deployment/{plan.NAME}", f"--replicas={plan.REPLICAS}")
            play(events, watch)
        except NotSeen as error:
            said = str(error)
        finally:
            watch.kill()
    clear()
    shutil.rmtree(directory)
    left = compare.differences(before, json.loads(json.dumps(take(), default=str)))
    result = {"events": events.seen, "requests": load.asked, "failed": len(load.failures), "left": left}
    file.write_text(json.dumps(result, indent=1) + "\n")
    print("\n".join([*load.failures[:20], *left]))
    print(f"{load.asked} requests, {len(load.failures)} failed; {len(left)} things are left. {said}".rstrip())
    return 1 if said or plan.missing(events.seen, wanted) or load.failures or left else 0


def _whole(variables: Path) -> Path:
    """With the lab's own variables that the rulebook reads, as plain values."""
    context, kubeconfig = settings.HOST_CONTEXT, os.environ["KUBECONFIG"]
    own = {"burst_name": BURST, "burst_kubeconfig": kubeconfig, "burst_host_context": context}
    variables.write_text(json.dumps({**own, **json.loads(variables.read_text())}))
    return variables


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="overflow", description="A burst that comes and goes by itself")
    parser.add_argument("file", type=Path, help="where the times are written to, as JSON")
    parser.add_argument("--killed", action="store_true", help="kill the watch in the midst of burst_up and burst_down")
    arguments = parser.parse_args()
    try:
        if arguments.killed:
            return run(arguments.file, killed, plan.KILLED_EVENTS)
        return run(arguments.file, peak, plan.EVENTS)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or "").strip()
        print(f"overflow: {' '.join(map(str, error.cmd))} ended with {error.returncode}: {said}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
