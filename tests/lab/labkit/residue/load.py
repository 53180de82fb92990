# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests to the user's applications while something else goes on, and how many of them failed."""

from __future__ import annotations

import threading
import time
import typing as t
import urllib.request

_PAUSE = 0.1  # seconds between two requests to one address
_PATIENCE = 5.0  # seconds for an answer


class Load:
    """One request after the other to each address, between __enter__ and __exit__."""

    def __init__(self, addresses: t.Sequence[str]) -> None:
        self.asked = 0
        self.failures: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(each,), daemon=True) for each in addresses]

    def __enter__(self) -> Load:
        """Begins."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        """Ends, after the requests that are under way."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, address: str) -> None:
        while not self._stop.wait(_PAUSE):
            self.asked += 1
            try:
                with urllib.request.urlopen(address, timeout=_PATIENCE) as answer:
                    answer.read()
            except OSError as error:
                self.failures.append(f"{time.strftime('%H:%M:%S')} {address}: {error}")
