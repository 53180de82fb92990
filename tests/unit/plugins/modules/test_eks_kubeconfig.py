# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the task shows of its options, and what it says of files that are none."""

from __future__ import annotations

import contextlib
import io
import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils import basic
from ansible.release import __version__

pytest.importorskip("boto3")

from ansible_collections.cloudburst.federation.plugins.modules import eks_kubeconfig

Task = t.Callable[..., dict[str, t.Any]]


@pytest.fixture(name="absent")
def _absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Task:
    """Takes a cluster out of a kubeconfig, for which AWS is not asked."""

    def run(**options: t.Any) -> dict[str, t.Any]:
        arguments = {"name": "vulcan", "region": "eu-central-1", "state": "absent", **options}
        arguments.setdefault("kubeconfig", str(tmp_path / "config"))
        # Since core 2.20, the invocation is there only when ansible-playbook asks for it, as with -vvv.
        if tuple(map(int, __version__.split(".")[:2])) >= (2, 20):
            arguments["_ansible_inject_invocation"] = True
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
        output = io.StringIO()
        with contextlib.redirect_stdout(output), pytest.raises(SystemExit):
            eks_kubeconfig.main()
        answer: dict[str, t.Any] = json.loads(output.getvalue())
        return answer

    return run


@pytest.mark.parametrize("scheme", ["http", "ftp"])
def test_a_password_among_the_options_is_not_shown(absent: Task, scheme: str) -> None:
    result = absent(proxy_url=f"{scheme}://me:s3cret@proxy:3128")
    assert result["invocation"]["module_args"]["proxy_url"] == f"{scheme}://********@proxy:3128"
    assert result.get("failed", False) == (scheme == "ftp")
    assert "s3cret" not in json.dumps(result)


def test_files_that_are_none_are_named(absent: Task, tmp_path: Path) -> None:
    path = tmp_path / "config"
    os.mkfifo(path)
    assert "it is a FIFO, not a regular file" in absent()["msg"]
    path.unlink()
    path.write_bytes(b"kind: K\xfcche\n")
    assert "broken in line 1, column 8: it is not UTF-8" in absent()["msg"]
    path.write_text("clusters:\n- name: a\n  cluster: [a]\n")
    assert "cluster of a in clusters is a list, not a mapping" in absent()["msg"]
