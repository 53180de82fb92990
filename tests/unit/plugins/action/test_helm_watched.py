# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown while helm waits. Helm is a script here, which waits until it has been shown."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
import typing as t
from pathlib import Path

import pytest

pytest.importorskip("kubernetes")
pytest.importorskip("ansible_collections.kubernetes.core")

POD = {
    "metadata": {"name": "kubefed-abc"},
    "status": {
        "containerStatuses": [
            {"name": "job", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}
        ]
    },
}
# Waits until the play's output has the line.
HELM = """\
#!/bin/sh
case "$*" in
version*) echo 'version.BuildInfo{Version:"v3.18.0", GoVersion:"go1.25"}' ;;
*list*) echo '[]' ;;
*--version*) echo "there is a version" >&2; exit 1 ;;
*upgrade*)
    for _ in $(seq 300); do grep -q "waiting for helm" OUTPUT && break; sleep 0.2; done
    echo installed ;;
*show*) echo 'name: chart' ;;
esac
"""
PLAY = """\
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - name: Install it
      cloudburst.federation.helm_watched:
        kubeconfig: KUBECONFIG
        release_namespace: somewhere
        helm:
          release_name: kubefed
          chart_ref: CHART
          # As the role leaves it out
          chart_version: "{{ omit }}"
          wait: true
"""


class Pods(http.server.BaseHTTPRequestHandler):
    """An API server with one pod."""

    def do_GET(self) -> None:
        body = json.dumps({"items": [POD]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: t.Any) -> None:
        pass


def test_what_the_pods_say_is_shown_while_helm_waits(tmp_path: Path) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pods)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    output = tmp_path / "output"
    chart = tmp_path / "chart"
    chart.mkdir()
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: chart\nversion: 1.0.0\n")
    config = {
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    (tmp_path / "config").write_text(json.dumps(config))
    collection = tmp_path / "ansible_collections" / "cloudburst" / "federation"
    collection.parent.mkdir(parents=True)
    collection.symlink_to(Path(__file__).resolve().parents[4])
    helm = tmp_path / "bin" / "helm"
    helm.parent.mkdir()
    helm.write_text(HELM.replace("OUTPUT", str(output)))
    helm.chmod(0o755)
    play = PLAY.replace("KUBECONFIG", str(tmp_path / "config")).replace("CHART", str(chart))
    (tmp_path / "play.yml").write_text(play)
    environment = {
        **os.environ,
        "PATH": f"{helm.parent}:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(tmp_path),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"),
        "ANSIBLE_REMOTE_TEMP": str(tmp_path / "remote"),
    }
    with output.open("w") as stream:
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", str(tmp_path / "play.yml")],
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=120,
        )
    said = output.read_text()
    server.shutdown()
    assert done.returncode == 0, said
    shown = "0 of 1 pods ready; pod kubefed-abc, container job: ImagePullBackOff: no such image"
    assert "Install it: waiting for helm to bring kubefed to its state since" in said
    assert shown in said
    assert "failed=0" in said
    assert list((tmp_path / "remote").iterdir()) == []
