# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module that calls AWS, at an address where connections are taken and nothing is ever answered."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import time
import typing as t

import pytest

pytest.importorskip("botocore")
pytest.importorskip("kubernetes")
pytest.importorskip("ansible_collections.amazon.aws")

from ansible.module_utils import basic

from ansible_collections.cloudburst.federation.plugins.module_utils._aws.errors import patience
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.module import PROGRESS_VARIABLE
from ansible_collections.cloudburst.federation.plugins.modules import (
    cloudformation_stack,
    eks_cleanup,
    eks_kubeconfig,
    eks_leftovers,
)

KEYS = {"region": "eu-central-1", "access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "secret"}
MAINS: dict[str, tuple[t.Callable[[], None], dict[str, t.Any]]] = {
    "cloudformation_stack": (cloudformation_stack.main, {"state": "absent"}),
    "eks_kubeconfig": (eks_kubeconfig.main, {"kubeconfig": "/dev/null", "_ansible_check_mode": True}),
    "eks_kubeconfig, role": (
        eks_kubeconfig.main,
        {"kubeconfig": "/dev/null", "assume_role_arn": "arn:aws:iam::123456789012:role/x", "_ansible_check_mode": True},
    ),
    "eks_leftovers": (eks_leftovers.main, {}),
    "eks_cleanup": (eks_cleanup.main, {}),
}


@pytest.fixture
def silence() -> t.Iterator[str]:
    """The address of somebody who never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("case", MAINS)
def test_a_call_ends_with_the_deadline(silence: str, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    main, options = MAINS[case]
    arguments = {"name": "vulcan", **KEYS, "endpoint_url": silence, "wait_timeout": 2, **options}
    monkeypatch.setenv(PROGRESS_VARIABLE, json.dumps({"slice": 0, "waited": 0.0, "slice_state": {}}))
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    output = io.StringIO()
    began = time.monotonic()
    with contextlib.redirect_stdout(output), pytest.raises(SystemExit):
        main()
    answer = json.loads(output.getvalue())
    # Three tries of a second and what botocore leaves between them: less than six seconds. The rest is for the making
    # of clients on a busy machine; without limits it would be 182.
    assert time.monotonic() - began < 90
    assert answer["failed"]
    assert "timeout" in answer["msg"].lower() or "timed out" in answer["msg"].lower(), answer["msg"]


def test_a_call_that_nobody_answers_takes_half_a_minute_at_most() -> None:
    for remaining in (0, 10, 30, 3600):
        config = patience(remaining)
        longest = (config["connect_timeout"] + config["read_timeout"]) * config["retries"]["total_max_attempts"]
        assert longest <= 45
        assert config["read_timeout"] * config["retries"]["total_max_attempts"] <= max(3, min(30, remaining))
