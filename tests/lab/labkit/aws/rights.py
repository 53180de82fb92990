# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudFormation needs of its caller: it acts with the caller's rights, not with its own.

The actions are those that the handlers of each type's resource schema name
(https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html, `handlers`), without the
ones that only matter for properties no template of the lab has. Which resources an action is checked on, and by which
of their tags, is said by the Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html).
"""

from __future__ import annotations

import typing as t

from labkit.aws import seams

Properties = dict[str, t.Any]


# type -> actions for create, update and delete. {} in the resource is the physical id.
ACTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "AWS::EC2::VPC": (
        ("ec2:CreateVpc", "ec2:DescribeVpcEncryptionControls", "ec2:DescribeVpcs", "ec2:ModifyVpcAttribute"),
        ("ec2:ModifyVpcAttribute",),
        ("ec2:DeleteVpc", "ec2:DescribeVpcs"),
    ),
    "AWS::EC2::Subnet": (
        ("ec2:CreateSubnet", "ec2:DescribeSubnets"),
        ("ec2:ModifySubnetAttribute", "ec2:DescribeSubnets"),
        ("ec2:DeleteSubnet", "ec2:DescribeSubnets"),
    ),
    "AWS::EC2::RouteTable": (
        ("ec2:CreateRouteTable", "ec2:DescribeRouteTables"),
        ("ec2:DescribeRouteTables",),
        ("ec2:DeleteRouteTable", "ec2:DescribeRouteTables"),
    ),
    "AWS::EC2::SubnetRouteTableAssociation": (
        ("ec2:AssociateRouteTable", "ec2:DescribeRouteTables"),
        ("ec2:AssociateRouteTable",),
        ("ec2:DisassociateRouteTable", "ec2:DescribeRouteTables"),
    ),
    "AWS::EC2::Route": (
        ("ec2:CreateRoute", "ec2:DescribeRouteTables"),
        ("ec2:ReplaceRoute", "ec2:DescribeRouteTables"),
        ("ec2:DeleteRoute", "ec2:DescribeRouteTables"),
    ),
    "AWS::EC2::InternetGateway": (
        ("ec2:CreateInternetGateway", "ec2:DescribeInternetGateways"),
        ("ec2:DescribeInternetGateways",),
        ("ec2:DeleteInternetGateway", "ec2:DescribeInternetGateways"),
    ),
    "AWS::EC2::EIP": (
        ("ec2:AllocateAddress", "ec2:DescribeAddresses"),
        ("ec2:DescribeAddresses",),
        ("ec2:ReleaseAddress", "ec2:DescribeAddresses"),
    ),
    "AWS::EC2::NatGateway": (
        ("ec2:CreateNatGateway", "ec2:DescribeNatGateways"),
        ("ec2:DescribeNatGateways",),
        ("ec2:DeleteNatGateway", "ec2:DescribeNatGateways"),
    ),
    "AWS::EC2::VPNGateway": (
        ("ec2:CreateVpnGateway", "ec2:DescribeVpnGateways"),
        ("ec2:DescribeVpnGateways",),
        ("ec2:DeleteVpnGateway", "ec2:DescribeVpnGateways"),
    ),
    "AWS::EC2::CustomerGateway": (
        ("ec2:CreateCustomerGateway", "ec2:DescribeCustomerGateways"),
        ("ec2:DescribeCustomerGateways",),
        ("ec2:DeleteCustomerGateway", "ec2:DescribeCustomerGateways"),
    ),
    "AWS::EC2::VPNConnection": (
        ("ec2:CreateVpnConnection", "ec2:DescribeVpnConnections"),
        ("ec2:ModifyVpnConnection", "ec2:DescribeVpnConnections"),
        ("ec2:DeleteVpnConnection", "ec2:DescribeVpnConnections"),
    ),
    "AWS::EC2::VPNConnectionRoute": (
        ("ec2:CreateVpnConnectionRoute", "ec2:DescribeVpnConnections"),
        ("ec2:CreateVpnConnectionRoute",),
        ("ec2:DeleteVpnConnectionRoute", "ec2:DescribeVpnConnections"),
    ),
    "AWS::EC2::VPNGatewayRoutePropagation": (
        ("ec2:EnableVgwRoutePropagation", "ec2:DescribeRouteTables"),
        ("ec2:EnableVgwRoutePropagation", "ec2:DisableVgwRoutePropagation"),
        ("ec2:DisableVgwRoutePropagation", "ec2:DescribeRouteTables"),
    ),
    "AWS::EC2::SecurityGroup": (
        ("ec2:CreateSecurityGroup", "ec2:DescribeSecurityGroups"),
        ("ec2:DescribeSecurityGroups",),
        ("ec2:DeleteSecurityGroup", "ec2:DescribeInstances", "ec2:DescribeSecurityGroups"),
    ),
    "AWS::EC2::SecurityGroupIngress": (
        ("ec2:AuthorizeSecurityGroupIngress", "ec2:DescribeSecurityGroupRules"),
        ("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"),
        ("ec2:RevokeSecurityGroupIngress", "ec2:DescribeSecurityGroupRules"),
    ),
    "AWS::EC2::SecurityGroupEgress": (
        ("ec2:AuthorizeSecurityGroupEgress", "ec2:DescribeSecurityGroupRules"),
        ("ec2:AuthorizeSecurityGroupEgress", "ec2:RevokeSecurityGroupEgress"),
        ("ec2:RevokeSecurityGroupEgress", "ec2:DescribeSecurityGroupRules"),
    ),
    "AWS::EC2::LaunchTemplate": (
        ("ec2:CreateLaunchTemplate", "ec2:DescribeLaunchTemplates"),
        ("ec2:CreateLaunchTemplateVersion", "ec2:DescribeLaunchTemplates"),
        ("ec2:DeleteLaunchTemplate", "ec2:DescribeLaunchTemplates"),
    ),
    "AWS::EC2::VPCEndpoint": (
        ("ec2:CreateVpcEndpoint", "ec2:DescribeVpcEndpoints"),
        ("ec2:ModifyVpcEndpoint", "ec2:DescribeVpcEndpoints"),
        ("ec2:DeleteVpcEndpoints", "ec2:DescribeVpcEndpoints"),
    ),
    "AWS::IAM::Role": (
        ("iam:CreateRole", "iam:GetRole"),
        ("iam:UpdateRole", "iam:GetRole"),
        ("iam:DeleteRole", "iam:GetRole"),
    ),
    "AWS::EKS::Cluster": (
        ("eks:CreateCluster", "eks:DescribeCluster"),
        ("eks:UpdateClusterConfig", "eks:DescribeCluster"),
        ("eks:DeleteCluster", "eks:DescribeCluster"),
    ),
    "AWS::EKS::Nodegroup": (
        ("eks:CreateNodegroup", "eks:DescribeNodegroup", "ec2:DescribeKeyPairs"),
        ("eks:UpdateNodegroupConfig", "eks:DescribeNodegroup"),
        ("eks:DeleteNodegroup", "eks:DescribeNodegroup"),
    ),
    "AWS::EKS::AccessEntry": (
        ("eks:CreateAccessEntry", "eks:DescribeAccessEntry"),
        ("eks:UpdateAccessEntry", "eks:DescribeAccessEntry"),
        ("eks:DeleteAccessEntry", "eks:DescribeAccessEntry"),
    ),
    "AWS::EKS::Addon": (
        ("eks:CreateAddon", "eks:DescribeAddon"),
        ("eks:UpdateAddon", "eks:DescribeAddon"),
        ("eks:DeleteAddon", "eks:DescribeAddon"),
    ),
    "AWS::SNS::Topic": (
        ("sns:CreateTopic", "sns:GetTopicAttributes"),
        ("sns:SetTopicAttributes", "sns:GetTopicAttributes"),
        ("sns:DeleteTopic", "sns:GetTopicAttributes"),
    ),
    "AWS::StepFunctions::StateMachine": (
        ("states:CreateStateMachine", "states:DescribeStateMachine"),
        ("states:UpdateStateMachine", "states:DescribeStateMachine"),
        ("states:DeleteStateMachine", "states:DescribeStateMachine"),
    ),
    "AWS::Scheduler::Schedule": (
        ("scheduler:CreateSchedule", "scheduler:GetSchedule"),
        ("scheduler:UpdateSchedule", "scheduler:GetSchedule"),
        ("scheduler:DeleteSchedule", "scheduler:GetSchedule"),
    ),
    "AWS::Logs::LogGroup": (
        ("logs:CreateLogGroup", "logs:DescribeLogGroups"),
        ("logs:DescribeLogGroups",),
        ("logs:DeleteLogGroup", "logs:DescribeLogGroups"),
    ),
}
_OPERATIONS = ("create", "update", "delete")


class Need(t.NamedTuple):
    """One action on one resource, with the condition keys of the request.

    `by_eks`: EKS asks in the caller's name, so that aws:CalledVia does not name CloudFormation. It names only services
    that AWS lists for it (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html)."""

    action: str
    resource: str
    context: dict[str, t.Any]
    by_eks: bool = False


def needs(
    resource_type: str,
    operation: t.Literal["create", "update", "delete"],
    name: str,
    props: Properties,
    stack_name: str,
    scope: tuple[str, str],
) -> list[Need]:
    """What an operation needs; `name` is the physical id (for create: the logical one), `scope` account and region.

    A type without an entry needs nothing, so that a template's odd resource is not in the lab's way."""
    if resource_type == "AWS::EC2::VPCGatewayAttachment":
        kind = "Vpn" if props.get("VpnGatewayId") else "Internet"
        verb = "Detach" if operation == "delete" else "Attach"
        actions: tuple[str, ...] = (f"ec2:{verb}{kind}Gateway", f"ec2:Describe{kind}Gateways")
    else:
        entry = ACTIONS.get(resource_type)
        actions = entry[_OPERATIONS.index(operation)] if entry else ()
    tags = _tags(props) if operation == "create" else {}
    context: dict[str, t.Any] = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    if tags:
        context["aws:TagKeys"] = list(tags)
    if operation == "create" and resource_type.startswith("AWS::EC2::"):
        name = "*"
    # Tags are set with the first action, so that all others see them on the new resource.
    own = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
    found = [
        Need(a, _arn(resource_type, a, name, props, stack_name, scope), {**context, **(own if number else {})})
        for number, a in enumerate(actions)
    ]
    found += _touched(resource_type, operation, actions, props, scope)
    return found + _further(resource_type, operation, name, props, stack_name, scope, context)


def require(
    resource_type: str,
    operation: t.Literal["create", "update", "delete"],
    name: str,
    props: Properties,
    stack_name: str,
) -> None:
    """Raise AwsError with AWS's message when the caller lacks a right that the operation needs."""
    for need in needs(resource_type, operation, name, props, stack_name, (seams.account(), seams.region())):
        # What the services called by CloudFormation see of the chain; policies may demand it.
        via = {} if need.by_eks else {"aws:CalledVia": ["cloudformation.amazonaws.com"]}
        context = {**need.context, **via, "aws:ViaAWSService": "true"}
        message = seams.denial(need.action, need.resource, context)
        if message:
            raise seams.AwsError("AccessDenied", message, need.action.partition(":")[0].capitalize(), 403)


