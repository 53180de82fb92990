# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of the lab's core: its steps, its networks' rules, its programs' scripts, and the commands' rejections."""

from __future__ import annotations

import io
import json
import os
import subprocess
from pathlib import Path

import pytest

from labkit import edge, forwarding, lifecycle, mars, mgmt, namespaces, network, registry, settings, steps, supervise
from labkit.build.progress import Progress
from labkit.errors import LabError

LAB = settings.LAB_DIR


def test_steps_depend_on_steps() -> None:
    for todo in (lifecycle.steps(), mars.steps()):
        names = [step.name for step in todo]
        assert len(set(names)) == len(names)
        assert {name for step in todo for name in step.after} <= set(names)


def test_run_keeps_the_order() -> None:
    done: list[str] = []
    todo = [
        steps.Step("roof", lambda: done.append("roof"), ("walls", "door")),
        steps.Step("walls", lambda: done.append("walls"), ("ground",)),
        steps.Step("door", lambda: done.append("door"), ("walls",)),
        steps.Step("ground", lambda: done.append("ground")),
    ]
    with Progress(len(todo), io.StringIO()) as report:
        steps.run(todo, report)
    assert done == ["ground", "walls", "door", "roof"]


def test_run_stops_at_a_failure() -> None:
    done: list[str] = []

    def fail() -> None:
        raise LabError("no ground")

    todo = [steps.Step("ground", fail), steps.Step("walls", lambda: done.append("walls"), ("ground",))]
    with pytest.raises(LabError, match="no ground"), Progress(len(todo), io.StringIO()) as report:
        steps.run(todo, report)
    assert done == []


@pytest.mark.skipif(os.geteuid() != 0, reason="nft asks the kernel, which answers root only")
@pytest.mark.parametrize(
    "rules",
    [
        network.firewall_rules(),
        network.internet_rules(),
        mars.firewall_rules(),
        forwarding.ruleset("customers", edge.FORWARDED),
    ],
)
def test_rules_are_valid(rules: str) -> None:
    check = ["unshare", "--net", "nft", "--check", "-f", "-"]
    done = subprocess.run(check, input=rules, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_only_hosts_of_the_lan_and_the_vpc_are_masqueraded() -> None:
    masquerade = next(line for line in network.firewall_rules().splitlines() if "masquerade" in line)
    assert f"ip saddr {{ {settings.LAN}, {settings.VPC} }} " in masquerade
    assert "ip daddr != { 10.0.0.0/8" in masquerade
    assert settings.EARTH_PODS not in network.firewall_rules()


def test_private_networks_are_not_routed_before_the_burst() -> None:
    assert "route replace unreachable 10.0.0.0/8" in network.node_routes()


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("docker.io/kennethreitz/httpbin:latest", ("kennethreitz/httpbin", "latest")),
        ("registry.k8s.io/coredns/coredns:v1.15.0", ("coredns/coredns", "v1.15.0")),
    ],
)
def test_repository(reference: str, expected: tuple[str, str]) -> None:
    assert registry.repository(reference) == expected


def test_kept_manifest_needs_its_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "DISK", tmp_path)
    manifest = tmp_path / "manifest"
    assert not registry._complete(manifest)
    manifest.write_text(json.dumps({"config": {"digest": "sha256:c"}, "layers": [{"digest": "sha256:l"}]}))
    (tmp_path / "sha256").mkdir()
    (tmp_path / "sha256" / "c").touch()
    assert not registry._complete(manifest)
    (tmp_path / "sha256" / "l").touch()
    assert registry._complete(manifest)


def test_program_script_quotes() -> None:
    text = supervise.script(
        "x", ["echo", "a b", "50%"], netns="n", env={"K": "$v"}, cwd="/d", group_files=[Path("/c/cgroup.procs")]
    )
    assert "exec nsenter --net=/run/netns/n -- echo 'a b' 50%" in text
    assert "export K='$v'" in text
    assert "cd /d" in text
    assert "echo $$ >/c/cgroup.procs" in text
    assert subprocess.run(["sh", "-n"], input=text, text=True, check=False).returncode == 0


def test_port_names_fit_and_differ() -> None:
    assert namespaces.port_name("fw", "wan0") == "fw.wan0"
    long = [namespaces.port_name(f"a-very-long-namespace-{number}", "eth0") for number in range(50)]
    assert len(set(long)) == 50
    assert max(map(len, long)) <= 15


def test_environment_is_a_shell_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from labkit import artifacts, build

    built = build.Artifacts(
        bin=Path("/built/bin"),
        images={},
        rootfs=Path("/built/root"),
        venv_lab=Path("/built/lab"),
        venv_tools=Path("/built/tools"),
        venv_latest=None,
        chart=Path("/built/chart"),
        openshift=Path("/built/openshift"),
    )
    monkeypatch.setattr(artifacts, "FILE", tmp_path / "artifacts.json")
    artifacts.save(built)
    assert artifacts.load() == built
    text = mgmt.environment() + 'echo "$PATH|$KUBECONFIG|$AWS_PROFILE|$HTTPS_PROXY"'
    caller = {"PATH": "/usr/bin:/bin", "AWS_PROFILE": "mine", "HTTPS_PROXY": "http://proxy"}
    said = subprocess.run(["sh", "-ec", text], env=caller, capture_output=True, text=True, check=True).stdout.strip()
    assert said == f"/built/tools/bin:/built/bin:/usr/bin:/bin|{settings.KUBECONFIG}||"


def test_bad_name_is_rejected() -> None:
    argv = [str(LAB / "lab"), "status"]
    done = subprocess.run(argv, env={**os.environ, "LAB_NAME": "My/Lab"}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "LAB_NAME is 'My/Lab': allowed are" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="others are told that it needs root")
def test_exec_without_a_lab_says_so(tmp_path: Path) -> None:
    caller = {**os.environ, "CLOUDBURST_LAB_STATE": str(tmp_path), "LAB_NAME": "none"}
    done = subprocess.run([LAB / "exec", "true"], env=caller, capture_output=True, text=True, check=False)
    assert done.returncode == 125
    assert done.stderr == "exec: the lab 'none' is not up; bring it up with: make lab\n"
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "sandbox").write_text(f"{os.getpid()} 1")  # a process, but not the one that was started then
    done = subprocess.run([LAB / "exec", "true"], env=caller, capture_output=True, text=True, check=False)
    assert done.returncode == 125
