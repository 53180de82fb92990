# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CloudFormation types that MiniStack lacks, or has with nothing behind them.

What Ref and Fn::GetAtt return is what the template reference says
(https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html).
"""

from __future__ import annotations

import time
import typing as t

from labkit.aws import network, seams
from labkit.aws.operations import Attributes, Properties, Type
from labkit.aws.seams import AwsError

Created = tuple[str, Attributes]

# EKS gives up on nodes after 35 minutes; a cluster that does not come in that time never will.
PATIENCE = 35 * 60


class FailedError(Exception):
    """A resource did not become what it should; the text is the event's reason."""


def install() -> None:
    """Make the types known to MiniStack."""
    for name, (create, delete, update, tags) in _HANDLERS.items():
        handler: dict[str, t.Any] = {"create": create, "delete": delete}
        handler |= {"update": update, "update_with_logical_id": True} if update else {}
        seams.register_type(name, handler, tags)


# ---- VPN ------------------------------------------------------------------------------------------------------------


def _vpn_gateway(_logical_id: str, props: Properties, _stack: str) -> Created:
    created = seams.ec2("CreateVpnGateway", Type=props["Type"], AmazonSideAsn=props.get("AmazonSideAsn"))
    gateway_id = created.findtext("vpnGateway/vpnGatewayId", "")
    _tag(gateway_id, props)
    return gateway_id, {"VPNGatewayId": gateway_id}


def _customer_gateway(_logical_id: str, props: Properties, _stack: str) -> Created:
    created = seams.ec2(
        "CreateCustomerGateway",
        Type=props["Type"],
        BgpAsn=props.get("BgpAsn", 65000),
        IpAddress=props["IpAddress"],
        DeviceName=props.get("DeviceName"),
    )
    gateway_id = created.findtext("customerGateway/customerGatewayId", "")
    _tag(gateway_id, props)
    return gateway_id, {"CustomerGatewayId": gateway_id}


def _vpn_connection(_logical_id: str, props: Properties, _stack: str) -> Created:
    options: dict[str, t.Any] = {
        "Options.StaticRoutesOnly": str(_true(props.get("StaticRoutesOnly", False))).lower(),
        "Options.LocalIpv4NetworkCidr": props.get("LocalIpv4NetworkCidr"),
        "Options.RemoteIpv4NetworkCidr": props.get("RemoteIpv4NetworkCidr"),
    }
    for number, tunnel in enumerate(props.get("VpnTunnelOptionsSpecifications") or [], 1):
        for name in ("PreSharedKey", "TunnelInsideCidr"):
            options[f"Options.TunnelOptions.{number}.{name}"] = tunnel.get(name)
    created = seams.ec2(
        "CreateVpnConnection",
        Type=props["Type"],
        CustomerGatewayId=props["CustomerGatewayId"],
        VpnGatewayId=props.get("VpnGatewayId"),
        **options,
    )
    vpn_id = created.findtext("vpnConnection/vpnConnectionId", "")
    _tag(vpn_id, props)
    return vpn_id, {"VpnConnectionId": vpn_id}


def _vpn_route(_logical_id: str, props: Properties, _stack: str) -> Created:
    vpn_id, network_ = props["VpnConnectionId"], props["DestinationCidrBlock"]
    seams.ec2("CreateVpnConnectionRoute", VpnConnectionId=vpn_id, DestinationCidrBlock=network_)
    return f"{network_}|{vpn_id}", {}


def _delete_vpn_route(_physical_id: str, props: Properties) -> None:
    with _Absent("InvalidVpnConnectionID.NotFound"):
        seams.ec2(
            "DeleteVpnConnectionRoute",
            VpnConnectionId=props["VpnConnectionId"],
            DestinationCidrBlock=props["DestinationCidrBlock"],
        )


def _propagation(logical_id: str, props: Properties, stack: str) -> Created:
    for table_id in props["RouteTableIds"]:
        seams.ec2("EnableVgwRoutePropagation", RouteTableId=table_id, GatewayId=props["VpnGatewayId"])
    identifier = f"{stack[:20]}-{logical_id}-{network.hexadecimal()[:12]}"
    return identifier, {"Id": identifier}


