# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox: one PID, mount, network, IPC and UTS namespace, with supervisord as its first process.

When that process ends, the kernel ends every other one in it, and with them all mounts and network namespaces; what is
left for `clear` are control groups and the state directory. The sandbox's own network namespace is the management
host's.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from labkit import cgroups, settings, supervise
from labkit.errors import LabError

PIDFILE = settings.STATE / "sandbox"
TOKEN = settings.STATE / "token"
MADE = settings.STATE / "made-on-host"
# Fixed paths that kubelet and CNI write to whatever they are told; the sandbox has its own.
PRIVATE = ("/var/lib/cni", "/var/lib/kubelet", "/var/log/containers", "/var/log/pods")
# What the kubelet wants to find in /proc/sys, and would set for the whole machine otherwise.
KERNEL = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1000000,
    "kernel/keys/root_maxbytes": 25000000,
}
BASE_GROUP = "base"


def _started(pid: int) -> str | None:
    """When process `pid` was started (clock ticks since boot), None if there is none or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def pid() -> int | None:
    """The sandbox's first process as the machine numbers it, None when it does not run. Not for use inside."""
    try:
        number, started = PIDFILE.read_text().split()
    except (OSError, ValueError):
        return None
    return int(number) if _started(int(number)) == started else None


def enter(argv: list[str]) -> list[str]:
    """The words that run `argv` inside the sandbox, on the management host."""
    number = pid()
    if number is None:
        raise LabError(f"the lab {settings.LAB_NAME!r} is not up; bring it up with: make lab")
    return ["nsenter", f"--target={number}", "--mount", "--pid", "--net", "--ipc", "--uts", "--", *argv]


def clear() -> None:
    """End the sandbox if there is one, and remove what it leaves. Raises LabError if something cannot be removed."""
    number = pid()
    if number is not None:
        os.kill(number, signal.SIGKILL)
        end = time.monotonic() + 30
        while _started(number) is not None:
            if time.monotonic() > end:
                raise LabError(f"process {number}, the sandbox's first, does not end")
            time.sleep(0.02)
    cgroups.kill()
    _remove_made()
    for attempt in range(5):
        shutil.rmtree(settings.STATE, ignore_errors=attempt < 4)
        if not settings.STATE.exists():
            break
        time.sleep(0.1)


def _remove_made() -> None:
    """Remove the directories that were made on the machine, or leave it to another lab that uses them too."""
    made = MADE.read_text().split() if MADE.exists() else []
    others = [file for file in settings.STATE_ROOT.glob(f"*/{MADE.name}") if file != MADE]
    if others:
        others[0].write_text("\n".join(sorted({*others[0].read_text().split(), *made})))
        return
    for directory in made:
        with contextlib.suppress(OSError):
            Path(directory).rmdir()


def start(supervisord: Path) -> None:
    """Start the sandbox and return when supervisord answers. `supervisord` is the program of the lab's own venv."""
    settings.LOG.mkdir(parents=True, mode=0o755)
    # Other labs may come and go at the same time: they see by this file that somebody uses the directories
    MADE.touch()
    made = []
    for directory in PRIVATE:
        with contextlib.suppress(FileExistsError):
            Path(directory).mkdir(parents=True)
            made.append(directory)
    MADE.write_text("\n".join(sorted({*MADE.read_text().split(), *made})))
    token = secrets.token_hex(8)
    TOKEN.write_text(token)
    cgroups.make(BASE_GROUP)
    supervise.write_main_configuration()
    log = settings.LOG / "sandbox.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *("unshare", "--fork", "--pid", "--mount", "--net", "--ipc", "--uts", "--propagation=private", "--"),
                *(sys.executable, "-m", "labkit.sandbox", str(supervisord), token),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment(),
            cwd="/",
            start_new_session=True,
        )
    end = time.monotonic() + 20
    while not (pid() and supervise.answers()):
        if process.poll() is not None or time.monotonic() > end:
            raise LabError(f"the sandbox did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.02)


def environment() -> dict[str, str]:
    """What the lab's programs get: nothing of the caller's but where the lab is."""
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "LAB_NAME": settings.LAB_NAME,
        "CLOUDBURST_LAB_STATE": str(settings.STATE_ROOT),
        "CLOUDBURST_CACHE": str(settings.CACHE),
        "PYTHONPATH": str(settings.LAB_DIR),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _mount(*args: str) -> None:
    subprocess.run(["mount", *args], check=True)


def _cover(target: str, source: Path) -> None:
    """Put `source` in the place of `target` for everybody in the sandbox."""
    place = Path(target).resolve()  # resolv.conf is often a link to somewhere in /run
    if not place.exists() and place.is_relative_to("/run"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    if place.exists():
        _mount("--bind", str(source), str(place))


def _first_process(supervisord: str, token: str) -> None:
    """Become the sandbox's first process: called in fresh namespaces, ends by becoming supervisord."""
    # a `lab up` that was killed right after it started this may have a successor already
    if TOKEN.read_text() != token:
        raise LabError("another `lab up` has taken over")
    number = Path("/proc/self").readlink().name  # /proc is the machine's until the next mount
    cgroups.enter(BASE_GROUP)
    temporary = PIDFILE.with_suffix(".new")
    temporary.write_text(f"{number} {_started(int(number))}")
    temporary.rename(PIDFILE)

    _mount("-t", "proc", "-o", "nosuid,nodev,noexec", "proc", "/proc")
    _mount("-t", "tmpfs", "-o", "nosuid,nodev,mode=755", "tmpfs", "/run")
    for name in ("lock", "netns"):
        Path("/run", name).mkdir()
    cover = settings.STATE / "cover"
    for name, value in KERNEL.items():
        file = cover / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{value}\n")
        _cover(f"/proc/sys/{name}", file)
    for target in PRIVATE:
        own = cover / target[1:]
        own.mkdir(parents=True)
        _cover(target, own)
    (cover / "resolv.conf").write_text(f"nameserver {settings.DNS}\noptions timeout:2 attempts:3\n")
    (cover / "hosts").write_text(
        f"127.0.0.1 localhost\n{settings.MGMT} mgmt\n{settings.EARTH} earth\n{settings.FW_LAN} fw\n"
        f"{settings.MARS_FW_LAN} {settings.NS_MARS_FW}\n{settings.EDGE} {settings.NS_EDGE}\n"
    )
    _cover("/etc/resolv.conf", cover / "resolv.conf")
    _cover("/etc/hosts", cover / "hosts")
    # ssh takes the home directory from passwd, whatever HOME says
    (cover / "ssh_config").write_text(
        f"Host fw earth {settings.NS_MARS_FW} {settings.NS_EDGE} {settings.FW_LAN} {settings.EARTH} {settings.EDGE}\n"
        f"  User root\n  IdentityFile {settings.HOME}/.ssh/id_ed25519\n  IdentitiesOnly yes\n"
        f"  UserKnownHostsFile {settings.HOME}/.ssh/known_hosts\n"
    )
    _cover("/etc/ssh/ssh_config", cover / "ssh_config")
    subprocess.run(["hostname", "mgmt"], check=True)
    os.execv(supervisord, [supervisord, "--nodaemon", "--configuration", str(supervise.CONFIGURATION)])


if __name__ == "__main__":
    _first_process(*sys.argv[1:])
