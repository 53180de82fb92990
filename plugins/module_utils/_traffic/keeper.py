# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The keeper: a program in pods of the host cluster that publishes the member's endpoints there.

It is one file that needs nothing but Python's standard library, since it runs in a stock image. The module
traffic_endpoints puts it into a ConfigMap.

For each Service that its configuration names, it watches the EndpointSlices in the member, tries the way to each
endpoint twice a second, and writes EndpointSlices of its own beside those of the host's Service. An endpoint is ready
when the member says so and the way to it works. A member whose API server is silent is taken as it was last seen: the
way alone decides then. Draining makes all endpoints terminating.

What Kubernetes does with the slices:

- kube-proxy sends new connections to ready endpoints, and to those that are serving and terminating only where no
  endpoint is ready (pkg/proxy/topology.go). What it has begun, it lets go on.
- The EndpointSlice controller leaves slices alone that another value of managed-by marks as somebody else's:
  https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#management
- Missing conditions are read in different ways by different readers, so all three are written.
- With a trafficDistribution, one endpoint without a hint switches it off for the whole Service.
"""

from __future__ import annotations

import base64
import concurrent.futures
import datetime
import errno
import http.client
import json
import os
import queue
import selectors
import signal
import socket
import ssl
import sys
import threading
import time
import typing as t
import urllib.parse

Object = dict[str, t.Any]

MANAGED_BY = "traffic.cloudburst.federation"
MANAGED_BY_LABEL = "endpointslice.kubernetes.io/managed-by"
SERVICE_LABEL = "kubernetes.io/service-name"
BURST_LABEL = "cloudburst.federation/burst"
FIELD_MANAGER = "cloudburst-traffic"

# The EndpointSlice controller's own default (--max-endpoints-per-slice of kube-controller-manager)
SLICE_SIZE = 100
# Seconds from the start of one round of probes to the next, and for a connection to be made
PROBE_EVERY = 0.5
PROBE_TIMEOUT = 1.0
# Connections that are tried at the same time: a process has 1024 files by default
PROBES_AT_ONCE = 400
# Consecutive probes that it takes to change a verdict
FALL = 2
RISE = 3
# Twice as many endpoints as before become ready in each of these seconds
RAMP_SECONDS = 2.0

LEASE_SECONDS = 6
RENEW_EVERY = 2.0
CONFIGURATION_EVERY = 1.0
SERVICES_EVERY = 5.0
# The member's API server ends a watch after this time; a silent one is given up a little later
WATCH_SECONDS = 10
API_TIMEOUT = 4.0
# A loop that has made no round for this long hangs; Kubernetes then restarts the container
HANGS_AFTER = 60.0

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


# -- pure -------------------------------------------------------------------------------------------------------------


class Port(t.NamedTuple):
    """A port of an endpoint, as its EndpointSlice has it."""

    name: str
    protocol: str
    number: int
    app_protocol: str | None


class Endpoint(t.NamedTuple):
    """An endpoint of the member, with what the member says of it."""

    family: str
    address: str
    ports: tuple[Port, ...]
    ready: bool
    serving: bool
    terminating: bool


class Verdict(t.NamedTuple):
    """Whether a path works, and how many probes in a row have contradicted that."""

    good: bool
    against: int


def endpoints_of(slices: t.Iterable[Object], names: t.Collection[str] | None) -> dict[str, Endpoint]:
    """The endpoints in EndpointSlices, by address.

    An address that is in two slices, as it is for a moment when the controller moves it, counts as ready if it is in
    one of them. Missing conditions mean what the API says: ready, serving as ready, not terminating
    (EndpointConditions in k8s.io/api/discovery/v1).

    :param names: of the ports that are wanted; ``None`` for all.
    """
    found: dict[str, Endpoint] = {}
    for item in slices:
        if item.get("addressType") not in ("IPv4", "IPv6"):
            continue
        ports = tuple(
            sorted(
                Port(port.get("name") or "", port.get("protocol") or "TCP", int(port["port"]), port.get("appProtocol"))
                for port in item.get("ports") or []
                if port.get("port") and (names is None or (port.get("name") or "") in names)
            )
        )
        if not ports:
            continue
        for entry in item.get("endpoints") or []:
            conditions = entry.get("conditions") or {}
            ready = conditions.get("ready") is not False
            serving = conditions.get("serving")
            endpoint = Endpoint(
                item["addressType"],
                entry["addresses"][0],
                ports,
                ready,
                ready if serving is None else bool(serving),
                bool(conditions.get("terminating")),
            )
            other = found.get(endpoint.address)
            if other is None or (endpoint.ready and not other.ready):
                found[endpoint.address] = endpoint
    return found


def judged(before: Verdict | None, answered: bool) -> Verdict:
    """The verdict after another probe. A new path does not count as working until a probe has succeeded."""
    if before is None:
        before = Verdict(False, 0)
    if answered == before.good:
        return Verdict(before.good, 0)
    against = before.against + 1
    if against >= (FALL if before.good else RISE):
        return Verdict(answered, 0)
    return Verdict(before.good, against)


def admitted(able: t.Collection[str], published: t.Collection[str], seconds: float, troubled: bool) -> frozenset[str]:
    """The endpoints that may be ready: those that are ready now, and at most as many others.

    :param able: addresses that could be ready.
    :param published: addresses that are ready now.
    :param seconds: since the last time that others were admitted.
    :param troubled: a way has failed meanwhile: nothing is added.
    """
    kept = frozenset(able) & frozenset(published)
    waiting = sorted(frozenset(able) - kept)
    if not waiting or (kept and (troubled or seconds < RAMP_SECONDS)):
        return kept
    return kept | frozenset(waiting[: max(1, len(kept))])


def conditions_of(endpoint: Endpoint, *, alive: bool, admit: bool, drained: bool) -> Object:
    """The three conditions of an endpoint as they are published.

    Serving is what ready is, but for those that end (EndpointConditions in k8s.io/api/discovery/v1). Some Ingress
    controllers look at nothing else, such as Traefik (pkg/provider/kubernetes/ingress of v3.6).

    :param alive: the way to it works.
    :param admit: it may get new connections.
    :param drained: no endpoint gets new ones, unless there is nobody else.
    """
    serving = endpoint.serving and alive and (admit or drained or endpoint.terminating)
    return {
        "ready": endpoint.ready and alive and admit and not drained,
        "serving": serving,
        "terminating": endpoint.terminating or (drained and serving),
    }


def pack(
    wanted: t.Mapping[str, Endpoint], existing: t.Mapping[str, Object], taken: t.Collection[str], prefix: str
) -> dict[str, list[Endpoint]]:
    """Distribute endpoints over slices. An endpoint that is in a slice stays there.

    A slice has one address type and one list of ports, and no more than :data:`SLICE_SIZE` endpoints.

    :param existing: slices of ours by name.
    :param taken: names of slices of others.
    :param prefix: of the names of new ones, which get a number.
    """
    groups: dict[str, tuple[str, tuple[Port, ...]]] = {}
    packed: dict[str, list[Endpoint]] = {}
    unassigned = dict(sorted(wanted.items()))
    for name, item in sorted(existing.items()):
        found = endpoints_of([item], None)
        here = next(iter(found.values()), None)
        if here is None:
            continue
        group = (here.family, here.ports)
        stay = [
            unassigned.pop(a)
            for a in sorted(found)
            if a in unassigned and (unassigned[a].family, unassigned[a].ports) == group
        ]
        if stay:
            groups[name], packed[name] = group, stay
    number = 0
    for endpoint in unassigned.values():
        group = (endpoint.family, endpoint.ports)
        room = next((n for n in sorted(packed) if groups[n] == group and len(packed[n]) < SLICE_SIZE), None)
        while room is None:
            number += 1
            name = f"{prefix}-{number}"
            # The address type of a slice cannot be changed: a name is used again only when its slice is gone
            if name not in packed and name not in taken and name not in existing:
                room, groups[name], packed[name] = name, group, []
        packed[room].append(endpoint)
    return packed


def manifest(
    name: str,
    service: Object,
    burst: str,
    endpoints: t.Sequence[Endpoint],
    conditions: t.Sequence[Object],
    zones: t.Sequence[str],
) -> Object:
    """An EndpointSlice of ours.

    :param service: the host's Service, which owns it: it goes with it.
    :param conditions: of each endpoint.
    :param zones: of the host's nodes, for the hints of a Service with a trafficDistribution; else empty.
    """
    metadata = service["metadata"]
    hints = {"hints": {"forZones": [{"name": zone} for zone in zones]}} if zones else {}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": name,
            "namespace": metadata["namespace"],
            "labels": {SERVICE_LABEL: metadata["name"], MANAGED_BY_LABEL: MANAGED_BY, BURST_LABEL: burst},
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "Service", "name": metadata["name"], "uid": metadata["uid"],
                 "controller": False, "blockOwnerDeletion": False}
            ],
        },
        "addressType": endpoints[0].family,
        "ports": [
            {"name": port.name, "protocol": port.protocol, "port": port.number,
             **({"appProtocol": port.app_protocol} if port.app_protocol else {})}
            for port in endpoints[0].ports
        ],
        "endpoints": [
            {"addresses": [endpoint.address], "conditions": conditions[index], **hints}
            for index, endpoint in enumerate(endpoints)
        ],
    }  # fmt: skip


def hinted(service: Object, zones: t.Sequence[str]) -> t.Sequence[str]:
    """The zones for the hints: none where the Service's traffic is not distributed by zones.

    A hint names at most 8 zones (validation in k8s.io/kubernetes/pkg/apis/discovery).
    """
    annotations = service["metadata"].get("annotations") or {}
    mode = annotations.get("service.kubernetes.io/topology-mode", "") or annotations.get(
        "service.kubernetes.io/topology-aware-hints", ""
    )
    wanted = (service.get("spec") or {}).get("trafficDistribution") or mode.lower() == "auto"
    return sorted(zones)[:8] if wanted else ()


def same(slice_: Object, wanted: Object) -> bool:
    """Whether a slice already has the desired content."""
    metadata = slice_["metadata"]
    labels = metadata.get("labels") or {}
    owners = [owner.get("uid") for owner in metadata.get("ownerReferences") or []]
    return (
        all(labels.get(key) == value for key, value in wanted["metadata"]["labels"].items())
        and owners == [owner["uid"] for owner in wanted["metadata"]["ownerReferences"]]
        and slice_.get("addressType") == wanted["addressType"]
        and [_port(port) for port in slice_.get("ports") or []] == [_port(port) for port in wanted["ports"]]
        and [_entry(entry) for entry in slice_.get("endpoints") or []] == [_entry(e) for e in wanted["endpoints"]]
    )


def _port(port: Object) -> tuple[t.Any, ...]:
    return port.get("name") or "", port.get("protocol") or "TCP", port.get("port"), port.get("appProtocol")


def _entry(entry: Object) -> tuple[t.Any, ...]:
    conditions = entry.get("conditions") or {}
    zones = [zone["name"] for zone in (entry.get("hints") or {}).get("forZones") or []]
    return entry["addresses"], [conditions.get(key) for key in ("ready", "serving", "terminating")], zones


def lease_manifest(found: Object | None, name: str, namespace: str, holder: str, now: str) -> Object:
    """A Lease that is held by somebody, or with an empty name by nobody."""
    spec = dict((found or {}).get("spec") or {})
    if spec.get("holderIdentity") != holder:
        spec["leaseTransitions"] = int(spec.get("leaseTransitions") or 0) + 1
        spec["acquireTime"] = now
    spec.update({"holderIdentity": holder, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": now})
    metadata = dict((found or {}).get("metadata") or {"name": name, "namespace": namespace})
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}


def reads_well(status: int) -> bool:
    """Whether the kubelet counts an HTTP status as success (pkg/probe/http)."""
    return 200 <= status < 400


# -- the API servers --------------------------------------------------------------------------------------------------


class ErrorAnswer(Exception):
    """An API server has answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message[:300]}")
        self.status = status


