# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What the values of a burst may be: one rule for each kind of name, network or setting. Pure functions.

Roles hold their variables against them with the filter ``problems``, the module burst_check by :mod:`.plan`.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t

from . import traffic
from .lease import seconds_of
from .problem import Problem, Rule
from .variables import VARIABLES

# What three systems take together: Kubernetes a DNS-1123 subdomain (RFC 1123) as a KubeFedCluster's name, EKS up to 100
# letters, digits, '-' and '_' (CreateCluster, "name"), CloudFormation letters, digits and '-' (CreateStack). Roles and
# groups that CloudFormation names after the stack stay readable, and so do DNS labels.
NAME_LENGTH = 63
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")

# What EKS takes as service network (KubernetesNetworkConfigRequest, "serviceIpv4Cidr").
_SERVICE_BLOCKS = tuple(ipaddress.IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_SERVICE_PREFIXES = (12, 24)
# Amazon VPC, "VPC CIDR blocks", takes /16 to /28; beyond /24 its subnets have no room for EKS's interfaces beside pods.
_VPC_PREFIXES = (16, 24)
# As many subnets of a sixteenth of the VPC, beside the public one.
_ZONES = (2, 15)

# What an address on the internet cannot be: IANA's special-purpose registry, without the documentation blocks.
_NOT_PUBLIC = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/3",
    )
)

# Printable, and nothing that ends a quoted value of swanctl.conf. strongSwan reads 0x… and 0s… as another notation
# (https://docs.strongswan.org/docs/latest/swanctl/swanctlConf.html, "secret").
_KEY = re.compile(r"(?!0[xs])[!#-\[\]-~]{8,128}")
# As https://docs.strongswan.org/docs/latest/config/proposals.html has them.
_PROPOSAL = re.compile(r"[a-z0-9_]+(-[a-z0-9_]+)*")
_USD = re.compile(r"|(?=.*[1-9])[0-9]{1,6}([.][0-9]{1,4})?")
_TUNNELS = 2
_MOST_NODES = 1000


def _pattern(pattern: str | re.Pattern[str], allowed: str) -> Rule:
    compiled = re.compile(pattern)

    def rule(variable: str, value: t.Any) -> list[Problem]:
        fits = isinstance(value, str) and compiled.fullmatch(value) is not None
        return [] if fits else [Problem(variable, value, f"it must be {allowed}")]

    return rule


def _list_of(rule: Rule, allowed: str, least: int = 1) -> Rule:
    def listed(variable: str, value: t.Any) -> list[Problem]:
        if not isinstance(value, list) or len(value) < least:
            return [Problem(variable, value, f"it must be {allowed}")]
        return [problem for index, entry in enumerate(value) for problem in rule(f"{variable}[{index}]", entry)]

    return listed


def _number(value: t.Any, low: int, high: int) -> bool:
    """Also as text, as surveys give numbers."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return False
    return bool(re.fullmatch(r"[0-9]{1,9}", str(value))) and low <= int(value) <= high


def _between(low: int, high: int) -> Rule:
    def rule(variable: str, value: t.Any) -> list[Problem]:
        allowed = f"it must be a number from {low} to {high}"
        return [] if _number(value, low, high) else [Problem(variable, value, allowed)]

    return rule


def node_max(variable: str, value: t.Any) -> list[Problem]:
    """The most nodes, given with the fewest: ``[fewest, most]``."""
    least, most = value
    low = int(least) if _number(least, 1, _MOST_NODES) else 1
    allowed = f"it must be a number from {low} (burst_node_min) to {_MOST_NODES}"
    return [] if _number(most, low, _MOST_NODES) else [Problem(variable, most, allowed)]


def lease_max(variable: str, value: t.Any) -> list[Problem]:
    """How long a lease is, given with how long the burst may exist: ``[lease, longest]``."""
    lease, longest = value
    try:
        wanted, most = seconds_of(lease), seconds_of(longest)
    except (TypeError, ValueError):
        return []  # the rule "duration" says so
    if wanted is None or most is None or wanted <= most:
        return []
    return [Problem(variable, lease, f"it must be {longest} (burst_lease_max) or less, or off")]


def usd(variable: str, value: t.Any) -> list[Problem]:
    """An amount in US dollars, as a number or as text; empty for none."""
    allowed = "it must be an amount in US dollars above 0 such as 1.50, or nothing"
    fits = not isinstance(value, bool) and _USD.fullmatch(str(value)) is not None
    return [] if fits else [Problem(variable, value, allowed)]


def node_count(variable: str, value: t.Any) -> list[Problem]:
    """How many nodes, or that this is to be calculated."""
    allowed = f"it must be a number from 1 to {_MOST_NODES}, or auto"
    return [] if value == "auto" or _number(value, 1, _MOST_NODES) else [Problem(variable, value, allowed)]


def _one_of(choices: tuple[str, ...], why: str = "") -> Rule:
    def rule(variable: str, value: t.Any) -> list[Problem]:
        allowed = f"it must be {', '.join(choices[:-1])} or {choices[-1]}{why}"
        return [] if value in choices else [Problem(variable, value, allowed)]

    return rule


def cluster_name(variable: str, value: t.Any) -> list[Problem]:
    """The name of a cluster to be made: eks_stack's template marks its public subnet as that of a cluster none."""
    if str(value).endswith("-lease"):
        return [Problem(variable, value, "a name that ends in -lease is that of another burst's lease")]
    if "-iam-policy" in str(value):
        allowed = "a name with -iam-policy in it looks like that of another burst's IAM policies"
        return [Problem(variable, value, allowed)]
    if value != "none":
        return []
    allowed = (
        "any other name is allowed; the tag kubernetes.io/cluster/none keeps load balancers out of the public subnet, "
        "as that of a cluster that is not there"
    )
    return [Problem(variable, value, allowed)]


