# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's actions where MiniStack's fall short: VPN connections, public addresses, what must not be deleted yet."""

from __future__ import annotations

import secrets
import threading
import time
import typing as t
from xml.sax.saxutils import escape

from labkit import instance_types
from labkit.aws import seams, vpn
from labkit.aws.seams import Answer, AwsError

Query = dict[str, t.Any]

CLOUD = "198.51.100.0/24"
TUNNEL_ADDRESSES = (10, 99)  # hosts of CLOUD
ELASTIC_ADDRESSES = (100, 250)
# What AWS gives to an account in a region unless asked for more; the default VPC is one of them.
# https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
QUOTAS = {"vpcs": 5, "addresses": 5}

_lock = threading.Lock()


def install() -> None:
    """Put the lab's actions in the place of MiniStack's."""
    seams.replace_ec2_action("CreateCustomerGateway", lambda original: _answering(_create_customer_gateway, original))
    seams.replace_ec2_action("CreateVpnConnection", lambda _original: _answering(_create_vpn_connection))
    seams.replace_ec2_action("DescribeVpnConnections", lambda _original: _answering(_describe_vpn_connections))
    seams.add_ec2_action("GetVpnConnectionDeviceTypes", _answering(_get_device_types))
    seams.add_ec2_action("GetVpnConnectionDeviceSampleConfiguration", _answering(_get_sample_configuration))
    seams.replace_ec2_action("DeleteVpnConnection", lambda _original: _answering(_delete_vpn_connection))
    seams.replace_ec2_action("AttachVpnGateway", lambda original: _answering(_attach_vpn_gateway, original))
    seams.replace_ec2_action("DetachVpnGateway", lambda original: _answering(_detach_vpn_gateway, original))
    seams.replace_ec2_action("EnableVgwRoutePropagation", lambda original: _answering(_enable_propagation, original))
    seams.replace_ec2_action("CreateVpc", lambda original: _answering(_create_vpc, original))
    seams.replace_ec2_action("AllocateAddress", lambda original: _answering(_allocate_address, original))
    seams.replace_ec2_action("CreateNatGateway", lambda original: _answering(_create_nat_gateway, original))
    seams.replace_ec2_action("DescribeInstanceTypes", lambda _original: _answering(_describe_instance_types))
    for action, kind, parameter in (
        ("DeleteCustomerGateway", "customer_gateways", "CustomerGatewayId"),
        ("DeleteVpnGateway", "vpn_gateways", "VpnGatewayId"),
        ("DeleteSubnet", "subnets", "SubnetId"),
        ("DeleteSecurityGroup", "security_groups", "GroupId"),
        ("DeleteVpc", "vpcs", "VpcId"),
        ("DeleteInternetGateway", "internet_gateways", "InternetGatewayId"),
        ("ReleaseAddress", "addresses", "AllocationId"),
    ):
        seams.replace_ec2_action(action, _guarded(kind, parameter))


def _describe_instance_types(query: Query) -> Answer:
    """MiniStack has the same memory, interfaces and addresses for most types."""
    names = seams.ec2_list(query, "InstanceType") or list(instance_types.TYPES)
    unknown = [name for name in names if name not in instance_types.TYPES]
    if unknown:
        what = f"The following supplied instance types do not exist: [{', '.join(unknown)}]"
        raise AwsError("InvalidInstanceType", what)
    items = "".join(map(instance_types.described, names))
    return seams.ec2_answer("DescribeInstanceTypes", f"<instanceTypeSet>{items}</instanceTypeSet>")


def _answering(action: t.Callable[..., Answer], *leading: t.Any) -> seams.Action:
    """An action that raises AwsError as one that answers."""

    def run(query: Query) -> Answer:
        try:
            return action(*leading, query)
        except AwsError as error:
            return seams.ec2_error(error)

    return run


def _guarded(kind: str, parameter: str) -> t.Callable[[seams.Action], seams.Action]:
    def make(original: seams.Action) -> seams.Action:
        def run(query: Query) -> Answer:
            reject_while_needed(kind, _one(query, parameter))
            return original(query)

        return _answering(run)

    return make


def _one(query: Query, name: str, default: str = "") -> str:
    value = query.get(name, default)
    return str(value[0] if isinstance(value, list) and value else value or default)


# ---- VPN ------------------------------------------------------------------------------------------------------------