# What it may raise when there is no answer
SILENT = (OSError, http.client.HTTPException, ValueError)


class Api:
    """A client for one API server, which reuses its connections.

    :param token: path of a file with the bearer token, which is read anew each time, for it may be renewed.
    :param ca: certificates of the authority in PEM; empty for the image's own.
    :param proxy: URL of an HTTP proxy, or empty.
    :param unverified: what of the certificate is not verified, as in a KubeFedCluster's disabledTLSValidations.
    """

    def __init__(self, server: str, token: str, ca: str, proxy: str = "", unverified: t.Collection[str] = ()) -> None:
        self._url = urllib.parse.urlsplit(server)
        self._token = token
        self._proxy = urllib.parse.urlsplit(proxy)
        # Not create_default_context(): from Python 3.13 on it asks for an Authority Key Identifier, which EKS's
        # authorities lack
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if "*" in unverified:
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE
        elif "SubjectName" in unverified:
            self._context.check_hostname = False
        if "ValidityPeriod" in unverified:
            self._context.verify_flags |= 0x200000  # X509_V_FLAG_NO_CHECK_TIME
        if ca:
            self._context.load_verify_locations(cadata=ca)
        else:
            self._context.load_default_certs()
        self._kept: list[http.client.HTTPConnection] = []

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        secure = self._url.scheme == "https"
        port = port or (443 if secure else 80)
        there = (self._proxy.hostname or "", self._proxy.port or 80) if self._proxy.hostname else (host, port)
        made: http.client.HTTPConnection = (
            http.client.HTTPSConnection(*there, timeout=timeout, context=self._context)
            if secure
            else http.client.HTTPConnection(*there, timeout=timeout)
        )
        if self._proxy.hostname:
            login = f"{self._proxy.username or ''}:{self._proxy.password or ''}"
            basic = base64.b64encode(urllib.parse.unquote(login).encode()).decode()
            made.set_tunnel(host, port, {"Proxy-Authorization": f"Basic {basic}"} if self._proxy.username else {})
        return made

    def _headers(self) -> dict[str, str]:
        with open(self._token, encoding="utf-8") as file:
            return {"Authorization": f"Bearer {file.read().strip()}", "Accept": "application/json"}

    def call(self, method: str, path: str, body: Object | None = None, kind: str = "application/json") -> Object:
        """One request, answered with the decoded JSON.

        :raises ErrorAnswer: for each answer that is not a success.
        """
        headers = self._headers()
        content = None
        if body is not None:
            content, headers["Content-Type"] = json.dumps(body), kind
        for again in (True, False):
            try:
                # One step, as several threads may ask
                connection, kept = self._kept.pop(), True
            except IndexError:
                connection, kept = self._connection(API_TIMEOUT), False
            try:
                connection.request(method, self._url.path.rstrip("/") + path, content, headers)
                answer = connection.getresponse()
                data = answer.read()
            except SILENT:
                connection.close()
                # The server may have closed an idle connection
                if not kept or not again:
                    raise
                continue
            self._kept.append(connection)
            if answer.status >= 300:
                raise ErrorAnswer(answer.status, data.decode(errors="replace"))
            decoded = json.loads(data)
            return t.cast(Object, decoded)
        raise OSError("not reached")

    def get(self, path: str) -> Object | None:
        """An object, or ``None`` where there is none."""
        try:
            return self.call("GET", path)
        except ErrorAnswer as error:
            if error.status == 404:
                return None
            raise

    def lines(self, path: str, timeout: float) -> t.Iterator[Object]:
        """The events of a watch, on a connection of its own."""
        connection = self._connection(timeout)
        try:
            connection.request("GET", self._url.path.rstrip("/") + path, None, self._headers())
            answer = connection.getresponse()
            if answer.status >= 300:
                raise ErrorAnswer(answer.status, answer.read().decode(errors="replace"))
            for line in answer:
                yield json.loads(line)
        finally:
            connection.close()


