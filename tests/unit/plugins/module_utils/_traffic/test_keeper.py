# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the keeper makes of the member's slices and of its probes. Its rounds run in the scenario traffic_endpoints."""

from __future__ import annotations

import ast
import http.server
import inspect
import socket
import sys
import threading
import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._traffic import keeper

HTTP = {"name": "http", "protocol": "TCP", "port": 80}
SERVICE = {"metadata": {"name": "shop", "namespace": "shops", "uid": "1234"}, "spec": {}}
WELL = {"ready": True, "serving": True, "terminating": False}


def entry(address: str, **conditions: bool | None) -> dict[str, t.Any]:
    return {"addresses": [address], "conditions": conditions}


def slice_(*entries: dict[str, t.Any], ports: t.Sequence[t.Any] = (HTTP,), **more: t.Any) -> dict[str, t.Any]:
    return {"addressType": "IPv4", "ports": list(ports), "endpoints": list(entries), **more}


def endpoint(address: str, number: int = 80, **conditions: bool) -> keeper.Endpoint:
    ports = (keeper.Port("http", "TCP", number, None),)
    return keeper.Endpoint("IPv4", address, ports, **{**WELL, **conditions})


def by_address(*endpoints: keeper.Endpoint) -> dict[str, keeper.Endpoint]:
    return {each.address: each for each in endpoints}


# -- endpoints_of


def test_missing_conditions_mean_what_the_api_says() -> None:
    found = keeper.endpoints_of([slice_(entry("10.11.0.1"), entry("10.11.0.2", ready=False))], None)
    assert found == by_address(
        endpoint("10.11.0.1"), endpoint("10.11.0.2", ready=False, serving=False)
    )  # fmt: skip


def test_of_two_entries_with_an_address_the_ready_one_counts() -> None:
    gone, here = slice_(entry("10.11.0.1", ready=False)), slice_(entry("10.11.0.1", ready=True))
    for order in ([gone, here], [here, gone]):
        assert keeper.endpoints_of(order, None)["10.11.0.1"].ready


def test_only_ports_that_are_shared() -> None:
    metrics = {"name": "metrics", "protocol": "TCP", "port": 9090}
    found = keeper.endpoints_of([slice_(entry("10.11.0.1"), ports=[metrics, HTTP])], {"http"})
    assert [port.name for port in found["10.11.0.1"].ports] == ["http"]
    assert keeper.endpoints_of([slice_(entry("10.11.0.1"), ports=[metrics])], {"http"}) == {}
    assert keeper.endpoints_of([slice_(entry("10.11.0.1"), ports=[])], None) == {}


def test_names_are_no_addresses() -> None:
    assert keeper.endpoints_of([slice_(entry("shop.example.com"), addressType="FQDN")], None) == {}


# -- probes


def judged(*answers: bool, before: keeper.Verdict | None = None) -> list[bool]:
    goods = []
    for answer in answers:
        before = keeper.judged(before, answer)
        goods.append(before.good)
    return goods


def test_a_way_has_to_prove_itself_and_then_fails_twice() -> None:
    assert judged(True, True, True) == [False, False, True]
    assert judged(False, True, False, before=keeper.Verdict(True, 0)) == [True, True, True]
    assert judged(False, False, True, True, True, before=keeper.Verdict(True, 0)) == [True, False, False, False, True]


def test_a_dead_way_is_out_within_five_seconds() -> None:
    """A probe begins when the last one has ended, and a slice is written right after it."""
    rounds = keeper.FALL * max(keeper.PROBE_EVERY, keeper.PROBE_TIMEOUT)
    assert keeper.PROBE_EVERY + rounds + 1.0 <= 5.0


def test_connections() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = server.getsockname()[:2]
        with socket.create_server(("127.0.0.1", 0)) as other:
            closed = other.getsockname()[:2]
        assert keeper.connect_all([here, closed], 2.0) == {here: True, closed: False}
    assert keeper.connect_all([], 2.0) == {}


