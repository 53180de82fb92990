# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's AWS: MiniStack with what it lacks, and with real networks and clusters behind it.

State is in <state>/aws: `credentials` (an AWS credentials file: `default` is the playbooks' user, `admin` the lab's),
`durations.json` (see labkit.aws.durations) and the API's certificate.
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from labkit import settings, supervise
from labkit.aws import identity
from labkit.errors import LabError

NAME = "aws"
DIRECTORY = settings.STATE / "aws"
CREDENTIALS = DIRECTORY / "credentials"
DURATIONS = DIRECTORY / "durations.json"
POLICIES = [
    settings.REPOSITORY / "roles" / "eks_stack" / "files" / name
    for name in ("iam-policy.json", "iam-policy-network.json", "iam-policy-leftovers.json", "iam-policy-lease.json")
]


def start(python: Path, programs: Path) -> None:
    """Start AWS in its namespace; returns once the programs are started (see wait).

    `python` is that of the lab's environment, `programs` the directory with kubectl. Inside the sandbox, after the
    lab's certificate authority was made."""
    identity.credentials(CREDENTIALS, settings.AWS_USER)
    identity.certificate(DIRECTORY / "pki", settings.CA_CERTIFICATE, settings.CA_KEY, settings.REGION, settings.AWS_API)
    supervise.start(
        NAME,
        [str(python), "-m", "labkit.aws.service"],
        netns=settings.NS_AWS,
        env={
            "PYTHONPATH": str(settings.LAB_DIR),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": f"{programs}:{os.environ.get('PATH', os.defpath)}",
            "CLOUDBURST_LAB_STATE": str(settings.STATE_ROOT),
            "CLOUDBURST_CACHE": str(settings.CACHE),
            "LAB_BIN": str(programs),
            "LAB_AWS_DIR": str(DIRECTORY),
            "LAB_AWS_ADDRESS": settings.AWS_API,
            "LAB_AWS_PORT": "443",
            "LAB_AWS_REGION": settings.REGION,
            "LAB_AWS_ACCOUNT": settings.ACCOUNT,
            "LAB_AWS_USER": settings.AWS_USER,
            "LAB_AWS_POLICY": os.pathsep.join(map(str, POLICIES)),
            "LAB_AWS_WEBHOOK_HOST": settings.AWS_API,
        },
    )


def wait(timeout: float = 60) -> None:
    """Return when AWS answers over TLS; raise LabError with its last words after `timeout` seconds. In any namespace
    of the sandbox."""
    end = time.monotonic() + timeout
    while not answers():
        if time.monotonic() > end:
            raise LabError(f"AWS does not answer after {timeout:.0f} s:\n{supervise.log_tail(NAME)}")
        time.sleep(0.3)


def answers() -> bool:
    """Whether AWS answers in its namespace with a certificate of the lab's CA."""
    script = (
        "import socket, ssl, sys; context = ssl.create_default_context(cafile=sys.argv[1]); "
        "context.wrap_socket(socket.create_connection((sys.argv[2], 443), 2), server_hostname=sys.argv[2])"
    )
    command = ["nsenter", f"--net=/run/netns/{settings.NS_AWS}", "python3", "-c", script]
    command += [str(settings.CA_CERTIFICATE), settings.AWS_API]
    return subprocess.run(command, capture_output=True, check=False, timeout=10).returncode == 0
