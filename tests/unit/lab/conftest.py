# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's AWS on the loopback, for the tests of this directory: of the lab itself, and of plugins that ask AWS."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import typing as t
from pathlib import Path

import pytest

from labkit import settings
from labkit.aws import identity

REGION = "eu-central-1"


class Aws:
    """A running service and its clients."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory
        self.port = port
        self._endpoint = f"https://127.0.0.1:{port}"
        self.keys = identity.credentials(directory / "credentials", "cloudburst")

    def client(self, service: str, user: str = identity.ADMIN, **keys: str) -> t.Any:
        """A client with a user's keys, or other ones."""
        import boto3

        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self._endpoint,
            verify=str(self.directory / "ca.crt"),
            **{**self.keys[user], **keys},
        )

    def create(
        self,
        resources: dict[str, t.Any],
        user: str = identity.ADMIN,
        name: str = "cloudburst-test",
        tags: dict[str, str] | None = None,
    ) -> str:
        """Begin a stack; its id."""
        template = json.dumps({"Resources": resources})
        created = self.client("cloudformation", user).create_stack(
            StackName=name,
            TemplateBody=template,
            Capabilities=["CAPABILITY_IAM"],
            Tags=[{"Key": key, "Value": value} for key, value in (tags or {}).items()],
        )
        return str(created["StackId"])

    def delete(self, stack_id: str) -> None:
        """Begin to delete a stack."""
        self.client("cloudformation").delete_stack(StackName=stack_id)

    def end(self, stack_id: str) -> tuple[str, list[dict[str, t.Any]]]:
        """Wait for a stack's operation; its status and all its events, the oldest first."""
        client = self.client("cloudformation")
        deadline = time.monotonic() + 60
        while True:
            status = client.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
            if not status.endswith("IN_PROGRESS"):
                break
            assert time.monotonic() < deadline, status
            time.sleep(0.1)
        pages = client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        return status, [event for page in pages for event in page["StackEvents"]][::-1]


@pytest.fixture(scope="session")
def lab_python() -> Path:
    """The Python of the lab's environment, the newest one."""
    venvs = sorted((settings.CACHE / "venvs").glob("lab-*"), key=lambda path: path.stat().st_mtime)
    if not venvs:
        pytest.skip("the lab's Python environment is not built")
    return venvs[-1] / "bin" / "python"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory, lab_python: Path) -> t.Iterator[Aws]:
    """The service with durations of nothing and a user whose policy lacks one right."""
    pytest.importorskip("boto3")
    directory = tmp_path_factory.mktemp("aws")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=lab"),
            *("-keyout", str(directory / "ca.key"), "-out", str(directory / "ca.crt")),
        ],
        check=True,
        capture_output=True,
    )
    identity.certificate(directory / "pki", directory / "ca.crt", directory / "ca.key", REGION, "127.0.0.1")
    (directory / "durations.json").write_text('{"profile": "instant"}')
    (directory / "policy.json").write_text(
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "NotAction": "ec2:CreateVpnGateway", "Resource": "*"},
                    {"Effect": "Deny", "Action": "ec2:CreateRouteTable", "Resource": "*"},
                ],
            }
        )
    )
    (directory / "admin.conf").write_text("clusters:\n- cluster:\n    server: https://somewhere:443\n")
    kubectl = directory / "bin" / "kubectl"
    kubectl.parent.mkdir()
    kubectl.write_text('#!/bin/sh\n[ "$1" = get ] && echo \'{"items": []}\' || cat >/dev/null\n')
    kubectl.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "LAB_AWS_DIR": str(directory),
        "LAB_AWS_ADDRESS": "127.0.0.1",
        "LAB_AWS_PORT": str(port),
        "LAB_AWS_REGION": REGION,
        "LAB_AWS_ACCOUNT": "000000000000",
        "LAB_AWS_USER": "cloudburst",
        "LAB_AWS_POLICY": str(directory / "policy.json"),
        "LAB_AWS_WEBHOOK_HOST": "127.0.0.1",
        "LAB_BIN": str(kubectl.parent),
        # A state machine's minute is a second.
        "SFN_WAIT_SCALE": "0.0167",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    program = Path(__file__).with_name("aws_loopback.py")
    with (directory / "log").open("w") as log:
        process = subprocess.Popen([lab_python, program], env=environment, stdout=log, stderr=log)
        try:
            _until_it_answers(port, process, directory / "log")
            yield Aws(directory, port)
        finally:
            process.kill()
            process.wait()


def _until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    pytest.fail(log.read_text()[-3000:])