def network(variable: str, value: t.Any) -> list[Problem]:
    """An IPv4 network in the form 10.0.0.0/16."""
    allowed = "it must be an IPv4 network such as 10.11.0.0/16, with host bits of zero and a prefix length"
    if not isinstance(value, str) or not re.fullmatch(r"[0-9.]+/[0-9]{1,2}", value):
        return [Problem(variable, value, allowed)]
    try:
        ipaddress.IPv4Network(value)
    except ValueError as error:
        return [Problem(variable, value, f"{allowed} ({error})")]
    return []


def vpc_network(variable: str, value: t.Any) -> list[Problem]:
    """A network that AWS takes for a VPC, with room for subnets."""
    low, high = _VPC_PREFIXES
    problems = network(variable, value)
    if not problems and not low <= ipaddress.IPv4Network(value).prefixlen <= high:
        return [Problem(variable, value, f"it must have a prefix length from {low} to {high}")]
    return problems


def service_network(variable: str, value: t.Any) -> list[Problem]:
    """A network that EKS takes for services."""
    problems = network(variable, value)
    if problems:
        return problems
    low, high = _SERVICE_PREFIXES
    parsed = ipaddress.IPv4Network(value)
    if low <= parsed.prefixlen <= high and any(parsed.subnet_of(block) for block in _SERVICE_BLOCKS):
        return []
    blocks = ", ".join(str(block) for block in _SERVICE_BLOCKS)
    allowed = f"EKS takes prefix lengths {low} to {high} within {blocks}; it must be such a network"
    return [Problem(variable, value, allowed)]


def _parsed_address(value: t.Any) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(value) if isinstance(value, str) else None
    except ValueError:
        return None


def address(variable: str, value: t.Any) -> list[Problem]:
    """An IPv4 address of a host."""
    parsed = _parsed_address(value)
    if parsed is None or parsed.is_multicast or parsed.is_unspecified or parsed.is_loopback:
        return [Problem(variable, value, "it must be the IPv4 address of a host, such as 10.10.0.1")]
    return []


def public_address(variable: str, value: t.Any) -> list[Problem]:
    """An IPv4 address at which the internet can reach a host."""
    allowed = "it must be the public IPv4 address at which the data centre's firewall is reached from the internet"
    parsed = _parsed_address(value)
    if parsed is None:
        return [Problem(variable, value, allowed)]
    reserved = [block for block in _NOT_PUBLIC if parsed in block]
    return [Problem(variable, value, f"{allowed}, and this one is in {block}") for block in reserved]


def zones(variable: str, value: t.Any) -> list[Problem]:
    """Availability zones, which EKS wants two of at least: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html"""
    low, high = _ZONES
    allowed = f"EKS needs subnets in at least two different zones, such as eu-central-1a, and {high} find room"
    if not isinstance(value, list) or not all(isinstance(zone, str) for zone in value):
        return [Problem(variable, value, allowed)]
    problems = [
        Problem(variable, zone, "it must be an availability zone such as eu-central-1a")
        for zone in value
        if not re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}[a-z]", zone)
    ]
    if len(set(value)) != len(value) or not low <= len(value) <= high:
        problems.append(Problem(variable, list(value), allowed))
    return problems


