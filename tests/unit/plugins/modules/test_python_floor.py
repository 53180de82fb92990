# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs on managed hosts works on the oldest Python that ansible-core supports there."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils import basic

CHECKOUT = Path(__file__).resolve().parents[4]
PLUGINS = CHECKOUT / "plugins"
PACKAGE = "ansible_collections.cloudburst.federation.plugins"
# The modules that run on the firewall and the nodes; all others run where Ansible itself does.
MODULES = ("haproxy_servers", "systemd_units", "traffic_flows", "vpn_traffic")
# The oldest that the requirements of the collection allow: that of ansible-core 2.19.
FLOOR = (3, 8)
UP = "tunnel 1 (198.51.100.10, ipsec0) is up"
RUN = """\
import importlib, sys
from ansible.module_utils import basic
basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = sys.argv[2].encode(), "legacy"
importlib.import_module(sys.argv[1]).main()
"""


def closure(module: str) -> dict[str, Path]:
    """A module and all of the collection that it imports, also in turn."""
    found: dict[str, Path] = {}
    left = [f"{PACKAGE}.modules.{module}"]
    while left:
        name = left.pop()
        path = PLUGINS.joinpath(*name[len(PACKAGE) + 1 :].split(".")).with_suffix(".py")
        if name in found or not path.exists():
            continue
        found[name] = path
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                base = importlib.util.resolve_name("." * node.level + (node.module or ""), name.rpartition(".")[0])
                left += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return found


@pytest.mark.parametrize("module", MODULES)
def test_only_syntax_of_the_floor(module: str) -> None:
    for path in closure(module).values():
        ast.parse(path.read_text(), feature_version=FLOOR)


def test_ruff_knows_what_runs_there() -> None:
    text = (CHECKOUT / "pyproject.toml").read_text()
    listed = set(re.findall(rf'(?m)^"(plugins/\S+\.py)" = "py{FLOOR[0]}{FLOOR[1]}"$', text))
    assert listed == {str(path.relative_to(CHECKOUT)) for name in MODULES for path in closure(name).values()}


def test_the_firewall_and_the_nodes_get_no_other_module() -> None:
    """The roles for these hosts use no other module of this collection, unless the controller runs it."""
    used = set()
    for role in ("site_to_site_vpn", "local_routes", "edge_haproxy"):
        for path in (CHECKOUT / "roles" / role / "tasks").glob("*.yml"):
            for task in re.split(r"(?m)^\s*- (?=name:)", path.read_text()):
                if "delegate_to: localhost" not in task and "connection: local" not in task:
                    used |= set(re.findall(r"(?m)^\s*cloudburst\.federation\.(\w+):", task))
    assert used <= set(MODULES)


def interpreter() -> tuple[str, tuple[int, int]] | None:
    """The oldest Python on this machine, from the floor on, that this ansible-core takes on managed hosts."""
    roots = [Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"]
    for minor in range(max(FLOOR, basic._PY_MIN)[1], sys.version_info[1]):
        name = f"python3.{minor}"
        found: list[t.Any] = [path for root in roots for path in sorted(root.glob(f"3.{minor}.*/bin/{name}"))]
        for path in [*found, shutil.which(name)]:
            # A shim of pyenv fails for versions that are not chosen
            if path and subprocess.run([path, "-I", "-c", ""], capture_output=True, check=False).returncode == 0:
                return str(path), (3, minor)
    return None


@pytest.mark.parametrize("module", MODULES)
def test_it_runs_on_an_old_python(module: str, tmp_path: Path) -> None:
    old = interpreter()
    if old is None:
        pytest.skip("no older Python on this machine")
    script = tmp_path / "tunnel"
    script.write_text(f"#!/bin/sh\necho '{UP}'\n")
    script.chmod(0o755)
    # What Ansible sends to a host: its module_utils, and of the collection what the module imports
    (tmp_path / "ansible").mkdir()
    (tmp_path / "ansible" / "__init__.py").touch()
    (tmp_path / "ansible" / "module_utils").symlink_to(Path(basic.__file__).parent)
    for name, path in closure(module).items():
        copy = tmp_path.joinpath(*name.split(".")).with_suffix(".py")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text())
    written = tmp_path / "written"
    options = {
        "haproxy_servers": {"burst": "vulcan", "state": "drained", "socket": str(tmp_path / "none")},
        "systemd_units": {"files": [{"path": str(written), "content": "all\n"}]},
        "traffic_flows": {"targets": []},
        "vpn_traffic": {"script": str(script), "probe_host": "10.11.0.5", "wait_timeout": 5},
    }
    done = subprocess.run(
        [
            old[0],
            "-B",
            "-s",
            "-c",
            RUN,
            f"{PACKAGE}.modules.{module}",
            json.dumps({"ANSIBLE_MODULE_ARGS": options[module]}),
        ],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    said: dict[str, dict[str, t.Any]] = {
        "haproxy_servers": {"changed": False, "servers": []},
        "systemd_units": {"changed": True, "paths": [str(written)]},
        "traffic_flows": {"established": {}},
        "vpn_traffic": {"passes": True, "tunnels": [UP]},
    }
    assert said[module].items() <= result.items()
