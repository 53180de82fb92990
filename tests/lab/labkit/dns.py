# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's name server, the only one that anybody in it asks: CoreDNS at 192.0.2.53."""

from __future__ import annotations

from labkit import artifacts, namespaces, settings, supervise

PROGRAM = "dns"
_ZONE = settings.DNS_HOSTS.with_name("eks.zone")  # nothing in it: "no such name"


def corefile() -> str:
    """CoreDNS's configuration: the names that the fabric wrote down, AWS's API for every other one of AWS.

    The name of an EKS end point is private, or gone: it never falls back to the API's address."""
    # A zone of its own: CoreDNS asks `template` before `hosts`, in whatever order they are written.
    return f"""eks.amazonaws.com {{
    bind {settings.DNS}
    hosts {settings.DNS_HOSTS} {{
        ttl 5
        reload 500ms
        fallthrough
    }}
    file {_ZONE}
    errors
}}
. {{
    bind {settings.DNS}
    template IN A amazonaws.com {{
        answer "{{{{ .Name }}}} 60 IN A {settings.AWS_API}"
    }}
    template ANY ANY amazonaws.com {{
        rcode NOERROR
    }}
    template ANY ANY . {{
        rcode NXDOMAIN
    }}
    errors
}}
"""


def start() -> None:
    """Start the name server and return when it answers."""
    settings.DNS_HOSTS.parent.mkdir(exist_ok=True)
    settings.DNS_HOSTS.touch()
    file = settings.DNS_HOSTS.with_name("Corefile")
    file.write_text(corefile())
    _ZONE.write_text("$ORIGIN eks.amazonaws.com.\n@ 5 IN SOA ns hostmaster 1 60 60 60 5\n@ 5 IN NS ns\n")
    supervise.start(PROGRAM, [str(artifacts.load().bin / "coredns"), "-conf", str(file)], netns=settings.NS_DNS)
    supervise.wait_until("name server", ready, timeout=30, programs=[PROGRAM], every=0.1)


def ready() -> bool:
    """Whether port 53 is open."""
    argv = ["ss", "-Hltn", f"src {settings.DNS}:53"]
    return bool(namespaces.run(argv, netns=settings.NS_DNS).stdout.strip())
