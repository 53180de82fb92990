# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What to do about the reason that AWS gives for a stack's failure. Pure.

The codes are CloudFormation's own
(https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html), the words
those of EC2 and EKS where the code does not tell enough. EKS's codes for node groups are those of
https://docs.aws.amazon.com/eks/latest/APIReference/API_Issue.html
"""

from __future__ import annotations

import re

# The command that takes EKS's deletion protection off, of the cluster's name.
UNPROTECT_CLUSTER = "aws eks update-cluster-config --no-deletion-protection --name {cluster}"

_ZONE = r"[a-z0-9]+(?:-[a-z0-9]+)+"

# The first that fits holds.
_ADVICE = (
    # EKS's words, before the name of anybody's cluster can look like those of another reason:
    # https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html#ICE and pulumi/pulumi-eks issue 1401.
    # "does not currently have sufficient capacity" is about the control plane, and never changes for such a zone.
    (
        rf"(?P<zone>{_ZONE}), the targeted availability zone\b.* availability zones: (?P<zones>{_ZONE}(?:, {_ZONE})*)",
        "EKS does not support the zone {zone}. Set burst_zones to two or more of {zones}.",
    ),
    (
        r"UnsupportedAvailabilityZone",
        "EKS does not support one of the zones. Set burst_zones to other zones.",
    ),
    (
        r"AWS::EKS::Cluster (?P<cluster>[^)\s]+)\): .*deletion ?protection",
        f"Disable the protection with: {UNPROTECT_CLUSTER}",
    ),
    (
        rf"parameter availabilityZone is invalid\..* availability zones: (?P<zones>{_ZONE}(?:, {_ZONE})*)",
        "The account cannot use that zone. Set burst_zones to two or more of {zones}.",
    ),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    (
        r"explicit deny",
        "A policy denies this explicitly, such as a service control policy of the organization or a permissions "
        "boundary, and no other policy can allow it: have it changed.",
    ),
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/service-linked-roles-spot-instance-requests.html
    (
        r"ServiceLinkedRoleCreationNotPermitted",
        "The account lacks the role for spot instances. Create it once with: "
        "aws iam create-service-linked-role --aws-service-name spot.amazonaws.com",
    ),
    (
        r"RateLimitExceeded|Throttling|Rate exceeded",
        "AWS limits how often it is called: try again later.",
    ),
    (
        r"LimitExceeded|SubnetListTooLong|SpotInstanceCountExceeded|has been reached|quota",
        "A quota of the account is used up: release what is not needed, or request an increase under Service Quotas "
        "in the "
        "AWS console.",
    ),
    (
        r"overlap|conflicts with another subnet|InvalidSubnet\.Range|cidr is in use",
        "The address range is in use or does not fit there: choose another one.",
    ),
    (
        r"HandlerErrorCode: AlreadyExists|already exists",
        "The resource with that name does not belong to this stack: remove it, or choose another name.",
    ),
    (
        r"valid instance type for (?:the )?requested amiType",
        "Set eks_stack_node_ami_type to an image for the processor of the instance types, or choose other types.",
    ),
    (
        r"InstanceTypeDoesNotExist|instance types do not exist|not supported in your requested Availability Zone",
        "Set burst_node_instance_types to types that AWS has in each of the zones; this lists them: "
        "aws ec2 describe-instance-type-offerings --location-type availability-zone",
    ),
    (
        r"unsupported Kubernetes version",
        "Set burst_kubernetes_version to one that this lists: aws eks describe-cluster-versions",
    ),
    (
        r"Unsupported Kubernetes minor version update",
        "EKS updates a cluster by one minor version at a time, and not back: set burst_kubernetes_version accordingly.",
    ),
    (
        r"InsufficientFreeAddresses|enough free addresses",
        "The subnets have too few free addresses: set burst_vpc_cidr to a larger network in a new burst, or use fewer "
        "nodes.",
    ),
    # https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
    (
        r"InvalidKMSKey|KMS key provided",
        "Nodes' volumes are encrypted with a key that EC2 Auto Scaling may not use: allow the role "
        "AWSServiceRoleForAutoScaling in the policy of the account's default key for EBS.",
    ),
    (
        r"OptInRequired|PendingVerification|account is currently blocked",
        "AWS has not enabled the account for this: see its mails to the account's owner, or ask AWS Support.",
    ),
    (
        r"principalArn is invalid",
        "One of burst_admin_arns is not, or no longer, an identity in IAM: correct or remove it.",
    ),
    (
        r"update in progress|RefreshActive",
        "Something else is changing it: wait until that has ended.",
    ),
    (
        r"DependencyViolation|has dependencies and cannot be deleted|dependent object|mapped public address",
        "Something that does not belong to the stack is in its network: remove that first.",
    ),
    (
        r"PodEvictionFailure|NodeTerminationFailure",
        "Pods do not leave the nodes: look for PodDisruptionBudgets that keep them, or for nodes that are not ready.",
    ),
    (
        r"ClusterUnreachable",
        "EKS or the nodes cannot reach the cluster's API server: check the VPC's security groups and network ACLs.",
    ),
    (
        r"(?:AutoScalingGroup|LaunchTemplate|SecurityGroup|Subnet|InstanceProfile|NodeRole|AmiId|KubernetesLabel)"
        r"(?:NotFound|VersionMismatch|InvalidConfiguration|Invalid|MissingIpv6Assignment|DeletionFailure)",
        "What EKS made for the node group was changed or removed by somebody else: restore it, or remove the burst and "
        "create it anew.",
    ),
    (
        r"AccessDenied|not authorized to perform|You are not authorized",
        "The caller lacks this permission: give it the IAM policies that come with the role eks_stack.",
    ),
    (
        r"InsufficientInstanceCapacity|UnfulfillableCapacity|does not have sufficient capacity",
        "AWS has no capacity there at the moment: choose other zones or instance types, or try again later.",
    ),
    (
        r"in use by|is imported by",
        "Delete the stacks that import it first.",
    ),
    (
        r"NodeCreationFailure|failed to join",
        "The nodes did not reach the cluster: check their access to the images and to the cluster's endpoint.",
    ),
    (
        r"AsgInstanceLaunchFailures",
        "EC2 could not start the nodes: choose other instance types or zones.",
    ),
    (
        r"InternalFailure|Internal Failure|Code=Unknown",
        "The fault is on AWS's side: try again later, and ask AWS Support if it stays.",
    ),
)


def advice(reason: str) -> str:
    """What to do about a failure, as a sentence; empty if nothing is known about it.

    :param reason: what AWS says, in full.
    """
    for pattern, text in _ADVICE:
        found = re.search(pattern, reason, re.IGNORECASE)
        if found:
            return text.format(**found.groupdict())
    return ""


__all__ = ("advice",)
