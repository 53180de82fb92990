# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Customers' requests through a whole burst: its coming, its failures, its going."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
import typing as t
from pathlib import Path

from labkit import edge, namespaces
from labkit import settings as s
from labkit.errors import LabError
from labkit.traffic import load

# Where the firewall leads customers for each method
PORTS = {"edge": 80, "endpoints": 8080}
NORMAL, PEAK = 4, 8  # requests a second; a pod serves 5
SECONDS = 20.0
PEAK_SECONDS = 60.0
CUT = 5.0  # seconds into a phase
WHOLE = 5.0  # seconds after which nothing may fail any more
TUNNEL = 0.05  # seconds that the way to the cloud and back explains, on a busy machine: it takes 1 to 5 ms
APART = 0.1  # how far a share may be from that of the ready pods
_INVENTORY = s.LAB_DIR / "inventory"
_PLAYBOOKS = s.REPOSITORY / "playbooks"
_CUT_RULES = "table ip cut { chain silent { type filter hook prerouting priority -350; policy drop; }; }"


def url(port: int, path: str = "/delay/0.2") -> str:
    """What customers ask for."""
    return f"http://{s.FW_WAN}:{port}{path}"


class Burst:
    """One burst with customers, and what became of their requests."""

    def __init__(self, method: str) -> None:
        self.method = method
        self._variables = [
            "-e",
            "burst_apps={{ lab_shop }}",
            "-e",
            f"burst_traffic={{{{ lab_shop_traffic.{method} }}}}",
        ]
        self.phases: list[dict[str, t.Any]] = []
        self.served: list[float] = []  # answers a second, of each phase
        self.faults: list[str] = []

    def run(self) -> None:
        """All phases."""
        self._open()
        self._for("earth alone", PEAK)
        self._during("up", lambda: self._play("burst_up"))
        self._for("both", PEAK, seconds=PEAK_SECONDS)
        self._shared()
        ends = [name for name in namespaces.netns_list() if name.startswith("vpn-")]
        self._for("one tunnel cut", NORMAL, cut=ends[:1])
        self._healed()
        self._for("both tunnels cut", NORMAL, cut=ends)
        self._healed()
        self._for("back again", PEAK)
        self._shared()
        self._for("a node of vulcan killed", NORMAL, cut=_nodes_with_pods())
        self._healed()
        self._for("a pod killed", NORMAL, then=_kill_a_pod)
        self._healed()
        self._during("down", lambda: self._play("burst_down"))
        self._for("earth alone", NORMAL)

    def _for(
        self,
        name: str,
        rate: int,
        *,
        seconds: float = SECONDS,
        cut: t.Sequence[str] = (),
        then: t.Callable[[], None] | None = None,
    ) -> None:
        """A phase of a given length, in which something may be cut or done."""
        print(f"== {self.method}: {name}", flush=True)
        begun = load.Load(url(PORTS[self.method]), rate, seconds)
        since = time.time()
        with contextlib.ExitStack() as stack:
            if cut or then:
                time.sleep(CUT)
                since = time.time()
                stack.enter_context(silent(cut))
                if then:
                    then()
                    since = time.time()  # kubectl takes its time on a busy machine
            requests = begun.wait()
        planned = not cut and not then
        self._add(name, planned, rate, requests, seconds, since)

    def _during(self, name: str, act: t.Callable[[], None]) -> None:
        """A planned phase as long as something takes."""
        print(f"== {self.method}: {name}", flush=True)
        since = time.time()
        begun = load.Load(url(PORTS[self.method]), NORMAL)
        try:
            act()
        finally:
            requests = begun.stop()
        self._add(name, True, NORMAL, requests, time.time() - since, since)

    def _add(
        self, name: str, planned: bool, rate: int, requests: list[load.Request], seconds: float, since: float
    ) -> None:
        found = load.phase(name, planned, rate, requests, seconds)
        whole = load.whole_after(requests, since)
        self.phases.append(found)
        self.served.append(load.served(requests, seconds))
        share = found["share"]
        # As much as earth has served when it was asked for more
        lost = max(0.0, rate - self.served[0]) * seconds
        print(
            f"   {found['requests']} requests, {found['failed']} failed, earth {share['earth']:.0%}, vulcan"
            f" {share['vulcan']:.0%}, p50 {found['p50_ms']:.0f} ms, p99 {found['p99_ms']:.0f} ms,"
            f" {self.served[-1]:.1f} answers a second; earth alone would not have answered {lost:.0f} in time"
            + ("" if planned else f"; the last one that failed was sent {whole:.1f} s after the cut"),
            flush=True,
        )
        for request in (request for request in requests if request.failed):
            print(f"   failed: sent after {request.sent - since:.1f} s, took {request.took:.1f} s: {request.error}")
        if planned and (slower := load.slower(requests)) is not None:
            print(f"   an answer from vulcan took {slower * 1000:+.0f} ms", flush=True)
            if slower > TUNNEL:
                self.faults.append(f"{self.method}: {name}: vulcan answers {slower * 1000:.0f} ms later than earth")
        if planned and found["failed"]:
            self.faults.append(f"{self.method}: {name}: {found['failed']} requests failed, and none may")
        if whole > WHOLE:
            self.faults.append(f"{self.method}: {name}: requests failed for {whole:.1f} s, and may for {WHOLE:.0f}")

    def _shared(self) -> None:
        """Hold the last phase, in which more was asked for than earth serves alone, against the ready pods."""
        name = self.phases[-1]["name"]
        if self.served[-1] < PEAK * (1 - APART):
            self.faults.append(f"{self.method}: {name}: {self.served[-1]:.1f} of {PEAK} a second were answered in time")
        there = _ready_pods(_NAME)
        wanted = there / (there + _ready_pods(s.HOST_CONTEXT))
        got = self.phases[-1]["share"]["vulcan"]
        if abs(got - wanted) > APART:
            self.faults.append(
                f"{self.method}: {name}: vulcan had {got:.0%} of the answers, and has {wanted:.0%} of the ready pods"
            )

    def _open(self) -> None:
        """Wait until the shop is open: HAProxy looks at its server once a second."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if not any(request.failed for request in load.Load(url(PORTS[self.method]), NORMAL, 2).wait()):
                return
        raise LabError("the shop does not answer its customers after 60 s")

    def _healed(self) -> None:
        """Wait until customers are sent to both clusters again."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            requests = load.Load(url(PORTS[self.method]), NORMAL, 3).wait()
            share = load.phase("", True, NORMAL, requests, 3)["share"]
            if not any(request.failed for request in requests) and 0.35 < share["vulcan"] < 0.65:
                return
        raise LabError("customers are not sent to both clusters again after 120 s")

    def _play(self, playbook: str) -> None:
        _playbook(_PLAYBOOKS / f"{playbook}.yml", *self._variables, log=s.LOG / f"traffic-{self.method}-{playbook}.log")


