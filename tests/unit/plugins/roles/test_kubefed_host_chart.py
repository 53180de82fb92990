# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A chart is held against its digest, as Ansible does it."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import subprocess
import sys
import threading
import typing as t
from pathlib import Path

import pytest

from ansible_collections.cloudburst.federation.tests.unit.roles import ROLES, Role

CHART = b"a chart"
DIGEST = hashlib.sha256(CHART).hexdigest()


@pytest.fixture(name="archive")
def _archive(tmp_path: Path) -> Path:
    path = tmp_path / "kubefed-0.10.0.tgz"
    path.write_bytes(CHART)
    return path


def run(tmp_path: Path, ref: str, digest: str) -> tuple[int, str]:
    """Run the tasks on this machine in check mode, and show where the chart would be taken from."""
    variables = {"kubefed_host_chart_ref": ref, "kubefed_host_chart_digest": digest, "__kubefed_host_end": "\\Z"}
    variables["ansible_python_interpreter"] = sys.executable
    tasks: list[t.Any] = [
        {"ansible.builtin.include_tasks": str(ROLES / "kubefed_host" / "tasks" / "chart.yml")},
        {
            "ansible.builtin.command": "cat {{ __kubefed_host_verified_chart.dest }}",
            "check_mode": False,
            "register": "c",
        },
        {"ansible.builtin.debug": {"msg": "it holds {{ c.stdout }}"}},
    ]
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": tasks}
    book = tmp_path / "play.yml"
    book.write_text(json.dumps([play]))
    program = Path(sys.executable).parent / "ansible-playbook"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [str(program), "--check", str(book)], env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_an_archive_that_is_meant_is_taken(archive: Path, tmp_path: Path) -> None:
    status, said = run(tmp_path, str(archive), f"sha256:{DIGEST}")
    assert (status, "it holds a chart" in said) == (0, True), said


def test_another_archive_at_an_address_is_rejected(archive: Path, tmp_path: Path) -> None:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(archive.parent))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    archive.write_bytes(b"another chart")
    try:
        status, said = run(tmp_path, f"http://127.0.0.1:{server.server_port}/{archive.name}", DIGEST)
    finally:
        server.shutdown()
        server.server_close()
    assert status != 0
    assert "did not match" in said
    assert "it holds" not in said


@pytest.mark.parametrize("ref", ["/srv/charts/kubefed", "oci://registry.example.com/kubefed", "kubefed/kubefed"])
def test_a_digest_is_that_of_an_archive(ref: str) -> None:
    role = Role("kubefed_host", burst_host_context="x", burst_host_name="earth", kubefed_host_chart_digest=DIGEST)
    (said,) = role.rejections("chart.yml", kubefed_host_chart_ref=ref)
    assert "A digest requires an archive (.tgz)" in said
    assert role.rejections("chart.yml", kubefed_host_chart_ref=f"https://x.example.com/{ref.strip('/')}.tgz") == []


@pytest.mark.parametrize("digest", ["abc", f"md5:{DIGEST}", f"{DIGEST} ", DIGEST.upper()])
def test_what_is_no_digest(digest: str) -> None:
    role = Role("kubefed_host", burst_host_context="x", burst_host_name="earth")
    (said,) = role.rejections("main.yml", kubefed_host_chart_digest=digest)
    assert said.startswith("kubefed_host_chart_digest is ")
    assert role.rejections("main.yml", kubefed_host_chart_digest=f"sha256:{DIGEST}") == []