def slices_path(namespace: str, name: str = "") -> str:
    """API path of EndpointSlices."""
    return f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices" + (f"/{name}" if name else "")


def of_service(name: str) -> str:
    """The label selector for a Service's slices, as a query."""
    return urllib.parse.urlencode({"labelSelector": f"{SERVICE_LABEL}={name}"})


class Watch(threading.Thread):
    """The member's slices of one Service; if the API server does not answer, as they were last seen."""

    def __init__(self, api: Api, namespace: str, service: str) -> None:
        super().__init__(daemon=True)
        self._api = api
        self._path = f"{slices_path(namespace)}?{of_service(service)}"
        self._label = f"{namespace}/{service}"
        self._slices: dict[str, Object] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._said = ""
        self.known = False

    def slices(self) -> list[Object]:
        """Those that are there, but for a keeper's: the member may be the host of another burst."""
        with self._lock:
            return [
                item
                for item in self._slices.values()
                if (item["metadata"].get("labels") or {}).get(MANAGED_BY_LABEL) != MANAGED_BY
            ]

    def end(self) -> None:
        """Ask the thread to end."""
        self._over.set()

    def run(self) -> None:
        """List and watch, until the end."""
        while not self._over.is_set():
            try:
                self._round()
                self._say("")
            except (ErrorAnswer, LookupError, TypeError) as error:
                self._say(f"the member answers with {error}")
                self._over.wait(1)
            except SILENT as error:
                self._say(f"the member's API server is silent, its endpoints are held: {error}")
                self._over.wait(0.5)

    def _round(self) -> None:
        answer = self._api.call("GET", self._path)
        found = {item["metadata"]["name"]: item for item in answer.get("items") or []}
        with self._lock:
            self._slices, self.known = found, True
        version = answer["metadata"]["resourceVersion"]
        query = f"&watch=1&timeoutSeconds={WATCH_SECONDS}&resourceVersion={version}"
        for event in self._api.lines(self._path + query, WATCH_SECONDS + API_TIMEOUT):
            item = event["object"]
            if event["type"] == "ERROR":
                return
            with self._lock:
                if event["type"] == "DELETED":
                    self._slices.pop(item["metadata"]["name"], None)
                else:
                    self._slices[item["metadata"]["name"]] = item
            WAKE.put(None)

    def _say(self, text: str) -> None:
        if text != self._said:
            log(f"{self._label}: {text or 'the member answers'}")
            self._said = text


