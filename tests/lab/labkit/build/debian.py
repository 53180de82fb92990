# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds from Debian's packages, by mmdebstrap: the bootable system of the lab's machines, and httpbin's files.

The packages come from where the machine itself gets Debian's, through the same proxy if there is one.
"""

from __future__ import annotations

import re
import subprocess
import typing as t
from pathlib import Path

from labkit.build import cache

SUITE = "bookworm"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

MACHINE = (
    "systemd", "systemd-sysv", "dbus", "openssh-server", "python3", "python3-apt", "sudo", "ca-certificates",
    "charon-systemd", "strongswan-swanctl", "libcharon-extra-plugins", "libstrongswan-standard-plugins",
    "conntrack", "curl", "haproxy", "iproute2", "iputils-ping", "netbase", "nftables", "nginx-light", "procps",
    "tcpdump",
)  # fmt: skip
HTTPBIN = ("base-files", "libc-bin", "python3-gunicorn", "python3-httpbin", "python3-minimal")

# Their addresses come from the lab, and there is no hardware and no console; units that a machine of the lab needs not.
MASKED = (
    "console-getty.service", "container-getty@.service", "getty.target", "networking.service",
    "systemd-networkd.service", "systemd-networkd.socket", "systemd-networkd-wait-online.service",
    "systemd-resolved.service", "systemd-timesyncd.service", "systemd-udevd.service",
    "apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "fstrim.timer", "dpkg-db-backup.timer",
    "systemd-tmpfiles-clean.timer", "e2scrub_reap.service",
)  # fmt: skip

# strongSwan, HAProxy and NGINX without a configuration of ours: none starts before somebody says so.
_MACHINE_SETUP = f"""
set -eu
rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/resolv.conf "$1"/etc/hostname "$1"/var/lib/dbus/machine-id
: >"$1"/etc/machine-id
: >"$1"/etc/resolv.conf
for unit in {" ".join(MASKED)}; do ln -sf /dev/null "$1"/etc/systemd/system/"$unit"; done
chroot "$1" systemctl disable --quiet strongswan nftables haproxy nginx 2>/dev/null || true
chroot "$1" passwd --quiet --lock root
mkdir -p "$1"/root/.ssh && chmod 700 "$1"/root/.ssh
rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/* "$1"/usr/share/doc "$1"/usr/share/man
"""


def debian_sources(texts: t.Mapping[str, str]) -> list[str]:
    """The one-line entries for this suite of Debian itself, from the texts of apt's source files by their names.

    Other vendors' sources are left out: they are signed by other keys, or have no component `main` of these suites.
    Format: sources.list(5).
    """
    suites = {SUITE, f"{SUITE}-updates", f"{SUITE}-security"}
    found: list[str] = []
    for name, text in sorted(texts.items()):
        entries = _deb822(text) if name.endswith(".sources") else _one_line(text)
        for uris, of_suites, components, keyring in entries:
            if "main" not in components or keyring not in ("", KEYRING):
                continue
            found += [f"deb {uri} {suite} main" for uri in uris for suite in of_suites if suite in suites]
    return list(dict.fromkeys(found))


_Entry = tuple[list[str], list[str], list[str], str]


def _deb822(text: str) -> t.Iterator[_Entry]:
    for stanza in re.split(r"\n\s*\n", "\n".join(row for row in text.splitlines() if not row.startswith("#"))):
        fields = {name.lower(): value for name, value in re.findall(r"(?m)^([\w-]+):[ \t]*(.*(?:\n[ \t]+.*)*)", stanza)}
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").strip().lower() == "no":
            continue
        yield (
            fields.get("uris", "").split(),
            fields.get("suites", "").split(),
            fields.get("components", "").split(),
            fields.get("signed-by", "").strip(),
        )


def _one_line(text: str) -> t.Iterator[_Entry]:
    for row in text.splitlines():
        if match := re.match(r"\s*deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)\s+([^#]*)", row):
            options, uri, suite, components = match.groups()
            keyring = re.search(r"signed-by=(\S+)", options or "")
            yield [uri], [suite], components.split(), keyring.group(1) if keyring else ""


def _machine_sources() -> list[str]:
    apt = Path("/etc/apt")
    files = [apt / "sources.list", *apt.glob("sources.list.d/*.list"), *apt.glob("sources.list.d/*.sources")]
    return debian_sources({str(path): path.read_text() for path in files if path.exists()})


def _machine_options() -> list[str]:
    """How this machine's apt reaches its sources: proxies, certificates, credentials' file."""
    done = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False)
    wanted = re.compile(r"Acquire::(https?::(?!User-Agent)|Retries|AllowInsecure).*")
    return [row for row in done.stdout.splitlines() if wanted.match(row) and not row.endswith('"";')]


def mmdebstrap(target: Path, variant: str, packages: t.Sequence[str], log: Path, *extra: str) -> None:
    """Unpacks (variant `extract`) or installs packages into a directory or a tar."""
    cache.run(
        [
            "mmdebstrap", f"--variant={variant}", f"--include={','.join(packages)}",
            "--aptopt=APT::Install-Recommends \"false\"", *(f"--aptopt={row}" for row in _machine_options()), *extra,
            SUITE, target, *_machine_sources(),
        ],
        log=log, env={"LC_ALL": "C.UTF-8"},
    )  # fmt: skip


def rootfs_path() -> Path:
    """Where the tree of a bootable machine is: to be used read-only, below an overlay."""
    return cache.path_of("rootfs", SUITE, cache.key(SUITE, MACHINE, _MACHINE_SETUP))


def build_rootfs(log: Path) -> None:
    """Builds the tree of a bootable machine, unless another process just did."""
    path = rootfs_path()
    with cache.locked(path):
        if path.exists():
            return
        with cache.making(path) as directory:
            setup = directory / "setup"
            setup.write_text(f"#!/bin/sh\n{_MACHINE_SETUP}")
            setup.chmod(0o755)
            mmdebstrap(directory / "new", "minbase", MACHINE, log, f"--customize-hook={setup}")


def httpbin_path() -> Path:
    """Where the tar of httpbin's file system is."""
    return cache.path_of("layers", "httpbin", cache.key(SUITE, HTTPBIN))


def build_httpbin(log: Path) -> None:
    """Builds the tar of httpbin's file system, unless another process just did."""
    path = httpbin_path()
    with cache.locked(path):
        if path.exists():
            return
        with cache.making(path) as directory:
            # Python, Flask and their libraries need no maintainer script; unpacked is installed.
            mmdebstrap(directory / "new.tar", "extract", HTTPBIN, log)
            (directory / "new.tar").rename(directory / "new")