def _create_customer_gateway(original: seams.Action, query: Query) -> Answer:
    asked = {
        "IpAddress": _one(query, "IpAddress") or _one(query, "PublicIp"),
        "BgpAsn": _one(query, "BgpAsn", "65000"),
        "DeviceName": _one(query, "DeviceName"),
    }
    gateways = seams.store("customer_gateways")
    for gateway in gateways.values():
        if all(str(gateway.get(name, "")) == value for name, value in asked.items()):
            # EC2 gives one gateway to all who ask for the same.
            return seams.ec2_answer(
                "CreateCustomerGateway",
                f"<customerGateway><customerGatewayId>{gateway['CustomerGatewayId']}</customerGatewayId>"
                f"<bgpAsn>{gateway['BgpAsn']}</bgpAsn><ipAddress>{gateway['IpAddress']}</ipAddress>"
                f"<type>{gateway['Type']}</type><state>{gateway['State']}</state></customerGateway>",
            )
    before = set(gateways)
    answer = original(query)
    for gateway_id in set(gateways) - before:
        gateways[gateway_id]["DeviceName"] = asked["DeviceName"]
        tag(query, gateway_id)
    return answer


def _create_vpn_connection(query: Query) -> Answer:
    customer_gateway = seams.store("customer_gateways").get(_one(query, "CustomerGatewayId"))
    if not customer_gateway:
        raise AwsError(
            "InvalidCustomerGatewayID.NotFound",
            f"The customerGateway ID '{_one(query, 'CustomerGatewayId')}' does not exist",
        )
    gateway = seams.store("vpn_gateways").get(_one(query, "VpnGatewayId"))
    if not gateway:
        raise AwsError(
            "InvalidVpnGatewayID.NotFound", f"The vpnGateway ID '{_one(query, 'VpnGatewayId')}' does not exist"
        )
    with _lock:
        return _record_vpn_connection(query, customer_gateway, gateway)


def _record_vpn_connection(query: Query, customer_gateway: dict[str, t.Any], gateway: dict[str, t.Any]) -> Answer:
    connections = seams.store("vpn_connections")
    static = _one(query, "Options.StaticRoutesOnly").lower() == "true"
    for other in connections.values():
        ends = (other["CustomerGatewayId"], other["VpnGatewayId"])
        if other["State"] != "deleted" and ends == (customer_gateway["CustomerGatewayId"], gateway["VpnGatewayId"]):
            # EC2 answers with the connection that there is: the same ends never have two.
            return seams.ec2_answer("CreateVpnConnection", _vpn_xml(other, "vpnConnection"))
    try:
        tunnels = _tunnels(query)
    except vpn.InvalidOptionError as error:
        raise AwsError("InvalidParameterValue", str(error)) from error
    vpn_id = f"vpn-{hexadecimal()}"
    connections[vpn_id] = {
        "VpnConnectionId": vpn_id,
        "State": "available",
        "Type": _one(query, "Type", "ipsec.1"),
        "CustomerGatewayId": customer_gateway["CustomerGatewayId"],
        "VpnGatewayId": gateway["VpnGatewayId"],
        "TransitGatewayId": "",
        "Category": "VPN",
        "Options": {
            "StaticRoutesOnly": static,
            "LocalIpv4NetworkCidr": _one(query, "Options.LocalIpv4NetworkCidr", "0.0.0.0/0"),
            "RemoteIpv4NetworkCidr": _one(query, "Options.RemoteIpv4NetworkCidr", "0.0.0.0/0"),
        },
        "Routes": [],
        "OwnerId": seams.account(),
        "CustomerAddress": customer_gateway["IpAddress"],
        "Tunnels": tunnels,
        "Telemetry": [
            {
                "OutsideIpAddress": tunnel["OutsideIpAddress"],
                "Status": "DOWN",
                "LastStatusChange": time.time(),
                "StatusMessage": "",
                "AcceptedRouteCount": 0,
            }
            for tunnel in tunnels
        ],
    }
    tag(query, vpn_id)
    return seams.ec2_answer("CreateVpnConnection", _vpn_xml(connections[vpn_id], "vpnConnection"))


