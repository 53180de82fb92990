# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables that nobody means well with: rejected in one line, or in the files as nothing but a value."""

from __future__ import annotations

import copy
import random
import re
import typing as t

import pytest
import yaml

from ansible_collections.cloudburst.federation.tests.unit.hostile.mutations import TRIES, WORDS, values
from ansible_collections.cloudburst.federation.tests.unit.roles import Role

NETWORK = r"[0-9.]+/[0-9]+"
UNITS = ("tunnel.sh.j2", "vpn@.service.j2", "vpn.service.j2", "vpn-watch.timer.j2", "strongswan.conf.j2")
TUNNEL: dict[str, t.Any] = {
    "remote_address": "198.51.100.20",
    "local_address": "203.0.113.10",
    "inside_local": "169.254.10.2",
    "inside_remote": "169.254.10.1",
    "psk": "aB3._xyzaB3._xyzaB3._xyzaB3._xyz",
    "ike_lifetime": 28800,
    "ike_proposals": ["aes256gcm16-prfsha384-ecp384"],
    "esp_lifetime": 3600,
    "esp_proposals": ["aes256gcm16-ecp384"],
    "tcp_mss": 1379,
    "remote_networks": ["10.11.0.0/16"],
}
SECOND = {"remote_address": "198.51.100.21", "inside_local": "169.254.11.2", "inside_remote": "169.254.11.1"}
FIREWALL: dict[str, t.Any] = {
    "inventory_hostname": "fw",
    "ansible_managed": "Ansible managed",
    "ansible_facts": {"os_family": "Debian", "all_ipv4_addresses": ["203.0.113.10"], "packages": {}},
    "groups": {"burst_controller": ["mgmt"], "burst_firewall": ["fw"], "burst_nodes": ["earth"]},
    "__site_to_site_vpn_kernel": {"rc": 1},
    "__site_to_site_vpn_index": 1,
}
VPN: dict[str, t.Any] = {
    "site_to_site_vpn_name": "vulcan",
    "site_to_site_vpn_tunnels": [TUNNEL, {**TUNNEL, **SECOND}],
    "site_to_site_vpn_local_networks": ["10.10.0.0/24", "10.10.128.0/24"],
    "site_to_site_vpn_forward_chain": "inet filter forward",
    "site_to_site_vpn_probe_host": "vulcan.example.com",
}
FOUND = {"VpnConnectionId": "vpn-0a1b2c3d", "ClusterEndpoint": "https://A1B2.gr7.eu-central-1.eks.amazonaws.com"}
STACK: dict[str, t.Any] = {
    "eks_stack_name": "vulcan",
    "eks_stack_region": "eu-central-1",
    "eks_stack_zones": ["eu-central-1a", "eu-central-1b"],
    "eks_stack_vpc_cidr": "10.11.0.0/16",
    "eks_stack_service_cidr": "10.5.0.0/24",
    "eks_stack_local_networks": ["10.10.0.0/24", "10.10.128.0/24"],
    "eks_stack_firewall_address": "203.0.113.10",
    "eks_stack_kubernetes_version": "1.35",
    "eks_stack_node_count": 2,
    "eks_stack_node_instance_types": ["m6i.large"],
    "eks_stack_node_ami_type": "AL2023_x86_64_STANDARD",
    "eks_stack_ports": [{"from": 80, "to": 80}, {"from": 30000, "to": 32767}],
    "eks_stack_admin_arns": ["arn:aws:iam::123456789012:role/operators"],
}
ROUTES: dict[str, t.Any] = {
    "local_routes_name": "vulcan",
    "local_routes_routes": [
        {"network": "10.11.0.0/16", "via": "10.10.0.1"},
        {"network": "10.12.0.0/16", "via": "10.10.0.1"},
    ],
}
HELM: dict[str, t.Any] = {
    "kubefed_host_namespace": "kube-federation-system",
    "kubefed_host_chart_ref": "https://example.com/kubefed-0.10.0.tgz",
    "kubefed_host_chart_version": "0.10.0",
}

check = Role("burst_check")
vpn = Role("site_to_site_vpn", **FIREWALL)
stack = Role("eks_stack")
routes = Role(
    "local_routes",
    inventory_hostname="earth",
    ansible_managed="Ansible managed",
    groups={"burst_firewall": ["fw"], "burst_nodes": ["earth"]},
    __local_routes_table={"stdout": "[]"},
)
helm = Role("kubefed_host", kubefed_host_context="c", kubefed_host_name="earth")