# -- probes -----------------------------------------------------------------------------------------------------------


def connect_all(targets: t.Collection[tuple[str, int]], timeout: float) -> dict[tuple[str, int], bool]:
    """Try a TCP connection to each target; tells which of them succeeded in time."""
    found: dict[tuple[str, int], bool] = {}
    rest = sorted(targets)
    while rest:
        now, rest = rest[:PROBES_AT_ONCE], rest[PROBES_AT_ONCE:]
        found.update(_connect(now, timeout))
    return found


def _connect(targets: t.Sequence[tuple[str, int]], timeout: float) -> dict[tuple[str, int], bool]:
    found = {target: False for target in targets}
    deadline = time.monotonic() + timeout
    with selectors.DefaultSelector() as selector:
        sockets = []
        try:
            for target in targets:
                probe = socket.socket(socket.AF_INET6 if ":" in target[0] else socket.AF_INET, socket.SOCK_STREAM)
                sockets.append(probe)
                probe.setblocking(False)
                code = probe.connect_ex(target)
                if code == 0:
                    found[target] = True
                elif code == errno.EINPROGRESS:
                    selector.register(probe, selectors.EVENT_WRITE, target)
            while selector.get_map() and time.monotonic() < deadline:
                for key, _events in selector.select(max(0.0, deadline - time.monotonic())):
                    probe = t.cast(socket.socket, key.fileobj)
                    selector.unregister(probe)
                    found[key.data] = probe.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        finally:
            for probe in sockets:
                probe.close()
    return found