def _tunnels(query: Query) -> list[dict[str, str]]:
    """The two tunnels of a new connection: what the request gives, the rest as EC2 chooses it."""
    present = [
        tunnel
        for connection in seams.store("vpn_connections").values()
        if connection["State"] != "deleted"
        for tunnel in connection["Tunnels"]
    ]
    taken = {tunnel["TunnelInsideCidr"] for tunnel in present}
    outside = vpn.public_addresses(
        CLOUD, *TUNNEL_ADDRESSES, taken={tunnel["OutsideIpAddress"] for tunnel in present}, count=2
    )
    tunnels = []
    for number, address in enumerate(outside, 1):
        prefix = f"Options.TunnelOptions.{number}"
        given_cidr, given_key = _one(query, f"{prefix}.TunnelInsideCidr"), _one(query, f"{prefix}.PreSharedKey")
        inside = vpn.check_inside_cidr(given_cidr, taken) if given_cidr else vpn.inside_cidr(taken)
        taken.add(inside)
        tunnels.append(
            {
                "OutsideIpAddress": address,
                "TunnelInsideCidr": inside,
                "PreSharedKey": vpn.check_key(given_key) if given_key else vpn.pre_shared_key(),
            }
        )
    return tunnels


def _describe_vpn_connections(query: Query) -> Answer:
    connections = seams.store("vpn_connections")
    wanted = seams.ec2_list(query, "VpnConnectionId")
    missing = [vpn_id for vpn_id in wanted if vpn_id not in connections]
    if missing:
        raise AwsError("InvalidVpnConnectionID.NotFound", f"The vpnConnection ID '{missing[0]}' does not exist")
    filters = seams.ec2_filters(query)
    items = "".join(
        _vpn_xml(connection)
        for connection in connections.values()
        if (not wanted or connection["VpnConnectionId"] in wanted) and _matches(connection, filters)
    )
    return seams.ec2_answer("DescribeVpnConnections", f"<vpnConnectionSet>{items}</vpnConnectionSet>")


def _matches(connection: dict[str, t.Any], filters: dict[str, list[str]]) -> bool:
    members = {
        "vpn-connection-id": "VpnConnectionId",
        "state": "State",
        "type": "Type",
        "vpn-gateway-id": "VpnGatewayId",
        "customer-gateway-id": "CustomerGatewayId",
    }
    tags = {tag["Key"]: tag["Value"] for tag in seams.store("tags").get(connection["VpnConnectionId"], [])}
    for name, values in filters.items():
        if name in members:
            value: t.Any = connection[members[name]]
        elif name.startswith("tag:"):
            value = tags.get(name[len("tag:") :])
        elif name == "tag-key":
            if not tags.keys() & set(values):
                return False
            continue
        else:
            raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
        if value not in values:
            return False
    return True


def _get_device_types(_query: Query) -> Answer:
    items = "".join(
        f"<item><vpnConnectionDeviceTypeId>{key}</vpnConnectionDeviceTypeId><vendor>{escape(vendor)}</vendor>"
        f"<platform>{escape(platform)}</platform><software>{escape(software)}</software></item>"
        for key, (vendor, platform, software) in vpn.DEVICES.items()
    )
    return seams.ec2_answer(
        "GetVpnConnectionDeviceTypes", f"<vpnConnectionDeviceTypeSet>{items}</vpnConnectionDeviceTypeSet>"
    )


def _get_sample_configuration(query: Query) -> Answer:
    connection = seams.store("vpn_connections").get(_one(query, "VpnConnectionId"))
    if not connection or not connection["Tunnels"]:
        name = _one(query, "VpnConnectionId")
        raise AwsError("InvalidVpnConnectionID.NotFound", f"The vpnConnection ID '{name}' does not exist")
    device = _one(query, "VpnConnectionDeviceTypeId")
    if device not in vpn.DEVICES:
        raise AwsError("InvalidParameterValue", f"The vpnConnectionDeviceTypeId '{device}' is invalid")
    text = vpn.sample_configuration(
        device,
        _one(query, "InternetKeyExchangeVersion") or "ikev1",
        connection["CustomerAddress"],
        connection["Tunnels"],
    )
    return seams.ec2_answer(
        "GetVpnConnectionDeviceSampleConfiguration",
        f"<vpnConnectionDeviceSampleConfiguration>{escape(text)}</vpnConnectionDeviceSampleConfiguration>",
    )


def _delete_vpn_connection(query: Query) -> Answer:
    connection = seams.store("vpn_connections").get(_one(query, "VpnConnectionId"))
    if not connection or connection["State"] == "deleted":
        raise AwsError(
            "InvalidVpnConnectionID.NotFound",
            f"The vpnConnection ID '{_one(query, 'VpnConnectionId')}' does not exist",
        )
    # EC2 goes on showing a deleted connection for about an hour.
    connection.update(State="deleted", Tunnels=[], Telemetry=[], Routes=[])
    return seams.ec2_answer("DeleteVpnConnection", "<return>true</return>")


