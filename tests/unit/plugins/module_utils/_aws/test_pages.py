# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of several pages: all are read, and a service that repeats itself ends the task."""

from __future__ import annotations

import typing as t

import pytest

pytest.importorskip("botocore")

from botocore.session import get_session
from botocore.stub import Stubber

from ansible_collections.cloudburst.federation.plugins.module_utils._aws.devices import device_types
from ansible_collections.cloudburst.federation.plugins.module_utils._aws.errors import AwsError
from ansible_collections.cloudburst.federation.plugins.module_utils._aws.stacks.api import StackApi


def client(service: str) -> t.Any:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return get_session().create_client(service, region_name="eu-central-1", **keys)


def types(number: int, **more: str) -> dict[str, t.Any]:
    return {"VpnConnectionDeviceTypes": [{"VpnConnectionDeviceTypeId": f"{number}", "Vendor": "Some"}], **more}


def changes(number: int, **more: str) -> dict[str, t.Any]:
    return {"Status": "CREATE_COMPLETE", "Changes": [{"ResourceChange": {"LogicalResourceId": f"{number}"}}], **more}


def test_all_pages_are_read() -> None:
    ec2, stacks = client("ec2"), client("cloudformation")
    with Stubber(ec2) as stub:
        stub.add_response("get_vpn_connection_device_types", types(1, NextToken="2"))
        stub.add_response("get_vpn_connection_device_types", types(2))
        assert device_types(ec2) == {"1": "Some", "2": "Some"}
    with Stubber(stacks) as stub:
        stub.add_response("describe_change_set", changes(1, NextToken="2"))
        stub.add_response("describe_change_set", changes(2))
        found = StackApi(stacks).change_set("stack", "set")
    assert found["Status"] == "CREATE_COMPLETE"
    assert [change["ResourceChange"]["LogicalResourceId"] for change in found["Changes"]] == ["1", "2"]


def test_a_page_that_is_repeated_ends_it() -> None:
    ec2, stacks = client("ec2"), client("cloudformation")
    with Stubber(ec2) as stub, pytest.raises(AwsError, match="same next token was received twice"):
        for _page in range(2):
            stub.add_response("get_vpn_connection_device_types", types(1, NextToken="2"))
        device_types(ec2)
    with Stubber(stacks) as stub, pytest.raises(AwsError, match="same next token was received twice"):
        for _page in range(2):
            stub.add_response("describe_change_set", changes(1, NextToken="2"))
        StackApi(stacks).change_set("stack", "set")