def ask(address: str, port: int, request: Object) -> bool:
    """Whether an endpoint answers the request of its readiness probe, as the kubelet asks: without verifying TLS."""
    host = f"[{address}]" if ":" in address else address
    connection: http.client.HTTPConnection
    if request.get("scheme") == "HTTPS":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=request["timeout"], context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=request["timeout"])
    try:
        connection.request("GET", request["path"], headers=request["headers"])
        return reads_well(connection.getresponse().status)
    except SILENT:
        return False
    finally:
        connection.close()


class Ways:
    """What is held of the way to each endpoint.

    A TCP connection to each port is tried twice a second. Where the pods' readiness is an HTTP request to one of the
    ports, the same request is made through the tunnel, as often and as patiently as the kubelet does: what lies on
    the way may let connections pass and no data, and an application with much to do must not be taken for a dead one.
    """

    def __init__(self) -> None:
        self._verdicts: dict[tuple[str, int], Verdict] = {}
        self._pool = concurrent.futures.ThreadPoolExecutor(16)
        self._asked: dict[tuple[str, int], tuple[float, t.Any]] = {}
        self._failures: dict[tuple[str, int], int] = {}

    def believe(self, endpoint: Endpoint) -> None:
        """Assume that a path works because another keeper has found that it does."""
        for port in _tcp(endpoint):
            self._verdicts.setdefault((endpoint.address, port.number), Verdict(True, 0))
            self._failures.setdefault((endpoint.address, port.number), 0)

    def probe(self, wanted: t.Mapping[tuple[str, int], Object | None]) -> bool:
        """Probe all paths once.

        :param wanted: address and port of each, and the request of its readiness probe where that is one.
        :returns: whether one that worked before has failed.
        """
        for known in (self._verdicts, self._asked, self._failures):
            for gone in set(known) - set(wanted):
                del known[gone]
        troubled = False
        for target, answered in connect_all(wanted, PROBE_TIMEOUT).items():
            before = self._verdicts.get(target)
            after = self._verdicts[target] = judged(before, answered)
            troubled = troubled or (before is not None and before.good and not answered)
            if before is None or before.good != after.good:
                log(f"{target[0]} port {target[1]} {'is reached' if after.good else 'is not reached'}")
        for target, request in wanted.items():
            if request is not None:
                self._ask(target, request)
        return troubled

    def _ask(self, target: tuple[str, int], request: Object) -> None:
        now = time.monotonic()
        began, pending = self._asked.get(target, (0.0, None))
        if pending is not None and pending.done():
            before: int = self._failures.get(target, int(request["failures"]))
            after = self._failures[target] = 0 if pending.result() else before + 1
            if (before < request["failures"]) != (after < request["failures"]):
                log(f"{target[0]} port {target[1]} {'answers' if after == 0 else 'does not answer'} {request['path']}")
            self._asked[target] = (began, None)
            pending = None
        well = self._failures.get(target, request["failures"]) < request["failures"]
        if pending is None and now - began >= (request["period"] if well else PROBE_EVERY):
            self._asked[target] = (now, self._pool.submit(ask, target[0], target[1], request))

    def good(self, endpoint: Endpoint, requests: t.Mapping[str, Object]) -> bool:
        """Whether all ports of an endpoint can be reached."""
        for port in _tcp(endpoint):
            target = (endpoint.address, port.number)
            if not self._verdicts.get(target, Verdict(False, 0)).good:
                return False
            request = requests.get(port.name)
            if request is not None and self._failures.get(target, request["failures"]) >= request["failures"]:
                return False
        return True


