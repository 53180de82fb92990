# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's ends of VPN tunnels: an IKE daemon in each tunnel's namespace, watched through its vici socket.

Keys reach the daemon through that socket and are in no file.
"""

from __future__ import annotations

import socket
import threading
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from labkit import namespaces, supervise
from labkit.errors import LabError

from .model import Tunnel, TunnelStatus, VpnConnection
from .plan import TO_DATA_CENTRE, tunnel_namespace

if t.TYPE_CHECKING:
    import vici

_CHARON = "/usr/sbin/charon-systemd"
_POLL = 0.5  # seconds
# What AWS offers in both phases unless the connection's tunnel options say less:
# https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html
_CIPHERS = "aes128-aes256"
_AUTHENTICATED_CIPHERS = "aes128gcm16-aes256gcm16"
_INTEGRITY = "sha1-sha256-sha384-sha512"
_GROUPS_14_TO_24 = (
    "modp2048-modp3072-modp4096-modp6144-modp8192-ecp256-ecp384-ecp521-modp1024s160-modp2048s224-modp2048s256"
)
_PHASE_1 = (
    f"{_AUTHENTICATED_CIPHERS}-prfsha256-prfsha384-prfsha512-prfsha1-modp1024-{_GROUPS_14_TO_24}",
    f"{_CIPHERS}-{_INTEGRITY}-modp1024-{_GROUPS_14_TO_24}",
)
_PHASE_2 = (
    f"{_AUTHENTICATED_CIPHERS}-modp1024-modp1536-{_GROUPS_14_TO_24}",
    f"{_CIPHERS}-{_INTEGRITY}-modp1024-modp1536-{_GROUPS_14_TO_24}",
)
_CHILD = "net"
# kernel-libipsec has to come before kernel-netlink, or that one takes over IPsec.
_PLUGINS = "random nonce openssl aes sha1 sha2 hmac kdf gcm kernel-libipsec kernel-netlink socket-default vici"


def daemon_configuration(socket_path: Path) -> str:
    """strongswan.conf for one tunnel end.

    A kernel may have no ESP: libipsec does it in user space, and lays routes of its own, which would lead the tunnel
    into itself: their table comes last, where nothing gets to, and the fabric's own rules decide. A peer that does not
    answer is given up after 30 s, as by AWS's dead peer detection: 10 s until it is asked, then 2 + 3 + 4.5 + 6.75 s,
    and what rounding adds."""
    return f"""charon-systemd {{
  load = {_PLUGINS}
  routing_table_prio = 40000
  retransmit_timeout = 2.0
  retransmit_base = 1.5
  retransmit_tries = 3
  filelog {{
    stderr {{
      default = 1
      time_format = %FT%T
    }}
  }}
  plugins {{
    vici {{
      socket = unix://{socket_path}
    }}
    kernel-libipsec {{
      allow_peer_ts = yes
    }}
  }}
}}
"""


def connection_message(name: str, connection: VpnConnection, tunnel: Tunnel) -> dict[str, t.Any]:
    """The connection as vici's load-conn takes it: AWS waits for the other side to begin, and offers all networks."""
    return {
        name: {
            "version": "2",
            "local_addrs": [tunnel.outside_address],
            "remote_addrs": [connection.customer_address],
            "proposals": list(_PHASE_1),
            "encap": "yes",
            "dpd_delay": "10s",
            "rekey_time": "27000s",
            "over_time": "1800s",
            "unique": "replace",
            "local": {"auth": "psk", "id": tunnel.outside_address},
            "remote": {"auth": "psk", "id": connection.customer_address},
            "children": {
                _CHILD: {
                    "local_ts": ["0.0.0.0/0"],
                    "remote_ts": ["0.0.0.0/0"],
                    "esp_proposals": list(_PHASE_2),
                    "dpd_action": "clear",
                    "rekey_time": "3300s",
                    "life_time": "3600s",
                }
            },
        }
    }


def installed_children(sas: t.Iterable[t.Mapping[str, t.Any]]) -> list[tuple[int, str]]:
    """From vici's list-sas: (age in seconds, id) of all SAs that carry traffic, youngest first; none: tunnel down."""
    found = []
    for connections in sas:
        for ike in connections.values():
            if ike.get("state") != b"ESTABLISHED":
                continue
            for child in ike.get("child-sas", {}).values():
                if child.get("state") == b"INSTALLED":
                    found.append((int(child.get("install-time", b"0")), child["uniqueid"].decode()))
    return sorted(found)


@dataclass
class _End:
    """One tunnel end and its state."""

    connection: VpnConnection
    index: int
    loaded: tuple[VpnConnection, Tunnel] | None = None
    session: vici.Session | None = None
    connected: socket.socket | None = None
    up: bool = False
    last_change: float = 0.0
    error: str = ""

    @property
    def tunnel(self) -> Tunnel:
        return self.connection.tunnels[self.index]

    @property
    def name(self) -> str:
        return tunnel_namespace(self.connection.id, self.index)

    def close(self) -> None:
        if self.connected is not None:
            self.connected.close()
        self.session = self.connected = self.loaded = None