def _vpn_xml(connection: dict[str, t.Any], tag: str = "item") -> str:
    options, tunnels = connection["Options"], connection["Tunnels"]
    config = ""
    if tunnels:
        text = vpn.configuration(
            connection["VpnConnectionId"],
            connection["CustomerGatewayId"],
            connection["VpnGatewayId"],
            connection["CustomerAddress"],
            options["StaticRoutesOnly"],
            tunnels,
        )
        config = f"<customerGatewayConfiguration>{escape(text)}</customerGatewayConfiguration>"
    tunnel_options = "".join(
        f"<item><outsideIpAddress>{tunnel['OutsideIpAddress']}</outsideIpAddress>"
        f"<tunnelInsideCidr>{tunnel['TunnelInsideCidr']}</tunnelInsideCidr>"
        f"<preSharedKey>{tunnel['PreSharedKey']}</preSharedKey></item>"
        for tunnel in tunnels
    )
    routes = "".join(
        f"<item><destinationCidrBlock>{route['DestinationCidrBlock']}</destinationCidrBlock>"
        f"<source>static</source><state>{route['State']}</state></item>"
        for route in connection["Routes"]
    )
    telemetry = "".join(
        f"<item><acceptedRouteCount>{end['AcceptedRouteCount']}</acceptedRouteCount>"
        f"<lastStatusChange>{_timestamp(end['LastStatusChange'])}</lastStatusChange>"
        f"<outsideIpAddress>{end['OutsideIpAddress']}</outsideIpAddress><status>{end['Status']}</status>"
        f"<statusMessage>{escape(end['StatusMessage'])}</statusMessage></item>"
        for end in connection["Telemetry"]
    )
    return (
        f"<{tag}><vpnConnectionId>{connection['VpnConnectionId']}</vpnConnectionId>"
        f"<state>{connection['State']}</state>{config}<type>{connection['Type']}</type>"
        f"<customerGatewayId>{connection['CustomerGatewayId']}</customerGatewayId>"
        f"<vpnGatewayId>{connection['VpnGatewayId']}</vpnGatewayId><category>VPN</category>"
        f"<options><enableAcceleration>false</enableAcceleration>"
        f"<staticRoutesOnly>{str(options['StaticRoutesOnly']).lower()}</staticRoutesOnly>"
        f"<localIpv4NetworkCidr>{options['LocalIpv4NetworkCidr']}</localIpv4NetworkCidr>"
        f"<remoteIpv4NetworkCidr>{options['RemoteIpv4NetworkCidr']}</remoteIpv4NetworkCidr>"
        f"<outsideIpAddressType>PublicIpv4</outsideIpAddressType><tunnelInsideIpVersion>ipv4</tunnelInsideIpVersion>"
        f"<tunnelOptionSet>{tunnel_options}</tunnelOptionSet></options>"
        f"<routes>{routes}</routes><vgwTelemetry>{telemetry}</vgwTelemetry>"
        f"{seams.ec2_tag_set(connection['VpnConnectionId'])}</{tag}>"
    )


def _attach_vpn_gateway(original: seams.Action, query: Query) -> Answer:
    gateway_id, vpc_id = _one(query, "VpnGatewayId"), _one(query, "VpcId")
    if vpc_id not in seams.store("vpcs"):
        raise AwsError("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")
    for gateway in seams.store("vpn_gateways").values():
        attached = [attachment["VpcId"] for attachment in gateway["Attachments"]]
        if vpc_id in attached and gateway["VpnGatewayId"] != gateway_id:
            raise AwsError("InvalidVpcState", f"Vpc {vpc_id} is already attached to {gateway['VpnGatewayId']}")
        if gateway["VpnGatewayId"] == gateway_id and attached and attached != [vpc_id]:
            raise AwsError("VpnGatewayAttachmentLimitExceeded", f"{gateway_id} is already attached to {attached[0]}")
    return original(query)


def _detach_vpn_gateway(original: seams.Action, query: Query) -> Answer:
    answer = original(query)
    gateway = seams.store("vpn_gateways").get(_one(query, "VpnGatewayId"))
    if gateway:
        gateway["State"] = "available"
    return answer