def _tcp(endpoint: Endpoint) -> list[Port]:
    return [port for port in endpoint.ports if port.protocol == "TCP"]


# -- the keeper -------------------------------------------------------------------------------------------------------

WAKE: queue.Queue[None] = queue.Queue()


def log(text: str) -> None:
    """Write a line to the pod's log."""
    sys.stdout.write(f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ} {text}\n")
    sys.stdout.flush()


class Seat:
    """The Lease, whose holder writes the slices. Only this process's clock is used, so clocks may differ."""

    def __init__(self, api: Api, namespace: str, name: str, holder: str) -> None:
        self._api = api
        self._namespace, self._name, self._holder = namespace, name, holder
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._seen: tuple[str, float] = ("", 0.0)
        self._renewed = -1e9
        self._looked = -1e9

    @property
    def held(self) -> bool:
        """Whether this process still holds it."""
        return time.monotonic() - self._renewed < LEASE_SECONDS - 1

    def step(self) -> None:
        """Renew it, or acquire it if it is free."""
        now = time.monotonic()
        if now - self._looked < (RENEW_EVERY if self.held else 1.0):
            return
        self._looked = now
        found = self._api.get(f"{self._path}/{self._name}")
        spec = (found or {}).get("spec") or {}
        holder = spec.get("holderIdentity") or ""
        if holder not in ("", self._holder):
            mark = f"{holder} {spec.get('renewTime')}"
            if mark != self._seen[0]:
                self._seen = (mark, now)
            if now - self._seen[1] < int(spec.get("leaseDurationSeconds") or LEASE_SECONDS):
                self._renewed = -1e9
                return
        if self._write(found, self._holder):
            if holder != self._holder:
                log(f"{self._holder} has the lease")
            self._renewed = now

    def leave(self) -> None:
        """Release it, so that the other keeper can take it at once."""
        if self.held:
            self._write(self._api.get(f"{self._path}/{self._name}"), "")
            self._renewed = -1e9

    def _write(self, found: Object | None, holder: str) -> bool:
        now = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        body = lease_manifest(found, self._name, self._namespace, holder, now)
        try:
            if found is None:
                self._api.call("POST", self._path, body)
            else:
                self._api.call("PUT", f"{self._path}/{self._name}", body)
        except ErrorAnswer as error:
            if error.status == 409:
                return False
            raise
        return True