def bad(good: dict[str, t.Any], seed: int, count: int = TRIES) -> t.Iterator[dict[str, t.Any]]:
    """Variables of which all are there, as a role's argument specification sees to."""
    for made in (one for one in values(good, count, seed) if isinstance(one, dict)):
        yield {name: made.get(name, copy.deepcopy(value)) for name, value in good.items()}


def fits(made: dict[str, t.Any], good: dict[str, t.Any]) -> bool:
    """Whether lists are lists and their entries have their keys: that much the argument specification rejects."""

    def entry_fits(entry: t.Any, like: t.Any) -> bool:
        return not isinstance(like, dict) or (isinstance(entry, dict) and set(like) <= set(entry))

    return all(
        not isinstance(value, list)
        or (isinstance(made[name], list) and all(entry_fits(entry, value[0]) for entry in made[name]))
        for name, value in good.items()
    )


def taken(role: Role, file: str, good: dict[str, t.Any], seed: int, count: int) -> t.Iterator[dict[str, t.Any]]:
    """Bad variables that a role takes all the same; each of its rejections has to tell enough."""
    for made in bad(good, seed, count):
        if fits(made, good):
            rejections = role.rejections(file, **made)
            told(rejections, good)
            if not rejections:
                yield made


def swanctl(text: str) -> dict[str, t.Any]:
    """A file of swanctl as strongSwan's parser reads it: sections, settings, quoted strings, comments, includes."""
    token = re.compile(
        r"""\s*(?:\#[^\n]* | (?P<close>\}) | (?P<include>include\b[^\n]*)
        | (?P<name>[^\s{}=\#"]+)\s*(?:(?P<open>\{) | =\s*(?P<value>"(?:\\.|[^"\\])*" | [^\n}\#]*)))""",
        re.VERBOSE,
    )
    root: dict[str, t.Any] = {}
    path, place = [root], 0
    while text[place:].strip():
        found = token.match(text, place)
        assert found, text[place : place + 80]
        place = found.end()
        if found["close"]:
            path.pop()
        elif found["open"]:
            path.append(path[-1].setdefault(found["name"], {}))
        elif found["name"]:
            assert found["name"] not in path[-1]
            path[-1][found["name"]] = found["value"].strip()
        else:
            assert not found["include"]
    assert path == [root]
    return root


def keys(tree: t.Any) -> t.Any:
    return {name: keys(value) for name, value in tree.items()} if isinstance(tree, dict) else None


def told(rejections: list[str], good: dict[str, t.Any]) -> None:
    """Each rejection names the variable, and what is allowed."""
    for line in rejections:
        assert any(name in line for name in good), line
        assert re.search(r"Allowed|must be|needs|find room", line), line
        assert "\n" not in line.strip(), line


def test_a_cluster_is_not_called_as_the_public_subnet_is_marked() -> None:
    assert stack.rejections("present.yml", **STACK) == []
    (rejection,) = stack.rejections("present.yml", **{**STACK, "eks_stack_name": "none"})
    assert rejection.startswith(
        "eks_stack_name: 'none' cannot be used; any other name is allowed; the tag kubernetes.io/cl"
    )


@pytest.mark.parametrize(
    ("groups", "link", "message"),
    [
        ({}, "strongswan", ""),
        ({"burst_firewall": ["fw", "fw-2"]}, "strongswan", "The inventory group burst_firewall has fw and fw-2."),
        ({"burst_firewall": ["fw", "fw-2"]}, "none", ""),
        ({"burst_controller": ["mgmt", "mgmt-2"]}, "none", "The inventory group burst_controller has mgmt and mgmt-2."),
        ({"burst_nodes": ["earth", "earth-2"]}, "strongswan", ""),
    ],
)
def test_a_burst_has_one_controller_and_one_firewall(groups: dict[str, list[str]], link: str, message: str) -> None:
    given = {"burst_name": "vulcan", "burst_host_name": "earth", "burst_link": link}
    rejections = check.rejections("main.yml", **given, groups={**FIREWALL["groups"], **groups})
    assert len(rejections) == bool(message)
    assert "".join(rejections).startswith(message)


@pytest.mark.parametrize("empty", ["[]", " [ ]\n", "", "\n", [], None, ", ,", "---\n[]"])
def test_an_empty_list_is_not_set_however_it_is_given(empty: t.Any) -> None:
    given = {"burst_extension": "existing", "burst_member_context": "mars", "burst_host_name": "earth"}
    tunnels = {"burst_name": "mars", "burst_local_networks": ["10.10.0.0/24"], "burst_tunnels": [TUNNEL]}
    assert check.rejections("variables.yml", **given, **tunnels) == []
    for name in ("burst_local_networks", "burst_tunnels"):
        if name == "burst_tunnels" and empty == ", ,":
            continue
        (rejection,) = check.rejections("variables.yml", **given, **{**tunnels, name: empty})
        assert f"not set: {name}." in rejection