class Tunnels:
    """All tunnel ends. `changed` is called, from the watching thread, whenever `active` may have changed."""

    def __init__(self, directory: Path, changed: t.Callable[[], None]) -> None:
        self._directory = directory
        self._changed = changed
        self._lock = threading.Lock()
        self._ends: dict[str, _End] = {}
        self._preferred: dict[str, int] = {}
        self._watcher: threading.Thread | None = None

    def apply(self, connections: t.Iterable[VpnConnection]) -> dict[str, str]:
        """Runs an IKE daemon for each tunnel of `connections`, whose namespaces exist, and for no other.

        A change of routes leaves the daemons alone, a changed key or address is loaded into the running one. Returns
        tunnel → error."""
        errors: dict[str, str] = {}
        with self._lock:
            wanted = {tunnel_namespace(c.id, i): (c, i) for c in connections for i in range(len(c.tunnels))}
            present = set(self._ends) | {p for p in supervise.running() if p.startswith("vpn-")}
            for name in present - set(wanted):
                end = self._ends.pop(name, None)
                if end is not None:
                    end.close()
                self._stop(name)
            for name, (connection, index) in wanted.items():
                end = self._ends.setdefault(name, _End(connection, index, last_change=time.time()))
                end.connection = connection
                try:
                    self._start(name)
                except (LabError, OSError) as error:
                    errors[name] = str(error)
            if self._ends and self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="tunnels", daemon=True)
                self._watcher.start()
        return errors

    def active(self) -> dict[str, int | None]:
        """Which tunnel of each connection carries what goes to the data centre: the one in use as long as it is up."""
        with self._lock:
            result: dict[str, int | None] = {}
            for connection in {e.connection.id: e.connection for e in self._ends.values()}.values():
                ups = [i for i in range(len(connection.tunnels)) if self._ends[tunnel_namespace(connection.id, i)].up]
                preferred = self._preferred.get(connection.id)
                result[connection.id] = preferred if preferred in ups else next(iter(ups), None)
                if ups:
                    self._preferred[connection.id] = t.cast(int, result[connection.id])
            return result

    def status(self, vpn_id: str) -> tuple[TunnelStatus, ...]:
        """The connection's tunnels in their order."""
        with self._lock:
            ends = sorted((e for e in self._ends.values() if e.connection.id == vpn_id), key=lambda e: e.index)
            return tuple(
                TunnelStatus(
                    outside_address=e.tunnel.outside_address,
                    up=e.up,
                    last_change=e.last_change,
                    message="" if e.up else e.error or "IPSEC IS DOWN",
                    accepted_routes=len(e.connection.static_routes) if e.up else 0,
                )
                for e in ends
            )

    def _socket(self, name: str) -> Path:
        return self._directory / name / "vici"

    def _start(self, name: str) -> None:
        directory = self._directory / name
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        configuration = directory / "strongswan.conf"
        configuration.write_text(daemon_configuration(self._socket(name)))
        supervise.start(name, [_CHARON], netns=name, env={"STRONGSWAN_CONF": str(configuration)})

    def _stop(self, name: str) -> None:
        supervise.stop(name)
        for file in ("vici", "strongswan.conf"):
            (self._directory / name / file).unlink(missing_ok=True)
        if (self._directory / name).exists():
            (self._directory / name).rmdir()

    def _watch(self) -> None:
        from vici.exception import CommandException, SessionException

        while True:
            with self._lock:
                ends = list(self._ends.values())
            changed = False
            for end in ends:
                try:
                    up = self._ask(end)
                    end.error = ""
                except FileNotFoundError:  # no socket yet
                    end.close()
                    up = False
                except (OSError, SessionException, CommandException, LabError) as error:
                    end.close()
                    up, end.error = False, f"the IKE daemon does not answer: {error}"
                if up != end.up:
                    with self._lock:
                        end.up, end.last_change = up, time.time()
                    changed = True
            if changed:
                self._changed()
            time.sleep(_POLL)

    def _ask(self, end: _End) -> bool:
        """Whether the tunnel is up; loads its connection when the daemon lacks it, and lays its way out."""
        # Only the lab's own environment has vici; plans and messages are made without it.
        from vici import Session

        if end.session is None:
            end.connected = socket.socket(socket.AF_UNIX)
            end.connected.settimeout(2)
            end.connected.connect(str(self._socket(end.name)))
            end.session = Session(end.connected)
        connection, tunnel = end.connection, end.tunnel
        known = end.loaded
        # Static routes are no business of the daemon's.
        if known is None or (known[0].customer_address, known[1]) != (connection.customer_address, tunnel):
            end.session.load_shared(
                {
                    "id": end.name,
                    "type": "IKE",
                    "data": tunnel.pre_shared_key,
                    "owners": [tunnel.outside_address, connection.customer_address],
                }
            )
            end.session.load_conn(connection_message(end.name, connection, tunnel))
            end.loaded = (connection, tunnel)
        children = installed_children(end.session.list_sas())
        # AWS keeps one pair of SAs for each tunnel; a policy for a second pair of networks replaces the first:
        # https://docs.aws.amazon.com/vpn/latest/s2svpn/CGRequirements.html
        for _age, obsolete in children[1:]:
            list(end.session.terminate({"child-id": obsolete, "timeout": "-1"}))
        if children and not end.up:
            namespaces.ip(end.name, f"route replace default dev ipsec0 table {TO_DATA_CENTRE}")
        return bool(children)
