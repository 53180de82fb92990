# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which URLs are taken."""

from __future__ import annotations

import pytest

from ansible_collections.cloudburst.federation.plugins.module_utils._kube.urls import check_url
from ansible_collections.cloudburst.federation.plugins.module_utils._runtime.errors import InvalidOption


@pytest.mark.parametrize("url", ["https://a", "http://10.0.0.1:8080", "https://[fd00::1]:6443", "https://a/prefix"])
def test_urls(url: str) -> None:
    check_url(url, "api_endpoint", ("http", "https"))


@pytest.mark.parametrize(
    "url", ["", "a", "a:443", "ftp://a", "https://", "https://a:b", "https://a:0", "https://a:65536", "https://[::1"]
)
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(InvalidOption, match="api_endpoint is"):
        check_url(url, "api_endpoint", ("http", "https"))
