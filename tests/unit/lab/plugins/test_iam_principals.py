# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who administers a burst's cluster: callers of every kind, against the lab's IAM, STS and EKS."""

from __future__ import annotations

import contextlib
import io
import json
import typing as t

import pytest

pytest.importorskip("botocore")
pytest.importorskip("ansible_collections.amazon.aws")

from ansible.module_utils import basic

from ansible_collections.cloudburst.federation.plugins.modules import iam_principals

from .test_stack_faults import cluster

REGION, ACCOUNT = "eu-central-1", "000000000000"
SSO = "AWSReservedSSO_Operators_0a1b2c3d4e5f6071"
SSO_ROLE = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/{REGION}/{SSO}"
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
SEE_TO_IT = "Set burst_admin_arns (eks_stack_admin_arns) to the IAM users and roles that should administer the cluster"


class Account:
    """The lab's AWS, with a role of IAM Identity Center."""

    def __init__(self, aws: t.Any) -> None:
        self.aws = aws
        self.iam = aws.client("iam")
        self.role(SSO, f"/aws-reserved/sso.amazonaws.com/{REGION}/", ALL)
        self.role("plain", "/", ALL)
        self.role("blind", "/team/", {**ALL, "Action": "ec2:*"})
        self.iam.create_user(UserName="ada", Path="/people/")

    def role(self, name: str, path: str, statement: dict[str, str]) -> None:
        """Make a role that everybody may assume."""
        trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        self.iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=document)
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.iam.put_role_policy(RoleName=name, PolicyName="it", PolicyDocument=policy)

    def session(self, name: str) -> dict[str, str]:
        """Credentials of a session of a role, as options of a module."""
        arn = self.iam.get_role(RoleName=name)["Role"]["Arn"]
        given = self.aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="ada@example.com")["Credentials"]
        return _options(given)

    def federated(self) -> dict[str, str]:
        """Credentials of a federated user."""
        everything = json.dumps({"Version": "2012-10-17", "Statement": [ALL]})
        given = self.aws.client("sts").get_federation_token(Name="ada", Policy=everything)["Credentials"]
        return _options(given)


def _options(given: dict[str, str]) -> dict[str, str]:
    return {
        "access_key": given["AccessKeyId"],
        "secret_key": given["SecretAccessKey"],
        "session_token": given["SessionToken"],
    }


@pytest.fixture(scope="module")
def account(aws: t.Any) -> Account:
    """The account."""
    return Account(aws)


