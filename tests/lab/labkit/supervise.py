# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's programs as children of supervisord, the sandbox's first process.

Usable from every process that sees the state directory: supervisord listens on a unix socket there. Each program is a
small shell script (<state>/supervisor/programs/<name>), which can be read and run by hand; logs are in
<state>/log/<name>.log.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import re
import shlex
import socket
import time
import typing as t
import xmlrpc.client
from pathlib import Path

from labkit import cgroups, settings
from labkit.errors import LabError

DIRECTORY = settings.STATE / "supervisor"
CONFIGURATION = DIRECTORY / "supervisord.conf"
SOCKET = DIRECTORY / "socket"
PROGRAMS = DIRECTORY / "programs"
CONF_D = DIRECTORY / "conf.d"

# States of http://supervisord.org/subprocess.html
_UP = {"STARTING", "RUNNING"}
_DOWN = {"STOPPED", "EXITED", "FATAL", "UNKNOWN", None}
_FAULTS_GONE = {10, 70}  # BAD_NAME, NOT_RUNNING


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout if isinstance(self.timeout, (int, float)) else 60)
        self.sock.connect(str(SOCKET))


class _Transport(xmlrpc.client.Transport):
    def make_connection(self, host: t.Any) -> http.client.HTTPConnection:
        return _Connection("localhost", timeout=60)


def _supervisor() -> t.Any:
    """The API of http://supervisord.org/api.html."""
    return xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=_Transport()).supervisor