def _touched(
    resource_type: str, operation: str, actions: t.Sequence[str], props: Properties, scope: tuple[str, str]
) -> list[Need]:
    """The needs on what is there already and gets something new: each has to allow it by its own tags."""
    account, region = scope
    kind = resource_type.removeprefix("AWS::EC2::")
    if kind not in _TOUCHED or not actions or (operation == "delete" and kind not in _TOUCHED_BY_DELETE):
        return []
    found = []
    for key, resource in _TOUCHED[kind].items():
        ids = props.get(key) or []
        for each in ids if isinstance(ids, list) else [ids]:
            found.append(Need(actions[0], f"arn:aws:ec2:{region}:{account}:{resource}/{each}", {}))
    return found


def _further(
    resource_type: str,
    operation: str,
    name: str,
    props: Properties,
    stack_name: str,
    scope: tuple[str, str],
    context: dict[str, t.Any],
) -> list[Need]:
    """The needs that depend on properties: tags, rules, policies, roles that are passed on."""
    account, region = scope
    own = _arn(resource_type, "", name, props, stack_name, scope)
    found = []
    if operation == "create" and context:
        tagging = {
            "AWS::IAM::Role": "iam:TagRole",
            "AWS::EKS::Cluster": "eks:TagResource",
            "AWS::EKS::Nodegroup": "eks:TagResource",
            "AWS::EKS::AccessEntry": "eks:TagResource",
            "AWS::EKS::Addon": "eks:TagResource",
        }.get(resource_type, "ec2:CreateTags" if resource_type.startswith("AWS::EC2::") else "")
        if tagging:
            create = {"ec2:CreateAction": ACTIONS[resource_type][0][0].partition(":")[2]}
            found.append(Need(tagging, own, {**context, **(create if tagging.startswith("ec2:") else {})}))
    if resource_type == "AWS::EC2::SecurityGroup" and operation == "create":
        tags = {f"aws:ResourceTag/{key}": value for key, value in _tags(props).items()}
        for direction in ("Ingress", "Egress"):
            if props.get(f"SecurityGroup{direction}"):
                found.append(Need(f"ec2:AuthorizeSecurityGroup{direction}", own, tags))
    if resource_type == "AWS::IAM::Role":
        verb = {"create": "Attach", "delete": "Detach"}.get(operation)
        for policy in props.get("ManagedPolicyArns") or [] if verb else []:
            found.append(Need(f"iam:{verb}RolePolicy", own, {"iam:PolicyARN": policy}))
        verb = {"create": "Put", "delete": "Delete"}.get(operation)
        if verb and props.get("Policies"):
            found.append(Need(f"iam:{verb}RolePolicy", own, {}))
    passed = {
        "AWS::StepFunctions::StateMachine": (props.get("RoleArn"), "states.amazonaws.com"),
        "AWS::Scheduler::Schedule": ((props.get("Target") or {}).get("RoleArn"), "scheduler.amazonaws.com"),
    }
    if operation != "delete" and resource_type in passed:
        given, whom = passed[resource_type]
        found.append(Need("iam:PassRole", str(given or "*"), {"iam:PassedToService": whom}))
    if operation == "create" and resource_type in ("AWS::EKS::Cluster", "AWS::EKS::Nodegroup"):
        role = str(props.get("RoleArn") or props.get("NodeRole") or "*")
        found.append(Need("iam:PassRole", role, {"iam:PassedToService": "eks.amazonaws.com"}))
        if resource_type == "AWS::EKS::Nodegroup":
            found.append(Need("iam:GetRole", role, {}))
            if props.get("LaunchTemplate"):
                for action in ("ec2:DescribeLaunchTemplateVersions",):
                    found.append(Need(action, "*", {}))
                instance = f"arn:aws:ec2:{region}:{account}:instance/*"
                found.append(Need("ec2:RunInstances", instance, {}, by_eks=True))
                found.append(Need("ec2:CreateTags", instance, {"ec2:CreateAction": "RunInstances"}, by_eks=True))
    if resource_type == "AWS::EKS::AccessEntry" and operation == "create" and props.get("AccessPolicies"):
        found.append(Need("eks:AssociateAccessPolicy", own, {}))
    return found


