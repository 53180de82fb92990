# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""The IAM user or role behind an ARN, in the form that EKS takes for an access entry.

EKS takes users and roles, of other accounts too, with their paths, and no sessions:
https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html. The ARN of a session leaves out the path
of its role (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns). Those of IAM
Identity Center have one: role/aws-reserved/sso.amazonaws.com/REGION/AWSReservedSSO_SET_HASH.
"""

from __future__ import annotations

import re
import typing as t

from .._runtime.errors import FederationError, InvalidOption
from .errors import AwsError, calling

_USER = re.compile(r"arn:[a-z-]+:iam::(?P<account>[0-9]{12}):user/(?P<path>[\w+=,.@/-]+/)?(?P<name>[\w+=,.@-]+)")
_ROLE = re.compile(r"arn:[a-z-]+:iam::(?P<account>[0-9]{12}):role/(?P<path>[\w+=,.@/-]+/)?(?P<name>[\w+=,.@-]+)")
_SESSION = re.compile(
    r"arn:(?P<partition>[a-z-]+):sts::(?P<account>[0-9]{12}):assumed-role/(?P<name>[\w+=,.@-]+)/[\w+=,.@-]+"
)
# What else calls AWS, by the last part of its ARN.
_OTHERS = {"root": "The root user", "federated-user": "The federated user"}
# "Access entries do not support service linked roles" (the page above; hashicorp/terraform-provider-aws#36447).
_SERVICES_OWN = "aws-service-role/"
_DENIED = ("AccessDenied", "AccessDeniedException")
_INSTEAD = "Set burst_admin_arns (eks_stack_admin_arns) to the IAM users and roles that should administer the cluster"


def resolve(iam: t.Any, arn: str, account: str) -> str:
    """The ARN of the IAM user or role that an ARN is of.

    :param iam: a boto3 client of IAM.
    :param arn: of a user, a role or a role's session.
    :param account: that of the caller, the only one whose roles can be looked up.
    :raises InvalidOption: EKS gives no access to what the ARN is of, there is no such role, or it has another path.
    :raises AwsError: AWS cannot be asked for the role of a session.
    """
    user = _USER.fullmatch(arn)
    if user:
        return _user(iam, arn, user["name"], account) if user["account"] == account else arn
    role, session = _ROLE.fullmatch(arn), _SESSION.fullmatch(arn)
    if role and (role["path"] or "").startswith(_SERVICES_OWN):
        raise InvalidOption(f"{arn} is the role of an AWS service, to which EKS gives no access. {_INSTEAD}.")
    if role:
        if role["account"] != account:
            return arn
        try:
            found = _look_up(iam, role["name"], account)
        except AwsError as error:
            if error.code in _DENIED:
                return arn
            raise
        if f":role/{_SERVICES_OWN}" in found:
            raise InvalidOption(f"{found} is the role of an AWS service, to which EKS gives no access. {_INSTEAD}.")
        if role["path"] and found != arn:
            raise InvalidOption(f"There is no role {arn}: {role['name']} is {found}. Set burst_admin_arns to that.")
        return found
    if not session:
        what = _OTHERS.get(arn.split(":")[-1].split("/")[0], "The principal with the ARN")
        raise InvalidOption(f"{what} {arn} cannot have access to an EKS cluster. {_INSTEAD}.")
    if session["account"] != account:
        raise InvalidOption(
            f"The role of {arn} is in another account, where its path cannot be looked up. {_INSTEAD}, each as "
            f"arn:{session['partition']}:iam::{session['account']}:role/PATH/{session['name']}."
        )
    try:
        return _look_up(iam, session["name"], account)
    except AwsError as error:
        if error.code not in _DENIED:
            raise
        raise FederationError(
            f"{error.message.rstrip('.')}. The ARN of a session leaves out the path of its role. Give the caller the "
            f"IAM policy that comes with the role eks_stack, or: {_INSTEAD}."
        ) from error


def _user(iam: t.Any, arn: str, name: str, account: str) -> str:
    """The ARN of a user with its path. Who may not look it up has to have given it right.

    :raises InvalidOption: there is no such user, or it has another path.
    """
    try:
        with calling(f"look up the user {name}"):
            found = str(iam.get_user(UserName=name)["User"]["Arn"])
    except AwsError as error:
        if error.code in _DENIED:
            return arn
        if error.code == "NoSuchEntity":
            raise InvalidOption(f"There is no user {name} in the account {account}. {_INSTEAD}.") from error
        raise
    if found != arn:
        raise InvalidOption(f"There is no user {arn}: {name} is {found}. Set burst_admin_arns to that.")
    return found


def _look_up(iam: t.Any, name: str, account: str) -> str:
    try:
        with calling(f"look up the role {name}"):
            return str(iam.get_role(RoleName=name)["Role"]["Arn"])
    except AwsError as error:
        if error.code == "NoSuchEntity":
            raise InvalidOption(f"There is no role {name} in the account {account}. {_INSTEAD}.") from error
        raise


__all__ = ("resolve",)
