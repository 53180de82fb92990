# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forms in which a secret may show: as it is, by its lines, and in base64 at any offset, once or twice. Pure."""

from __future__ import annotations

import base64
import re
import typing as t

Secrets = t.Mapping[str, str]  # name → value

# One is made for each call of the aws command, and known to nobody else.
TOKEN = "token of EKS"
_TOKEN = re.compile(rb"k8s-aws-v1\.[\w-]{40}")
_SHORTEST = 8  # what is shorter is found by chance


def forms(value: str) -> set[bytes]:
    """All forms of one secret."""
    found: set[bytes] = set()
    lines = [line for line in value.splitlines() if len(line) >= _SHORTEST and not line.startswith("-----")]
    for text in {value, *lines, *(value.rsplit(".", 1)[1:] if value.count(".") == 2 else ())}:
        raw = text.encode()
        once = {raw, *_inside_base64(raw)}
        found |= once | _inside_base64(base64.b64encode(raw))
    return {form for form in found if len(form) >= _SHORTEST}


def _inside_base64(raw: bytes) -> set[bytes]:
    """What of base64 of anything that contains `raw` is the same whatever stands around it, in both alphabets."""
    found = set()
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).rstrip(b"=")
        # The first characters hold bits of what is before, the last one of what comes after
        core = encoded[(0, 2, 3)[offset] : -1]
        found |= {core, core.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


class Search:
    """Finds secrets in texts."""

    def __init__(self, secrets: Secrets) -> None:
        self._names = {form: name for name, value in secrets.items() for form in forms(value)}
        self._pattern = re.compile(b"|".join(map(re.escape, sorted(self._names, key=len, reverse=True))))

    def names(self, data: bytes) -> set[str]:
        """Names of the secrets in it."""
        found = {self._names[form] for form in set(self._pattern.findall(data))} if self._names else set()
        return found | ({TOKEN} if _TOKEN.search(data) else set())