def ports(variable: str, value: t.Any) -> list[Problem]:
    """Ranges of TCP ports, each with the keys from and to."""
    allowed = "it must have from and to, with 1 <= from <= to <= 65535"
    if not isinstance(value, list):
        return [Problem(variable, value, f"it must be a list, and of each entry {allowed}")]
    return [
        Problem(f"{variable}[{index}]", entry, allowed)
        for index, entry in enumerate(value)
        if not isinstance(entry, dict)
        or not all(_number(entry.get(end), 1, 65535) for end in ("from", "to"))
        or int(entry["from"]) > int(entry["to"])
    ]


def apps(variable: str, value: t.Any) -> list[Problem]:
    """What each application is made of; :mod:`.plan` says what may be in it."""
    allowed = "it must have namespace and placement, and may have resources (a list of manifests) and overflow"
    if not isinstance(value, list):
        return [Problem(variable, value, f"it must be a list, and of each entry {allowed}")]
    return [
        Problem(f"{variable}[{index}]", sorted(map(str, entry)) if isinstance(entry, dict) else entry, allowed)
        for index, entry in enumerate(value)
        if not isinstance(entry, dict)
        or not {"namespace", "placement"} <= set(entry) <= {"namespace", "placement", "resources", "overflow"}
        or not _are_manifests(entry.get("resources") or [])
    ]


def _are_manifests(resources: t.Any) -> bool:
    return isinstance(resources, list) and all(isinstance(resource, dict) for resource in resources)


def routes(variable: str, value: t.Any) -> list[Problem]:
    """Routes, each with the keys network and via."""
    if not isinstance(value, list):
        return [Problem(variable, value, "it must be a list of routes, each with network and via")]
    problems: list[Problem] = []
    for index, entry in enumerate(value):
        given = entry if isinstance(entry, dict) else {}
        problems += network(f"{variable}[{index}].network", given.get("network"))
        problems += address(f"{variable}[{index}].via", given.get("via"))
    return problems


def overlaps(named: t.Sequence[tuple[str, str]], others: t.Sequence[tuple[str, str]]) -> list[Problem]:
    """Networks that share addresses.

    :param named: variables with networks, of which none may overlap another.
    :param others: further ones, which may overlap each other and none of the first.
    """
    problems = []
    for index, (variable, value) in enumerate(named):
        for other, other_value in [*named[index + 1 :], *others]:
            if ipaddress.IPv4Network(value).overlaps(ipaddress.IPv4Network(other_value)):
                allowed = f"it overlaps {other} {other_value}; they must be networks that share no address"
                problems.append(Problem(variable, value, allowed))
    return problems


def tunnels(variable: str, value: t.Any) -> list[Problem]:
    """IPsec tunnels, as the role site_to_site_vpn takes them. No key is in any problem."""
    if not isinstance(value, list) or len(value) > _TUNNELS or not all(isinstance(entry, dict) for entry in value):
        counted = f"{len(value)} entries" if isinstance(value, list) else f"a {type(value).__name__}"
        allowed = f"it must be a list of {_TUNNELS} tunnels at most, the second of which stands in for the first"
        return [Problem(variable, counted, allowed)]
    problems = [
        problem for index, tunnel in enumerate(value) for problem in _tunnel_problems(f"{variable}[{index}]", tunnel)
    ]
    if problems or len(value) < 2:
        return problems
    first, second = value
    if first["remote_address"] == second["remote_address"]:
        allowed = "it must be another one than the first tunnel's"
        problems.append(Problem(f"{variable}[1].remote_address", second["remote_address"], allowed))
    if sorted(first["remote_networks"]) != sorted(second["remote_networks"]):
        allowed = "it must be the same as the first tunnel's, as the second tunnel stands in for it"
        problems.append(Problem(f"{variable}[1].remote_networks", second["remote_networks"], allowed))
    if first.get("inside_local") and first["inside_local"] == second.get("inside_local"):
        allowed = "it must be another one than the first tunnel's"
        problems.append(Problem(f"{variable}[1].inside_local", second["inside_local"], allowed))
    return problems


