# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests of where the lab's Debian packages come from."""

from __future__ import annotations

import pytest

from labkit.build import debian

DEB822 = """\
Types: deb
# of an image's maker
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://switched-off.example/debian
Suites: bookworm
Components: main
"""


def test_deb822_gives_this_suite_of_debian() -> None:
    assert debian.debian_sources({"debian.sources": DEB822}) == [
        "deb http://mirror.example/debian bookworm main",
        "deb http://mirror.example/debian bookworm-updates main",
        "deb http://mirror.example/debian-security bookworm-security main",
    ]


def test_one_line_entries() -> None:
    text = """\
# deb http://commented.example/debian bookworm main
deb http://deb.example/debian/ bookworm main non-free-firmware  # with a comment
deb-src http://deb.example/debian/ bookworm main
  deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://sec.example/ bookworm-security main
deb http://deb.example/debian/ bookworm main
"""
    assert debian.debian_sources({"sources.list": text}) == [
        "deb http://deb.example/debian/ bookworm main",
        "deb http://sec.example/ bookworm-security main",
    ]


@pytest.mark.parametrize(
    "entry",
    [
        "deb https://vendor.example/debian bookworm stable",
        "deb https://vendor.example/apt bookworm-pgdg main",
        "deb [signed-by=/etc/apt/keyrings/vendor.asc] https://vendor.example/debian bookworm main",
        "deb http://deb.example/debian trixie main",
    ],
)
def test_other_vendors_and_suites_are_left_out(entry: str) -> None:
    assert debian.debian_sources({"vendor.list": entry}) == []