def _delete_propagation(_physical_id: str, props: Properties) -> None:
    for table_id in props["RouteTableIds"]:
        with _Absent("InvalidRouteTableID.NotFound"):
            seams.ec2("DisableVgwRoutePropagation", RouteTableId=table_id, GatewayId=props["VpnGatewayId"])


# ---- NAT ------------------------------------------------------------------------------------------------------------


def _address(_logical_id: str, props: Properties, _stack: str) -> Created:
    created = seams.ec2("AllocateAddress", Domain=props.get("Domain", "vpc"))
    allocation_id, address = created.findtext("allocationId", ""), created.findtext("publicIp", "")
    _tag(allocation_id, props)
    return address, {"AllocationId": allocation_id, "PublicIp": address}


def _delete_address(physical_id: str, _props: Properties) -> None:
    for record in seams.store("addresses").values():
        if record["PublicIp"] == physical_id:
            seams.ec2("ReleaseAddress", AllocationId=record["AllocationId"])


def _nat_gateway(_logical_id: str, props: Properties, _stack: str) -> Created:
    created = seams.ec2(
        "CreateNatGateway",
        SubnetId=props["SubnetId"],
        AllocationId=props.get("AllocationId"),
        ConnectivityType=props.get("ConnectivityType", "public"),
    )
    gateway_id = created.findtext("natGateway/natGatewayId", "")
    _tag(gateway_id, props)
    return gateway_id, {"NatGatewayId": gateway_id}


# ---- single rules of security groups --------------------------------------------------------------------------------


def _rule(direction: t.Literal["Ingress", "Egress"]) -> t.Callable[[str, Properties, str], Created]:
    def create(_logical_id: str, props: Properties, _stack: str) -> Created:
        seams.ec2(f"AuthorizeSecurityGroup{direction}", **_permission(props))
        identifier = f"sgr-{network.hexadecimal()}"
        return identifier, {"Id": identifier}

    return create


def _delete_rule(direction: t.Literal["Ingress", "Egress"]) -> t.Callable[[str, Properties], None]:
    def delete(_physical_id: str, props: Properties) -> None:
        with _Absent("InvalidPermission.NotFound", "InvalidGroup.NotFound"):
            seams.ec2(f"RevokeSecurityGroup{direction}", **_permission(props))

    return delete


def _permission(props: Properties) -> dict[str, t.Any]:
    prefix = "IpPermissions.1"
    group = props.get("SourceSecurityGroupId") or props.get("DestinationSecurityGroupId")
    return {
        "GroupId": props["GroupId"],
        f"{prefix}.IpProtocol": props["IpProtocol"],
        f"{prefix}.FromPort": props.get("FromPort"),
        f"{prefix}.ToPort": props.get("ToPort"),
        f"{prefix}.IpRanges.1.CidrIp": props.get("CidrIp"),
        f"{prefix}.IpRanges.1.Description": props.get("Description") if props.get("CidrIp") else None,
        f"{prefix}.Groups.1.GroupId": group,
    }


# ---- EKS ------------------------------------------------------------------------------------------------------------