def tunnel_ends(variable: str, value: t.Any) -> list[Problem]:
    """Tunnels with the networks on this side: ``[tunnels, local networks]``. No network may be at both ends.

    Packets for the other side are told by their address from those that must not leave through the tunnels. Only what
    is well-formed is looked at; :func:`tunnels` says what is not.
    """
    given, local = value
    if tunnels(variable, given) or _networks(variable, local):
        return []
    own = [(f"site_to_site_vpn_local_networks[{index}]", entry) for index, entry in enumerate(local)]
    return [
        problem
        for index, entry in enumerate(given[0]["remote_networks"] if given else ())
        for problem in overlaps([(f"{variable}[0].remote_networks[{index}]", entry)], own)
    ]


def tunnels_apart(variable: str, value: t.Any) -> list[Problem]:
    """Networks behind a burst's tunnels, given with those of other bursts on the same firewall, each with its name."""
    networks, others = value
    return [
        Problem(
            variable,
            entry,
            f"the tunnels of the burst {name} lead to {taken}. Bursts with one firewall need different networks: choose"
            " another burst_vpc_cidr (or remote_networks), or end the other burst first",
        )
        for entry in networks
        for name, taken in others
        if ipaddress.IPv4Network(entry).overlaps(ipaddress.IPv4Network(taken))
    ]


# What a tunnel must have, and what it can have.
_REQUIRED: dict[str, Rule]
_OPTIONAL: dict[str, Rule]


def _tunnel_problems(variable: str, tunnel: dict[str, t.Any]) -> list[Problem]:
    known = [*_REQUIRED, "psk", *_OPTIONAL, "inside_local", "inside_remote"]
    problems = [
        Problem(f"{variable}.{key}", "(not shown)", f"it must be one of {', '.join(known)}")
        for key in tunnel
        if key not in known
    ]
    for key, rule in _REQUIRED.items():
        problems += rule(f"{variable}.{key}", tunnel.get(key))
    for key, rule in _OPTIONAL.items():
        if key in tunnel:
            problems += rule(f"{variable}.{key}", tunnel[key])
    psk = tunnel.get("psk")
    if not isinstance(psk, str) or not _KEY.fullmatch(psk):
        allowed = (
            "it must be a key of 8 to 128 printable ASCII characters without spaces, quotation marks and backslashes "
            "that does not begin with 0x or 0s"
        )
        problems.append(Problem(f"{variable}.psk", "(not shown)", allowed))
    problems += _inside_problems(variable, tunnel)
    inside = [tunnel["inside_remote"]] if tunnel.get("inside_remote") and not problems else []
    if not problems:
        networks = tunnel["remote_networks"]
        named = [(f"{variable}.remote_networks[{index}]", entry) for index, entry in enumerate(networks)]
        problems += overlaps([*named, *((f"{variable}.inside_remote", f"{entry}/32") for entry in inside)], [])
    return problems


def _inside_problems(variable: str, tunnel: dict[str, t.Any]) -> list[Problem]:
    inside = [tunnel.get("inside_local") or "", tunnel.get("inside_remote") or ""]
    if inside == ["", ""]:
        return []
    first = _parsed_address(inside[0])
    pair = ipaddress.IPv4Network((int(first) & ~3, 30)).hosts() if first is not None else []
    if {str(host) for host in pair} == set(inside):
        return []
    allowed = "inside_local and inside_remote must be the two hosts of one network of 30 bits, or both be left out"
    return [Problem(f"{variable}.inside_local", inside[0], allowed)]


_networks = _list_of(network, "a list of IPv4 networks such as 10.10.0.0/24")
_proposals = _list_of(
    _pattern(_PROPOSAL, "a proposal as strongSwan has it, such as aes256gcm16-prfsha384-ecp384"), "a list of proposals"
)
_name = _pattern(
    _NAME,
    f"1 to {NAME_LENGTH} lower-case letters, digits and hyphens, beginning with a letter and ending with a letter or "
    "digit, which CloudFormation, EKS and KubeFed together take",
)
_label = _pattern(
    _LABEL,
    f"1 to {NAME_LENGTH} lower-case letters, digits and hyphens, beginning and ending with a letter or digit, which "
    "KubeFed takes",
)