def test_silence_is_no_connection() -> None:
    # TEST-NET-1, where nobody is (RFC 5737)
    target = ("192.0.2.1", 80)
    assert keeper.connect_all([target], 0.2) == {target: False}


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers with the status in the path."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")) if self.headers["X-Probe"] else 400)
        self.end_headers()

    def log_message(self, *_args: t.Any) -> None:
        """Nothing."""


@pytest.fixture
def web() -> t.Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "well"), [(200, True), (302, True), (404, False), (503, False)])
def test_a_request_reads_as_the_kubelet_reads_it(web: int, status: int, well: bool) -> None:
    request = {"path": f"/{status}", "headers": {"X-Probe": "1"}, "scheme": "HTTP", "timeout": 5}
    assert keeper.ask("127.0.0.1", web, request) is well
    assert not keeper.ask("127.0.0.1", web, {**request, "scheme": "HTTPS"})


# -- ramp


def test_so_many_more_as_there_are() -> None:
    able = {"a", "b", "c", "d", "e", "f"}
    assert keeper.admitted(able, (), 0.0, False) == {"a"}
    assert keeper.admitted(able, {"a"}, keeper.RAMP_SECONDS, False) == {"a", "b"}
    assert keeper.admitted(able, {"a", "b"}, keeper.RAMP_SECONDS, False) == {"a", "b", "c", "d"}


def test_the_ramp_waits_and_stops_where_a_way_fails() -> None:
    assert keeper.admitted({"a", "b"}, {"a"}, 0.5, False) == {"a"}
    assert keeper.admitted({"a", "b"}, {"a"}, 9.0, True) == {"a"}
    # With nobody there is nothing to be careful of
    assert keeper.admitted({"b"}, {"a"}, 0.0, True) == {"b"}


# -- conditions


def test_a_ready_endpoint_with_a_way() -> None:
    said = keeper.conditions_of(endpoint("a"), alive=True, admit=True, drained=False)
    assert said == WELL


def test_an_endpoint_that_is_not_admitted_yet_does_not_serve() -> None:
    """Traefik does not look at ready."""
    said = keeper.conditions_of(endpoint("a"), alive=True, admit=False, drained=False)
    assert said == {"ready": False, "serving": False, "terminating": False}


@pytest.mark.parametrize("drained", [False, True])
def test_nothing_goes_a_dead_way(drained: bool) -> None:
    said = keeper.conditions_of(endpoint("a"), alive=False, admit=True, drained=drained)
    assert said == {"ready": False, "serving": False, "terminating": False}


def test_drained_endpoints_go_on_serving() -> None:
    said = keeper.conditions_of(endpoint("a"), alive=True, admit=True, drained=True)
    assert said == {"ready": False, "serving": True, "terminating": True}


def test_what_the_member_says_holds() -> None:
    pod = endpoint("a", ready=False, serving=True, terminating=True)
    said = keeper.conditions_of(pod, alive=True, admit=False, drained=False)
    assert said == {"ready": False, "serving": True, "terminating": True}
    not_ready = endpoint("a", ready=False, serving=False)
    assert keeper.conditions_of(not_ready, alive=True, admit=True, drained=True)["terminating"] is False


# -- slices


def test_a_slice_has_no_more_than_a_hundred() -> None:
    many = by_address(*(endpoint(f"10.11.{n // 200}.{n % 200}") for n in range(250)))
    packed = keeper.pack(many, {}, (), "shop-vulcan")
    assert {name: len(each) for name, each in packed.items()} == {
        "shop-vulcan-1": 100, "shop-vulcan-2": 100, "shop-vulcan-3": 50,
    }  # fmt: skip


def test_endpoints_stay_in_their_slice() -> None:
    existing = {"shop-vulcan-2": slice_(entry("10.11.0.2"), entry("10.11.0.9"))}
    wanted = by_address(endpoint("10.11.0.1"), endpoint("10.11.0.2"))
    packed = keeper.pack(wanted, existing, (), "shop-vulcan")
    assert {name: [e.address for e in each] for name, each in packed.items()} == {
        "shop-vulcan-2": ["10.11.0.2", "10.11.0.1"]
    }


