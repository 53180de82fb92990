# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ports of the data centre's public address that the firewall forwards to a host behind it."""

from __future__ import annotations

import typing as t
from pathlib import Path

from labkit import machines, namespaces
from labkit import settings as s


def ruleset(table: str, ports: t.Mapping[int, str]) -> str:
    """The firewall's rules.

    :param ports: each with the address and port that it leads to.
    """
    rules = "\n".join(
        f'    iifname "wan0" ip daddr {s.FW_WAN} tcp dport {port} dnat to {target}' for port, target in ports.items()
    )
    return f"""table ip {table}
delete table ip {table}
table ip {table} {{
  chain prerouting {{
    type nat hook prerouting priority dstnat; policy accept;
{rules}
  }}
}}
"""


def forward(table: str, ports: t.Mapping[int, str]) -> None:
    """Forward them from now on, after a restart of the firewall too."""
    file = _file(table)
    file.parent.mkdir(exist_ok=True)
    file.write_text(ruleset(table, ports))
    namespaces.nft(s.NS_FW, ruleset(table, ports))


def stop(table: str) -> None:
    """Forward them no longer, if they were."""
    _file(table).unlink(missing_ok=True)
    namespaces.nft(s.NS_FW, f"table ip {table}\ndelete table ip {table}\n")


def _file(table: str) -> Path:
    """On the firewall; its nftables.conf includes it."""
    return machines.FW.directory / "root" / "etc" / "nftables.d" / f"{table}.nft"