def _tags(props: Properties) -> dict[str, str]:
    tags = props.get("Tags") or []
    if isinstance(tags, dict):
        tags = [{"Key": key, "Value": value} for key, value in tags.items()]
    for specification in props.get("TagSpecifications") or []:
        tags = [*tags, *specification.get("Tags", [])]
    # CloudFormation sets its own tags by itself; IAM's conditions never see them.
    return {tag["Key"]: str(tag["Value"]) for tag in tags if not tag["Key"].startswith("aws:")}


_EC2_KINDS = {
    "VPC": "vpc",
    "Subnet": "subnet",
    "RouteTable": "route-table",
    "Route": "route-table",
    "SubnetRouteTableAssociation": "route-table",
    "VPNGatewayRoutePropagation": "route-table",
    "InternetGateway": "internet-gateway",
    "EIP": "elastic-ip",
    "NatGateway": "natgateway",
    "VPNGateway": "vpn-gateway",
    "CustomerGateway": "customer-gateway",
    "VPNConnection": "vpn-connection",
    "VPNConnectionRoute": "vpn-connection",
    "SecurityGroup": "security-group",
    "SecurityGroupIngress": "security-group",
    "SecurityGroupEgress": "security-group",
    "LaunchTemplate": "launch-template",
    "VPCEndpoint": "vpc-endpoint",
    "VPCGatewayAttachment": "vpc",
}
# What a new resource is created in or from: property → the type as in ARNs.
_TOUCHED = {
    "Subnet": {"VpcId": "vpc"},
    "RouteTable": {"VpcId": "vpc"},
    "SecurityGroup": {"VpcId": "vpc"},
    "VPCEndpoint": {
        "VpcId": "vpc",
        "RouteTableIds": "route-table",
        "SecurityGroupIds": "security-group",
        "SubnetIds": "subnet",
    },
    "NatGateway": {"SubnetId": "subnet", "AllocationId": "elastic-ip"},
    "VPNConnection": {"CustomerGatewayId": "customer-gateway", "VpnGatewayId": "vpn-gateway"},
    "SubnetRouteTableAssociation": {"SubnetId": "subnet"},
    "VPNGatewayRoutePropagation": {"RouteTableIds": "route-table", "VpnGatewayId": "vpn-gateway"},
    "VPCGatewayAttachment": {"InternetGatewayId": "internet-gateway", "VpnGatewayId": "vpn-gateway"},
}
_TOUCHED_BY_DELETE = ("VPCGatewayAttachment", "VPNGatewayRoutePropagation")
_EC2_ID_PROPERTIES = {
    "Route": "RouteTableId",
    "SubnetRouteTableAssociation": "RouteTableId",
    "VPNConnectionRoute": "VpnConnectionId",
    "VPNGatewayRoutePropagation": "RouteTableIds",
    "SecurityGroupIngress": "GroupId",
    "SecurityGroupEgress": "GroupId",
    "VPCGatewayAttachment": "VpcId",
}