@pytest.mark.parametrize(
    ("given", "rejected"),
    [
        ({"burst_gateway": "10.10.0.1"}, True),
        ({"burst_gateway": "10.10.0.1", "burst_remote_networks": ["10.20.0.0/24"]}, False),
        ({"burst_gateway": "10.10.0.1", "local_routes_routes": ROUTES["local_routes_routes"]}, False),
        ({"burst_gateway": ""}, False),
        ({"burst_gateway": "10.10.0.1", "inventory_hostname": "fw"}, False),
        # What was docked is undocked
        ({"burst_gateway": "10.10.0.1", "local_routes_state": "absent"}, False),
    ],
)
def test_a_gateway_that_leads_nowhere(given: dict[str, t.Any], rejected: bool) -> None:
    """With a network that is there, nothing else says where the existing cluster is."""
    existing = {"local_routes_name": "mars", "burst_extension": "existing", "burst_link": "none"}
    rejections = routes.rejections("main.yml", **existing, **given)
    assert len(rejections) == rejected
    assert "".join(rejections).startswith("burst_remote_networks: [] cannot be used" if rejected else "")


def test_good_values_are_taken() -> None:
    assert vpn.rejections("validate.yml", **VPN) == []
    nothing = {"site_to_site_vpn_forward_chain": "", "site_to_site_vpn_probe_host": ""}
    assert vpn.rejections("validate.yml", **{**VPN, **nothing}) == []
    assert stack.rejections("present.yml", **STACK) == []
    assert stack.rejections("present.yml", **{**STACK, "eks_stack_ports": [], "eks_stack_admin_arns": []}) == []
    assert routes.rejections("main.yml", **ROUTES) == []
    assert helm.rejections("main.yml", **HELM) == []
    local = {"kubefed_host_chart_ref": "/srv/charts/kubefed-0.10.0.tgz", "kubefed_host_chart_version": ""}
    assert helm.rejections("main.yml", **{**HELM, **local}) == []


ROLES: tuple[tuple[Role, str, dict[str, t.Any]], ...] = (
    (vpn, "validate.yml", VPN),
    (stack, "present.yml", STACK),
    (routes, "main.yml", ROUTES),
    (helm, "main.yml", HELM),
)
# Nothing but letters, digits and the like, whatever the word was made of
HARMLESS = re.compile(r"[A-Za-z0-9 ._/~:@%+=?&,-]*")


def spoiled(value: t.Any, word: str, chance: random.Random) -> t.Any:
    """A variable with a hostile word before one of its texts, behind it, in it, or in its place."""
    if isinstance(value, str):
        return chance.choice((value + word, word + value, value[:4] + word + value[4:], word))
    if isinstance(value, list) and isinstance(value[0], str):
        return [*value[:-1], spoiled(value[-1], word, chance)]
    if isinstance(value, list) and "network" in value[0]:
        key = chance.choice(("network", "via"))
        return [{**value[0], key: spoiled(value[0][key], word, chance)}]
    return value


@pytest.mark.parametrize("word", WORDS)
def test_a_hostile_word_is_rejected_wherever_it_stands(word: str) -> None:
    chance = random.Random(word)
    for role, file, good in ROLES:
        for _turn in range(2):
            made = {name: spoiled(value, word, chance) for name, value in good.items()}
            rejections = role.rejections(file, **made)
            told(rejections, good)
            for name, value in made.items():
                if not any(name in line or "routes" in name for line in rejections):
                    texts = value if isinstance(value, list) else [value]
                    assert all(HARMLESS.fullmatch(text) for text in texts if isinstance(text, str)), (name, value)


def connection(made: dict[str, t.Any]) -> dict[str, t.Any]:
    first = vpn.value("__site_to_site_vpn_tunnels", **made)[0]
    return swanctl(vpn.render("swanctl.conf.j2", **made, __site_to_site_vpn_tunnel=first))