def _enable_propagation(original: seams.Action, query: Query) -> Answer:
    gateway_id, table_id = _one(query, "GatewayId"), _one(query, "RouteTableId")
    gateway = seams.store("vpn_gateways").get(gateway_id)
    table = seams.store("route_tables").get(table_id)
    attached = [attachment["VpcId"] for attachment in gateway["Attachments"]] if gateway else []
    if table and table["VpcId"] not in attached:
        raise AwsError("Gateway.NotAttached", f"resource {gateway_id} is not attached to VPC {table['VpcId']}")
    return original(query)


# ---- public addresses -----------------------------------------------------------------------------------------------


def _create_vpc(original: seams.Action, query: Query) -> Answer:
    reject_more_vpcs(QUOTAS["vpcs"] - 1)
    return original(query)


def reject_more_vpcs(most: int = QUOTAS["vpcs"]) -> None:
    """Raise EC2's AwsError when there are more VPCs than `most`."""
    if len(seams.store("vpcs")) > most:
        raise AwsError("VpcLimitExceeded", "The maximum number of VPCs has been reached.")


def _allocate_address(original: seams.Action, query: Query) -> Answer:
    addresses = seams.store("addresses")
    with _lock:
        if len(addresses) >= QUOTAS["addresses"]:
            raise AwsError("AddressLimitExceeded", "The maximum number of addresses has been reached.")
        taken = {address["PublicIp"] for address in addresses.values()}
        address = vpn.public_addresses(CLOUD, *ELASTIC_ADDRESSES, taken=taken, count=1)[0]
        before = set(addresses)
        status, headers, body = original(query)
        for allocation_id in set(addresses) - before:
            body = body.replace(addresses[allocation_id]["PublicIp"].encode(), address.encode())
            addresses[allocation_id]["PublicIp"] = address
    return status, headers, body


def _create_nat_gateway(original: seams.Action, query: Query) -> Answer:
    allocation_id, subnet_id = _one(query, "AllocationId"), _one(query, "SubnetId")
    if subnet_id not in seams.store("subnets"):
        raise AwsError("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")
    if _one(query, "ConnectivityType", "public") == "public":
        if allocation_id not in seams.store("addresses"):
            raise AwsError("InvalidAllocationID.NotFound", f"The allocation ID '{allocation_id}' does not exist")
        if _nat_of(allocation_id):
            raise AwsError("Resource.AlreadyAssociated", f"{allocation_id} is already associated")
    return original(query)


def _nat_of(allocation_id: str) -> str | None:
    for gateway in seams.store("nat_gateways").values():
        if gateway["AllocationId"] == allocation_id and gateway["State"] != "deleted":
            return str(gateway["NatGatewayId"])
    return None


# ---- dependencies ---------------------------------------------------------------------------------------------------


def reject_while_needed(kind: str, resource_id: str) -> None:
    """Raise EC2's AwsError if something still needs the resource to delete."""
    check = _NEEDED.get(kind)
    user = check(resource_id) if check else None
    if user:
        code, message = user
        raise AwsError(code, message)


def _customer_gateway_needed(gateway_id: str) -> tuple[str, str] | None:
    for connection in seams.store("vpn_connections").values():
        if connection["CustomerGatewayId"] == gateway_id and connection["State"] != "deleted":
            return "IncorrectState", "The customer gateway is in use."
    return None


def _vpn_gateway_needed(gateway_id: str) -> tuple[str, str] | None:
    gateway = seams.store("vpn_gateways").get(gateway_id)
    if gateway and gateway["Attachments"]:
        return "IncorrectState", "The vpnGateway is in use: it is attached to a VPC."
    for connection in seams.store("vpn_connections").values():
        if connection["VpnGatewayId"] == gateway_id and connection["State"] != "deleted":
            return "IncorrectState", "The vpnGateway is in use by a VPN connection."
    return None


def _subnet_needed(subnet_id: str) -> tuple[str, str] | None:
    users = [n["NatGatewayId"] for n in _present("nat_gateways") if n["SubnetId"] == subnet_id]
    users += [c["name"] for c in seams.eks("clusters").values() if subnet_id in c["resourcesVpcConfig"]["subnetIds"]]
    users += [g["nodegroupName"] for g in seams.eks("nodegroups").values() if subnet_id in g["subnets"]]
    users += [e["VpcEndpointId"] for e in _present("vpc_endpoints") if subnet_id in e.get("SubnetIds", [])]
    users += [n["NetworkInterfaceId"] for n in seams.store("network_interfaces").values() if n["SubnetId"] == subnet_id]
    if users:
        return "DependencyViolation", f"The subnet '{subnet_id}' has dependencies and cannot be deleted."
    return None


