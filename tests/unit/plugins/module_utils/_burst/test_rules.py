# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._burst.rules import RULES, problems_of, tunnels

KEY = "aB3._xyz!aB3"
TUNNEL: dict[str, t.Any] = {
    "name": "mars",
    "local_address": "203.0.113.10",
    "remote_address": "192.0.2.20",
    "psk": KEY,
    "remote_networks": ["10.30.0.0/24", "10.30.128.0/24"],
}
INSIDE = {"inside_local": "169.254.10.2", "inside_remote": "169.254.10.1"}
SECOND = {**TUNNEL, "remote_address": "192.0.2.21"}


def lines(value: t.Any) -> list[str]:
    return [str(problem) for problem in tunnels("burst_tunnels", value)]


@pytest.mark.parametrize(
    "value",
    [
        [],
        [TUNNEL],
        [{**TUNNEL, **INSIDE, "ike_proposals": ["aes256-sha256-modp2048"], "ike_lifetime": 3600, "tcp_mss": "1300"}],
        [TUNNEL, {**SECOND, "remote_networks": TUNNEL["remote_networks"][::-1]}],
    ],
)
def test_tunnels_that_are_fine(value: t.Any) -> None:
    assert lines(value) == []


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "burst_tunnels: 'a NoneType' cannot be used; it must be a list of 2 tunnels at most"),
        ([TUNNEL] * 3, "burst_tunnels: '3 entries' cannot be used"),
        ([{**TUNNEL, "remote_address": "mars.example.com"}], "burst_tunnels[0].remote_address: 'mars.example.com'"),
        ([{**TUNNEL, "remote_networks": []}], "burst_tunnels[0].remote_networks: [] cannot be used"),
        (
            [{**TUNNEL, "remote_networks": ["10.30.0.0/16", "10.30.1.0/24"]}],
            "[0]: '10.30.0.0/16' cannot be used; it overlaps",
        ),
        ([{**TUNNEL, "local_address": None}], "burst_tunnels[0].local_address: None"),
        ([{**TUNNEL, **INSIDE, "inside_remote": "169.254.10.5"}], "must be the two hosts of one network of 30 bits"),
        ([{**TUNNEL, "inside_local": "169.254.10.2"}], "must be the two hosts of one network of 30 bits"),
        ([{**TUNNEL, "ike_proposals": ["aes256; evil"]}], "burst_tunnels[0].ike_proposals[0]: 'aes256; evil'"),
        ([{**TUNNEL, "esp_lifetime": 60}], "it must be a number from 900 to 86400"),
        (
            [{**TUNNEL, "pre_shared_key": KEY}],
            "burst_tunnels[0].pre_shared_key: '(not shown)' cannot be used; it must be one of",
        ),
        ([TUNNEL, TUNNEL], "burst_tunnels[1].remote_address: '192.0.2.20' cannot be used; it must be another one"),
        ([TUNNEL, {**SECOND, "remote_networks": ["10.31.0.0/24"]}], "burst_tunnels[1].remote_networks"),
        ([{**TUNNEL, **INSIDE}, {**SECOND, **INSIDE}], "burst_tunnels[1].inside_local"),
    ],
)
def test_tunnels_that_can_not_be_used(value: t.Any, says: str) -> None:
    (line,) = lines(value)
    assert says in line
    assert KEY not in line


@pytest.mark.parametrize(
    "key",
    [
        "short",
        "",
        None,
        12345678,
        'with"quotation',
        "with\\backslash",
        "with space",
        "0xabcdefab",
        "0sYWJjZGVm",
        "line\nend!!",
    ],
)
def test_a_key_that_strongswan_would_not_take_as_it_is_is_never_shown(key: t.Any) -> None:
    (line,) = lines([{**TUNNEL, "psk": key}])
    assert line.startswith("burst_tunnels[0].psk: '(not shown)' cannot be used; it must be a key of 8 to 128")
    assert not key or str(key) not in line


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        ("name", ["vulcan", "a", "a" * 63], ["Vulcan", "1st", "vulcan-", "a" * 64, "vulcan\n", "", None]),
        ("host_name", ["earth", "1st"], ["Earth", "kubernetes-admin@kubernetes", "a" * 64]),
        ("region", ["eu-central-1", "us-gov-west-1"], ["eu-central-1a", "earth", "eu-central-1\n"]),
        ("network", ["10.11.0.0/16"], ["10.11.0.1/16", "10.11.0.0", "::/0", "10.11.0.0/16\n", "10.11.0.0/255.255.0.0"]),
        ("vpc_network", ["10.11.0.0/16", "10.11.0.0/24"], ["10.8.0.0/15", "10.11.0.0/25"]),
        ("service_network", ["10.5.0.0/24", "172.16.0.0/12"], ["100.64.0.0/24", "10.5.0.0/25"]),
        ("address", ["10.10.0.1"], ["127.0.0.1", "0.0.0.0", "224.0.0.1", "fw", None]),
        ("public_address", ["203.0.113.10"], ["10.10.0.1", "100.64.0.1", "fw"]),
        ("zones", [["eu-central-1a", "eu-central-1b"]], [["eu-central-1a"], ["eu-central-1a"] * 2, ["a", "b"], None]),
        ("ports", [[], [{"from": 80, "to": "90"}]], [[{"from": 90, "to": 80}], [{"from": 80}], [{"from": True}]]),
        ("host", ["", "mars.example.com"], ["a b", "$(id)", "-x"]),
        ("port", [443, "6443"], [0, 65536, "six", True]),
        ("eks_link", ["strongswan", "device", "none"], ["wireguard"]),
        ("existing_link", ["strongswan", "none"], ["device"]),
        ("burst_extension", ["eks", "existing"], ["gke", "", None]),
        ("usd", ["", "1", "0.4", "1.50", "120", 1.5, 2], ["0", "0.0", "-1", "1,5", "nan", "1e3", 0, True, None]),
        ("node_count_or_auto", ["auto", 1, "1000"], [0, 1001, "-1", "Auto", "two", True, None]),
        ("node_max", [[1, 10], [10, "10"]], [[2, 1], [11, 10], [1, 1001], [1, "many"], [1, None]]),
    ],
)  # fmt: skip
def test_what_a_rule_allows(rule: str, good: list[t.Any], bad: list[t.Any]) -> None:
    for value in good:
        assert problems_of([{"option": "x", "rule": rule, "value": value}]) == [], value
    for value in bad:
        found = problems_of([{"option": "x", "rule": rule, "value": value}])
        assert found, value
        assert all("must" in str(problem) or "needs" in str(problem) for problem in found), found
        assert all("\n" not in str(problem) for problem in found)


def test_every_choice_has_a_rule() -> None:
    assert {"burst_extension", "burst_link", "burst_node_egress", "burst_volumes"} <= set(RULES)
