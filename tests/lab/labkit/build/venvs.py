# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual environments from fully pinned requirements, by uv: pip's resolver does not end on awscli with boto3."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

from labkit import settings
from labkit.build import cache

REQUIREMENTS = settings.LAB_DIR / "requirements"
UV = "uv==0.13.9"
# No process of the lab writes bytecode, and without it the kubernetes client alone takes twice as long to import.
# Ansible reads the plugins of collections without it anyway.
COMPILE = ("-m", "compileall", "-qq", "-j", "0", "-x", "/ansible_collections/")
NEWER = ((3, 14), (3, 13), (3, 12))  # what the newest ansible-core runs on, best first


def python() -> tuple[Path, str]:
    """The machine's Python, that this process runs on, below any virtual environment; and its version."""
    version = ".".join(map(str, sys.version_info[:3]))
    return Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}", version


def newer_python() -> tuple[Path, str] | None:
    """The newest other Python of the machine that the newest ansible-core runs on, and its version."""
    roots = [Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"]
    directories = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
    for major, minor in NEWER:
        name = f"python{major}.{minor}"
        candidates = [
            *(path for root in roots for path in sorted(root.glob(f"{major}.{minor}.*/bin/{name}"), reverse=True)),
            # A shim of pyenv fails for versions that are not chosen; those are found above.
            *(directory / name for directory in directories if directory.name != "shims"),
        ]
        for path in candidates:
            if path.exists() and (version := _version_of(path)):
                return path, version
    return None


def _version_of(path: Path) -> str | None:
    if found := re.search(r"/versions/(\d+\.\d+\.\d+)/bin/", str(path)):
        return found.group(1)
    code = "import ensurepip, platform; print(platform.python_version())"
    done = subprocess.run([path, "-I", "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def path_of(name: str, its_python: tuple[Path, str]) -> Path:
    """Where the environment `name` is, or will be."""
    return cache.path_of("venvs", name, cache.key(*its_python, *COMPILE, (REQUIREMENTS / f"{name}.txt").read_bytes()))


def is_built(path: Path) -> bool:
    """Scripts in an environment name its place, so it is made there; a file says that it is whole."""
    return (path / ".complete").exists()


def uv(log: Path) -> Path:
    """The installer, itself installed first."""
    interpreter, version = python()
    path = cache.path_of("venvs", "uv", cache.key(interpreter, version, UV))
    with cache.locked(path):
        if not is_built(path):
            cache.remove(path)
            cache.run([interpreter, "-m", "venv", path], log=log)
            cache.run([path / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", UV], log=log)
            (path / ".complete").touch()
    return path / "bin" / "uv"


def index_environment(log: Path) -> dict[str, str]:
    """Passes this machine's pip configuration to uv, which does not read it."""
    pip = uv(log).with_name("pip")
    done = subprocess.run([pip, "config", "list"], capture_output=True, text=True, check=False)
    # The certificate authorities that the machine trusts, which may be more than those that uv brings.
    return {"UV_SYSTEM_CERTS": "1", **uv_settings(done.stdout, os.environ)}


def uv_settings(pip_config: str, environment: t.Mapping[str, str]) -> dict[str, str]:
    """uv's variables for the output of `pip config list`; what the environment has for uv already stays as it is."""
    names = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "cert": "SSL_CERT_FILE"}
    found: dict[str, str] = {}
    for place, quoted in re.findall(r"(?m)^(\S+)='(.*)'$", pip_config):
        section, _dot, option = place.partition(".")
        variable = names.get(option)
        if variable and section in ("global", "install", ":env:") and variable not in environment:
            found[variable] = quoted
    return found


def build(name: str, its_python: tuple[Path, str], log: Path) -> None:
    """Builds the environment `name`, unless another process just did."""
    path = path_of(name, its_python)
    installer = uv(log)
    with cache.locked(path):
        if is_built(path):
            return
        cache.remove(path)
        environment = {"UV_PYTHON_DOWNLOADS": "never", "VIRTUAL_ENV": str(path), **index_environment(log)}
        cache.run([installer, "venv", "--python", its_python[0], path], log=log, env=environment)
        cache.run(
            [installer, "pip", "install", "--no-deps", "-r", REQUIREMENTS / f"{name}.txt"], log=log, env=environment
        )
        cache.run([path / "bin" / "python", *COMPILE, path / "lib"], log=log)
        (path / ".complete").touch()