def _cluster(logical_id: str, props: Properties, stack: str) -> Created:
    name = props.get("Name") or f"{logical_id}-{network.hexadecimal()[:12]}"
    config = props["ResourcesVpcConfig"]
    network_config, access = props.get("KubernetesNetworkConfig") or {}, props.get("AccessConfig") or {}
    access_config: dict[str, t.Any] = {}
    if "AuthenticationMode" in access:
        access_config["authenticationMode"] = access["AuthenticationMode"]
    if "BootstrapClusterCreatorAdminPermissions" in access:
        given = access["BootstrapClusterCreatorAdminPermissions"]
        access_config["bootstrapClusterCreatorAdminPermissions"] = _true(given)
    enabled = ((props.get("Logging") or {}).get("ClusterLogging") or {}).get("EnabledTypes") or []
    body = {
        "name": name,
        "version": props.get("Version"),
        "roleArn": props["RoleArn"],
        "resourcesVpcConfig": {
            "subnetIds": list(config["SubnetIds"]),
            "securityGroupIds": list(config.get("SecurityGroupIds") or []),
            "endpointPublicAccess": _true(config.get("EndpointPublicAccess", True)),
            "endpointPrivateAccess": _true(config.get("EndpointPrivateAccess", False)),
            "publicAccessCidrs": list(config.get("PublicAccessCidrs") or []),
        },
        "kubernetesNetworkConfig": {"serviceIpv4Cidr": network_config.get("ServiceIpv4Cidr")},
        "accessConfig": access_config,
        "logging": {"clusterLogging": [{"types": [e["Type"] for e in enabled], "enabled": True}] if enabled else []},
        "upgradePolicy": {"supportType": (props.get("UpgradePolicy") or {}).get("SupportType", "EXTENDED")},
        "deletionProtection": _true(props.get("DeletionProtection", False)),
        "tags": _tag_map(props),
    }
    # CloudFormation acts as its caller, so that one is the creator.
    seams.eks_call("create_cluster", body, seams.caller())
    return name, _cluster_attributes(name)


def _cluster_attributes(name: str) -> Attributes:
    cluster = seams.eks("clusters")[name]
    return {
        "Arn": cluster["arn"],
        "CertificateAuthorityData": cluster["certificateAuthority"]["data"],
        "ClusterSecurityGroupId": cluster["resourcesVpcConfig"]["clusterSecurityGroupId"],
        "Endpoint": cluster.get("endpoint", ""),
        "Id": cluster["name"],
        "OpenIdConnectIssuerUrl": cluster["identity"]["oidc"]["issuer"],
    }


def _update_cluster(
    physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
) -> Created:
    cluster = seams.eks("clusters")[physical_id]
    access = ("PublicAccessCidrs", "EndpointPublicAccess", "EndpointPrivateAccess", "SecurityGroupIds")
    config = new["ResourcesVpcConfig"]
    for name in access:
        if name in config:
            value = config[name]
            value = list(value) if isinstance(value, list) else _true(value)
            cluster["resourcesVpcConfig"][name[0].lower() + name[1:]] = value
    cluster["deletionProtection"] = _true(new.get("DeletionProtection", False))
    cluster["tags"] = _tag_map(new)
    seams.eks("tags")[cluster["arn"]] = dict(cluster["tags"])
    return physical_id, _cluster_attributes(physical_id)


def _cluster_settled(name: str, _props: Properties) -> Attributes:
    cluster = seams.eks("clusters")[name]
    if _wait(lambda: cluster["status"] != "CREATING") and cluster["status"] == "ACTIVE":
        return _cluster_attributes(name)
    raise FailedError(_reason(cluster, f"cluster {name}"))


def _delete_cluster(name: str, _props: Properties) -> None:
    with _Absent("ResourceNotFoundException"):
        seams.eks_call("delete_cluster", name)


def _cluster_gone(name: str, _props: Properties) -> None:
    if not _wait(lambda: name not in seams.eks("clusters")):
        raise FailedError(f"cluster {name} is not gone after {PATIENCE} s")


def _nodegroup(logical_id: str, props: Properties, stack: str) -> Created:
    name = props.get("NodegroupName") or f"{logical_id}-{network.hexadecimal()[:12]}"
    cluster = props["ClusterName"]
    body = {
        "nodegroupName": name,
        "subnets": list(props["Subnets"]),
        "nodeRole": props["NodeRole"],
        "scalingConfig": _lower(props.get("ScalingConfig")),
        "instanceTypes": props.get("InstanceTypes"),
        "amiType": props.get("AmiType"),
        "capacityType": props.get("CapacityType"),
        "diskSize": props.get("DiskSize"),
        "labels": props.get("Labels"),
        "taints": [_lower(taint) for taint in props.get("Taints") or []],
        "launchTemplate": _lower(props.get("LaunchTemplate")),
        "updateConfig": _lower(props.get("UpdateConfig")),
        "version": props.get("Version"),
        "releaseVersion": props.get("ReleaseVersion"),
        "tags": _tag_map(props),
    }
    seams.eks_call("create_nodegroup", cluster, body)
    return f"{cluster}/{name}", _nodegroup_attributes(f"{cluster}/{name}")


