# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The search for secrets finds them, in each form and in the processes."""

from __future__ import annotations

import base64
import subprocess
import time

import pytest

from labkit.leaks import places
from labkit.leaks.forms import TOKEN, Search
from labkit.leaks.watch import Watch

KEY = "aB3._xyzaB3._xyzaB3._xyz?~>"
PEM = "-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ0\nMC4CAQAwBQYDK2VwBCIEIJ1\n-----END KEY-----\n"


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "Authorization: Bearer "])
@pytest.mark.parametrize("after", ["", "\n", "xyz"])
def test_a_secret_is_found_in_each_form(before: str, after: str) -> None:
    search = Search({"key": KEY, "pem": PEM, "jwt": "head1234.payload12.signature"})
    raw = f"{before}{KEY}{after}".encode()
    twice = base64.b64encode(before.encode() + base64.b64encode(KEY.encode()) + after.encode())
    for data in (raw, base64.b64encode(raw), base64.urlsafe_b64encode(raw), twice):
        assert search.names(b"some " + data + b" more") == {"key"}
    assert search.names(f"{before}MC4CAQAwBQYDK2VwBCIEIJ1{after}".encode()) == {"pem"}
    assert search.names(b"x.signature.y") == {"jwt"}
    assert search.names(b"BEGIN KEY nothing of it") == set()
    assert search.names(b"token: k8s-aws-v1." + b"aHR0cHM6Ly9zdHMu" * 5) == {TOKEN}
    assert search.names(b"begins with k8s-aws-v1.") == set()


def test_a_secret_is_seen_on_a_command_line_and_in_an_environment() -> None:
    seen = {("cmdline", "sh", "key"), ("environ", "sleep", "key")}
    with (
        Watch(Search({"key": KEY})) as watch,
        subprocess.Popen(["sh", "-c", "read line", KEY], stdin=subprocess.PIPE) as shell,
        subprocess.Popen(["sleep", "60"], env={"SECRET": KEY, "PATH": "/usr/bin:/bin"}) as sleep,
    ):
        # A busy machine looks more rarely
        end = time.monotonic() + 50
        while not seen <= watch.found and time.monotonic() < end:
            time.sleep(0.05)
        shell.kill()
        sleep.kill()
    assert seen <= watch.found


def test_secrets_are_at_home_in_few_places() -> None:
    home = "fw: /etc/swanctl/cloudburst-vulcan/1/swanctl.conf"
    assert places.allowed(home, "pre-shared key 1 of vpn-1")
    assert not places.allowed(home, "AWS default aws_secret_access_key")
    assert not places.allowed(f"{home}.bak", "pre-shared key 1 of vpn-1")
    assert not places.allowed("cmdline of sh", "AWS default aws_secret_access_key")