def _security_group_needed(group_id: str) -> tuple[str, str] | None:
    used = any(
        group_id in (*c["resourcesVpcConfig"]["securityGroupIds"], c["resourcesVpcConfig"]["clusterSecurityGroupId"])
        for c in seams.eks("clusters").values()
    )
    used |= any(group_id in g.get("_security_groups", ()) for g in seams.eks("nodegroups").values())
    used |= any(
        group_id == group["GroupId"]
        for interface in seams.store("network_interfaces").values()
        for group in interface["Groups"]
    )
    used |= any(
        pair.get("GroupId") == group_id
        for group in seams.store("security_groups").values()
        if group["GroupId"] != group_id
        for permission in (*group["IpPermissions"], *group["IpPermissionsEgress"])
        for pair in permission.get("UserIdGroupPairs", ())
    )
    if used:
        return "DependencyViolation", f"resource {group_id} has a dependent object"
    return None


def _vpc_needed(vpc_id: str) -> tuple[str, str] | None:
    vpc = seams.store("vpcs").get(vpc_id, {})
    used = any(s["VpcId"] == vpc_id for s in seams.store("subnets").values())
    used |= any(
        attachment["VpcId"] == vpc_id
        for kind in ("vpn_gateways", "internet_gateways")
        for gateway in seams.store(kind).values()
        for attachment in gateway["Attachments"]
    )
    used |= any(
        table["VpcId"] == vpc_id and table["RouteTableId"] != vpc.get("MainRouteTableId")
        for table in seams.store("route_tables").values()
    )
    used |= any(
        group["VpcId"] == vpc_id and group["GroupName"] != "default"
        for group in seams.store("security_groups").values()
    )
    if used:
        return "DependencyViolation", f"The vpc '{vpc_id}' has dependencies and cannot be deleted."
    return None


def _internet_gateway_needed(gateway_id: str) -> tuple[str, str] | None:
    gateway = seams.store("internet_gateways").get(gateway_id, {})
    if gateway.get("Attachments"):
        return "DependencyViolation", f"The internetGateway '{gateway_id}' has dependencies and cannot be deleted."
    return None


def _address_needed(allocation_id: str) -> tuple[str, str] | None:
    if _nat_of(allocation_id):
        return "InvalidIPAddress.InUse", f"Address {allocation_id} is in use."
    return None


def reject_detaching_while_mapped(vpc_id: str) -> None:
    """An internet gateway stays while the VPC has public addresses mapped (its NAT gateways and load balancers)."""
    balancers = [lb for lb in seams.elb_store("lbs").values() if lb["Scheme"] == "internet-facing"]
    if any(user["VpcId"] == vpc_id for user in [*_present("nat_gateways"), *balancers]):
        raise AwsError(
            "DependencyViolation",
            f"Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) before "
            "detaching the gateway.",
        )


def _present(kind: str) -> list[dict[str, t.Any]]:
    return [record for record in seams.store(kind).values() if record["State"] != "deleted"]


_NEEDED: dict[str, t.Callable[[str], tuple[str, str] | None]] = {
    "customer_gateways": _customer_gateway_needed,
    "vpn_gateways": _vpn_gateway_needed,
    "subnets": _subnet_needed,
    "security_groups": _security_group_needed,
    "vpcs": _vpc_needed,
    "internet_gateways": _internet_gateway_needed,
    "addresses": _address_needed,
}


# ---- small things ---------------------------------------------------------------------------------------------------


def hexadecimal() -> str:
    """The 17 digits of an EC2 resource's id."""
    return secrets.token_hex(9)[:17]


def _timestamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def tag(query: Query, resource_id: str) -> None:
    """Note the tags that a request gives its resource."""
    tags, number = [], 1
    while _one(query, f"TagSpecification.1.Tag.{number}.Key"):
        prefix = f"TagSpecification.1.Tag.{number}"
        tags.append({"Key": _one(query, f"{prefix}.Key"), "Value": _one(query, f"{prefix}.Value")})
        number += 1
    if tags:
        seams.store("tags")[resource_id] = tags
