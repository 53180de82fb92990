# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""What to do about the reason that AWS gives for a stack's failure. Pure.

The codes are CloudFormation's own
(https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html), the words
those of EC2 and EKS where the code does not tell enough.
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
        r"ServiceLimitExceeded|LimitExceeded|has been reached|quota",
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
        r"AccessDenied|not authorized to perform",
        "The caller lacks this permission: give it the IAM policies that come with the role eks_stack.",
    ),
    (
        r"InsufficientInstanceCapacity|does not have sufficient capacity",
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