@contextlib.contextmanager
def _locked() -> t.Iterator[None]:
    """One change at a time: supervisord rereads all configuration for each."""
    with (DIRECTORY / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_main_configuration() -> None:
    """supervisord's own configuration; its programs are added later."""
    for directory in (PROGRAMS, CONF_D):
        directory.mkdir(parents=True, exist_ok=True)
    CONFIGURATION.write_text(
        f"""[supervisord]
nodaemon = true
user = root
logfile = {settings.LOG}/supervisord.log
logfile_maxbytes = 0
pidfile = {DIRECTORY}/pid
identifier = {settings.CGROUP}

[unix_http_server]
file = {SOCKET}
chmod = 0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[include]
files = {CONF_D}/*.conf
"""
    )


def answers() -> bool:
    """Whether supervisord takes orders."""
    try:
        return t.cast(str, _supervisor().getState()["statename"]) == "RUNNING"
    except (OSError, xmlrpc.client.Error, http.client.HTTPException):
        return False


def script(
    name: str,
    argv: t.Sequence[str],
    *,
    netns: str | None = None,
    env: t.Mapping[str, str] | None = None,
    cwd: Path | str | None = None,
    group_files: t.Sequence[Path] = (),
) -> str:
    """Text of the shell script that becomes the program. `group_files` are the cgroup.procs files to enter."""
    # Standard input stays supervisord's pipe: with its other end closed, a descriptor number that supervisord uses
    # again makes it spin (its poll gets POLLERR, which it neither handles nor unregisters).
    lines = ["#!/bin/sh -e", f"exec >>{shlex.quote(str(settings.LOG / name))}.log 2>&1"]
    lines += [f"echo $$ >{shlex.quote(str(file))}" for file in group_files]
    lines += [f"export {key}={shlex.quote(value)}" for key, value in sorted((env or {}).items())]
    if cwd:
        lines.append(f"cd {shlex.quote(str(cwd))}")
    words = [*(["nsenter", f"--net=/run/netns/{netns}", "--"] if netns else ()), *map(str, argv)]
    lines.append(f"exec {shlex.join(words)}")
    return "\n".join(lines) + "\n"


def start(
    name: str,
    argv: t.Sequence[str],
    *,
    netns: str | None = None,
    env: t.Mapping[str, str] | None = None,
    cwd: Path | str | None = None,
    autorestart: bool = True,
    cgroup: str | None = None,
) -> None:
    """Run `argv` under the name `name` until stopped; an unchanged program that runs already is left alone.

    `netns` is the network namespace, `cgroup` a control group of the lab (made by cgroups.make), `env` is added to a
    small environment (PATH, LAB_NAME and the lab's directories). A program that ends is started again, unless
    `autorestart` is false.
    """
    if not re.fullmatch(r"[a-zA-Z0-9._-]+", name):
        raise LabError(f"program name {name!r}: allowed are letters, digits, dots, dashes and underscores")
    group_files = [directory / "cgroup.procs" for directory in cgroups.directories(cgroup)] if cgroup else []
    text = script(name, argv, netns=netns, env=env, cwd=cwd, group_files=group_files)
    configuration = f"""[program:{name}]
command = /bin/sh -e {PROGRAMS / name}
autorestart = {str(autorestart).lower()}
startsecs = 1
startretries = 20
stopwaitsecs = 5
stopasgroup = true
killasgroup = true
stdout_logfile = NONE
stderr_logfile = NONE
"""
    with _locked():
        program, conf = PROGRAMS / name, CONF_D / f"{name}.conf"
        if conf.exists():
            same = program.read_text() == text and conf.read_text() == configuration
            if same and _state(name) in _UP:
                return
            _forget(name)
        program.write_text(text)
        conf.write_text(configuration)
        supervisor = _supervisor()
        supervisor.reloadConfig()
        supervisor.addProcessGroup(name)


def stop(name: str) -> None:
    """End the program `name` (SIGTERM, after 5 s SIGKILL) and forget it. An unknown one is no error."""
    with _locked():
        _forget(name)


def _forget(name: str) -> None:
    supervisor = _supervisor()
    (CONF_D / f"{name}.conf").unlink(missing_ok=True)
    (PROGRAMS / name).unlink(missing_ok=True)
    try:
        # waiting here is quicker than supervisord's own, which looks once in a second
        supervisor.stopProcessGroup(name, False)
        while _state(name) not in _DOWN:
            time.sleep(0.02)
        supervisor.removeProcessGroup(name)
    except xmlrpc.client.Fault as fault:
        if fault.faultCode not in _FAULTS_GONE:
            raise LabError(f"supervisord cannot stop {name}: {fault.faultString}") from fault


def _state(name: str) -> str | None:
    try:
        return t.cast(str, _supervisor().getProcessInfo(name)["statename"])
    except xmlrpc.client.Fault:
        return None


def states() -> dict[str, str]:
    """Name and state (RUNNING, STARTING, BACKOFF, FATAL, …) of every program."""
    return {info["name"]: info["statename"] for info in _supervisor().getAllProcessInfo()}


def running() -> list[str]:
    """Names of the programs that run now."""
    return sorted(name for name, state in states().items() if state in _UP)


def halt(name: str) -> None:
    """End the program `name`, which can be started again. One that does not run is no error."""
    with contextlib.suppress(xmlrpc.client.Fault):
        _supervisor().stopProcess(name)


def restart(name: str) -> None:
    """End the program `name` and start it again."""
    halt(name)
    _supervisor().startProcess(name, False)


def log_tail(name: str, lines: int = 15) -> str:
    """The last lines of a program's log, for messages."""
    file = settings.LOG / f"{name}.log"
    if not file.exists():
        return f"({file} does not exist)"
    return "\n".join(file.read_text(errors="replace").splitlines()[-lines:])


# What kubelet and systemd say is of inotify: their limits of open files are far higher.
_TOO_MANY = """
---
Too many labs for this machine: take another one down, or raise fs.inotify.max_user_instances, of which each lab uses
about 40."""


def wait_until(
    what: str, check: t.Callable[[], bool], *, timeout: float, programs: t.Sequence[str] = (), every: float = 0.2
) -> None:
    """Return when `check` says so; after `timeout` seconds raise LabError with the last words of `programs`."""
    end = time.monotonic() + timeout
    while not check():
        if time.monotonic() > end:
            words = "\n".join(f"--- {settings.LOG}/{name}.log\n{log_tail(name)}" for name in programs)
            hint = _TOO_MANY if "too many open files" in words else ""
            raise LabError(f"{what}: not ready after {timeout:.0f} s\n{words}{hint}".rstrip())
        time.sleep(every)