def _nodegroup_attributes(physical_id: str) -> Attributes:
    group = seams.eks("nodegroups")[physical_id]
    return {
        "Arn": group["nodegroupArn"],
        "ClusterName": group["clusterName"],
        "Id": physical_id,
        "NodegroupName": group["nodegroupName"],
    }


def _update_nodegroup(
    physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
) -> Created:
    """Scaling, labels and tags change in place; all else replaces."""
    in_place = ("ScalingConfig", "Labels", "Taints", "UpdateConfig", "Tags")
    if {k: v for k, v in old.items() if k not in in_place} != {k: v for k, v in new.items() if k not in in_place}:
        return _nodegroup(logical_id or physical_id, new, stack)
    group = seams.eks("nodegroups")[physical_id]
    group["scalingConfig"] = {
        **group["scalingConfig"],
        **{key: int(value) for key, value in _lower(new.get("ScalingConfig")).items()},
    }
    group["labels"], group["tags"] = dict(new.get("Labels") or {}), _tag_map(new)
    group["status"] = "UPDATING"
    return physical_id, _nodegroup_attributes(physical_id)


def _nodegroup_settled(physical_id: str, _props: Properties) -> Attributes:
    group = seams.eks("nodegroups")[physical_id]
    if _wait(lambda: group["status"] not in ("CREATING", "UPDATING")) and group["status"] == "ACTIVE":
        return {}
    raise FailedError(_reason(group, f"node group {physical_id}"))


def _delete_nodegroup(physical_id: str, _props: Properties) -> None:
    with _Absent("ResourceNotFoundException"):
        seams.eks_call("delete_nodegroup", *physical_id.split("/"))


def _nodegroup_gone(physical_id: str, _props: Properties) -> None:
    if not _wait(lambda: physical_id not in seams.eks("nodegroups")):
        raise FailedError(f"node group {physical_id} is not gone after {PATIENCE} s")


def _access_entry(_logical_id: str, props: Properties, _stack: str) -> Created:
    cluster, principal = props["ClusterName"], props["PrincipalArn"]
    body = {
        "principalArn": principal,
        "type": props.get("Type", "STANDARD"),
        "kubernetesGroups": list(props.get("KubernetesGroups") or []),
        "username": props.get("Username", ""),
        "tags": _tag_map(props),
    }
    _require_principal(principal)
    entry = seams.eks_call("create_access_entry", cluster, body)["accessEntry"]
    for policy in props.get("AccessPolicies") or []:
        _associate(cluster, principal, policy)
    return f"{principal}|{cluster}", {"AccessEntryArn": entry["accessEntryArn"]}


def _associate(cluster: str, principal: str, policy: Properties) -> None:
    scope = policy["AccessScope"]
    body = {
        "policyArn": policy["PolicyArn"],
        "accessScope": {"type": scope["Type"], "namespaces": list(scope.get("Namespaces") or [])},
    }
    seams.eks_call("associate_access_policy", cluster, principal, body)


def _require_principal(arn: str) -> None:
    """EKS wants a user or role, with its path; those of other accounts it cannot look up (terraform-aws-eks #2969)."""
    account, resource = arn.split(":")[4], arn.split(":", 5)[5]
    kind, _slash, name = resource.partition("/")
    store = {"user": "users", "role": "roles"}.get(kind)
    if store is None or ":iam:" not in arn:
        raise AwsError("InvalidParameterException", "The principalArn parameter format is not valid", "Eks", 400)
    found = seams.iam(store).get(name.rpartition("/")[2]) or {}
    if account == seams.account() and found.get("Arn") != arn:
        message = "The specified principalArn is invalid: invalid principal."
        raise AwsError("InvalidParameterException", message, "Eks", 400)


