# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A firewall's configuration, against the lab's EC2."""

from __future__ import annotations

import contextlib
import io
import json
import typing as t
from pathlib import Path

import pytest

pytest.importorskip("botocore")
pytest.importorskip("ansible_collections.amazon.aws")

from ansible.module_utils import basic

from ansible_collections.cloudburst.federation.plugins.module_utils._aws.devices import choose
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption
from ansible_collections.cloudburst.federation.plugins.modules import vpn_device_config

REGION = "eu-central-1"
KEY = "aB3._xyzaB3._xyzaB3._xyzaB3._xyz"
Write = t.Callable[..., dict[str, t.Any]]


@pytest.fixture(scope="module")
def connection(aws: t.Any) -> str:
    """A VPN connection whose first tunnel has a known key."""
    ec2 = aws.client("ec2")
    customer = ec2.create_customer_gateway(BgpAsn=65000, PublicIp="203.0.113.10", Type="ipsec.1")["CustomerGateway"]
    gateway = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]
    made = ec2.create_vpn_connection(
        CustomerGatewayId=customer["CustomerGatewayId"],
        VpnGatewayId=gateway["VpnGatewayId"],
        Type="ipsec.1",
        Options={"StaticRoutesOnly": True, "TunnelOptions": [{"PreSharedKey": KEY}]},
    )
    return str(made["VpnConnection"]["VpnConnectionId"])


@pytest.fixture
def write(aws: t.Any, connection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Runs the module."""
    keys = aws.keys["admin"]

    def run(**options: t.Any) -> dict[str, t.Any]:
        arguments = {
            "region": REGION,
            "endpoint_url": f"https://127.0.0.1:{aws.port}",
            "aws_ca_bundle": str(aws.directory / "ca.crt"),
            "access_key": keys["aws_access_key_id"],
            "secret_key": keys["aws_secret_access_key"],
            "vpn_connection_id": connection,
            "device_type": "panos",
            "dest": str(tmp_path / "vpn.txt"),
            **options,
        }
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        output = io.StringIO()
        with contextlib.redirect_stdout(output), pytest.raises(SystemExit):
            vpn_device_config.main()
        assert KEY not in output.getvalue()
        return t.cast("dict[str, t.Any]", json.loads(output.getvalue()))

    return run


def test_the_file_is_written_once_and_for_its_owner_alone(write: Write, tmp_path: Path) -> None:
    file = tmp_path / "vpn.txt"
    assert write(_ansible_check_mode=True)["changed"]
    assert not file.exists()
    result = write()
    assert (result["changed"], result["device_type"]) == (True, "Palo Alto Networks PA Series PANOS 7.0+")
    assert f"pre-shared key {KEY}" in file.read_text()
    assert "ikev2" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert not write()["changed"]
    file.chmod(0o644)
    assert write()["changed"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert write(ike_version="ikev1")["changed"]


def test_a_device_that_aws_does_not_know(write: Write, tmp_path: Path) -> None:
    result = write(device_type="Toaster")
    assert "device_type: 'Toaster' cannot be used; AWS has no such type of device" in result["msg"]
    assert "Palo Alto Networks PA Series PANOS 7.0+ (b5fb6a5d)" in result["msg"]
    assert list(tmp_path.iterdir()) == []


def test_a_connection_that_is_not_there(write: Write) -> None:
    assert "vpn-0000" in write(vpn_connection_id="vpn-0000")["msg"]


def test_a_name_has_to_be_that_of_one_type() -> None:
    types = {"a1": "Cisco ASA 9.7", "a2": "Cisco ASA 9.7 VTI", "b1": "Juniper J-Series"}
    assert choose(types, "b1") == choose(types, "juniper") == "b1"
    assert choose(types, "cisco asa 9.7") == "a1"
    with pytest.raises(
        InvalidOption, match=r"several types of devices fit.*Cisco ASA 9.7 \(a1\); Cisco ASA 9.7 VTI \(a2\)"
    ):
        choose(types, "asa")
