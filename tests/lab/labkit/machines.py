# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data centre's machines that Ansible reaches by SSH: Debian systems, booted by systemd-nspawn in a namespace.

A machine's root is an overlay over the built file system. Its network namespace stays over a reboot, as wires do; what
a real machine would forget, its routes and rules, is forgotten before each boot, and interfaces are down until it sets
them up.
"""

from __future__ import annotations

import shlex
import shutil
import typing as t
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from labkit import artifacts, cgroups, namespaces, network, settings, supervise

ROOT = settings.STATE / "machines"
SSH = settings.HOME / ".ssh"
KEY = SSH / "id_ed25519"
KNOWN_HOSTS = SSH / "known_hosts"


@dataclass(frozen=True)
class Machine:
    """A booted Debian named `name` in the network namespace of the same name, answering SSH at `address`."""

    name: str
    address: str
    files: t.Mapping[str, str]  # path in the machine → content
    services: tuple[str, ...] = ()  # to be enabled
    routes: tuple[str, ...] = ()  # `ip` commands before each boot
    interfaces: tuple[str, ...] = ()  # those that a service of its own sets up
    seen_from: str = settings.NS_MGMT  # the network namespace that SSH has to answer
    secret_files: t.Mapping[str, str] = field(default_factory=dict)  # as `files`, for root alone

    @property
    def directory(self) -> Path:
        """Place of the overlay and the host key."""
        return ROOT / self.name

    @property
    def program(self) -> str:
        """Its name under supervisord."""
        return f"machine-{self.name}"

    @property
    def host_key(self) -> Path:
        """The private half of its SSH host key."""
        return self.directory / "ssh_host_ed25519_key"

    def make_host_key(self) -> str:
        """Make the host key and return the machine's line for known_hosts."""
        self.directory.mkdir(parents=True, exist_ok=True)
        make_key(self.host_key, self.name)
        kind, key = self.host_key.with_suffix(".pub").read_text().split()[:2]
        return f"{self.name},{self.address} {kind} {key}"

    def start(self) -> None:
        """Make the root and boot. The machines' own key and the user's must be there (make_keys)."""
        root = self.directory / "root"
        for part in ("root", "upper", "work"):
            (self.directory / part).mkdir(exist_ok=True)
        layers = f"lowerdir={artifacts.load().rootfs},upperdir={self.directory}/upper,workdir={self.directory}/work"
        namespaces.run(["mount", "-t", "overlay", "-o", layers, "overlay", str(root)])
        self._write(root, "/etc/hostname", f"{self.name}\n")
        self._write(root, "/etc/hosts", f"127.0.0.1 localhost\n{self.address} {self.name}\n")
        self._write(root, "/etc/resolv.conf", f"nameserver {settings.DNS}\n")
        self._write(root, "/etc/machine-id", f"{uuid.uuid4().hex}\n")
        self._write(root, "/root/.ssh/authorized_keys", KEY.with_suffix(".pub").read_text(), 0o600)
        self._write(root, f"/etc/ssh/{self.host_key.name}", self.host_key.read_text(), 0o600)
        for path, content in self.files.items():
            self._write(root, path, content)
        for path, content in self.secret_files.items():
            self._write(root, path, content, 0o600)
        wants = root / "etc/systemd/system/multi-user.target.wants"
        for service in self.services:
            (wants / service).unlink(missing_ok=True)
            (wants / service).symlink_to(f"/lib/systemd/system/{service}")
        cgroups.make(self.program)
        supervise.start(self.program, ["/bin/sh", "-ec", self._boot(root)], cgroup=self.program)

    @staticmethod
    def _write(root: Path, path: str, content: str, mode: int = 0o644) -> None:
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)  # it may be a link to somewhere else
        file.touch(mode=mode)
        file.write_text(content)

    def _boot(self, root: Path) -> str:
        """The shell script that is the machine. It ends, and is started again, when the machine reboots."""
        ip = f"ip -netns {self.name}"
        lines = [f"{ip} link set {interface} down" for interface in self.interfaces]
        if self.interfaces:
            lines.append(f"nsenter --net=/run/netns/{self.name} nft flush ruleset")
        lines += [f"{ip} route flush table all proto {protocol}" for protocol in ("boot", "static", 77)]
        lines += [f"{ip} rule flush", f"{ip} rule add pref 32766 table main", f"{ip} rule add pref 32767 table default"]
        lines += [f"{ip} {command}" for command in self.routes]
        nspawn = [
            *("systemd-nspawn", "--quiet", "--boot", f"--directory={root}", f"--machine={self.name}"),
            *(f"--network-namespace-path=/run/netns/{self.name}", "--register=no", "--keep-unit"),
            *("--capability=all", "--bind=/dev/net/tun", "--resolv-conf=off", "--timezone=off", "--link-journal=no"),
            *("--console=pipe", "--kill-signal=SIGRTMIN+3"),
        ]
        return "\n".join([*lines, f"exec {shlex.join(nspawn)}"]) + "\n"

    def ready(self) -> bool:
        """Whether its SSH server greets."""
        argv = ["bash", "-c", f"exec 3<>/dev/tcp/{self.address}/22 && head -c 4 <&3"]
        done = namespaces.run(["timeout", "2", *argv], netns=self.seen_from, check=False)
        return done.stdout == "SSH-"

    def boot(self) -> None:
        """Start it, and return when SSH answers."""
        self.start()
        self.wait()

    def stop(self) -> None:
        """End it and remove its root; its network namespace stays."""
        supervise.stop(self.program)
        cgroups.kill(self.program)
        namespaces.run(["umount", "--lazy", str(self.directory / "root")], check=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    def wait(self, timeout: float = 90) -> None:
        """Return when SSH answers; raise LabError with the last words of its boot after `timeout` seconds."""
        supervise.wait_until(f"machine {self.name}", self.ready, timeout=timeout, programs=[self.program])


def make_key(file: Path, comment: str) -> None:
    """Make an SSH key pair unless it is there."""
    if not file.exists():
        namespaces.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(file)])


def make_keys(machines: t.Sequence[Machine]) -> None:
    """Make the user's key, the machines' host keys, and the management host's SSH configuration."""
    SSH.mkdir(parents=True, exist_ok=True, mode=0o700)
    make_key(KEY, "mgmt")
    known = KNOWN_HOSTS.read_text().splitlines() if KNOWN_HOSTS.exists() else []
    names = tuple(f"{machine.name}," for machine in machines)
    lines = [line for line in known if not line.startswith(names)] + [each.make_host_key() for each in machines]
    KNOWN_HOSTS.write_text("".join(f"{line}\n" for line in lines))


FW = Machine(
    name=settings.NS_FW,
    address=settings.FW_LAN,
    files={
        "/etc/nftables.conf": network.firewall_rules(),
        "/lib/systemd/system/interfaces.service": network.firewall_interfaces(),
    },
    services=("nftables.service", "interfaces.service"),
    interfaces=("lan0", "wan0"),
)
EARTH = Machine(
    name=settings.NS_EARTH,
    address=settings.EARTH,
    files={},
    routes=tuple(network.node_routes()),
)
MACHINES = (FW, EARTH)