def test_other_ports_are_another_slice() -> None:
    """Named target ports may have another number in each version of a pod."""
    existing = {"shop-vulcan-1": slice_(entry("10.11.0.1"))}
    wanted = by_address(endpoint("10.11.0.1", 8080), endpoint("10.11.0.2", 80))
    packed = keeper.pack(wanted, existing, (), "shop-vulcan")
    assert {name: [e.address for e in each] for name, each in packed.items()} == {
        "shop-vulcan-2": ["10.11.0.1"], "shop-vulcan-3": ["10.11.0.2"],
    }  # fmt: skip


def test_names_of_others_are_not_taken() -> None:
    packed = keeper.pack(by_address(endpoint("10.11.0.1")), {}, {"shop-vulcan-1"}, "shop-vulcan")
    assert list(packed) == ["shop-vulcan-2"]


def wanted(service: t.Any = None, zones: t.Sequence[str] = ()) -> dict[str, t.Any]:
    return keeper.manifest("shop-vulcan-1", service or SERVICE, "vulcan", [endpoint("10.11.0.1")], [WELL], zones)


def test_a_slice_as_kubernetes_wants_it() -> None:
    slice_of_ours = wanted()
    metadata = slice_of_ours["metadata"]
    assert metadata["labels"] == {
        "kubernetes.io/service-name": "shop",
        "endpointslice.kubernetes.io/managed-by": "traffic.cloudburst.federation",
        "cloudburst.federation/burst": "vulcan",
    }
    assert metadata["ownerReferences"] == [
        {"apiVersion": "v1", "kind": "Service", "name": "shop", "uid": "1234", "controller": False,
         "blockOwnerDeletion": False}
    ]  # fmt: skip
    assert slice_of_ours["ports"] == [HTTP]
    assert slice_of_ours["endpoints"] == [{"addresses": ["10.11.0.1"], "conditions": WELL}]


def test_what_is_already_wanted_is_not_written() -> None:
    found = wanted()
    found["metadata"]["resourceVersion"] = "7"
    assert keeper.same(found, wanted())
    drained = {**wanted(), "endpoints": [{"addresses": ["10.11.0.1"], "conditions": {**WELL, "ready": False}}]}
    assert not keeper.same(found, drained)
    other = {"metadata": {**SERVICE["metadata"], "uid": "5678"}, "spec": {}}
    assert not keeper.same(found, wanted(other))
    assert not keeper.same(found, wanted(zones=["a"]))


def test_hints_only_where_traffic_is_distributed() -> None:
    assert keeper.hinted(SERVICE, ["b", "a"]) == ()
    spread = {**SERVICE, "spec": {"trafficDistribution": "PreferSameZone"}}
    assert keeper.hinted(spread, ["b", "a"]) == ["a", "b"]
    assert len(keeper.hinted(spread, [f"zone-{n}" for n in range(12)])) == 8
    annotated = {"metadata": {"annotations": {"service.kubernetes.io/topology-mode": "Auto"}}, "spec": {}}
    assert keeper.hinted(annotated, ["a"]) == ["a"]
    assert wanted(zones=["a"])["endpoints"][0]["hints"] == {"forZones": [{"name": "a"}]}


# -- the lease


def test_a_lease_counts_its_holders() -> None:
    first = keeper.lease_manifest(None, "cloudburst-traffic-vulcan", "kube-federation-system", "pod-a", "then")
    assert (first["spec"]["leaseTransitions"], first["spec"]["acquireTime"]) == (1, "then")
    again = keeper.lease_manifest(first, "x", "x", "pod-a", "now")
    assert (again["spec"]["leaseTransitions"], again["spec"]["acquireTime"]) == (1, "then")
    assert (again["spec"]["renewTime"], again["metadata"]["name"]) == ("now", "cloudburst-traffic-vulcan")
    other = keeper.lease_manifest(again, "x", "x", "pod-b", "later")
    assert (other["spec"]["leaseTransitions"], other["spec"]["holderIdentity"]) == (2, "pod-b")


def test_it_needs_no_more_than_pythons_standard_library() -> None:
    tree = ast.parse(inspect.getsource(keeper))
    names = {
        alias.name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    names |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names <= sys.stdlib_module_names