def test_the_firewalls_files_hold_the_values_and_nothing_else() -> None:
    lines = {template: vpn.render(template, **VPN).splitlines() for template in UNITS}
    script = vpn.render("tunnel.sh.j2", **VPN)
    tree = connection(VPN)
    accepted = taken(vpn, "validate.yml", VPN, 11, TRIES // 4)
    found = [made for made in accepted if len(made["site_to_site_vpn_tunnels"]) == 2]
    assert found
    for made in found:
        for template, expected in lines.items():
            assert len(vpn.render(template, **made).splitlines()) == len(expected)
        for new, old in zip(vpn.render("tunnel.sh.j2", **made).splitlines(), script.splitlines()):
            if new != old:
                # The second is that of a tunnel
                assert re.fullmatch(r'#.*|[a-z_]+=("[A-Za-z0-9_./, -]*"|[A-Za-z0-9_./-]*)( #.*)?', new) or re.fullmatch(
                    r'    [12]\) outside=[0-9.]+ shown="[A-Za-z0-9_. -]+"( (own|inside|peer)="[0-9.]*"){3} ;;', new
                ), new
        assert keys(connection(made)) == keys(tree)


def test_a_stack_that_is_not_ours() -> None:
    for made in values(FOUND, TRIES // 4, 12):
        if not isinstance(made, dict) or "VpnConnectionId" not in made:
            continue
        resource = {"logical_resource_id": "VpnConnection", "resource_status": "CREATE_COMPLETE"}
        found = {"stack_resource_list": [{**resource, "physical_resource_id": made["VpnConnectionId"]}]}
        given = {**STACK, "ansible_check_mode": False}
        given["__eks_stack_vpn_stack"] = {"cloudformation": {"cloudburst-vulcan": found}}
        connection = {"vpn_connections": [{"state": "available", "options": {"static_routes_only": False}}]}
        given["__eks_stack_vpn_tunnels"] = [TUNNEL]
        rejections = [
            *stack.rejections("connection.yml", **given),
            *stack.rejections("vpn.yml", **given, __eks_stack_vpn_connection=connection),
        ]
        if not rejections:
            assert re.fullmatch(r"vpn-[0-9a-z]+", made["VpnConnectionId"])
        assert all(
            line.startswith("The stack cloudburst-vulcan") and "\n" not in line.strip() for line in rejections
        ), rejections


def test_an_end_point_that_is_none() -> None:
    for made in values(FOUND, TRIES // 4, 16):
        endpoint = made.get("ClusterEndpoint") if isinstance(made, dict) else None
        if not isinstance(endpoint, str):
            continue
        outputs = {"__eks_stack_result": {"stack": {"outputs": {"ClusterEndpoint": endpoint}}}}
        host = stack.value("__eks_stack_endpoint_host", **outputs)
        if not vpn.rejections("validate.yml", **{**VPN, "site_to_site_vpn_probe_host": host}):
            assert re.fullmatch(r"[A-Za-z0-9.-]*", host)


def test_the_template_of_the_stack_holds_the_values_and_nothing_else() -> None:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda loader, suffix, node: f"!{suffix}")
    given = {"__eks_stack_admin_arns": STACK["eks_stack_admin_arns"]}
    found = list(taken(stack, "present.yml", STACK, 13, TRIES // 8))
    assert found
    for made in found:
        template = yaml.load(stack.render("stack.yml.j2", **{**made, **given}), Loader=Loader)
        assert set(template) == {"AWSTemplateFormatVersion", "Description", "Parameters", "Resources", "Outputs"}
        kinds = {resource["Type"] for resource in template["Resources"].values()}
        assert all(re.fullmatch(r"AWS::(EC2|EKS|IAM)::[A-Za-z]+", kind) for kind in kinds)
        assert template["Resources"]["Cluster"]["Properties"]["Name"] == made["eks_stack_name"]
        assert template["Resources"]["CustomerGateway"]["Properties"]["IpAddress"] == made["eks_stack_firewall_address"]


def test_the_unit_of_the_routes_holds_the_values_and_nothing_else() -> None:
    good = routes.render("routes.service.j2", **ROUTES).splitlines()
    line = (
        rf"Exec(Start|Stop)=-?ip -4 route (replace|del) {NETWORK} via [0-9.]+ proto 77 metric [0-9]+|ExecStart=true"
        r"|Description=Routes of the burst [a-z0-9-]+"
    )
    found = list(taken(routes, "main.yml", ROUTES, 14, TRIES // 4))
    assert found
    for made in found:
        for new in routes.render("routes.service.j2", **made).splitlines():
            assert new in good or re.fullmatch(line, new), new


def test_helms_command_line_gets_words() -> None:
    for made in bad(HELM, 15, TRIES // 4):
        rejections = helm.rejections("main.yml", **made)
        told(rejections, HELM)
        if not rejections:
            assert all(re.fullmatch(r"[^\s'\"\\-][^\s'\"\\]*|", str(value or "")) for value in made.values()), made