def _access_entry_settled(_physical_id: str, props: Properties) -> Attributes:
    """The entry counts only once the cluster's RBAC has it."""
    name, account, region = props["ClusterName"], seams.account(), seams.region()
    if not _wait(lambda: bool(seams.eks_function("reconcile_access_policy_rbac")(name, account, region)), 120):
        raise FailedError(f"the access policies of cluster {name} could not be applied")
    return {}


def _delete_access_entry(_physical_id: str, props: Properties) -> None:
    with _Absent("ResourceNotFoundException"):
        seams.eks_call("delete_access_entry", props["ClusterName"], props["PrincipalArn"])


def _addon(_logical_id: str, props: Properties, _stack: str) -> Created:
    cluster, name = props["ClusterName"], props["AddonName"]
    body = {
        "addonName": name,
        "addonVersion": props.get("AddonVersion", ""),
        "serviceAccountRoleArn": props.get("ServiceAccountRoleArn", ""),
        "configurationValues": props.get("ConfigurationValues", ""),
        "tags": _tag_map(props),
    }
    addon = seams.eks_call("create_addon", cluster, body)["addon"]
    return f"{cluster}|{name}", {"Arn": addon["addonArn"]}


def _delete_addon(_physical_id: str, props: Properties) -> None:
    with _Absent("ResourceNotFoundException"):
        seams.eks_call("delete_addon", props["ClusterName"], props["AddonName"])


# ---- attributes and checks of types that MiniStack has ---------------------------------------------------------------


def _vpc_settled(physical_id: str, _props: Properties) -> Attributes:
    network.reject_more_vpcs()
    vpc = seams.store("vpcs")[physical_id]
    return {"CidrBlock": vpc["CidrBlock"], "CidrBlockAssociations": [], "Ipv6CidrBlocks": []}


def _subnet_settled(physical_id: str, props: Properties) -> Attributes:
    import ipaddress

    subnets = seams.store("subnets")
    subnet, vpc = subnets[physical_id], seams.store("vpcs").get(props["VpcId"], {})
    block = ipaddress.IPv4Network(subnet["CidrBlock"])
    if not block.subnet_of(ipaddress.IPv4Network(vpc.get("CidrBlock", "0.0.0.0/0"))):
        raise AwsError("InvalidSubnet.Range", f"The CIDR '{block}' is invalid.")
    for other in subnets.values():
        same_vpc = other["VpcId"] == subnet["VpcId"] and other["SubnetId"] != physical_id
        if same_vpc and block.overlaps(ipaddress.IPv4Network(other["CidrBlock"])):
            raise AwsError("InvalidSubnet.Conflict", f"The CIDR '{block}' conflicts with another subnet")
    return {"CidrBlock": subnet["CidrBlock"], "VpcId": subnet["VpcId"]}


def _before_detaching(_physical_id: str, props: Properties) -> None:
    if props.get("InternetGatewayId"):
        network.reject_detaching_while_mapped(props["VpcId"])


def _before(kind: str) -> t.Callable[[str, Properties], None]:
    return lambda physical_id, _props: network.reject_while_needed(kind, physical_id)


TYPES: dict[str, Type] = {
    "AWS::EC2::VPC": Type(settle=_vpc_settled, before_delete=_before("vpcs")),
    "AWS::EC2::Subnet": Type(settle=_subnet_settled, before_delete=_before("subnets")),
    "AWS::EC2::SecurityGroup": Type(before_delete=_before("security_groups")),
    "AWS::EC2::InternetGateway": Type(before_delete=_before("internet_gateways")),
    "AWS::EC2::VPCGatewayAttachment": Type(before_delete=_before_detaching),
    "AWS::EKS::Cluster": Type(settle=_cluster_settled, gone=_cluster_gone),
    "AWS::EKS::Nodegroup": Type(settle=_nodegroup_settled, gone=_nodegroup_gone),
    "AWS::EKS::AccessEntry": Type(settle=_access_entry_settled),
}


