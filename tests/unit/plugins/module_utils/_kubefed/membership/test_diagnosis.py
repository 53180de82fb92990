# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of KubeFed's complaints waiting does not mend."""

from __future__ import annotations

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kubefed.membership.diagnosis import is_permanent


@pytest.mark.parametrize(
    ("type_", "message", "permanent"),
    [
        ("Offline", "Get https://x/healthz: x509: certificate signed by unknown authority", True),
        ("Offline", "Unauthorized", True),
        ("ConfigMalformed", "", True),
        ("Offline", "dial tcp 10.0.0.1:443: connect: connection refused", False),
        ("Offline", "dial tcp: lookup x: no such host", False),
        ("Offline", "context deadline exceeded", False),
        ("Ready", "/healthz responded with ok", False),
    ],
)
def test_what_waiting_does_not_mend(type_: str, message: str, *, permanent: bool) -> None:
    condition = {"type": type_, "status": "True", "message": message}
    assert is_permanent({"status": {"conditions": [condition]}}) is permanent
