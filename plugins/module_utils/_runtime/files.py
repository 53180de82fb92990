# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.
"""Reads files that a user names, whatever they turn out to be."""

from __future__ import annotations

import os
import stat


def content(path: str, maximum: int) -> bytes:
    """A regular file's content.

    :param maximum: how many bytes it may have. A sparse file can be larger than any memory.
    :raises OSError: it cannot be read, is not a regular file, or is larger.
    """
    # A FIFO that nobody writes to would be waited for.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode):
            raise OSError(f"it is {kind_of(info.st_mode)}, not a regular file")
        with os.fdopen(handle, "rb", closefd=False) as stream:
            raw = b"" if info.st_size > maximum else stream.read(maximum + 1)
    finally:
        os.close(handle)
    size = max(info.st_size, len(raw))
    if size > maximum:
        raise OSError(f"it has {size} bytes, more than {maximum}")
    return raw


def kind_of(mode: int) -> str:
    """The name in messages for a file that is not a regular one.

    :param mode: its ``st_mode``.
    """
    kinds = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


__all__ = ("content", "kind_of")