_NAME = "vulcan"


@contextlib.contextmanager
def silent(names: t.Sequence[str]) -> t.Iterator[None]:
    """Nothing reaches these network namespaces."""
    for name in names:
        namespaces.nft(name, _CUT_RULES)
    try:
        yield
    finally:
        for name in names:
            namespaces.nft(name, "delete table ip cut")


def _nodes_with_pods() -> list[str]:
    """The network namespaces of vulcan's nodes that have a pod of the shop."""
    hosts = _kubectl(_NAME, "get", "pods", "--selector=app=shop", "-o", "jsonpath={.items[*].status.hostIP}").split()
    return sorted({f"eks-{_NAME}-{host.replace('.', '-')}" for host in hosts})


def _ready_pods(context: str) -> int:
    ready = 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}'
    return _kubectl(context, "get", "pods", "--selector=app=shop", "-o", ready).split().count("True")


def _kill_a_pod() -> None:
    _kubectl(_NAME, "delete", "pods", "--selector=app=shop", "--force", "--grace-period=0", "--wait=false")


def _kubectl(context: str, *words: str) -> str:
    argv = ["kubectl", "--context", context, "--namespace=customers", *words]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def _playbook(file: Path, *words: str, log: Path) -> None:
    with log.open("w") as output:
        argv = ["ansible-playbook", "-i", str(_INVENTORY), *words, str(file)]
        done = subprocess.run(argv, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise LabError(f"{file.name} ended with {done.returncode}:\n{log.read_text()[-3000:]}")


def table(bursts: t.Sequence[Burst]) -> str:
    """What is printed in the end."""
    lines = [
        f"{'phase':26}{'planned':9}{'s':>5}{'offered':>9}{'asked':>7}{'failed':>8}{'earth':>7}{'vulcan':>8}{'p50':>9}"
        f"{'p99':>9}{'served':>9}"
    ]
    for burst in bursts:
        lines.append(f"-- {burst.method}")
        lines += [
            f"{p['name']:26}{'yes' if p['planned'] else 'no':9}{p['seconds']:5.0f}{p['offered']:7}/s{p['requests']:7}"
            f"{p['failed']:8}{p['share']['earth']:7.0%}{p['share']['vulcan']:8.0%}{p['p50_ms']:7.0f}ms"
            f"{p['p99_ms']:7.0f}ms{served:7.1f}/s"
            for p, served in zip(burst.phases, burst.served, strict=True)
        ]
    return "\n".join(lines)


def run(file: Path, methods: t.Sequence[str]) -> int:
    """A burst for each method; 1 if a planned phase failed a request, or a cut was not healed in time."""
    if unknown := set(methods) - set(PORTS):
        raise LabError(f"no such method: {', '.join(sorted(unknown))}; there are {', '.join(PORTS)}")
    edge.up()
    _playbook(Path(__file__).with_name("shop.yml"), log=s.LOG / "traffic-shop.log")
    bursts: list[Burst] = []
    for method in methods:
        burst = Burst(method)
        bursts.append(burst)
        try:
            burst.run()
        finally:
            temporary = file.with_suffix(".new")
            results = [{"method": each.method, "phases": each.phases} for each in bursts]
            temporary.write_text(json.dumps(results, indent=1) + "\n")
            temporary.replace(file)
    print(table(bursts))
    faults = [fault for burst in bursts for fault in burst.faults]
    print(*faults, sep="\n")
    return 1 if faults else 0