_REQUIRED = {"local_address": address, "remote_address": address, "remote_networks": _networks}
_OPTIONAL = {
    "name": _pattern(r"|[A-Za-z0-9][A-Za-z0-9._-]{0,62}", "1 to 63 letters, digits, dots, hyphens and underscores"),
    "ike_proposals": _proposals,
    "esp_proposals": _proposals,
    "ike_lifetime": _between(900, 86400),
    "esp_lifetime": _between(900, 86400),
    "tcp_mss": _between(500, 9000),
}

RULES: dict[str, Rule] = {
    "name": _name,
    "cluster_name": cluster_name,
    "host_name": _label,
    "region": _pattern(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}", "a region of AWS such as eu-central-1"),
    "account": _pattern(r"[0-9]{12}", "the 12 digits of an AWS account in quotation marks, such as '123456789012'"),
    "zones": zones,
    "network": network,
    "networks": _networks,
    "vpc_network": vpc_network,
    "service_network": service_network,
    "address": address,
    "public_address": public_address,
    "apps": apps,
    "ports": ports,
    "port": _between(1, 65535),
    "routes": routes,
    "kubernetes_version": _pattern(r"[0-9]+[.][0-9]+", 'a version as EKS names it, such as "1.35"'),
    "node_count": _between(1, _MOST_NODES),
    "node_count_or_auto": node_count,
    "node_max": node_max,
    "lease_max": lease_max,
    "usd": usd,
    "instance_types": _list_of(
        _pattern(r"[a-z0-9-]+[.][a-z0-9-]+", "an instance type such as m6i.large"), "a list of instance types"
    ),
    "ami_type": _pattern(r"[A-Z][A-Za-z0-9_]*", "one of EKS's words, such as AL2023_x86_64_STANDARD"),
    "admin_arns": _list_of(
        _pattern(
            r"arn:[a-z-]+:(iam::[0-9]{12}:(user|role)|sts::[0-9]{12}:assumed-role)/[A-Za-z0-9+=,.@_/-]+",
            "the ARN of an IAM user, of a role or its session, such as arn:aws:iam::123456789012:role/operators",
        ),
        "a list of ARNs",
        least=0,
    ),
    "duration": _pattern(
        r"off|[1-9][0-9]{0,5}[mhd]", "off, or a number of minutes, hours or days such as 90m, 8h or 2d"
    ),
    "mail": _pattern(r"|[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}", "a mail address, or nothing"),
    "policy_arns": _list_of(
        _pattern(
            r"arn:[a-z-]+:iam::[0-9]{12}:policy/[A-Za-z0-9+=,.@_/-]+",
            "the ARN of an IAM policy of the account, such as arn:aws:iam::123456789012:policy/cloudburst-vulcan",
        ),
        "a list of ARNs",
        least=0,
    ),
    "nftables_chain": _pattern(
        r"|(ip|inet) [A-Za-z_][A-Za-z0-9_-]* [A-Za-z_][A-Za-z0-9_-]*",
        "family, table and chain such as 'inet filter forward', or nothing",
    ),
    "host": _pattern(r"([A-Za-z0-9][A-Za-z0-9.-]{0,252})?", "a host's name or address, or nothing"),
    "traffic": traffic.form_problems,
    "tunnels": tunnels,
    "tunnel_ends": tunnel_ends,
    "tunnels_apart": tunnels_apart,
    # Which burst_link is possible, for each burst_extension
    "eks_link": _one_of(VARIABLES["burst_link"].choices),
    "existing_link": _one_of(
        ("strongswan", "none"),
        " with burst_extension existing, as AWS has a device's configuration only for its own VPN connections",
    ),
    **{name: _one_of(variable.choices) for name, variable in VARIABLES.items() if variable.choices},
}


def problems_of(rules: t.Iterable[t.Mapping[str, t.Any]]) -> list[Problem]:
    """Hold values against rules.

    :param rules: each with ``option``, a variable's name, ``rule``, a name of :data:`RULES`, and ``value``.
    :returns: all that is wrong; empty where everything is allowed.
    """
    return [problem for entry in rules for problem in RULES[entry["rule"]](entry["option"], entry["value"])]


__all__ = (
    "RULES",
    "address",
    "apps",
    "cluster_name",
    "network",
    "overlaps",
    "ports",
    "problems_of",
    "public_address",
    "service_network",
    "tunnel_ends",
    "tunnels",
    "tunnels_apart",
    "vpc_network",
    "zones",
)