class Kept:
    """One Service of the configuration."""

    def __init__(self, entry: Object, member: Api) -> None:
        self.entry = entry
        self.namespace, self.name = entry["namespace"], entry["service"]
        self.requests: dict[str, Object] = entry["requests"]
        self.service: Object | None = None
        self.ours: dict[str, Object] = {}
        self.taken: set[str] = set()
        self.read = -1e9
        self.admitted_at = -1e9
        self.watch = Watch(member, self.namespace, self.name)
        self.watch.start()

    def endpoints(self) -> dict[str, Endpoint]:
        """The member's endpoints; as long as it has not answered, those that an earlier keeper has published."""
        names = set(self.entry["ports"])
        if self.watch.known:
            return endpoints_of(self.watch.slices(), names)
        return endpoints_of(self.ours.values(), names)

    def published(self) -> set[str]:
        """The addresses that are ready in our slices."""
        return {e.address for e in endpoints_of(self.ours.values(), None).values() if e.ready}


class Keeper:
    """Holds the lease, reads the configuration, probes and writes."""

    def __init__(self, host: Api, member: Api, namespace: str, name: str, holder: str) -> None:
        self.seat = Seat(host, namespace, name, holder)
        self._host, self._member = host, member
        self._configuration_path = f"/api/v1/namespaces/{namespace}/configmaps/{name}"
        self._configuration: Object = {}
        self._configured = -1e9
        self._services: dict[tuple[str, str], Kept] = {}
        self._ways = Ways()

    def step(self) -> None:
        """One round."""
        self.seat.step()
        if not self.seat.held:
            self._take([])
            self._ways.probe({})
            self._configuration, self._configured = {}, -1e9
            return
        self._configure()
        services = list(self._services.values())
        for kept in services:
            self._look(kept)
        wanted: dict[tuple[str, int], Object | None] = {}
        for kept in services:
            for endpoint in kept.endpoints().values():
                for port in _tcp(endpoint):
                    wanted[endpoint.address, port.number] = kept.requests.get(port.name)
        troubled = self._ways.probe(wanted)
        for kept in services:
            if kept.service is not None and self.seat.held:
                self._write(kept, troubled)

    def _configure(self) -> None:
        if time.monotonic() - self._configured < CONFIGURATION_EVERY:
            return
        found = self._host.get(self._configuration_path)
        self._configured = time.monotonic()
        # Without one, leave everything as it is: it is being removed
        configuration = json.loads(found["data"]["config.json"]) if found else {}
        if configuration != self._configuration:
            names = [f"{entry['namespace']}/{entry['service']}" for entry in configuration.get("services") or []]
            log(f"state {configuration.get('state')}, services: {', '.join(names) or 'none'}")
            self._configuration = configuration
            self._take(configuration.get("services") or [])

    def _take(self, entries: t.Sequence[Object]) -> None:
        wanted = {(entry["namespace"], entry["service"]): entry for entry in entries}
        for key, kept in list(self._services.items()):
            if kept.entry != wanted.get(key):
                kept.watch.end()
                del self._services[key]
        for key, entry in wanted.items():
            if key not in self._services:
                self._services[key] = Kept(entry, self._member)

    def _look(self, kept: Kept) -> None:
        """Read the host's Service and the slices of ours, which others may have changed."""
        if time.monotonic() - kept.read < SERVICES_EVERY:
            return
        first = kept.service is None
        kept.service = self._host.get(f"/api/v1/namespaces/{kept.namespace}/services/{kept.name}")
        items = self._host.call("GET", f"{slices_path(kept.namespace)}?{of_service(kept.name)}").get("items") or []
        burst = self._configuration["burst"]
        ours = {
            item["metadata"]["name"]: item
            for item in items
            if item["metadata"]["labels"].get(MANAGED_BY_LABEL) == MANAGED_BY
            and item["metadata"]["labels"].get(BURST_LABEL) == burst
        }
        kept.ours = ours
        kept.taken = {item["metadata"]["name"] for item in items} - set(ours)
        if first:
            for endpoint in endpoints_of(ours.values(), None).values():
                if endpoint.ready:
                    self._ways.believe(endpoint)
        kept.read = time.monotonic()

    def _write(self, kept: Kept, troubled: bool) -> None:
        service = t.cast(Object, kept.service)
        burst, drained = self._configuration["burst"], self._configuration["state"] == "drained"
        endpoints = kept.endpoints()
        alive = {address for address, e in endpoints.items() if self._ways.good(e, kept.requests)}
        able = {address for address in alive if endpoints[address].ready}
        published = kept.published()
        now = time.monotonic()
        admit = admitted(able, published, now - kept.admitted_at, troubled)
        if admit - published:
            kept.admitted_at = now
        packed = pack(endpoints, kept.ours, kept.taken, f"{kept.name}-{burst}")
        zones = hinted(service, self._configuration["zones"])
        for name, members in packed.items():
            conditions = [
                conditions_of(e, alive=e.address in alive, admit=e.address in admit, drained=drained) for e in members
            ]
            wanted = manifest(name, service, burst, members, conditions, zones)
            if name not in kept.ours or not same(kept.ours[name], wanted):
                query = f"?fieldManager={FIELD_MANAGER}&force=true"
                path = slices_path(kept.namespace, name) + query
                kept.ours[name] = self._host.call("PATCH", path, wanted, "application/apply-patch+yaml")
                ready = [e.address for e, c in zip(members, conditions) if c["ready"]]
                log(f"{kept.namespace}/{name}: {len(ready)} of {len(members)} ready: {', '.join(ready) or 'none'}")
        for name in set(kept.ours) - set(packed):
            try:
                self._host.call("DELETE", slices_path(kept.namespace, name))
            except ErrorAnswer as error:
                if error.status != 404:
                    raise
            del kept.ours[name]