Ask = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def ask(account: Account, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Runs the module, as the administrator or with these credentials."""
    keys = account.aws.keys["admin"]

    def run(**options: t.Any) -> dict[str, t.Any]:
        arguments = {
            "region": REGION,
            "endpoint_url": f"https://127.0.0.1:{account.aws.port}",
            "aws_ca_bundle": str(account.aws.directory / "ca.crt"),
            "access_key": keys["aws_access_key_id"],
            "secret_key": keys["aws_secret_access_key"],
            **options,
        }
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        output = io.StringIO()
        with contextlib.redirect_stdout(output), pytest.raises(SystemExit):
            iam_principals.main()
        return t.cast("dict[str, t.Any]", json.loads(output.getvalue()))

    return run


def test_the_caller(account: Account, ask: Ask) -> None:
    assert ask()["arns"] == [f"arn:aws:iam::{ACCOUNT}:user/admin"]
    assert ask(**account.session(SSO))["arns"] == [SSO_ROLE]
    assert ask(**account.session("plain"))["arns"] == [f"arn:aws:iam::{ACCOUNT}:role/plain"]


def test_a_caller_who_may_not_look_up_its_role(account: Account, ask: Ask) -> None:
    result = ask(**account.session("blind"))
    assert result["failed"]
    assert "iam:GetRole" in result["msg"]
    assert "The ARN of a session leaves out the path of its role. Give the caller the IAM policy" in result["msg"]
    assert f"or: {SEE_TO_IT}." in result["msg"]
    # One that is named needs no looking up
    named = f"arn:aws:iam::{ACCOUNT}:role/team/blind"
    assert ask(arns=[named], **account.session("blind"))["arns"] == [named]
    user = f"arn:aws:iam::{ACCOUNT}:user/people/ada"
    assert ask(arns=[user], **account.session("blind"))["arns"] == [user]


def test_a_federated_caller(account: Account, ask: Ask) -> None:
    result = ask(**account.federated())
    assert result["failed"]
    assert f"The federated user arn:aws:sts::{ACCOUNT}:federated-user/ada cannot have access to an EKS" in result["msg"]
    assert SEE_TO_IT in result["msg"]


def test_those_who_are_named(ask: Ask) -> None:
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{SSO}/ada@example.com"
    user = f"arn:aws:iam::{ACCOUNT}:user/people/ada"
    elsewhere = "arn:aws:iam::111111111111:role/some/where"
    # Each once, as EKS wants it; and the form in which people copy a role of IAM Identity Center
    named = [session, user, SSO_ROLE, elsewhere, f"arn:aws:iam::{ACCOUNT}:role/{SSO}"]
    assert ask(arns=named)["arns"] == [SSO_ROLE, user, elsewhere]


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        (f"arn:aws:iam::{ACCOUNT}:root", f"The root user arn:aws:iam::{ACCOUNT}:root cannot have access"),
        (f"arn:aws:iam::{ACCOUNT}:group/all", "cannot have access to an EKS cluster."),
        ("ada", "cannot have access to an EKS cluster."),
        (f"arn:aws:iam::{ACCOUNT}:user/nobody", f"There is no user nobody in the account {ACCOUNT}"),
        (
            f"arn:aws:iam::{ACCOUNT}:user/ada",
            f"There is no user arn:aws:iam::{ACCOUNT}:user/ada: ada is arn:aws:iam::{ACCOUNT}:user/people/ada. Set",
        ),
        (f"arn:aws:iam::{ACCOUNT}:role/nobody", f"There is no role nobody in the account {ACCOUNT}"),
        (f"arn:aws:iam::{ACCOUNT}:role/wrong/{SSO}", f"{SSO} is {SSO_ROLE}. Set burst_admin_arns to that."),
        (
            f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
            "is the role of an AWS service, to which EKS gives no access. Set burst_admin_arns",
        ),
        ("arn:aws:iam::111111111111:role/aws-service-role/eks.amazonaws.com/X", "is the role of an AWS service"),
        ("arn:aws:sts::111111111111:assumed-role/x/y", "each as arn:aws:iam::111111111111:role/PATH/x."),
    ],
)
def test_what_eks_would_reject_is_rejected(ask: Ask, arn: str, said: str) -> None:
    result = ask(arns=[arn])
    assert result["failed"]
    assert said in result["msg"]


@pytest.mark.parametrize(
    ("principal", "reason"),
    [
        (SSO_ROLE, None),
        ("arn:aws:iam::111111111111:role/some/where", None),
        (f"arn:aws:iam::{ACCOUNT}:role/{SSO}", "The specified principalArn is invalid: invalid principal."),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/{SSO}/ada", "The principalArn parameter format is not valid"),
    ],
)
def test_the_labs_eks_takes_what_eks_takes(account: Account, principal: str, reason: str | None) -> None:
    entry = {"ClusterName": {"Ref": "Cluster"}, "PrincipalArn": principal, "Type": "STANDARD"}
    resources = {**cluster(), "Entry": {"Type": "AWS::EKS::AccessEntry", "Properties": entry}}
    stack_id = account.aws.create(resources)
    status, events = account.aws.end(stack_id)
    account.aws.delete(stack_id)
    account.aws.end(stack_id)
    if reason is None:
        assert status == "CREATE_COMPLETE", events
    else:
        assert status == "ROLLBACK_COMPLETE"
        assert reason in str(events)