# ---- small things ---------------------------------------------------------------------------------------------------


def _delete(action: str, parameter: str, absent: str) -> t.Callable[[str, Properties], None]:
    def delete(physical_id: str, _props: Properties) -> None:
        with _Absent(absent):
            seams.ec2(action, **{parameter: physical_id})

    return delete


class _Absent:
    """A resource that does not exist counts as deleted."""

    def __init__(self, *codes: str) -> None:
        self.codes = codes

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        return isinstance(error, AwsError) and error.code in self.codes


def _wait(done: t.Callable[[], bool], patience: float = PATIENCE) -> bool:
    end = time.monotonic() + patience
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.25)
    return True


def _reason(record: Properties, what: str) -> str:
    """Why it failed, as the types' resource handlers word it."""
    issues = ", ".join(
        f"Issue(Code={issue['code']}, Message={issue['message']}, ResourceIds=[])"
        for issue in record["health"]["issues"]
    )
    if not issues:
        return f"{what} is {record['status']} after {PATIENCE} s"
    return (
        f'Resource handler returned message: "[{issues}] (Service: null, Status Code: 0, Request ID: null)" '
        "(HandlerErrorCode: GeneralServiceException)"
    )


def _true(value: t.Any) -> bool:
    return str(value).lower() == "true"


def _lower(props: Properties | None) -> dict[str, t.Any]:
    return {key[0].lower() + key[1:]: value for key, value in (props or {}).items()}


def _tag_map(props: Properties) -> dict[str, str]:
    tags = props.get("Tags") or {}
    return dict(tags) if isinstance(tags, dict) else {tag["Key"]: str(tag["Value"]) for tag in tags}


def _tag(resource_id: str, props: Properties) -> None:
    for key, value in _tag_map(props).items():
        seams.ec2("CreateTags", **{"ResourceId.1": resource_id, "Tag.1.Key": key, "Tag.1.Value": value})


_LIST, _MAP = ("Tags", "list"), ("Tags", "map")
_HANDLERS: dict[str, tuple[t.Any, t.Any, t.Any, tuple[str, str] | None]] = {
    "AWS::EC2::VPNGateway": (
        _vpn_gateway,
        _delete("DeleteVpnGateway", "VpnGatewayId", "InvalidVpnGatewayID.NotFound"),
        None,
        _LIST,
    ),
    "AWS::EC2::CustomerGateway": (
        _customer_gateway,
        _delete("DeleteCustomerGateway", "CustomerGatewayId", "InvalidCustomerGatewayID.NotFound"),
        None,
        _LIST,
    ),
    "AWS::EC2::VPNConnection": (
        _vpn_connection,
        _delete("DeleteVpnConnection", "VpnConnectionId", "InvalidVpnConnectionID.NotFound"),
        None,
        _LIST,
    ),
    "AWS::EC2::VPNConnectionRoute": (_vpn_route, _delete_vpn_route, None, None),
    "AWS::EC2::VPNGatewayRoutePropagation": (_propagation, _delete_propagation, None, None),
    "AWS::EC2::EIP": (_address, _delete_address, None, _LIST),
    "AWS::EC2::NatGateway": (
        _nat_gateway,
        _delete("DeleteNatGateway", "NatGatewayId", "NatGatewayNotFound"),
        None,
        _LIST,
    ),
    "AWS::EC2::SecurityGroupIngress": (_rule("Ingress"), _delete_rule("Ingress"), None, None),
    "AWS::EC2::SecurityGroupEgress": (_rule("Egress"), _delete_rule("Egress"), None, None),
    "AWS::EKS::Cluster": (_cluster, _delete_cluster, _update_cluster, _LIST),
    "AWS::EKS::Nodegroup": (_nodegroup, _delete_nodegroup, _update_nodegroup, _MAP),
    "AWS::EKS::AccessEntry": (_access_entry, _delete_access_entry, None, _LIST),
    "AWS::EKS::Addon": (_addon, _delete_addon, None, _LIST),
}
