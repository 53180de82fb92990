# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host of the data centre is: network, files, units, and strongSwan's connections."""

from __future__ import annotations

import subprocess
import typing as t

# Asked for in one go; each answer goes from its heading to the next.
_QUESTIONS = {
    "addresses": "ip -brief address show | sort",
    "links": "ip -brief link show | sed 's/@[^ ]*//' | awk '{print $1}' | sort",
    "routes": "ip route show table all | sort",
    "rules": "ip rule show",
    # Without what counters have counted.
    "nftables": "nft --stateless list ruleset 2>/dev/null",
    "iptables": "iptables-save 2>/dev/null | grep -v '^#'",
    "files": "find /etc /usr/local /root /opt -xdev -type f -printf '%p %m %u:%g ' -exec sha1sum {} ';' | "
    "sed 's/  .*//' | sort",
    "links of files": "find /etc /usr/local /root /opt -xdev -type l -printf '%p -> %l\\n' | sort",
    "directories": "find /etc /usr/local /root /opt -xdev -type d | sort",
    "units": "systemctl list-unit-files --no-legend --no-pager --type=service,timer,socket,path | sort",
    # What watches the tunnels runs for a moment every half minute, with processes of its own.
    "running": "systemctl list-units --all --plain --no-legend --no-pager --type=service,timer "
    "| awk '{print $1, ($1 ~ /-watch[.](service|timer)$/ && $4 != \"failed\" ? \"now and then\" : $4)}' | sort",
    "processes": "ps -e -o comm=,unit= | awk '$NF !~ /-watch[.]service$/ {print $1}' | sort -u",
    "connections": "swanctl --list-conns 2>/dev/null",
    "sockets": "ls -1 /run | sort",
    "kernel": "sysctl -a 2>/dev/null | grep -E '^net[.]ipv4[.](ip_forward|conf[.](all|default)[.])' | sort",
    "packages": "dpkg-query -W -f '${Package} ${Version} ${Status}\\n'",
}
# Lines that change by themselves, each with the reason.
_PASSING = (
    "systemd-tmpfiles-clean",  # runs when its time has come
    "session-",  # of the connection that asks
    "user@0.service",
    "user-runtime-dir@0.service",
    "/root/.ansible",  # where Ansible works, over SSH
    "/etc/.pwd.lock",
    # kube-proxy empties the chain of a service or an endpoint that is gone, and deletes it with a later change:
    # Kubernetes, pkg/proxy/nftables/proxier.go, "staleChains". The rules in such chains are looked at.
    "chain endpoint-",
    "chain service-",
    "chain external-",
)
_TRANSIENT_PROCESSES = {"sshd", "bash", "sh", "sort", "ps", "systemd", "(sd-pam)", "sed", "awk", "python3", "find"}


def host(name: str, way: t.Sequence[str] = ()) -> dict[str, t.Any]:
    """Heading → lines, for a host that ssh reaches by `name`, behind the words of `way`."""
    script = "\n".join(f"echo '== {heading}'; {question}" for heading, question in _QUESTIONS.items())
    done = subprocess.run([*way, "ssh", name, "sh"], input=script, capture_output=True, text=True, check=True)
    return sections(done.stdout)


def sections(text: str) -> dict[str, t.Any]:
    """The answers by their headings, without the lines that change by themselves."""
    found: dict[str, t.Any] = {}
    heading = ""
    for line in text.splitlines():
        if line.startswith("== "):
            heading = line[3:]
        elif heading == "processes":
            if line.strip() not in _TRANSIENT_PROCESSES:
                found[f"{heading}: {line.strip()}"] = True
        elif not any(word in line for word in _PASSING):
            # Each line is a thing of its own, but a file's stays the same thing when its content changes.
            key, _space, rest = line.rstrip().partition(" ") if heading == "files" else (line.rstrip(), "", "")
            found[f"{heading}: {key}"] = rest or True
    return found