def _arn(resource_type: str, action: str, name: str, props: Properties, stack_name: str, scope: tuple[str, str]) -> str:
    """The resource that `action` is checked on; "*" for actions that know no resource."""
    account, region = scope
    service, kind = resource_type.split("::")[1:]
    if service == "EC2":
        # Of EC2's Describe actions none knows a resource.
        if action.startswith("ec2:Describe"):
            return "*"
        own = props.get(_EC2_ID_PROPERTIES.get(kind, ""), name)
        own = own[0] if isinstance(own, list) and own else own
        return f"arn:aws:ec2:{region}:{account}:{_EC2_KINDS.get(kind, '*')}/{own}"
    if service == "IAM":
        role = props.get("RoleName") or (name if name.startswith(stack_name) else f"{stack_name}-{name}-*")
        return f"arn:aws:iam::{account}:role{props.get('Path', '/')}{role}"
    if service == "EKS":
        cluster = props.get("ClusterName") or props.get("Name") or name
        base = f"arn:aws:eks:{region}:{account}"
        if kind == "Cluster" or action in ("eks:CreateNodegroup", "eks:CreateAccessEntry", "eks:CreateAddon"):
            return f"{base}:cluster/{cluster}"
        return f"{base}:{kind.lower().replace('accessentry', 'access-entry')}/{cluster}/*"
    if service == "SNS":
        # A topic that is there is known by its ARN, one that is to be made by the name that CloudFormation gives it
        return name if name.startswith("arn:") else f"arn:aws:sns:{region}:{account}:{stack_name}-{name}-*"
    if service == "StepFunctions":
        return f"arn:aws:states:{region}:{account}:stateMachine:{props.get('StateMachineName', name)}"
    if service == "Scheduler":
        own = props.get("Name") or (name if name.startswith(stack_name[:24]) else f"{stack_name}-{name}")
        return f"arn:aws:scheduler:{region}:{account}:schedule/{props.get('GroupName', 'default')}/{own}"
    if service == "Logs":
        return f"arn:aws:logs:{region}:{account}:log-group:{props.get('LogGroupName', '*')}"
    return "*"
