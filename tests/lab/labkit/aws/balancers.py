# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers where MiniStack's fall short: network interfaces of their own, what holds what, and classic ones.

Both APIs of ELB have the same host and names of actions; which one a request means, its version says.
"""

from __future__ import annotations

import ipaddress
import threading
import time
import typing as t
from xml.sax.saxutils import escape

from labkit.aws import network, seams
from labkit.aws.seams import Answer, AwsError

Query = dict[str, t.Any]

CLASSIC = "2012-06-01"
# Seconds for which the interfaces of a load balancer outlive it. On AWS it is minutes.
LINGER = 2.0

# Classic load balancers by account, region and name: MiniStack has none.
_classic: dict[tuple[str, str, str], dict[str, t.Any]] = {}


def install() -> None:
    """Put the lab's actions in the place of MiniStack's."""
    for action, modern, classic in (
        ("CreateLoadBalancer", _create, _create_classic),
        ("DeleteLoadBalancer", _delete, _delete_classic),
        ("DescribeLoadBalancers", None, _describe_classic),
        ("DescribeTags", None, _describe_classic_tags),
        ("DeleteTargetGroup", _delete_target_group, None),
    ):
        seams.replace_elb_action(action, _either(modern, classic))
    seams.replace_ec2_action("CreateNetworkInterface", _create_interface)
    seams.replace_ec2_action("DeleteNetworkInterface", _delete_interface)


def classic() -> list[dict[str, t.Any]]:
    """The classic load balancers of the account and region."""
    return [lb for key, lb in _classic.items() if key[:2] == (seams.account(), seams.region())]


def _either(
    modern: t.Callable[[seams.Action, Query], Answer] | None, old: t.Callable[[Query], Answer] | None
) -> t.Callable[[seams.Action | None], seams.Action]:
    def make(original: seams.Action | None) -> seams.Action:
        def run(query: Query) -> Answer:
            try:
                if old and _one(query, "Version") == CLASSIC:
                    return old(query)
                assert original
                return modern(original, query) if modern else original(query)
            except AwsError as error:
                return seams.elb_error(error)

        return run

    return make


def _one(query: Query, name: str, default: str = "") -> str:
    value = query.get(name, default)
    return str(value[0] if isinstance(value, list) and value else value or default)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())


# ---- both kinds -----------------------------------------------------------------------------------------------------


def _vpc_of(subnets: t.Sequence[str]) -> str:
    known = seams.store("subnets")
    missing = [subnet for subnet in subnets if subnet not in known]
    if missing or not subnets:
        raise AwsError("SubnetNotFound", f"The subnet ID '{missing[0] if missing else ''}' does not exist", "ELB")
    return str(known[subnets[0]]["VpcId"])


def _make_interfaces(balancer: str, subnets: t.Sequence[str], groups: t.Sequence[str]) -> None:
    """What ELB puts into each subnet; only it can take it away."""
    for subnet in subnets:
        made = seams.ec2(
            "CreateNetworkInterface",
            SubnetId=subnet,
            Description=f"ELB {balancer}",
            **{f"SecurityGroupId__{number}": group for number, group in enumerate(groups, 1)},
        )
        interface = seams.store("network_interfaces")[made.findtext("networkInterface/networkInterfaceId", "")]
        attachment = {"AttachmentId": f"ela-attach-{network.hexadecimal()}", "DeviceIndex": 1, "Status": "attached"}
        attachment["AttachTime"] = _now()
        interface.update(Status="in-use", Attachment=attachment, Groups=interface["Groups"] if groups else [])


def _remove_interfaces(balancer: str) -> None:
    scope = (seams.account(), seams.region())

    def remove() -> None:
        seams.enter(*scope)
        interfaces = seams.store("network_interfaces")
        for interface in list(interfaces.values()):
            if interface["Description"] == f"ELB {balancer}":
                interfaces.pop(interface["NetworkInterfaceId"], None)

    timer = threading.Timer(LINGER, remove)
    timer.daemon = True
    timer.start()


# ---- application and network load balancers --------------------------------------------------------------------------


def _create(original: seams.Action, query: Query) -> Answer:
    subnets = seams.elb_list(query, "Subnets")
    vpc_id = _vpc_of(subnets)
    lbs = seams.elb_store("lbs")
    before = set(lbs)
    kind = "net" if _one(query, "Type") == "network" else "app"
    status, headers, body = original({**query, "VpcId": [vpc_id]})
    for arn in set(lbs) - before:
        # MiniStack calls every one an application load balancer.
        new = arn.replace(":loadbalancer/app/", f":loadbalancer/{kind}/")
        for store in ("lbs", "tags", "lb_attrs"):
            seams.elb_store(store)[new] = seams.elb_store(store).pop(arn)
        lbs[new]["LoadBalancerArn"] = new
        body = body.replace(arn.encode(), new.encode())
        if lbs[new]["Scheme"] == "internal":
            host = lbs[new]["DNSName"]
            lbs[new]["DNSName"] = f"internal-{host}"
            body = body.replace(host.encode(), lbs[new]["DNSName"].encode())
        _make_interfaces(new.partition(":loadbalancer/")[2], subnets, lbs[new]["SecurityGroups"])
    return status, headers, body


def _delete(original: seams.Action, query: Query) -> Answer:
    arn = _one(query, "LoadBalancerArn")
    attributes = {each["Key"]: each["Value"] for each in seams.elb_store("lb_attrs").get(arn, [])}
    if attributes.get("deletion_protection.enabled") == "true":
        message = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
        raise AwsError("OperationNotPermitted", message, "ELB")
    listeners = seams.elb_store("listeners")
    for listener in [each for each in listeners.values() if each["LoadBalancerArn"] == arn]:
        listeners.pop(listener["ListenerArn"], None)
    for group in seams.elb_store("tgs").values():
        group["LoadBalancerArns"] = [each for each in group["LoadBalancerArns"] if each != arn]
    _remove_interfaces(arn.partition(":loadbalancer/")[2])
    return original(query)


def _delete_target_group(original: seams.Action, query: Query) -> Answer:
    group = seams.elb_store("tgs").get(_one(query, "TargetGroupArn"))
    if group and group["LoadBalancerArns"]:
        message = f"Target group '{group['TargetGroupArn']}' is currently in use by a listener or a rule"
        raise AwsError("ResourceInUse", message, "ELB")
    return original(query)


# ---- classic load balancers -----------------------------------------------------------------------------------------


def _key(name: str) -> tuple[str, str, str]:
    return seams.account(), seams.region(), name


def _create_classic(query: Query) -> Answer:
    name, subnets = _one(query, "LoadBalancerName"), seams.elb_list(query, "Subnets")
    groups = seams.elb_list(query, "SecurityGroups")
    internal = _one(query, "Scheme") == "internal"
    host = f"{name}-{network.hexadecimal()[:9]}.{seams.region()}.elb.amazonaws.com"
    lb = {
        "LoadBalancerName": name,
        "DNSName": f"internal-{host}" if internal else host,
        "Scheme": "internal" if internal else "internet-facing",
        "VpcId": _vpc_of(subnets),
        "Subnets": subnets,
        "SecurityGroups": groups,
        "Tags": seams.elb_tags(query),
        "CreatedTime": _now(),
    }
    if _classic.setdefault(_key(name), lb) is not lb:
        raise AwsError("DuplicateLoadBalancerName", f"There is already a load balancer {name}", "ELB")
    _make_interfaces(name, subnets, groups)
    return seams.elb_answer("CreateLoadBalancer", f"<DNSName>{lb['DNSName']}</DNSName>")


def _delete_classic(query: Query) -> Answer:
    name = _one(query, "LoadBalancerName")
    # As on AWS, deleting one that does not exist is no error.
    if _classic.pop(_key(name), None):
        _remove_interfaces(name)
    return seams.elb_answer("DeleteLoadBalancer", "")


def _describe_classic(query: Query) -> Answer:
    names = seams.elb_list(query, "LoadBalancerNames")
    found = [lb for lb in classic() if not names or lb["LoadBalancerName"] in names]
    if len(found) < len(names):
        raise AwsError("LoadBalancerNotFound", f"There is no ACTIVE Load Balancer named '{names[0]}'", "ELB")
    return seams.elb_answer(
        "DescribeLoadBalancers",
        f"<LoadBalancerDescriptions>{''.join(map(_classic_xml, found))}</LoadBalancerDescriptions>",
    )


def _classic_xml(lb: dict[str, t.Any]) -> str:
    scalars = {"LoadBalancerName": "LoadBalancerName", "DNSName": "DNSName", "Scheme": "Scheme", "VPCId": "VpcId"}
    scalars["CreatedTime"] = "CreatedTime"
    lists = "".join(
        f"<{name}>{''.join(f'<member>{value}</member>' for value in lb[name])}</{name}>"
        for name in ("Subnets", "SecurityGroups")
    )
    texts = "".join(f"<{tag}>{escape(lb[key])}</{tag}>" for tag, key in scalars.items())
    return f"<member>{texts}{lists}</member>"


def _describe_classic_tags(query: Query) -> Answer:
    items = ""
    for name in seams.elb_list(query, "LoadBalancerNames"):
        lb = _classic.get(_key(name))
        if not lb:
            raise AwsError("LoadBalancerNotFound", f"There is no ACTIVE Load Balancer named '{name}'", "ELB")
        tags = "".join(
            f"<member><Key>{escape(tag['Key'])}</Key><Value>{escape(tag['Value'])}</Value></member>"
            for tag in lb["Tags"]
        )
        items += f"<member><LoadBalancerName>{name}</LoadBalancerName><Tags>{tags}</Tags></member>"
    return seams.elb_answer("DescribeTags", f"<TagDescriptions>{items}</TagDescriptions>")


# ---- network interfaces ---------------------------------------------------------------------------------------------


def _create_interface(original: seams.Action) -> seams.Action:
    def run(query: Query) -> Answer:
        interfaces = seams.store("network_interfaces")
        before = set(interfaces)
        answer = original(query)
        for interface_id in set(interfaces) - before:
            network.tag(query, interface_id)
            subnet = seams.store("subnets").get(interfaces[interface_id]["SubnetId"])
            if subnet:
                hosts = ipaddress.IPv4Network(subnet["CidrBlock"])
                number = 200 + len(interfaces) % 40 if hosts.num_addresses > 250 else hosts.num_addresses - 2
                interfaces[interface_id]["PrivateIpAddress"] = str(hosts[number])
        return answer

    return run


def _delete_interface(original: seams.Action) -> seams.Action:
    def run(query: Query) -> Answer:
        interface = seams.store("network_interfaces").get(_one(query, "NetworkInterfaceId"))
        if interface and interface["Status"] != "available":
            message = f"Network interface '{interface['NetworkInterfaceId']}' is currently in use."
            return seams.ec2_error(AwsError("InvalidParameterValue", message))
        return original(query)

    return run
