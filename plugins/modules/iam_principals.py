#!/usr/bin/python
# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_principals
short_description: Find the IAM users and roles behind a caller or a session
version_added: 1.0.0
description:
  - Returns ARNs in the form that EKS accepts for an access entry. The ARN of a role's session lacks the path of the
    role, and EKS does not find the role without it; roles of IAM Identity Center have a path.
  - A role in the account of the caller is looked up with C(iam:GetRole). A role of another account, or one that the
    caller may not look up, is returned as it was given.
  - The root user of an account and federated users are rejected, since EKS gives them no access.
author:
  - cloudburst.federation contributors (@cloudburst)
extends_documentation_fragment:
  - cloudburst.federation._attributes.reading
  - cloudburst.federation._aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
options:
  arns:
    description:
      - ARNs of IAM users, of roles, or of sessions of roles.
      - If empty, the caller is used.
    type: list
    elements: str
    default: []
seealso:
  - module: amazon.aws.aws_caller_info
  - module: amazon.aws.iam_role_info
"""

EXAMPLES = r"""
- name: Find out who the caller is for an EKS cluster
  cloudburst.federation.iam_principals:
    region: eu-central-1
  register: caller

- name: Show it
  ansible.builtin.debug:
    var: caller.arns[0]
"""

RETURN = r"""
arns:
  description: ARNs of the IAM users and roles, in the order in which they were given, without duplicates.
  returned: success
  type: list
  elements: str
  sample:
    - arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Admin_0a1b2c3d4e5f6071
caller:
  description: ARN of the caller, as AWS returns it.
  returned: when AWS has accepted the credentials, on failure too
  type: str
  sample: arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0a1b2c3d4e5f6071/jane
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ..module_utils._aws.errors import calling, patience
from ..module_utils._aws.principals import resolve
from ..module_utils._runtime.errors import FederationError
from ..module_utils._runtime.module import Result, run_reading

# Until AWS has answered.
SECONDS = 30


def principals(aws: AnsibleAWSModule) -> Result:
    """What the module returns."""
    config = patience(SECONDS)
    with calling("ask AWS who is calling"):
        caller = aws.client("sts", config=config).get_caller_identity()
        iam = aws.client("iam", config=config)
    name = str(caller["Arn"])
    try:
        arns = [resolve(iam, arn, str(caller["Account"])) for arn in aws.params["arns"] or [name]]
    except FederationError as error:
        error.details["caller"] = name
        raise
    return {"arns": list(dict.fromkeys(arns)), "caller": name}


def main() -> None:
    """Run the module."""
    aws = AnsibleAWSModule(
        argument_spec={"arns": {"type": "list", "elements": "str", "default": []}}, supports_check_mode=True
    )
    run_reading(aws, principals)


if __name__ == "__main__":
    main()