def watch_over(beat: list[float]) -> None:
    """Exit when the main loop hangs."""
    while True:
        time.sleep(5)
        if time.monotonic() - beat[0] > HANGS_AFTER:
            log("the loop hangs")
            os._exit(1)


def main() -> None:
    """Run until the process is terminated."""
    over = threading.Event()

    def end(_number: int, _frame: t.Any) -> None:
        over.set()
        WAKE.put(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    settings = os.environ["CLOUDBURST_MEMBER"]
    with open(os.path.join(settings, "member.json"), encoding="utf-8") as file:
        access = json.load(file)
    member = Api(
        access["server"], os.path.join(settings, "token"), access["ca"], access["proxy"], access["unverified"]
    )  # fmt: skip
    address = os.environ["KUBERNETES_SERVICE_HOST"]
    if ":" in address:
        address = f"[{address}]"
    with open(os.path.join(ACCOUNT, "ca.crt"), encoding="utf-8") as file:
        host = Api(
            f"https://{address}:{os.environ['KUBERNETES_SERVICE_PORT']}", os.path.join(ACCOUNT, "token"), file.read()
        )
    keeper = Keeper(
        host, member, os.environ["CLOUDBURST_NAMESPACE"], os.environ["CLOUDBURST_NAME"], os.environ["CLOUDBURST_POD"]
    )
    beat = [time.monotonic()]
    threading.Thread(target=watch_over, args=(beat,), daemon=True).start()
    said = ""
    while not over.is_set():
        beat[0] = began = time.monotonic()
        problem = ""
        try:
            keeper.step()
        except (ErrorAnswer, LookupError, TypeError, *SILENT) as error:
            problem = f"{type(error).__name__}: {error}"
        if problem != said:
            log(problem or "it works again")
            said = problem
        try:
            WAKE.get(timeout=max(0.05, PROBE_EVERY - (time.monotonic() - began)))
            while True:
                WAKE.get_nowait()
        except queue.Empty:
            pass
    try:
        keeper.seat.leave()
    except (ErrorAnswer, *SILENT) as error:
        log(f"the lease is not given back: {error}")


if __name__ == "__main__":
    main()
